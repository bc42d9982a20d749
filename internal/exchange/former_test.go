package exchange_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

const (
	twoSmiths = `{"source":"ARTICLE","id":"s_times","title":"Times","text":"Ann Smith joined the Club. Smith chairs the Club."}
{"node":"INSTITUTION","id":"club","name":"Club"}
{"node":"PERSON","id":"ann-smith","name":"Ann Smith","born":"1970"}
{"node":"PERSON","id":"smith","name":"Smith","aliases":["A. Smith"],"description":"Chairs the club.","born":"1971","died":"2020"}
{"link":"AFFILIATED_WITH","from":"ann-smith","to":"club","evidence":[{"source":"s_times","excerpt":"Ann Smith joined the Club."}]}
{"link":"AFFILIATED_WITH","from":"smith","to":"club","evidence":[{"source":"s_times","excerpt":"Smith chairs the Club."}]}
{"link":"AFFILIATED_WITH","id":"l_own","from":"smith","to":"club","role":"chair","evidence":[{"source":"s_times","excerpt":"Smith chairs the Club."}]}
{"link":"AFFILIATED_WITH","id":"l_named","from":"smith","to":"club","role":"member","evidence":[{"source":"s_times","excerpt":"Ann Smith joined the Club."}]}
{"node":"THEME","id":"clubs","name":"Clubs"}
{"node":"THEME","id":"the-clubs","name":"The clubs"}
{"link":"BROADER","id":"l_loop","from":"the-clubs","to":"clubs","evidence":[{"source":"s_times","excerpt":"Ann Smith joined the Club."}]}
`
	// what is one in the one file, and named otherwise
	oneSmith = `{"source":"ARTICLE","id":"s_times","title":"Times","text":"Ann Smith joined the Club. Smith chairs the Club."}
{"node":"INSTITUTION","id":"club","name":"Club"}
{"node":"PERSON","id":"ann-smith","name":"Ann Smith","aliases":["Smith","A. Smith"],"description":"Chairs the club.","formerIds":["smith"],"born":"1970","died":"2020"}
{"link":"AFFILIATED_WITH","from":"ann-smith","to":"club","evidence":[{"source":"s_times","excerpt":"Ann Smith joined the Club."},{"source":"s_times","excerpt":"Smith chairs the Club."}]}
{"link":"AFFILIATED_WITH","id":"l_own","from":"ann-smith","to":"club","role":"chair","evidence":[{"source":"s_times","excerpt":"Smith chairs the Club."}]}
{"link":"AFFILIATED_WITH","id":"l_kept","from":"ann-smith","to":"club","role":"member","evidence":[{"source":"s_times","excerpt":"Ann Smith joined the Club."}]}
{"node":"THEME","id":"clubs","name":"Clubs","aliases":["The clubs"],"formerIds":["the-clubs"]}
`
)

