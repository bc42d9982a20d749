package sample_test

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

func load(t *testing.T) (*catalog.Catalog, *sqlitestore.Store) {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	return cat, s
}

func TestTheFiveLinesOfEffort(t *testing.T) {
	_, s := load(t)
	var under []string
	if err := s.Links(t.Context(), func(l *kg.Link) error {
		if l.Kind == "BROADER" && l.To == "human-security" {
			under = append(under, l.From)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(under)
	want := []string{
		"children-and-armed-conflict", "countering-trafficking-in-human-beings", "cultural-property-protection",
		"preventing-and-responding-to-conflict-related-sexual-violence", "protection-of-civilians",
	}
	if !slices.Equal(under, want) {
		t.Errorf("under human security: %q", under)
	}
}

func TestExportAndImportKeepEveryByte(t *testing.T) {
	cat, s := load(t)
	var once, twice bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, s, &once); err != nil {
		t.Fatal(err)
	}
	other, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := exchange.Import(t.Context(), cat, other, []exchange.File{exchange.FromBytes("once", once.Bytes())},
		exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := exchange.Export(context.WithoutCancel(t.Context()), cat, other, &twice); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Error("export, import and export again gave other bytes")
	}
}

// The article is not shipped; where it is at hand, every excerpt is looked for in it.
func TestExcerptsStandInTheArticle(t *testing.T) {
	path := os.Getenv("THROUGHLINE_ARTICLE")
	if path == "" {
		t.Skip("set THROUGHLINE_ARTICLE to the article's text to check the excerpts against it")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	article := rules.NewText(string(raw))
	_, s := load(t)
	n := 0
	if err := s.Links(t.Context(), func(l *kg.Link) error {
		for _, e := range l.Evidence {
			n++
			if v := rules.Verified(e, article); v.Verified == nil || !*v.Verified || !v.Same(&e) {
				t.Errorf("%s: %q stands there as %q", l.ID, e.Excerpt, v.Excerpt)
			}
			if c := strings.Count(string(raw), e.Prefix+e.Excerpt+e.Suffix); c != 1 {
				t.Errorf("%s: %q occurs %d times", l.ID, e.Excerpt, c)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Nodes(t.Context(), func(x *kg.Node) error {
		if text, ok := x.Props["text"].(string); ok && !article.Has(text) {
			t.Errorf("%s is not verbatim", x.ID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n < 60 {
		t.Errorf("only %d excerpts", n)
	}
}
