// Package neotest gives tests a real Neo4j: one for all packages of a run, kept for the next run's start-up, and gone
// soon after the last test. Where it comes from, first that fits: the address in THROUGHLINE_TEST_NEO4J_URL (with
// _USER and _PASSWORD); Java 17 and Maven, which has the whole server as a library; Docker.
//
// Test packages are processes of their own that run side by side, and none of them outlives the others. So a small
// supervisor (package supervise) runs the server. Every test process holds a shared lock on the lease file; when nobody
// has held it for a while, the supervisor stops the server and itself. A killed test loses its lock with its process.
//
// A server plans statements, which is almost all that it does here, on one processor, and a test has its one database
// alone. So there are up to two of ours: a process takes one that no other process has, or shares one when there is
// none.
package neotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// Server is a running Neo4j.
type Server struct {
	URL, User, Password string

	dir string // "" for a server that is not ours
	// locks are kept here, or they would be collected, closed, and the server stopped
	locks []*os.File
}

// State is what the supervisor writes when the server is ready, or when it cannot be.
type State struct {
	URL, User, Password string
	Failed              string // why there is no server
}

// Names of the files in the folder that test processes and supervisor share.
const (
	LeaseFile   = "lease"
	StateFile   = "state.json"
	startFile   = "start.lock"
	useFile     = "exclusive.lock" // of the test that has the database
	processFile = "process.lock"   // of the test process that has the server
	secondDir   = "second"         // of the second server, within the folder of the first
	indexesFile = "indexes"        // those that Indexed built
	startLimit  = 3 * time.Minute
)

var (
	once   sync.Once
	shared *Server
	failed error
)

// Start returns the server, for as long as the process lives. With -short it skips the test, and says so; where no
// server can be had, the test fails.
func Start(t testing.TB) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs a real Neo4j")
	}
	once.Do(func() { shared, failed = acquire() })
	if failed != nil {
		t.Fatalf("no Neo4j for this test: %v", failed)
	}
	return shared
}

// Dir is the folder the server and its jars are kept in.
func Dir() (string, error) {
	if d := os.Getenv("THROUGHLINE_TEST_NEO4J_DIR"); d != "" {
		return d, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "throughline", "neo4j-test"), err
}

// Lock takes a lock on a file of the folder, waiting for it; closing the file gives it back.
func Lock(dir, name string, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}

