package contract_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/contract"
)

var update = flag.Bool("update", false, "write the whole contract anew")

// TestTheWholeContract holds the text that clients get.
func TestTheWholeContract(t *testing.T) {
	const golden = "testdata/whole.graphqls"
	c, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(c.SDL), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), c.SDL); d != "" {
		t.Error(d)
	}
}

// mistakes are schemas of own types with what is wrong in them, and where.
var mistakes = []struct{ name, own, says string }{
	{"no GraphQL", "type Party implements {", `own.graphqls:1:23: Expected Name, found {`},
	{
		"a type that is no entity", "\ntype Party @graphNode { founded: PartialDate }",
		"own.graphqls:2:6: Party is no type of entity: write `type Party implements Entity & Node @graphNode {`",
	},
	{
		"an entity without @graphNode", "type Party implements Entity & Node { founded: PartialDate }",
		"own.graphqls:1:6: Party is no type of entity",
	},
	{
		"a property that inputs of mutations have", "\ntype Party implements Entity & Node @graphNode { dryRun: Boolean }",
		"own.graphqls:2:50: Party.dryRun means something else in mutations: choose another name",
	},
	{
		"a property that every record has", "type Party implements Entity & Node @graphNode { version: String }",
		"Party.version means something else in imports, filters or answers: choose another name",
	},
	{
		"a type that is called as what payloads have of all records", "type Items implements Entity & Node @graphNode(plural: \"several\") { x: String }",
		"Items means something else in mutations: choose another name",
	},
	{
		"a type that payloads have a field for", "type Errors implements Entity & Node @graphNode { x: String }",
		"Errors means something else in mutations: choose another name",
	},
	{
		"a type that is there", "type Person implements Entity & Node @graphNode { x: String }",
		"own.graphqls:1:6: Person is declared already, at line",
	},
	{
		"a name in small letters", "type party implements Entity & Node @graphNode { x: String }",
		"party is no name of a type: begin it with a capital",
	},
	{
		"a name of a label of ours", "type ThroughlineMeta implements Entity & Node @graphNode { x: String }",
		"do not begin it with Throughline",
	},
	{
		"a name that another is followed by", "type PersonLink implements Entity & Node @graphNode { x: String }",
		"PersonLink is followed by PersonLinkConnection, which line",
	},
	{
		"a name of what follows from another", "type PersonConnection implements Entity & Node @graphNode { x: String }",
		"own.graphqls:1:6: PersonConnection is the name of what follows from Person: choose another name",
	},
	{
		"a name whose filter is there", "type LinkedTo implements Entity & Node @graphNode { x: String }",
		"LinkedTo is followed by LinkedToFilter, which line",
	},
	{
		"an enum whose filter is there", "enum LinkedTo { A }\nextend type Person { x: LinkedTo }",
		"LinkedTo is followed by LinkedToFilter, which line",
	},
	{
		"a property that a filter has for itself", "extend type Person { linkedTo: String }",
		"own.graphqls:1:22: Person.linkedTo means something else in imports, filters or answers",
	},
	{
		"a root field that is there", "type Link2 implements Entity & Node @graphNode(plural: \"people\") { x: String }",
		"Link2 and Person would have root fields of one name",
	},
	{
		"a root field of an analysis", "type Path2 implements Entity & Node @graphNode(plural: \"paths\") { x: String }",
		"Query.paths is declared already: give Path2 another name, or @graphNode(plural: …)",
	},
	{
		"a plural that is no name", "type Party implements Entity & Node @graphNode(plural: \"the parties\") { x: String }",
		`@graphNode(plural: "the parties") is no name of a field`,
	},
	{"a union", "union Any = Person | Event", "Any is no type of entity: a schema of own types declares"},
	{
		"a name that a directive had", "type Party implements Entity & Node @node(date: \"x\") { x: PartialDate }",
		"own.graphqls:1:38: @node is called @graphNode now: write it so, with the same arguments",
	},
	{
		"a name that the directive of a field had", "extend type Person { x: String @searchable }",
		"own.graphqls:1:33: @searchable is called @graphSearchable now",
	},
	{
		"a name that the directive of a value had", `extend enum LinkKind { LOVES @joins(from: [PERSON], to: [PERSON], phrase: "a", inverse: "b") }`,
		"own.graphqls:1:31: @joins is called @graphJoins now",
	},
	{"a directive", "directive @x on OBJECT", "a directive is declared"},
	{"a schema", "schema { query: Query }", "a schema is declared"},
	{"a mutation", "extend type Query { x: String }", "Query cannot be extended"},
	{"what is not there", "extend type Nobody { x: String }", "there is no Nobody to extend"},
	{
		"a field that is there", "extend type Person { born: PartialDate }",
		"own.graphqls:1:22: Person.born is declared already: choose another name",
	},
	{
		"a kind that is there",
		`extend enum LinkKind { SAID @graphJoins(from: [PERSON], to: [QUOTE], phrase: "a", inverse: "b") }`, "LinkKind has SAID already",
	},
	{
		"a kind without ends", "extend enum LinkKind { LOVES }",
		`LinkKind LOVES has no @graphJoins: write LOVES @graphJoins(from: [PERSON], to: [PERSON], phrase: "…", inverse: "…")`,
	},
	{
		"a kind that is no name",
		`extend enum LinkKind { loves @graphJoins(from: [PERSON], to: [PERSON], phrase: "a", inverse: "b") }`, "loves is no name of a kind of link",
	},
	{
		"the type of refuted links",
		`extend enum LinkKind { REFUTED @graphJoins(from: [PERSON], to: [PERSON], phrase: "a", inverse: "b") }`, "REFUTED is no name of a kind of link",
	},
	{"a kind without words", `extend enum LinkKind { LOVES @graphJoins(from: [PERSON], to: [PERSON]) }`, "phrase"},
	{
		"a kind between what is not there",
		`extend enum LinkKind { LOVES @graphJoins(from: [PERSON], to: [CAT], phrase: "a", inverse: "b") }`, "CAT",
	},
	{
		"a list that follows no link", "extend type Person { friends: [Person!]! }",
		"Person.friends is [Person!]!: a property is one of String, Int, Float, Boolean, PartialDate, URL or an enum, and a list of entities needs @graphLink",
	},
	{
		"one at the end of a link", "extend type Person { friend: Person @graphLink(kinds: [SAID], direction: OUTGOING) }",
		"Person.friend follows links: its type is a list such as [Person!]!",
	},
	{
		"links that lead elsewhere", "extend type Person { friends: [Place!]! @graphLink(kinds: [SAID], direction: OUTGOING) }",
		"Person.friends: its links never lead to PLACE",
	},
	{
		"links of no kind", "extend type Person { friends: [Place!]! @graphLink(kinds: [LOVES], direction: OUTGOING) }",
		"LOVES",
	},
	{"a field with arguments", "extend type Person { x(y: Int): String }", "Person.x has arguments"},
	{"a name that begins with _", "extend type Person { _x: String }", "Person._x is no name of a field"},
	{"a property of two sorts", "extend type Person { founded: String }", "founded is declared in two ways"},
	{
		"a date that is none", "type Party implements Entity & Node @graphNode(date: \"began\") { x: String }",
		`@graphNode(date: "began") is not a PartialDate field of it`,
	},
	{
		"a list of texts", "extend type Person { x: [String!] }",
		"Person.x is [String!]: a property is one of String, Int",
	},
	{
		"what a line says itself", "extend type Person { source: String }",
		"Person.source means something else in imports, filters or answers: choose another name",
	},
	{
		"the kind of a source", "extend type Person { kind: String }",
		"own.graphqls:1:22: Source.kind: property kind is declared in two ways",
	},
	{"links without a direction", "extend type Person { x: [Quote!]! @graphLink(kinds: [SAID]) }", "direction"},
	{"links without kinds", "extend type Person { x: [Quote!]! @graphLink(direction: OUTGOING) }", "kinds"},
	{
		"links whose kinds are a text", "extend type Person { x: [Quote!]! @graphLink(kinds: \"SAID\", direction: OUTGOING) }",
		"Person.x: kinds is a list, such as [SAID]",
	},
	{
		"links in a direction that is none", "extend type Person { x: [Quote!]! @graphLink(kinds: [SAID], direction: UP) }",
		"Person.x: direction is OUTGOING or INCOMING",
	},
	{
		"chains of one link", "extend type Person { x: [Quote!]! @graphDerived(chains: [[SAID]], direction: OUTGOING) }",
		"a chain is two known kinds of link",
	},
	{
		"chains that are none", "extend type Person { x: [Quote!]! @graphDerived(chains: [SAID], direction: OUTGOING) }",
		"a chain is two known kinds of link",
	},
	{
		"chains without a direction", "extend type Person { x: [Theme!]! @graphDerived(chains: [[SAID, ABOUT]]) }",
		"direction",
	},
	{"words of no property", "extend type Person { x: Boolean @graphVerbatim(kinds: [SAID]) }", "property"},
	{"a date that is a number", "type Party implements Entity & Node @graphNode(date: 5) { x: String }", "5"},
	{"a directive that there is not", "extend type Person { x: String @indexed }", "indexed"},
	{
		"a kind whose words are a number",
		"extend enum LinkKind { LOVES @graphJoins(from: [PERSON], to: [PERSON], phrase: 5, inverse: \"b\") }", "LinkKind LOVES: phrase is a text",
	},
	{
		"a kind that joins sources",
		"extend enum LinkKind { LOVES @graphJoins(from: [PERSON], to: [SOURCE], phrase: \"a\", inverse: \"b\") }", "LinkKind LOVES: unknown type SOURCE",
	},
	{"an enum without values", "enum Colour\nextend type Person { x: Colour }", "Colour"},
	{"an enum of booleans", "enum Colour { true false }\nextend type Person { x: Colour }", "true"},
	{
		"the root of mutations", "type Mutation implements Entity & Node @graphNode",
		"own.graphqls:1:6: Mutation is a word of GraphQL",
	},
	{
		"a kind whose end is no list",
		`extend enum LinkKind { LOVES @graphJoins(from: PERSON, to: [PERSON], phrase: "a", inverse: "b") }`, "LinkKind LOVES: from is a list, such as [PERSON]",
	},
	{
		"a property that must be there", "extend type Person { nick: String! }",
		"Person.nick must not have an exclamation mark",
	},
	{"a value of no type", "extend type Person { x: Colour }", "Person.x is Colour"},
	{"an instant", "extend type Person { x: DateTime }", "Person.x is DateTime"},
	{"nothing", "# parties come here\n", "own.graphqls:1:1: nothing is declared: a schema of own types declares types"},
	{
		"chains of nothing", "extend type Person { x: [Theme!]! @graphDerived(chains: [], direction: OUTGOING) }",
		"Person.x: chains is empty",
	},
	{
		"chains that lead elsewhere",
		"extend type Person { x: [Theme!]! @graphDerived(chains: [[SAID, SAID]], direction: OUTGOING) }", "Person.x: no links of kind SAID and then SAID lead from PERSON to THEME",
	},
	{
		"chains the other way round",
		"extend type Person { x: [Theme!]! @graphDerived(chains: [[ABOUT, SAID]], direction: OUTGOING) }", "Person.x: no links of kind ABOUT and then SAID lead",
	},
	{
		"chains against their direction",
		"extend type Person { x: [Theme!]! @graphDerived(chains: [[SAID, ABOUT]], direction: INCOMING) }", "Person.x: no links of kind SAID and then ABOUT lead",
	},
	{
		"a timeline there is not",
		"type Party implements Entity & Node @graphNode(date: \"x\", timeline: FOO) { x: PartialDate }", "@graphNode(timeline: FOO) is no value of TimelineKind",
	},
	{
		"a timeline without a date", "type Party implements Entity & Node @graphNode(timeline: EVENT) { x: PartialDate }",
		"@graphNode(timeline: EVENT) needs date",
	},
	{"twice a node", "type Party implements Entity & Node @graphNode @graphNode { x: PartialDate }", "@graphNode stands twice"},
	{
		"an end without a beginning", "type Party implements Entity & Node @graphNode(until: \"x\") { x: PartialDate }",
		`@graphNode(until: "x") ends an interval: date names another field`,
	},
	{
		"an end that is the beginning",
		"type Party implements Entity & Node @graphNode(date: \"x\", until: \"x\") { x: PartialDate }", `@graphNode(until: "x") ends an interval: date names another field`,
	},
	{
		"no pronoun", "type Party implements Entity & Node @graphNode(pronoun: \" \") { x: PartialDate }",
		`@graphNode(pronoun: " ") is no word`,
	},
	{
		"a value that joins",
		"enum Colour { RED @graphJoins(from: [PERSON], to: [PERSON], phrase: \"a\", inverse: \"b\") }\nextend type Person { x: Colour }", "Colour.RED has @graphJoins, which is for kinds of link",
	},
	{
		"one word for both", "type News implements Entity & Node @graphNode(plural: \"news\") { x: String }",
		"News has one word for one and for many",
	},
}

