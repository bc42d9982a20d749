package exchange_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const (
	firstSource = `{"source":"ARTICLE","id":"s_times","title":"Times","text":"Alice sits on the board of Acme."}
{"node":"PERSON","id":"alice","name":"Alice","aliases":["A. Smith"],"description":"Banker","externalIds":[{"scheme":"wikidata","value":"Q1"}],"born":"1950","createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2020-01-01T00:00:00.000Z"}
{"node":"INSTITUTION","id":"acme","name":"Acme","createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}
{"link":"AFFILIATED_WITH","from":"alice","to":"acme","role":"board member","evidence":[{"source":"s_times","excerpt":"Alice sits on the board of Acme."}],"createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2020-01-01T00:00:00.000Z"}
`
	secondSource = `{"source":"ARTICLE","id":"s_post","title":"Post","text":"Acme's board includes Alice."}
{"node":"PERSON","id":"alice","name":"Alice"}
{"link":"AFFILIATED_WITH","from":"alice","to":"acme","role":"board member","evidence":[{"source":"s_post","excerpt":"Acme's board includes Alice."}]}
`
	bothSources = `{"throughline":1}
{"source":"ARTICLE","id":"s_post","title":"Post","text":"Acme's board includes Alice."}
{"source":"ARTICLE","id":"s_times","title":"Times","text":"Alice sits on the board of Acme."}
{"node":"INSTITUTION","id":"acme","name":"Acme","createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}
{"node":"PERSON","id":"alice","name":"Alice","aliases":["A. Smith"],"description":"Banker","externalIds":[{"scheme":"wikidata","value":"Q1"}],"born":"1950","createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2020-01-01T00:00:00.000Z"}
{"link":"AFFILIATED_WITH","id":"l_fy7pai7x7k3iiykjlzli","from":"alice","to":"acme","role":"board member","evidence":[{"source":"s_times","excerpt":"Alice sits on the board of Acme."},{"source":"s_post","excerpt":"Acme's board includes Alice."}],"createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2023-11-14T22:13:20.000Z"}
`
)

// load imports files one after another.
func load(t *testing.T, s store.Store, o exchange.Options, texts ...string) (reports []exchange.Report) {
	t.Helper()
	for i, text := range texts {
		r, err := exchange.Import(t.Context(), both.Catalog(t), s, from(fmt.Sprint("f", i), text), o)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	return reports
}

// told is a report as a test writes it.
func told(r *exchange.Report) string {
	var b strings.Builder
	for _, t := range r.Records {
		fmt.Fprintf(&b, "%s %d %d %d %d\n", t.Type, t.New, t.Changed, t.Unchanged, t.Removed)
	}
	fmt.Fprintf(&b, "evidence %d\n", r.Evidence)
	for _, w := range r.Warnings {
		fmt.Fprintln(&b, w)
	}
	return b.String()
}

func TestASecondSourceAddsItsWords(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		var changes []string
		diff := exchange.Options{Diff: func(c exchange.FieldChange) { changes = append(changes, fmt.Sprint(c)) }}
		reports := load(t, s, diff, firstSource, secondSource, secondSource)
		if d := cmp.Diff(bothSources, exported(t, s)); d != "" {
			t.Error(d)
		}
		for i, want := range []string{
			"SOURCE 1 0 0 0\nPERSON 1 0 0 0\nINSTITUTION 1 0 0 0\nAFFILIATED_WITH 1 0 0 0\nevidence 1\n",
			"SOURCE 1 0 0 0\nPERSON 0 0 1 0\nAFFILIATED_WITH 0 1 0 0\nevidence 1\n",
			"SOURCE 0 0 1 0\nPERSON 0 0 1 0\nAFFILIATED_WITH 0 0 1 0\nevidence 0\n",
		} {
			if d := cmp.Diff(want, told(&reports[i])); d != "" {
				t.Errorf("report %d: %s", i, d)
			}
		}
		want := []string{`{AFFILIATED_WITH l_fy7pai7x7k3iiykjlzli evidence [{"source":"s_times","excerpt":"Alice sits on the board of Acme."}] [{"source":"s_times","excerpt":"Alice sits on the board of Acme."},{"source":"s_post","excerpt":"Acme's board includes Alice."}]}`}
		if d := cmp.Diff(want, changes); d != "" {
			t.Error(d)
		}
		// in one import, and in one file, it ends alike
		together := open(t)
		if _, err := exchange.Import(t.Context(), cat, together, []exchange.File{exchange.FromBytes("1",
			[]byte(firstSource)), exchange.FromBytes("2", []byte(secondSource))}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(bothSources, exported(t, together)); d != "" {
			t.Error(d)
		}
		// the other way is asked for
		replaced := open(t)
		load(t, replaced, exchange.Options{}, firstSource)
		load(t, replaced, exchange.Options{Replace: true}, secondSource)
		if got := exported(t, replaced); strings.Contains(got, "Banker") ||
			strings.Contains(got, `"excerpt":"Alice sits`) {
			t.Errorf("replaced: %s", got)
		}
	})
}

