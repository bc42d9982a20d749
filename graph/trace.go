package graph

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/trace"
)

// This file answers the root fields that search the graph. A search finds ids; then one Fetch reads all records of the
// answer, whatever their type, by one selection that holds what any place of the answer wants of them. The answer itself
// is a tree of cells, as its shape follows the search and not the plan.

// cell is what one field of a traced answer holds: a scalar, records or objects.
type cell struct {
	value kg.Value
	rows  []*kg.Row // one for a single record, none for null
	sel   *plan.Sel
	trees []tree // one for a single object, none for null
}

// tree is an object of a traced answer: cells by field name, or for a field with arguments by a name of its own, out.cell.
type tree map[string]cell

func textCell(s string) cell  { return cell{value: kg.Value{Kind: kg.String, Str: s}} }
func intCell(n int64) cell    { return cell{value: kg.IntValue(n)} }
func boolCell(b bool) cell    { return cell{value: kg.BoolValue(b)} }
func treeCell(t ...tree) cell { return cell{trees: t} }

// asker binds the arguments of a root field to a question, and answers it.
type asker struct {
	bind   func(b *binder, q *question, args map[string]any) error
	answer func(x *searching) error
	// props are what the answer needs of its records, whatever was selected.
	props []string
	// whole: the question is about the whole graph; see analytics.go.
	whole bool
}

// askerOf finds the root fields that search, nil for others.
func askerOf(field string) *asker {
	switch field {
	case "paths":
		return &asker{bind: bindPaths, answer: (*searching).paths}
	case "subgraph":
		return &asker{bind: bindSubgraph, answer: (*searching).subgraph}
	case "timeline":
		return &asker{bind: bindTimeline, answer: (*searching).timeline, props: append([]string{"name", "title", "publishedOn"}, statementProps[:]...)}
	case "compare":
		return &asker{bind: bindCompare, answer: (*searching).compare, props: []string{"role", "since", "until"}}
	case "coParticipation":
		return &asker{bind: bindCompany, answer: (*searching).company}
	case "centrality":
		return &asker{bind: bindCentrality, answer: (*searching).centrality, whole: true}
	case "communities":
		return &asker{bind: bindCommunities, answer: (*searching).communities, props: []string{"name"}, whole: true}
	case "unverified":
		return &asker{bind: bindUnverified, answer: (*searching).unverified, whole: true}
	case "match":
		return &asker{bind: bindMatch, answer: (*searching).match}
	}
	return nil
}

// traced is a root field that searches, compiled.
type traced struct {
	*asker
	field *ast.Field
	at    string
	obj   *object
	rec   *selection // of every record
	// of the evidence of links, where sources or a narrative are wanted: the index of the kid, and what is wanted of sources
	evidence int
	sources  *selection
	cells    int // of fields with arguments so far
}

// question is a root field that searches, with its values.
type question struct {
	*traced
	walk     plan.Walk
	paths    trace.Question // nodes not yet resolved: they are walk.Refs in the order from, to, via, avoid
	via      int
	depth    int
	maxNodes int
	page     plan.Paging
	binding  uint32
	during   *plan.DateFilter
	through  uint8
	// overlapping: only what was shared at one time counts (compare, coParticipation)
	overlapping bool
	analytics
	pattern *pattern // of match
	vars    map[string]any
	today   kg.Day
	names   []string // of walk.Refs[:Asked], for messages
}

// records is about how many records the answer has.
func (q *question) records() int {
	switch q.field.Name {
	case "paths":
		return q.paths.First * (q.paths.MaxLength + 1)
	case "match":
		return q.pattern.First * (2*len(q.pattern.Nodes) - 1)
	case "subgraph":
		return q.maxNodes
	case "centrality", "communities":
		return q.analyzed()
	case "timeline", "coParticipation":
		if q.page.Given {
			return q.page.N
		}
	}
	return 2 * plan.DefaultPageSize
}

// argless stands for the field of a follow that no document has.
var argless = &ast.Field{Definition: &ast.FieldDefinition{}}

// trace compiles a root field that searches.
func (c *compiler) trace(f collected, r *root) *traced {
	t := &traced{asker: askerOf(f.fields[0].Name), field: f.fields[0], at: r.follow.at, rec: &selection{}, evidence: -1}
	r.follow.node, r.follow.field = t.rec, argless // the arguments are the search's
	for _, name := range append([]string{"id"}, t.props...) {
		t.rec.prop(c.cat.Prop(name))
	}
	if t.field.Name == "timeline" {
		for _, typ := range c.cat.Types {
			for _, p := range []*catalog.Prop{typ.DateProp, typ.UntilProp} {
				if typ.Timeline != "" && p != nil {
					t.rec.prop(p)
				}
			}
		}
	}
	t.obj = c.traced(c.cat.Schema.Types[t.field.Definition.Type.Name()], sets(f.fields), t)
	r.out.objs = &objects{one: t.obj}
	if t.field.Name == "subgraph" {
		t.rec.leaves = 0 // see cost
	}
	c.settleEvidence(t)
	return t
}

