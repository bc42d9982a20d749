// Command supervise runs the Neo4j that package neotest gives to tests, and stops it when nobody needs it any more.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/neotest"
)

// pom names the server; its text is the key of the cached class path.
//
//go:embed pom.xml
var pom string

// idle is how long the server waits for the next test process.
const idle = 10 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: supervise FOLDER")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	dir := os.Args[1]
	err := run(ctx, dir)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		report(dir, neotest.State{Failed: err.Error()})
		os.Exit(1)
	}
}

// report writes the state at once or not at all: others read it meanwhile.
func report(dir string, st neotest.State) {
	b, err := json.Marshal(st)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "state.new"), b, 0o600)
	}
	if err == nil {
		err = os.Rename(filepath.Join(dir, "state.new"), filepath.Join(dir, neotest.StateFile))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func run(ctx context.Context, dir string) error {
	bolt, err := freePort()
	if err != nil {
		return err
	}
	web, err := freePort()
	if err != nil {
		return err
	}
	st := neotest.State{URL: fmt.Sprintf("bolt://127.0.0.1:%d", bolt), User: "neo4j", Password: rand.Text()}
	cmd, err := command(ctx, dir, st.Password, bolt, web)
	if err != nil {
		return err
	}
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
		}
		_ = os.Remove(filepath.Join(dir, neotest.StateFile))
	}()
	if err := ready(ctx, fmt.Sprintf("http://127.0.0.1:%d/", web), gone); err != nil {
		return err
	}
	report(dir, st)
	return watch(ctx, dir, gone)
}

// watch returns when nobody has held the lease for a while; it then holds it alone, until the process ends.
func watch(ctx context.Context, dir string, gone <-chan error) error {
	lease, err := os.OpenFile(filepath.Join(dir, neotest.LeaseFile), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return err
	}
	var free time.Time
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-gone:
			return fmt.Errorf("neo4j ended: %w", err)
		case <-tick.C:
		}
		if syscall.Flock(int(lease.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil { //nolint:gosec // a descriptor fits
			free = time.Time{}
			continue
		}
		if free.IsZero() {
			free = time.Now()
		}
		if time.Since(free) > idle {
			return nil
		}
		_ = syscall.Flock(int(lease.Fd()), syscall.LOCK_UN) //nolint:gosec // see above
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()                          //nolint:errcheck // it only found a number
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // it is TCP
}

// ready waits until the server answers.
func ready(ctx context.Context, url string, gone <-chan error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	end := time.After(150 * time.Second)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-gone:
			return fmt.Errorf("neo4j did not start (%w); see neo4j.log beside this", err)
		case <-end:
			return errors.New("neo4j did not start in time; see neo4j.log beside this")
		case <-tick.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
}

// command makes the command that runs the server: Java with Maven's jars, or Docker.
func command(ctx context.Context, dir, password string, bolt, web int) (*exec.Cmd, error) {
	_, noJava := exec.LookPath("java")
	_, noMaven := exec.LookPath("mvn")
	if noJava == nil && noMaven == nil {
		return java(ctx, dir, password, bolt, web)
	}
	if exec.CommandContext(ctx, "docker", "info").Run() == nil {
		return exec.Command("docker", "run", "--rm", "--name", fmt.Sprintf("throughline-test-%d", bolt), //nolint:gosec // numbers and a password of ours
			"-p", fmt.Sprintf("127.0.0.1:%d:7687", bolt), "-p", fmt.Sprintf("127.0.0.1:%d:7474", web),
			"-e", "NEO4J_AUTH=neo4j/"+password, "neo4j:5.26-community"), nil
	}
	return nil, errors.New("install Java 17 and Maven, or Docker, or set THROUGHLINE_TEST_NEO4J_URL to a Neo4j that may be wiped")
}

func java(ctx context.Context, dir, password string, bolt, web int) (*exec.Cmd, error) {
	cp, err := classPath(ctx, dir)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(dir, "home")
	if err := os.RemoveAll(home); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(home, "conf"), 0o700); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(`server.bolt.listen_address=127.0.0.1:%d
server.bolt.advertised_address=127.0.0.1:%[1]d
server.http.listen_address=127.0.0.1:%d
server.memory.pagecache.size=256m
dbms.usage_report.enabled=false
dbms.security.auth_minimum_password_length=8
`, bolt, web)
	if err := os.WriteFile(filepath.Join(home, "conf", "neo4j.conf"), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	env := append(os.Environ(), "NEO4J_HOME="+home, "NEO4J_CONF="+filepath.Join(home, "conf"))
	opens := []string{"--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Dlog4j2.disable.jmx=true"}
	set := exec.CommandContext(ctx, "java", append(append([]string{"-Xmx256m"}, opens...), "-cp", cp, "org.neo4j.server.startup.Neo4jAdminCommand", "dbms", "set-initial-password", password)...) //nolint:gosec // see above
	set.Env = env
	if out, err := set.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("set the password of neo4j: %w: %s", err, out)
	}
	log, err := os.OpenFile(filepath.Join(dir, "neo4j.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("java", append(append([]string{"-Xms256m", "-Xmx1g", "-XX:+UseSerialGC"}, opens...), "-cp", cp, //nolint:gosec // see above
		"org.neo4j.server.CommunityEntryPoint", "--home-dir="+home, "--config-dir="+filepath.Join(home, "conf"))...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	return cmd, nil
}

// classPath asks Maven for the jars, once.
func classPath(ctx context.Context, dir string) (string, error) {
	file := filepath.Join(dir, "classpath.txt")
	if old, err := os.ReadFile(filepath.Join(dir, "pom.xml")); err == nil && string(old) == pom { //nolint:gosec // our own folder
		if cp, err := os.ReadFile(file); err == nil && present(string(cp)) { //nolint:gosec // our own folder
			return string(cp), nil
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile="+file) //nolint:gosec // a folder of ours
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("maven could not fetch neo4j: %w: %s", err, out)
	}
	cp, err := os.ReadFile(file) //nolint:gosec // our own folder
	return string(cp), err
}

// present tells whether every jar of a class path is still there.
func present(cp string) bool {
	for _, jar := range strings.Split(strings.TrimSpace(cp), ":") {
		if _, err := os.Stat(jar); err != nil {
			return false
		}
	}
	return cp != ""
}
