package arguments_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/alike"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers the fields that search the graph. How they search is package trace's, which has tests of its own by
// trying everything; what it is asked, and over which links, is said here from the arguments.

// walked is the world as package trace sees it, over the links that fit.
type walked struct {
	*world
	where any
	nodes []*record // by key-1
	keys  map[string]uint32
}

func (w *world) over(where any) *walked {
	g := &walked{world: w, where: where, keys: map[string]uint32{}}
	for _, x := range w.order {
		if x.node != nil {
			g.nodes = append(g.nodes, x)
			g.keys[x.id] = uint32(len(g.nodes))
		}
	}
	return g
}

func (g *walked) key(id string) uint32 { return g.keys[id] }

func (g *walked) Expand(_ context.Context, nodes []uint32, way store.Way, visit func(uint32, []store.Arc)) error {
	for _, k := range nodes {
		n := g.nodes[k-1]
		var arcs []store.Arc
		for i, l := range g.byLink {
			add := func(far *record, out bool) {
				other := far
				if way.Back {
					other = n
				}
				if (way.Among == nil || slices.Contains(way.Among, g.key(far.id))) && g.passes(g.where, l, other) {
					arcs = append(arcs, store.Arc{To: g.key(far.id), Link: uint32(i + 1), Out: out})
				}
			}
			switch loop := l.From == l.To; {
			case loop && (l.From != n.id || !way.Loops):
			case l.From == n.id && way.Out:
				add(g.records[l.To], true)
			case l.To == n.id && way.In:
				add(g.records[l.From], false)
			}
		}
		visit(k, arcs)
	}
	return nil
}

func (g *walked) Middle(ctx context.Context, a, b []uint32, wayA, wayB store.Way) ([]uint32, error) {
	return storetest.Middle(ctx, g, a, b, wayA, wayB)
}

func interval(d kg.PartialDate) store.Interval {
	from, to := d.Interval()
	return store.Interval{From: from, To: to, Known: d != ""}
}

func (g *walked) Node(k uint32) store.GraphNode {
	x := g.nodes[k-1]
	out := store.GraphNode{ID: x.id, Type: g.cat.TypeOf(x.typ).Index, Degree: int64(len(x.links)), Date: interval("")}
	if x.dated {
		out.Date = store.Interval{From: x.from, To: x.to, Known: true}
	}
	return out
}

func (g *walked) Link(k uint32) store.GraphLink {
	l := g.byLink[k-1]
	ids := supporters(l)
	slices.Sort(ids)
	out := store.GraphLink{
		ID: l.ID, Kind: g.cat.Kind(l.Kind).Index, Role: l.Role, Since: interval(l.Since),
		Until: interval(l.Until), SourceCount: int64(len(ids)),
	}
	for _, id := range ids {
		out.Sources = append(out.Sources, store.GraphSource{ID: id, Date: interval(g.sources[id].PublishedOn)})
	}
	return out
}

func (*walked) RoundTrips() int { return 0 }

// one finds the key of the entity a reference names.
func (g *walked) one(ref any) uint32 {
	switch found := g.resolve(ref); len(found) {
	case 0:
		panic(refusal("NOT_FOUND"))
	case 1:
		return g.key(found[0].id)
	}
	panic(refusal("AMBIGUOUS_REF"))
}

