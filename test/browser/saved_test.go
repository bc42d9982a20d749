package browser_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// Entities and links that formats have trouble with: lists with semicolons, ids with addresses, lines, words against a
// link, words that are not in their source, a quotation with its text, numbers, dates of every precision.
const (
	awkwardNodes = `{"node":"PERSON","id":"ann","name":"Ann \"A\" Berg","aliases":["Berg; Ann","A. Berg"],"description":"Two\nlines","externalIds":[{"scheme":"wikidata","value":"Q1"},{"scheme":"own","value":"7","url":"https://example.org/7"}],"born":"1970-02","createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-01-02T03:04:05.006Z"}
{"node":"PERSON","id":"bo","name":"Bo <&>","aliases":["B.","Bob"],"externalIds":[{"scheme":"wikidata","value":"Q2"}],"createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-01-02T03:04:05.006Z"}
{"node":"QUOTE","id":"q","name":"On time","text":"We are, \"always\", on time; mostly","saidOn":"2021","createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-01-02T03:04:05.006Z"}
{"node":"EVENT","id":"meeting","name":"Meeting","startsOn":"2021-02-24","endsOn":"2021-02","createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-01-02T03:04:05.006Z"}
{"node":"PLACE","id":"oslo","name":"Oslo","latitude":59.91,"longitude":10.75,"createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-01-02T03:04:05.006Z"}
`
	awkwardText = `{"source":"REPORT","id":"s_c","title":"C","text":"Ann was on time."}
`
	awkwardLinks = `{"source":"REPORT","id":"s_a","title":"A <report> & more","url":"https://example.org/a?b=1&c=2","publisher":"Press","publishedOn":"2020-05"}
{"source":"BOOK","id":"s_b","title":"B, or not"}
{"link":"SAID","from":"ann","to":"q","evidence":[{"source":"s_a","excerpt":"\"We are, \"always\", on time; mostly\", said Ann"}]}
{"link":"SAID_AT","from":"q","to":"meeting","evidence":[{"source":"s_c","excerpt":"said there","verified":false}]}
{"link":"HELD_IN","from":"meeting","to":"oslo","evidence":[{"source":"s_b","excerpt":"in\nOslo"}]}
{"link":"PARTICIPATED_IN","from":"ann","to":"meeting","role":"chair, \"acting\"","evidence":[{"source":"s_a","excerpt":"Ann chairs"},{"source":"s_b","excerpt":"Ann never chaired","prefix":"But","suffix":"it","stance":"REFUTES"}]}
{"link":"PARTICIPATED_IN","from":"bo","to":"meeting","since":"2021-02","until":"2022","evidence":[{"source":"s_b","excerpt":"Bo was there"}]}
`
)

// imports imports lines of JSON, or what was saved under a name, and returns the report.
func imports(t *testing.T, cat *catalog.Catalog, s *sqlitestore.Store, name, content string) exchange.Report {
	t.Helper()
	file := exchange.FromBytes(name, []byte(content))
	report, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{})
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, content)
	}
	return report
}

// flat is all that a store holds in the flat form.
func flat(t *testing.T, cat *catalog.Catalog, s *sqlitestore.Store) string {
	t.Helper()
	var out bytes.Buffer
	f := exchange.FormatOf("graphml", "")
	open, finish := f.One(&out)
	if _, err := f.Export(t.Context(), cat, s, open); err != nil {
		t.Fatal(err)
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestWhatIsSavedIsImported saves a picture in each format that can be imported. Where it comes from, nothing changes, and
// a graph without it then holds the same.
func TestWhatIsSavedIsImported(t *testing.T) {
	var cat *catalog.Catalog
	var origin *sqlitestore.Store
	b := newTab(t, newBrowser(t), newServerWith(t, true, func(c *catalog.Catalog, s *sqlitestore.Store) error {
		cat, origin = c, s
		imports(t, c, s, "awkward.jsonl", awkwardText+awkwardNodes+awkwardLinks)
		return nil
	}))
	want := flat(t, cat, origin)
	b.visit("/e/meeting")
	b.wait("the surroundings are drawn", drawn(5, 5))
	for format, name := range map[string]string{
		"GEXF": "saved.gexf", "GraphML": "saved.graphml", "JSONL": "saved.jsonl", "CSV": "saved.csv",
	} {
		t.Run(format, func(t *testing.T) {
			b.t = t
			saved := b.saved(format)
			report := imports(t, cat, origin, name, saved)
			for _, r := range report.Records {
				if r.New+r.Changed+r.Removed > 0 {
					t.Errorf("it is not what the graph holds: %+v\n%s", r, saved)
				}
			}
			warnings := map[string][]exchange.Warning{"CSV": {"saved.csv: columns that mean nothing here are left out: fromName, sentence, toName"}}
			if d := cmp.Diff(warnings[format], report.Warnings, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("warnings (-want +got): %s", d)
			}
			newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
				imports(t, cat, s, "text.jsonl", awkwardText) // which pictures are not saved with
				if format == "CSV" {                          // of links alone, with names for people to read
					imports(t, cat, s, "nodes.jsonl", awkwardNodes)
				}
				imports(t, cat, s, name, saved)
				if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(flat(t, cat, s), "\n")); d != "" {
					t.Errorf("another graph (-had +has):\n%s\n%s", d, saved)
				}
				return nil
			})
		})
	}
}
