// Package npm has programs on Node.js at hand for tests, in the versions that a lock file pins.
package npm

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// patience is how long packages may take to come on a busy machine.
const patience = 5 * time.Minute

var (
	mu   sync.Mutex
	done = map[string]error{}
)

// Need makes the packages of dir's package-lock.json be there. Where Node.js or the packages are missing the test is
// skipped, and says so; with THROUGHLINE_TEST_CLIENTS=1, as .ci/run sets it, it fails.
func Need(t *testing.T, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Node.js")
	}
	err := Install(dir)
	if err == nil {
		return
	}
	if os.Getenv("THROUGHLINE_TEST_CLIENTS") == "1" {
		t.Fatal(err)
	}
	t.Skipf("left out what runs on Node.js: %v", err)
}

// Install makes the packages of dir's package-lock.json be there, once for each folder.
func Install(dir string) error {
	mu.Lock()
	defer mu.Unlock()
	err, ok := done[dir]
	if !ok {
		err = install(dir)
		done[dir] = err
	}
	return err
}

func install(dir string) error {
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	// what was installed last, to the byte
	installed := filepath.Join(dir, "node_modules/.throughline-lock.json")
	if have, err := os.ReadFile(installed); err == nil && bytes.Equal(have, lock) {
		return nil
	}
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return errors.New("there is no " + name + ": install Node.js 20 or newer")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return errors.New("npm ci: " + err.Error() + "\n" + string(out))
	}
	return os.WriteFile(installed, lock, 0o600) //nolint:gosec // the folder is one of this repository
}
