package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// someRunes are characters that formats, stores and folding could trip over.
var someRunes = []rune("aZ9 \"\\/'`{}[]$%_*?\t\n\r\u007f\u0085\u00a0éøßİıſﬁ́ﷺ李𝒜😀\u200b\u200f\u202e\u2028\ufeff\ufffd\U0010ffff-–“")

func someText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		s := norm.NFC.String(rapid.StringOfN(rapid.SampledFrom(someRunes), 1, 12, -1).Draw(t, "text"))
		if strings.TrimSpace(s) == "" {
			return "x"
		}
		return s
	})
}

// someName is a text without white space at its ends, as names are stored.
func someName() *rapid.Generator[string] { return rapid.Map(someText(), strings.TrimSpace) }

func maybe[V any](g *rapid.Generator[V]) *rapid.Generator[V] {
	return rapid.OneOf(rapid.Just(*new(V)), g)
}

func someDate() *rapid.Generator[kg.PartialDate] {
	return rapid.SampledFrom([]kg.PartialDate{"", "0000", "1946", "2021-02", "2020-02-29", "9999-12-31"})
}

// drawGraph draws any graph that the catalogue allows.
func drawGraph(t *rapid.T, cat *catalog.Catalog) *store.Batch {
	b := &store.Batch{}
	at := rapid.OneOf(rapid.Just(kg.Time(0)), rapid.Custom(func(t *rapid.T) kg.Time {
		return kg.TimeAt(rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64Range(-60e12, 250e12)).Draw(t, "ms"))
	}))
	for i := range rapid.IntRange(1, 3).Draw(t, "sources") {
		kinds := cat.Schema.Types["SourceKind"].EnumValues
		b.Sources = append(b.Sources, &kg.Source{
			ID: fmt.Sprintf("s_%d", i), Kind: kinds[rapid.IntRange(0, len(kinds)-1).Draw(t,
				"kind")].Name, Title: someName().Draw(t, "title"),
			URL: maybe(rapid.Just("https://example.org/?q=%E2%82%AC#f")).Draw(t,
				"url"), Publisher: maybe(someName()).Draw(t, "publisher"),
			Authors: rapid.SliceOfN(someName(), 0, 2).Draw(t, "authors"), PublishedOn: someDate().Draw(t, "date"),
			Text: maybe(rapid.Just("It is about  the “people’s”\r\nown cafe\u0301—se\u00adcurity 𝒜.")).Draw(t, "text"),
		})
	}
	byType := map[uint8][]string{}
	var quoting []*catalog.Type // quotations and those who say them, who would seldom meet by chance
	var sayings []*catalog.Kind
	for _, k := range cat.Kinds {
		if !cat.Quoting.Has(k.Index) {
			continue
		}
		sayings = append(sayings, k)
		for _, typ := range cat.Types {
			if (k.From | k.To).Has(typ.Index) {
				quoting = append(quoting, typ)
			}
		}
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "nodes") {
		typ := rapid.OneOf(rapid.SampledFrom(cat.Types), rapid.SampledFrom(quoting)).Draw(t, "type")
		n := &kg.Node{
			ID: fmt.Sprintf("n%d", i), Type: typ.Enum, Name: someName().Draw(t,
				"name"), Aliases: rapid.SliceOfN(someName(), 0, 3).Draw(t, "aliases"),
			Description: maybe(someText()).Draw(t, "description"), CreatedAt: at.Draw(t,
				"created"), UpdatedAt: at.Draw(t, "updated"),
		}
		if rapid.Bool().Draw(t, "external") {
			n.ExternalIDs = []kg.ExternalID{{
				Scheme: norm.NFC.String(strings.ToLower(someText().Draw(t, "scheme"))),
				Value:  someText().Draw(t, "value"),
			}, {Scheme: "x", Value: "y", URL: "https://example.org/"}}
		}
		for _, p := range typ.Props {
			must := cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull
			if !must && rapid.Bool().Draw(t, "none") {
				continue
			}
			var v any
			switch p.Kind {
			case catalog.Date:
				if d := someDate().Draw(t, p.Name); d != "" {
					v = string(d)
				}
			case catalog.Int:
				v = int64(rapid.Int32Min(0).Draw(t, p.Name))
			case catalog.Float:
				v = rapid.Float64Range(-90, 90).Draw(t, p.Name)
			case catalog.Bool:
				v = rapid.Bool().Draw(t, p.Name)
			default:
				v = someText().Draw(t, p.Name)
			}
			if v != nil {
				if n.Props == nil {
					n.Props = map[string]any{}
				}
				n.Props[p.Name] = v
			}
		}
		if q := typ.Quoted; q != nil && rapid.Bool().Draw(t, "quoted") {
			n.Props[q.Words.Name] = rapid.SampledFrom([]string{
				"It is about the \"people's\" own", "about … security",
				"security … about", "cafe",
			}).Draw(t, "words")
		}
		if typ.DateProp != nil && typ.UntilProp != nil {
			delete(n.Props, typ.UntilProp.Name) // an end before its beginning would be refused
		}
		delete(n.Props, "died")
		delete(n.Props, "dissolved")
		b.Nodes = append(b.Nodes, n)
		byType[typ.Index] = append(byType[typ.Index], n.ID)
	}
	of := func(set catalog.TypeSet) (ids []string) {
		for _, typ := range cat.Types {
			if set.Has(typ.Index) {
				ids = append(ids, byType[typ.Index]...)
			}
		}
		return ids
	}
	seen := map[string]bool{}
	for range rapid.IntRange(0, 8).Draw(t, "links") {
		k := rapid.OneOf(rapid.SampledFrom(cat.Kinds), rapid.SampledFrom(sayings)).Draw(t, "kind")
		from, to := of(k.From), of(k.To)
		if len(from) == 0 || len(to) == 0 {
			continue
		}
		l := &kg.Link{
			Kind: k.Name, From: rapid.SampledFrom(from).Draw(t, "from"),
			To: rapid.SampledFrom(to).Draw(t, "to"), Role: maybe(someText()).Draw(t, "role"), Since: someDate().Draw(t,
				"since"), CreatedAt: at.Draw(t, "created"), UpdatedAt: at.Draw(t, "updated"),
		}
		if l.From == l.To {
			continue
		}
		l.ID = l.StatedID()
		if seen[l.ID] {
			continue
		}
		seen[l.ID] = true
		for range rapid.IntRange(1, 3).Draw(t, "evidence") {
			l.Evidence = append(l.Evidence, kg.Evidence{
				Source: rapid.SampledFrom(b.Sources).Draw(t, "source").ID, Excerpt: rapid.OneOf(someText(),
					rapid.SampledFrom([]string{
						"about the", "the 'people's' own café", "cafe\u0301-security",
						"nowhere",
					})).Draw(t, "excerpt") + maybe(rapid.Just(fmt.Sprint(len(l.Evidence)))).Draw(t, "number"),
				Prefix: maybe(someText()).Draw(t, "prefix"), Suffix: maybe(someText()).Draw(t,
					"suffix"), Stance: rapid.SampledFrom([]string{"SUPPORTS", "REFUTES"}).Draw(t, "stance"),
			})
		}
		b.Links = append(b.Links, l)
	}
	return b
}

