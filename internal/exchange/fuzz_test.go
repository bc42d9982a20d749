package exchange_test

import (
	"bytes"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// FuzzRecord: a line is refused, or written again it says the same.
func FuzzRecord(f *testing.F) {
	cat := both.Catalog(f)
	for line := range bytes.Lines(sample.Data) {
		f.Add(bytes.TrimSpace(line))
	}
	for _, c := range badLines {
		f.Add([]byte(c.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		once, err := exchange.ParseLine(cat, line)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		if once == "" {
			return
		}
		twice, err := exchange.ParseLine(cat, []byte(once))
		if err != nil || once != twice {
			t.Errorf("%q is written as %q, read again %q, %v", line, once, twice, err)
		}
	})
}

// readable holds what a file was read as to be whole records, and its errors to be short.
func readable(t *testing.T, cat *catalog.Catalog, name string, b []byte, terms exchange.Terms) {
	f := exchange.FromBytes(name, b)
	f.Terms = terms
	lines, bad, err := exchange.ReadFile(t.Context(), cat, f)
	if err != nil && len(err.Error()) > 1000 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	for _, e := range bad {
		if len(e.Error()) > 2000 || e.Line < 1 {
			t.Errorf("line %d, %d bytes of error", e.Line, len(e.Error()))
		}
	}
	seen := map[string]bool{}
	for _, line := range lines {
		again, err := exchange.ParseLine(cat, []byte(line))
		if err != nil || again != line {
			t.Errorf("%q is read again as %q, %v", line, again, err)
		}
		if seen[line] {
			t.Errorf("%q is said twice", line)
		}
		seen[line] = true
	}
}

// FuzzTable: any bytes are refused or read as whole records, also by a mapping.
func FuzzTable(f *testing.F) {
	cat := both.Catalog(f)
	mapping, err := exchange.ReadMapping([]byte(`{"source":{"title":"{a}"},"nodes":[{"as":"p","node":"PERSON","name":"{a}","born":"{b}","aliases":"{c}"},` +
		`{"as":"i","node":"INSTITUTION","name":"{c}"}],"links":[{"link":"AFFILIATED_WITH","from":"p","to":"i","role":"{*}","since":"{b}"}]}`))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"id,name,type\nx,X,PERSON\n", "from;to;kind;since\nx;y;said;1999\n", "a,b,c\nAnn,1.2.2003,\"B; C\"\n",
		"x:ID(P)\t:LABEL\n1\tPerson;Actor\n", "sep=|\na|b|c\n1|2|3\n", "\xff\xfea\x00,\x00b\x00,\x00c\x00\n\x00",
	} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, mapped bool) {
		terms := exchange.Terms{}
		if mapped {
			terms.Mapping = mapping
		}
		readable(t, cat, "a.csv", b, terms)
	})
}

// FuzzDrawing: the same of GraphML and GEXF.
func FuzzDrawing(f *testing.F) {
	cat := both.Catalog(f)
	for _, s := range []string{
		graphmlHead + `<node id="x"><data key="t">PERSON</data></node><node id="y"><data key="t">INSTITUTION</data></node>` +
			`<edge source="x" target="y"><data key="k">AFFILIATED_WITH</data></edge></graph></graphml>`,
		gexfHead + `<nodes><node id="x" label="X"><attvalues><attvalue for="0" value="PERSON"/></attvalues></node></nodes>` +
			`<edges><edge source="x" target="x" label="SAID" start="1999"/></edges></graph></gexf>`,
		`<?xml version="1.0" encoding="windows-1252"?><graphml><node><node/></node><edge><data/></edge></graphml>`,
	} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, graphml bool) {
		readable(t, cat, map[bool]string{true: "a.graphml", false: "a.gexf"}[graphml], b, exchange.Terms{})
	})
}

// FuzzMapping: a mapping is refused, or reads a table without a fault of the program.
func FuzzMapping(f *testing.F) {
	cat := both.Catalog(f)
	f.Add([]byte(`{"source":{"title":"{a}"},"nodes":[{"as":"p","node":"PERSON","name":"{a}"}],"links":[{"link":"SAID","from":"p","to":"{b}"}],"separator":";"}`))
	f.Add([]byte(`{"nodes":[{"node":"{b}","id":"{a}","verified":"{c}"}],"values":{"b":{"2":"PERSON"}},"delimiter":",","encoding":"latin1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := exchange.ReadMapping(b)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		readable(t, cat, "a.csv", []byte("a,b,c\nAnn,2,\"x; y\"\nOmar,,\n"), exchange.Terms{Mapping: m})
	})
}

// FuzzRecordsOfOthers: the same of FollowTheMoney and Popolo.
func FuzzRecordsOfOthers(f *testing.F) {
	cat := both.Catalog(f)
	for line := range bytes.Lines([]byte(ftmLines)) {
		f.Add(line, true)
	}
	f.Add([]byte(ftmLines), true)
	f.Add([]byte(popoloDocument), false)
	f.Add([]byte(`[{"@type":"Person","id":"a","name":"A"}]`), false)
	f.Fuzz(func(t *testing.T, b []byte, ftm bool) {
		readable(t, cat, map[bool]string{true: "a.ftm", false: "a.popolo"}[ftm], b, exchange.Terms{})
	})
}

// FuzzWorkbook: the same of workbooks, by what stands in their parts, and of what is no workbook.
func FuzzWorkbook(f *testing.F) {
	cat := both.Catalog(f)
	f.Add(book["xl/workbook.xml"], book["xl/styles.xml"], book["xl/sharedStrings.xml"], book["xl/worksheets/sheet1.xml"], book["xl/worksheets/sheet2.xml"])
	f.Add(book["xl/workbook.xml"], "", `<sst><si><t>a</t></si></sst>`, `<worksheet><row r="1"><c t="s"><v>0</v></c></row></worksheet>`, `<worksheet/>`)
	f.Fuzz(func(t *testing.T, main, styles, texts, one, two string) {
		readable(t, cat, "a.xlsx", workbook(t, "xl/workbook.xml", main, "xl/styles.xml", styles, "xl/sharedStrings.xml", texts,
			"xl/worksheets/sheet1.xml", one, "xl/worksheets/sheet2.xml", two), exchange.Terms{})
	})
}

// FuzzPackedWorkbook: the same of the file itself.
func FuzzPackedWorkbook(f *testing.F) {
	cat := both.Catalog(f)
	f.Add(workbook(f))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		readable(t, cat, "a.xlsx", b, exchange.Terms{})
	})
}
