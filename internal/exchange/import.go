package exchange

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// File is one input of an import.
type File struct {
	Name string // for messages
	Path string // "" when Open is set
	// Open gives the lines; it is called once for a store whose loads are atomic, and twice for another.
	Open func() (io.ReadCloser, error)
}

// FromPath is a file on disk.
func FromPath(path string) File {
	return File{Name: path, Path: path, Open: func() (io.ReadCloser, error) {
		return os.Open(path) //nolint:gosec // the path is the user's own
	}}
}

// unpacked reads through gzip where the input is packed, whatever its name, and past a byte order mark.
func unpacked(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReader(z)
	}
	switch head, _ := b.Peek(3); { // an error comes again when it is read
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3) // they are there
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errUTF16
	}
	return b, nil
}

var errUTF16 = errors.New("is UTF-16: save it as UTF-8")

// readError says what is wrong with a file that cannot be read to its end.
func readError(name string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s does not exist", name)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be read by this user", name)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder: name the files in it", name)
	case errors.Is(err, errUTF16):
		return fmt.Errorf("%s %w", name, err)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s is packed and damaged or cut off: fetch it again", name)
	}
	var damaged flate.CorruptInputError
	if errors.As(err, &damaged) {
		return fmt.Errorf("%s is packed and damaged or cut off: fetch it again", name)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// FromBytes is a file in memory.
func FromBytes(name string, b []byte) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Spool copies a stream to a temporary file, so that it can be read twice. The file is removed by the function returned.
func Spool(name string, r io.Reader) (File, func(), error) {
	f, err := os.CreateTemp("", "throughline-*.jsonl")
	if err != nil {
		return File{}, nil, err
	}
	remove := func() { _ = os.Remove(f.Name()) }
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
		return File{}, nil, err
	}
	file := FromPath(f.Name())
	file.Name = name
	return file, remove, nil
}

// LineError is what is wrong with one line of an import.
type LineError struct {
	File string
	Line int
	Err  error
}

// Error is "people.jsonl:17: the line …".
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: the line %v", e.File, e.Line, e.Err) }

// Unwrap gives what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// BadLinesError is the error of an import that found lines it cannot take; nothing of the files was written.
type BadLinesError struct {
	Lines []*LineError
	More  bool // it stopped looking
}

// Error lists them, a line each.
func (e *BadLinesError) Error() string {
	var b strings.Builder
	for i, l := range e.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.Error())
	}
	if e.More {
		b.WriteString("\nthere may be more; only so many are listed")
	}
	return b.String()
}

// Counts are the records of an import.
type Counts struct{ Sources, Nodes, Links int }

// Options of an import.
type Options struct {
	DryRun bool
	// Progress is told how many bytes of its input were read since it was last told; nil for nobody.
	Progress func(bytes int)
}

// A batch ends after so many records or so many bytes of lines: several are under way at once.
const (
	batchLines = 2000
	batchBytes = 1 << 20
	maxErrors  = 20
)

// Import writes files into a store: all of them or, where a line is bad, nothing. On a store whose loads are not atomic
// the files are read twice, first to check every line.
func Import(ctx context.Context, cat *catalog.Catalog, s store.Store, files []File, o Options) (Counts, error) {
	counts, err := imported(ctx, cat, s, files, o)
	if err != nil && ctx.Err() != nil {
		err = kg.Wrap(kg.CodeOf(ctx.Err()), err, "the import was interrupted; nothing is lost, run it again")
	}
	return counts, err
}

func imported(ctx context.Context, cat *catalog.Catalog, s store.Store, files []File, o Options) (_ Counts, err error) {
	c := &checks{cat: cat, store: s, types: map[uint64]uint8{}, seed: maphash.MakeSeed()}
	defer func() { err = errors.Join(err, c.words.close()) }()
	if c.none, err = s.Empty(ctx); err != nil {
		return Counts{}, err
	}
	if o.DryRun || !s.Atomic() {
		counts, err := pass(ctx, c, nil, files, o)
		if err != nil || o.DryRun {
			return counts, err
		}
	}
	l, err := s.Load(ctx)
	if err != nil {
		return Counts{}, err
	}
	counts, err := pass(ctx, c, l, files, o)
	if err == nil {
		err = l.Commit(ctx)
	}
	if err != nil {
		return Counts{}, errors.Join(err, l.Rollback())
	}
	return counts, nil
}

// batch is some lines, parsed.
type batch struct {
	file    int
	records []record
	lines   []int
	errs    []*LineError
	bytes   int
	err     error // of reading
}

// writer puts batches into a load beside the checks of those that follow.
type writer struct {
	batches chan *store.Batch
	ended   chan struct{}
	err     error // once it has ended
}

func newWriter(ctx context.Context, l store.Load) *writer {
	w := &writer{batches: make(chan *store.Batch, 2), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for b := range w.batches {
			if w.err = l.Put(ctx, b); w.err != nil {
				return
			}
		}
	}()
	return w
}

func (w *writer) put(b *store.Batch) error {
	select {
	case w.batches <- b:
		return nil
	case <-w.ended:
		return w.err
	}
}