// TestAnyGraphGoesThereAndBack writes random graphs and reads them, into a second store and out again: the same bytes.
func TestAnyGraphGoesThereAndBack(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 10, 100)
		rapid.Check(t, func(rt *rapid.T) {
			g := drawGraph(rt, cat)
			oracle := storetest.NewOracle(cat, both.Clock)
			if err := storetest.Fill(t.Context(), oracle, g); err != nil {
				rt.Fatal(err)
			}
			want := exported(t, oracle)
			s := open(t)
			for range 2 { // the second time changes nothing
				if _, err := exchange.Import(t.Context(), cat, s, from("g", want), exchange.Options{}); err != nil {
					rt.Fatal(err)
				}
				if got := exported(t, s); got != want {
					rt.Fatalf("want\n%s\ngot\n%s", want, got)
				}
			}
		})
	})
}

func TestTheSampleGoesAcrossBothStores(t *testing.T) {
	cat := both.Catalog(t)
	files := []exchange.File{exchange.FromBytes("sample", sample.Data)}
	text := ""
	for _, s := range []store.Store{both.SQLite(cat)(t), both.Neo4j(t, cat)(t), both.SQLite(cat)(t)} {
		if _, err := exchange.Import(t.Context(), cat, s, files, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		got := exported(t, s)
		if text != "" && got != text {
			t.Errorf("%s gives other bytes:\n%s", s.Kind(), got)
		}
		text = got
		files = from("export", text)
	}
}

// large returns a stream of a graph without holding it. Each link's excerpt repeats some words.
func large(nodes, links, repeats int) exchange.File {
	words := strings.Repeat("some words of some length, so that they count, ", repeats)
	return exchange.File{Name: "large", Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			_, err := fmt.Fprintln(w, `{"source":"ARTICLE","id":"s_l","title":"L"}`)
			for i := 0; i < nodes && err == nil; i++ {
				_, err = fmt.Fprintf(w, "{\"node\":%q,\"id\":\"n%d\",\"name\":\"Name %d\"}\n",
					[]string{"PERSON", "INSTITUTION"}[i%2], i, i)
			}
			for i := 0; i < links && err == nil; i++ {
				_, err = fmt.Fprintf(w,
					"{\"link\":\"AFFILIATED_WITH\",\"from\":\"n%d\",\"to\":\"n%d\",\"role\":\"role %d\",\"evidence\":[{\"source\":\"s_l\",\"excerpt\":\"%snumber %d\"}]}\n", i*2%nodes, (i*7*2+1)%nodes, i, words, i)
			}
			_ = w.CloseWithError(err)
		}()
		return r, nil
	}}
}

