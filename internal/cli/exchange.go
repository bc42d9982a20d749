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
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// reading has the flags that say how files are read.
type reading struct {
	Format    string `enum:"${read}," default:"" placeholder:"NAME" help:"The format: ${read}. Without, as the name of the file ends, or as it begins. See throughline formats."`
	Map       string `placeholder:"FILE" help:"What the columns of a table mean: a file that throughline map proposes."`
	Encoding  string `placeholder:"NAME" help:"The encoding of a table that is not UTF-8, for example windows-1252."`
	Sheet     string `placeholder:"NAME" help:"The sheet of a workbook that is read; by default all that are not hidden."`
	Type      string `placeholder:"TYPE" help:"The type of the nodes of which a table or drawing does not say it, for example PERSON."`
	Kind      string `placeholder:"KIND" help:"The kind of the links of which it does not, as in Gephi's tables of edges: for example AFFILIATED_WITH."`
	Source    string `placeholder:"TITLE" help:"The title of the source of what has no words of its own. By default it is the file's name."`
	SourceURL string `name:"source-url" placeholder:"URL" help:"Its address."`
}

// terms reads the flags, and the mapping.
func (r *reading) terms() (t exchange.Terms, err error) {
	if r.Format != "" {
		t.Format = exchange.FormatOf(r.Format, "")
	}
	if err := exchange.EncodingError(r.Encoding); err != nil {
		return t, &config.UsageError{
			Problem: "--encoding: " + err.Error(),
			Hint:    "use windows-1252, iso-8859-1 or another of these families, utf-16le or utf-16be",
		}
	}
	t.Encoding, t.Sheet, t.Type, t.Kind = r.Encoding, r.Sheet, r.Type, r.Kind
	if r.Source != "" || r.SourceURL != "" {
		t.Source = map[string]string{"kind": "DATASET", "title": r.Source, "url": r.SourceURL}
	}
	if r.Map == "" {
		return t, nil
	}
	b, err := os.ReadFile(r.Map)
	if err != nil {
		return t, &config.UsageError{Problem: "--map " + r.Map + " cannot be read", Hint: "throughline map FILE proposes one"}
	}
	if t.Mapping, err = exchange.ReadMapping(b); err != nil {
		return t, &config.UsageError{Problem: "--map " + r.Map + " " + err.Error(), Hint: "throughline map FILE proposes one"}
	}
	return t, nil
}

type importCmd struct {
	config.Store
	remote
	author
	reading
	Files   []string `arg:"" placeholder:"FILE" help:"Files of any format that can be read, .gz and .zip too; - for standard input."`
	DryRun  bool     `help:"Check every line, report what would become of it, and write nothing."`
	Replace bool     `help:"Have each record take the place of the stored one, instead of adding to it."`
	History string   `enum:"${history}" default:"changed" placeholder:"HOW" help:"What the log of changes keeps: of changed, the records that are changed or deleted; of full, those that are created too, so that the import can be taken back by throughline undo."`
	Diff    bool     `help:"Print each field that changes, before and after."`
	JSON    bool     `name:"json" help:"Print the report as JSON, for scripts; with --diff, each change on a line before it."`
}

