package kg_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/kg"
)

func TestPartialDates(t *testing.T) {
	for _, c := range []struct {
		date     string
		from, to kg.Day
	}{
		{"2021", 20210101, 20211231},
		{"2021-02", 20210201, 20210228},
		{"2020-02", 20200201, 20200229},
		{"1900-02", 19000201, 19000228},
		{"2000-02", 20000201, 20000229},
		{"2021-12", 20211201, 20211231},
		{"2021-02-25", 20210225, 20210225},
		{"0000", 101, 1231},
		{"9999-12-31", 99991231, 99991231},
	} {
		d, err := kg.ParseDate(c.date)
		if err != nil {
			t.Errorf("%s: %v", c.date, err)
			continue
		}
		if from, to := d.Interval(); from != c.from || to != c.to {
			t.Errorf("%s: %d to %d, want %d to %d", c.date, from, to, c.from, c.to)
		}
	}
	if from, to := kg.PartialDate("").Interval(); from != kg.MinDay || to != kg.MaxDay {
		t.Errorf("no date: %d to %d", from, to)
	}
	for _, bad := range []string{
		"", "21", "2021-", "2021-2", "2021-13", "2021-00", "2021-02-29", "2021-02-30",
		"2021/02", "2021-02-25T00", "+021", "２０２１", "2021-02-2x", strings.Repeat("1", 5000),
	} {
		if _, err := kg.ParseDate(bad); kg.CodeOf(err) != kg.BadUserInput || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2021", "2021-02", "2021-02-25", "2021-13", "0000-00-00", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := kg.ParseDate(s)
		if err != nil {
			return
		}
		from, to := d.Interval()
		if string(d) != s || from > to || from < kg.MinDay || to > kg.MaxDay {
			t.Errorf("%q: %d to %d", s, from, to)
		}
	})
}