// TestMoreTypesThanFit: a set of types or kinds is one word of 64 bits.
func TestMoreTypesThanFit(t *testing.T) {
	var types, kinds strings.Builder
	for i := range 60 {
		fmt.Fprintf(&types, "type T%d implements Entity & Node @graphNode\n", i)
		fmt.Fprintf(&kinds,
			"extend enum LinkKind { K%d @graphJoins(from: [PERSON], to: [PERSON], phrase: \"a\", inverse: \"b\") }\n", i)
	}
	for own, says := range map[string]string{
		types.String(): "own.graphqls:60:6: schema has 66 types of entity, at most 60 fit",
		kinds.String(): "own.graphqls:60:24: schema has 74 kinds of link, at most 64 fit",
	} {
		_, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: "own.graphqls", Input: own})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// TestMistakesInOwnTypes: each is told with its line, and what to do.
func TestMistakesInOwnTypes(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			_, err := catalog.Parse("schema.graphqls", throughline.Schema,
				&ast.Source{Name: "own.graphqls", Input: c.own})
			if err == nil {
				t.Fatal("it is taken")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "own.graphqls:") {
				t.Errorf("it says %s", err)
			}
		})
	}
}

// TestClientsGetNoMapping: what says how a schema lies in the graph is neither in the text that clients get nor in what
// they are told of it, own types included.
func TestClientsGetNoMapping(t *testing.T) {
	c, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema}, &ast.Source{Name: "own.graphqls", Input: `
type Party implements Entity & Node @graphNode(date: "x") { x: PartialDate y: String @graphSearchable people: [Person!]! @graphLink(kinds: [IN], direction: INCOMING) }
extend enum LinkKind { IN @graphJoins(from: [PERSON], to: [PARTY], phrase: "is in", inverse: "has") }
`})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.SDL, "@graph") || strings.Contains(c.SDL, "directive @") {
		t.Error("the text has a directive of ours")
	}
	for name := range c.Schema.Directives {
		ours := strings.HasPrefix(name, "graph") || slices.Contains([]string{"page", contract.Requires, contract.Clears}, name)
		if has := c.Public.Directives[name] != nil; has == ours {
			t.Errorf("clients are told of @%s: %v", name, has)
		}
	}
	if len(c.Public.Directives) < 3 {
		t.Errorf("clients are told of %d directives", len(c.Public.Directives))
	}
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "public.graphqls", Input: c.SDL}); err != nil {
		t.Errorf("the text by itself: %v", err)
	}
}

