package formats_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// readAnew imports a file into a store of its own, and returns the report and what that store exports.
func readAnew(t *testing.T, cat *catalog.Catalog, f exchange.File) (exchange.Report, string, error) {
	t.Helper()
	s := both.SQLite(cat)(t)
	report, err := exchange.Import(t.Context(), cat, s, []exchange.File{f}, exchange.Options{})
	if err != nil {
		return report, "", err
	}
	var b bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
		t.Fatal(err)
	}
	return report, b.String(), nil
}

// TestWhatNetworkxWritesIsRead has networkx write one graph as GraphML and in two versions of GEXF: each is read as the
// same entities and links, and what is not is told.
func TestWhatNetworkxWritesIsRead(t *testing.T) {
	cat := both.Catalog(t)
	for _, form := range []string{"graphml", "1.2draft", "1.3"} {
		path := filepath.Join(t.TempDir(), "made.gexf")
		if form == "graphml" {
			path = filepath.Join(t.TempDir(), "made.graphml")
		}
		var nothing any
		judged(t, "write "+form, path, &nothing)
		report, lines, err := readAnew(t, cat, exchange.FromPath(path))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		name := filepath.Base(path)
		for _, want := range []string{
			`{"source":"DATASET","id":"s_a-list","title":"A list","url":"https://example.org/l"}`,
			`{"source":"DATASET","id":"s_` + strings.ReplaceAll(name, ".", "-") + `","title":"` + name + `"}`,
			`{"node":"PERSON","id":"ann-berg","name":"Ann Berg","born":"1970"`,
			`{"node":"INSTITUTION","id":"1","name":"Acme & <Sons>"`,
			`{"node":"EVENT","id":"2","name":"Fair","startsOn":"2020-02","attendance":7`,
			`"from":"ann-berg","to":"1","role":"chair","since":"1999","evidence":[{"source":"s_a-list","excerpt":"Ann chairs Acme"}]`,
			`"from":"ann-berg","to":"1","role":"member","evidence":[{"source":"s_made-`,
			`"from":"1","to":"2","evidence":[{"source":"s_made-`,
		} {
			if !strings.Contains(lines, want) {
				t.Errorf("%s lacks %s:\n%s", form, want, lines)
			}
		}
		if report.Nodes != 3 || report.Links != 3 {
			t.Errorf("%s: %d nodes, %d links", form, report.Nodes, report.Links)
		}
		for _, want := range []string{`ids that are none here, such as "ann berg", are written as ann-berg`, "attributes that mean nothing here are left out: "} {
			if !slices.ContainsFunc(report.Warnings, func(w exchange.Warning) bool { return strings.Contains(string(w), want) }) {
				t.Errorf("%s: %q is not told: %s", form, want, fmt.Sprint(report.Warnings))
			}
		}
	}
}

// TestWorkbooksOfOthersAreRead has two programs write one table as a workbook, one of them in two ways: with the texts in a
// part of their own, and in the cells.
func TestWorkbooksOfOthersAreRead(t *testing.T) {
	cat := both.Catalog(t)
	mapping, err := exchange.ReadMapping([]byte(`{
		"nodes": [{"as": "p", "node": "PERSON", "id": "{Number}", "name": "{Person}", "born": "{Born}"}, {"as": "i", "node": "INSTITUTION", "name": "{Employer}"}],
		"links": [{"link": "AFFILIATED_WITH", "from": "p", "to": "i", "since": "{Since}", "until": "{Until}", "excerpt": "{*}"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"openpyxl", "xlsxwriter", "xlsxwriter in rows"} {
		path := filepath.Join(t.TempDir(), "made.xlsx")
		var nothing any
		judged(t, "write "+form, path, &nothing)
		f := exchange.FromPath(path)
		f.Terms.Mapping = mapping
		report, lines, err := readAnew(t, cat, f)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		id, formulas := "4", "are left out"
		if form == "openpyxl" { // it keeps no values of formulas
			id, formulas = "omar-haddad", "formulas whose value the file does not have are read as empty, first in row 4 of sheet Staff"
		}
		for _, want := range []string{
			`"id":"00042","name":"Zoë & Ann","born":"1970-02-03"`,
			`"id":"` + id + `","name":"Omar\nHaddad","born":"1981"`,
			`"from":"00042","to":"acme","since":"2015-03","until":"2019","evidence":[{"source":"s_made-xlsx","excerpt":"Zoë & Ann,1970-02-03,Acme,2015-03,2019,00042"}]`,
			`"from":"` + id + `","to":"acme","since":"2012-05-06","until":"2020","evidence":[{"source":"s_made-xlsx","excerpt":"\"Omar\nHaddad\",1981,Acme,2012-05-06T07:08,2020`,
		} {
			if !strings.Contains(lines, want) {
				t.Errorf("%s lacks %s:\n%s", form, want, lines)
			}
		}
		if warnings := fmt.Sprint(report.Warnings); !strings.Contains(warnings, formulas) || !strings.Contains(warnings, "hidden sheets are left out, unless --sheet names one: Old") ||
			!strings.Contains(warnings, "dates in other forms are read as ours: 2012-05-06T07:08 as 2012-05-06") {
			t.Errorf("%s: %s", form, warnings)
		}
	}
}