// TestAnOldFileMakesNoSecondOne imports, behind a graph in which two are one, a file in which they are two.
func TestAnOldFileMakesNoSecondOne(t *testing.T) {
	both.Run(t, both.Catalog(t), func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, oneSmith)
		before := exported(t, s)
		if !strings.Contains(before, `"formerIds":["smith"]`) {
			t.Errorf("exported without the former id: %s", before)
		}
		for _, r := range load(t, s, exchange.Options{}, twoSmiths, twoSmiths, before) {
			for _, c := range r.Records {
				if c.New+c.Changed+c.Removed > 0 {
					t.Errorf("the import wrote %s", told(&r))
				}
			}
		}
		if d := cmp.Diff(before, exported(t, s)); d != "" {
			t.Error(d)
		}
		// it is exported by its old id
		for _, id := range []string{"smith", "id:smith", "ann-smith"} {
			one := exchange.Selection{IDs: []string{id}}
			part, err := one.Of(t.Context(), both.Catalog(t), s)
			if err != nil {
				t.Fatal(id, err)
			}
			if got := exported(t, part); !strings.Contains(got, `"id":"ann-smith"`) || strings.Count(got, `{"node"`) != 1 {
				t.Errorf("%s: %s", id, got)
			}
		}
		// a new statement under the old id is one of the entity
		load(t, s, exchange.Options{}, `{"node":"INSTITUTION","id":"guild","name":"Guild"}
{"link":"AFFILIATED_WITH","from":"smith","to":"guild","evidence":[{"source":"s_times","excerpt":"Smith chairs the Club."}]}
{"node":"PERSON","id":"smith","name":"Smith","aliases":["Smithy"],"born":"1950","description":null}
`)
		got := exported(t, s)
		for _, want := range []string{`"from":"ann-smith","to":"guild"`, `"aliases":["Smith","A. Smith","Smithy"],"description":"Chairs the club.","formerIds":["smith"],"born":"1970"`} {
			if !strings.Contains(got, want) {
				t.Errorf("there is no %s in %s", want, got)
			}
		}
		// replacing keeps the former id, and adds up what is said of the two
		load(t, s, exchange.Options{Replace: true}, twoSmiths)
		got = exported(t, s)
		for _, want := range []string{`"formerIds":["smith"]`, `"Ann Smith joined the Club."},{"source":"s_times","excerpt":"Smith chairs the Club."}`} {
			if !strings.Contains(got, want) {
				t.Errorf("replaced, there is no %s in %s", want, got)
			}
		}
		// one file behind the other in one import
		again := open(t)
		lines := strings.SplitAfter(twoSmiths, "\n")
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "l_named") }) // only what the store holds is compared
		r, err := exchange.Import(t.Context(), both.Catalog(t), again, []exchange.File{
			exchange.FromBytes("one", []byte(oneSmith)), exchange.FromBytes("two", []byte(strings.Join(lines, ""))),
		}, exchange.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if want := []exchange.Warning{"the link l_loop is left out: what it joins is one entity by now, clubs"}; !slices.Equal(r.Warnings, want) {
			t.Errorf("the warnings are %q, want %q", r.Warnings, want)
		}
		if d := cmp.Diff(before, exported(t, again)); d != "" {
			t.Error(d)
		}
	})
}

// TestFormerIDsAreOfOne refuses former ids that are of another.
func TestFormerIDsAreOfOne(t *testing.T) {
	both.Run(t, both.Catalog(t), func(t *testing.T, open both.Open) {
		s := open(t)
		load(t, s, exchange.Options{}, oneSmith)
		for line, want := range map[string]string{
			`{"node":"PERSON","id":"bea","name":"Bea","formerIds":["smith"]}`:                                              "has in formerIds smith, which was merged into ann-smith",
			`{"node":"PERSON","id":"bea","name":"Bea","formerIds":["ann-smith"]}`:                                          "has in formerIds ann-smith, which is an entity of its own: merge the two, or leave one of them out",
			`{"node":"PERSON","id":"bea","name":"Bea","formerIds":["bea"]}`:                                                "has in formerIds its own id, or one of them twice: bea",
			`{"node":"PERSON","id":"bea","name":"Bea","formerIds":["b","b"]}`:                                              "has in formerIds its own id, or one of them twice: b",
			`{"node":"PERSON","id":"bea","name":"Bea","formerIds":["l_b"]}`:                                                "has in formerIds an id that begins with l_, e_, s_, c_ or h_",
			`{"node":"INSTITUTION","id":"smith","name":"Smith"}`:                                                           "has the id ann-smith, which is taken by a record of type PERSON",
			`{"node":"PERSON","id":"b","name":"B"}` + "\n" + `{"node":"PERSON","id":"bea","name":"Bea","formerIds":["b"]}`: "has in formerIds b, which is an entity of its own",
		} {
			_, err := exchange.Import(t.Context(), both.Catalog(t), s, from("f", line+"\n"), exchange.Options{})
			var bad *exchange.BadLinesError
			if !errors.As(err, &bad) || !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: %v, want %s", line, err, want)
			}
		}
	})
}