func (g *walked) all(refs any) (keys []uint32) {
	for _, r := range list2(refs) {
		if k := g.one(r); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (g *walked) nodeID(k uint32) string   { return g.nodes[k-1].id }
func (g *walked) linkID(k uint32) string   { return g.byLink[k-1].ID }
func (g *walked) arcID(a store.Arc) string { return g.linkID(a.Link) }

// net is the graph that is measured: a link must fit seen from both of its ends.
func (w *world) net(t testing.TB, where any, once bool) *trace.Net {
	g := w.over(where)
	all := &store.Whole{}
	for _, x := range g.nodes {
		all.Nodes = append(all.Nodes, store.WholeNode{ID: x.id, Type: w.cat.TypeOf(x.typ).Index})
	}
	for _, l := range w.byLink {
		if l.From != l.To && w.passes(where, l, w.records[l.From]) && w.passes(where, l, w.records[l.To]) {
			all.Links = append(all.Links, store.Pair{From: g.key(l.From) - 1, To: g.key(l.To) - 1})
		}
	}
	n, err := trace.NewNet(t.Context(), all)
	if err == nil && once {
		n, err = n.Once(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) ranking(t testing.TB, by string, where any, once bool, pivots int) *trace.Ranking {
	n := w.net(t, where, once)
	measure := map[string]trace.Measure{
		"DEGREE": trace.ByDegree, "PAGE_RANK": trace.ByPageRank,
		"BETWEENNESS": trace.ByBetweenness,
	}[by]
	if by != "BETWEENNESS" {
		pivots = 0
	}
	r, err := trace.Centrality(t.Context(), n, measure, trace.Effort{Pivots: min(pivots, n.Connected), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func otherwise[T any](v any, d T) T {
	if x, ok := v.(T); ok {
		return x
	}
	return d
}

func float(v any, d float64) float64 {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return otherwise(v, d)
}

// person names an entity that others have much to do with.
func (w *world) busiest(typ string, n int) any {
	var of []*record
	for _, x := range w.order {
		if x.typ == typ {
			of = append(of, x)
		}
	}
	slices.SortFunc(of, func(a, b *record) int {
		return cmp.Or(cmp.Compare(len(b.links), len(a.links)), strings.Compare(a.id, b.id))
	})
	return input{"id": of[n].id}
}

const lineFields = "{ length cost start { id } end { id } nodes { id } sources { id } steps { from { id } link { id } alternatives { id } direction to { id } } }"

// line is how a line is shown.
func (g *walked) line(l *trace.Line) any {
	ids := idsOf(l.Nodes, g.nodeID)
	out := input{
		"length": float64(len(l.Hops)), "cost": float64(l.Cost) / 1000, "start": ids[0],
		"end": ids[len(ids)-1], "nodes": ids,
	}
	steps, sources := []any{}, []string{}
	for i, h := range l.Hops {
		links := idsOf(h.Links, g.arcID)
		way := "INCOMING"
		if h.Links[0].Out {
			way = "OUTGOING"
		}
		steps = append(steps, input{
			"from": ids[i], "to": ids[i+1], "link": links[0], "alternatives": links[1:],
			"direction": way,
		})
		for _, e := range g.oldest(g.links[g.arcID(h.Links[0])]) {
			if e.Stance == kg.Supports && !slices.Contains(sources, e.Source) {
				sources = append(sources, e.Source)
			}
		}
	}
	out["steps"], out["sources"] = steps, idsOf(sources, func(s string) string { return s })
	return out
}

// thisYear is the clock of the engine that is asked.
func thisYear() int { return both.Clock().Year() }

func (w *world) paths(t testing.TB, args input) (out []entry, _ any) {
	g := w.over(args["where"])
	rank := map[string]trace.Rank{
		"SHORTEST": trace.Shortest, "STRONGEST": trace.Strongest,
		"MOST_CORROBORATED": trace.MostCorroborated, "MOST_RECENT": trace.MostRecent,
	}
	q := trace.Question{
		From: g.one(args["from"]), To: g.one(args["to"]), Via: g.all(args["via"]), Avoid: g.all(args["avoid"]),
		Directed: truth(args["directed"]), Chronological: truth(args["chronological"]), Certain: args["dateMatch"] == "CERTAIN",
		Overlapping: truth(args["overlapping"]), Independent: truth(args["independentSources"]),
		HubPenalty: float(args["hubPenalty"], 0.5), Rank: rank[otherwise(args["rank"], "SHORTEST")],
		MaxLength: otherwise(args["maxLength"], 6), Page: plan.Paging{N: math.MaxInt32}, Count: true,
		MaxNodes: 500_000, Year: thisYear(),
	}
	q.Via = slices.DeleteFunc(q.Via, func(k uint32) bool { return k == q.From || k == q.To })
	if q.From == q.To || len(list2(args["via"])) > 4 || slices.ContainsFunc(q.Avoid,
		func(k uint32) bool { return k == q.From || k == q.To || slices.Contains(q.Via, k) }) {
		panic(refusal("BAD_USER_INPUT"))
	}
	found, err := trace.Find(t.Context(), t.Context(), g, &q)
	if err != nil {
		t.Fatal(err)
	}
	if found.Total < 0 {
		t.Fatalf("there are too many lines to list with %s", asText(args))
	}
	for i := range found.Lines {
		out = append(out, entry{shown: input{"node": g.line(&found.Lines[i])}})
	}
	var near any
	if len(out) == 0 { // first a longer one, then one without conditions
		q.Page.N, q.Count, q.MaxLength = 1, false, 8
		miss, err := trace.Find(t.Context(), t.Context(), g, &q)
		if err == nil && len(miss.Lines) == 0 {
			g = w.over(nil)
			free := trace.Question{
				From: q.From, To: q.To, HubPenalty: q.HubPenalty, Rank: q.Rank, MaxLength: 8,
				Page: q.Page, MaxNodes: q.MaxNodes, Year: q.Year,
			}
			miss, err = trace.Find(t.Context(), t.Context(), g, &free)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(miss.Lines) > 0 {
			near = g.line(&miss.Lines[0])
		}
	}
	return out, input{"report": input{"outcome": string(found.Outcome), "nearMiss": near}}
}

// lines lists all lines that fit a pattern, by trying everything.
func (w *world) lines(args input) (out []entry) {
	steps := list(args["pattern"])
	g := w.over(nil)
	at := func(i int, part string) input { return object(object(steps[i])[part]) }
	isNode := func(i int, x *record) bool {
		n := at(i, "node")
		if n["types"] != nil && !some(n["types"], func(v any) bool { return v == x.typ }) {
			return false
		}
		return (n["ref"] == nil || w.named(n["ref"], x)) && (n["where"] == nil || w.fits(n["where"], x))
	}
	w.possible(steps)
	type found struct {
		nodes []*record
		line  any
	}
	var all []found
	var walk func(nodes []*record, hops []any)
	walk = func(nodes []*record, hops []any) {
		i := 2 * len(hops)
		if i == len(steps)-1 {
			ids := idsOf(nodes, func(x *record) string { return x.id })
			all = append(all, found{slices.Clone(nodes), input{
				"length": float64(len(hops)), "cost": float64(len(hops)),
				"nodes": ids, "steps": slices.Clone(hops),
			}})
			return
		}
		l := at(i+1, "link")
		from := nodes[len(nodes)-1]
		for _, x := range g.nodes {
			if slices.Contains(nodes, x) || !isNode(i+2, x) {
				continue
			}
			var links []*kg.Link
			out := map[*kg.Link]bool{}
			for _, k := range w.byLink {
				with, against := k.From == from.id && k.To == x.id, k.To == from.id && k.From == x.id
				if l["direction"] == "OUTGOING" && !with || l["direction"] == "INCOMING" && !against || !with &&
					!against {
					continue
				}
				if (l["kinds"] == nil || some(l["kinds"], func(v any) bool { return v == k.Kind })) &&
					w.passes(l["where"], k, x) {
					links, out[k] = append(links, k), with
				}
			}
			if len(links) == 0 {
				continue
			}
			slices.SortFunc(links, func(a, b *kg.Link) int {
				return cmp.Or(cmp.Compare(len(supporters(b)), len(supporters(a))), strings.Compare(a.ID, b.ID))
			})
			way := "INCOMING"
			if out[links[0]] {
				way = "OUTGOING"
			}
			ids := idsOf(links, func(k *kg.Link) string { return k.ID })
			walk(append(slices.Clone(nodes), x), append(slices.Clone(hops),
				input{"link": ids[0], "alternatives": ids[1:], "direction": way}))
		}
	}
	for _, x := range g.nodes {
		if isNode(0, x) {
			walk([]*record{x}, nil)
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return slices.CompareFunc(a.nodes, b.nodes, func(x, y *record) int { return strings.Compare(x.id, y.id) })
	})
	for _, f := range all {
		out = append(out, entry{shown: input{"node": f.line}})
	}
	return out
}

// possible panics with the code of why nothing can ever fit a pattern.
func (w *world) possible(steps []any) {
	var types []map[string]bool // of each node
	var named []string
	for i := 0; i < len(steps); i += 2 {
		n := object(object(steps[i])["node"])
		of := map[string]bool{}
		for _, t := range w.cat.Types {
			if n["types"] == nil || some(n["types"], func(v any) bool { return v == t.Enum }) {
				of[t.Enum] = true
			}
		}
		if len(of) == 0 || n["ref"] != nil && n["where"] != nil {
			panic(refusal("BAD_USER_INPUT"))
		}
		types = append(types, of)
	}
	join := func(i int) bool {
		l := object(object(steps[i])["link"])
		left, right := map[string]bool{}, map[string]bool{}
		for _, k := range w.cat.Kinds {
			if l["kinds"] != nil && !some(l["kinds"], func(v any) bool { return v == k.Name }) {
				continue
			}
			for _, a := range w.cat.Types {
				for _, b := range w.cat.Types {
					with := l["direction"] != "INCOMING" && k.From.Has(a.Index) && k.To.Has(b.Index)
					against := l["direction"] != "OUTGOING" && k.To.Has(a.Index) && k.From.Has(b.Index)
					if (with || against) && types[i/2][a.Enum] && types[i/2+1][b.Enum] {
						left[a.Enum], right[b.Enum] = true, true
					}
				}
			}
		}
		changed := len(left) < len(types[i/2]) || len(right) < len(types[i/2+1])
		types[i/2], types[i/2+1] = left, right
		if len(left) == 0 {
			panic(refusal("BAD_USER_INPUT"))
		}
		return changed
	}
	narrow := func() {
		for changed := true; changed; {
			changed = false
			for i := 1; i < len(steps); i += 2 {
				changed = join(i) || changed
			}
		}
	}
	narrow()
	for i := 0; i < len(steps); i += 2 {
		ref := object(object(steps[i])["node"])["ref"]
		if ref == nil {
			continue
		}
		found := w.resolve(ref)
		if object(ref)["id"] == nil || object(object(steps[i])["node"])["types"] != nil {
			found = slices.DeleteFunc(found, func(x *record) bool { return !types[i/2][x.typ] })
		}
		switch {
		case len(found) == 0:
			panic(refusal("NOT_FOUND"))
		case len(found) > 1:
			panic(refusal("AMBIGUOUS_REF"))
		case slices.Contains(named, found[0].id):
			panic(refusal("BAD_USER_INPUT"))
		}
		named = append(named, found[0].id)
		types[i/2] = map[string]bool{found[0].typ: true}
	}
	narrow()
}

// traced says what a field that searches the graph answers, and reports whether it is one.
func (r *rule) traced(t testing.TB, w *world) bool {
	a, b := w.busiest("PERSON", 0), w.busiest("PERSON", 1)
	switch r.name() {
	case "Query.paths":
		r.means = []string{
			"from", "to", "via", "avoid", "where", "directed", "chronological", "dateMatch",
			"overlapping", "independentSources", "hubPenalty", "rank", "maxLength",
		}
		r.needed = map[string]input{"dateMatch": {"chronological": true}}
		r.bounds["hubPenalty"], r.bounds["maxLength"] = [2]float64{0, 10}, [2]float64{1, 8}
		r.edge, r.also = "node "+lineFields, "report { outcome nearMiss "+lineFields+" }"
		r.answer = func(_ string, args input) ([]entry, any) { return w.paths(t, args) }
		w.given(r, func(of *record, typ string) input {
			return input{"from": ask1(of.id), "to": w.busiest(typ, 0), "maxLength": 3}
		},
			[]string{"THEME", "PLACE", "PERSON"}, "overlapping", "chronological", "independentSources", "directed")
	case "Query.match":
		r.means = []string{"pattern", "dryRun"}
		r.given = input{"pattern": []any{
			input{"node": input{"types": []any{"PERSON"}}},
			input{"link": input{}},
			input{"node": input{}},
		}}
		r.edge = "node { length cost nodes { id } steps { link { id } alternatives { id } direction } }"
		r.also = "report { outcome }"
		r.answer = func(_ string, args input) ([]entry, any) {
			if truth(args["dryRun"]) {
				w.possible(list(args["pattern"]))
				return nil, input{"report": input{"outcome": "ESTIMATED"}, "totalCount": nil}
			}
			return w.lines(args), input{"report": input{"outcome": "COMPLETE"}}
		}
	case "Query.subgraph":
		r.means, r.given = []string{"seeds", "depth", "where", "maxNodes"}, input{"seeds": []any{a}}
		r.bounds = map[string][2]float64{"depth": {0, 4}, "maxNodes": {1, 1000}}
		r.also = "{ nodes { id } links { id } frontier { node { id } hiddenLinks } truncated }"
		r.answer = func(_ string, args input) ([]entry, any) {
			g := w.over(args["where"])
			most := otherwise(args["maxNodes"], 200)
			s, err := trace.Surround(t.Context(), g, &trace.Around{
				Seeds: g.seeds(args["seeds"], 1000),
				Depth: otherwise(args["depth"], 1), MaxNodes: most, MaxLinks: 10 * most,
			})
			if err != nil {
				t.Fatal(err)
			}
			frontier := []any{}
			for i, n := range s.Hidden {
				if n > 0 {
					frontier = append(frontier, input{"node": ask1(g.nodeID(s.Nodes[i])), "hiddenLinks": float64(n)})
				}
			}
			return nil, input{
				"nodes": idsOf(s.Nodes, g.nodeID), "links": idsOf(s.Links, g.linkID),
				"frontier": frontier, "truncated": s.Truncated,
			}
		}
	case "Query.timeline":
		r.means, r.given = []string{"subjects", "during", "where"}, input{"subjects": []any{a, w.busiest("EVENT", 0)}}
		r.edge = "node { id kind date subject { ... on Node { id } } }"
		r.answer = func(_ string, args input) ([]entry, any) { return w.timeline(t, args), nil }
	case "Query.coParticipation":
		r.means = []string{"of", "through", "where", "overlapping"}
		r.edge = "node { id } weight shared { id } because { id }"
		r.answer = func(_ string, args input) (out []entry, _ any) {
			g := w.over(args["where"])
			all, err := trace.Accompany(t.Context(), g, g.one(args["of"]), w.cat.TypeOf(text(args["through"])).Index,
				truth(args["overlapping"]))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				out = append(out, entry{shown: input{
					"node": ask1(c.ID), "weight": float64(len(c.Shared)),
					"shared": idsOf(c.Shared[:min(20, len(c.Shared))], g.nodeID), "because": idsOf(c.Links[:min(40,
						len(c.Links))], g.linkID),
				}})
			}
			return out, nil
		}
		w.given(r, func(of *record, typ string) input { return input{"of": ask1(of.id), "through": typ} },
			[]string{"EVENT", "QUOTE", "INSTITUTION", "THEME", "PLACE"}, "overlapping")
	case "Query.compare":
		r.means = []string{"left", "right", "where", "overlapping"}
		r.also = "{ left { id } right { id } direct { id } shared(first: 100) { nodes { id } } sharedCount onlyLeft(first: 100) { nodes { id } totalCount } onlyRight(first: 100) { nodes { id } totalCount } }"
		r.answer = func(_ string, args input) ([]entry, any) {
			g, c, x, y := w.compare(t, args)
			return nil, input{
				"left": ask1(g.nodeID(x)), "right": ask1(g.nodeID(y)), "direct": idsOf(c.Direct, g.linkID),
				"shared": input{"nodes": idsOf(c.Shared,
					func(s trace.Side) string { return s.Order.Node })[:min(100, len(c.Shared))]},
				"sharedCount": float64(c.SharedNodes), "onlyLeft": g.only(c.OnlyLeft), "onlyRight": g.only(c.OnlyRight),
			}
		}
		w.given(r, func(of *record, typ string) input { return input{"left": ask1(of.id), "right": w.busiest(typ, 0)} },
			[]string{"PERSON", "INSTITUTION", "EVENT"}, "overlapping")
	case "Comparison.shared":
		a, b = w.pair(t, func(c *trace.Comparison) int { return len(c.Shared) })
		r.edge = linkEdge
		r.host = func(_, call string) (string, []any) {
			return fmt.Sprintf("{ compare(left: {id: %q}, right: {id: %q}) { f: %s } }", object(a)["id"], object(b)["id"],
				call), []any{"compare", "f"}
		}
		r.answer = func(string, input) (out []entry, _ any) {
			g, c, _, _ := w.compare(t, input{"left": a, "right": b})
			for _, s := range c.Shared {
				out = append(out, w.linkEntry(w.links[g.linkID(s.Link)], w.records[g.nodeID(s.To)], s.Out))
			}
			return out, nil
		}
	case "Comparison.onlyLeft", "Comparison.onlyRight":
		only := func(c *trace.Comparison) []trace.Only {
			if r.field.Name == "onlyRight" {
				return c.OnlyRight
			}
			return c.OnlyLeft
		}
		a, b = w.pair(t, func(c *trace.Comparison) int { return len(only(c)) })
		r.edge = "node { id }"
		r.host = func(_, call string) (string, []any) {
			return fmt.Sprintf("{ compare(left: {id: %q}, right: {id: %q}) { f: %s } }", object(a)["id"], object(b)["id"],
				call), []any{"compare", "f"}
		}
		r.answer = func(string, input) (out []entry, _ any) {
			g, c, _, _ := w.compare(t, input{"left": a, "right": b})
			for _, o := range only(c) {
				out = append(out, entry{shown: input{"node": ask1(g.nodeID(o.Node))}})
			}
			return out, nil
		}
	case "Query.centrality":
		r.means, r.given = []string{"by", "types", "where", "parallel", "pivots"}, input{"by": "DEGREE"}
		r.needed = map[string]input{"pivots": {"by": "BETWEENNESS"}}
		r.bounds["pivots"] = [2]float64{1, 10_000}
		r.edge, r.also = "node { id } score error rank certain", "sampled pivots"
		r.answer = func(_ string, args input) ([]entry, any) { return w.centrality(t, args) }
	case "Query.communities":
		r.means = []string{"types", "where", "parallel", "seed", "resolution", "minSize"}
		r.needed = map[string]input{"seed": {"parallel": "ONCE"}}
		r.bounds["seed"], r.bounds["resolution"], r.bounds["minSize"] = [2]float64{0, math.MaxInt32}, [2]float64{
			0.01,
			100,
		}, [2]float64{1, math.MaxInt32}
		r.edge = "node { label size internalLinks externalLinks members(first: 100) { edges { links node { id } } } bridges(first: 100) { edges { links node { id } } } }"
		r.also = "modularity"
		r.answer = func(_ string, args input) ([]entry, any) { return w.communities(t, args) }
	case "Community.members", "Community.bridges":
		// of the largest alone: a cursor is of its community
		r.edge, r.host = "links node { id }", func(_, call string) (string, []any) {
			return "{ communities(first: 1) { nodes { f: " + call + " } } }", []any{"communities", "nodes", 0, "f"}
		}
		r.answer = func(string, input) (out []entry, _ any) {
			all, _ := w.communities(t, input{})
			for _, m := range list(object(object(object(all[0].shown)["node"])[r.field.Name])["edges"]) {
				out = append(out, entry{shown: m})
			}
			return out, nil
		}
	case "Query.possibleDuplicates":
		r.means, r.edge = []string{"of", "types"}, "node { id } other { id } score reasons { kind against text }"
		r.answer = func(_ string, args input) ([]entry, any) { return w.duplicates(t, args), nil }
	case "Query.unverified":
		r.edge = "node { id }"
		r.answer = func(string, input) (out []entry, _ any) {
			var ids []string
			for _, l := range w.byLink {
				for i := range l.Evidence {
					if is, known := w.stands(&l.Evidence[i]); known && !is {
						ids = append(ids, kg.EvidenceID(l.ID, &l.Evidence[i]))
					}
				}
			}
			slices.Sort(ids)
			for _, id := range ids {
				out = append(out, entry{shown: input{"node": ask1(id)}})
			}
			return out, nil
		}
	default:
		return false
	}
	return true
}

// given writes the arguments that a field must have: of those that make makes the first where each of these flags
// matters.
func (w *world) given(r *rule, make func(of *record, typ string) input, types []string, flags ...string) {
	for _, typ := range types {
		for _, x := range w.order {
			if x.node == nil || len(x.links) < 4 {
				continue
			}
			r.given = make(x, typ)
			plain := w.think(r, "", r.given)
			matters := plain.code == "" && (!r.lists() || len(plain.list) > 2)
			for _, f := range flags {
				with := w.think(r, "", with(r, input{f: true}))
				matters = matters && (!same(shownOf(with.list), shownOf(plain.list)) || !same(with.value, plain.value))
			}
			if matters {
				return
			}
		}
	}
	panic(fmt.Sprintf("there is nothing to ask %s where %s matter: make the graph of these tests so that there is",
		r.name(), flags))
}

// only returns the expected answer of onlyLeft or onlyRight: the entities that only one of the two is linked to.
func (g *walked) only(list []trace.Only) input {
	ids := []any{}
	for _, o := range list[:min(100, len(list))] {
		ids = append(ids, ask1(g.nodeID(o.Node)))
	}
	return input{"nodes": ids, "totalCount": float64(len(list))}
}

// seeds are the entities that a search begins at, of which there must be one, and at most so many.
func (g *walked) seeds(refs any, most int) []uint32 {
	if n := len(list2(refs)); n < 1 || n > most {
		panic(refusal("BAD_USER_INPUT"))
	}
	return g.all(refs)
}

func (w *world) compare(t testing.TB, args input) (*walked, *trace.Comparison, uint32, uint32) {
	g := w.over(args["where"])
	a, b := g.one(args["left"]), g.one(args["right"])
	if a == b {
		panic(refusal("BAD_USER_INPUT"))
	}
	c, err := trace.Compare(t.Context(), g, a, b, truth(args["overlapping"]))
	if err != nil {
		t.Fatal(err)
	}
	return g, c, a, b
}

// pair returns the two entities of whose comparison something is largest.
func (w *world) pair(t testing.TB, size func(*trace.Comparison) int) (a, b any) {
	most := 0
	for _, x := range w.order {
		for _, y := range w.order {
			if x.node == nil || y.node == nil || x == y {
				continue
			}
			_, c, _, _ := w.compare(t, input{"left": ask1(x.id), "right": ask1(y.id)})
			if n := size(c); n > most {
				a, b, most = ask1(x.id), ask1(y.id), n
			}
		}
	}
	return a, b
}

func (w *world) timeline(t testing.TB, args input) (out []entry) {
	g := w.over(args["where"])
	kinds := map[uint8]trace.What{}
	for _, typ := range w.cat.Types {
		if i := slices.Index(trace.WhatNames[:], typ.Timeline); i >= 0 {
			kinds[typ.Index] = trace.What(i)
		}
	}
	keys := g.seeds(args["subjects"], 20)
	slices.Sort(keys)
	all, err := trace.Timeline(t.Context(), g, keys, kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if args["during"] != nil && !fitsDate(args["during"], m.Date.From, m.Date.To, true) {
			continue
		}
		what := trace.WhatNames[m.What]
		item := input{"id": "t_" + strings.ToLower(what) + "." + m.ID, "kind": what, "subject": ask1(m.ID)}
		switch x, l := w.records[m.ID], w.links[m.ID]; {
		case l != nil && m.What == trace.LinkEnded:
			item["date"] = string(l.Until)
		case l != nil:
			item["date"] = string(l.Since)
		case x.source != nil:
			item["date"] = string(x.source.PublishedOn)
		default:
			typ := w.cat.TypeOf(x.typ)
			item["date"] = x.node.Props[typ.DateProp.Name]
			if item["date"] == nil {
				item["date"] = x.node.Props[typ.UntilProp.Name]
			}
		}
		out = append(out, entry{shown: input{"node": item}})
	}
	return out
}

func (w *world) shown(types any, typ uint8) bool {
	return types == nil || some(types, func(v any) bool { return v == w.cat.TypeAt(typ).Enum })
}

func (w *world) centrality(t testing.TB, args input) (out []entry, also any) {
	r := w.ranking(t, text(args["by"]), args["where"], args["parallel"] == "ONCE", otherwise(args["pivots"], 0))
	var of []uint32
	for _, i := range r.Order {
		if w.shown(args["types"], r.Nodes[i].Type) && r.Degree(i) > 0 {
			of = append(of, i)
		}
	}
	certain := r.Certain(of, 0, len(of))
	for i, v := range of {
		rank := 1
		for _, o := range of {
			if r.Scores[o] > r.Scores[v] {
				rank++
			}
		}
		var e any
		if x, ok := r.Error(v); ok {
			e = x
		}
		out = append(out, entry{shown: input{
			"node": ask1(r.Nodes[v].ID), "score": r.Score(v), "error": e,
			"rank": float64(rank), "certain": certain[i],
		}})
	}
	var pivots any
	if args["by"] == "BETWEENNESS" {
		pivots = float64(r.Pivots)
	}
	return out, input{"sampled": r.Sampled, "pivots": pivots}
}

// duplicates compares each entity with each.
func (w *world) duplicates(t testing.TB, args input) (out []entry) {
	net := w.net(t, nil, false)
	var dates []string // in the order of the schema
	for _, typ := range w.cat.Types {
		for _, p := range typ.Props {
			if p.Kind == catalog.Date && !slices.Contains(dates, p.Name) {
				dates = append(dates, p.Name)
			}
		}
	}
	list := make([]alike.Entity, len(net.Nodes))
	for i, x := range net.Nodes {
		n := w.records[x.ID].node
		list[i] = alike.Entity{ID: n.ID, Type: x.Type, Names: append([]string{n.Name}, n.Aliases...), Links: int(net.Degree(uint32(i)))}
		for _, e := range n.ExternalIDs {
			list[i].External = append(list[i].External, [2]string{e.Scheme, e.Value})
		}
		for _, name := range dates {
			if s, ok := n.Props[name].(string); ok && w.cat.TypeAt(x.Type).Prop(name) != nil {
				list[i].Dates = append(list[i].Dates, alike.Date{Name: name, On: kg.PartialDate(s)})
			}
		}
	}
	of := ""
	if args["of"] != nil {
		g := w.over(nil)
		of = g.nodeID(g.one(args["of"]))
	}
	type pair struct {
		node, other string
		score       int
		why         []alike.Reason
	}
	var pairs []pair
	for i := range list {
		for j := range i {
			a, b, shared := &list[j], &list[i], 0
			for _, k := range net.Neighbours(uint32(i)) {
				if slices.Contains(net.Neighbours(uint32(j)), k) {
					shared++
				}
			}
			if a.Type != b.Type || !w.shown(args["types"], a.Type) || of != "" && of != a.ID && of != b.ID {
				continue
			}
			score, why := alike.Compare(a, b, shared)
			if score < alike.Least {
				continue
			}
			p := pair{b.ID, a.ID, score, why}
			if b.Links > a.Links || b.Links == a.Links && b.ID < a.ID {
				p.node, p.other = a.ID, b.ID
			}
			pairs = append(pairs, p)
		}
	}
	for i := range pairs {
		if p := &pairs[i]; p.node == of {
			p.node, p.other = p.other, p.node
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.other, b.other), cmp.Compare(a.node, b.node))
	})
	for _, p := range pairs {
		reasons := []any{}
		for _, r := range p.why {
			reasons = append(reasons, input{"kind": string(r.Kind), "against": r.Kind.Against(), "text": r.Says})
		}
		out = append(out, entry{shown: input{
			"node": ask1(p.node), "other": ask1(p.other), "score": float64(p.score) / alike.Unit, "reasons": reasons,
		}})
	}
	return out
}

func (w *world) communities(t testing.TB, args input) (out []entry, also any) {
	p, err := trace.Communities(t.Context(), w.net(t, args["where"], args["parallel"] == "ONCE"),
		uint64(otherwise(args["seed"], 1)), float(args["resolution"], 1))
	if err != nil {
		t.Fatal(err)
	}
	id := func(v uint32) string { return p.Nodes[v].ID }
	sizes := map[string]int{}
	for i, all := range p.Groups {
		var of []uint32
		for _, v := range all {
			if w.shown(args["types"], p.Nodes[v].Type) {
				of = append(of, v)
			}
		}
		if len(of) < max(1, otherwise(args["minSize"], 2)) {
			continue
		}
		members := []any{}
		for _, v := range of {
			members = append(members, input{"links": float64(p.Within[v]), "node": ask1(id(v))})
		}
		leads := func(v uint32) int64 { return p.Degree(v) - p.Within[v] }
		bridges := slices.DeleteFunc(slices.Clone(of), func(v uint32) bool { return leads(v) == 0 })
		slices.SortFunc(bridges, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(leads(b), leads(a)),
				strings.Compare(id(a), id(b)))
		})
		leading := []any{}
		for _, v := range bridges[:min(100, len(bridges))] {
			leading = append(leading, input{"links": float64(leads(v)), "node": ask1(id(v))})
		}
		sizes[id(of[0])] = len(of)
		out = append(out, entry{rec: w.records[id(of[0])], shown: input{"node": input{
			"label": w.records[id(of[0])].name, "size": float64(len(of)), "internalLinks": float64(p.Internal[i]), "externalLinks": float64(p.External[i]),
			"members": input{"edges": members}, "bridges": input{"edges": leading},
		}}})
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(sizes[b.rec.id], sizes[a.rec.id]), strings.Compare(a.rec.id, b.rec.id))
	})
	return out, input{"modularity": math.Round(p.Modularity*1e12) / 1e12}
}