// Run imports files: all of them, or nothing. Where there was no store and nothing was written, there is none
// afterwards.
func (c *importCmd) Run(w *world) (err error) {
	terms, err := c.terms()
	if err != nil {
		return err
	}
	if c.Server != "" {
		return c.send(w)
	}
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
		if strings.EqualFold(filepath.Ext(path), ".zip") {
			within, closed, err := exchange.FromZip(exchange.FromPath(path))
			if err != nil {
				return err
			}
			defer closed() //nolint:errcheck // it was only read
			files = append(files, within...)
			continue
		}
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
	for i := range files {
		files[i].Terms = terms
	}
	files = exchange.Ordered(files)
	o := exchange.Options{DryRun: c.DryRun, Replace: c.Replace, By: c.name(), Note: c.Note, Waits: func() {
		fmt.Fprintln(w.stderr, "waiting: another process is writing to the store")
	}}
	o.KeepHistory(c.History)
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
			return c.refuse(w, bad.Files(), bad.More, exchange.Left(err))
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

// refuse prints the bad lines, as JSON or for people, and returns the error of the command. left says what was written.
func (c *importCmd) refuse(w *world, lines []exchange.BadFile, more int, left string) error {
	refused := errors.New(left + ": mend these lines and import again")
	if c.JSON {
		j, err := json.Marshal(map[string]any{"lines": lines, "moreLines": more})
		if err == nil {
			_, err = fmt.Fprintf(&jsonPrinter{to: w.stdout}, "%s\n", j)
		}
		if err != nil {
			return err
		}
		return refused
	}
	for _, l := range lines {
		fmt.Fprintln(w.stderr, printableLines(l.Message))
	}
	if more > 0 {
		fmt.Fprintf(w.stderr, "and %d more\n", more)
	}
	return refused
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
	Output   string   `short:"o" placeholder:"FILE" help:"File to write, packed when its name ends in .gz; standard output without. Formats of several files write FILE-nodes and FILE-links, or one FILE.zip."`
	Format   string   `enum:"${written}," default:"" placeholder:"NAME" help:"The format: ${written}. Without, as the name of the file ends, or jsonl. See throughline formats."`
	ID       []string `name:"id" placeholder:"ID" help:"Export only these entities, and the links among them."`
	Type     []string `placeholder:"TYPE" help:"Export only entities of these types, for example PERSON,INSTITUTION."`
	Kind     []string `placeholder:"KIND" help:"Export only links of these kinds, and the entities that they join."`
	Standing []string `placeholder:"STANDING" help:"Export only links of these standings: SUPPORTED, DISPUTED, REFUTED. Without, all are there."`
	Where    *string  `placeholder:"JSON" help:"Export only entities that fit this filter, as GraphQL has it: '{\"name\": {\"contains\": \"nato\"}}'. With one --type, it may ask for properties of that type."`
	From     *string  `placeholder:"NAME" help:"Export only what is on the lines from this entity to that of --to, by the name or the id: those that the paths of GraphQL answer first."`
	To       *string  `placeholder:"NAME" help:"Where these lines end."`
	Around   []string `placeholder:"NAME" sep:"none" help:"Export only this entity and what is around it; may be given several times."`
	Depth    *int     `placeholder:"N" help:"With --around: how many links away, 0 to 4; 1 unless given."`
}

// Run writes everything, to standard output or to files that are there only when all is whole. What is no file of its
// own, as a device, a pipe or a link to a file, is written in place.
func (c *exportCmd) Run(w *world) error {
	chosen, err := c.selection()
	if err != nil {
		return err
	}
	format := exchange.FormatOf(c.Format, c.Output)
	if ext := filepath.Ext(strings.TrimSuffix(c.Output, ".gz")); format == nil && ext != "" && c.Output != "-" {
		return &config.UsageError{
			Problem: "no format that is written has files whose names end in " + printable(ext),
			Hint:    "say which by --format, or name it as throughline formats lists",
		}
	}
	if format == nil {
		format = exchange.FormatOf("jsonl", "")
	}
	if !format.Writes() {
		return &config.UsageError{
			Problem: format.Name + " is read and not written",
			Hint:    "name one of " + strings.Join(exchange.FormatNames((*exchange.Format).Writes), ", ") + " with --format",
		}
	}
	s, cat, err := w.openToRead(&c.Store)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	engine, err := graph.New(graph.Options{Catalog: cat, Store: s, StoreKind: s.Kind(), Version: Version()})
	if err != nil {
		return err
	}
	chosen.Finder = inside.Parts{Graph: engine, Flags: true}
	part, err := chosen.Of(w.ctx, cat, s)
	if err != nil {
		return err
	}
	if c.Output == "" || c.Output == "-" {
		if format.Parts != nil && terminal(w.stdout) {
			return &config.UsageError{
				Problem: format.Name + " is several files", Hint: "name them with -o graph" + format.Extensions[0],
			}
		}
		out := io.Writer(w.stdout)
		if terminal(out) {
			out = &jsonPrinter{to: out} // a file is written as it is
		}
		open, finish := format.One(out)
		if _, err = format.Export(w.ctx, cat, part, open); err == nil {
			err = finish()
		}
		return err
	}
	n, err := c.files(w, cat, part, format)
	if err == nil {
		fmt.Fprintf(w.stderr, "exported %s\n", records(n))
		if format.Then != nil {
			fmt.Fprintln(w.stderr, format.Then(func(part string) string {
				if c.whole(format) {
					return c.Output
				}
				return partPath(c.Output, part)
			}))
		}
	}
	return err
}

// selection returns the part of the graph that the flags choose.
func (c *exportCmd) selection() (*exchange.Selection, error) {
	s := &exchange.Selection{
		IDs: c.ID, Types: capitals(c.Type), Kinds: capitals(c.Kind), Standings: capitals(c.Standing), Around: c.Around, Depth: 1,
	}
	for name, list := range map[string][]string{
		"id": c.ID, "type": c.Type, "kind": c.Kind, "standing": c.Standing, "around": c.Around,
	} {
		if list != nil && len(list) == 0 || slices.Contains(list, "") {
			return nil, emptyFlag(name)
		}
	}
	for _, one := range []struct {
		name string
		from *string
		to   *string
	}{{"where", c.Where, &s.Where}, {"from", c.From, &s.From}, {"to", c.To, &s.To}} {
		if one.from == nil {
			continue
		}
		if *one.to = *one.from; *one.to == "" {
			return nil, emptyFlag(one.name)
		}
	}
	switch {
	case c.Depth == nil:
	case len(c.Around) == 0:
		return nil, &config.UsageError{Problem: "--depth stands with --around", Hint: "name an entity with --around, or leave --depth out"}
	default:
		s.Depth = *c.Depth
	}
	return s, nil
}

func emptyFlag(name string) error {
	return &config.UsageError{Problem: "--" + name + " is empty", Hint: "name one, or leave it out to export all"}
}

// whole reports whether all goes into one file.
func (c *exportCmd) whole(format *exchange.Format) bool {
	return format.Parts == nil || strings.HasSuffix(c.Output, ".zip")
}

// files writes one file, or one for each part of the format.
func (c *exportCmd) files(w *world, cat *catalog.Catalog, s store.Scanner, format *exchange.Format) (n exchange.Counts, err error) {
	var made []*target
	defer func() {
		for _, t := range made {
			err = errors.Join(err, t.abandon())
		}
	}()
	add := func(path string) (io.Writer, error) {
		if k := len(made); k > 0 {
			if err := made[k-1].whole(); err != nil {
				return nil, err
			}
		}
		t, err := create(path)
		if err != nil {
			return nil, err
		}
		made = append(made, t)
		return t, nil
	}
	open := func(part string) (io.Writer, error) { return add(partPath(c.Output, part)) }
	finish := func() error { return nil }
	if c.whole(format) {
		to, err := add(c.Output)
		if err != nil {
			return n, err
		}
		open, finish = format.One(to)
	}
	if n, err = format.Export(w.ctx, cat, s, open); err == nil {
		err = finish()
	}
	if err != nil {
		if k := len(made); k > 0 {
			err = made[k-1].blame(err)
		}
		return n, err
	}
	if err := made[len(made)-1].whole(); err != nil {
		return n, err
	}
	return n, keep(made)
}

// keep gives the files of an export their names, in their order. It first removes the last file of an earlier export: a
// machine that stops in between leaves a mix of two exports without its last file, which nobody takes for a whole one.
func keep(made []*target) error {
	last := made[len(made)-1]
	if len(made) > 1 && last.mode != 0 {
		if err := os.Remove(last.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return last.unwritable()
		}
		settle(last.path)
	}
	for _, t := range made {
		if t == last {
			settle(t.path)
		}
		if err := t.keep(); err != nil {
			return err
		}
	}
	settle(last.path)
	return nil
}

// settle has the names in the folder of a file on the disk, in the order in which they were given, where the system
// knows of that.
func settle(path string) {
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync() // some file systems cannot
		_ = folder.Close()
	}
}

