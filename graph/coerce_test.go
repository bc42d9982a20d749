package graph_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
)

// decoded reads variables as the transport does.
func decoded(t *testing.T, s string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	vars := map[string]any{}
	if err := d.Decode(&vars); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return vars
}

// TestInputIsCoerced holds two ways of saying the same against each other: the answers must be equal, and be answers.
func TestInputIsCoerced(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	const list = ` { nodes { id } totalCount }`
	const around = ` { nodes { id } links { id } }`
	for _, c := range []struct{ name, query, vars, plain string }{
		// one value where a list stands
		{
			"an order", `{ events(orderBy: {field: DATE, direction: DESC})` + list + ` }`, ``,
			`{ events(orderBy: [{field: DATE, direction: DESC}])` + list + ` }`,
		},
		{
			"an order of links",
			`{ node(id: "mary-kaldor") { ... on Person { links(orderBy: {field: SINCE, direction: DESC})` + list +
				` } } }`, ``, `{ node(id: "mary-kaldor") { ... on Person { links(orderBy: [{field: SINCE, direction: DESC}])` +
				list + ` } } }`,
		},
		{
			"an order as a variable", `query($o: [EntityOrder!]) { people(orderBy: $o)` + list + ` }`,
			`{"o": {"field": "NAME", "direction": "DESC"}}`, `{ people(orderBy: [{field: NAME, direction: DESC}])` +
				list + ` }`,
		},
		{"a variable in an order", `query($f: EntityOrderField!) { people(orderBy: {field: $f, direction: DESC})` +
			list + ` }`, `{"f": "NAME"}`, `{ people(orderBy: [{field: NAME, direction: DESC}])` + list + ` }`},
		{"an id", `{ nodes(ids: "lse") { id } }`, ``, `{ nodes(ids: ["lse"]) { id } }`},
		{
			"an id as a variable", `query($i: [ID!]!) { nodes(ids: $i) { id } }`, `{"i": "lse"}`,
			`{ nodes(ids: ["lse"]) { id } }`,
		},
		{
			"a facet", `{ people { facets(by: TYPE) { by buckets { key count } } } }`, ``,
			`{ people { facets(by: [TYPE]) { by buckets { key count } } } }`,
		},
		{
			"a facet as a variable",
			`query($b: [EntityFacet!]!) { people { facets(by: $b) { by buckets { key count } } } }`, `{"b": "TYPE"}`, `{ people { facets(by: [TYPE]) { by buckets { key count } } } }`,
		},
		{
			"a facet of what two share",
			`{ compare(left: {id: "mary-kaldor"}, right: {id: "lse"}) { shared { facets(by: KIND) { by buckets { key count } } } } }`, ``, `{ compare(left: {id: "mary-kaldor"}, right: {id: "lse"}) { shared { facets(by: [KIND]) { by buckets { key count } } } } }`,
		},
		{
			"a type", `{ search(text: "london", types: INSTITUTION)` + list + ` }`, ``,
			`{ search(text: "london", types: [INSTITUTION])` + list + ` }`,
		},
		{"nested in a filter", `{ people(where: {and: {linkedTo: {link: {kinds: SAID}, where: {or: {types: QUOTE}}}}})` + list +
			` }`, ``, `{ people(where: {and: [{linkedTo: {link: {kinds: [SAID]}, where: {or: [{types: [QUOTE]}]}}}]})` + list +
			` }`},
		{
			"nested in a variable", `query($w: PersonFilter) { people(where: $w)` + list + ` }`,
			`{"w": {"and": {"linkedTo": {"link": {"kinds": "SAID"}, "where": {"or": {"types": "QUOTE"}}}}}}`, `{ people(where: {and: [{linkedTo: {link: {kinds: [SAID]}, where: {or: [{types: [QUOTE]}]}}}]})` +
				list + ` }`,
		},
		{
			"a seed", `{ subgraph(seeds: {id: "lse"})` + around + ` }`, ``,
			`{ subgraph(seeds: [{id: "lse"}])` + around + ` }`,
		},
		{
			"a subject", `{ timeline(subjects: {id: "lse"}) { nodes { caption } } }`, ``,
			`{ timeline(subjects: [{id: "lse"}]) { nodes { caption } } }`,
		},
		{
			"via", `{ paths(from: {id: "lse"}, to: {id: "q1"}, via: {id: "mary-kaldor"}) { nodes { length } } }`, ``,
			`{ paths(from: {id: "lse"}, to: {id: "q1"}, via: [{id: "mary-kaldor"}]) { nodes { length } } }`,
		},
		{
			"a step's type",
			`{ match(pattern: [{node: {types: PERSON}}, {link: {kinds: SAID}}, {node: {}}]) { nodes { length } } }`, ``, `{ match(pattern: [{node: {types: [PERSON]}}, {link: {kinds: [SAID]}}, {node: {}}]) { nodes { length } } }`,
		},

		// a whole number for an ID
		{"a number for an id", `{ node(id: 2021) { id } }`, ``, `{ node(id: "2021") { id } }`},
		{"a negative one", `{ node(id: -7) { id } }`, ``, `{ node(id: "-7") { id } }`},
		{
			"a long one", `{ node(id: 123456789012345678901234567890) { id } }`, ``,
			`{ node(id: "123456789012345678901234567890") { id } }`,
		},
		{"as a variable", `query($i: ID!) { node(id: $i) { id } }`, `{"i": 2021}`, `{ node(id: "2021") { id } }`},
		{
			"a long one as a variable", `query($i: ID!) { node(id: $i) { id } }`, `{"i": 123456789012345678901234567890}`,
			`{ node(id: "123456789012345678901234567890") { id } }`,
		},
		{"in a list", `{ nodes(ids: [2021, "lse"]) { id } }`, ``, `{ nodes(ids: ["2021", "lse"]) { id } }`},
		{
			"alone for a list", `query($i: [ID!]!) { nodes(ids: $i) { id } }`, `{"i": 2021}`,
			`{ nodes(ids: ["2021"]) { id } }`,
		},
		{
			"in a reference", `query($r: EntityRef!) { entity(ref: $r) { id } }`, `{"r": {"id": 2021}}`,
			`{ entity(ref: {id: "2021"}) { id } }`,
		},
		{"as a default", `query($i: ID! = 2021) { node(id: $i) { id } }`, ``, `{ node(id: "2021") { id } }`},

		// whole numbers, however they are written
		{
			"an Int", `query($n: Int) { people(first: $n)` + list + ` }`, `{"n": 1.0}`,
			`{ people(first: 1)` + list + ` }`,
		},
		{
			"an Int in a filter", `query($w: PersonFilter) { people(where: $w)` + list + ` }`,
			`{"w": {"linkCount": {"gte": 1.0}}}`, `{ people(where: {linkCount: {gte: 1}})` + list + ` }`,
		},
		{
			"an Int for a Float", `{ paths(from: {id: "lse"}, to: {id: "q1"}, hubPenalty: 1) { nodes { cost } } }`, ``,
			`{ paths(from: {id: "lse"}, to: {id: "q1"}, hubPenalty: 1.0) { nodes { cost } } }`,
		},

		// null is as good as left out
		{
			"null for a depth", `{ subgraph(seeds: {id: "lse"}, depth: null, maxNodes: null, where: null)` + around + ` }`,
			``, `{ subgraph(seeds: [{id: "lse"}])` + around + ` }`,
		},
		{"null as a variable", `query($d: Int, $m: Int) { subgraph(seeds: {id: "lse"}, depth: $d, maxNodes: $m)` +
			around + ` }`, `{"d": null}`, `{ subgraph(seeds: [{id: "lse"}])` + around + ` }`},
		{
			"null for all of paths",
			`{ paths(from: {id: "lse"}, to: {id: "q1"}, via: null, avoid: null, where: null, directed: null, chronological: null, dateMatch: null, independentSources: null, hubPenalty: null, rank: null, maxLength: null, first: null) { nodes { cost } } }`, ``, `{ paths(from: {id: "lse"}, to: {id: "q1"}) { nodes { cost } } }`,
		},
		{
			"null for all of communities",
			`{ communities(types: null, where: null, seed: null, resolution: null, minSize: null, first: null, after: null)` +
				` { totalCount modularity nodes { bridges(first: null) { nodes { id } } } } }`, ``, `{ communities { totalCount modularity nodes { bridges { nodes { id } } } } }`,
		},
		{
			"null for an order",
			`{ people(orderBy: null, first: null, last: null, after: null, before: null, where: null)` + list +
				` }`, ``, `{ people` + list + ` }`,
		},
		{"null for a direction", `query($d: OrderDirection) { people(orderBy: {field: NAME, direction: $d})` + list +
			` }`, ``, `{ people(orderBy: [{field: NAME}])` + list + ` }`},
		{"null within a filter", `{ people(where: {name: null, not: null, or: null, date: {from: null, match: null}})` +
			list + ` }`, ``, `{ people` + list + ` }`},
		{
			"null within a variable", `query($w: PersonFilter) { people(where: $w)` + list + ` }`,
			`{"w": {"name": null, "or": null, "date": {"from": null, "match": null}}}`, `{ people` + list + ` }`,
		},
		{
			"null for what two do not share",
			`{ compare(left: {id: "mary-kaldor"}, right: {id: "lse"}) { onlyLeft(first: null) { nodes { id } } } }`, ``, `{ compare(left: {id: "mary-kaldor"}, right: {id: "lse"}) { onlyLeft { nodes { id } } } }`,
		},

		// defaults of variables
		{
			"a default", `query($d: Int = 2) { subgraph(seeds: {id: "lse"}, depth: $d)` + around + ` }`, ``,
			`{ subgraph(seeds: [{id: "lse"}], depth: 2)` + around + ` }`,
		},
		{
			"a value over a default", `query($d: Int = 2) { subgraph(seeds: {id: "lse"}, depth: $d)` + around + ` }`,
			`{"d": 0}`, `{ subgraph(seeds: [{id: "lse"}], depth: 0)` + around + ` }`,
		},
		{
			"null over a default", `query($d: Int = 2) { subgraph(seeds: {id: "lse"}, depth: $d)` + around + ` }`,
			`{"d": null}`, `{ subgraph(seeds: [{id: "lse"}])` + around + ` }`,
		},
		{
			"a default that is one of a list",
			`query($o: [EntityOrder!] = {field: NAME, direction: DESC}) { people(orderBy: $o)` + list +
				` }`, ``, `{ people(orderBy: [{field: NAME, direction: DESC}])` + list + ` }`,
		},
		{
			"a default left out in an object", `query($c: String) { people(where: {name: {contains: $c}})` + list + ` }`,
			``, `{ people` + list + ` }`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars := map[string]any{}
			if c.vars != "" {
				vars = decoded(t, c.vars)
			}
			before := maps.Clone(vars)
			got, want := ask(t, e, c.query, vars), ask(t, e, c.plain, nil)
			if got != want || strings.Contains(want, `"errors"`) {
				t.Errorf("%s %s\n got %s\nwant %s", c.query, c.vars, got, want)
			}
			if !maps.EqualFunc(before, vars, func(a, b any) bool {
				x, _ := json.Marshal(a)
				y,
					_ := json.Marshal(b)
				return string(x) == string(y)
			}) {
				t.Errorf("the request's variables were changed: %v", vars)
			}
			r := e.Do(graph.ForceGenerated(t.Context()), &graph.Request{Query: c.query, Variables: vars})
			defer r.Release()
			if generated := string(r.AppendJSON(nil)); generated != want {
				t.Errorf("the generated executor: %s", generated)
			}
		})
	}
}

