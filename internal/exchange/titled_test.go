package exchange_test

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestATitleNamesTheSourceOfTheStore: a table that names a source by its title quotes the one that has it. Where several
// have it, or what the table says of it differs, it is another.
func TestATitleNamesTheSourceOfTheStore(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		put := func(name, text string, o exchange.Options) {
			t.Helper()
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes(name, []byte(text))}, o); err != nil {
				t.Fatal(err)
			}
		}
		put("lines.jsonl", `{"source":"REPORT","id":"s_harbour","title":"The Harbour report","publisher":"Harbour Press"}
{"source":"BOOK","id":"s_one","title":"Two of a name"}
{"source":"BOOK","id":"s_two","title":"Two of a name"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
`, exchange.Options{})
		const table = `from,to,kind,role,excerpt,sourceTitle,sourceKind,url
ann,acme,affiliated with,a,Ann is an a,The harbour report,,
ann,acme,affiliated with,b,Ann is a b,The Harbour report,report,https://example.org/h
ann,acme,affiliated with,c,Ann is a c,Two of a name,,
`
		quoted := func() string {
			var b strings.Builder
			if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		for range 2 { // the second time nothing is new
			put("table.csv", table, exchange.Options{})
			got := quoted()
			for _, want := range []string{
				`{"source":"REPORT","id":"s_harbour","title":"The Harbour report","url":"https://example.org/h","publisher":"Harbour Press"}`,
				`{"source":"DATASET","id":"s_two-of-a-name","title":"Two of a name"}`,
				`{"source":"s_harbour","excerpt":"Ann is an a"}`, `{"source":"s_harbour","excerpt":"Ann is a b"}`, `{"source":"s_two-of-a-name","excerpt":"Ann is a c"}`,
			} {
				if !strings.Contains(got, want) {
					t.Errorf("%s is not there:\n%s", want, got)
				}
			}
			if n := strings.Count(got, `"title":`); n != 4 {
				t.Errorf("there are %d sources:\n%s", n, got)
			}
		}
		// another address or kind is another source, and one that is to replace says all
		put("other.csv", "from,to,kind,role,excerpt,sourceTitle,sourceKind,url\nann,acme,affiliated with,d,Ann is a d,The Harbour report,,https://example.org/other\n", exchange.Options{})
		put("replaced.csv", "from,to,kind,role,excerpt,sourceTitle\nann,acme,affiliated with,e,Ann is an e,The Harbour report\n", exchange.Options{Replace: true})
		if got := quoted(); !strings.Contains(got, `{"source":"s_the-harbour-report","excerpt":"Ann is a d"}`) ||
			!strings.Contains(got, `{"source":"s_the-harbour-report","excerpt":"Ann is an e"}`) || !strings.Contains(got, `"publisher":"Harbour Press"`) {
			t.Errorf("%s", got)
		}
	})
}