// end waits until everything is written.
func (w *writer) end() error {
	close(w.batches)
	<-w.ended
	return w.err
}

// pass reads all files once and puts them into l, if there is one. What one pass has found out about ids, the next knows.
func pass(ctx context.Context, c *checks, l store.Load, files []File, o Options) (counts Counts, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var w *writer
	if l != nil {
		w = newWriter(ctx, l)
		defer func() {
			if err != nil {
				cancel()
			}
			if e := w.end(); err == nil {
				err = e
			}
		}()
	}
	batches := make(chan *batch, 2)
	go func() {
		defer close(batches)
		for i, f := range files {
			if !readFile(ctx, c.cat, i, f, batches) {
				return
			}
		}
	}()
	c.begin()
	var bad []*LineError
	at := -1
	for b := range batches {
		if b.err != nil {
			return counts, b.err
		}
		if b.file != at {
			at = b.file
			c.next()
		}
		errs, err := c.batch(ctx, files[b.file].Name, b)
		if err != nil {
			return counts, err
		}
		errs = append(b.errs, errs...)
		slices.SortFunc(errs, func(a, b *LineError) int { return cmp.Compare(a.Line, b.Line) })
		bad = append(bad, errs...)
		if len(bad) >= maxErrors {
			return Counts{}, &BadLinesError{Lines: bad[:maxErrors], More: true}
		}
		sb := store.Batch{Distinct: !c.again}
		for _, r := range b.records {
			switch {
			case r.source != nil:
				sb.Sources = append(sb.Sources, r.source)
			case r.node != nil:
				sb.Nodes = append(sb.Nodes, r.node)
			case r.link != nil:
				sb.Links = append(sb.Links, r.link)
			}
		}
		counts.Sources += len(sb.Sources)
		counts.Nodes += len(sb.Nodes)
		counts.Links += len(sb.Links)
		if w != nil && len(bad) == 0 {
			if err := w.put(&sb); err != nil {
				return counts, err
			}
		}
		if o.Progress != nil {
			o.Progress(b.bytes)
		}
	}
	if err := ctx.Err(); err != nil {
		return counts, err
	}
	if len(bad) > 0 {
		return Counts{}, &BadLinesError{Lines: bad}
	}
	return counts, nil
}

// readFile parses a file in batches; false when the reader has gone.
func readFile(ctx context.Context, cat *catalog.Catalog, index int, f File, to chan<- *batch) bool {
	send := func(b *batch) bool {
		select {
		case to <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	opened, err := f.Open()
	if err != nil {
		send(&batch{err: readError(f.Name, err)})
		return false
	}
	defer opened.Close() //nolint:errcheck // it was only read
	r, err := unpacked(opened)
	if err != nil {
		send(&batch{err: readError(f.Name, err)})
		return false
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 256<<10), MaxLine)
	b := &batch{file: index}
	n := 0
	for sc.Scan() {
		n++
		line := sc.Bytes()
		b.bytes += len(line) + 1
		rec, err := parse(cat, line)
		switch {
		case err != nil:
			b.errs = append(b.errs, &LineError{f.Name, n, err})
		case rec.source != nil || rec.node != nil || rec.link != nil:
			b.records = append(b.records, rec)
			b.lines = append(b.lines, n)
		}
		if len(b.records) >= batchLines || b.bytes >= batchBytes || len(b.errs) >= maxErrors {
			if !send(b) {
				return false
			}
			b = &batch{file: index}
		}
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			b.errs = append(b.errs, &LineError{f.Name, n + 1, fmt.Errorf("is longer than %d bytes", MaxLine)})
		} else {
			b.err = readError(f.Name, err)
		}
	}
	return send(b)
}

// checks holds what lines say against each other and against the store. It remembers ids as hashes: of a billion pairs
// of ids, none is likely to share 64 bits.
type checks struct {
	cat   *catalog.Catalog
	store store.Store
	none  bool // the store held nothing
	seed  maphash.Seed
	types map[uint64]uint8 // type index of entities and sources known
	seen  hashes           // ids of this file
	// a second file may say again what the first said
	earlier hashes // ids of the files before
	again   bool   // one of them was said again
	words   texts  // of the sources of this import, and of those of the store that its links rest on
	asked   hashes // sources whose texts were looked for
	// unverified counts the evidence taken whose words do not stand in their source's text
	unverified int
	fault      error // of the file of texts
}

func (c *checks) hash(id string) uint64 { return maphash.String(c.seed, id) }

// begin begins a pass.
func (c *checks) begin() {
	c.seen, c.earlier, c.again, c.asked = hashes{}, hashes{}, false, hashes{}
	c.words.reset()
}

// next begins another file.
func (c *checks) next() {
	for _, h := range c.seen.slots {
		if h != 0 {
			c.earlier.add(h)
		}
	}
	c.seen = hashes{}
}

// say notes an id; false when the file has it already.
func (c *checks) say(h uint64) bool {
	if !c.seen.add(h) {
		return false
	}
	c.again = c.again || c.earlier.has(h)
	return true
}