func TestInputThatIsNotOfItsType(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	const invalid = kg.Code("GRAPHQL_VALIDATION_FAILED")
	for _, c := range []struct {
		query, vars string
		code        kg.Code
		says        string
	}{
		{`{ people(first: 2147483648) { totalCount } }`, ``, invalid, "32-bit"},
		{`{ people(first: -2147483649) { totalCount } }`, ``, invalid, "32-bit"},
		{`{ people(first: 99999999999999999999) { totalCount } }`, ``, invalid, "32-bit"},
		{`{ people(where: {linkCount: {gte: 2147483648}}) { totalCount } }`, ``, invalid, "32-bit"},
		{`query($n: Int = 2147483648) { people(first: $n) { totalCount } }`, ``, invalid, "32-bit"},
		{
			`query($n: Int) { people(first: $n) { totalCount } }`, `{"n": 2147483648}`, kg.BadUserInput,
			"variable $n must be of type Int, not 2147483648: an Int is a whole number of 32 bits",
		},
		{`query($n: Int) { people(first: $n) { totalCount } }`, `{"n": 1e300}`, kg.BadUserInput, "32 bits"},
		{`query($n: Int) { people(first: $n) { totalCount } }`, `{"n": 1.5}`, kg.BadUserInput, "32 bits"},
		{`query($n: Int) { people(first: $n) { totalCount } }`, `{"n": "1"}`, kg.BadUserInput, `variable $n must be of type Int, not \"1\"`},
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`,
			`{"w": {"and": [{"linkCount": {"gte": 3000000000}}]}}`, kg.BadUserInput, "variable $w.and[0].linkCount.gte must be of type Int, not 3000000000",
		},
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`, `{"w": {"shoe": 1}}`, kg.BadUserInput,
			"variable $w.shoe: PersonFilter has no such field; it has ",
		},
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`, `{"w": "x"}`, kg.BadUserInput,
			`variable $w must be of type PersonFilter, not \"x\"`,
		},
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`, `{"w": {"linkedTo": {"where": {"types": ["PERSON", null]}}}}`,
			kg.BadUserInput, "variable $w.linkedTo.where.types[1] must be of type EntityType!, not null",
		},
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`, `{"w": {"linkedTo": {"where": {"types": "person"}}}}`, kg.BadUserInput,
			`variable $w.linkedTo.where.types must be of type EntityType!, not \"person\"; EntityType has PERSON, INSTITUTION, `,
		},
		{`query($i: ID!) { node(id: $i) { id } }`, `{"i": 1.5}`, kg.BadUserInput, "variable $i must be of type ID!, not 1.5"},
		{`query($i: ID!) { node(id: $i) { id } }`, `{"i": true}`, kg.BadUserInput, "variable $i must be of type ID!, not true"},
		{`query($i: ID!) { node(id: $i) { id } }`, `{"i": null}`, kg.BadUserInput, "variable $i must be of type ID!, not null"},
		{`query($i: ID!) { node(id: $i) { id } }`, `{}`, kg.BadUserInput, "variable $i must be given: it is of type ID!"},
		{`{ node(id: 1.5) { id } }`, ``, invalid, ""},
		{`query($o: EntityOrder) { people(orderBy: [$o]) { totalCount } }`, `{"o": null}`, invalid, ""},
		{
			`query($o: [EntityOrder!]) { people(orderBy: $o) { totalCount } }`, `{"o": {}}`, kg.BadUserInput,
			"variable $o.field must be given: it is of type EntityOrderField!",
		},
		{
			`query($o: [EntityOrder!]) { people(orderBy: $o) { totalCount } }`,
			`{"o": {"field": "NAME", "direction": null}}`, kg.BadUserInput, "variable $o.direction must be of type OrderDirection!, not null",
		},
		{`{ people(first: {}) { totalCount } }`, ``, invalid, "Int cannot represent an object"},
		{`{ people(after: {}) { totalCount } }`, ``, invalid, "String cannot represent an object"},
		{`{ people(where: {name: {isNull: {}}}) { totalCount } }`, ``, invalid, "Boolean cannot represent an object"},
		{`{ people(orderBy: {field: {}}) { totalCount } }`, ``, invalid, ""},
		{
			`query($r: EntityRef!) { entity(ref: $r) { id } }`, `{"r": {"id": "lse", "name": null}}`, kg.BadUserInput,
			"exactly one of id, name, externalId, typedName, as, and leave the others out, as null counts too",
		},
		{`{ entity(ref: {id: "lse", name: null}) { id } }`, ``, invalid, "must specify exactly one key"},
		{`{ entity(ref: {name: null}) { id } }`, ``, invalid, ""},
		{
			`query($i: ID!, $n: String!) { entity(ref: {id: $i, name: $n}) { id } }`, `{"i": "lse", "n": "x"}`, invalid,
			"must specify exactly one key",
		},
		{`query($r: EntityRef!) { entity(ref: $r) { id } }`, `{"r": {}}`, kg.BadUserInput, "exactly one of id, name"},
		{`query($x: String) { entity(ref: {name: $x}) { id } }`, `{"x": null}`, invalid, "non-nullable"},
		{
			`query($b: Boolean!) { people { totalCount @include(if: $b) } }`, `{"b": "true"}`, kg.BadUserInput,
			`variable $b must be of type Boolean!, not \"true\"`,
		},
		{
			`query($f: Float) { paths(from: {id: "lse"}, to: {id: "q1"}, hubPenalty: $f) { nodes { cost } } }`,
			`{"f": "1"}`, kg.BadUserInput, `variable $f must be of type Float, not \"1\"`,
		},
	} {
		vars := map[string]any{}
		if c.vars != "" {
			vars = decoded(t, c.vars)
		}
		got := ask(t, e, c.query, vars)
		if !strings.Contains(got, string(c.code)) || !strings.Contains(got, c.says) || strings.Contains(got, `"data"`) {
			t.Errorf("%s %s: %s, want %s: %s", c.query, c.vars, got, c.code, c.says)
		}
	}
}