func acquire() (*Server, error) {
	if url := os.Getenv("THROUGHLINE_TEST_NEO4J_URL"); url != "" {
		return &Server{
			URL: url, User: os.Getenv("THROUGHLINE_TEST_NEO4J_USER"),
			Password: os.Getenv("THROUGHLINE_TEST_NEO4J_PASSWORD"),
		}, nil
	}
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	dir, process, err := choose(dir, os.Getpid())
	if err != nil {
		return nil, err
	}
	// held until the process ends; a supervisor that is stopping holds it alone until the server is gone
	lease, err := Lock(dir, LeaseFile, syscall.LOCK_SH)
	if err != nil {
		return nil, errors.Join(err, process.Close())
	}
	locks := []*os.File{process, lease}
	start, err := Lock(dir, startFile, syscall.LOCK_EX)
	if err != nil {
		return nil, errors.Join(err, lease.Close(), process.Close())
	}
	defer start.Close()
	if s := running(dir); s != nil {
		s.locks = locks
		return s, nil
	}
	if err := os.Remove(filepath.Join(dir, StateFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := supervise(dir); err != nil {
		return nil, err
	}
	for end := time.Now().Add(startLimit); time.Now().Before(end); {
		if s := running(dir); s != nil {
			s.locks = locks
			return s, nil
		}
		if st, err := read(dir); err == nil && st.Failed != "" {
			return nil, errors.New(st.Failed)
		}
		time.Sleep(100 * time.Millisecond) // between two looks at a file
	}
	return nil, fmt.Errorf("it was not ready within %s; see the logs in %s", startLimit, dir)
}

// choose returns the folder of a server that no other process has, and what holds it for this one; where all are taken,
// that of one of them, by the number of the process.
func choose(first string, pid int) (dir string, held *os.File, err error) {
	dirs := []string{first, filepath.Join(first, secondDir)}
	if err := os.MkdirAll(dirs[1], 0o700); err != nil {
		return "", nil, err
	}
	for _, dir := range dirs {
		f, err := Lock(dir, processFile, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return dir, f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return "", nil, err
		}
	}
	dir = dirs[pid%len(dirs)]
	// whoever shares a server holds nothing of it but what every test does
	held, err = os.OpenFile(filepath.Join(dir, processFile), os.O_RDWR, 0o600)
	return dir, held, err
}

func read(dir string) (st State, err error) {
	b, err := os.ReadFile(filepath.Join(dir, StateFile))
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal(b, &st)
}

// running returns the server that is there, if it answers.
func running(dir string) *Server {
	st, err := read(dir)
	if err != nil || st.URL == "" {
		return nil
	}
	s := &Server{URL: st.URL, User: st.User, Password: st.Password, dir: dir}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := s.driver()
	if err != nil {
		return nil
	}
	defer d.Close(ctx)
	if d.VerifyConnectivity(ctx) != nil {
		return nil
	}
	return s
}

// supervise starts the supervisor as a process of its own.
func supervise(dir string) error {
	bin := filepath.Join(dir, "supervise")
	if out, err := exec.Command("go", "build", "-o", bin,
		"github.com/throughline/throughline/internal/neotest/supervise").CombinedOutput(); err != nil {
		return fmt.Errorf("build the supervisor: %w: %s", err, out)
	}
	log, err := os.OpenFile(filepath.Join(dir, "supervise.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	jars := strings.TrimSuffix(dir, string(filepath.Separator)+secondDir)
	cmd := exec.Command(bin, dir, jars)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C at the tests is not for it
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

func (s *Server) driver() (neo4j.DriverWithContext, error) {
	auth := neo4j.NoAuth()
	if s.User != "" {
		auth = neo4j.BasicAuth(s.User, s.Password, "")
	}
	return neo4j.NewDriverWithContext(s.URL, auth)
}

// Exclusive takes the server's one database for a test, with neither data nor indexes, until the test ends.
func (s *Server) Exclusive(t testing.TB) {
	t.Helper()
	s.take(t)
	s.Wipe(t)
}

// Indexed is Exclusive, with the indexes that build makes. Those that stand are left when they are the ones that it
// made under the same name: to make them again costs seconds, and with them Neo4j forgets how it runs every statement.
func (s *Server) Indexed(t testing.TB, name string, build func()) {
	t.Helper()
	s.take(t)
	file := filepath.Join(s.dir, indexesFile)
	standing := func(run func(text string) []*neo4j.Record) []byte { return []byte(name + indexes(run)) }
	s.on(t, func(run func(text string) []*neo4j.Record) {
		if built, err := os.ReadFile(file); s.dir != "" && err == nil && bytes.Equal(built, standing(run)) {
			empty(run)
			return
		}
		wipe(run)
		build()
		empty(run)
		if s.dir == "" {
			return // others may use it too
		}
		if err := os.WriteFile(file, standing(run), 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

// take waits until no other test has the database.
func (s *Server) take(t testing.TB) {
	t.Helper()
	if s.dir == "" {
		return
	}
	f, err := Lock(s.dir, useFile, syscall.LOCK_EX)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
}

// Wipe empties the database: data, constraints and indexes. Only who has it exclusively may.
func (s *Server) Wipe(t testing.TB) {
	t.Helper()
	s.on(t, wipe)
}

// on runs statements on the database.
func (s *Server) on(t testing.TB, work func(run func(text string) []*neo4j.Record)) {
	t.Helper()
	ctx := context.Background()
	d, err := s.driver()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(ctx)
	session := d.NewSession(ctx, neo4j.SessionConfig{})
	defer session.Close(ctx)
	work(func(text string) []*neo4j.Record {
		res, err := session.Run(ctx, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		records, err := res.Collect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return records
	})
}

// indexes lists the constraints and indexes that stand, with all that makes them.
func indexes(run func(text string) []*neo4j.Record) string {
	var b strings.Builder
	for _, r := range run("SHOW INDEXES YIELD name, state, type, entityType, labelsOrTypes, properties, owningConstraint, options ORDER BY name") {
		fmt.Fprintln(&b, r.Values...)
	}
	return b.String()
}

// empty deletes the data.
func empty(run func(text string) []*neo4j.Record) {
	// links first: deleting a hub with all of its links is one transaction
	run("MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS")
	run("MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS")
}

// wipe deletes the data, the constraints and the indexes.
func wipe(run func(text string) []*neo4j.Record) {
	empty(run)
	for _, r := range run("SHOW CONSTRAINTS YIELD name") {
		run(fmt.Sprintf("DROP CONSTRAINT `%s` IF EXISTS", r.Values[0]))
	}
	for _, r := range run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name") {
		run(fmt.Sprintf("DROP INDEX `%s` IF EXISTS", r.Values[0]))
	}
}
