package cli

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
)

type importCmd struct {
	config.Store
	Files  []string `arg:"" placeholder:"FILE" help:"Files of JSON lines, .gz too; - for standard input."`
	DryRun bool     `help:"Check every line and write nothing."`
}

// Run imports files: all of them, or nothing.
func (c *importCmd) Run(w *world) error {
	cat, err := loadCatalog()
	if err != nil {
		return err
	}
	s, err := c.open(w, cat)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was committed is on disk
	defer boundGarbage(importGarbage)()
	var files []exchange.File
	var size int64
	for _, path := range c.Files {
		if path != "-" {
			files = append(files, exchange.FromPath(path))
			if i, err := os.Stat(path); err == nil && !strings.HasSuffix(path, ".gz") {
				size += i.Size()
			}
			continue
		}
		if s.Atomic() {
			files = append(files, exchange.File{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(w.input()), nil }})
			continue
		}
		f, remove, err := exchange.Spool("standard input", w.input())
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		if err != nil {
			return errors.New("standard input could not be kept for a second reading: is the temporary folder full?")
		}
		defer remove()
		files = append(files, f)
	}
	o := exchange.Options{DryRun: c.DryRun}
	if terminal(w.stderr) {
		if !s.Atomic() && !c.DryRun {
			size *= 2 // read once to check, once to write
		}
		if size == 0 {
			size = -1
		}
		bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(w.stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("importing"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		o.Progress = func(n int) { _ = bar.Add(n) } // a bar that cannot be drawn is no reason to stop
		defer bar.Finish()                          //nolint:errcheck // see above
	}
	begin := time.Now()
	n, err := exchange.Import(w.ctx, cat, s, files, o)
	if err != nil {
		var bad *exchange.BadLinesError
		if errors.As(err, &bad) {
			fmt.Fprintln(w.stderr, printableLines(bad.Error()))
			return errors.New("nothing was written: mend these lines and import again")
		}
		return err
	}
	took := time.Since(begin)
	did := "imported"
	if c.DryRun {
		did = "would import"
	}
	fmt.Fprintf(w.stdout, "%s %s in %s (%d records/s)\n", did, records(n),
		took.Round(time.Millisecond), exchange.Rate(n.Sources+n.Nodes+n.Links, took))
	return nil
}

// open opens the store to import into. A trial run leaves no file behind where there was none.
func (c *importCmd) open(w *world, cat *catalog.Catalog) (*opened, error) {
	kind, where, err := c.Choose(w.getenv)
	switch {
	case err != nil:
		return nil, err
	case kind == config.Memory && !c.DryRun:
		return nil, &config.UsageError{Problem: "what is imported into memory: is gone when the command ends", Hint: "name a file with --store sqlite:PATH, or add --dry-run"}
	case kind == config.SQLite && c.DryRun:
		if _, err := os.Stat(where); errors.Is(err, fs.ErrNotExist) {
			return w.openNow(&config.Store{Store: "memory:"}, cat)
		}
	}
	return w.openNow(&c.Store, cat)
}

type exportCmd struct {
	config.Store
	Output string `short:"o" placeholder:"FILE" help:"File to write, packed when its name ends in .gz; standard output without."`
}

// Run writes everything, to standard output or to a file that is there only when it is whole.
func (c *exportCmd) Run(w *world) (err error) {
	cat, err := loadCatalog()
	if err != nil {
		return err
	}
	s, err := w.openToRead(&c.Store, cat)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	if c.Output == "" || c.Output == "-" {
		out := w.stdout
		if terminal(out) {
			out = &jsonPrinter{to: out} // a file is written as it is
		}
		_, err = exchange.Export(w.ctx, cat, s, out)
		return err
	}
	if i, err := os.Stat(c.Output); err == nil && i.IsDir() {
		return fmt.Errorf("%s is a folder: name a file in it", c.Output)
	}
	f, err := os.CreateTemp(filepath.Dir(c.Output), ".throughline-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: check its folder and permissions", c.Output)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it may be closed already, and goes in any case
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	var out io.Writer = f
	finish := func() error { return nil }
	if strings.HasSuffix(c.Output, ".gz") {
		z := gzip.NewWriter(f)
		out, finish = z, z.Close
	}
	n, err := exchange.Export(w.ctx, cat, s, out)
	if err != nil {
		return err
	}
	if err = finish(); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Chmod(f.Name(), 0o644); err != nil { //nolint:gosec // as any file the user makes
		return err
	}
	if err = os.Rename(f.Name(), c.Output); err != nil {
		return err
	}
	fmt.Fprintf(w.stderr, "exported %s\n", records(n))
	return nil
}

func records(n exchange.Counts) string {
	return count(n.Sources, "source") + ", " + count(n.Nodes, "node") + ", " + count(n.Links, "link")
}
