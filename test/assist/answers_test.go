package assist_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden file anew")

// asked are calls of every tool.
var asked = []struct {
	name string
	args args
}{
	{"search", args{"text": "harbour brd"}},
	{"search", args{"text": "everybody", "types": []string{"SOURCE"}}},
	{"search", args{"text": "nothing of this"}},
	{"search", args{"text": "berg dahl", "first": 1}},
	{"entity", args{"entity": "a. berg"}},
	{"entity", args{"entity": "harbour-board", "standings": []string{"DISPUTED"}}},
	{"entity", args{"entity": "id:ann-berg", "kinds": []string{"SAID"}}},
	{"entity", args{"entity": "Ann Berg", "asOf": "1998"}},
	{"entity", args{"entity": "On ships"}},
	{"paths", args{"from": "Ann Berg", "to": "id:carl-dahl"}},
	{"paths", args{"from": "Ann Berg", "to": "id:carl-dahl", "avoid": []string{"Harbour Board"}, "first": 1}},
	{"paths", args{"from": "Ann Berg", "to": "id:carl-dahl", "maxLength": 1}},
	{"paths", args{"from": "Ann Berg", "to": "Far Away"}},
	{"subgraph", args{"seeds": []string{"Ann Berg"}, "maxNodes": 3}},
	{"subgraph", args{"seeds": []string{"Far Away"}}},
	{"timeline", args{"subjects": []string{"Ann Berg", "id:carl-dahl"}}},
	{"timeline", args{"subjects": []string{"Ann Berg"}, "from": "2000", "to": "2000"}},
	{"evidence", args{"of": "l_member"}},
	{"evidence", args{"of": "s_report", "first": 1}},
	{"evidence", args{"of": "https://example.org/harbour"}},
	{"evidence", args{"of": "the harbour"}},
	{"query", args{"query": "query Q($n: Int!) { people(first: $n) { totalCount nodes { name } } }", "variables": args{"n": 1}}},
	{"check_citations", args{"text": "She “chaired the Harbour Board”, or \"led the harbor of the board\"."}},
}

// TestAnswers: every tool answers the same over both transports and on both stores, and as the golden file has it.
func TestAnswers(t *testing.T) {
	const golden = "testdata/answers.txt"
	want, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, cat *catalog.Catalog, s store.Store) {
		answers, _ := service(t, cat, s, options{})
		sessions := map[string]*mcp.ClientSession{
			"over HTTP":      overHTTP(t, serve(t, cat, s, options{}), ""),
			"standard input": overPipes(t, answers, nil),
		}
		for over, session := range sessions {
			var b strings.Builder
			for _, c := range asked {
				got := call(t, session, c.name, c.args)
				if got.is {
					t.Errorf("%s %v: %s", c.name, c.args, got.text)
				}
				given, _ := json.Marshal(c.args)
				fmt.Fprintf(&b, "=== %s %s\n%s\n", c.name, given, got.text)
				cited(t, c.name, &got.Answer)
			}
			if *update {
				want = []byte(b.String())
				if err := os.WriteFile(golden, want, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("%s: %s", over, d)
			}
		}
	})
}

// cited holds an answer to the promise: each statement is numbered, and has the words of a source that the graph has,
// with its date and address.
func cited(t *testing.T, tool string, a *assist.Answer) {
	t.Helper()
	sources := map[string][2]string{"s_gazette": {"2001-05-04", "https://example.org/harbour"}, "s_report": {"2003", ""}, "s_other": {"", ""}}
	of := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	for i, s := range a.Statements {
		if s.N != i+1 || s.Sentence == "" || len(s.Words) == 0 {
			t.Errorf("%s: statement %d: %+v", tool, i+1, s)
		}
		for _, w := range s.Words {
			source, some := sources[w.Source]
			if !some || w.Title == "" || [2]string{of(w.Date), of(w.URL)} != source || w.URI != "throughline://source/"+w.Source {
				t.Errorf("%s: statement %d is cited by %+v", tool, i+1, w)
			}
			if w.Excerpt == "" && !strings.Contains(s.Sentence, "Published:") {
				t.Errorf("%s: statement %d has no words: %+v", tool, i+1, s)
			}
			if w.Verified != nil && *w.Verified && !rules.NewText(gazette).Has(w.Excerpt) {
				t.Errorf("%s: %q is not in the text", tool, w.Excerpt)
			}
		}
	}
}

