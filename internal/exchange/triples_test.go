package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestRelationsWithoutAKindAreListedAndCounted: dated triples by a mapping, in a table and in a drawing. What its values do
// not name is left out with those it is said of, and told; what they leave out on purpose is not.
func TestRelationsWithoutAKindAreListedAndCounted(t *testing.T) {
	cat := both.Catalog(t)
	const mapping = `{"nodes":[{"as":"a","node":"{Relation|who}","name":"{Subject}"},{"as":"b","node":"EVENT","name":"{Object}"}],
"links":[{"link":"{Relation}","from":"a","to":"b","since":"{Date}","until":"{Date}"}],
"values":{"Relation":{"attend":"PARTICIPATED_IN","hold":"organized","praise":""},"who":{"attend":"PERSON","hold":"INSTITUTION","ORGANIZED":"INSTITUTION"}}}`
	const table = "Subject\tRelation\tObject\tDate\nAnn\tattend\tFair\t2020-02-01\nAcme\thold\tFair\t2020-02-01\nBob\tpraise\tFair\t2020\n" +
		"Cid\tblame\tDora\t2020\nCid\tmeet\tEve\t2020\nEve\tmeet\tCid\t2021\nCorp\tORGANIZED\tGala\t2022\n"
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		lines, warnings := readAs(t, cat, open, "events.tsv", table, mapping)
		says(t, lines, warnings, `"from":"ann","to":"fair","since":"2020-02-01","until":"2020-02-01","evidence":[{"source":"s_events-tsv","excerpt":"Ann\tattend\tFair\t2020-02-01"}]`,
			`{"link":"ORGANIZED"`, `"from":"acme","to":"fair"`, `"from":"corp","to":"gala"`,
			`left out: "meet" 2, "blame" 1]`, `!"Cid"`, `!"Dora"`, `!"Bob"`, `!praise`)
		lines, warnings = readAs(t, cat, open, "a.graphml", `<graphml><graph edgedefault="directed"><node id="x" label="X"/><node id="f" label="F"/>`+
			`<edge source="x" target="f" relation="attend"/><edge source="x" target="f" relation="blame"/></graph></graphml>`,
			`{"nodes":[{"node":"{id|typ}","id":"{id}","name":"{label}"}],"links":[{"link":"{relation}","from":"{source}","to":"{target}"}],`+
				`"values":{"typ":{"x":"PERSON","f":"EVENT"},"relation":{"attend":"PARTICIPATED_IN"}}}`)
		says(t, lines, warnings, `PARTICIPATED_IN`, `left out: "blame" 1]`)
	})
	// of very many different ones the first are counted by themselves
	var many strings.Builder
	many.WriteString("Subject\tRelation\tObject\tDate\n")
	for i := range 3000 {
		fmt.Fprintf(&many, "A\trelation %d\tB\t2020\n", i)
	}
	many.WriteString("Ann\tattend\tFair\t2020-02-01\n")
	lines, warnings := readAs(t, cat, both.SQLite(cat), "events.tsv", many.String(), mapping)
	says(t, lines, warnings, `left out: others 2000, "relation 0" 1`, `PARTICIPATED_IN`)
	// a bar is a letter like any other where no values have the name behind it
	lines, warnings = readAs(t, cat, both.SQLite(cat), "a.csv", "a|b,c,d\nAnn,1,2\n", `{"nodes":[{"node":"PERSON","name":"{a|b}"}]}`)
	says(t, lines, warnings, `"name":"Ann"`)
}
