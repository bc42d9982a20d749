package exchange_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// read imports one file into an empty store, and returns the lines of that.
func read(t *testing.T, cat *catalog.Catalog, open both.Open, f exchange.File) (string, exchange.Report, error) {
	t.Helper()
	s := open(t)
	report, err := exchange.Import(t.Context(), cat, s, []exchange.File{f}, exchange.Options{})
	if err != nil {
		if empty, emptied := s.Empty(t.Context()); emptied != nil || !empty {
			t.Errorf("%s: something was written: %v", f.Name, emptied)
		}
		return "", report, err
	}
	return exportedBy(t, cat, s), report, nil
}

// repeated is a file that is made as it is read.
func repeated(name, head, part string, times int, tail string) exchange.File {
	return exchange.File{Name: name, Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			_, err := io.WriteString(w, head)
			for i := 0; i < times && err == nil; i++ {
				_, err = io.WriteString(w, part)
			}
			if err == nil {
				_, err = io.WriteString(w, tail)
			}
			_ = w.CloseWithError(err)
		}()
		return r, nil
	}}
}

const (
	graphmlHead = `<graphml><key id="t" for="node" attr.name="type"/><key id="k" for="edge" attr.name="kind"/><graph edgedefault="directed">` + "\n"
	gexfHead    = `<gexf version="1.3"><graph defaultedgetype="directed"><attributes class="node"><attribute id="0" title="type" type="string"/></attributes>` + "\n"
)