// traced compiles the selection on an object of a traced answer.
func (c *compiler) traced(def *ast.Definition, s []ast.SelectionSet, t *traced) *object {
	obj := &object{name: def.Name}
	for _, f := range c.collect(def, s...) {
		x := c.newOut(f, opCell)
		field := f.fields[0]
		if field.Name == "__typename" {
			x.op, x.nonNull = opTypename, true
			obj.outs = append(obj.outs, x)
			continue
		}
		if x.cell = field.Name; len(field.Definition.Arguments) > 0 {
			t.cells++
			x.cell = f.key + "#" + strconv.Itoa(t.cells)
		}
		target := c.cat.Schema.Types[field.Definition.Type.Name()]
		switch {
		case def.Name == "Path" && field.Name == "narrative":
			for _, name := range append([]string{"name", "verified"}, statementProps[:]...) {
				t.rec.prop(c.cat.Prop(name))
			}
			c.evidence(t)
		case def.Name == "TimelineItem" && field.Name == "caption":
			t.rec.prop(c.cat.Prop("verified"))
		case len(field.SelectionSet) == 0:
		case def.Name == "Path" && field.Name == "sources":
			x.op = opCellRecord
			c.evidence(t)
			x.objs = c.records(target, sets(f.fields), t.sources, 1<<c.cat.Source.Index)
		case target.Kind == ast.Interface:
			x.op, x.objs = opCellRecord, c.records(target, sets(f.fields), t.rec, c.cat.Entities)
		case c.cat.Type(target.Name) != nil:
			x.op, x.objs = opCellRecord, c.records(target, sets(f.fields), t.rec, 1<<c.cat.Type(target.Name).Index)
		default:
			x.op, x.objs = opCellObject, &objects{one: c.traced(target, sets(f.fields), t)}
		}
		obj.outs = append(obj.outs, x)
	}
	return obj
}

// evidence has the evidence of links read with them: excerpts and sources.
func (c *compiler) evidence(t *traced) {
	if t.evidence >= 0 {
		return
	}
	t.sources = &selection{}
	t.sources.prop(c.cat.Prop("id"))
	t.sources.prop(c.cat.Prop("title"))
	source := &follow{field: argless, at: "Evidence.source", base: plan.Field{Follow: plan.SourceOf, On: 1 << c.cat.Evidence.Index}, node: t.sources}
	pieces := &selection{kids: []*follow{source}}
	pieces.prop(c.cat.Prop("excerpt"))
	pieces.prop(c.cat.Prop("stance"))
	pieces.prop(c.cat.Prop("verified"))
	k := &follow{
		field: argless, at: "Link.evidence", node: pieces,
		base: plan.Field{Follow: plan.EvidenceOf, On: 1 << c.cat.Link.Index, Other: 1 << c.cat.Evidence.Index, Page: plan.Paging{N: plan.MaxPageSize}, Want: plan.Want{Rows: true}},
	}
	t.evidence = len(t.rec.kids)
	t.rec.kids = append(t.rec.kids, k)
}

// settleEvidence finishes what evidence began, when everything wanted of the sources is known.
func (c *compiler) settleEvidence(t *traced) {
	if t.evidence >= 0 {
		k := t.rec.kids[t.evidence]
		c.finish(k.node.kids[0])
		c.finish(k)
	}
}

// ask fills in the values of the field.
func (t *traced) ask(cat *catalog.Catalog, vars map[string]any, limits *plan.Limits, now time.Time) (*question, error) {
	b := &binder{cat: cat, vars: vars}
	q := &question{traced: t, vars: vars}
	q.paths.MaxNodes, q.paths.Year = limits.MaxNodes, now.UTC().Year()
	q.today = kg.DayOf(now)
	args := b.arguments(t.field)
	if err := t.bind(b, q, args); err != nil {
		return nil, err
	}
	q.walk.Asked = len(b.refs)
	b.on = b.cat.Entities
	if q.pattern != nil {
		if err := q.pattern.filters(b); err != nil {
			return nil, err
		}
	}
	if w, ok := args["where"].(map[string]any); ok {
		f, err := b.linkFilter(t.field.Name+".where", w, 1)
		if err != nil {
			return nil, err
		}
		q.walk.Links = f
	}
	q.walk.Refs = b.refs
	return q, nil
}

// refs reads references to entities.
func (b *binder) asked(q *question, at string, v any, most int) error {
	list, err := items(at, v, most)
	if err != nil {
		return err
	}
	for _, x := range list {
		m, _ := x.(map[string]any)
		r, err := b.ref(at, m, b.cat.Entities)
		if err != nil {
			return err
		}
		b.refs = append(b.refs, r)
		q.names = append(q.names, at)
	}
	return nil
}

// whole reads a whole number between bounds.
func whole(at string, v any, least, most int) (int, error) {
	n, ok := v.(int64)
	if !ok || n < int64(least) || n > int64(most) {
		return 0, bad(at, "ask for %d to %d", least, most)
	}
	return int(n), nil
}