// TestCitations: what stands in a source is found there, as the program compares words, and nothing else is.
func TestCitations(t *testing.T) {
	each(t, func(t *testing.T, cat *catalog.Catalog, s store.Store) {
		session := overHTTP(t, serve(t, cat, s, options{}), "")
		for text, want := range map[string]string{
			`Berg: “the harbour is for everybody.”`:                                "NOT_FOUND",
			`Berg: “The harbour is for everybody.”`:                                "FOUND s_gazette",
			`"The   harbour is for everybody" she said`:                            "FOUND s_gazette", // white space, a soft hyphen
			`"she said at the Long Meeting -- it was 3 May 2001"`:                  "FOUND s_gazette", // dashes
			`„Ann Berg … denies that he was a member“`:                             "FOUND s_gazette",
			`„Ann Berg [...] denies that he was a member“`:                         "FOUND s_gazette",
			`„denies that he was a member … Ann Berg“`:                             "NOT_FOUND", // the other way round
			`«Cafe\u0301 Nord closed»`:                                             "FOUND s_gazette",
			`«Cafe Nord closed»`:                                                   "NOT_FOUND",
			`'The harbour' is no quotation, nor is it's, nor 5" of rain`:           "",
			`‘The harbour is for everybody’ isn’t all`:                             "FOUND s_gazette",
			"> Ann Berg chaired the\n> Harbour Board\n\nand so on":                 "FOUND s_gazette",
			"> She said: “The harbour is for everybody”":                           "FOUND s_gazette",
			`"Dahl was there too"`:                                                 "NOT_FOUND", // an excerpt that its text has not
			`"led the board of the harbour"`:                                       "FOUND s_report",
			`"members were … Dahl and others"`:                                     "FOUND s_report",
			`"Mr Dahl spoke of ships"`:                                             "FOUND s_other",
			`"Ships"`:                                                              "FOUND s_other", // by the words of a quotation
			`"Ships of many sizes"`:                                                "NOT_FOUND",
			`"arbour Board"`:                                                       "NOT_FOUND", // a part of a word
			`"The harbour is for every"`:                                           "NOT_FOUND",
			`"The harbour is … body"`:                                              "NOT_FOUND",
			`"of" is too short to be looked for`:                                   "",
			`"Ann Berg" and "Harbour Board"`:                                       "FOUND s_gazette FOUND s_gazette",
			`"Ann Berg" and once more "Ann Berg"`:                                  "FOUND s_gazette",
			`An open " is no quotation` + "\n\n" + `and "Carl Dahl denies" is one`: "FOUND s_gazette",
		} {
			text := strings.ReplaceAll(text, `\u0301`, "\u0301")
			got := call(t, session, "check_citations", args{"text": text})
			var all []string
			for i, p := range got.Passages {
				if p.N != i+1 || p.Verdict != "FOUND" && len(p.Words) > 0 || p.Verdict == "FOUND" && len(p.Words) == 0 {
					t.Errorf("%s: %+v", text, p)
				}
				if all = append(all, p.Verdict); len(p.Words) > 0 {
					all = append(all, p.Words[0].Source)
				}
				if p.Verdict == "NOT_FOUND" && p.Says != "No source has these words." {
					t.Errorf("%s: %s", text, p.Says)
				}
			}
			if said := strings.Join(all, " "); said != want {
				t.Errorf("%s: %s, want %s", text, said, want)
			}
		}
		near := call(t, session, "check_citations", args{"text": `"Ann Berg chaired the Harbor Board since 1999"`}).Passages[0]
		if near.Nearest == nil || near.Nearest.Source != "s_gazette" || !strings.Contains(near.Nearest.Excerpt, "chaired the Harbour Board from 1999") {
			t.Errorf("nearest is %+v", near.Nearest)
		}
		var many strings.Builder
		for i := range 22 {
			fmt.Fprintf(&many, "“passage number %d” ", i)
		}
		got := call(t, session, "check_citations", args{"text": many.String()}).Passages
		if len(got) != 22 || got[19].Verdict != "NOT_FOUND" || got[20].Verdict != "NOT_CHECKED" || !strings.Contains(got[21].Says, "Send the rest") {
			t.Errorf("of too many: %+v", got)
		}
	})
}