// partPath names a part: graph.csv.gz has graph-nodes.csv.gz, and a part with an ending of its own graph-import.sh.
func partPath(path, part string) string {
	dir, name := filepath.Split(path)
	stem, rest := name, ""
	if i := strings.IndexByte(name[min(1, len(name)):], '.'); i >= 0 {
		stem, rest = name[:i+1], name[i+1:]
	}
	switch {
	case !strings.Contains(part, "."):
		return dir + stem + "-" + part + rest
	case strings.HasSuffix(rest, ".gz") && strings.HasSuffix(part, ".csv"):
		return dir + stem + "-" + part + ".gz"
	}
	return dir + stem + "-" + part
}

// target is a file that is written: a temporary one beside it, which takes its name once all is whole, or what is no
// file of its own, in place.
type target struct {
	path string
	out  *output // to the file
	file *os.File
	mode fs.FileMode // 0 = written in place
	z    *gzip.Writer
}

// create begins a file.
func create(path string) (*target, error) {
	t := &target{path: path}
	before, err := os.Lstat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, t.unwritable()
	case err == nil && before.IsDir():
		return nil, fmt.Errorf("%s is a folder: name a file in it", path)
	case err == nil && !before.Mode().IsRegular():
		t.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) //nolint:gosec // as any file the user makes
	default:
		t.mode = 0o644
		if before != nil {
			t.mode = before.Mode().Perm()
		}
		t.file, err = os.CreateTemp(filepath.Dir(path), ".throughline-*")
	}
	if err != nil {
		return nil, t.unwritable()
	}
	t.out = &output{to: t.file}
	if strings.HasSuffix(path, ".gz") {
		t.z = gzip.NewWriter(t.out)
	}
	return t, nil
}