func bindPaths(b *binder, q *question, args map[string]any) (err error) {
	for _, name := range []string{"from", "to"} {
		if err := b.asked(q, "paths."+name, []any{args[name]}, 1); err != nil {
			return err
		}
	}
	if err := b.asked(q, "paths.via", args["via"], trace.MaxVia); err != nil {
		return err
	}
	q.via = len(b.refs) - 2
	if err := b.asked(q, "paths.avoid", args["avoid"], plan.MaxIDs); err != nil {
		return err
	}
	p := &q.paths
	p.Directed, p.Chronological, p.Independent = args["directed"] == true, args["chronological"] == true, args["independentSources"] == true
	p.Overlapping = args["overlapping"] == true
	p.Certain = args["dateMatch"] == "CERTAIN"
	q.walk.Sources = p.Independent
	rank, _ := args["rank"].(string)
	p.Rank = trace.RankNames[rank]
	if p.HubPenalty, err = number("paths.hubPenalty", args["hubPenalty"], 0, plan.MaxHubPenalty); err != nil {
		return err
	}
	if p.MaxLength, err = whole("paths.maxLength", args["maxLength"], 1, plan.MaxPathLength); err != nil {
		return err
	}
	p.First, err = whole("paths.first", args["first"], 1, plan.MaxPaths)
	return err
}

// number reads a number between bounds.
func number(at string, v any, least, most float64) (float64, error) {
	f, ok := v.(float64)
	if !ok || !(f >= least && f <= most) {
		return 0, bad(at, "ask for %g to %g", least, most)
	}
	return f, nil
}

func bindSubgraph(b *binder, q *question, args map[string]any) (err error) {
	if err := b.some(q, "subgraph.seeds", args["seeds"]); err != nil {
		return err
	}
	if q.depth, err = whole("subgraph.depth", args["depth"], 0, plan.MaxSubgraphDepth); err != nil {
		return err
	}
	q.maxNodes, err = whole("subgraph.maxNodes", args["maxNodes"], 1, plan.MaxSubgraph)
	return err
}

// some reads at least one reference.
func (b *binder) some(q *question, at string, v any) error {
	if err := b.asked(q, at, v, plan.MaxSeeds); err != nil {
		return err
	}
	if len(b.refs) == 0 {
		return bad(at, "name at least one entity")
	}
	return nil
}

// window reads first, after, last, before of a list with keys of these kinds.
func (b *binder) window(q *question, args map[string]any, kinds ...kg.ValueKind) error {
	f := plan.Field{}
	k := &follow{field: q.field, at: q.at}
	keys := map[string]any{}
	for name, v := range args {
		if name != "after" && name != "before" {
			keys[name] = v
		}
	}
	if err := b.paging(&f, k, keys); err != nil {
		return err
	}
	q.page, q.binding = f.Page, f.Binding
	for name, to := range map[string]*[]kg.Value{"after": &q.page.After, "before": &q.page.Before} {
		if s, ok := args[name].(string); ok {
			var err error
			if *to, err = plan.ParseCursor(s, q.binding, kinds); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindTimeline(b *binder, q *question, args map[string]any) (err error) {
	if err := b.some(q, "timeline.subjects", args["subjects"]); err != nil {
		return err
	}
	if m, ok := args["during"].(map[string]any); ok {
		if q.during, err = b.dateFilter("timeline.during", m); err != nil {
			return err
		}
	}
	q.walk.SourceDates = true
	return b.window(q, args, kg.Int, kg.Int, kg.Int, kg.String)
}

func bindCompare(b *binder, q *question, args map[string]any) error {
	for _, name := range []string{"a", "b"} {
		if err := b.asked(q, "compare."+name, []any{args[name]}, 1); err != nil {
			return err
		}
	}
	q.walk.Sources, q.overlapping = true, args["overlapping"] == true
	return nil
}

func bindCompany(b *binder, q *question, args map[string]any) error {
	if err := b.asked(q, "coParticipation.of", []any{args["of"]}, 1); err != nil {
		return err
	}
	name, _ := args["through"].(string)
	t := b.cat.TypeOf(name)
	switch {
	case t == nil:
		return bad("coParticipation.through", "there is no type %q", name)
	case !t.IsEntity():
		return notEntity("coParticipation.through")
	}
	q.through, q.overlapping = t.Index, args["overlapping"] == true
	return b.window(q, args, kg.Int, kg.String)
}

// searching is one search under way.
type searching struct {
	*question
	e    *Engine
	ctx  context.Context //nolint:containedctx // it lives as long as one call
	a    *answer
	g    store.Graph
	keys []uint32 // of walk.Refs[:Asked]
	rows map[string]*kg.Row
}

// search answers a question.
func (e *Engine) search(ctx context.Context, a *answer) error {
	x := &searching{question: a.question, e: e, ctx: ctx, a: a}
	if x.whole {
		return x.answer(x)
	}
	var err error
	if x.g, x.keys, err = e.opts.Store.Walk(ctx, &x.walk); err != nil {
		return err
	}
	for i, k := range x.keys {
		if k == 0 {
			what, r := "entity", &x.walk.Refs[i]
			if names := typeNames(e.opts.Catalog, r.Types); r.ID == "" && r.Types != e.opts.Catalog.Entities && names != "" {
				what = names
			}
			return kg.Errorf(kg.NotFound, "%s: there is no %s of this %s", x.names[i], what, named(r))
		}
	}
	if err = x.asker.answer(x); err != nil {
		return err
	}
	if a.res == nil {
		a.res = &kg.Result{}
	}
	a.res.RoundTrips += x.g.RoundTrips()
	return nil
}

func named(r *plan.Ref) string {
	switch {
	case r.ID != "":
		return "id"
	case r.Name != "":
		return "name"
	}
	return "external id"
}

// read reads the records of the answer, by id.
func (x *searching) read(ids []string) error {
	x.a.query.IDs = ids
	res, err := x.e.opts.Store.Fetch(x.ctx, x.a.query)
	if err != nil {
		return err
	}
	x.a.res = res
	x.rows = make(map[string]*kg.Row, len(ids))
	for i, id := range ids {
		if row := &res.Edges[i].Node; row.Type != 0 {
			x.rows[id] = row
		}
	}
	return nil
}

// records is a cell of records; what is gone since the search is left out.
func (x *searching) cell(ids ...string) cell {
	c := cell{sel: x.a.query.Root.Node}
	for _, id := range ids {
		if row := x.rows[id]; row != nil {
			c.rows = append(c.rows, row)
		}
	}
	return c
}

// records reads the records of nodes and links: one for each, nil for what is gone since the search.
func (x *searching) records(nodes, links []uint32) ([]*kg.Row, error) {
	var err error
	if g, ok := x.g.(store.Keyed); ok {
		x.a.res, err = g.Read(x.ctx, x.a.query, nodes, links)
	} else {
		x.a.query.IDs = append(x.nodeIDs(nodes), x.linkIDs(links)...)
		x.a.res, err = x.e.opts.Store.Fetch(x.ctx, x.a.query)
	}
	if err != nil {
		return nil, err
	}
	rows := make([]*kg.Row, len(x.a.res.Edges))
	for i := range rows {
		if row := &x.a.res.Edges[i].Node; row.Type != 0 {
			rows[i] = row
		}
	}
	return rows, nil
}

// known is a cell of those records that are not gone.
func (x *searching) known(rows []*kg.Row) cell {
	c := cell{sel: x.a.query.Root.Node}
	for _, row := range rows {
		if row != nil {
			c.rows = append(c.rows, row)
		}
	}
	return c
}

func (x *searching) nodeIDs(keys []uint32) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = x.g.Node(k).ID
	}
	return ids
}

func (x *searching) linkIDs(keys []uint32) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = x.g.Link(k).ID
	}
	return ids
}

