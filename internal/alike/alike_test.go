package alike_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/internal/alike"
	"github.com/throughline/throughline/internal/kg"
)

func person(id string, names ...string) alike.Entity {
	return alike.Entity{ID: id, Type: 1, Names: names}
}

// TestNames compares names in all their forms, both ways round.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		a, b string
		kind alike.Kind // "" for nothing
	}{
		{"Ann Berg", "ann  BERG", alike.SameName},
		{"Zoë Berg", "Zoe Berg", alike.SameName},
		{"Ann Berg", "Berg, Ann", alike.NameForm},
		{"Ann Berg", "A. Berg", alike.NameForm},
		{"Ann Maria Berg", "A. M. Berg", alike.NameForm},
		{"A. Maria Berg", "Ann M. Berg", alike.NameForm},
		{"Ann Berg", "B. Berg", ""},
		{"Ann Berg", "Berg", alike.NamePart},
		{"Ann Maria Berg", "Ann Berg", alike.NamePart},
		{"Ann Maria Berg", "A. Berg", alike.NamePart},
		{"Ann Berg", "Ann Vik", ""},
		{"Ann Berg", "A. B.", ""},
		{"A. Berg", "A. Vik", ""},
		{"Ann Ann", "Ann Berg", ""},
		{"李明", "李明", alike.SameName},
		{"…", "!", ""},
	} {
		a, b := person("a", c.a), person("b", c.b)
		score, why := alike.Compare(&a, &b, 0)
		back, other := alike.Compare(&b, &a, 0)
		var kind alike.Kind
		if len(why) > 0 {
			kind = why[0].Kind
		}
		if kind != c.kind || score != back || len(why) != len(other) {
			t.Errorf("%s and %s: %d %v, the other way %d %v; want %s", c.a, c.b, score, why, back, other, c.kind)
		}
	}
}

// TestWhatSpeaksForAndAgainst weighs all that can be told of two entities.
func TestWhatSpeaksForAndAgainst(t *testing.T) {
	dates := func(e alike.Entity, d ...string) alike.Entity {
		for i := 0; i < len(d); i += 2 {
			e.Dates = append(e.Dates, alike.Date{Name: d[i], On: kg.PartialDate(d[i+1])})
		}
		return e
	}
	ids := func(e alike.Entity, x ...string) alike.Entity {
		for i := 0; i < len(x); i += 2 {
			e.External = append(e.External, [2]string{x[i], x[i+1]})
		}
		return e
	}
	for _, c := range []struct {
		name   string
		a, b   alike.Entity
		shared int
		want   string
	}{
		{"nothing", person("a", "Ann"), person("b", "Bo"), 3, "0"},
		{"a name", person("a", "Ann", "Annie"), person("b", "Bo", "annie"), 0, "600 Both are called “Annie”."},
		{
			"a name and links", person("a", "Ann"), person("b", "Ann"), 2,
			"744 Both are called “Ann”. Both are linked to 2 entities.",
		},
		{"a part and a link", person("a", "Ann Berg"), person("b", "Berg"), 1, "360 “Berg” is a part of “Ann Berg”. Both are linked to 1 entity."},
		{"very many links", person("a", "Ann Berg"), person("b", "Berg"), 1_000_000, "680 Both are linked to 1000000 entities. “Berg” is a part of “Ann Berg”."},
		{
			"an external id", ids(person("a", "Ann"), "wikidata", "Q1", "isni", "1"), ids(person("b", "Bo"), "isni", "2", "wikidata", "Q1"), 0,
			"360 Both have the external id wikidata:Q1. - They have different external ids of isni: 1 and 2.",
		},
		{
			"a day", dates(person("a", "Ann"), "born", "1970-03-01", "died", "2020"), dates(person("b", "Ann"), "born", "1970-03-01"), 0,
			"760 Both are called “Ann”. Both have 1970-03-01 in born.",
		},
		{
			"a year", dates(person("a", "Ann"), "born", "1970"), dates(person("b", "Ann"), "born", "1970-03-01"), 0,
			"640 Both are called “Ann”. They agree in born: 1970 and 1970-03-01.",
		},
		{
			"other dates", dates(person("a", "Ann"), "born", "1970", "died", "2020"), dates(person("b", "Ann"), "born", "1971", "died", "2020"), 0,
			"160 Both are called “Ann”. They agree in died: 2020 and 2020. - They differ in born: 1970 and 1971.",
		},
	} {
		score, why := alike.Compare(&c.a, &c.b, c.shared)
		got := fmt.Sprint(score)
		for _, r := range why {
			if r.Kind.Against() {
				got += " -"
			}
			got += " " + r.Says
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestPairs holds the pairs that are found in blocks against all there are.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range 200 {
		list := make([]alike.Entity, 2+r.IntN(20))
		links := make([][]uint32, len(list))
		for i := range list {
			list[i] = alike.Entity{ID: fmt.Sprintf("%02d", r.IntN(80)*100+i), Type: uint8(1 + r.IntN(2)), Links: r.IntN(3)}
			for range 1 + r.IntN(2) {
				list[i].Names = append(list[i].Names, strings.TrimSpace(pick("Ann", "A.", "Bo", "", "Ann Maria")+" "+pick("Berg", "Vik", "van Berg", "")))
			}
			if r.IntN(3) == 0 {
				list[i].External = [][2]string{{pick("x", "y"), pick("1", "2", "3")}}
			}
			if r.IntN(2) == 0 {
				list[i].Dates = []alike.Date{{Name: "born", On: kg.PartialDate(pick("1970", "1970-03", "1971"))}}
			}
			for k := range uint32(6) {
				if r.IntN(3) == 0 {
					links[i] = append(links[i], k)
				}
			}
		}
		got, err := alike.Pairs(t.Context(), list, func(i uint32) []uint32 { return links[i] })
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for i := range list {
			for j := range i {
				a, b := &list[j], &list[i]
				shared := 0
				for _, k := range links[i] {
					if slices.Contains(links[j], k) {
						shared++
					}
				}
				if score, _ := alike.Compare(a, b, shared); a.Type == b.Type && score >= alike.Least {
					if b.Links > a.Links || b.Links == a.Links && b.ID < a.ID {
						a, b = b, a
					}
					all = append(all, fmt.Sprintf("%04d %s %s", alike.Unit-score, a.ID, b.ID))
				}
			}
		}
		slices.Sort(all)
		var found []string
		for _, p := range got {
			found = append(found, fmt.Sprintf("%04d %s %s", alike.Unit-p.Score, list[p.Other].ID, list[p.Node].ID))
		}
		if d := cmp.Diff(all, found); d != "" {
			t.Fatalf("%+v: %s", list, d)
		}
	}
}

// TestManyOfOneWord are not compared for that word alone.
func TestManyOfOneWord(t *testing.T) {
	var list []alike.Entity
	for i := range alike.Few + 1 {
		list = append(list, person(fmt.Sprintf("p%03d", i), fmt.Sprintf("Berg %cx%d", 'a'+i%26, i)))
	}
	list = append(list, person("q", "Berg"))
	none := func(uint32) []uint32 { return []uint32{1, 2, 3} }
	if got, err := alike.Pairs(t.Context(), list, none); err != nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := alike.Pairs(t.Context(), list[40:], none); err != nil || len(got) != 11 {
		t.Errorf("of few: %v, %v", got, err)
	}
}