// TestWordsOfOwnTypes: root fields and descriptions are made by rule.
func TestWordsOfOwnTypes(t *testing.T) {
	c, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema}, &ast.Source{Name: "own.graphqls", Input: `
"A party that stands for election."
type Party implements Entity @graphNode(example: "Green League") { x: String }
type NewsItem implements Entity & Node @graphNode { x: String }
type Box implements Entity & Node @graphNode
type Rocket implements Entity & Node @graphNode(date: "launched", until: "landed") { launched: PartialDate landed: PartialDate slogan: String @graphSearchable }
type Ox implements Entity & Node @graphNode(plural: "oxen") { x: String }
`})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n  \"A party; null when none fits.\"\n  party(\"Which one, for example `{name: \\\"Green League\\\"}`.\" ref: EntityRef!): Party\n",
		"\n  \"A news item; null when none fits.\"\n  newsItem(",
		"\n  \"All news items that fit, by name unless ordered otherwise.\"\n  newsItems(\n",
		"\n  \"An ox; null when none fits.\"\n  ox(",
		"\n  oxen(\n", "\n  boxes(\n", "\n  parties(\n",
		"\n  \"A party that stands for election.\"\n  PARTY\n", "\n  NEWS_ITEM\n",
		"\ntype Party implements Entity & SearchHit & Node {\n  \"Readable and stable, minted from the name and kept on rename: `green-league`. Unique over everything in the graph.\"\n",
		"\n  \"The year of the entity's date: born, founded, startsOn, saidOn, launched, publishedOn.\"\n",
		"\n  \"The entity's date fits: born, founded, startsOn–endsOn, saidOn, launched–landed, publishedOn.\"\n",
		"\n  \"The name, an alias, the description, the slogan of a rocket or the words of a quote fit. isNull: there is neither description nor words.\"\n",
		"\n\"Links with the parties at the other end.\"\ntype PartyLinkConnection implements LinkConnectionFields {\n",
	} {
		if !strings.Contains(c.SDL, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	again, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema},
		&ast.Source{
			Name:  "own.graphqls",
			Input: "type Party implements Entity & Node @graphNode { x: String }\nextend type Party { y: String }",
		})
	if err != nil || again.Schema.Types["Party"].Fields.ForName("y") == nil {
		t.Errorf("a type that is extended where it is declared: %v", err)
	}
}

// FuzzOwnTypes: whatever stands in a file of own types, it is taken or told with its line.
func FuzzOwnTypes(f *testing.F) {
	for _, c := range mistakes {
		f.Add(c.own)
	}
	f.Add("type Party implements Entity & Node @graphNode(date: \"founded\") { founded: PartialDate members: [Person!]! @graphLink(kinds: [SAID], direction: INCOMING) }")
	f.Fuzz(func(t *testing.T, own string) {
		_, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: "own.graphqls", Input: own})
		if err != nil && !strings.HasPrefix(err.Error(), "own.graphqls:") {
			t.Errorf("it is told as %s", err)
		}
	})
}

// TestInterfacesAreFlat: no interface implements another, which some generators of clients cannot read.
func TestInterfacesAreFlat(t *testing.T) {
	whole, err := contract.Parse(&ast.Source{Name: "schema.graphqls", Input: throughline.Schema})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, d := range whole.Schema.Types {
		if d.Kind != ast.Interface {
			continue
		}
		if n++; len(d.Interfaces) > 0 {
			t.Errorf("%s implements %v", name, d.Interfaces)
		}
	}
	if n < 5 {
		t.Errorf("there are only %d interfaces", n)
	}
}