// TestCitationsOfManySources: where more is quoted from sources without a text than can be read, an answer says that not
// everything was compared, and finds what search leads to.
func TestCitationsOfManySources(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, `{"source":"BOOK","id":"s_%d","title":"Book %d"}
{"node":"PERSON","id":"p-%d","name":"Person Number %d"}
{"link":"AFFILIATED_WITH","from":"p-%d","to":"harbour-board","evidence":[{"source":"s_%d","excerpt":"the member that was %d hid"}]}
`, i, i, i, i, i, i, i)
	}
	load(t, cat, s, b.String())
	session := overHTTP(t, serve(t, cat, s, options{}), "")
	if p := call(t, session, "check_citations", args{"text": `"the member that was 7 hid" said Person Number 7`}).Passages[0]; p.Verdict == "NOT_FOUND" &&
		!strings.Contains(p.Says, "not all could be") {
		t.Errorf("%+v", p)
	}
	if p := call(t, session, "check_citations", args{"text": `"Berg led the board of the harbour"`}).Passages[0]; p.Verdict != "FOUND" || p.Words[0].Source != "s_report" {
		t.Errorf("%+v", p)
	}
	if p := call(t, session, "check_citations", args{"text": `"Berg led nobody of the harbour"`}).Passages[0]; p.Verdict != "NOT_FOUND" ||
		!strings.Contains(p.Says, "not all could be") {
		t.Errorf("%+v", p)
	}
}

// TestCitationsOfManyTexts: search finds texts whatever their case, and a passage is compared with the first of them; an
// answer says where there are more.
func TestCitationsOfManyTexts(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `{"source":"BOOK","id":"s_%d","title":"Book %d","text":"They said that the house is blue, and left."}`+"\n", i, i)
	}
	b.WriteString(`{"source":"BOOK","id":"s_z","title":"Zz","text":"They say that The House is Blue, in a text that goes on and on, so that search finds it behind the others."}` + "\n")
	load(t, cat, s, b.String())
	session := overHTTP(t, serve(t, cat, s, options{}), "")
	if p := call(t, session, "check_citations", args{"text": `"The House is Blue"`}).Passages[0]; p.Verdict != "NOT_FOUND" ||
		!strings.Contains(p.Says, "not all could be") {
		t.Errorf("%+v", p)
	}
	if p := call(t, session, "check_citations", args{"text": `"the house is blue"`}).Passages[0]; p.Verdict != "FOUND" || len(p.Words) > 20 ||
		!strings.Contains(p.Says, "more may have them") {
		t.Errorf("%+v", p)
	}
	if p := call(t, session, "check_citations", args{"text": `"a text that goes on"`}).Passages[0]; p.Verdict != "FOUND" || len(p.Words) != 1 ||
		strings.Contains(p.Says, "more may") {
		t.Errorf("%+v", p)
	}
}

// TestTextsStayHere: on a server that serves no texts, nothing that is answered has more of one than was asked about or
// than search shows.
func TestTextsStayHere(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	session := overHTTP(t, serve(t, cat, s, options{}), "")
	for range 2 {
		if got := call(t, session, "check_citations", args{"text": `"Ann Berg chaired"`}); !strings.Contains(got.text, "FOUND") || strings.Contains(got.text, "Café Nord") {
			t.Errorf("%s", got.text)
		}
		const document = `query Text($id: ID!) { source(ref: {id: $id}) { id title publisher publishedOn url text } }`
		got := call(t, session, "query", args{"query": document, "variables": args{"id": "s_gazette"}})
		if !strings.Contains(got.text, `"text":null`) {
			t.Errorf("the text is served: %s", got.text)
		}
	}
}

// TestResources: what is known of entities and sources can be read by address.
func TestResources(t *testing.T) {
	each(t, func(t *testing.T, cat *catalog.Catalog, s store.Store) {
		answers, _ := service(t, cat, s, options{})
		session := overPipes(t, answers, auth.NewIdentity("", auth.Reader))
		templates, err := session.ListResourceTemplates(t.Context(), nil)
		if err != nil || len(templates.ResourceTemplates) != 2 {
			t.Fatalf("%v %v", templates, err)
		}
		for uri, want := range map[string]string{
			"throughline://entity/ann-berg":  "[1] Ann Berg is affiliated with Harbour Board (chair) (since 1999). (l_chair)",
			"throughline://source/s_gazette": "“Ann Berg chaired the Harbour Board from 1999”",
		} {
			r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
			if err != nil || len(r.Contents) != 1 || r.Contents[0].URI != uri || r.Contents[0].MIMEType != "text/plain" ||
				!strings.Contains(r.Contents[0].Text, want) || r.CacheScope != "private" {
				t.Errorf("%s: %v %+v", uri, err, r)
			}
		}
		for _, uri := range []string{
			"throughline://entity/nobody", "throughline://entity/s_gazette", "throughline://source/ann-berg", "throughline://source/s_none",
			"throughline://entity/%00", "throughline://nothing/ann-berg", "file:///etc/passwd", "throughline://entity/" + strings.Repeat("a", 3000),
		} {
			if r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri}); err == nil || !strings.Contains(err.Error(), "not found") {
				t.Errorf("%.60s: %v %v", uri, err, r)
			}
		}
	})
}