func TestInstants(t *testing.T) {
	for in, want := range map[string]string{
		"2021-02-25T10:00:00Z":           "2021-02-25T10:00:00.000Z",
		"2021-02-25T10:00:00.123456Z":    "2021-02-25T10:00:00.123Z",
		"2021-02-25T10:00:00.5+02:00":    "2021-02-25T08:00:00.500Z",
		"1946-03-16T00:00:00Z":           "1946-03-16T00:00:00.000Z",
		"1970-01-01T00:00:00Z":           "1970-01-01T00:00:00.000Z",
		"0000-01-01T00:00:00Z":           "0000-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59.999Z":       "9999-12-31T23:59:59.999Z",
		"2021-02-25T23:59:59.9999-01:00": "2021-02-26T00:59:59.999Z",
	} {
		got, err := kg.ParseTime(in)
		if err != nil || got <= 0 || got.String() != want || kg.TimeAt(got.UnixMilli()) != got {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "2021-02-25", "yesterday", "2021-02-25T25:00:00Z"} {
		if _, err := kg.ParseTime(bad); kg.CodeOf(err) != kg.BadUserInput {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got := kg.TimeOf(time.Date(2021, 2, 25, 10, 0, 0, 999_999,
		time.UTC)).String(); got != "2021-02-25T10:00:00.000Z" {
		t.Error(got)
	}
}

func TestIDs(t *testing.T) {
	for id, ok := range map[string]bool{
		"mary-kaldor": true, "A.b_c:d~e": true, strings.Repeat("a", kg.MaxID): true, "0": true,
		"": false, strings.Repeat("a",
			kg.MaxID+1): false, "-a": false, "a b": false, "a\x00": false, "á": false, "a/b": false,
	} {
		if err := kg.CheckID(id); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
	a := kg.LinkID("SAID", "a", "b", "", "", "")
	for _, other := range []string{
		kg.LinkID("SAID", "ab", "", "", "", ""), kg.LinkID("SAID", "a", "b", "", "2021", ""),
		kg.LinkID("SAID", "a", "b", "", "", "2021"), kg.LinkID("SAID", "a", "b", "2021", "", ""),
	} {
		if a == other {
			t.Error("two statements have one id")
		}
	}
	e := kg.Evidence{Source: "s_a", Excerpt: "words", Stance: "SUPPORTS"}
	if got := kg.LinkOfEvidence(kg.EvidenceID(a, &e)); got != a {
		t.Errorf("%s is evidence of %s", a, got)
	}
	for _, bad := range []string{"", "e_", "e_.x", "l_a.b", "e_abc"} {
		if got := kg.LinkOfEvidence(bad); got != "" {
			t.Errorf("%q is evidence of %q", bad, got)
		}
	}
}

func TestCodes(t *testing.T) {
	own := kg.Wrap(kg.Unavailable, errors.New("dial tcp"), "the store is away")
	for _, c := range []struct {
		err  error
		code kg.Code
	}{
		{nil, ""},
		{own, kg.Unavailable},
		{fmt.Errorf("fetch: %w", own), kg.Unavailable},
		{errors.Join(errors.New("x"), own), kg.Unavailable},
		{context.DeadlineExceeded, kg.Timeout},
		{fmt.Errorf("fetch: %w", context.Canceled), kg.Cancelled},
		{errors.New("x"), kg.Internal},
	} {
		if got := kg.CodeOf(c.err); got != c.code {
			t.Errorf("%v has the code %q, want %q", c.err, got, c.code)
		}
	}
	var many []kg.Candidate
	for i := range 30 {
		many = append(many, kg.Candidate{ID: fmt.Sprintf("p%02d", 29-i)})
	}
	e := kg.Ambiguous(strings.Repeat("x", 4000), 30, many)
	if got := e.Details["candidates"].([]kg.Candidate); len(got) != 10 || got[0].ID != "p00" || len(e.Message) > 200 {
		t.Errorf("%+v", e)
	}
}

func TestStandings(t *testing.T) {
	piece := func(source, stance, suffix string) kg.Evidence {
		return kg.Evidence{Source: source, Excerpt: "words", Suffix: suffix, Stance: stance}
	}
	pro, con := piece("s_a", kg.Supports, ""), piece("s_b", kg.Refutes, "")
	for _, c := range []struct {
		evidence []kg.Evidence
		want     kg.Standing
	}{
		{nil, kg.Supported},
		{[]kg.Evidence{pro}, kg.Supported},
		{[]kg.Evidence{con}, kg.Refuted},
		{[]kg.Evidence{con, pro}, kg.Disputed},
		{[]kg.Evidence{pro, piece("s_a", kg.Refutes, "")}, kg.Disputed},
	} {
		l := kg.Link{Evidence: c.evidence}
		if got := l.Standing(); got != c.want {
			t.Errorf("%v is %s, want %s", c.evidence, got, c.want)
		}
		if got, ok := kg.ParseStanding(c.want.String()); !ok || got != c.want {
			t.Errorf("%s is read as %s", c.want, got)
		}
	}
	if _, ok := kg.ParseStanding("DENIED"); ok {
		t.Error("there is a standing DENIED")
	}
	l := kg.Link{Evidence: []kg.Evidence{con, pro, piece("s_a", kg.Supports, "more"), piece("s_c", kg.Supports, "")}}
	if got := l.SourcesOf(kg.Supports); !slices.Equal(got, []string{"s_a", "s_c"}) {
		t.Errorf("supported by %v", got)
	}
}

func TestTheSameEvidenceTwiceIsOne(t *testing.T) {
	e := kg.Evidence{Source: "s_a", Excerpt: "words", Prefix: "before", Suffix: "after", Stance: kg.Supports}
	yes := true
	again := e
	again.Verified = &yes
	list := kg.UniteEvidence(nil, e, again)
	if len(list) != 1 || list[0].Verified != nil {
		t.Errorf("%v", list)
	}
	for _, change := range []func(*kg.Evidence){
		func(o *kg.Evidence) { o.Source = "s_b" }, func(o *kg.Evidence) { o.Excerpt = "word" }, func(o *kg.Evidence) { o.Prefix = "" },
		func(o *kg.Evidence) { o.Suffix = "" }, func(o *kg.Evidence) { o.Stance = kg.Refutes },
	} {
		other := e
		change(&other)
		list = kg.UniteEvidence(list, other, other)
	}
	if len(list) != 6 {
		t.Errorf("%d pieces: %v", len(list), list)
	}
}

// TestEveryCodeIsExplained: the table of codes has each that is declared, once and with its meaning.
func TestEveryCodeIsExplained(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[kg.Code]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, x := range v.Values {
				if lit, ok := x.(*ast.BasicLit); ok {
					declared[kg.Code(strings.Trim(lit.Value, `"`))] = 1
				}
			}
		}
		return true
	})
	if len(declared) < 20 {
		t.Fatalf("only %d codes are declared: %v", len(declared), declared)
	}
	for _, c := range kg.Codes() {
		if declared[c.Code]--; declared[c.Code] != 0 || c.Means == "" || strings.HasSuffix(c.Means, ".") {
			t.Errorf("%s: %q", c.Code, c.Means)
		}
	}
	for code, left := range declared {
		if left > 0 {
			t.Errorf("%s is not explained", code)
		}
	}
}
