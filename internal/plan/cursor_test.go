package plan_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

const binding = 0x01020304

func draw(t *rapid.T) (keys []kg.Value, kinds []kg.ValueKind) {
	for range rapid.IntRange(1, 4).Draw(t, "keys") {
		v := kg.IntValue(rapid.Int64().Draw(t, "int"))
		if rapid.Bool().Draw(t, "string") {
			v = kg.Value{Kind: kg.String, Str: rapid.StringN(0, 30, -1).Draw(t, "text")}
		}
		keys, kinds = append(keys, v), append(kinds, v.Kind)
	}
	return keys, kinds
}

func TestACursorIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys, kinds := draw(t)
		got, err := plan.ParseCursor(string(plan.AppendCursor(nil, binding, keys)), binding, kinds)
		if err != nil || !cmp.Equal(got, keys) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestForeignCursorsAreRefused(t *testing.T) {
	keys := []kg.Value{{Kind: kg.String, Str: "mary kaldor"}, {Kind: kg.String, Str: "mary-kaldor"}}
	kinds := plan.KeyKinds([]plan.Order{{By: plan.ByName}})
	own := string(plan.AppendCursor(nil, binding, keys))
	dated := plan.KeyKinds([]plan.Order{{By: plan.ByDate}})
	for _, c := range []struct {
		name, cursor string
		binding      uint32
		kinds        []kg.ValueKind
	}{
		{"empty", "", binding, kinds},
		{"junk", "%%%", binding, kinds},
		{"long", strings.Repeat("a", 5000), binding, kinds},
		{"of another list", own, binding + 1, kinds},
		{"of another order", own, binding, dated},
		{"of more keys", own, binding, append(kinds, kg.String)},
		{"of fewer keys", own, binding, kinds[:1]},
		{"cut", own[:len(own)-4], binding, kinds},
		{"with padding", own + "==", binding, kinds},
		{"with a tail", own + "AAAA", binding, kinds},
		{"a length beyond its end", base64.RawURLEncoding.EncodeToString([]byte{
			1, 2, 3, 4, 's', 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 1,
		}), binding, kinds[:1]},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := plan.ParseCursor(c.cursor, c.binding, c.kinds); kg.CodeOf(err) != kg.BadCursor ||
				strings.Contains(err.Error(), "illegal base64") {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestTheBindingTellsListsAndOrdersApart(t *testing.T) {
	seen := map[uint32]string{}
	for _, field := range []string{"Query.people", "Query.events", "Person.affiliations"} {
		for name, order := range map[string][]plan.Order{
			"none": nil, "name": {{By: plan.ByName}},
			"name desc": {{By: plan.ByName, Desc: true}}, "date": {{By: plan.ByDate}}, "two": {
				{By: plan.ByName},
				{By: plan.ByDate},
			},
		} {
			b := plan.Binding(field, order)
			if other, ok := seen[b]; ok {
				t.Errorf("%s %s has the binding of %s", field, name, other)
			}
			seen[b] = field + " " + name
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(string(plan.AppendCursor(nil, binding, []kg.Value{kg.IntValue(7), {Kind: kg.String, Str: "a"}})))
	f.Add("AQIDBHMA")
	f.Add("AQIDBGn_____________AQ")
	f.Add("")
	kinds := []kg.ValueKind{kg.Int, kg.String}
	f.Fuzz(func(t *testing.T, s string) {
		keys, err := plan.ParseCursor(s, binding, kinds)
		switch {
		case err != nil && kg.CodeOf(err) != kg.BadCursor:
			t.Errorf("code of %v", err)
		case err == nil && (keys[0].Kind != kg.Int || keys[1].Kind != kg.String):
			t.Errorf("keys %v", keys)
		}
	})
}
