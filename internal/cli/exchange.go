package cli

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

type importCmd struct {
	config.Store
	author
	Files   []string `arg:"" placeholder:"FILE" help:"Files of JSON lines, .gz too; - for standard input."`
	DryRun  bool     `help:"Check every line, report what would become of it, and write nothing."`
	Replace bool     `help:"Have each record take the place of the stored one, instead of adding to it."`
	Diff    bool     `help:"Print each field that changes, before and after."`
	JSON    bool     `name:"json" help:"Print the report as JSON, for scripts; with --diff, each change on a line before it."`
}

// Run imports files: all of them, or nothing. Where there was no store and nothing was written, there is none afterwards.
func (c *importCmd) Run(w *world) (err error) {
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	s, err := c.open(w, cat)
	if err != nil {
		return err
	}
	defer func() {
		if own, ok := s.Store.(*sqlitestore.Store); ok && err != nil {
			own.Discard()
		}
		_ = s.Close() // what was committed is on disk
	}()
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
		if s.Atomic() && len(c.Files) == 1 {
			files = append(files, exchange.File{
				Name: "standard input",
				Open: func() (io.ReadCloser, error) { return io.NopCloser(w.input()), nil },
			})
			continue
		}
		f, remove, err := exchange.Spool("standard input", w.input())
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		if err != nil {
			return errors.New("standard input could not be kept for another reading: is the temporary folder full?")
		}
		defer remove()
		files = append(files, f)
	}
	o := exchange.Options{DryRun: c.DryRun, Replace: c.Replace, By: c.name(), Note: c.Note}
	changes, rewind := io.Reader(strings.NewReader("")), func() error { return nil }
	if c.Diff {
		f, err := os.CreateTemp("", "throughline-*.diff") // an import that fails has changed nothing
		if err != nil {
			return errors.New("the changes could not be kept until the import is over: is the temporary folder full?")
		}
		defer os.Remove(f.Name()) //nolint:errcheck // it is of no use to anybody
		defer f.Close()           //nolint:errcheck // see above
		changes = f
		out := bufio.NewWriter(f)
		o.Diff = func(x exchange.FieldChange) { c.change(out, x) }
		rewind = func() error {
			err := out.Flush()
			if err == nil {
				_, err = f.Seek(0, io.SeekStart)
			}
			return err
		}
	}
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
	if err := rewind(); err != nil {
		return err
	}
	if _, err := io.Copy(w.stdout, changes); err != nil {
		return err
	}
	return c.tell(w, &n, time.Since(begin))
}

// change writes a field that changes: as JSON, or for people.
func (c *importCmd) change(out io.Writer, x exchange.FieldChange) {
	if c.JSON {
		j, _ := json.Marshal(x)                              // texts always marshal
		_, _ = fmt.Fprintf(&jsonPrinter{to: out}, "%s\n", j) // the writer keeps its error
		return
	}
	if x.Before == "" {
		x.Before = "none"
	}
	if x.After == "" {
		x.After = "none"
	}
	fmt.Fprintf(out, "%s %s %s: %s → %s\n", x.Type, x.ID, x.Field, printable(x.Before), printable(x.After))
}

// tell prints what an import did.
func (c *importCmd) tell(w *world, n *exchange.Report, took time.Duration) error {
	if c.JSON {
		j, err := json.Marshal(n)
		if err == nil {
			_, err = fmt.Fprintf(&jsonPrinter{to: w.stdout}, "%s\n", j)
		}
		return err
	}
	did := "imported"
	if c.DryRun {
		did = "would import"
	}
	fmt.Fprintf(w.stdout, "%s %s in %s (%d records/s)\n", did, records(n.Counts),
		took.Round(time.Millisecond), exchange.Rate(n.Sources+n.Nodes+n.Links, took))
	table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(n.Records) > 0 {
		fmt.Fprintln(table, "\tnew\tchanged\tunchanged\tremoved\t")
	}
	for _, t := range n.Records {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t\n", t.Type, t.New, t.Changed, t.Unchanged, t.Removed)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "evidence added: %d; words that are not in the text of their source: %d\n", n.Evidence,
		n.Unverified)
	if n.MadeUnverified > 0 {
		fmt.Fprintf(w.stdout,
			"excerpts and quotations of the store that are no longer in the text of their source: %d\n", n.MadeUnverified)
	}
	for _, s := range n.Warnings {
		fmt.Fprintf(w.stdout, "warning: %s\n", printable(string(s)))
	}
	if n.MoreWarnings > 0 {
		fmt.Fprintf(w.stdout, "and %d more warnings\n", n.MoreWarnings)
	}
	return nil
}

