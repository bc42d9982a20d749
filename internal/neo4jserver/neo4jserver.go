// Package neo4jserver runs a Neo4j of its own on free ports of this machine, for tests and for the benchmark: Java 17
// and Maven, which has the whole server as a library, or Docker.
package neo4jserver

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// pom names the server; its text is the key of the cached class path.
//
//go:embed pom.xml
var pom string

// Options say where a server keeps its things and how much memory it takes.
type Options struct {
	Jars      string // folder of the cached class path
	Home      string // folder of the server, emptied first; the log is beside it
	Heap      []string
	PageCache string
	Settings  []string // further lines of neo4j.conf; Docker's server has its own
	// Script fills the database before the server starts: one that runs neo4j-admin, as the format neo4j has it. Java's
	// server only.
	Script string
}

// Server is a running Neo4j.
type Server struct {
	URL, User, Password string
	Gone                <-chan error // says when and why the process ended

	cmd    *exec.Cmd
	docker bool
}

// ErrNone says that this machine has nothing to run a Neo4j with.
var ErrNone = errors.New("there is no Neo4j to be had: install Java 17 and Maven, or Docker")

// Version is the Neo4j that Maven brings.
func Version() string {
	var p struct {
		Version string `xml:"dependencies>dependency>version"`
	}
	_ = xml.Unmarshal([]byte(pom), &p) // embedded, and looked at by a test
	return p.Version
}

// Start runs a server and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	bolt, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	web, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: fmt.Sprintf("bolt://127.0.0.1:%d", bolt), User: "neo4j", Password: rand.Text()}
	if err := s.command(ctx, o, bolt, web); err != nil {
		return nil, err
	}
	s.cmd.SysProcAttr = DieWithParent()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	gone := make(chan error, 1)
	s.Gone = gone
	go func() {
		gone <- s.cmd.Wait()
		close(gone) // whoever asks later must not wait
	}()
	if err := ready(ctx, fmt.Sprintf("http://127.0.0.1:%d/", web), gone); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Pid is the server's process, 0 when it is not a process of this machine's own (Docker).
func (s *Server) Pid() int {
	if s.docker {
		return 0
	}
	return s.cmd.Process.Pid
}

// Stop ends the server and waits until it is gone.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	select {
	case <-s.Gone:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
	}
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil // it is TCP
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
			return fmt.Errorf("neo4j did not start (%w); see neo4j.log beside its home", err)
		case <-end:
			return errors.New("neo4j did not start in time; see neo4j.log beside its home")
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
func (s *Server) command(ctx context.Context, o Options, bolt, web int) (err error) {
	_, noJava := exec.LookPath("java")
	_, noMaven := exec.LookPath("mvn")
	if noJava == nil && noMaven == nil {
		s.cmd, err = java(ctx, o, s.Password, bolt, web)
		return err
	}
	if o.Script == "" && exec.CommandContext(ctx, "docker", "info").Run() == nil {
		s.docker = true
		s.cmd = exec.Command("docker", "run", "--rm", "--name", fmt.Sprintf("throughline-%d", bolt), //nolint:noctx // Stop ends it
			"-p", fmt.Sprintf("127.0.0.1:%d:7687", bolt), "-p", fmt.Sprintf("127.0.0.1:%d:7474", web),
			"-e", "NEO4J_AUTH=neo4j/"+s.Password, "-e", "NEO4J_server_memory_pagecache_size="+o.PageCache, "neo4j:5.26-community")
		return nil
	}
	return ErrNone
}

func java(ctx context.Context, o Options, password string, bolt, web int) (*exec.Cmd, error) {
	cp, err := classPath(ctx, o.Jars)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(o.Home); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Home, "conf"), 0o700); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(`server.bolt.listen_address=127.0.0.1:%d
server.bolt.advertised_address=127.0.0.1:%[1]d
server.http.listen_address=127.0.0.1:%d
server.memory.pagecache.size=%s
dbms.usage_report.enabled=false
dbms.security.auth_minimum_password_length=8
%s
`, bolt, web, o.PageCache, strings.Join(o.Settings, "\n"))
	if err := os.WriteFile(filepath.Join(o.Home, "conf", "neo4j.conf"), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	env := append(os.Environ(), "NEO4J_HOME="+o.Home, "NEO4J_CONF="+filepath.Join(o.Home, "conf"))
	opens := []string{
		"--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED",
		"--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Dlog4j2.disable.jmx=true",
	}
	set := exec.CommandContext(ctx, "java", append(append([]string{"-Xmx256m"}, opens...), "-cp", cp,
		"org.neo4j.server.startup.Neo4jAdminCommand", "dbms", "set-initial-password", password)...)
	set.Env = env
	if out, err := set.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("set the password of neo4j: %w: %s", err, out)
	}
	if o.Script != "" {
		if err := fill(ctx, o, env, append(slices.Clone(opens), "-cp", cp)); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(filepath.Join(filepath.Dir(o.Home), "neo4j.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("java", append(append(append([]string{}, o.Heap...), opens...), "-cp", cp, //nolint:noctx // Stop ends it, and waits
		"org.neo4j.server.CommunityEntryPoint", "--home-dir="+o.Home, "--config-dir="+filepath.Join(o.Home, "conf"))...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	return cmd, nil
}

// fill runs the script with a neo4j-admin that Java runs.
func fill(ctx context.Context, o Options, env, java []string) error {
	admin := filepath.Join(o.Home, "neo4j-admin")
	text := "#!/bin/sh\nexec java -Xmx1g '" + strings.Join(java, "' '") + "' org.neo4j.cli.AdminTool \"$@\"\n"
	if err := os.WriteFile(admin, []byte(text), 0o700); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "sh", o.Script)
	c.Env, c.Dir = append(slices.Clone(env), "NEO4J_ADMIN="+admin), o.Home
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("fill neo4j: %w: %s", err, out)
	}
	return nil
}

// classPath returns the class path of the jars in a folder, which come there by Maven when they lack. Of several
// processes that ask, one fetches them.
func classPath(ctx context.Context, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "jars.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EINTR) {
			return "", err
		}
	}
	file := filepath.Join(dir, "classpath.txt")
	if old, err := os.ReadFile(filepath.Join(dir, "pom.xml")); err == nil && string(old) == pom {
		if cp, err := os.ReadFile(file); err == nil && present(string(cp)) {
			return string(cp), nil
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile="+file)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("maven could not fetch neo4j: %w: %s", err, out)
	}
	cp, err := os.ReadFile(file)
	return string(cp), err
}

// present reports whether every jar of a class path is still there.
func present(cp string) bool {
	for _, jar := range strings.Split(strings.TrimSpace(cp), ":") {
		if _, err := os.Stat(jar); err != nil {
			return false
		}
	}
	return cp != ""
}