// hashes is a set of hashes with open addressing: a map takes two to three times the memory, and a large import has millions.
type hashes struct {
	slots []uint64 // a power of two of them, at most three quarters used; 0 = free
	n     int
}

// at is where h stands, or would.
func (s *hashes) at(h uint64) int {
	mask := len(s.slots) - 1
	i := int(h) & mask //nolint:gosec // any bits do
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return i
}

// has tells whether h is in the set. 0 stands for 1.
func (s *hashes) has(h uint64) bool {
	return s.n > 0 && s.slots[s.at(max(h, 1))] != 0
}

// add puts h into the set; false when it was there.
func (s *hashes) add(h uint64) bool {
	h = max(h, 1)
	if 4*s.n >= 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(2*len(old), 1024))
		for _, o := range old {
			if o != 0 {
				s.slots[s.at(o)] = o
			}
		}
	}
	i := s.at(h)
	if s.slots[i] != 0 {
		return false
	}
	s.slots[i] = h
	s.n++
	return true
}

// batch checks a batch: ids once in a file, ends and sources known, types fitting.
func (c *checks) batch(ctx context.Context, file string, b *batch) (errs []*LineError, err error) {
	if !c.none {
		if err := c.ask(ctx, b.records); err != nil {
			return nil, err
		}
	}
	if err := c.readTexts(ctx, b.records); err != nil {
		return nil, err
	}
	for i, r := range b.records {
		err := c.record(r)
		if c.fault != nil {
			return nil, c.fault
		}
		if err != nil {
			errs = append(errs, &LineError{file, b.lines[i], err})
		}
	}
	return errs, nil
}

// ask asks the store at once for what some records need and the import has not seen.
func (c *checks) ask(ctx context.Context, records []record) error {
	unknown := map[string]bool{}
	own := map[string]bool{}
	need := func(id string) {
		if _, ok := c.types[c.hash(id)]; !ok && !own[id] {
			unknown[id] = true
		}
	}
	for _, r := range records {
		switch {
		case r.source != nil:
			need(r.source.ID)
			own[r.source.ID] = true
		case r.node != nil:
			need(r.node.ID)
			own[r.node.ID] = true
		case r.link != nil:
			need(r.link.From)
			need(r.link.To)
			for i := range r.link.Evidence {
				need(r.link.Evidence[i].Source)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	known, err := c.store.Types(ctx, slices.Collect(maps.Keys(unknown)))
	for id, typ := range known {
		c.types[c.hash(id)] = c.cat.TypeOf(typ).Index
	}
	return err
}

func (c *checks) record(r record) error {
	switch {
	case r.source != nil:
		return c.declare(r.source.ID, c.cat.Source, r.minted)
	case r.node != nil:
		return c.declare(r.node.ID, c.cat.TypeOf(r.node.Type), r.minted)
	}
	return c.link(r.link)
}

// declare takes note of an id.
func (c *checks) declare(id string, t *catalog.Type, minted bool) error {
	h := c.hash(id)
	hint := "; put what it says into one line"
	if minted {
		hint = ", made from its name; give one of the two an id"
	}
	if !c.say(h) {
		return fmt.Errorf("has the id %s of an earlier line%s", id, hint)
	}
	if before, ok := c.types[h]; ok && before != t.Index {
		return fmt.Errorf("has the id %s, which is taken by a record of type %s; give it another id", id, c.cat.TypeAt(before).Enum)
	}
	c.types[h] = t.Index
	return nil
}

func (c *checks) link(l *kg.Link) error {
	h := c.hash(l.ID)
	if !c.say(h) {
		return fmt.Errorf("says what an earlier line says (link %s); put the evidence of both into one line", l.ID)
	}
	k := c.cat.Kind(l.Kind)
	for _, end := range []struct {
		name, id string
		types    catalog.TypeSet
	}{{"from", l.From, k.From}, {"to", l.To, k.To}} {
		t, ok := c.types[c.hash(end.id)]
		switch {
		case !ok:
			return fmt.Errorf("links %s %s, which stands neither above nor in the store", end.name, end.id)
		case !end.types.Has(t):
			return fmt.Errorf("links %s %s, which is of type %s; %s joins %s there", end.name, end.id, c.cat.TypeAt(t).Enum, k.Name, typeNames(c.cat, end.types))
		}
	}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if t, ok := c.types[c.hash(e.Source)]; !ok || t != c.cat.Source.Index {
			return fmt.Errorf("has evidence from %s, a source that stands neither above nor in the store", e.Source)
		}
	}
	return c.quoted(l)
}

func typeNames(cat *catalog.Catalog, set catalog.TypeSet) string {
	var names []string
	for _, t := range cat.Types {
		if set.Has(t.Index) {
			names = append(names, t.Enum)
		}
	}
	return strings.Join(names, " or ")
}

// Rate is n in a time, for people: "123,456 links/s".
func Rate(n int, took time.Duration) int {
	if took <= 0 {
		return 0
	}
	return int(float64(n) / took.Seconds())
}