// TestVariablesSayWhereTheyAreWrong: the error for a variable has the way to the value, and to the argument that the
// variable first stands in.
func TestVariablesSayWhereTheyAreWrong(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	for _, c := range []struct{ query, vars, want string }{
		{
			`query($w: PersonFilter) { people(where: $w) { totalCount } }`, `{"w": {"ids": ["lse", null]}}`,
			`"argument":["people","where","ids",1],"code":"BAD_USER_INPUT","variable":["w","ids",1]`,
		},
		{
			`query($k: [LinkKind!]) { ...F } fragment F on Query { p: people { nodes { ... on Person { links(where: {and: [{role: {isNull: true}}, {kinds: $k}]}) { totalCount } } } } }`,
			`{"k": "LIKES"}`,
			`"argument":["links","where","and",1,"kinds",0],"code":"BAD_USER_INPUT","variable":["k"]`,
		},
		{`query($id: ID!) { node(id: $id) { id } }`, `{}`, `"argument":["node","id"],"code":"BAD_USER_INPUT","variable":["id"]`},
		{`query($b: Boolean!) { people { totalCount @include(if: $b) } }`, `{"b": 1}`, `"extensions":{"code":"BAD_USER_INPUT","variable":["b"]}`},
	} {
		if got := ask(t, e, c.query, decoded(t, c.vars)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
}

// TestADateThatIsNoTextIsNamed has the error say what stood there.
func TestADateThatIsNoTextIsNamed(t *testing.T) {
	cat, s := small(t)
	e := engine(t, cat, s)
	const variable = `query($d: PartialDate) { people(where: {born: {from: $d}}) { totalCount } }`
	for _, c := range []struct{ query, vars, says string }{
		{`{ people(where: {born: {from: 1940}}) { totalCount } }`, ``, `1940 is a number and no date: write it as text, "1940"`},
		{`{ people(where: {born: {to: true}}) { totalCount } }`, ``, `true is no date: write it as text, "2021", "2021-02" or "2021-02-25"`},
		{`{ paths(from: {id: "a"}, to: {id: "b"}, where: {asOf: 1940}) { nodes { cost } } }`, ``, `1940 is a number and no date: write it as text, "1940"`},
		{variable, `{"d": 1940}`, `1940 is a number and no date: write it as text, "1940"`},
		{variable, `{"d": 19.5}`, `19.5 is no date: write it as text`},
		{variable, `{"d": true}`, `true is no date: write it as text`},
	} {
		vars := map[string]any{}
		if c.vars != "" {
			vars = decoded(t, c.vars)
		}
		resp := e.Do(t.Context(), &graph.Request{Query: c.query, Variables: vars})
		if b := string(resp.AppendJSON(nil)); !strings.Contains(strings.ReplaceAll(b, `\"`, `"`), c.says) {
			t.Errorf("%s %s: %s does not say %s", c.query, c.vars, b, c.says)
		}
		resp.Release()
	}
}
