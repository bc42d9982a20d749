package exchange_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// The lines that the cases below are made of.
const (
	said      = "Some words. Bob said: “Alice never joined the Guild, and nobody did.”"
	sourceA   = `{"source":"ARTICLE","id":"s_a","title":"A","text":"` + said + `"}` + "\n"
	sourceB   = `{"source":"ARTICLE","id":"s_b","title":"B","text":"Bob said something else."}` + "\n"
	sourceC   = `{"source":"ARTICLE","id":"s_c","title":"C"}` + "\n"
	bob       = `{"node":"PERSON","id":"bob","name":"Bob"}` + "\n"
	right     = `{"node":"QUOTE","id":"q","name":"Q","text":"Alice never joined … nobody did"}` + "\n"
	wrong     = `{"node":"QUOTE","id":"q","name":"Q","text":"Alice nevar joined the Guild"}` + "\n"
	knowingly = `{"node":"QUOTE","id":"q","name":"Q","text":"Alice nevar joined the Guild","verified":false}` + "\n"
	saidInA   = `{"link":"SAID","from":"bob","to":"q","evidence":[{"source":"s_a","excerpt":"Bob said"}]}` + "\n"
	saidInB   = `{"link":"SAID","from":"bob","to":"q","evidence":[{"source":"s_b","excerpt":"Bob said"}]}` + "\n"
	saidInC   = `{"link":"SAID","from":"bob","to":"q","evidence":[{"source":"s_c","excerpt":"Bob said"}]}` + "\n"
	onceInB   = `{"link":"SAID","from":"bob","to":"q","role":"once","evidence":[{"source":"s_b","excerpt":"Bob said"}]}` +
		"\n"
	denied = `{"link":"SAID","from":"bob","to":"q","evidence":[{"source":"s_b","excerpt":"Bob said","stance":"REFUTES"}]}` +
		"\n"

	asLine = `the line has words in text that do not occur in the text of s_a, which it is quoted from: Alice nevar joined the Guild; ` +
		`nearest is, in line 1 of the text: Alice never joined the Guild; correct them, or write "verified": false next to them to take them as they are`
	inB    = "that do not occur in the text of s_b, which it is quoted from"
	asLink = `the line is a link to q, words in whose text do not occur in the text of s_b`
)

const other = `{"node":"QUOTE","id":"other","name":"O","text":"Bob said something else"}` + "\n"

// movable is a link whose id does not say where it leads.
func movable(to, source string) string {
	return `{"link":"SAID","id":"l_m","from":"bob","to":"` + to + `","evidence":[{"source":"` + source +
		`","excerpt":"Bob said"}]}` + "\n"
}