func TestNullClearsAndWhatIsLeftOutStays(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, firstSource, `{"source":"ARTICLE","id":"s_times","publisher":"The Times","authors":["A"]}
{"node":"PERSON","id":"alice","description":null,"aliases":null,"died":"2020"}
{"link":"AFFILIATED_WITH","id":"l_fy7pai7x7k3iiykjlzli","from":"alice","to":"acme","role":null,"since":"1999"}`,
			`{"source":"ARTICLE","id":"s_times","publisher":null,"authors":["B","A"]}`)
		got := exported(t, s)
		for _, want := range []string{
			`{"source":"ARTICLE","id":"s_times","title":"Times","authors":["A","B"],"text":"Alice sits`,
			`"name":"Alice","externalIds":[{"scheme":"wikidata","value":"Q1"}],"born":"1950","died":"2020"`,
			`"from":"alice","to":"acme","since":"1999","evidence":[{"source":"s_times"`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is not in\n%s", want, got)
			}
		}
	})
}

// Of every field that a line may have it is known whether null clears it.
func TestWhatNullMayClear(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	load(t, s, exchange.Options{}, firstSource)
	type fields = map[string]bool
	may := map[string]fields{
		`"source":"ARTICLE","id":"s_times"`: {
			"title": false, "url": true, "publisher": true, "authors": true,
			"publishedOn": true, "text": true,
		},
		`"link":"AFFILIATED_WITH","id":"l_fy7pai7x7k3iiykjlzli","from":"alice","to":"acme"`: {
			"role": true, "since": true, "until": true, "evidence": false, "createdAt": false, "updatedAt": false,
		},
	}
	for _, typ := range cat.Types {
		if !typ.IsEntity() {
			continue
		}
		m := fields{
			"name": false, "aliases": true, "description": true, "externalIds": true, "createdAt": false,
			"updatedAt": false,
		}
		for _, p := range typ.Props {
			m[p.Name] = !cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull
		}
		may[fmt.Sprintf(`"node":%q,"id":"x"`, typ.Enum)] = m
	}
	for line, m := range may {
		for field, want := range m {
			_, err := exchange.Import(t.Context(), cat, s, from("f", fmt.Sprintf(`{%s,%q:null}`, line, field)),
				exchange.Options{DryRun: true})
			refused := err != nil && strings.Contains(err.Error(), "has null in "+field+", which cannot be cleared")
			if refused == want {
				t.Errorf("%s, %s: null: %v, may be cleared: %t", line, field, err, want)
			}
		}
	}
}