// Write writes, packed where the name says so.
func (t *target) Write(b []byte) (int, error) {
	if t.z != nil {
		return t.z.Write(b)
	}
	return t.out.Write(b)
}

// whole ends the writing.
func (t *target) whole() error {
	var packed, synced error
	if t.z != nil {
		packed = t.z.Close()
	}
	if t.mode != 0 {
		synced = t.file.Sync()
	}
	err := errors.Join(packed, synced, t.file.Close())
	if t.mode != 0 {
		err = errors.Join(err, os.Chmod(t.file.Name(), t.mode))
	}
	if err != nil {
		return t.unwritable()
	}
	return nil
}

// keep gives the file its name.
func (t *target) keep() error {
	if t.mode != 0 && os.Rename(t.file.Name(), t.path) != nil {
		return t.unwritable()
	}
	t.mode = 0
	return nil
}

// abandon removes a temporary file that was not kept.
func (t *target) abandon() error {
	_ = t.file.Close() // it may be closed already, and goes in any case
	if t.mode == 0 {
		return nil
	}
	return os.Remove(t.file.Name())
}

// blame says that the file could not be written where that is why err came.
func (t *target) blame(err error) error {
	if t.out.failed != nil {
		return t.unwritable()
	}
	return err
}

func (t *target) unwritable() error {
	return fmt.Errorf("%s cannot be written: check its folder and permissions, and that there is room", t.path)
}

func records(n exchange.Counts) string {
	return count(n.Sources, "source") + ", " + count(n.Nodes, "node") + ", " + count(n.Links, "link")
}
