// Command webbuild bundles the pages in internal/web/src into internal/web/dist, which is checked in, so that building
// the server needs neither Node nor a network.
//
//	go -C tools/webbuild run .          # build; needs npm for the packages
//	go -C tools/webbuild run . -check   # build, compare with what is there, write nothing
//
// The same sources give the same bytes on every machine: the packages are those of package-lock.json, the bundler and
// the compressor those of this module's go.mod.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

func main() {
	web := flag.String("web", "../../internal/web", "the folder that holds src, tour and dist")
	check := flag.Bool("check", false, "compare with dist instead of writing it")
	flag.Parse()
	if err := run(*web, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

func run(web string, check bool) error {
	web, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	src, dist := filepath.Join(web, "src"), filepath.Join(web, "dist")
	if err := install(src); err != nil {
		return err
	}
	if err := command(src, "npm", "run", "--silent", "check"); err != nil {
		return fmt.Errorf("types do not fit: %w", err)
	}
	files, err := build(src, filepath.Join(web, "tour"))
	if err != nil {
		return err
	}
	if check {
		return compare(dist, files)
	}
	if err := write(dist, files); err != nil {
		return err
	}
	for _, name := range sorted(files) {
		fmt.Printf("%9d %s\n", len(files[name]), name)
	}
	return nil
}

// install brings the packages of the lock, unless they are there already.
func install(src string) error {
	lock, err := os.ReadFile(filepath.Join(src, "package-lock.json"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(lock)
	want, mark := hex.EncodeToString(sum[:]), filepath.Join(src, "node_modules", ".installed-lock")
	if have, err := os.ReadFile(mark); err == nil && string(have) == want {
		return nil
	}
	if err := command(src, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return fmt.Errorf("install the packages: %w", err)
	}
	return os.WriteFile(mark, []byte(want), 0o644)
}

func command(dir, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = dir, os.Stderr, os.Stderr
	err := c.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is needed to build the pages (Node 20 or newer): %w", name, err)
	}
	return err
}

// gz compresses; the header carries neither time nor name.
func gz(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w.ModTime = time.Unix(0, 0) // written as 0, which stands for none
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// br compresses more, for browsers that take it.
func br(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotli.BestCompression)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func sorted(files map[string][]byte) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func write(dist string, files map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	for name, b := range files {
		path := filepath.Join(dist, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare(dist string, files map[string][]byte) error {
	var differ []string
	seen := map[string]bool{}
	err := filepath.WalkDir(dist, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dist, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		seen[name] = true
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if want, ok := files[name]; !ok {
			differ = append(differ, name+" (should not be there)")
		} else if !bytes.Equal(have, want) {
			differ = append(differ, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range sorted(files) {
		if !seen[name] {
			differ = append(differ, name+" (missing)")
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("internal/web/dist is not what the sources give; run `go -C tools/webbuild run .` and commit the result:\n  %s",
			strings.Join(differ, "\n  "))
	}
	return nil
}