// deletions are files that delete after firstSource, with what they leave or why they are refused.
var deletions = []struct{ name, text, says, leaves string }{
	{
		"an entity that links hang on", `{"delete":"alice"}`,
		`f:1: the line deletes alice, on which 1 link hangs; delete what hangs on it too, or add "cascade": true`, "",
	},
	{
		"a source that evidence quotes", `{"delete":"s_times"}`, `f:1: the line deletes s_times, on which 1 link hangs`,
		"",
	},
	{"a link", `{"delete":"l_fy7pai7x7k3iiykjlzli"}`, "", "s_times acme alice"},
	{"a link and its end", "{\"delete\":\"alice\"}\n{\"delete\":\"l_fy7pai7x7k3iiykjlzli\"}", "", "s_times acme"},
	{"with what hangs on it", `{"delete":"alice","cascade":true}`, "", "s_times acme"},
	{"a source with what rests on it", `{"delete":"s_times","cascade":true}`, "", "acme alice"},
	{"what is not there", `{"delete":"nobody"}`, "", "s_times acme alice l_fy7pai7x7k3iiykjlzli"},
	{
		"twice", "{\"delete\":\"nobody\"}\n{\"delete\":\"nobody\"}",
		"f:2: the line deletes nobody, which an earlier line deletes", "",
	},
	{"what a later line uses", `{"delete":"acme","cascade":true}` + "\n" +
		`{"link":"AFFILIATED_WITH","from":"alice","to":"acme","evidence":[{"source":"s_times","excerpt":"Alice"}]}`, "f:2: the line links to acme, which an earlier line deletes", ""},
	{
		"what an earlier line uses",
		`{"link":"AFFILIATED_WITH","from":"alice","to":"acme","evidence":[{"source":"s_times","excerpt":"Alice"}]}` +
			"\n" + `{"delete":"acme","cascade":true}`, "f:2: the line deletes acme, which an earlier line uses", "",
	},
	{"what a later line writes", `{"delete":"alice","cascade":true}` + "\n" +
		`{"node":"PERSON","id":"alice","name":"A"}`, "f:2: the line has the id alice, which an earlier line deletes", ""},
}

func TestLinesThatDelete(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for _, c := range deletions {
			t.Run(c.name, func(t *testing.T) {
				s := open(t)
				load(t, s, exchange.Options{}, firstSource)
				before := exported(t, s)
				trial, errTrial := exchange.Import(t.Context(), cat, s, from("f", c.text),
					exchange.Options{DryRun: true})
				if got := exported(t, s); got != before {
					t.Fatalf("the trial leaves\n%s", got)
				}
				report, err := exchange.Import(t.Context(), cat, s, from("f", c.text), exchange.Options{})
				if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) ||
					fmt.Sprint(err) != fmt.Sprint(errTrial) {
					t.Fatalf("error %v, trial %v", err, errTrial)
				}
				if d := cmp.Diff(told(&trial), told(&report)); d != "" {
					t.Error(d)
				}
				if err != nil {
					if got := exported(t, s); got != before {
						t.Errorf("it is refused and leaves\n%s", got)
					}
					return
				}
				var left []string
				for _, line := range strings.Split(exported(t, s), "\n") {
					if _, rest, ok := strings.Cut(line, `"id":"`); ok {
						id, _, _ := strings.Cut(rest, `"`)
						left = append(left, id)
					}
				}
				if got := strings.Join(left, " "); got != c.leaves {
					t.Errorf("it leaves %s", got)
				}
				if _, err := exchange.Import(t.Context(), cat, s, from("f", c.text), exchange.Options{}); err != nil {
					t.Errorf("run again: %v", err)
				}
			})
		}
	})
}

func TestWhatLosesAPartOfItsEvidenceStays(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, firstSource, secondSource, `{"delete":"s_times","cascade":true}`)
		got := exported(t, s)
		if strings.Contains(got, "s_times") ||
			!strings.Contains(got, `"evidence":[{"source":"s_post","excerpt":"Acme's board includes Alice."}]`) {
			t.Error(got)
		}
	})
}

