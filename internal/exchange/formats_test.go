package exchange_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// formatted exports a store in a format and returns its files, each to be imported.
func formatted(t *testing.T, cat *catalog.Catalog, s store.Scanner, f *exchange.Format) (files []exchange.File, err error) {
	var parts []*bytes.Buffer
	var names []string
	if _, err := f.Export(t.Context(), cat, s, func(part string) (io.Writer, error) {
		parts, names = append(parts, &bytes.Buffer{}), append(names, "graph"+part+f.Extensions[0])
		return parts[len(parts)-1], nil
	}); err != nil {
		return nil, err
	}
	for i := range parts {
		files = append(files, exchange.FromBytes(names[i], parts[i].Bytes()))
	}
	return files, nil
}

// held returns the lines of a store without what a format cannot hold.
func held(t interface{ Fatal(...any) }, lines, format string) string {
	change := func(s string) string { return s }
	switch format {
	case "jsonld":
		return lines // everything that is drawn, and here also the order
	case "graphml", "gexf": // not in XML 1.0
		change = func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0xfffe || r == 0xffff {
					return 0xfffd
				}
				return r
			}, s)
		}
	case "csv", "tsv":
		change = func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	}
	quoted := map[any]bool{}
	var records []map[string]any
	for line := range strings.Lines(lines) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for key, v := range r {
			if s, ok := v.(string); ok {
				if r[key] = change(s); r[key] == "" {
					delete(r, key)
				}
			}
		}
		delete(r, "verified")
		if list, ok := r["evidence"].([]any); ok {
			for _, e := range list {
				delete(e.(map[string]any), "verified") // what it was compared with is not there
				quoted[e.(map[string]any)["source"]] = true
			}
		}
		records = append(records, r)
	}
	var out strings.Builder
	for _, r := range records {
		if r["source"] != nil {
			if !quoted[r["id"]] {
				continue
			}
			for _, key := range []string{"text", "publisher", "authors", "publishedOn"} {
				delete(r, key)
			}
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	return out.String()
}

// TestWhatAFormatHoldsGoesThereAndBack draws graphs, and writes and reads each in every format that is written and
// read.
func TestWhatAFormatHoldsGoesThereAndBack(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for _, f := range exchange.Formats() {
			// jsonl holds every record whole, and ftm some types and kinds: they have tests of their own
			if !f.Reads() || !f.Writes() || f.Name == "jsonl" || f.Name == "ftm" {
				continue
			}
			t.Run(f.Name, func(t *testing.T) {
				both.Checks(t, 10, 100)
				rapid.Check(t, func(rt *rapid.T) {
					oracle := storetest.NewOracle(cat, both.Clock)
					if err := storetest.Fill(t.Context(), oracle, drawGraph(rt, cat)); err != nil {
						rt.Fatal(err)
					}
					files, err := formatted(t, cat, oracle, f)
					if err != nil {
						rt.Fatal(err)
					}
					s := open(t)
					if _, err := exchange.Import(t.Context(), cat, s, files, exchange.Options{}); err != nil {
						rt.Fatalf("%v\n%s", err, exported(t, oracle))
					}
					if got, want := held(rt, exported(t, s), f.Name), held(rt, exported(t, oracle), f.Name); got != want {
						rt.Fatalf("want\n%s\ngot\n%s", want, got)
					}
				})
			})
		}
	})
}

