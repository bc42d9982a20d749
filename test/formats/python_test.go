// Package formats_test has the software of others read what is exported.
package formats_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/test/others"
)

// programTimeout is how long packages and programs may take on a busy machine.
const programTimeout = 5 * time.Minute

// python returns a Python that has the packages of a list of testdata, in those versions.
func python(t *testing.T, list string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Python")
	}
	path, err := installed[list]()
	if err != nil {
		others.Missing(t, "what needs Python", err)
	}
	return path
}

// installed makes the packages of a list be there, once, and returns the path of the Python that has them. FollowTheMoney
// has a list of its own, as it needs the library ICU to be installed.
var installed = map[string]func() (string, error){
	"requirements": sync.OnceValues(func() (string, error) { return install("requirements.txt", ".venv") }),
	"ftm":          sync.OnceValues(func() (string, error) { return install("ftm.txt", ".venv-ftm") }),
}

func install(list, folder string) (string, error) {
	list = filepath.Join("testdata", list)
	wanted, err := os.ReadFile(list)
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(filepath.Join("testdata", folder))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bin", "python")
	have := filepath.Join(dir, "requirements.txt") // what was installed last
	if was, err := os.ReadFile(have); err == nil && bytes.Equal(was, wanted) {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), programTimeout)
	defer cancel()
	for _, args := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", list},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", errors.New("Python 3 with the packages of " + list + ": " + err.Error() + "\n" + string(out))
		}
	}
	return path, os.WriteFile(have, wanted, 0o600)
}

// judged has judge.py read a file, and returns what it found.
func judged(t *testing.T, form, path string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	list := "requirements"
	if form == "ftm" {
		list = "ftm"
	}
	c := exec.CommandContext(ctx, python(t, list), "testdata/judge.py", form, path)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", form, err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}