// open opens the store to import into. A trial run leaves no file behind where there was none.
func (c *importCmd) open(w *world, cat *catalog.Catalog) (*opened, error) {
	kind, where, err := c.Choose(w.getenv)
	switch {
	case err != nil:
		return nil, err
	case kind == config.Memory && !c.DryRun:
		return nil, &config.UsageError{
			Problem: "what is imported into memory: is gone when the command ends",
			Hint:    "name a file with --store sqlite:PATH, or add --dry-run",
		}
	case kind == config.SQLite && c.DryRun:
		if _, err := os.Stat(where); errors.Is(err, fs.ErrNotExist) {
			return w.openNow(&config.Store{Store: "memory:", Contract: c.Contract}, cat, false)
		}
	}
	return w.openNow(&c.Store, cat, false)
}

type exportCmd struct {
	config.Store
	Output string `short:"o" placeholder:"FILE" help:"File to write, packed when its name ends in .gz; standard output without."`
}

// Run writes everything, to standard output or to a file that is there only when it is whole. What is no file of its
// own, as a device, a pipe or a link to a file, is written in place.
func (c *exportCmd) Run(w *world) error {
	s, cat, err := w.openToRead(&c.Store)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	if c.Output == "" || c.Output == "-" {
		out := io.Writer(w.stdout)
		if terminal(out) {
			out = &jsonPrinter{to: out} // a file is written as it is
		}
		_, err = exchange.Export(w.ctx, cat, s, out)
		return err
	}
	before, err := os.Lstat(c.Output)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return c.unwritable()
	case err == nil && before.IsDir():
		return fmt.Errorf("%s is a folder: name a file in it", c.Output)
	case err == nil && !before.Mode().IsRegular():
		f, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) //nolint:gosec // as any file the user makes
		if err != nil {
			return c.unwritable()
		}
		n, err := c.write(w, cat, s, f)
		if failed := f.Close(); err == nil && failed != nil {
			err = c.unwritable()
		}
		if err == nil {
			fmt.Fprintf(w.stderr, "exported %s\n", records(n))
		}
		return err
	}
	mode := fs.FileMode(0o644)
	if before != nil {
		mode = before.Mode().Perm()
	}
	return c.replace(w, cat, s, mode)
}

// replace writes a temporary file beside the output, and renames it to the output once it is whole.
func (c *exportCmd) replace(w *world, cat *catalog.Catalog, s *opened, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(c.Output), ".throughline-*")
	if err != nil {
		return c.unwritable()
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it may be closed already, and goes in any case
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	n, err := c.write(w, cat, s, f)
	if err != nil {
		return err
	}
	if errors.Join(f.Sync(), f.Close(), os.Chmod(f.Name(), mode), os.Rename(f.Name(), c.Output)) != nil {
		return c.unwritable()
	}
	fmt.Fprintf(w.stderr, "exported %s\n", records(n))
	return nil
}

// write writes everything, packed where the name says so.
func (c *exportCmd) write(w *world, cat *catalog.Catalog, s *opened, f *os.File) (n exchange.Counts, err error) {
	out := &output{to: f}
	if strings.HasSuffix(c.Output, ".gz") {
		z := gzip.NewWriter(out)
		n, err = exchange.Export(w.ctx, cat, s, z)
		if err == nil {
			err = z.Close()
		}
	} else {
		n, err = exchange.Export(w.ctx, cat, s, out)
	}
	if out.failed != nil {
		err = c.unwritable()
	}
	return n, err
}

func (c *exportCmd) unwritable() error {
	return fmt.Errorf("%s cannot be written: check its folder and permissions, and that there is room", c.Output)
}

func records(n exchange.Counts) string {
	return count(n.Sources, "source") + ", " + count(n.Nodes, "node") + ", " + count(n.Links, "link")
}