// unique lists each id once, in the order first met.
func unique(lists ...[]string) []string {
	seen := map[string]bool{}
	var out []string
	for _, l := range lists {
		for _, id := range l {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// value is a property of a record.
func (x *searching) value(row *kg.Row, prop string) kg.Value {
	if row != nil {
		for i, p := range x.a.query.Root.Node.Props {
			if p.Name == prop {
				return row.Vals[i]
			}
		}
	}
	return kg.Value{}
}

// selected finds the fields of this name that are wanted of an object.
func selected(o *object, name string) (list []*out) {
	for i := range o.outs {
		if o.outs[i].field.Name == name {
			list = append(list, &o.outs[i])
		}
	}
	return list
}

// inner are the objects of the fields with this name: one for each alias.
func inner(name string, of ...*object) (out []*object) {
	for _, o := range of {
		for _, x := range selected(o, name) {
			out = append(out, x.objs.one)
		}
	}
	return out
}

// wanted reports whether any of the objects has a field with this name.
func wanted(name string, of []*object) bool {
	return slices.ContainsFunc(of, func(o *object) bool { return len(selected(o, name)) > 0 })
}

// spare is the part of an operation's time that a search leaves for reading and writing the answer.
const spare = 5

// paths answers `paths`.
func (x *searching) paths() error {
	p := x.question.paths // a copy
	p.From, p.To = x.keys[0], x.keys[1]
	p.Via, p.Avoid = distinct(x.keys[2:2+x.via]), distinct(x.keys[2+x.via:])
	if p.From == p.To {
		return bad("paths", "from and to are the same entity; name two")
	}
	p.Via = slices.DeleteFunc(p.Via, func(k uint32) bool { return k == p.From || k == p.To }) // passed by every line
	for _, k := range p.Avoid {
		if k == p.From || k == p.To || slices.Contains(p.Via, k) {
			return bad("paths.avoid", "an entity cannot be avoided and be from, to or via at once")
		}
	}
	limit := x.ctx
	if end, ok := x.ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limit, cancel = context.WithTimeout(x.ctx, time.Until(end)*(spare-1)/spare)
		defer cancel()
	}
	found, err := trace.Find(x.ctx, limit, x.g, &p)
	if err != nil {
		return err
	}
	report := inner("report", x.obj)
	lines := slices.Clone(found.Lines)
	g := x.g // of all lines: there is a near miss only when there is nothing else
	if len(lines) == 0 && wanted("nearMiss", report) && limit.Err() == nil {
		var miss *trace.Line
		if miss, g, err = x.nearMiss(limit, p); err != nil {
			return err
		}
		if miss != nil {
			lines = append(lines, *miss)
		}
	}
	told := slices.Concat(inner("paths", x.obj), inner("nearMiss", report...))
	if err := x.readLines(g, lines, wanted("steps", told) || wanted("sources", told) || wanted("narrative", told)); err != nil {
		return err
	}
	if g != x.g { // those are counted
		x.a.res.RoundTrips += g.RoundTrips()
	}
	x.a.tree = tree{}
	var trees []tree
	for i := range found.Lines {
		trees = append(trees, x.path(g, &lines[i], inner("paths", x.obj)))
	}
	x.a.tree["paths"] = treeCell(trees...)
	said := tree{"outcome": textCell(string(found.Outcome)), "visitedNodes": intCell(int64(found.Visited))}
	if len(lines) > len(found.Lines) {
		said["nearMiss"] = treeCell(x.path(g, &lines[0], inner("nearMiss", report...)))
	}
	x.a.tree["report"] = treeCell(said)
	return nil
}

// readLines reads the records of lines, with their links where they are told, as far as the search does not know already what
// is wanted of them.
func (x *searching) readLines(g store.Graph, lines []trace.Line, links bool) error {
	sel := x.a.query.Root.Node
	if !links && len(sel.Kids) == 0 && !slices.ContainsFunc(sel.Props, func(p *catalog.Prop) bool { return p.Name != "id" && p.Name != "type" }) {
		x.a.res, x.rows = &kg.Result{}, map[string]*kg.Row{}
		for i := range lines {
			for _, k := range lines[i].Nodes {
				n := g.Node(k)
				row := &kg.Row{Type: n.Type, Vals: make([]kg.Value, len(sel.Props))}
				for j, p := range sel.Props {
					row.Vals[j] = kg.StringValue(n.ID)
					if p.Name == "type" {
						row.Vals[j] = kg.StringValue(x.e.opts.Catalog.TypeAt(n.Type).Enum)
					}
				}
				x.rows[n.ID] = row
			}
		}
		return nil
	}
	var ids []string
	for i := range lines {
		for _, k := range lines[i].Nodes {
			ids = append(ids, g.Node(k).ID)
		}
		if !links {
			continue
		}
		for _, h := range lines[i].Hops {
			for _, a := range h.Links {
				ids = append(ids, g.Link(a.Link).ID)
			}
		}
	}
	return x.read(unique(ids))
}

func distinct(keys []uint32) []uint32 {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// nearMiss finds the best line that breaks a condition: a longer one, or else one without any conditions; nil for none. It
// returns the graph that it searched last.
func (x *searching) nearMiss(limit context.Context, p trace.Question) (*trace.Line, store.Graph, error) {
	p.First = 1
	if p.MaxLength < plan.MaxPathLength {
		longer := p
		longer.MaxLength = plan.MaxPathLength
		if a, err := trace.Find(x.ctx, limit, x.g, &longer); err != nil || len(a.Lines) > 0 {
			if err != nil {
				return nil, nil, err
			}
			return &a.Lines[0], x.g, nil
		}
	}
	if x.walk.Links == nil && len(p.Via)+len(p.Avoid) == 0 && !p.Directed && !p.Chronological && !p.Overlapping && !p.Independent {
		return nil, x.g, nil
	}
	g, keys, err := x.e.opts.Store.Walk(x.ctx, &plan.Walk{Refs: x.walk.Refs[:2], Asked: 2})
	if err != nil || keys[0] == 0 || keys[1] == 0 {
		return nil, g, err
	}
	free := trace.Question{From: keys[0], To: keys[1], HubPenalty: p.HubPenalty, Rank: p.Rank, MaxLength: plan.MaxPathLength, First: 1, MaxNodes: p.MaxNodes, Year: p.Year}
	a, err := trace.Find(x.ctx, limit, g, &free)
	if err != nil || len(a.Lines) == 0 {
		return nil, g, err
	}
	return &a.Lines[0], g, nil
}

// path makes the tree of a line, for all the fields that show it.
func (x *searching) path(g store.Graph, l *trace.Line, of []*object) tree {
	nodes := make([]string, len(l.Nodes))
	for i, k := range l.Nodes {
		nodes[i] = g.Node(k).ID
	}
	t := tree{
		"length": intCell(int64(len(l.Hops))), "cost": {value: kg.FloatValue(float64(l.Cost) / 1000)},
		"start": x.cell(nodes[0]), "end": x.cell(nodes[len(nodes)-1]), "nodes": x.cell(nodes...),
	}
	var steps []tree
	told := make([]string, len(l.Hops))
	for i, h := range l.Hops {
		ids := make([]string, len(h.Links))
		for j, a := range h.Links {
			ids[j] = g.Link(a.Link).ID
		}
		told[i] = ids[0]
		steps = append(steps, tree{
			"from": x.cell(nodes[i]), "to": x.cell(nodes[i+1]), "link": x.cell(ids[0]), "alternatives": x.cell(ids[1:]...),
			"direction": textCell(directionName(h.Links[0].Out)),
		})
	}
	t["steps"] = treeCell(steps...)
	if wanted("sources", of) {
		t["sources"] = x.sourcesOf(told)
	}
	if wanted("narrative", of) {
		t["narrative"] = textCell(x.narrative(nodes, told, l.Hops))
	}
	return t
}

func directionName(out bool) string {
	if out {
		return "OUTGOING"
	}
	return "INCOMING"
}

// sourcesOf are the sources that support links, each once.
func (x *searching) sourcesOf(links []string) cell {
	kid := x.a.query.Root.Node.Kids[x.evidence]
	c := cell{sel: kid.Node.Kids[0].Node}
	seen := map[string]bool{}
	for _, id := range links {
		row := x.rows[id]
		if row == nil {
			continue
		}
		for i := range row.Kids[x.evidence].Edges {
			piece := &row.Kids[x.evidence].Edges[i].Node
			of := piece.Kids[0].Edges
			if piece.Vals[1].Str != kg.Refutes && len(of) > 0 && !seen[of[0].Node.Vals[0].Str] {
				seen[of[0].Node.Vals[0].Str] = true
				c.rows = append(c.rows, &of[0].Node)
			}
		}
	}
	return c
}

// narrative says a line in one sentence, with a footnote for each hop.
func (x *searching) narrative(nodes, links []string, hops []trace.Hop) string {
	var b, notes strings.Builder
	cat := x.e.opts.Catalog
	name := func(id string) string {
		row := x.rows[id]
		return x.value(row, "name").Str + unverified(x.value(row, "verified"))
	}
	b.WriteString(name(nodes[0]))
	for i, id := range links {
		row := x.rows[id]
		if i > 0 {
			b.WriteString(", ")
			if n := x.rows[nodes[i]]; n != nil {
				b.WriteString(cat.TypeAt(n.Type).Pronoun)
			}
		}
		k, s := x.statement(row)
		if k != nil {
			b.WriteString(" " + k.Words(&s, x.today, hops[i].Links[0].Out) + " ")
		}
		b.WriteString(name(nodes[i+1]) + s.Particulars())
		switch s.Standing {
		case kg.Disputed:
			b.WriteString(" (disputed)")
		case kg.Refuted:
			b.WriteString(" (refuted)")
		}
		mark := superscript(i + 1)
		b.WriteString(mark)
		if row != nil {
			notes.WriteString(footnote(mark, row.Kids[x.evidence].Edges))
		}
	}
	b.WriteString(".")
	return b.String() + notes.String()
}

// statement returns the kind of a link and what its record says; a nil kind when the link has gone since the search.
func (x *searching) statement(row *kg.Row) (*catalog.Kind, catalog.Statement) {
	return stated(x.e.opts.Catalog, func(i int) string { return x.value(row, statementProps[i]).Str })
}

// footnote quotes the first words for a link and the first against it.
func footnote(mark string, pieces []kg.Edge) string {
	var b strings.Builder
	for _, stance := range [2]string{kg.Supports, kg.Refutes} {
		i := slices.IndexFunc(pieces, func(e kg.Edge) bool { return e.Node.Vals[1].Str == stance })
		if i < 0 {
			continue
		}
		e := &pieces[i].Node
		b.WriteString("\n" + mark)
		if stance == kg.Refutes {
			b.WriteString(" refutes:")
		}
		b.WriteString(" “" + strings.Join(strings.Fields(e.Vals[0].Str), " ") + "”" + unverified(e.Vals[2]))
		if of := e.Kids[0].Edges; len(of) > 0 {
			b.WriteString(" — " + of[0].Node.Vals[1].Str)
		}
	}
	return b.String()
}

// unverified is the mark of words that are not in the stored text of their source; verified is a piece of evidence's or a quote's.
func unverified(verified kg.Value) string {
	if verified.Kind == kg.Bool && verified.Int == 0 {
		return " [unverified]"
	}
	return ""
}

// superscript writes a number in superscript digits.
func superscript(n int) string {
	digits := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	var b strings.Builder
	for _, c := range strconv.Itoa(n) {
		b.WriteRune(digits[c-'0'])
	}
	return b.String()
}

// subgraph answers `subgraph`.
func (x *searching) subgraph() error {
	seeds := make([]uint32, 0, len(x.keys))
	for _, k := range x.keys {
		if !slices.Contains(seeds, k) {
			seeds = append(seeds, k)
		}
	}
	s, err := trace.Surround(x.ctx, x.g, &trace.Around{Seeds: seeds, Depth: x.depth, MaxNodes: x.maxNodes, MaxLinks: plan.LinksPerNode * x.maxNodes})
	if err != nil {
		return err
	}
	if len(selected(x.obj, "links")) == 0 {
		s.Links = nil
	}
	rows, err := x.records(s.Nodes, s.Links)
	if err != nil {
		return err
	}
	nodes, links := rows[:len(s.Nodes)], rows[len(s.Nodes):]
	var frontier []tree
	for i, n := range s.Hidden {
		if n > 0 {
			frontier = append(frontier, tree{"node": x.known(nodes[i : i+1]), "hiddenLinks": intCell(n)})
		}
	}
	x.a.tree = tree{"nodes": x.known(nodes), "links": x.known(links), "frontier": treeCell(frontier...), "truncated": boolCell(s.Truncated)}
	return nil
}

// pageOf cuts the page out of a list in order; at compares an item with a cursor's keys.
func pageOf[T any](list []T, p *plan.Paging, at func(T, []kg.Value) int) (page []T, prev, next bool) {
	i, j := 0, len(list)
	if p.After != nil {
		i, _ = slices.BinarySearchFunc(list, p.After, func(x T, keys []kg.Value) int {
			if at(x, keys) <= 0 {
				return -1
			}
			return 1
		})
	}
	if p.Before != nil {
		j, _ = slices.BinarySearchFunc(list, p.Before, at)
		j = max(i, j)
	}
	if p.Backward {
		i = max(i, j-p.N)
	} else {
		j = min(j, i+p.N)
	}
	return list[i:j], i > 0, j < len(list)
}

// connection is the tree of a page whose edges are made already, with their cursors.
func connection(edges []tree, nodes cell, prev, next bool, total int) tree {
	info := tree{"hasPreviousPage": boolCell(prev), "hasNextPage": boolCell(next)}
	if n := len(edges); n > 0 {
		info["startCursor"], info["endCursor"] = edges[0]["cursor"], edges[n-1]["cursor"]
	}
	return tree{"edges": treeCell(edges...), "nodes": nodes, "pageInfo": treeCell(info), "totalCount": intCell(int64(total))}
}

func cursorCell(binding uint32, keys ...kg.Value) cell {
	return textCell(string(plan.AppendCursor(nil, binding, keys)))
}

// timeline answers `timeline`.
func (x *searching) timeline() error {
	kinds := map[uint8]trace.What{}
	for _, t := range x.e.opts.Catalog.Types {
		if i := slices.Index(trace.WhatNames[:], t.Timeline); i >= 0 {
			kinds[t.Index] = trace.What(i) //nolint:gosec // one of five
		}
	}
	all, err := trace.Timeline(x.ctx, x.g, distinct(x.keys), kinds)
	if err != nil {
		return err
	}
	if d := x.during; d != nil {
		all = slices.DeleteFunc(all, func(m trace.Moment) bool { return !falls(d, m.Date) })
	}
	keys := func(m trace.Moment) []kg.Value {
		return []kg.Value{kg.IntValue(int64(m.Date.From)), kg.IntValue(m.Place()), kg.IntValue(int64(m.Date.To)), kg.StringValue(m.ID)}
	}
	page, prev, next := pageOf(all, &x.page, func(m trace.Moment, c []kg.Value) int {
		k := keys(m)
		return cmp.Or(cmp.Compare(k[0].Int, c[0].Int), cmp.Compare(k[1].Int, c[1].Int), cmp.Compare(k[2].Int, c[2].Int), strings.Compare(k[3].Str, c[3].Str))
	})
	ids := make([]string, len(page))
	for i, m := range page {
		ids[i] = m.ID
	}
	if err := x.read(unique(ids)); err != nil {
		return err
	}
	var edges, nodes []tree
	for _, m := range page {
		item := x.moment(m)
		if item == nil {
			continue
		}
		nodes = append(nodes, item)
		edges = append(edges, tree{"cursor": cursorCell(x.binding, keys(m)...), "node": treeCell(item)})
	}
	x.a.tree = connection(edges, treeCell(nodes...), prev, next, len(all))
	return nil
}

// falls reports whether an interval fits a filter.
func falls(d *plan.DateFilter, i store.Interval) bool {
	switch {
	case d.IsNull != nil && *d.IsNull:
		return false
	case !d.Bounded:
		return true
	case d.Certain:
		return i.From >= d.From && i.To <= d.To
	}
	return i.From <= d.To && i.To >= d.From
}

// moment makes the tree of an entry of a timeline, nil when it is gone.
func (x *searching) moment(m trace.Moment) tree {
	row := x.rows[m.ID]
	if row == nil {
		return nil
	}
	cat := x.e.opts.Catalog
	t := tree{"what": textCell(trace.WhatNames[m.What])}
	name := x.value(row, "name").Str
	switch m.What {
	case trace.Event, trace.Said:
		typ := cat.TypeAt(row.Type)
		date := x.value(row, typ.DateProp.Name)
		if date.Kind == kg.Null && typ.UntilProp != nil {
			date = x.value(row, typ.UntilProp.Name)
		}
		t["entity"], t["date"] = x.cell(m.ID), cell{value: date}
		t["caption"] = textCell(name)
		if m.What == trace.Said {
			t["caption"] = textCell("Said: “" + name + "”" + unverified(x.value(row, "verified")))
		}
	case trace.LinkBegan, trace.LinkEnded:
		prop, word := "since", "Began: "
		if m.What == trace.LinkEnded {
			prop, word = "until", "Ended: "
		}
		t["link"], t["date"] = x.cell(m.ID), cell{value: x.value(row, prop)}
		if k, s := x.statement(row); k != nil {
			word += k.Sentence(&s, x.today)
		}
		t["caption"] = textCell(word)
	case trace.Published:
		t["source"], t["date"] = x.cell(m.ID), cell{value: x.value(row, "publishedOn")}
		t["caption"] = textCell("Published: " + x.value(row, "title").Str)
	}
	return t
}

// compare answers `compare`.
func (x *searching) compare() error {
	if x.keys[0] == x.keys[1] {
		return bad("compare", "a and b are the same entity; name two")
	}
	c, err := trace.Compare(x.ctx, x.g, x.keys[0], x.keys[1], x.overlapping)
	if err != nil {
		return err
	}
	a, b := x.g.Node(x.keys[0]).ID, x.g.Node(x.keys[1]).ID
	ids := []string{a, b}
	direct := x.linkIDs(c.Direct[:min(len(c.Direct), plan.MaxPageSize)])
	ids = append(ids, direct...)
	// what the fields with arguments ask for, before anything is read
	type part struct {
		out        *out
		ids        []string
		sides      []trace.Side
		prev, next bool
		binding    uint32
	}
	var parts []part
	for i := range x.obj.outs {
		o := &x.obj.outs[i]
		args := arguments(x.e.opts.Catalog.Schema, o.field, x.vars)
		switch o.field.Name {
		case "onlyA", "onlyB":
			list := c.OnlyA
			if o.field.Name == "onlyB" {
				list = c.OnlyB
			}
			n, err := whole("compare."+o.field.Name+".first", args["first"], 0, plan.MaxPageSize)
			if err != nil {
				return err
			}
			p := part{out: o, ids: x.nodeIDs(list[:min(n, len(list))])}
			parts = append(parts, p)
			ids = append(ids, p.ids...)
		case "shared":
			inner := &question{traced: &traced{field: o.field, at: "Comparison.shared"}}
			if err := (&binder{cat: x.e.opts.Catalog, vars: x.vars}).window(inner, args, kg.Int, kg.String, kg.String); err != nil {
				return err
			}
			p := part{out: o, binding: inner.binding}
			p.sides, p.prev, p.next = pageOf(c.Shared, &inner.page, func(s trace.Side, k []kg.Value) int {
				return s.Order.Compare(trace.Placing{Degree: k[0].Int, Node: k[1].Str, Link: k[2].Str})
			})
			for _, s := range p.sides {
				ids = append(ids, s.Order.Node, s.Order.Link)
			}
			parts = append(parts, p)
		}
	}
	if err := x.read(unique(ids)); err != nil {
		return err
	}
	x.a.tree = tree{
		"a": x.cell(a), "b": x.cell(b), "direct": x.cell(direct...), "sharedCount": intCell(int64(c.SharedNodes)),
		"onlyACount": intCell(int64(len(c.OnlyA))), "onlyBCount": intCell(int64(len(c.OnlyB))),
	}
	for _, p := range parts {
		if p.out.field.Name != "shared" {
			x.a.tree[p.out.cell] = x.cell(p.ids...)
			continue
		}
		var edges []tree
		var nodes []string
		for _, s := range p.sides {
			row := x.rows[s.Order.Link]
			edges = append(edges, tree{
				"cursor": cursorCell(p.binding, kg.IntValue(s.Order.Degree), kg.StringValue(s.Order.Node), kg.StringValue(s.Order.Link)),
				"node":   x.cell(s.Order.Node), "link": x.cell(s.Order.Link), "direction": textCell(directionName(s.Out)),
				"role": {value: x.value(row, "role")}, "since": {value: x.value(row, "since")}, "until": {value: x.value(row, "until")},
			})
			nodes = append(nodes, s.Order.Node)
		}
		t := connection(edges, x.cell(nodes...), p.prev, p.next, len(c.Shared))
		for _, f := range selected(p.out.objs.one, "facets") {
			by, _ := arguments(x.e.opts.Catalog.Schema, f.field, x.vars)["by"].([]any)
			if len(by) > 8 {
				return bad("facets.by", "at most 8")
			}
			var facets []tree
			for _, v := range by {
				name, _ := v.(string)
				facets = append(facets, tree{"by": textCell(name), "buckets": treeCell(x.facet(c.Shared, name)...)})
			}
			t[f.cell] = treeCell(facets...)
		}
		x.a.tree[p.out.cell] = treeCell(t)
	}
	return nil
}

// facet counts links by what a facet says.
func (x *searching) facet(list []trace.Side, by string) (out []tree) {
	cat := x.e.opts.Catalog
	counts := map[string]int64{}
	for _, s := range list {
		l := x.g.Link(s.Link)
		switch facetNames[by] {
		case plan.ByKind:
			counts[cat.Kinds[l.Kind].Name]++
		case plan.ByRole:
			if l.Role != "" {
				counts[l.Role]++
			}
		case plan.ByOtherType:
			counts[cat.TypeAt(x.g.Node(s.To).Type).Enum]++
		case plan.BySource:
			for _, src := range l.Sources {
				counts[src.ID]++
			}
		case plan.ByYear:
			if l.Since.Known {
				year := strconv.Itoa(int(l.Since.From)/10000 + 10000)
				counts[year[1:]]++
			}
		}
	}
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for _, k := range keys[:min(len(keys), plan.MaxBuckets)] {
		out = append(out, tree{"key": textCell(k), "count": intCell(counts[k])})
	}
	return out
}

// Most of what an edge of coParticipation lists.
const (
	maxShared  = 20
	maxBecause = 40
)

// company answers `coParticipation`.
func (x *searching) company() error {
	all, err := trace.Accompany(x.ctx, x.g, x.keys[0], x.through, x.overlapping)
	if err != nil {
		return err
	}
	page, prev, next := pageOf(all, &x.page, func(c trace.Company, k []kg.Value) int {
		return cmp.Or(cmp.Compare(k[0].Int, int64(len(c.Shared))), strings.Compare(c.ID, k[1].Str))
	})
	var ids []string
	for _, c := range page {
		ids = append(ids, c.ID)
		ids = append(ids, x.nodeIDs(c.Shared[:min(len(c.Shared), maxShared)])...)
		ids = append(ids, x.linkIDs(c.Links[:min(len(c.Links), maxBecause)])...)
	}
	if err := x.read(unique(ids)); err != nil {
		return err
	}
	var edges []tree
	var nodes []string
	for _, c := range page {
		edges = append(edges, tree{
			"cursor": cursorCell(x.binding, kg.IntValue(int64(len(c.Shared))), kg.StringValue(c.ID)),
			"node":   x.cell(c.ID), "weight": intCell(int64(len(c.Shared))),
			"shared":  x.cell(x.nodeIDs(c.Shared[:min(len(c.Shared), maxShared)])...),
			"because": x.cell(x.linkIDs(c.Links[:min(len(c.Links), maxBecause)])...),
		})
		nodes = append(nodes, c.ID)
	}
	x.a.tree = connection(edges, x.cell(nodes...), prev, next, len(all))
	return nil
}
