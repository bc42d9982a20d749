package exchange_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

var errBroken = errors.New("the scan broke")

// breaking is a scanner that breaks after so many records.
type breaking struct {
	store.Scanner
	left int
}

func breakAfter[T any](b *breaking, f func(T) error) func(T) error {
	return func(x T) error {
		if b.left--; b.left < 0 {
			return errBroken
		}
		return f(x)
	}
}

func (b *breaking) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return b.ended(b.Scanner.Sources(ctx, breakAfter(b, f)))
}

func (b *breaking) Nodes(ctx context.Context, f func(*kg.Node) error) error {
	return b.ended(b.Scanner.Nodes(ctx, breakAfter(b, f)))
}

func (b *breaking) Links(ctx context.Context, f func(*kg.Link) error) error {
	return b.ended(b.Scanner.Links(ctx, breakAfter(b, f)))
}

// ended breaks between two parts too.
func (b *breaking) ended(err error) error {
	if err == nil && b.left == 0 {
		b.left = -1
		return errBroken
	}
	return err
}

// full is a writer that takes so many bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestAnExportThatBreaksIsNoSuccess: wherever the store or the file breaks, an export says so.
func TestAnExportThatBreaksIsNoSuccess(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, from("a", ground), exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	whole := exported(t, s)
	for n := range groundLines { // five records, and the end of each part
		if _, err := exchange.Export(t.Context(), cat, &breaking{s, n}, io.Discard); !errors.Is(err, errBroken) {
			t.Errorf("broken after %d records: %v", n, err)
		}
	}
	var all bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, &breaking{s, groundLines}, &all); err != nil ||
		all.String() != whole {
		t.Errorf("not broken: %v", err)
	}
	for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
		if _, err := exchange.Export(t.Context(), cat, s, &full{n}); !errors.Is(err, errBroken) {
			t.Errorf("a file that takes %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := exchange.Export(t.Context(), cat, s, &full{len(whole)}); err != nil {
		t.Errorf("a file that takes all: %v", err)
	}
}

// TestADamagedArchiveIsRefused: cut short anywhere, or with a byte changed, nothing of it is written.
func TestADamagedArchiveIsRefused(t *testing.T) {
	cat := both.Catalog(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, ground); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := both.SQLite(cat)(t)
	path := filepath.Join(t.TempDir(), "a.jsonl.gz")
	refused := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromPath(path)}, exchange.Options{})
		if err == nil || strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "flate") {
			t.Errorf("%s: %v", what, err)
		}
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Fatalf("%s: something was written, %v", what, err)
		}
	}
	b := packed.Bytes()
	for n := 11; n < len(b); n += 7 {
		refused("cut short", b[:n])
	}
	for n := 12; n < len(b); n += 5 {
		c := bytes.Clone(b)
		c[n] ^= 0x10
		refused("a byte changed", c)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromPath(path)},
		exchange.Options{}); err != nil {
		t.Error(err)
	}
}

// failingReads is a store in which reads of one kind fail.
type failingReads struct {
	store.Store
	what string
	met  int // such reads
}

func (f *failingReads) fail(what string) error {
	if f.what != what {
		return nil
	}
	f.met++
	return errBroken
}

func (f *failingReads) Types(ctx context.Context, ids []string) (map[string]string, error) {
	if err := f.fail("types"); err != nil {
		return nil, err
	}
	return f.Store.Types(ctx, ids)
}

func (f *failingReads) Resting(ctx context.Context, ids []string) ([]string, error) {
	if err := f.fail("what rests on a record"); err != nil {
		return nil, err
	}
	return f.Store.Resting(ctx, ids)
}

func (f *failingReads) Strays(ctx context.Context, links []*kg.Link) ([]string, error) {
	if err := f.fail("links that say the same"); err != nil {
		return nil, err
	}
	return f.Store.Strays(ctx, links)
}

func (f *failingReads) Records(ctx context.Context, ids []string) (*store.Batch, error) {
	if err := f.fail("records"); err != nil {
		return nil, err
	}
	return f.Store.Records(ctx, ids)
}

// TestAStoreThatCannotBeReadDeletesNothing: what a deletion must know and cannot ends the import, and nothing goes.
func TestAStoreThatCannotBeReadDeletesNothing(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, from("a", ground), exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	before := exported(t, s)
	for _, what := range []string{"types", "what rests on a record", "records"} {
		for _, o := range []exchange.Options{{}, {DryRun: true}} {
			f := &failingReads{Store: s, what: what}
			_, err := exchange.Import(t.Context(), cat, f, from("b", "{\"throughline\":1}\n{\"delete\":\"s_text\",\"cascade\":true}\n"), o)
			if !errors.Is(err, errBroken) || f.met == 0 {
				t.Errorf("%s, dry run %v: %v", what, o.DryRun, err)
			}
		}
	}
	if exported(t, s) != before {
		t.Error("something is gone")
	}
}

// TestWhatIsLeftIsSaid has a file change between the check of its lines and the import. Where loads are atomic it is read
// once, and nothing is written; where they are not, the error says that a part may be.
func TestWhatIsLeftIsSaid(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		reads := 0
		file := exchange.File{Name: "a", Open: func() (io.ReadCloser, error) {
			lines := ground
			if reads++; s.Atomic() || reads > 1 {
				lines += `{"node":"PERSON","id":"z","nme":"Zoe"}` + "\n"
			}
			return io.NopCloser(strings.NewReader(lines)), nil
		}}
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{})
		var bad *exchange.BadLinesError
		if !errors.As(err, &bad) {
			t.Fatalf("the error is %v", err)
		}
		if got := strings.HasPrefix(exchange.Left(err), "nothing"); got != s.Atomic() {
			t.Errorf("it leaves: %s", exchange.Left(err))
		}
		file.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(ground)), nil }
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := exported(t, s); !strings.Contains(got, "l_first") || strings.Contains(got, "Zoe") {
			t.Error(got)
		}
	})
}
