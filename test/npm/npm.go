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

	"github.com/throughline/throughline/test/others"
)

// timeout is how long packages may take to come on a busy machine.
const timeout = 5 * time.Minute

var (
	mu   sync.Mutex
	done = map[string]error{}
)

// Need makes the packages of dir's package-lock.json be there. Where Node.js or the packages cannot be had, the test
// ends as others.Missing says.
func Need(t *testing.T, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Node.js")
	}
	if err := Install(dir); err != nil {
		others.Missing(t, "what runs on Node.js", err)
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return errors.New("npm ci: " + err.Error() + "\n" + string(out))
	}
	return os.WriteFile(installed, lock, 0o600) //nolint:gosec // the folder is one of this repository
}
