package formats_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/others"
)

// hard is what formats could trip over: several pieces of evidence, some against, links side by side, dates that are
// not whole, characters that mean something.
const hard = `{"source":"REPORT","id":"s_a","title":"A <report> & \"more\"","url":"https://example.org/a?b=1&c=2","text":"Zoë sits on the board of Acme & Sons. She said so."}
{"source":"ARTICLE","id":"s_b","title":"B","text":"Zoë never sat there."}
{"node":"PERSON","id":"zoe","name":"Zoë \"Z\" <b>&amp; 李\\","born":"1970","aliases":["Z; Y","[W]"],"externalIds":[{"scheme":"wikidata","value":"Q1","url":"https://example.org/Q1"}],"description":"one\n\"two\",\tthree\u0001"}
{"node":"INSTITUTION","id":"acme","name":"Acme & Sons","founded":"1899-02","dissolved":"2001-03-04"}
{"node":"EVENT","id":"fair","name":"-- fair","startsOn":"2020-02","attendance":7}
{"node":"PLACE","id":"town","name":"Town","latitude":-1.5e-7,"longitude":120}
{"link":"AFFILIATED_WITH","from":"zoe","to":"acme","role":"board, \"chair\"","since":"1999","until":"2000-02","evidence":[{"source":"s_b","excerpt":"Zoë never sat there","stance":"REFUTES"},{"source":"s_a","excerpt":"Zoë sits on the board of Acme & Sons","suffix":"."}]}
{"link":"AFFILIATED_WITH","from":"zoe","to":"acme","role":"member","evidence":[{"source":"s_a","excerpt":"Zoë sits on the board of Acme & Sons"}]}
{"link":"PARTICIPATED_IN","from":"zoe","to":"fair","evidence":[{"source":"s_b","excerpt":"Zoë never sat there","stance":"REFUTES"}]}
{"link":"ORGANIZED","from":"acme","to":"fair","evidence":[{"source":"s_b","excerpt":"not there at all","verified":false}]}
`