// quotations are imports that come one after another. The last has these findings.
var quotations = []struct {
	name     string
	files    []string
	says     string // of the error; "" where there is none
	verified string
	counts   [2]int // words that are not in a text, and those made unverified
	replace  bool
}{
	{name: "as the text has it", files: []string{sourceA + bob + right + saidInA}, verified: "true"},
	{name: "with another letter", files: []string{sourceA + bob + wrong + saidInA}, says: "f0:3: " + asLine},
	{
		name: "taken as it is", files: []string{sourceA + bob + knowingly + saidInA}, verified: "false",
		counts: [2]int{1, 0},
	},
	{name: "taken as it is, though it is right", files: []string{sourceA + bob + strings.Replace(right, `"}`,
		`","verified":false}`, 1) + saidInA}, verified: "true"},
	{name: "no text", files: []string{sourceC + bob + wrong + saidInC}, verified: "unknown"},
	{name: "nobody said it", files: []string{sourceA + bob + wrong}, verified: "unknown"},
	{name: "denied", files: []string{sourceB + bob + wrong + denied}, verified: "unknown"},
	{
		name: "of two texts one has it", files: []string{sourceA + sourceB + bob + right + onceInB + saidInA},
		verified: "true",
	},
	{
		name: "of two texts none has it", files: []string{sourceB + sourceA + bob + wrong + onceInB + saidInA},
		says: "f0:4: the line has words in text that do not occur",
	},
	{name: "a later link", files: []string{sourceB + bob + wrong, saidInB}, says: "f1:1: " + asLink},
	{
		name: "a link that is led to it with what it rests on",
		files: []string{
			sourceB + sourceC + bob + wrong + other + movable("other", "s_b"),
			movable("q", "s_c"),
		}, says: "f1:1: " + asLink,
	},
	{name: "a later link to what was taken as it is", files: []string{
		sourceA + sourceB + bob + knowingly + saidInA,
		onceInB,
	}, verified: "false"},
	{name: "a later link, taken as it is", files: []string{
		sourceB + bob + wrong,
		saidInB + `{"node":"QUOTE","id":"q","verified":false}` + "\n",
	}, verified: "false", counts: [2]int{1, 0}},
	{name: "a later link with the words", files: []string{sourceA + sourceB + bob + strings.Replace(right, `"}`,
		`","verified":false}`, 1) + onceInB, saidInA}, verified: "true"},
	{name: "a later quotation", files: []string{sourceA + bob + right + saidInA, wrong}, says: "f1:1: " + asLine},
	{
		name: "a later quotation, taken as it is", files: []string{sourceA + bob + right + saidInA, knowingly},
		verified: "false", counts: [2]int{1, 0},
	},
	{
		name: "a later quotation that is right", files: []string{sourceA + bob + knowingly + saidInA, right},
		verified: "true",
	},
	{name: "the quotation again", files: []string{sourceA + bob + knowingly + saidInA, wrong}, says: "f1:1: " + asLine},
	{name: "what does not speak of the words", files: []string{
		sourceA + bob + knowingly + saidInA,
		`{"node":"QUOTE","id":"q","description":"D"}` + "\n",
	}, verified: "false"},
	{
		name: "a later text", files: []string{sourceC + bob + right + saidInC, strings.Replace(sourceA, "s_a", "s_c", 1)},
		verified: "true",
	},
	{name: "a later text without the words", files: []string{
		sourceC + bob + wrong + saidInC,
		strings.Replace(sourceA, "s_a", "s_c", 1),
	}, verified: "false", counts: [2]int{0, 1}},
	{name: "a text corrected", files: []string{
		sourceA + bob + right + saidInA,
		strings.Replace(sourceA, "nobody did", "no one did", 1),
	}, verified: "false", counts: [2]int{0, 1}},
	{name: "a text corrected, the excerpt too", files: []string{
		sourceA + bob + right + saidInA,
		strings.Replace(sourceA, said, "Other words.", 1),
	}, verified: "false", counts: [2]int{0, 2}},
	{name: "a text corrected to have the words", files: []string{
		sourceA + bob + knowingly + saidInA,
		strings.Replace(sourceA, "never", "nevar", 1),
	}, verified: "true"},
	{name: "a text corrected with the quotation", files: []string{
		sourceA + bob + right + saidInA,
		strings.Replace(sourceA, "nobody did", "no one did", 1) + strings.Replace(right, "nobody", "no one",
			1),
	}, verified: "true"},
	{name: "the quotation before its corrected text", files: []string{
		sourceA + bob + right + saidInA,
		strings.Replace(right, "nobody", "no one", 1) + strings.Replace(sourceA, "nobody did", "no one did",
			1),
	}, verified: "true"},
	{name: "a text taken away", files: []string{
		sourceA + bob + knowingly + saidInA,
		`{"source":"ARTICLE","id":"s_a","text":null}` + "\n",
	}, verified: "unknown"},
	{name: "a source deleted", files: []string{
		sourceA + sourceB + bob + right + onceInB + saidInA,
		`{"delete":"s_a","cascade":true}`,
	}, verified: "false", counts: [2]int{0, 1}},
	{name: "a link deleted", files: []string{sourceA + sourceB + bob + right + onceInB + strings.Replace(saidInA,
		`"SAID",`, `"SAID","id":"l_a",`, 1), `{"delete":"l_a"}`}, verified: "false", counts: [2]int{0, 1}},
	{name: "the other link deleted", files: []string{sourceA + sourceB + bob + right + saidInA +
		strings.Replace(onceInB, `"SAID",`, `"SAID","id":"l_b",`, 1), `{"delete":"l_b"}`}, verified: "true"},
	{
		name: "a link replaced", files: []string{sourceA + sourceB + bob + right + saidInA, saidInB}, replace: true,
		says: "f1:1: " + asLink,
	},
	{name: "a link replaced, another left", files: []string{
		sourceA + sourceB + bob + right + saidInA + onceInB,
		onceInB,
	}, replace: true, verified: "true"},
	{name: "evidence against it", files: []string{
		sourceA + bob + right + saidInA,
		strings.Replace(saidInA, `"}]`, `","stance":"REFUTES"}]`, 1),
	}, verified: "true"},
	{name: "what is no quotation of the link's", files: []string{sourceA + bob +
		`{"node":"THEME","id":"t","name":"T"}` + "\n" + wrong +
		`{"link":"ABOUT","from":"q","to":"t","evidence":[{"source":"s_a","excerpt":"Some words"}]}` +
		"\n"}, verified: "unknown"},
	{name: "a bad line is one", files: []string{sourceA + bob + strings.Replace(right, `"text"`, `"texd"`,
		1) + saidInA}, says: "f0:3: the line has the unknown field"},
	{name: "said to be verified", files: []string{sourceA + bob + strings.Replace(knowingly, `false`, `true`,
		1) + saidInA}, says: "f0:3: " + asLine},
	{name: "neither true nor false", files: []string{sourceA + bob + strings.Replace(knowingly, `false`, `"no"`,
		1) + saidInA}, says: "f0:3: the line has in verified what is no true or false"},
}

