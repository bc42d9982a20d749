package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// extended is the contract with fields added to some of its types.
func extended(t *testing.T, fields map[string]string, more string) *catalog.Catalog {
	t.Helper()
	sdl := throughline.Schema
	for name, field := range fields {
		head := "type " + name + " {"
		if !strings.Contains(sdl, head) { // of a list, to which fields are added by rule
			start := strings.Index(sdl, "type "+name+" ")
			end := strings.Index(sdl[start:], "\n") + start
			head = strings.TrimSuffix(sdl[start:end], " {")
			if sdl[start:end] == head {
				sdl = strings.Replace(sdl, head+"\n", head+" {\n}\n", 1)
			}
			head += " {"
		}
		sdl = strings.Replace(sdl, head, head+"\n  \"Added.\"\n  "+field, 1)
	}
	cat, err := catalog.Parse("schema.graphqls", sdl+more)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// stored is a store of the sample.
func stored(t *testing.T, cat *catalog.Catalog) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAFieldWithoutAReaderStopsTheStart(t *testing.T) {
	store := stored(t, extended(t, nil, ""))
	for _, c := range []struct{ typ, field, want string }{
		{"GraphStats", "added: Int!", "GraphStats.added has no reader"},
		{"Limits", "added: Int!", "Limits.added has no reader"},
		{"PageInfo", "added: Int!", "PageInfo.added has no reader"},
		{"Facet", "added: Int!", "Facet.added has no reader"},
		{"LinkConnection", "added: Int!", "LinkConnection.added has no reader"},
		{"LinkEdge", "added: Int!", "LinkEdge.added has no reader"},
		{"CentralityEdge", "added: Int!", "CentralityEdge.added has no reader"},
		{"Path", "added: Int!", "Path.added has no reader"},
		{"Query", "added: Int!", "Query.added has no reader"},
		{"GraphStats", "added: Int!\n\"\"\n again: Int!", "GraphStats.again has no reader"},
		{"Path", "added(first: Int): Int!", "Path.added has no reader"},
	} {
		_, err := New(Options{Catalog: extended(t, map[string]string{c.typ: c.field}, ""), Store: store})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v, want %q", c.typ, c.field, err, c.want)
		}
	}
}

// TestAFilterWithoutAReaderStopsTheStart adds a field to each filter of the contract, and a filter that nothing knows.
func TestAFilterWithoutAReaderStopsTheStart(t *testing.T) {
	cat := extended(t, nil, "")
	store := stored(t, cat)
	begins := func(sdl, want string) {
		t.Helper()
		cat, err := catalog.Parse("schema.graphqls", sdl)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(Options{Catalog: cat, Store: store}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	n := 0
	for name := range cat.Schema.Types {
		head := "input " + name + " {"
		if !strings.HasSuffix(name, "Filter") || !strings.Contains(throughline.Schema, head) {
			continue
		}
		n++
		begins(strings.Replace(throughline.Schema, head, head+"\n  \"Added.\"\n  added: Int", 1), name+".added has no reader")
	}
	if n < 8 {
		t.Errorf("%d filters are declared", n)
	}
	begins(throughline.Schema+"\ninput OddFilter { odd: Int }", "OddFilter.odd has no reader")
	// what is added to the shared part is in the filter of each type too
	begins(strings.Replace(throughline.Schema, "input EntityFilter {", "input EntityFilter {\n  added: Int", 1),
		"PersonFilter.added has no reader")
}

func TestAReaderThatDoesNotFitStopsTheStart(t *testing.T) {
	number := func() *field { return intOf(func(*kg.Stats) int64 { return 1 }) }
	for _, c := range []struct {
		declared, want string
		rows           table
	}{
		{
			"added: [FacetBucket!]!", "GraphStats.added is read as an object where the schema has a value",
			table{"added": number()},
		},
		{
			"added: [FacetBucket!]!", "GraphStats.added is read as one object where the schema has a list",
			table{"added": objectOf(func(s *kg.Stats) *kg.Bucket { return &s.Links[0] })},
		},
		{"added: Int!", "GraphStats.sources has two readers", table{"added": number(), "sources": number()}},
		{
			"added: Int!", "GraphStats.other has a reader, and the schema has no such field",
			table{"added": number(), "other": number()},
		},
	} {
		cat := extended(t, map[string]string{"GraphStats": c.declared}, "")
		_, err := newEngine(Options{Catalog: cat, Store: stored(t, cat)}, questionKinds(), tables{"GraphStats": c.rows})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.declared, err, c.want)
		}
	}
}

