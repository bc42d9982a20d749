package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// ground is what stands above each bad line: a source with a text, one without, and one node of two types.
const ground = `{"throughline":1}
{"source":"ARTICLE","id":"s_text","title":"T","text":"these are the words"}
{"source":"ARTICLE","id":"s_none","title":"N"}
{"node":"PERSON","id":"p","name":"P"}
{"node":"INSTITUTION","id":"i","name":"I"}
{"link":"AFFILIATED_WITH","id":"l_first","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words"}]}
`

const groundLines = 6

const words = `"evidence":[{"source":"s_text","excerpt":"the words"}]`

var badLines = []struct{ name, line, says string }{
	{"not JSON", `hello`, "is not an object with a key"},
	{"a list", `[1]`, "is not an object with a key"},
	{"null", `null`, "is not an object with a key"},
	{"an empty object", `{}`, "is not an object with a key"},
	{"half an object", `{"node":"PERSON","name":"x"`, "is not one JSON object"},
	{"two objects", `{"node":"PERSON","name":"x"} {}`, "is not one JSON object"},
	{"no such record", `{"person":"x"}`, `begins with "person"`},
	{"another format", `{"throughline":2}`, "is of format 2; this program reads format 1"},
	{"not UTF-8", "{\"node\":\"PERSON\",\"name\":\"\xff\"}", "is not UTF-8"},
	{"NUL", `{"node":"PERSON","name":"a\u0000b"}`, "has a NUL character in name"},
	{"half a pair", `{"node":"PERSON","name":"a\ud800b"}`, `has half of a surrogate pair in "name"`},
	{"a key twice", `{"node":"PERSON","name":"x","name":"y"}`, `has "name" twice`},
	{"unknown field", `{"node":"PERSON","name":"x","shoe":12}`, `has the unknown field "shoe"; PERSON has`},
	{
		"nearly a field", `{"node":"PERSON","name":"x","bron":"1950"}`,
		`has the unknown field "bron"; PERSON has id, name, aliases, description, externalIds, formerIds, createdAt, updatedAt, born, died; do you mean born?`,
	},
	{
		"nearly a field of evidence",
		`{"link":"SAID","from":"p","to":"i","evidence":[{"source":"s_text","excerpts":"the words"}]}`, `has the unknown field "evidence.0.excerpts"; it has source, excerpt, prefix, suffix, stance, verified; do you mean excerpt?`,
	},
	{"nearly a field of a source", `{"source":"ARTICLE","titel":"x"}`, `do you mean title?`},
	{"unknown field of a link", `{"link":"SAID","from":"p","to":"i","x":1,` + words + `}`, `has the unknown field "x"`},
	{"unknown field of a source", `{"source":"ARTICLE","title":"x","x":1}`, `has the unknown field "x"`},
	{
		"unknown field of evidence",
		`{"link":"SAID","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","page":1}]}`, `has the unknown field "evidence.0.page"`,
	},
	{"unknown type", `{"node":"SOURCE","name":"x"}`, `has the unknown type of node "SOURCE"`},
	{"unknown kind", `{"link":"KNOWS","from":"p","to":"i",` + words + `}`, `has the unknown kind of link "KNOWS"`},
	{"unknown kind of source", `{"source":"RUMOUR","title":"x"}`, `has the unknown kind of source "RUMOUR"`},
	{"a number for a name", `{"node":"PERSON","name":12}`, `has a value of the wrong type in "name"`},
	{"no name", `{"node":"PERSON","id":"q"}`, "has no name"},
	{"a blank name", `{"node":"PERSON","id":"q","name":"  "}`, "has no name"},
	{
		"a long name", `{"node":"PERSON","name":"` + strings.Repeat("x", 501) + `"}`,
		"has 501 bytes in name; at most 500 fit",
	},
	{"a name no id can be made from", `{"node":"PERSON","name":"?!"}`, "has a name no id can be made from; give an id"},
	{"no title", `{"source":"ARTICLE","id":"s_q"}`, "has no title"},
	{
		"a bad date", `{"node":"PERSON","name":"Q","born":"1946-13"}`,
		`has in born what is no date, "1946-13": write 2021, 2021-02 or 2021-02-25`,
	},
	{"a day that is not", `{"node":"PERSON","name":"Q","born":"2021-02-29"}`, "has in born what is no date"},
	{
		"an event backwards", `{"node":"EVENT","name":"Q","startsOn":"1990","endsOn":"1980"}`,
		"has startsOn after endsOn",
	},
	{
		"a bad instant", `{"node":"PERSON","name":"Q","createdAt":"yesterday"}`,
		"has in createdAt what is no instant of the years",
	},
	{"a bad id", `{"node":"PERSON","id":"a b","name":"Q"}`, "has in id what is no id"},
	{"a long id", `{"node":"PERSON","id":"` + strings.Repeat("a", 129) + `","name":"Q"}`, "has in id what is no id"},
	{"a link's id for a node", `{"node":"PERSON","id":"l_q","name":"Q"}`, "these are for links, evidence, sources, communities and changes"},
	{"a node's id for a source", `{"source":"ARTICLE","id":"q","title":"Q"}`, "does not begin with s_"},
	{
		"a node's id for a link", `{"link":"AFFILIATED_WITH","id":"q","from":"p","to":"i",` + words + `}`,
		"does not begin with l_",
	},
	{"from no id", `{"link":"AFFILIATED_WITH","from":"a b","to":"i",` + words + `}`, "has in from what is no id"},
	{"to no id", `{"link":"AFFILIATED_WITH","from":"p","to":"a b",` + words + `}`, "has in to what is no id"},
	{"from a link", `{"link":"AFFILIATED_WITH","from":"l_p","to":"i",` + words + `}`, "has in from an id that begins with l_"},
	{"to a source", `{"link":"AFFILIATED_WITH","from":"p","to":"s_text",` + words + `}`, "has in to an id that begins with l_"},
	{"NUL in an excerpt", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"a\u0000"}]}`, "has a NUL character in excerpt"},
	{
		"a long excerpt", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"` + strings.Repeat("a", 100_001) + `"}]}`,
		"has 100001 bytes in excerpt",
	},
	{"NUL in a prefix", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","prefix":"a\u0000"}]}`, "has a NUL character in prefix"},
	{"NUL in a suffix", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","suffix":"a\u0000"}]}`, "has a NUL character in suffix"},
	{"a long prefix", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","prefix":"` + strings.Repeat("a", 100_001) + `"}]}`, "has 100001 bytes in prefix"},
	{"a long suffix", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","suffix":"` + strings.Repeat("a", 100_001) + `"}]}`, "has 100001 bytes in suffix"},
	{"a bad address", `{"source":"ARTICLE","title":"Q","url":"javascript:alert(1)"}`, "has in url what is no address"},
	{"null for a name", `{"node":"PERSON","id":"p2","name":null}`, "has null in name, which cannot be cleared"},
	{
		"null for what must be there", `{"node":"QUOTE","id":"q","name":"Q","text":null}`,
		"has null in text, which cannot be cleared",
	},
	{
		"null for what the id follows from", `{"link":"AFFILIATED_WITH","from":"p","to":"i","since":null,` + words + `}`,
		"has null in since, which cannot be cleared",
	},
	{
		"null within", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","prefix":null}]}`,
		"has null in evidence.0.prefix; leave out what is not known",
	},
	{
		"an empty date", `{"link":"AFFILIATED_WITH","from":"p","to":"i","since":"",` + words + `}`,
		"has an empty text in since; leave out what is not known, or write null to clear a field",
	},
	{"an empty alias", `{"node":"PERSON","name":"Q","aliases":["x",""]}`, "has an empty text in aliases.1"},
	{"a link's end that is deleted", `{"delete":"i"}`, "deletes i, which an earlier line writes"},
	{"a piece of evidence that is deleted", `{"delete":"e_x.y"}`, "deletes a piece of evidence"},
	{"no id to delete", `{"delete":"a b"}`, "has in delete what is no id"},
	{"died before born", `{"node":"PERSON","name":"Q","born":"1950-03","died":"1949"}`, "has born after died"},
	{
		"a place beyond the pole", `{"node":"PLACE","name":"Q","latitude":91,"longitude":0}`,
		"has in latitude what is no place on the globe: write a number from -90 to 90",
	},
	{
		"a place beyond the date line", `{"node":"PLACE","name":"Q","latitude":0,"longitude":-180.5}`,
		"has in longitude what is no place on the globe",
	},
	{"a count below 0", `{"node":"EVENT","name":"Q","attendance":-1}`, "has in attendance a number below 0"},
	{
		"a part of itself", `{"link":"PART_OF","from":"i","to":"i",` + words + `}`,
		"links i to itself; PART_OF joins two",
	},
	{
		"a kind misspelt", `{"link":"AFFILIATED_WTH","from":"p","to":"i",` + words + `}`,
		"; do you mean AFFILIATED_WITH? It is one of AFFILIATED_WITH, ",
	},
	{
		"an instant that is in no year of UTC", `{"node":"PERSON","name":"Q","createdAt":"9999-12-31T23:59:59-01:00"}`,
		"has in createdAt what is no instant of the years 0000 to 9999",
	},
	{"half a number", `{"node":"EVENT","name":"Q","attendance":1.5}`, "has in attendance what is no whole number"},
	{
		"a large number", `{"node":"EVENT","name":"Q","attendance":2147483648}`,
		"has in attendance what is no whole number",
	},
	{"a quote without words", `{"node":"QUOTE","name":"Q"}`, "has no text"},
	{
		"no evidence", `{"link":"AFFILIATED_WITH","from":"p","to":"i"}`,
		"has no evidence: a link needs the words that say so",
	},
	{"an empty list of evidence", `{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[]}`, "has no evidence"},
	{
		"evidence without words",
		`{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":" "}]}`, "has evidence without an excerpt",
	},
	{
		"evidence from nowhere",
		`{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_other","excerpt":"x"}]}`, "has evidence from s_other, a source that stands neither above nor in the store",
	},
	{
		"words that are not in the text",
		`{"link":"AFFILIATED_WITH","from":"p","to":"i","role":"x","evidence":[{"source":"s_text","excerpt":"other words"}]}`, "has an excerpt that does not occur in the text of s_text: other words",
	},
	{
		"a third stance",
		`{"link":"AFFILIATED_WITH","from":"p","to":"i","evidence":[{"source":"s_text","excerpt":"the words","stance":"MAYBE"}]}`, "has in stance neither SUPPORTS nor REFUTES",
	},
	{
		"from nobody", `{"link":"AFFILIATED_WITH","from":"q","to":"i",` + words + `}`,
		"links from q, which stands neither above nor in the store",
	},
	{
		"to nobody", `{"link":"AFFILIATED_WITH","from":"p","to":"q",` + words + `}`,
		"links to q, which stands neither above nor in the store",
	},
	{
		"a link before its node", `{"link":"HELD_IN","from":"p","to":"after",` + words + `}`,
		"links from p, which is of type PERSON; HELD_IN joins EVENT there",
	},
	{
		"a link before its other node", `{"link":"MENTIONS","from":"after","to":"p",` + words + `}`,
		"links from after, which stands neither above nor in the store",
	},
	{
		"the wrong way round", `{"link":"AFFILIATED_WITH","from":"i","to":"p",` + words + `}`,
		"links from i, which is of type INSTITUTION; AFFILIATED_WITH joins PERSON there",
	},
	{
		"backwards in time", `{"link":"AFFILIATED_WITH","from":"p","to":"i","since":"2021","until":"2020",` + words + `}`,
		"has since after until",
	},
	{
		"an id twice", `{"node":"PERSON","id":"p","name":"P"}`,
		"has the id p of an earlier line; put what it says into one line",
	},
	{
		"a name twice", `{"node":"PERSON","name":"p"}`,
		"has the id p of an earlier line, made from its name; give one of the two an id",
	},
	{
		"a link twice", `{"link":"AFFILIATED_WITH","id":"l_first","from":"p","to":"i",` + words + `}`,
		"says what an earlier line says (link l_first)",
	},
	{
		"too long", `{"node":"PERSON","name":"Q","description":"` + strings.Repeat("x", exchange.MaxLine) + `"}`,
		"is longer than 1048576 bytes",
	},
	{
		"a long description", `{"node":"PERSON","name":"Q","description":"` + strings.Repeat("x", 100_001) + `"}`,
		"has 100001 bytes in description",
	},
}

func from(name, text string) []exchange.File {
	return []exchange.File{exchange.FromBytes(name, []byte(text))}
}

func TestBadLinesAreNamedAndNothingIsWritten(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		for _, c := range badLines {
			t.Run(c.name, func(t *testing.T) {
				_, err := exchange.Import(t.Context(), cat, s, from("f.jsonl",
					ground+c.line+"\n"+`{"node":"PLACE","id":"after","name":"After"}`), exchange.Options{})
				var bad *exchange.BadLinesError
				if !errors.As(err, &bad) || len(bad.Lines) != 1 {
					t.Fatalf("error %v", err)
				}
				if want := fmt.Sprintf("f.jsonl:%d: the line ", groundLines+1); !strings.HasPrefix(bad.Error(), want) ||
					!strings.Contains(bad.Error(), c.says) {
					t.Errorf("%s\nwant %s… %s", bad, want, c.says)
				}
				if len(bad.Error()) > 1000 {
					t.Errorf("the message has %d bytes", len(bad.Error()))
				}
				if empty, err := s.Empty(t.Context()); err != nil || !empty {
					t.Errorf("something was written: empty %v, %v", empty, err)
				}
			})
		}
	})
}

func TestManyBadLinesAreListedInOrderUpToABound(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	// lines that a look at the line finds, and lines that only a look at the others finds, by turns
	text := ground + strings.Repeat("hello\n"+`{"link":"SAID","from":"q","to":"i",`+words+"}\n", 30)
	_, err := exchange.Import(t.Context(), cat, s, from("f.jsonl", text), exchange.Options{})
	var bad *exchange.BadLinesError
	if !errors.As(err, &bad) || len(bad.Lines) != 20 || bad.More != 40 ||
		!strings.HasSuffix(bad.Error(), "\nand 40 more") {
		t.Fatalf("error %v", err)
	}
	for i, l := range bad.Lines {
		if l.Line != groundLines+1+i {
			t.Fatalf("entry %d is of line %d\n%s", i, l.Line, bad)
		}
	}
}

func TestAConflictWithTheStoreIsABadLine(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if _, err := exchange.Import(t.Context(), cat, s, from("a", ground), exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		before := exported(t, s)
		_, err := exchange.Import(t.Context(), cat, s,
			from("b", `{"node":"PLACE","id":"new","name":"New"}`+"\n"+`{"node":"PLACE","id":"p","name":"P"}`), exchange.Options{})
		if err == nil || !strings.Contains(err.Error(),
			"b:2: the line has the id p, which is taken by a record of type PERSON") {
			t.Errorf("error %v", err)
		}
		if got := exported(t, s); got != before {
			t.Errorf("something was written:\n%s", got)
		}
	})
}