// filled returns a store with the sample and what is hard.
func filled(t *testing.T, open both.Open) store.Store {
	t.Helper()
	cat := both.Catalog(t)
	s := open(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{
		exchange.FromBytes("sample.jsonl", sample.Data), exchange.FromBytes("hard.jsonl", []byte(hard)),
	}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// written exports a store, each part to a file of a folder, and returns the files by their parts.
func written(t *testing.T, s store.Store, name string) map[string]string {
	t.Helper()
	f := exchange.FormatOf(name, "")
	dir, files := t.TempDir(), map[string]string{}
	if _, err := f.Export(t.Context(), both.Catalog(t), s, func(part string) (io.Writer, error) {
		path := filepath.Join(dir, f.PartName(part))
		files[part] = path
		to, err := os.Create(path)
		if err == nil {
			t.Cleanup(func() { _ = to.Close() })
		}
		return to, err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

type record = map[string]any

// truth are the records of a store as its lines say, entities and links by id.
type truth struct{ sources, nodes, links map[string]record }

func truthOf(t *testing.T, s store.Store) truth {
	t.Helper()
	out := truth{map[string]record{}, map[string]record{}, map[string]record{}}
	var b bytes.Buffer
	if _, err := exchange.Export(t.Context(), both.Catalog(t), s, &b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for key, list := range map[string]map[string]record{"source": out.sources, "node": out.nodes, "link": out.links} {
			if _, ok := r[key]; ok {
				list[r["id"].(string)] = r
			}
		}
	}
	if len(out.nodes) < 30 || len(out.links) < 60 {
		t.Fatalf("there are %d nodes and %d links", len(out.nodes), len(out.links))
	}
	return out
}

// first is the piece of evidence that a flat form shows.
func first(link record) record {
	list := link["evidence"].([]any)
	for _, e := range list {
		if e := e.(record); e["stance"] == nil {
			return e
		}
	}
	return list[0].(record)
}

// wanted are the values that a format with single values must have of an entity or a link.
func wanted(tr truth, id string) record {
	out := record{}
	if n, ok := tr.nodes[id]; ok {
		for key, v := range n {
			switch key {
			case "node":
				out["type"] = v
			case "id", "aliases", "externalIds":
			case "description":
				out[key] = strings.ReplaceAll(v.(string), "\u0001", "\ufffd")
			default:
				out[key] = v
			}
		}
		return out
	}
	l := tr.links[id]
	for _, key := range []string{"from", "to", "role", "since", "until", "createdAt", "updatedAt"} {
		if l[key] != nil {
			out[key] = l[key]
		}
	}
	out["kind"] = l["link"]
	e := first(l)
	out["excerpt"], out["sourceId"] = e["excerpt"], e["source"]
	s := tr.sources[e["source"].(string)]
	out["sourceTitle"], out["sourceKind"] = s["title"], s["source"]
	if s["url"] != nil {
		out["url"] = s["url"]
	}
	return out
}

// agrees compares what a program found with what is true.
func agrees(t *testing.T, tr truth, what string, ids, found map[string]record) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(ids)); !slices.Equal(got, want) {
		t.Fatalf("%s: %s", what, cmp.Diff(want, got))
	}
	for id, r := range found {
		for key, want := range wanted(tr, id) {
			if got := r[key]; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s of %s is %q, not %q", what, key, id, got, want)
			}
		}
	}
}

// TestProgramsOfOthersReadWhatIsWritten has networkx read GraphML, GEXF and Cytoscape's JSON, and Python's own csv the
// pairs of tables: every entity and link, with its dates, words, source and address.
func TestProgramsOfOthersReadWhatIsWritten(t *testing.T) {
	s := filled(t, both.SQLite(both.Catalog(t)))
	tr := truthOf(t, s)
	for _, form := range []string{"graphml", "gexf", "cyjs"} {
		var found struct {
			Directed     bool
			Nodes, Links map[string]record
		}
		judged(t, form, written(t, s, form)[""], &found)
		if !found.Directed {
			t.Errorf("%s is not directed", form)
		}
		if form == "cyjs" { // JSON holds every character
			found.Nodes["zoe"]["description"] = strings.ReplaceAll(found.Nodes["zoe"]["description"].(string), "\u0001", "\ufffd")
		}
		agrees(t, tr, form, tr.nodes, found.Nodes)
		agrees(t, tr, form, tr.links, found.Links)
		if form != "gexf" {
			continue
		}
		days := func(r record) string { return fmt.Sprint(r["start"], " ", r["end"]) }
		for id, want := range map[string]string{
			"zoe": "1970-01-01 <nil>", "acme": "1899-02-01 2001-03-04", "fair": "2020-02-01 2020-02-29", "town": "<nil> <nil>",
		} {
			if got := days(found.Nodes[id]); got != want {
				t.Errorf("%s is from %s, not %s", id, got, want)
			}
		}
		for id, l := range tr.links {
			want := "<nil> <nil>"
			if l["role"] == `board, "chair"` {
				want = "1999-01-01 2000-02-29"
			}
			if got := days(found.Links[id]); l["since"] == nil && l["until"] == nil && got != "<nil> <nil>" || want != "<nil> <nil>" && got != want {
				t.Errorf("the link %s is from %s, not %s", id, got, want)
			}
		}
		colour := fmt.Sprint(found.Nodes["zoe"]["viz"].(record)["color"])
		if colour == fmt.Sprint(found.Nodes["acme"]["viz"].(record)["color"]) || !strings.Contains(colour, "r:0") {
			t.Errorf("the colour of a person is %s", colour)
		}
	}
	delete(tr.nodes["town"], "latitude") // -1.5e-7 is written in another way, and is the same number
	for _, form := range []string{"csv", "tsv"} {
		files := written(t, s, form)
		for part, ids := range map[string]map[string]record{"nodes": tr.nodes, "links": tr.links} {
			var found struct{ Rows map[string]record }
			judged(t, form, files[part], &found)
			if part == "nodes" {
				found.Rows["zoe"]["description"] = strings.ReplaceAll(found.Rows["zoe"]["description"].(string), "\u0001", "\ufffd")
			}
			agrees(t, tr, form, ids, found.Rows)
		}
	}
}

// TestLinkedDataExpands has pyld expand and flatten what is written: every record is there under full names, every piece
// of evidence selects its words in its source, and what is refuted is told and not stated.
func TestLinkedDataExpands(t *testing.T) {
	s := filled(t, both.SQLite(both.Catalog(t)))
	tr := truthOf(t, s)
	var found struct{ Records map[string]record }
	judged(t, "jsonld", written(t, s, "jsonld")[""], &found)
	// value is the only value of a property: the value of a literal, the id of a thing
	value := func(r record, name string) any {
		list, _ := r[name].([]any)
		if len(list) != 1 {
			return list
		}
		if v, ok := list[0].(record)["@value"]; ok {
			return v
		}
		return list[0].(record)["@id"]
	}
	const ours, vocab, oa, rdf = "urn:throughline:", "urn:throughline:vocab:", "http://www.w3.org/ns/oa#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	for id, n := range tr.nodes {
		if got := value(found.Records[ours+id], "https://schema.org/name"); got != n["name"] {
			t.Errorf("the name of %s is %v", id, got)
		}
		if types := fmt.Sprint(found.Records[ours+id]["@type"]); !strings.Contains(types, vocab+n["node"].(string)) {
			t.Errorf("%s is of types %s", id, types)
		}
	}
	for id, s := range tr.sources {
		if r := found.Records[ours+id]; value(r, "https://schema.org/name") != s["title"] || s["url"] != nil && value(r, "https://schema.org/url") != s["url"] {
			t.Errorf("the source %s is %v", id, r)
		}
	}
	quoted := map[string]int{}
	for _, r := range found.Records {
		if fmt.Sprint(r["@type"]) != "["+oa+"Annotation]" {
			continue
		}
		target := found.Records[value(r, oa+"hasTarget").(string)]
		selector := found.Records[value(target, oa+"hasSelector").(string)]
		quoted[fmt.Sprint(value(r, oa+"hasBody"), value(target, oa+"hasSource"), value(selector, oa+"exact"), value(selector, oa+"suffix"))]++
	}
	all := 0
	for id, l := range tr.links {
		r := found.Records[ours+id]
		for name, want := range map[string]any{
			rdf + "subject": ours + l["from"].(string), rdf + "predicate": vocab + l["link"].(string), rdf + "object": ours + l["to"].(string),
			vocab + "role": l["role"], vocab + "since": l["since"],
		} {
			if got := value(r, name); want != nil && got != want {
				t.Errorf("%s of %s is %v, not %v", name, id, got, want)
			}
		}
		refuted := true
		for _, e := range l["evidence"].([]any) {
			e := e.(record)
			suffix := e["suffix"]
			if suffix == nil {
				suffix = []any(nil)
			}
			if quoted[fmt.Sprint(ours+id, ours+e["source"].(string), e["excerpt"], suffix)] != 1 {
				t.Errorf("the words %q of %s are not annotated once", e["excerpt"], id)
			}
			refuted = refuted && e["stance"] == "REFUTES"
			all++
		}
		stated := strings.Contains(fmt.Sprint(found.Records[ours+l["from"].(string)][vocab+l["link"].(string)]), ours+l["to"].(string)+"]")
		if stated == refuted {
			t.Errorf("the link %s is refuted: %v, stated: %v", id, refuted, stated)
		}
	}
	if sum := len(quoted); sum != all {
		t.Errorf("%d pieces of evidence are annotated, of %d", sum, all)
	}
}

// TestFollowTheMoneyIsValid has `ftm validate` read what is written: all that was written is there afterwards, every end is
// of a schema that its link can have, and of each record nothing is lost that the format can hold.
func TestFollowTheMoneyIsValid(t *testing.T) {
	s := filled(t, both.SQLite(both.Catalog(t)))
	tr := truthOf(t, s)
	path := written(t, s, "ftm")[""]
	var found struct {
		Records map[string]struct {
			Schema     string
			Properties map[string][]string
		}
		Wrong []any
	}
	judged(t, "ftm", path, &found)
	if len(found.Wrong) > 0 {
		t.Errorf("these are wrong: %v", found.Wrong)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(b)) {
		var r struct {
			ID, Schema string
			Properties map[string][]string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		lines++
		got := found.Records[r.ID]
		for name, values := range r.Properties {
			if len(got.Properties[name]) != len(values) {
				t.Errorf("of %s of %s, %q, remains %q", name, r.ID, values, got.Properties[name])
			}
		}
	}
	if lines != len(found.Records) || lines < 40 {
		t.Errorf("%d of %d lines are valid", len(found.Records), lines)
	}
	if got := found.Records["zoe"]; got.Schema != "Person" || fmt.Sprint(got.Properties["birthDate"]) != "[1970]" {
		t.Errorf("zoe is %v", got)
	}
	held := 0
	for id, l := range tr.links {
		got, ok := found.Records["id.."+strings.Replace(id, "_", ".u", 1)]
		if !ok {
			continue
		}
		held++
		for _, e := range l["evidence"].([]any) {
			e := e.(record)
			said := slices.Contains(got.Properties["description"], strings.TrimSpace(e["excerpt"].(string)))
			if said == (e["stance"] == "REFUTES") {
				t.Errorf("%s has the words %q: %v", id, e["excerpt"], said)
			}
		}
	}
	if held < 20 {
		t.Errorf("%d links are there", held)
	}
}

// TestGraphvizDraws has dot draw every entity and link, with the words of a link as its title.
func TestGraphvizDraws(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs Graphviz")
	}
	if _, err := exec.LookPath("dot"); err != nil {
		others.Missing(t, "what needs Graphviz", err)
	}
	s := filled(t, both.SQLite(both.Catalog(t)))
	tr := truthOf(t, s)
	c := exec.CommandContext(t.Context(), "dot", "-Tsvg", written(t, s, "dot")[""])
	var stderr bytes.Buffer
	c.Stderr = &stderr
	svg, err := c.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	drawn := string(svg)
	if n := strings.Count(drawn, `class="node"`); n != len(tr.nodes) {
		t.Errorf("%d of %d nodes are drawn", n, len(tr.nodes))
	}
	if n := strings.Count(drawn, `class="edge"`); n != len(tr.links) {
		t.Errorf("%d of %d links are drawn", n, len(tr.links))
	}
	for _, want := range []string{
		`>Zoë &quot;Z&quot; &lt;b&gt;&amp;amp; 李\</text>`, `xlink:title="Zoë sits on the board of Acme &amp; Sons"`,
		`xlink:href="https://example.org/a?b=1&amp;c=2"`,
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
}

// TestBothStoresExportTheSameBytes holds every format to the bytes of the other store, and the zip to the bytes of its
// parts.
func TestBothStoresExportTheSameBytes(t *testing.T) {
	cat := both.Catalog(t)
	want := map[string]string{}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := filled(t, open)
		for _, name := range exchange.FormatNames((*exchange.Format).Writes) {
			for part, path := range written(t, s, name) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if was, ok := want[name+part]; ok && was != string(b) {
					t.Errorf("%s %s has other bytes", name, part)
				}
				want[name+part] = string(b)
			}
			f := exchange.FormatOf(name, "")
			if f.Parts == nil {
				continue
			}
			var packed bytes.Buffer
			to, finish := f.One(&packed)
			if _, err := f.Export(t.Context(), cat, s, to); err != nil {
				t.Fatal(err)
			}
			if err := finish(); err != nil {
				t.Fatal(err)
			}
			z, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range f.Parts {
				within, err := z.Open(f.PartName(part))
				if err != nil {
					t.Fatal(err)
				}
				if b, err := io.ReadAll(within); err != nil || string(b) != want[name+part] {
					t.Errorf("%s of the zip has %d bytes, not %d: %v", part, len(b), len(want[name+part]), err)
				}
			}
		}
	})
}