// TestAScalarIsAddedByOneRow: what a field of the statistics, of an edge and of a record is, one row says.
func TestAScalarIsAddedByOneRow(t *testing.T) {
	cat := extended(
		t,
		map[string]string{
			"GraphStats": "halfTheSources: Float!",
			"LinkEdge":   "initial: String!",
			"Link":       "long: Boolean!",
		},
		"",
	)
	e, err := newEngine(Options{Catalog: cat, Store: stored(t, cat)}, questionKinds(), tables{
		"GraphStats": {"halfTheSources": floatOf(func(s *kg.Stats) float64 { return float64(s.Sources) / 2 })},
		everyEdge: {
			"initial": {plan: edgeTable["role"].plan, value: func(_ *reading, x *out, p *place) (kg.Value, error) {
				return textValue(p.edge.Link.Vals[x.index].Str[:1]), nil
			}},
		},
		"Link": {"long": {plan: planSentence, value: func(r *reading, x *out, p *place) (kg.Value, error) {
			sentence, err := readSentence(r, x, p)
			return kg.BoolValue(len(sentence.Str) > 60), err
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := answerTo(
		t,
		e,
		`{ stats { sources halfTheSources } links(first: 1, where: {role: {isNull: false}}) { edges { role initial link { sentence long } } } }`,
		false,
	)
	const want = `{"data":{"stats":{"sources":1,"halfTheSources":0.5},"links":{"edges":[`
	if !strings.HasPrefix(got, want) || !strings.Contains(got, `"initial":"`) || !strings.Contains(got, `"long":`) {
		t.Errorf("got %s, want %s…", got, want)
	}
}

// neighboursKind is a root field of these tests: to whom an entity is linked.
var neighboursKind = &questionKind{
	name: "neighbours", begin: func() question { return &neighboursQuestion{} },
	tables: tables{"Neighbours": {
		"of":    recordOf(func(a *neighboursAnswer) *kg.Row { return a.of }),
		"count": intOf(func(a *neighboursAnswer) int64 { return a.count }),
	}},
}

type neighboursQuestion struct {
	asked
	outgoing bool
}

type neighboursAnswer struct {
	of    *kg.Row
	count int64
}

func (q *neighboursQuestion) bind(b *binder, args map[string]any) error {
	q.outgoing = args["outgoing"] == true
	return b.Entity("neighbours.of", args["of"])
}

func (*neighboursQuestion) records() int { return 1 }

func (q *neighboursQuestion) describe(*describer) (how, steps []string) {
	return []string{fmt.Sprintf("outgoing %v", q.outgoing)}, nil
}

func (q *neighboursQuestion) answer(x *search) (place, error) {
	a := &neighboursAnswer{}
	far := map[uint32]bool{}
	err := x.g.Expand(x.ctx, x.keys, store.Way{Out: true, In: !q.outgoing}, func(_ uint32, arcs []store.Arc) {
		for _, arc := range arcs {
			far[arc.To] = true
		}
	})
	if err == nil {
		err = x.read(x.nodeIDs(x.keys))
	}
	if err == nil {
		a.of, a.count = x.records(x.nodeIDs(x.keys)...)[0], int64(len(far))
	}
	return x.object(a), err
}

// TestARootFieldIsAddedByItsFileAndOneLine adds the question declared above by one line, which lists its kind.
func TestARootFieldIsAddedByItsFileAndOneLine(t *testing.T) {
	cat := extended(
		t,
		map[string]string{
			"Query": "neighbours(\"Whose.\" of: EntityRef!, \"Which way.\" outgoing: Boolean = false, \"Over which links.\" where: LinkFilter): Neighbours!",
		},
		`
"To whom an entity is linked."
type Neighbours {
  "The entity."
  of: Entity!
  "To how many it is linked."
  count: Int!
}
`,
	)
	e, err := newEngine(Options{Catalog: cat, Store: stored(t, cat)}, append(questionKinds(), neighboursKind))
	if err != nil {
		t.Fatal(err)
	}
	got := answerTo(
		t,
		e,
		`{ a: neighbours(of: {name: "Mary Kaldor"}) { of { id ... on Person { name } } count __typename } b: neighbours(of: {name: "Mary Kaldor"}, where: {kinds: [AFFILIATED_WITH]}, outgoing: true) { count } }`,
		true,
	)
	if !strings.Contains(got, `"a":{"of":{"id":"mary-kaldor","name":"Mary Kaldor"},"count":`) ||
		!strings.Contains(got, `"b":{"count":1}`) {
		t.Error(got)
	}
	if !strings.Contains(
		got,
		"neighbours: a search over the graph; entities given by name; outgoing true; links where kind AFFILIATED_WITH",
	) {
		t.Errorf("it is not explained: %s", got)
	}
}

// answerTo returns what an engine answers.
func answerTo(t *testing.T, e *Engine, query string, explain bool) string {
	t.Helper()
	r := e.Do(context.Background(), &Request{Query: query, Explain: explain})
	defer r.Release()
	return string(r.AppendJSON(nil))
}