// namesakes are files that come one after another, or together, of which the last is refused or none.
var namesakes = []struct {
	name  string
	files []string
	says  string
}{
	{"two people", []string{
		`{"node":"PERSON","name":"John Smith","born":"1950"}`,
		`{"node":"PERSON","name":"John Smith","born":"1980"}`,
	}, `has the id john-smith, made from its name, and so has John Smith of another file or the store, whose born is 1950 while this one's is 1980: if they are two, give one an id; if they are one, write "id":"john-smith"`},
	{"two articles", []string{
		`{"source":"ARTICLE","title":"Opinion","publisher":"Paper A","publishedOn":"2020"}`,
		`{"source":"ARTICLE","title":"Opinion","publisher":"Paper B","publishedOn":"2024"}`,
	}, "whose publisher is Paper A while this one's is Paper B"},
	{"two registers", []string{
		`{"node":"PERSON","name":"A","externalIds":[{"scheme":"x","value":"1"}]}`,
		`{"node":"PERSON","name":"a","externalIds":[{"scheme":"x","value":"2"}]}`,
	}, "whose x is 1 while this one's is 2"},
	{
		"two kinds of source",
		[]string{`{"source":"ARTICLE","title":"Opinion"}`, `{"source":"BOOK","title":"Opinion"}`},
		"whose kind is ARTICLE while this one's is BOOK",
	},
	{"two addresses", []string{
		`{"source":"ARTICLE","title":"Opinion","url":"https://a.example/"}`,
		`{"source":"ARTICLE","title":"Opinion","url":"https://b.example/"}`,
	}, "whose url is https://a.example/ while this one's is https://b.example/"},
	{"two days", []string{
		`{"source":"ARTICLE","title":"Opinion","publishedOn":"2020-03"}`,
		`{"source":"ARTICLE","title":"Opinion","publishedOn":"2020-04-01"}`,
	}, "whose publishedOn is 2020-03 while this one's is 2020-04-01"},
	{"other authors", []string{
		`{"source":"ARTICLE","title":"Opinion","authors":["A","B"]}`,
		`{"source":"ARTICLE","title":"Opinion","authors":["C"]}`,
	}, "whose authors is A, B while this one's is C"},
	{"two descriptions", []string{
		`{"node":"PERSON","name":"A","description":"Banker"}`,
		`{"node":"PERSON","name":"A","description":"Baker"}`,
	}, "whose description is Banker while this one's is Baker"},
	{"an author in common", []string{
		`{"source":"ARTICLE","title":"Opinion","authors":["A","B"]}`,
		`{"source":"ARTICLE","title":"Opinion","authors":["C","b"]}`,
	}, ""},
	{"one said twice, with what the other lacks", []string{
		`{"source":"ARTICLE","title":"Opinion","authors":["A"],"publishedOn":"2020"}
{"node":"PERSON","name":"A","description":"Banker","externalIds":[{"scheme":"x","value":"1"}]}`,
		`{"source":"ARTICLE","title":"Opinion","url":"https://a.example/","publisher":"Paper A"}
{"node":"PERSON","name":"A","born":"1950","externalIds":[{"scheme":"y","value":"1"}]}`,
		`{"source":"ARTICLE","title":"Opinion","authors":["A"],"publishedOn":"2020-03"}
{"node":"PERSON","name":"A","description":"Banker","externalIds":[{"scheme":"x","value":"1"},{"scheme":"x","value":"2"}]}`,
	}, ""},
	{"one said twice, more exactly", []string{
		`{"node":"PERSON","name":"John Smith","born":"1950"}`,
		`{"node":"PERSON","name":"John Smith","born":"1950-03","died":"1999"}`,
	}, ""},
	{"one of a third file", []string{
		`{"node":"PERSON","name":"John Smith"}`,
		`{"node":"PERSON","id":"john-smith","died":"1999"}`, `{"node":"PERSON","name":"John Smith","died":"1998"}`,
	}, "whose died is 1999 while this one's is 1998"},
	{"one that has an id", []string{
		`{"node":"PERSON","name":"John Smith","born":"1950"}`,
		`{"node":"PERSON","id":"john-smith","name":"John Smith","born":"1980"}`,
	}, ""},
}

