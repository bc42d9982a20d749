// Command supervise runs the Neo4j that package neotest gives to tests, and stops it when nobody needs it any more.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/neo4jserver"
	"github.com/throughline/throughline/internal/neotest"
)

// settings suit many small graphs, one after another. Almost all of the server's time goes into planning statements, of
// which most are asked a few times only: plans are kept, whatever becomes of the data's size (they would be made anew
// with each graph), and the options of Java above spare the work of compiling what is run seldom as well as can be.
var settings = []string{
	"dbms.cypher.min_replan_interval=24h", "dbms.cypher.statistics_divergence_threshold=1.0",
	"db.tx_log.preallocate=false",
}

// idle is how long the server waits for the next test process: packages that need none take up to two minutes, and a
// server that is started anew has to plan every statement again.
const idle = 3 * time.Minute

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: supervise FOLDER JARS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	dir := os.Args[1]
	err := run(ctx, dir, os.Args[2])
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

// run runs a server whose files are in dir, by the jars of another folder.
func run(ctx context.Context, dir, jars string) error {
	s, err := neo4jserver.Start(ctx, neo4jserver.Options{
		Jars: jars, Home: filepath.Join(dir, "home"), Heap: []string{
			"-Xms512m", "-Xmx1g", "-Xmn256m",
			"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=256m",
		}, PageCache: "256m",
		Settings: settings,
	})
	if errors.Is(err, neo4jserver.ErrNone) {
		return fmt.Errorf("%w; or set THROUGHLINE_TEST_NEO4J_URL to one that may be wiped", err)
	}
	if err != nil {
		return err
	}
	defer func() {
		s.Stop()
		_ = os.Remove(filepath.Join(dir, neotest.StateFile))
	}()
	report(dir, neotest.State{URL: s.URL, User: s.User, Password: s.Password})
	return watch(ctx, dir, s.Gone)
}

// watch returns when nobody has held the lease for a while; it then holds it alone, until the process ends.
func watch(ctx context.Context, dir string, gone <-chan error) error {
	lease, err := os.OpenFile(filepath.Join(dir, neotest.LeaseFile), os.O_CREATE|os.O_RDWR, 0o600)
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
		if syscall.Flock(int(lease.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			free = time.Time{}
			continue
		}
		if free.IsZero() {
			free = time.Now()
		}
		if time.Since(free) > idle {
			return nil
		}
		_ = syscall.Flock(int(lease.Fd()), syscall.LOCK_UN)
	}
}