// interrupted is a store whose loads are cut off after some batches.
type interrupted struct {
	store.Store
	cut   context.CancelFunc
	after int
}

func (i *interrupted) Load(ctx context.Context) (store.Load, error) {
	l, err := i.Store.Load(ctx)
	return &cutLoad{l, i}, err
}

type cutLoad struct {
	store.Load
	of *interrupted
}

func (c *cutLoad) Put(ctx context.Context, b *store.Batch) error {
	if c.of.after--; c.of.after < 0 {
		c.of.cut()
	}
	return c.Load.Put(ctx, b)
}

// TestAnInterruptedImportIsNotThereOrGoesOn cuts an import off at each of its batches and runs it again.
func TestAnInterruptedImportIsNotThereOrGoesOn(t *testing.T) {
	cat := both.Catalog(t)
	// seven batches of long excerpts; Neo4j writes when five have come together
	const nodes, links, repeats, batches = 200, 2000, 70, 7
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		whole := open(t)
		if _, err := exchange.Import(t.Context(), cat, whole, []exchange.File{large(nodes, links, repeats)},
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		want, turn := exported(t, whole), both.Some(t, 3)
		for after := range batches {
			if !turn() {
				continue
			}
			s := open(t)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := exchange.Import(ctx, cat, &interrupted{s, cancel, after},
				[]exchange.File{large(nodes, links, repeats)}, exchange.Options{})
			cancel()
			var own *kg.Error
			if !errors.As(err, &own) || own.Code != kg.Cancelled ||
				own.Message != "the import was interrupted; nothing is lost, run it again" {
				t.Errorf("after %d batches: %v", after, err)
			}
			if empty, err := s.Empty(t.Context()); err != nil || s.Atomic() && !empty {
				t.Errorf("after %d batches something is there: %v", after, err)
			}
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{large(nodes, links, repeats)},
				exchange.Options{}); err != nil {
				t.Fatal(err)
			}
			if got := exported(t, s); got != want {
				t.Errorf("after %d batches, run again it ends in another graph", after)
			}
		}
	})
}

// live returns how many bytes are in use on the heap.
func live() uint64 {
	runtime.GC()
	runtime.GC() // what the first came upon half done
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAnImportHoldsLittleInMemory bounds what an import holds: of each record some numbers, and none of its words.
func TestAnImportHoldsLittleInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out an import of 200 MB")
	}
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	const links = 60_000
	begin := live()
	var most uint64
	reports := 0
	bytesRead := 0
	counts, err := exchange.Import(t.Context(), cat, s, []exchange.File{large(6000, links, 70)},
		exchange.Options{Progress: func(n int) {
			bytesRead += n
			if reports++; reports%8 == 0 {
				most = max(most, live())
			}
		}})
	if err != nil || counts.Links != links {
		t.Fatal(counts, err)
	}
	if reports < 100 {
		t.Fatalf("progress was reported %d times", reports)
	}
	t.Logf("%d bytes of input, at most %d bytes live beyond the beginning's", bytesRead, most-begin)
	if held := most - begin; held > uint64(bytesRead)/3 {
		t.Errorf("%d bytes live for an input of %d", held, bytesRead)
	}
}

func TestATrialWritesNothing(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		n, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("sample", sample.Data)},
			exchange.Options{DryRun: true})
		if err != nil || n.Links != 65 {
			t.Errorf("%+v %v", n, err)
		}
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Errorf("empty %v, %v", empty, err)
		}
	})
}

func TestALineOfTwoGigabytesIsRefusedWithoutBeingRead(t *testing.T) {
	cat := both.Catalog(t)
	read := 0
	f := exchange.File{Name: "endless", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(endless{&read}, 2<<30)), nil
	}}
	_, err := exchange.Import(t.Context(), cat, both.SQLite(cat)(t), []exchange.File{f}, exchange.Options{})
	if err == nil || !strings.Contains(err.Error(), "endless:1: the line is longer than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
	if read > 4<<20 {
		t.Errorf("%d bytes were read", read)
	}
}

type endless struct{ read *int }

func (e endless) Read(b []byte) (int, error) {
	copy(b, bytes.Repeat([]byte("a"), len(b)))
	*e.read += len(b)
	return len(b), nil
}