// verifiedOf is what a store has found of the quotation q.
func verifiedOf(t *testing.T, s store.Store) string {
	t.Helper()
	found, err := s.Records(t.Context(), []string{"q"})
	if err != nil || len(found.Nodes) != 1 {
		t.Fatal(found, err)
	}
	scanned := ""
	if err := s.Nodes(t.Context(), func(x *kg.Node) error {
		if x.ID == "q" {
			scanned = inWords(x.Verified)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := inWords(found.Nodes[0].Verified); got != scanned {
		t.Errorf("the record is %s and the scan says %s", got, scanned)
	}
	return scanned
}

func inWords(v *bool) string {
	if v == nil {
		return "unknown"
	}
	return fmt.Sprint(*v)
}

func TestQuotationsStandInTheirTexts(t *testing.T) {
	cat := both.Catalog(t)
	test := func(t *testing.T, open both.Open) {
		turn := both.Some(t, 3)
		for _, c := range quotations {
			if !turn() {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				s := open(t)
				last := len(c.files) - 1
				load(t, s, exchange.Options{}, c.files[:last]...)
				before := exported(t, s)
				file := from(fmt.Sprint("f", last), c.files[last])
				trial, errTrial := exchange.Import(t.Context(), cat, s, file,
					exchange.Options{DryRun: true, Replace: c.replace})
				if got := exported(t, s); got != before {
					t.Fatalf("the trial leaves\n%s", got)
				}
				report, err := exchange.Import(t.Context(), cat, s, file, exchange.Options{Replace: c.replace})
				if fmt.Sprint(errTrial) != fmt.Sprint(err) || (err == nil) != (c.says == "") || err != nil &&
					!strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v\nin a trial %v", err, errTrial)
				}
				once := exported(t, s)
				if err != nil {
					if once != before || strings.Contains(err.Error(), "\n") {
						t.Errorf("it leaves\n%s\n%v", once, err)
					}
					return
				}
				if trial.Unverified != report.Unverified || trial.MadeUnverified != report.MadeUnverified {
					t.Errorf("a trial counts %d and %d, the import %d and %d", trial.Unverified, trial.MadeUnverified,
						report.Unverified, report.MadeUnverified)
				}
				if got := [2]int{report.Unverified, report.MadeUnverified}; got != c.counts {
					t.Errorf("it counts %v", got)
				}
				if got := verifiedOf(t, s); got != c.verified {
					t.Errorf("it is %s", got)
				}
				again := open(t)
				load(t, again, exchange.Options{}, once)
				if d := cmp.Diff(once, exported(t, again)); d != "" {
					t.Error(d)
				}
			})
		}
	}
	both.Run(t, cat, test)
	t.Run("oracle", func(t *testing.T) {
		test(t, func(*testing.T) store.Store { return storetest.NewOracle(cat, both.Clock) })
	})
}

// TestQuotationsOfSeveralFiles imports the files of each case at once: what counts is how it is after each file.
func TestQuotationsOfSeveralFiles(t *testing.T) {
	cat := both.Catalog(t)
	for _, c := range quotations {
		if c.replace {
			continue // the cases add to what is there and replace with the last file alone
		}
		t.Run(c.name, func(t *testing.T) {
			s := both.SQLite(cat)(t)
			var files []exchange.File
			for i, text := range c.files {
				files = append(files, exchange.FromBytes(fmt.Sprint("f", i), []byte(text)))
			}
			_, err := exchange.Import(t.Context(), cat, s, files, exchange.Options{})
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				// what is deleted goes at the end, so no earlier line may write it
				if err == nil || !strings.Contains(err.Error(), "which an earlier line") {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err == nil {
				if got := verifiedOf(t, s); got != c.verified {
					t.Errorf("it is %s", got)
				}
			}
		})
	}
}

// TestAQuoteThatNobodySaidSo imports a file in which a quote has a word that its source has not, beside an excerpt that
// is right.
func TestAQuoteThatNobodySaidSo(t *testing.T) {
	const path = "testdata/quote-text.jsonl"
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = exchange.Import(t.Context(), both.Catalog(t), both.SQLite(both.Catalog(t))(t), from(path, string(file)),
		exchange.Options{})
	want := path + `:6: the line has words in text that do not occur in the text of s_a, which it is quoted from: Alice nevar joined the Guild; nearest is, in line 1 of the text: Alice never joined the Guild; correct them, or write "verified": false next to them to take them as they are
` + path + `:7: the line has an excerpt that stands in the text of s_a, though not between the prefix "INVENTED CONTEXT" and the suffix "": Alice joined the Guild in 1999.; correct them, or write "verified": false next to the excerpt to take it as it is`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Error(d)
	}
}

// drawSayings draws a file that speaks of two quotations, their sources and who said them.
func drawSayings(t *rapid.T, ground, deletes bool) string {
	var b strings.Builder
	flip := func(n int, what string) bool { return rapid.IntRange(1, n).Draw(t, what) == 1 }
	gone := ""
	if deletes && flip(3, "delete") {
		gone = rapid.SampledFrom([]string{"s_0", "s_1", "q0", "l_0", "l_1"}).Draw(t, "gone")
		fmt.Fprintf(&b, `{"delete":%q%s}`+"\n", gone, map[bool]string{true: `,"cascade":true`}[gone[0] != 'l'])
	}
	for i := range 2 {
		id := fmt.Sprint("s_", i)
		if gone == id || !ground && flip(2, "no source") {
			continue
		}
		fmt.Fprintf(&b, `{"source":"ARTICLE","id":%q,"title":"A"%s}`+"\n", id,
			rapid.SampledFrom([]string{
				"", "", `,"text":null`, `,"text":"Alice joined. He said so."`,
				`,"text":"Alice never joined. He said so."`,
			}).Draw(t, "text"))
	}
	if ground {
		b.WriteString(bob)
	}
	var late []string
	for i := range 2 {
		id := fmt.Sprint("q", i)
		if gone == id || !ground && flip(2, "no quotation") {
			continue
		}
		line := fmt.Sprintf(`{"node":"QUOTE","id":%q`, id)
		if ground || flip(2, "words") {
			line += fmt.Sprintf(`,"name":"Q","text":%q`, rapid.SampledFrom([]string{
				"Alice joined",
				"Alice never joined", "Alice … joined", "He said so",
			}).Draw(t, "words"))
		}
		if flip(3, "knowingly") {
			line += `,"verified":false`
		}
		if line += "}\n"; !ground && flip(2, "late") {
			late = append(late, line)
		} else {
			b.WriteString(line)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "links") {
		i := rapid.IntRange(0, 1).Draw(t, "link")
		source := rapid.IntRange(0, 1).Draw(t, "source")
		q := rapid.IntRange(0, 1).Draw(t, "quotation")
		if id := fmt.Sprint("l_", i); gone == id || gone == fmt.Sprint("s_", source) || gone == fmt.Sprint("q", q) ||
			strings.Contains(b.String(), `"`+id+`","from"`) {
			continue
		}
		fmt.Fprintf(&b, `{"link":"SAID","id":"l_%d","from":"bob","to":"q%d","evidence":[{"source":"s_%d","excerpt":"He said so"%s}]}`+"\n",
			i, q, source, map[bool]string{true: `,"stance":"REFUTES"`}[flip(4, "against")])
	}
	return b.String() + strings.Join(late, "")
}

// TestAQuotationWhoseTextIsCorrected imports a link to a quotation behind a file that corrects the text it is quoted
// from without speaking of it. It was unverified before the link came.
func TestAQuotationWhoseTextIsCorrected(t *testing.T) {
	cat := both.Catalog(t)
	files := []exchange.File{
		from("first", `{"source":"ARTICLE","id":"s_0","title":"A"}
{"source":"ARTICLE","id":"s_1","title":"A","text":"Alice joined. He said so."}
`+bob+`{"node":"QUOTE","id":"q","name":"Q","text":"Alice joined"}
{"link":"SAID","id":"l_1","from":"bob","to":"q","evidence":[{"source":"s_1","excerpt":"He said so"}]}
`)[0],
		from("second", `{"source":"ARTICLE","id":"s_1","title":"A","text":"Alice never joined. He said so."}
`)[0],
		from("third", `{"link":"SAID","id":"l_2","from":"bob","to":"q","evidence":[{"source":"s_0","excerpt":"He said so"}]}
`)[0],
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for apart := range files { // how many are imported one by one before the others
			s := open(t)
			made := 0
			for i := range apart + 1 {
				some := files[i : i+1]
				if i == apart {
					some = files[i:]
				}
				r, err := exchange.Import(t.Context(), cat, s, some, exchange.Options{})
				if err != nil {
					t.Fatalf("%d apart: %v", apart, err)
				}
				made += r.MadeUnverified
			}
			if made != 1 {
				t.Errorf("%d apart: %d made unverified, want 1", apart, made)
			}
		}
	})
}

// TestQuotationsAddUp imports files drawn at random, one after another and together.
func TestQuotationsAddUp(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 10, 100)
		rapid.Check(t, func(rt *rapid.T) {
			oracle, s := storetest.NewOracle(cat, both.Clock), open(t)
			together := rapid.Bool().Draw(rt, "together")
			var files []exchange.File
			for i := range rapid.IntRange(2, 4).Draw(rt, "files") {
				files = append(files, exchange.FromBytes(fmt.Sprint("f", i),
					[]byte(drawSayings(rt, i == 0, !together))))
			}
			refused := false
			for i, f := range files {
				o := exchange.Options{Replace: !together && i > 0 && rapid.IntRange(0, 3).Draw(rt, "replace") == 0}
				trial := o
				trial.DryRun = true
				tried, errTried := exchange.Import(t.Context(), cat, s, files[i:i+1], trial)
				want, errWant := exchange.Import(t.Context(), cat, oracle, files[i:i+1], o)
				got, err := exchange.Import(t.Context(), cat, s, files[i:i+1], o)
				if fmt.Sprint(err) != fmt.Sprint(errWant) || fmt.Sprint(errTried) != fmt.Sprint(errWant) {
					rt.Fatalf("%s: error %v, trial %v, want %v", f.Name, err, errTried, errWant)
				}
				counts := func(r exchange.Report) [2]int { return [2]int{r.Unverified, r.MadeUnverified} }
				if counts(got) != counts(want) || counts(tried) != counts(want) {
					rt.Fatalf("%s: counts %v, in a trial %v, want %v", f.Name, counts(got), counts(tried), counts(want))
				}
				if a, b := exported(t, oracle), exported(t, s); a != b {
					rt.Fatal(cmp.Diff(a, b))
				}
				if err != nil {
					refused = true
					break
				}
				fresh := storetest.NewOracle(cat, both.Clock)
				once := exported(t, s)
				if _, err := exchange.Import(t.Context(), cat, fresh, from("again", once),
					exchange.Options{}); err != nil || exported(t, fresh) != once {
					rt.Fatalf("%s: again: %v\n%s", f.Name, err, cmp.Diff(once, exported(t, fresh)))
				}
			}
			if !together {
				return
			}
			one := storetest.NewOracle(cat, both.Clock)
			before := rapid.IntRange(0, 1).Draw(rt, "before the others") // what these correct is then of the store
			_, err := exchange.Import(t.Context(), cat, one, files[:before], exchange.Options{})
			if err == nil {
				_, err = exchange.Import(t.Context(), cat, one, files[before:], exchange.Options{})
			}
			if (err != nil) != refused {
				rt.Fatalf("together: error %v; one after another refused: %v", err, refused)
			}
			if a, b := exported(t, oracle), exported(t, one); err == nil && a != b {
				rt.Fatal(cmp.Diff(a, b))
			}
		})
	})
}