func TestNamesakesAreNotMerged(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for _, c := range namesakes {
			t.Run(c.name, func(t *testing.T) {
				s := open(t)
				last := len(c.files) - 1
				load(t, s, exchange.Options{}, c.files[:last]...)
				_, after := exchange.Import(t.Context(), cat, s, from("f", c.files[last]), exchange.Options{})
				one := exported(t, s)
				s = open(t)
				var files []exchange.File
				for i, text := range c.files {
					files = append(files, exchange.FromBytes(fmt.Sprint(i), []byte(text)))
				}
				_, trial := exchange.Import(t.Context(), cat, s, files, exchange.Options{DryRun: true})
				_, together := exchange.Import(t.Context(), cat, s, files, exchange.Options{})
				for _, err := range []error{after, trial, together} {
					if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
						t.Errorf("error %v", err)
					}
				}
				if got := exported(t, s); c.says == "" && got != one {
					t.Error(cmp.Diff(one, got))
				}
			})
		}
	})
}

func TestAnExternalIDOfTwoIsAWarning(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, firstSource)
		text := `{"node":"PERSON","id":"b","name":"B","externalIds":[{"scheme":"wikidata","value":"Q1"},{"scheme":"x","value":"1"}]}
{"node":"PERSON","id":"c","name":"C","externalIds":[{"scheme":"x","value":"1"}]}`
		for _, o := range []exchange.Options{{DryRun: true}, {}} {
			r, err := exchange.Import(t.Context(), cat, s, from("f", text), o)
			want := []exchange.Warning{
				"the external id x 1 is of both b and c",
				"the external id wikidata Q1 is of both alice, which is in the store, and b",
			}
			if err != nil || !slices.Equal(r.Warnings, want) {
				t.Errorf("warnings %q, %v", r.Warnings, err)
			}
		}
	})
}

// TestOneBadLineIsOne: what uses a record that a bad line should have made is no bad line because of it.
func TestOneBadLineIsOne(t *testing.T) {
	cat := both.Catalog(t)
	// the ids of these are made from what they are called
	called := strings.NewReplacer(`"id":"s_times",`, "", `"id":"alice",`, "").Replace(firstSource)
	for _, c := range []string{
		strings.Replace(called, `"title":"Times"`, `"title":"Times","kind":"x"`, 1),
		strings.Replace(called, `"born":"1950"`, `"bron":"1950"`, 1),
		strings.Replace(firstSource, `"title":"Times"`, `"titel":"Times"`, 1),
		strings.Replace(firstSource, `"source":"ARTICLE"`, `"source":"ARTICLEE"`, 1),
		strings.Replace(firstSource, `"born":"1950"`, `"born":"1950-13"`, 1),
		strings.Replace(firstSource, `"born":"1950"`, `"bron":"1950"`, 1),
		strings.Replace(firstSource, `"node":"PERSON"`, `"node":"PERSN"`, 1),
	} {
		_, err := exchange.Import(t.Context(), cat, both.SQLite(cat)(t), from("f", c), exchange.Options{})
		var bad *exchange.BadLinesError
		if !errors.As(err, &bad) || len(bad.Lines) != 1 || bad.More != 0 {
			t.Errorf("error %v", err)
		}
	}
}

func TestAMarkBetweenJoinedFilesIsSkipped(t *testing.T) {
	s := both.SQLite(both.Catalog(t))(t)
	load(t, s, exchange.Options{}, "\ufeff"+firstSource+"\ufeff"+`{"node":"THEME","id":"t","name":"T"}`)
}