// TestFilesThatCannotBeReadAreRefused has files of every kind of fault: each is told with its place and what to do, and
// nothing is written.
func TestFilesThatCannotBeReadAreRefused(t *testing.T) {
	cat := both.Catalog(t)
	text := func(name, s string) exchange.File { return exchange.FromBytes(name, []byte(s)) }
	for _, c := range []struct {
		file exchange.File
		want string
	}{
		{text("a.csv", "a,b\n1,2\n"), `a.csv:1: the row has the columns a, b, which do not say what they are: `},
		{text("a.csv", "id,name,type\nx,X,PERSON\ny,Y\n"), `a.csv:3: the row has 2 values where the header names 3 columns: is a quotation mark or a delimiter missing?`},
		{text("a.csv", "id,name,type\nx,\"X,PERSON\n"), `a.csv:2: the row has a quotation mark that does not end its value, or that is never closed`},
		{text("a.csv", "id,name,type\nx,X \"Y\" Z,PERSON\n"), `a.csv:2: the row has a quotation mark within a value: write it twice`},
		{text("a.csv", "id,name,type\nx,X,PERSON\ny,Ren\xe9,PERSON\n"), `a.csv:3: the row is not UTF-8 at byte 6 (0xE9): save the file as UTF-8, or say --encoding windows-1252`},
		{text("a.csv", "id,name,type\nx,X,PERSON\ny,Y\xc3"), `a.csv:3: the row is not UTF-8 at byte 4 (0xC3)`},
		{text("a.csv", "id,name,type,name\n"), `a.csv:1: the row names the column "name" twice`},
		{text("a.csv", "id,name,type\nx,X,PERSONN\n"), `a.csv:2: the row has the unknown type of node "PERSONN"; do you mean PERSON?`},
		{text("a.csv", "id,name,type,born\nx,X,PERSON,1970-13\n"), `a.csv:2: the row has in born what is no date`},
		{text("a.csv", "id,name,type,born\nx,X,PERSON,1970\ny,Y,PERSON,\nx,X,PERSON,1971\n"), `a.csv:4: the row says of x that its born is 1971, and line 2 that it is 1970`},
		{text("a.csv", "id,name,type\nx,X,PERSON\nx,X,PLACE\n"), `a.csv:3: the row says of x that its type is PLACE, and line 2 that it is PERSON`},
		{text("a.csv", "id,name,type,attendance\nx,X,EVENT,many\n"), `a.csv:2: the row has in attendance what is no whole number`},
		{text("a.csv", "from,to,kind\nx,y,AFFILIATED_WITH\n"), `a.csv:2: the row links from x, which stands neither above nor in the store`},
		{text("a.csv", "from,to,kind\nx,,SAID\n"), `a.csv:2: the row has nothing in {to}, where a link needs the id of an entity`},
		{text("a.csv", "Source,Target,Type,Weight\nx,y,Directed,1\n"), `a.csv:1: the row names no column of kinds of links`},
		{text("a.csv", "x:ID,name\n1,X\n"), `a.csv:1: the row is a header of Neo4j's import without :ID and :LABEL`},
		{repeated("a.csv", "id", ",c", 300_000, "\n"), `a.csv:1: the row has 300,001 columns; at most 1000 fit`},
		{repeated("a.csv", "id", ",column", 1_000_000, "\n"), `a.csv:1: the row has more than 1048576 bytes: is a quotation mark not closed?`},
		{repeated("a.csv", "id,name,type\nx,\"", strings.Repeat("z", 1000)+"\n", 1_000_000, ""), `a.csv:2: the row has more than 1048576 bytes: is a quotation mark not closed?`},
		{text("a.csv", "PK\x03\x04…"), `a.csv is a zip file whose name does not end in .zip: rename it, or unpack it, and name that`},
		{text("a.dot", "digraph {}"), `a.dot is of format dot, which is written and not read`},
		{text("a.graphml", "<!-- -->"), `a.graphml:1: the element is not there: <graphml> should begin`},
		{text("a.graphml", "<html></html>"), `a.graphml:1: the element is <html> where <graphml> should begin`},
		{text("a.graphml", graphmlHead+`<node id="x"><data key="t">PERSON</data></node>`+"\n<node"), `a.graphml:3: the element is no XML: unexpected EOF`},
		{text("a.graphml", graphmlHead+`<node id="x"></nod>`), `a.graphml:2: the element is no XML: `},
		{text("a.graphml", graphmlHead+`<node id="x"/></graph></graphml>`), `a.graphml:2: the element has no type of node: give nodes an attribute type, one of PERSON,`},
		{text("a.graphml", graphmlHead+"<node id=\"a\xff\"/>"), `a.graphml:2: the element is not UTF-8 at byte 12 (0xFF)`},
		{text("a.graphml", `<?xml version="1.0" encoding="klingon"?>`+graphmlHead), `the encoding klingon is not known`},
		{text("a.graphml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`+graphmlHead+`<node id="x"><data key="t">&b;</data></node>`), `a.graphml:2: the element is no XML: invalid character entity &b;`},
		{repeated("a.graphml", graphmlHead, "<g>", 10_000_000, ""), `a.graphml:2: the element stands in more than 100 others`},
		{repeated("a.graphml", graphmlHead+"<node id='x'><data key='t'>", strings.Repeat("z", 1000), 1_000_000, ""), `a.graphml:2: the element has more than 1048576 bytes`},
		{repeated("a.graphml", graphmlHead+"<node id='x' ", "a='b' ", 10_000_000, ""), `a.graphml:2: the element has more than 1048576 bytes`},
		{text("a.gexf", gexfHead+`<nodes><node id="x" label="X"/></nodes>`), `a.gexf:2: the element has no type of node`},
		{text("a.gexf", gexfHead+`<nodes><node id="x" label="X"><attvalues><attvalue for="0" value="PERSON"/></attvalues></node></nodes><edges><edge source="x" target="x"/></edges>`), `a.gexf:2: the element `},
		{text("a.gexf", "<graphml/>"), `a.gexf:1: the element is <graphml> where <gexf> should begin`},
	} {
		_, _, err := read(t, cat, both.SQLite(cat), c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %s\ngot  %v", c.want, err)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%s: the error has %d bytes", c.file.Name, len(err.Error()))
		}
	}
}

// TestNothingIsNoFault: a file of nothing, or of white space, holds no records in any format, and that is told.
func TestNothingIsNoFault(t *testing.T) {
	cat := both.Catalog(t)
	for _, f := range exchange.Formats() {
		for _, b := range []string{"", " \n", "\xef\xbb\xbf\r\n"} {
			if !f.Reads() {
				continue
			}
			name := "a" + f.Extensions[0]
			_, report, err := read(t, cat, both.SQLite(cat), exchange.FromBytes(name, []byte(b)))
			if err != nil || len(report.Warnings) != 1 || string(report.Warnings[0]) != name+": there is nothing in it" {
				t.Errorf("%q of %s: %v %v", b, f.Name, report.Warnings, err)
			}
		}
	}
}

// TestNotesAreBounded: who imports says why, in a few sentences.
func TestNotesAreBounded(t *testing.T) {
	cat := both.Catalog(t)
	for n, want := range map[int]kg.Code{kg.MaxNote: "", kg.MaxNote + 1: kg.BadUserInput} {
		_, err := exchange.Import(t.Context(), cat, both.SQLite(cat)(t), []exchange.File{exchange.FromBytes("a.jsonl", nil)},
			exchange.Options{Note: strings.Repeat("é", n)})
		if (err != nil) != (want != "") || err != nil && kg.CodeOf(err) != want {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

// TestRowsAreReadInEveryEncoding has one table in several encodings, with several delimiters: each says the same.
func TestRowsAreReadInEveryEncoding(t *testing.T) {
	cat := both.Catalog(t)
	const table = "id,name,type,born\nx,\"Zoë, the \"\"Z\"\"\",PERSON,1970\n\ny,Œuvre,THEME,\n"
	encoded := func(e interface{ String(string) (string, error) }, s string) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tabs := strings.ReplaceAll(strings.ReplaceAll(table, "Zoë, the", "Zoë§ the"), ",", "\t")
	tabs = strings.ReplaceAll(tabs, "§", ",")
	semis := strings.ReplaceAll(tabs, "\t", ";")
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	want := ""
	for _, c := range []struct{ name, content, encoding string }{
		{"a.csv", table, ""},
		{"a.csv", "\ufeff" + table, ""},
		{"a.csv", strings.ReplaceAll(table, "\n", "\r\n"), "utf-8"},
		{"a.tsv", tabs, ""},
		{"a.csv", semis, ""},
		{"a.csv", "sep=;\r\n" + semis, ""},
		{"a.csv", encoded(utf16, tabs), ""},
		{"a.csv", encoded(charmap.Windows1252.NewEncoder(), table), "windows-1252"},
		{"a.csv", encoded(charmap.Windows1252.NewEncoder(), semis), "Windows 1252"},
		{"table", table, ""}, // as it begins
		{"table", semis, ""},
		{"table", tabs, ""},
	} {
		f := exchange.FromBytes(c.name, []byte(c.content))
		f.Terms.Encoding = c.encoding
		got, _, err := read(t, cat, both.SQLite(cat), f)
		if err != nil {
			t.Fatalf("%.20q: %v", c.content, err)
		}
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, `"name":"Zoë, the \"Z\""`) {
			t.Errorf("%.20q: %s", c.content, got)
		}
	}
}

// TestForeignFilesAreReadLeniently has what other programs write: what is read as something that it is not quite is
// told.
func TestForeignFilesAreReadLeniently(t *testing.T) {
	cat := both.Catalog(t)
	people := `{"node":"PERSON","id":"ann","name":"Ann","born":"1970"` + "\n" + `{"node":"INSTITUTION","id":"acme","name":"Acme"`
	for _, c := range []struct {
		name, content string
		want, told    []string
	}{
		{
			"gephi-nodes.csv", "Id,Label,Type,Born\nann,Ann,person,1970.0\nacme,Acme,Institution,\n",
			[]string{people},
			[]string{"dates in other forms are read as ours: 1970.0 as 1970"},
		},
		{
			"neo4j.csv", "personId:ID(Person),name,born:INT,:LABEL\nkeanu,Keanu Reeves,1964,Person;Actor\n",
			[]string{`{"node":"PERSON","id":"person-keanu","name":"Keanu Reeves","born":"1964"`},
			nil,
		},
		{
			"rows.csv", "name,type,aliases,wikidata\n", []string{`{"throughline":1}`}, []string{"there is nothing in it"},
		},
		{"a.jsonl", "", nil, []string{"there is nothing in it"}},
		{ // what several rows say of one is put together
			"parts.csv", "id,name,type,aliases,born,died,description\nx,X,PERSON,,,,\nx,,PERSON,,1970,,\nx,,PERSON,,,2020,\nx,,PERSON,,,,Of parts\n",
			[]string{`"description":"Of parts"`, `"born":"1970","died":"2020"`},
			nil,
		},
		{ // ids and ends are the elements' own
			"a.graphml", `<graphml><key id="t" for="node" attr.name="type"/><key id="i" for="node" attr.name="id"/><key id="k" for="edge" attr.name="kind"/>` +
				`<key id="s" for="edge" attr.name="source"/><graph edgedefault="directed"><node id="a"><data key="t">PERSON</data><data key="i">q7</data></node>` +
				`<node id="b"><data key="t">INSTITUTION</data></node><node id="c"><data key="t">PERSON</data></node>` +
				`<edge source="a" target="b"><data key="k">AFFILIATED_WITH</data><data key="s">c</data></edge></graph></graphml>`,
			[]string{`"from":"a","to":"b"`},
			[]string{"attributes called id, and those of edges called source or target, are left out"},
		},
		{
			"a.csv", "name,type,born,aliases\n,PERSON,,\n,PERSON,1970,\nX,PERSON,1971,\n,,,Y\n",
			[]string{`"name":"X"`},
			[]string{"what has neither a name nor an id is left out, first in line 3"},
		},
		{
			"a.graphml", `<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key id="d0" for="node" attr.name="type"/><key id="d1" for="node" yfiles.type="nodegraphics"/><key id="d2" for="edge" yfiles.type="edgegraphics"/>
<key id="d3" for="node" attr.name="born"><default></default></key><key id="d4" for="node" attr.name="shoe"/>
<graph edgedefault="undirected">
<edge id="e0" source="n0" target="n1"><data key="d2"><y:PolyLineEdge><y:EdgeLabel>affiliated with</y:EdgeLabel></y:PolyLineEdge></data></edge>
<node id="n0"><data key="d0">Person</data><data key="d1"><y:ShapeNode><y:NodeLabel>Ann</y:NodeLabel></y:ShapeNode></data><data key="d3">1970</data></node>
<node id="n1"><data key="d0">institution</data><data key="d1"><y:ShapeNode><y:NodeLabel>Acme</y:NodeLabel></y:ShapeNode></data></node>
</graph></graphml>`,
			[]string{
				`{"source":"DATASET","id":"s_a-graphml","title":"a.graphml"}`, `"id":"n0","name":"Ann","born":"1970"`,
				`{"link":"AFFILIATED_WITH"`, `"from":"n0","to":"n1","evidence":[{"source":"s_a-graphml","excerpt":"<edge id=\"e0\" source=\"n0\" target=\"n1\">`,
			},
			[]string{"edges without a direction are read from their source to their target", "attributes that mean nothing here are left out: d1, d2, shoe"},
		},
		{
			"a.gexf", `<?xml version="1.0" encoding="ISO-8859-1"?><gexf xmlns="http://www.gexf.net/1.1draft" version="1.1"><graph defaultedgetype="directed">
<attributes class="node"><attribute id="0" title="type" type="string"><default>PERSON</default></attribute></attributes>
<nodes><node id="a b" label="Zo` + "\xeb" + `"/><node id="acme" label="Acme"><attvalues><attvalue id="0" value="INSTITUTION"/></attvalues></node></nodes>
<edges><edge id="0" source="a b" target="acme" label="AFFILIATED_WITH" start="1999-01-02"><spells><spell start="2000"/></spells></edge></edges></graph></gexf>`,
			[]string{
				`"node":"PERSON","id":"a-b","name":"Zoë"`, `"from":"a-b","to":"acme","since":"1999-01-02"`, `"excerpt":"<edge id=\"0\" source=\"a b\"`,
			},
			[]string{`ids that are none here, such as "a b", are written as a-b`, "spells are left out"},
		},
	} {
		got, report, err := read(t, cat, both.SQLite(cat), exchange.FromBytes(c.name, []byte(c.content)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			for line := range strings.Lines(want) {
				if !strings.Contains(got, strings.TrimSuffix(line, "\n")) {
					t.Errorf("%s lacks %s:\n%s", c.name, line, got)
				}
			}
		}
		said := fmt.Sprint(report.Warnings)
		for _, want := range c.told {
			if !strings.Contains(said, c.name+": "+want) {
				t.Errorf("%s: %q is not told: %s", c.name, want, said)
			}
		}
		if len(report.Warnings) != len(c.told) {
			t.Errorf("%s: %s", c.name, said)
		}
	}
}

// TestAMappingSaysWhatColumnsMean reads one table by mappings that say it in several ways, on both stores.
func TestAMappingSaysWhatColumnsMean(t *testing.T) {
	cat := both.Catalog(t)
	const table = "First,Last,Firm,What,From,Cite,Page\n" +
		"Ann,Berg,Acme,boss,1999,Staff list,https://example.org/1\n" +
		"Ann,Berg,,,,,\n" +
		"Omar,Haddad,Acme,worker,03.09.2018,,\n"
	const mapping = `{"source":{"title":"{Cite}","url":"{Page}","kind":"report"},
"nodes":[{"as":"person","node":"PERSON","name":"{First} {Last}"},{"as":"firm","node":"INSTITUTION","name":"{Firm}"}],
"links":[{"link":"AFFILIATED_WITH","from":"person","to":"firm","role":"{What}","since":"{From}","excerpt":"{First} is {What} of {Firm}"}],
"values":{"What":{"boss":"Director"}},"unused":[],"sample":[]}`
	m, err := exchange.ReadMapping([]byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		f := exchange.FromBytes("staff.csv", []byte(table))
		f.Terms = exchange.Terms{Mapping: m, Source: map[string]string{"kind": "DATASET", "title": "The table", "url": "https://example.org/t"}}
		got, _, err := read(t, cat, open, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`{"source":"REPORT","id":"s_staff-list","title":"Staff list","url":"https://example.org/1"}`,
			`{"source":"DATASET","id":"s_the-table","title":"The table","url":"https://example.org/t"}`,
			`"from":"ann-berg","to":"acme","role":"Director","since":"1999","evidence":[{"source":"s_staff-list","excerpt":"Ann is Director of Acme"}]`,
			`"from":"omar-haddad","to":"acme","role":"worker","since":"2018-09-03","evidence":[{"source":"s_the-table","excerpt":"Omar is worker of Acme"}]`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("lacks %s:\n%s", want, got)
			}
		}
		if n := strings.Count(got, `{"node":`); n != 3 {
			t.Errorf("there are %d nodes:\n%s", n, got)
		}
	})
	for wrong, want := range map[string]string{
		`{"nodes":[]}`:                             `has no nodes and no links`,
		`{"nodes":[{"name":"{A}"}]}`:               `has no "node" in nodes.0`,
		`{"nodes":[{"node":"PERSON"}]}`:            `has neither "name" nor "id" in nodes.0`,
		`{"links":[{"link":"SAID","from":"{A}"}]}`: `has no "to" in links.0`,
		`{"nodes":[{"node":"PERSON","name":1}]}`:   `has a value of the wrong type in "nodes.0.name"`,
		`{"nods":[]}`:                              `do you mean nodes?`,
		`{"nodes":[{"node":"P","name":"x {A"}]}`:   `has in nodes.0.name a brace without its other one: write {Column}`,
		`{"nodes":[{"node":"P","name":"{A}"}],"links":[{"link":"SAID","from":"{A}","to":"B}"}]}`: `has in links.0.to a brace`,
		`{`: `is not one JSON object`,
		`{"nodes":[{"node":"P","name":"{A}"}]} more`: `is not one JSON object`,
	} {
		if _, err := exchange.ReadMapping([]byte(wrong)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, err := exchange.ReadMapping([]byte(`{"nodes":[{"as":"a","node":"PERSON","name":"{A}"},{"as":"a","node":"PERSON","name":"{B}"}]}`)); err == nil ||
		!strings.Contains(err.Error(), `calls two nodes "a", the second in nodes.1`) {
		t.Errorf("two of one name: %v", err)
	}
	// one fault, one line; and what --encoding says is what it is read in, whatever it says itself
	drawn := exchange.FromBytes("a.graphml", []byte(graphmlHead+`<node id="x"/><edge source="x" target="x"/></graph></graphml>`))
	_, _, err = read(t, cat, both.SQLite(cat), drawn)
	if n := strings.Count(fmt.Sprint(err), "\n"); n != 1 {
		t.Errorf("an element without a type and one without a kind have the faults %v", err)
	}
	drawn = exchange.FromBytes("a.graphml", []byte(graphmlHead+"<node id=\"x\" label=\"Zo\xeb\"><data key=\"t\">PERSON</data></node></graph></graphml>"))
	drawn.Terms.Encoding = "windows-1252"
	if got, _, err := read(t, cat, both.SQLite(cat), drawn); !strings.Contains(got, "Zoë") {
		t.Errorf("in another encoding: %s, %v", got, err)
	}
	f := exchange.FromBytes("other.csv", []byte("A,B\n1,2\n"))
	f.Terms.Mapping = m
	_, _, err = read(t, cat, both.SQLite(cat), f)
	var bad *exchange.BadLinesError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), `other.csv:1: the row lacks the column "Cite" that the mapping names; it has A, B`) {
		t.Errorf("%v", err)
	}
}

// TestTypesAndKindsMayBeGiven reads files of other programs that say neither what their nodes are nor what joins them: they
// are what the reader says. What says it keeps its own.
func TestTypesAndKindsMayBeGiven(t *testing.T) {
	cat := both.Catalog(t)
	given := exchange.Terms{Type: "INSTITUTION", Kind: "part of"}
	const ids = `{"node":"INSTITUTION","id":"lse","name":"LSE"}` + "\n" + `{"node":"INSTITUTION","id":"uol","name":"UoL"}` + "\n"
	for name, files := range map[string][][2]string{
		"Gephi": {
			{"nodes.csv", "Id,Label,timeset\nlse,LSE,\nuol,UoL,\n"},
			{"edges.csv", "Source,Target,Type,Id,Label,timeset,Weight\nlse,uol,Directed,0,,,1.0\n"},
		},
		"Gephi, its shortest": {{"nodes.csv", "Id,Label\nlse,LSE\nuol,UoL\n"}, {"edges.csv", "Source,Target,Type,Weight\nlse,uol,Undirected,1\n"}},
		"Neo4j":               {{"nodes.csv", "id:ID,name,:IGNORE\nlse,LSE,x\nuol,UoL,y\n"}, {"edges.csv", ":START_ID,:END_ID\nlse,uol\n"}},
		"Neo4j, with types": {
			{"nodes.csv", "id:ID,name,:LABEL\nlse,LSE,Institution\nuol,UoL,Institution\n"}, {"edges.csv", ":START_ID,:END_ID,:TYPE,weight:FLOAT\nlse,uol,PART_OF,0.5\n"},
		},
		"networkx": {{"a.graphml", `<graphml><key id="d0" for="node" attr.name="name"/><graph edgedefault="directed"><node id="lse"><data key="d0">LSE</data></node>` +
			`<node id="uol"><data key="d0">UoL</data></node><edge source="lse" target="uol"/></graph></graphml>`}},
		"GEXF": {{"a.gexf", `<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph defaultedgetype="directed"><nodes><node id="lse" label="LSE"/><node id="uol" label="UoL"/></nodes>` +
			`<edges><edge id="0" source="lse" target="uol" type="directed"/></edges></graph></gexf>`}},
		"GEXF of 1.2draft": {{"a.gexf", `<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph defaultedgetype="directed"><nodes>` +
			`<node id="lse" label="LSE"/><node id="uol" label="UoL"/></nodes><edges><edge id="0" source="lse" target="uol"/></edges></graph></gexf>`}},
		"GEXF of 1.1, of Gephi": {{"a.gexf", `<gexf xmlns="http://www.gephi.org/gexf/1.1draft" version="1.1"><graph><nodes>` +
			`<node id="lse" label="LSE"/><node id="uol" label="UoL"/></nodes><edges><edge id="0" source="lse" target="uol"/></edges></graph></gexf>`}},
		"GEXF of 1.0": {{"a.gexf", `<gexf xmlns="http://www.gephi.org/gexf" version="1.0"><graph><nodes>` +
			`<node id="lse" label="LSE"/><node id="uol" label="UoL"/></nodes><edges><edge id="0" source="lse" target="uol"/></edges></graph></gexf>`}},
	} {
		var all []exchange.File
		for _, f := range files {
			file := exchange.FromBytes(f[0], []byte(f[1]))
			file.Terms = given
			all = append(all, file)
		}
		s := both.SQLite(cat)(t)
		if _, err := exchange.Import(t.Context(), cat, s, exchange.Ordered(all), exchange.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := exported(t, s)
		for line := range strings.Lines(ids) {
			if want := strings.TrimSuffix(line, "}\n"); !strings.Contains(got, want) {
				t.Errorf("%s lacks %s:\n%s", name, want, got)
			}
		}
		if !strings.Contains(got, `{"link":"PART_OF",`) || !strings.Contains(got, `"from":"lse","to":"uol"`) {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