func TestFilesAsPeopleMakeThem(t *testing.T) {
	cat := both.Catalog(t)
	want := ""
	for _, c := range []struct{ name, text string }{
		{"as it is", ground},
		{"CRLF", strings.ReplaceAll(ground, "\n", "\r\n")},
		{"a byte order mark", "\ufeff" + ground},
		{"empty lines", strings.ReplaceAll(ground, "\n", "\n\n  \n")},
		{"no last newline", strings.TrimSuffix(ground, "\n")},
		{"no head", strings.TrimPrefix(ground, "{\"throughline\":1}\n")},
		{"spaces", strings.ReplaceAll(strings.ReplaceAll(ground, ":", " : "), "{", " { ")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := both.SQLite(cat)(t)
			if _, err := exchange.Import(t.Context(), cat, s, from("f", c.text), exchange.Options{}); err != nil {
				t.Fatal(err)
			}
			got := exported(t, s)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("it reads as\n%s", got)
			}
		})
	}
	// letters with marks: as one character, and as two
	for i, name := range []string{"\u00c9mile", "E\u0301mile"} {
		s := both.SQLite(cat)(t)
		if _, err := exchange.Import(t.Context(), cat, s, from("f", strings.ReplaceAll(ground, `"P"`, `"`+name+`"`)),
			exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		got := exported(t, s)
		if i == 0 {
			want = got
		}
		if !strings.Contains(got, "\"\u00c9mile\"") || got != want {
			t.Errorf("%+q reads as\n%s", name, got)
		}
	}
	// names with white space at their ends
	padded := both.SQLite(cat)(t)
	const text = `{"throughline":1}
{"source":"ARTICLE","id":"s_x","title":" A title\u00a0","publisher":"\tP ","authors":[" Some Body"]}
{"node":"PERSON","id":"p","name":" Ann  Berg\n","aliases":["A. Berg "]}
`
	trimmed := strings.NewReplacer(`" A title\u00a0"`, `"A title"`, `"\tP "`, `"P"`, `" Some`, `"Some`, `" Ann  Berg\n"`, `"Ann  Berg"`, `Berg "`, `Berg"`).Replace(text)
	if _, err := exchange.Import(t.Context(), cat, padded, from("f", text), exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	first := exported(t, padded)
	plain := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, plain, from("f", trimmed), exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := exported(t, plain); got != first || !strings.Contains(got, `"name":"Ann  Berg"`) {
		t.Errorf("it reads as\n%s\nand without as\n%s", first, got)
	}
	s := both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, from("f", "\xff\xfe{\x00"), exchange.Options{}); err == nil ||
		err.Error() != "f is UTF-16: save it as UTF-8" {
		t.Errorf("UTF-16: %v", err)
	}
}

func TestWhatIsAddedLaterIsVerified(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		for _, text := range []string{
			ground,
			`{"link":"AFFILIATED_WITH","from":"p","to":"i","role":"later","evidence":[{"source":"s_text","excerpt":"other words","verified":false},{"source":"s_text","excerpt":"are the"},{"source":"s_none","excerpt":"x"}]}`,
		} {
			if _, err := exchange.Import(t.Context(), cat, s, from("f", text), exchange.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		if err := s.Links(t.Context(), func(l *kg.Link) error {
			if l.Role != "later" {
				return nil
			}
			for _, e := range l.Evidence {
				switch {
				case e.Verified == nil:
					got = append(got, "unknown")
				case *e.Verified:
					got = append(got, "yes")
				default:
					got = append(got, "no")
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != "no yes unknown" {
			t.Errorf("verified: %v", got)
		}
	})
}

func exported(t *testing.T, s store.Scanner) string {
	t.Helper()
	return exportedBy(t, both.Catalog(t), s)
}

func exportedBy(t *testing.T, cat *catalog.Catalog, s store.Scanner) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := exchange.Export(t.Context(), cat, s, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
