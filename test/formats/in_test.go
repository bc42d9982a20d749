package formats_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

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
		s := both.SQLite(cat)(t)
		report, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromPath(path)}, exchange.Options{})
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		var b bytes.Buffer
		if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
			t.Fatal(err)
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
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %s:\n%s", form, want, b.String())
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