// TestTablesAndExportsHoldLittleInMemory bounds what is held while a table is read, and while each format is written:
// some numbers of each record, and none of its words.
func TestTablesAndExportsHoldLittleInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out a table of 40 MB")
	}
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	const rows = 12_000
	words := strings.Repeat("some words of some length, so that they count, ", 70)
	bytesRead := 0
	begin := live()
	var most uint64
	table := exchange.File{Name: "staff.csv", Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			_, err := fmt.Fprintln(w, "person,firm,role,words")
			for i := 0; i < rows && err == nil; i++ {
				if i%4000 == 3999 {
					most = max(most, live())
				}
				var n int
				n, err = fmt.Fprintf(w, "Person %d,Firm %d,role %d,\"%s number %d\"\n", i, i%50, i, words, i)
				bytesRead += n
			}
			_ = w.CloseWithError(err)
		}()
		return r, nil
	}}
	m, err := exchange.ReadMapping([]byte(`{"nodes":[{"as":"p","node":"PERSON","name":"{person}"},` +
		`{"as":"f","node":"INSTITUTION","name":"{firm}"}],"links":[{"link":"AFFILIATED_WITH","from":"p","to":"f","role":"{role}"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	table.Terms.Mapping = m
	report, err := exchange.Import(t.Context(), cat, s, []exchange.File{table}, exchange.Options{})
	if err != nil || report.Links != rows || report.Nodes != rows+50 {
		t.Fatal(report, err)
	}
	t.Logf("read: %d bytes of input, at most %d bytes live beyond the beginning's", bytesRead, most-begin)
	if held := most - begin; held > uint64(bytesRead)/4 {
		t.Errorf("%d bytes live for an input of %d", held, bytesRead)
	}
	for _, f := range exchange.Formats() {
		if !f.Writes() {
			continue
		}
		begin, most = live(), 0
		out := &counted{each: 16 << 20, tell: func() { most = max(most, live()) }}
		if _, err := f.Export(t.Context(), cat, s, func(string) (io.Writer, error) { return out, nil }); err != nil {
			t.Fatal(err)
		}
		if most == 0 {
			t.Fatalf("%s has %d bytes", f.Name, out.n)
		}
		t.Logf("%s: %d bytes written, at most %d bytes live beyond the beginning's", f.Name, out.n, int64(most)-int64(begin))
		if int64(most)-int64(begin) > int64(out.n)/4 {
			t.Errorf("%s: %d bytes live for an output of %d", f.Name, most-begin, out.n)
		}
	}
}

// counted tells each time that so many bytes more were written.
type counted struct {
	n, told, each int
	tell          func()
}

// Write counts.
func (c *counted) Write(b []byte) (int, error) {
	if c.n += len(b); c.n-c.told >= c.each {
		c.told = c.n
		c.tell()
	}
	return len(b), nil
}

// TestLinkedDataHasEveryRecord counts the records of JSON-LD by their ids.
func TestLinkedDataHasEveryRecord(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, 1, 20, 30)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	open, finish := exchange.FormatOf("jsonld", "").One(&b)
	n, err := exchange.FormatOf("jsonld", "").Export(t.Context(), cat, s, open)
	if err := errors.Join(err, finish()); err != nil {
		t.Fatal(err)
	}
	var data struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal(b.Bytes(), &data); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, x := range data.Graph {
		id, _ := x["id"].(string)
		there[id] = true
	}
	if want := n.Sources + n.Nodes + n.Links; len(there) != want || n.Links == 0 {
		t.Errorf("%d records have %d objects", want, len(there))
	}
}

// TestWhatIsNotVerifiedSaysSo: of two pieces of evidence the one whose words are not in the text is marked.
func TestWhatIsNotVerifiedSaysSo(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("a.jsonl", []byte(
		`{"source":"ARTICLE","id":"s_t","title":"T","text":"Ann is at Acme."}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[{"source":"s_t","excerpt":"Ann is at Acme"},{"source":"s_t","excerpt":"Ann leads Acme","verified":false}]}
`))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := formatted(t, cat, s, exchange.FormatOf("cyjs", ""))
	if err != nil {
		t.Fatal(err)
	}
	r, err := files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.ReplaceAll(string(b), `\"`, `"`)
	if strings.Count(said, `"verified":false`) != 1 || !strings.Contains(said, `"excerpt":"Ann leads Acme","stance":"SUPPORTS","verified":false`) {
		t.Errorf("the export has\n%s", said)
	}
}