// TestImportsAddUp imports graphs drawn at random, one after another and together: the same graph, the same as the
// oracle's, and a trial reports what the import then does.
func TestImportsAddUp(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 10, 100)
		rapid.Check(t, func(rt *rapid.T) {
			var texts []string
			for range rapid.IntRange(2, 3).Draw(rt, "files") {
				one := storetest.NewOracle(cat, both.Clock)
				if err := storetest.Fill(t.Context(), one, drawGraph(rt, cat)); err != nil {
					rt.Fatal(err)
				}
				lines := strings.SplitAfter(exported(t, one), "\n")
				for i, line := range lines {
					if strings.HasPrefix(line, `{"node"`) && rapid.IntRange(0, 3).Draw(rt, "strict") == 0 {
						lines[i] = strings.Replace(line, `,"verified":false`, "", 1) // which may be refused then
					}
				}
				texts = append(texts, strings.Join(lines, ""))
			}
			oracle, s := storetest.NewOracle(cat, both.Clock), open(t)
			for i, text := range texts {
				replace := rapid.Bool().Draw(rt, "replace")
				trial, errTrial := exchange.Import(t.Context(), cat, s, from("g", text),
					exchange.Options{DryRun: true, Replace: replace})
				want, errWant := exchange.Import(t.Context(), cat, oracle, from("g", text),
					exchange.Options{Replace: replace})
				got, err := exchange.Import(t.Context(), cat, s, from("g", text), exchange.Options{Replace: replace})
				if fmt.Sprint(err) != fmt.Sprint(errWant) || err == nil && errTrial != nil {
					rt.Fatalf("file %d: error %v, trial %v, want %v", i, err, errTrial, errWant)
				}
				if err != nil {
					return // another type under an id
				}
				counts := func(r exchange.Report) [2]int { return [2]int{r.Unverified, r.MadeUnverified} }
				if counts(got) != counts(want) || counts(trial) != counts(want) {
					rt.Fatalf("file %d: unverified %v, in a trial %v, want %v", i, counts(got), counts(trial),
						counts(want))
				}
				if told(&got) != told(&want) || told(&trial) != told(&want) {
					rt.Fatalf("file %d: told\n%s\nin a trial\n%s\nwant\n%s", i, told(&got), told(&trial), told(&want))
				}
				if a, b := exported(t, oracle), exported(t, s); a != b {
					rt.Fatal(cmp.Diff(a, b))
				}
			}
			together, files := storetest.NewOracle(cat, both.Clock), []exchange.File{}
			parts := storetest.NewOracle(cat, both.Clock)
			var errParts error
			for i, text := range texts {
				files = append(files, exchange.FromBytes(fmt.Sprint(i), []byte(text)))
				if errParts != nil {
					continue
				}
				if _, err := exchange.Import(t.Context(), cat, parts, files[i:], exchange.Options{}); err != nil {
					errParts = err // words of one file that are not in a text of another
				}
			}
			// files are read to their end before they are refused, so what comes after the first that fails may differ
			_, err := exchange.Import(t.Context(), cat, together, files, exchange.Options{})
			if (err == nil) != (errParts == nil) {
				rt.Fatalf("together: %v; one after another: %v", err, errParts)
			}
			if err != nil {
				return
			}
			if a, b := exported(t, parts), exported(t, together); a != b {
				rt.Fatal(cmp.Diff(a, b))
			}
		})
	})
}

func TestIdsOfNamesInAnyScript(t *testing.T) {
	for name, want := range map[string]string{
		"Mary Kaldor": "mary-kaldor", "Zürich": "zurich", "O\u2019Neill": "o-neill", "1984": "1984", "NATO 2": "nato-2", "?!": "",
	} {
		if got := rules.Slug(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	seen := map[string]string{}
	for _, name := range []string{"習近平", "習近平 2", "Владимир Путин", "2021年", "2021月", "李明", "नेहरू", "2021"} {
		id := rules.Slug(name)
		if other := seen[id]; other != "" || id == "" || name != "2021" && strings.Trim(id, "0123456789-") == "" {
			t.Errorf("%q is %q, which is that of %q", name, id, other)
		}
		seen[id] = name
	}
}

func TestWhatImportsMakeTogetherIsWithinBounds(t *testing.T) {
	cat := both.Catalog(t)
	many := func(n int, write func(i int) string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = write(i)
		}
		return strings.Join(list, ",")
	}
	quoted := func(n int) func(i int) string { return func(i int) string { return fmt.Sprintf(`"a%d"`, n+i) } }
	piece := func(i int) string { return fmt.Sprintf(`{"source":"s_notes","excerpt":"word %d"}`, i) }
	const link = `{"link":"AFFILIATED_WITH","id":"l_club","from":"ann","to":"club",`
	ann := `{"source":"ARTICLE","id":"s_notes","title":"Notes"}
{"node":"INSTITUTION","id":"club","name":"Club","dissolved":"1990"}
{"node":"PERSON","id":"ann","name":"Ann","born":"1950","aliases":[` + many(100, quoted(0)) + `],"externalIds":[` +
		many(100, func(i int) string { return fmt.Sprintf(`{"scheme":"x%d","value":"1"}`, i) }) + `]}
` + link + `"since":"2005","evidence":[` + many(1000, piece) + `]}
` + strings.Replace(link, "l_club", "l_long", 1) + `"role":"long","evidence":[` + many(5, func(i int) string {
		return fmt.Sprintf(`{"source":"s_notes","excerpt":"%d %s"}`, i, strings.Repeat("x", 90_000))
	}) + `]}
`
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, ann)
		before := exported(t, s)
		for line, want := range map[string]string{
			`{"node":"PERSON","id":"ann","died":"1949"}`:                              "f:1: the line has born after died, which is known already; write both if it is wrong",
			`{"node":"INSTITUTION","id":"club","founded":"1991-01"}`:                  "f:1: the line has founded after dissolved, which is known already",
			`{"node":"PERSON","id":"ann","aliases":["b"]}`:                            "ann would have more than 100 aliases or external ids",
			`{"node":"PERSON","id":"ann","externalIds":[{"scheme":"y","value":"1"}]}`: "ann would have more than 100 aliases or external ids",
			`{"source":"ARTICLE","id":"s_notes","authors":[` + many(101,
				quoted(0)) + `]}`: "f:1: the line has more than 100 authors",
			link + `"until":"2004"}`: "the link l_club would end (2004) before it begins (2005)",
			link + `"evidence":[{"source":"s_notes","excerpt":"one more"}]}`: "the link l_club would have more than 1000 pieces of evidence",
			strings.Replace(link, "l_club", "l_long", 1) + `"evidence":[` + many(1, func(int) string {
				return fmt.Sprintf(`{"source":"s_notes","excerpt":"more %s"}`, strings.Repeat("x", 90_000))
			}) + `]}`: "the link l_long would have more than 512 KiB of evidence",
		} {
			for _, dry := range []bool{true, false} {
				_, err := exchange.Import(t.Context(), cat, s, from("f", line), exchange.Options{DryRun: dry})
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%.80s (dry run: %v): %v; want %s", line, dry, err, want)
				}
			}
			if d := cmp.Diff(before, exported(t, s)); d != "" {
				t.Fatalf("%.80s: %s", line, d)
			}
		}
		// two files of one import are no other than two imports
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{
			exchange.FromBytes("1", []byte(`{"node":"PERSON","id":"bob","name":"Bob","born":"1950"}`)),
			exchange.FromBytes("2", []byte(`{"node":"PERSON","id":"bob","name":"Bob","died":"1940"}`)),
		}, exchange.Options{})
		if err == nil || !strings.Contains(err.Error(), "2:1: the line has born after died") {
			t.Error(err)
		}
		// it says all that there is
		load(t, s, exchange.Options{Replace: true}, `{"node":"PERSON","id":"ann","name":"Ann","died":"1949"}`)
		load(t, s, exchange.Options{}, `{"node":"PERSON","id":"ann","born":"1900","died":"1950"}`)
	})
}
