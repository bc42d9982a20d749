package memgraph

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Texts reads what a Graph leaves to whoever keeps its records: evidence, and the texts of sources.
type Texts interface {
	// ReadTexts begins to read what is of the version. ErrStale: records were written since.
	ReadTexts(ctx context.Context, of *Graph) (TextReader, error)
}

// TextReader reads texts of one version.
type TextReader interface {
	// Evidence calls f with the evidence of each of some links, in their order, and with how many bytes it is.
	Evidence(ctx context.Context, links []uint32, f func(i int, list []kg.Evidence, size int) error) error
	// EvidenceOf returns the evidence of one link.
	EvidenceOf(ctx context.Context, link uint32) ([]kg.Evidence, error)
	// Texts calls f with the texts of sources, in any order.
	Texts(ctx context.Context, sources []uint32, f func(source uint32, text string)) error
	// Close ends the reading.
	Close()
}

// ErrStale is the error for texts of a version that can be read no longer. It is never wrapped.
var ErrStale = errors.New("the records are newer than the graph")

// Fetch answers a plan. What is read of texts only comes from t. The result's rows are taken back by its Release.
func (graph *Graph) Fetch(ctx context.Context, q *plan.Query, t Texts) (*kg.Result, error) {
	x := newFetch()
	x.graph, x.q, x.ctx, x.texts = graph, q, ctx, t
	res, err := x.run()
	store.RecorderOf(ctx).Walk(x.walked, x.rows)
	if err != nil {
		x.release()
		return nil, err
	}
	res.Release = x.release
	return res, nil
}

// fetches are of answers that are given, for the next ones.
var fetches sync.Pool

// newFetch returns a fetch that has nothing to do yet.
func newFetch() *fetch {
	if x, ok := fetches.Get().(*fetch); ok {
		return x
	}
	x := &fetch{}
	x.holdSlabs()
	x.release = func() {
		x.vals.reset()
		x.pages.reset()
		x.edges.reset()
		x.keys.reset()
		if cap(x.hits) > slabKept/int(unsafe.Sizeof(weighed{})) {
			x.hits = nil
		}
		if len(x.parts) > 0 {
			clear(x.parts)
		}
		*x = fetch{
			vals: x.vals, pages: x.pages, edges: x.edges, keys: x.keys, hits: x.hits, parts: x.parts[:0],
			release: x.release,
		}
		fetches.Put(x)
	}
	return x
}

// fetch is one answer in the making.
type fetch struct {
	ctx     context.Context //nolint:containedctx // a fetch lives as long as one call
	graph   *Graph
	q       *plan.Query
	texts   Texts
	refs    []uint32 // nodes that q.Refs name; 0 for what only byRef knows
	rows    int
	steps   int
	walked  int // steps in all
	counted int // rows that hold knows of
	unheld  int // bytes that the budget does not know of yet
	pending []evidencePage
	wanted  []wantedText
	trips   int
	// keyed: these stand in for q.IDs.
	keyed                    bool
	walkedNodes, walkedLinks []uint32

	roles    map[*plan.StringFilter][]fit // see roleFits
	roled    *plan.StringFilter           // the filter looked up last in roles, and what is there
	tried    []fit
	verdicts map[*plan.EntityFilter]verdicts // see entityFitsOnce

	res     kg.Result
	vals    slab[kg.Value]
	pages   slab[kg.Page]
	edges   slab[kg.Edge]
	keys    slab[uint32]      // see ahead
	search  text.Search       // what is searched for: the plan's, or the rarest words of it
	parts   []section         // of the last search
	phrases map[phraseIn]pair // records that have phrases: see together
	hits    []weighed         // of the last search
	near    []uint32          // of the last node that was counted
	touched uint64
	release func() // takes all of the result back
}

// stop ends a fetch from deep inside; run turns it into its error.
type stop struct{ err error }

func (x *fetch) fail(err error) { panic(stop{err}) }

// step is called in long loops.
func (x *fetch) step(n int) {
	x.walked += n
	if x.steps += n; x.steps > 4096 {
		x.pulse()
	}
}

// pulse ends a fetch that nobody waits for any more.
func (x *fetch) pulse() {
	x.steps = 0
	x.hold((x.rows - x.counted) * rowBytes)
	x.counted = x.rows
	if x.ctx.Err() != nil {
		x.fail(kg.Ended(x.ctx))
	}
}

// holdFrom is how many bytes come together before the budget is asked.
const holdFrom = 32 << 10

// hold counts bytes that the fetch keeps. Like spend it is small enough for the compiler to inline it.
func (x *fetch) hold(n int) {
	if x.unheld += n; x.unheld > holdFrom {
		x.holdAll()
	}
}

func (x *fetch) holdAll() {
	n := x.unheld
	x.unheld = 0
	if err := budget.Of(x.ctx).Hold(int64(n)); err != nil {
		x.fail(err)
	}
}

// holdSlabs has the fetch hold what its slabs give out.
func (x *fetch) holdSlabs() {
	x.vals.hold, x.pages.hold, x.edges.hold, x.keys.hold = x.hold, x.hold, x.hold, x.hold
}

// rowBytes is the size of a row without the lists that slabs give out: that of its entry among the rows still to be
// read.
const rowBytes = 64

// spend counts a row against the plan's bound.
func (x *fetch) spend() {
	x.rows++
	if x.q.MaxRows > 0 && x.rows > x.q.MaxRows {
		x.failRows()
	}
	x.step(1)
}

func (x *fetch) failRows() {
	x.fail(kg.Errorf(kg.CostLimit, "the answer has more than %d entries; ask for smaller pages or fewer levels",
		x.q.MaxRows))
}

func (x *fetch) run() (res *kg.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			res, err = nil, s.err
		}
	}()
	res = &x.res
	x.resolve()
	f := &x.q.Root
	switch x.q.Start {
	case plan.ByID, plan.ByIDs:
		if x.keyed {
			x.byKeys(&res.Page, f.Node)
			break
		}
		res.Edges = x.edges.take(len(x.q.IDs))[:0]
		for _, id := range x.q.IDs {
			var e kg.Edge
			found := x.byID(id, &e.Node, f.Node)
			if found || x.q.Start == plan.ByIDs {
				res.Edges = append(res.Edges, e)
			}
		}
	case plan.ByRef:
		res.Edges = x.edges.take(1)[:0]
		var e kg.Edge
		if x.byRef(&x.q.Refs[0], x.refs[0], &e.Node, f.Node) {
			res.Edges = append(res.Edges, e)
		}
	case plan.Everything:
		x.everything(&res.Page, f)
	case plan.EveryLink:
		x.everyLink(&res.Page, f)
	case plan.Search:
		x.found(&res.Page, f)
	case plan.Statistics:
		res.Stats = x.stats()
	}
	if len(x.pending) > 0 {
		if err := x.readEvidence(); err != nil {
			return nil, err
		}
	}
	if len(x.wanted) > 0 {
		x.fillTexts()
	}
	res.RoundTrips = x.trips
	return res, nil
}

// resolve finds what the plan's refs name. What byRef looks up comes last, and may be nothing: sources and links are
// for byRef to find.
func (x *fetch) resolve() {
	refs := x.q.Refs
	if len(refs) == 0 {
		return
	}
	x.refs = make([]uint32, len(refs))
	first := 0
	if x.q.Start == plan.ByRef {
		first = 1
	}
	for i := first; i < len(refs); i++ {
		if x.refs[i] = x.named(i); x.refs[i] == 0 {
			x.fail(plan.NamesNothing(i))
		}
	}
	if first == 1 {
		x.refs[0] = x.named(0)
	}
}

// named returns the node that a ref names, 0 for none.
func (x *fetch) named(i int) uint32 {
	r := &x.q.Refs[i]
	var fits []uint32
	switch {
	case r.ID != "":
		if k := x.graph.findNode(r.ID); k != 0 && r.Types.Has(x.graph.nodes.at(k).typ) {
			return k
		}
		return 0
	case r.Name != "":
		fits = x.graph.named(r.NameKey)
	case r.URL != "": // of a source
	default:
		fits = x.graph.known(r.Scheme, r.Value)
	}
	var mine []uint32
	for _, k := range fits {
		if r.Types.Has(x.graph.nodes.at(k).typ) && !slices.Contains(mine, k) {
			mine = append(mine, k)
		}
	}
	titled := func(k uint32) bool { return x.graph.cat.TypeAt(x.graph.nodes.at(k).typ).Titled }
	if r.Name != "" && slices.ContainsFunc(mine, func(k uint32) bool { return !titled(k) }) {
		mine = slices.DeleteFunc(mine, titled)
	}
	switch len(mine) {
	case 0:
		return 0
	case 1:
		return mine[0]
	}
	candidates := make([]kg.Candidate, len(mine))
	for j, k := range mine {
		n := x.graph.nodes.at(k)
		candidates[j] = kg.Candidate{
			ID: x.graph.id(n), Type: x.graph.cat.TypeAt(n.typ).Enum, Name: x.graph.name(n),
			Description: x.graph.field(n, descField), LinkCount: x.graph.degree(k),
		}
	}
	x.fail(plan.Ambiguous(x.q.Refs, i, len(candidates), candidates))
	return 0
}

func (x *fetch) byRef(r *plan.Ref, k uint32, row *kg.Row, sel *plan.Sel) bool {
	switch {
	case k != 0:
		x.ahead([]uint32{k}, sel)
		x.node(row, k, sel)
		return true
	case r.ID != "":
		return x.byID(r.ID, row, sel)
	case r.Name+r.URL != "" && x.q.Types.Has(x.graph.cat.Source.Index):
		fits := x.graph.sourceByName[r.NameKey]
		if r.URL != "" {
			fits = x.graph.sourceByURL[r.URL]
		}
		if len(fits) > 1 {
			candidates := make([]kg.Candidate, len(fits))
			for i, s := range fits {
				candidates[i] = kg.Candidate{
					ID: x.graph.sources[s].id, Type: x.graph.cat.Source.Enum,
					Name: x.graph.sources[s].title, LinkCount: int64(len(x.graph.supports.of(s))),
				}
			}
			x.fail(plan.Ambiguous(x.q.Refs, 0, len(candidates), candidates))
		}
		if len(fits) == 1 {
			x.source(row, fits[0], sel)
			return true
		}
	}
	return false
}

// byID fills the record with this id, if there is one of the types wanted.
func (x *fetch) byID(id string, row *kg.Row, sel *plan.Sel) bool {
	types, cat := x.q.Types, x.graph.cat
	switch {
	case strings.HasPrefix(id, kg.LinkPrefix):
		if k := x.graph.findLink(id); k != 0 && types.Has(cat.Link.Index) {
			x.link(row, k, sel)
			return true
		}
	case strings.HasPrefix(id, kg.EvidencePrefix):
		if k := x.graph.findLink(kg.LinkOfEvidence(id)); k != 0 && types.Has(cat.Evidence.Index) {
			return x.oneEvidence(k, id, row, sel)
		}
	case strings.HasPrefix(id, kg.SourcePrefix):
		if k := x.graph.sourceByID[id]; k != 0 && types.Has(cat.Source.Index) {
			x.source(row, k, sel)
			return true
		}
	default:
		if k := x.graph.findNode(id); k != 0 && types.Has(x.graph.nodes.at(k).typ) {
			x.ahead([]uint32{k}, sel)
			x.node(row, k, sel)
			return true
		}
	}
	return false
}

// byKeys fills a page as byID would with the ids of these keys.
func (x *fetch) byKeys(page *kg.Page, sel *plan.Sel) {
	page.Edges = make([]kg.Edge, len(x.walkedNodes)+len(x.walkedLinks))
	for i, k := range x.walkedNodes {
		if x.q.Types.Has(x.graph.nodes.at(k).typ) {
			x.node(&page.Edges[i].Node, k, sel)
		}
	}
	if !x.q.Types.Has(x.graph.cat.Link.Index) {
		return
	}
	for i, k := range x.walkedLinks {
		x.link(&page.Edges[len(x.walkedNodes)+i].Node, k, sel)
	}
}

// node fills the row of an entity.
func (x *fetch) node(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	n := x.graph.nodes.at(k)
	row.Type = n.typ
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			row.Vals[i] = x.graph.nodeValue(n, p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if !f.On.Has(n.typ) {
				continue
			}
			switch f.Follow {
			case plan.Links:
				x.links(&row.Children[i], k, f)
			case plan.LinkCount:
				row.Children[i].Total = x.countLinks(k, f)
			case plan.Derived:
				x.derived(&row.Children[i], k, f)
			}
		}
	}
}

func (graph *Graph) nodeValue(n *node, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(graph.id(n))
	case "name":
		return kg.StringValue(graph.name(n))
	case "type":
		return kg.StringValue(graph.cat.TypeAt(n.typ).Enum)
	case "description":
		return kg.StringValue(graph.field(n, descField))
	case "aliases":
		return kg.Value{Kind: kg.List, Str: graph.field(n, aliasesField)}
	case "externalIds":
		return kg.Value{Kind: kg.List, Str: graph.field(n, externalField)}
	case "formerIds":
		return kg.Value{Kind: kg.List, Str: graph.field(n, formerField)}
	case "createdAt":
		return kg.TimeValue(kg.TimeAt(graph.born[n.created]))
	case "updatedAt":
		return kg.TimeValue(kg.TimeAt(graph.born[n.updated]))
	}
	t := graph.cat.TypeAt(n.typ)
	for i, own := range t.Props {
		if own == p {
			return graph.prop(n, t, i)
		}
	}
	if t.Quoted != nil && p == t.Quoted.Verified {
		if v := graph.quoted(n, t.Quoted.Kinds).Verified(); v != nil {
			return kg.BoolValue(*v)
		}
	}
	return kg.Value{}
}

// quoted is what was found of a quotation's words over the links of some kinds to it.
func (graph *Graph) quoted(n *node, kinds catalog.KindSet) (q rules.Quoted) {
	for _, g := range graph.groups[n.group0:n.group1] {
		if g.out || !kinds.Has(g.kind) {
			continue
		}
		for _, k := range graph.adjacent[g.start:g.end] {
			q = max(q, graph.links.at(k).proof.quoted())
		}
	}
	return q
}

// link fills the row of a link.
func (x *fetch) link(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	l := x.graph.links.at(k)
	row.Type = x.graph.cat.Link.Index
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			row.Vals[i] = x.graph.linkValue(l, k, p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if !f.On.Has(row.Type) {
				continue
			}
			switch f.Follow {
			case plan.From:
				row.Children[i].Edges = x.edges.take(1)
				x.node(&row.Children[i].Edges[0].Node, l.from, f.Node)
			case plan.To:
				row.Children[i].Edges = x.edges.take(1)
				x.node(&row.Children[i].Edges[0].Node, l.to, f.Node)
			case plan.EvidenceOf:
				x.pending = append(x.pending, evidencePage{link: k, field: f, page: &row.Children[i]})
			}
		}
	}
}

func (graph *Graph) linkValue(l *link, k uint32, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(graph.linkID(k))
	case "kind":
		return kg.StringValue(graph.cat.Kinds[l.kind].Name)
	case "role":
		return kg.StringValue(graph.roles[l.role])
	case "since":
		return kg.StringValue(graph.dates[l.since].text)
	case "until":
		return kg.StringValue(graph.dates[l.until].text)
	case "standing":
		return kg.Value{Kind: kg.String, Str: l.standing.String()}
	case "sourceCount", "supportCount":
		return kg.IntValue(graph.sourceCount(k))
	case "refuteCount":
		return kg.IntValue(int64(len(graph.refutersOf(k))))
	case "createdAt":
		return kg.TimeValue(kg.TimeAt(graph.stamps[l.created]))
	case "updatedAt":
		return kg.TimeValue(kg.TimeAt(graph.stamps[l.updated]))
	case catalog.FromName:
		return kg.StringValue(graph.name(graph.nodes.at(l.from)))
	case catalog.ToName:
		return kg.StringValue(graph.name(graph.nodes.at(l.to)))
	}
	return kg.Value{}
}

// source fills the row of a source.
func (x *fetch) source(row *kg.Row, k uint32, sel *plan.Sel) {
	x.spend()
	s := &x.graph.sources[k]
	row.Type = x.graph.cat.Source.Index
	if sel == nil {
		return
	}
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		for i, p := range sel.Props {
			if p.Name == catalog.SourceText && s.hash != "" {
				x.wanted = append(x.wanted, wantedText{k, &row.Vals[i]})
			}
			row.Vals[i] = s.value(p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if f.On.Has(row.Type) && f.Follow == plan.LinksOf {
				x.linksOf(&row.Children[i], k, f)
			}
		}
	}
}

func (s *source) value(p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(s.id)
	case "title":
		return kg.StringValue(s.title)
	case "url":
		return kg.StringValue(s.url)
	case "kind":
		return kg.StringValue(s.kind)
	case "publisher":
		return kg.StringValue(s.publisher)
	case "authors":
		return kg.Value{Kind: kg.List, Str: s.authors}
	case "publishedOn":
		return kg.StringValue(s.published)
	case "contentHash":
		return kg.StringValue(s.hash)
	}
	return kg.Value{}
}

// hit is a link seen from one of its ends.
type hit struct {
	link, other uint32
	out         bool
}

// byNameOnly reports whether an order is the default one, and which way.
func byNameOnly(order []plan.Order) (yes, desc bool) {
	if len(order) == 0 {
		return true, false
	}
	return len(order) == 1 && order[0].By == plan.ByName, order[0].Desc
}

// plain reports whether every link of a group belongs to a field without looking at it.
func (x *fetch) plain(f *plan.Field, g *group) bool { return f.Links == nil && x.allTypes(f, g) }

// allTypes reports whether the links of a group lead to nothing but what a field wants.
func (x *fetch) allTypes(f *plan.Field, g *group) bool {
	ends := x.graph.cat.Kinds[g.kind].To
	if !g.out {
		ends = x.graph.cat.Kinds[g.kind].From
	}
	return ends&^f.Other == 0
}

// wants reports whether a field follows the links of a group.
func wants(f *plan.Field, g *group) bool {
	return f.Kinds.Has(g.kind) && (g.out && f.Out || !g.out && f.In)
}

// links fills a page of the links of a node.
func (x *fetch) links(page *kg.Page, k uint32, f *plan.Field) {
	n := x.graph.nodes.at(k)
	groups := x.graph.groups[n.group0:n.group1]
	// the common case: one direction and kind, in its own order, nothing to filter: only the page is touched
	first, count := 0, 0
	alike := true // all that is wanted is of one direction and kind
	for i := 0; i < len(groups); {
		j := runsEnd(groups, i)
		if wants(f, &groups[i]) {
			alike = count == 0
			first, count = i, count+j-i
		}
		i = j
	}
	if count == 0 && !f.Links.NamesRefuted() {
		x.facetLinks(page, f, nil)
		page.HasPrev, page.HasNext = false, false
		return
	}
	if name, desc := byNameOnly(f.Order); count > 0 && alike && name && !desc && x.plain(f, &groups[first]) &&
		len(f.Want.Facets) == 0 {
		x.linksInOrder(page, groups[first:first+count], f)
		return
	}
	if !f.Want.Rows && !f.Want.More && len(f.Want.Facets) == 0 {
		page.Total = x.countLinks(k, f)
		return
	}
	x.hitsPage(page, x.gather(k, f), f)
}

// runsEnd returns where the runs end that are of the same direction and kind as one.
func runsEnd(groups []group, i int) int {
	j := i + 1
	for j < len(groups) && groups[j].kind == groups[i].kind && groups[j].out == groups[i].out {
		j++
	}
	return j
}

// linksInOrder fills a page of all links of a direction and kind, in their own order.
func (x *fetch) linksInOrder(page *kg.Page, groups []group, f *plan.Field) {
	for i := range groups {
		page.Total += int64(groups[i].end - groups[i].start)
	}
	if !f.Want.Rows && !f.Want.More {
		return
	}
	if len(groups) > 1 {
		x.linksOfRuns(page, groups, f)
		return
	}
	g := &groups[0]
	l := list[uint32]{items: x.graph.adjacent[g.start:g.end], sorted: true}
	items := l.page(page, &f.Page, func(k uint32, keys []kg.Value) int {
		return x.linkAt(hit{k, x.graph.links.at(k).other(g.out), g.out}, f.Order, keys)
	})
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	ends := x.graph.ends[int(g.start)+cap(l.items)-cap(items):] // items is cut out of l.items
	for i, k := range items {
		x.linkEdge(&page.Edges[i], hit{k, ends[i], g.out}, f)
	}
}

// linksOfRuns is linksInOrder for links that lie in several runs.
func (x *fetch) linksOfRuns(page *kg.Page, groups []group, f *plan.Field) {
	out := groups[0].out
	runs := order{chunks: make([][]uint32, len(groups)), before: make([]int, len(groups))}
	for i, g := range groups {
		runs.chunks[i], runs.before[i] = x.graph.adjacent[g.start:g.end], runs.n
		runs.n += int(g.end - g.start)
	}
	items := runs.page(page, &f.Page, func(k uint32, keys []kg.Value) int {
		return x.linkAt(hit{k, x.graph.links.at(k).other(out), out}, f.Order, keys)
	}, x.keys.take)
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for i, k := range items {
		x.linkEdge(&page.Edges[i], hit{k, x.graph.links.at(k).other(out), out}, f)
	}
}

// gather lists the links of a node that fit a field.
func (x *fetch) gather(k uint32, f *plan.Field) []hit {
	var hits []hit
	x.eachFit(k, f, func(h hit) {
		hits = append(hits, h)
		x.hold(2 * int(unsafe.Sizeof(h)))
	})
	return hits
}

// eachFit calls found with the links of a node that fit a field.
func (x *fetch) eachFit(k uint32, f *plan.Field, found func(hit)) {
	n := x.graph.nodes.at(k)
	x.eachFitOf(k, f, &x.graph.adjacency, x.graph.groups[n.group0:n.group1], found)
	if f.Links.NamesRefuted() {
		x.eachFitOf(k, f, &x.graph.refuted.adjacency, x.graph.refuted.groupsOf(k), found)
	}
}

func (x *fetch) eachFitOf(k uint32, f *plan.Field, of *adjacency, groups []group, found func(hit)) {
	for _, g := range groups {
		if !wants(f, &g) {
			continue
		}
		x.step(int(g.end - g.start))
		ends := of.ends[g.start:g.end]
		anyType := x.allTypes(f, &g)
		for i, l := range of.adjacent[g.start:g.end] {
			h := hit{l, ends[i], g.out}
			if !g.out && f.Out && h.other == k {
				continue // a link to itself is listed once, as outgoing
			}
			if (anyType || f.Other.Has(x.graph.nodes.at(h.other).typ)) && x.linkFits(f.Links, l, h.other) {
				found(h)
			}
		}
	}
}

// countLinks counts without listing, and without looking at links where all of them fit.
func (x *fetch) countLinks(k uint32, f *plan.Field) (total int64) {
	n := x.graph.nodes.at(k)
	each := func() int64 {
		total = 0
		x.eachFit(k, f, func(hit) { total++ })
		return total
	}
	if f.Links.NamesRefuted() {
		return each()
	}
	groups := x.graph.groups[n.group0:n.group1]
	for i := 0; i < len(groups); {
		j := runsEnd(groups, i)
		if wants(f, &groups[i]) {
			if n.looped || !x.plain(f, &groups[i]) {
				return each()
			}
			for ; i < j; i++ {
				total += int64(groups[i].end - groups[i].start)
			}
		}
		i = j
	}
	return total
}

// hitsPage fills a page from the links that fit.
func (x *fetch) hitsPage(page *kg.Page, hits []hit, f *plan.Field) {
	page.Total = int64(len(hits))
	x.facetLinks(page, f, hits)
	if !f.Want.Rows && !f.Want.More {
		return
	}
	linksPage(x, page, list[hit]{items: hits, cmp: func(a, b hit) int { return x.cmpLinks(a, b, f.Order) }},
		func(h hit) hit { return h }, f)
}

// linksPage fills the window of a list of links; seen is how an item is seen.
func linksPage[T any](x *fetch, page *kg.Page, l list[T], seen func(T) hit, f *plan.Field) {
	items := l.page(page, &f.Page, func(k T, keys []kg.Value) int { return x.linkAt(seen(k), f.Order, keys) })
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for i, k := range items {
		x.linkEdge(&page.Edges[i], seen(k), f)
	}
}

func (x *fetch) linkEdge(e *kg.Edge, h hit, f *plan.Field) {
	e.Out = h.out
	if f.Node != nil {
		x.node(&e.Node, h.other, f.Node)
	}
	if f.Link != nil {
		x.link(&e.Link, h.link, f.Link)
	}
	if f.Want.Cursors {
		e.Keys = x.linkKeys(h, f.Order)
	}
}

var defaultOrder = []plan.Order{{By: plan.ByName}}

func orDefault(order []plan.Order) []plan.Order {
	if len(order) == 0 {
		return defaultOrder
	}
	return order
}

// linkNumber is the value of an order key that is a number.
func (x *fetch) linkNumber(h hit, o plan.Order) int64 {
	l := x.graph.links.at(h.link)
	day := func(k uint32) int64 {
		d := &x.graph.dates[k]
		return plan.DateKey(d.from, d.to, k != 0, o.Desc)
	}
	switch o.By {
	case plan.BySince:
		return day(l.since)
	case plan.ByUntil:
		return day(l.until)
	}
	return x.graph.sourceCount(h.link)
}

// direct turns a comparison round for a descending key.
func direct(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

func (x *fetch) cmpLinks(a, b hit, order []plan.Order) int {
	order = orDefault(order)
	for _, o := range order {
		var c int
		if o.By == plan.ByName {
			c = cmp.Compare(*x.graph.ranks.at(a.other), *x.graph.ranks.at(b.other))
		} else {
			c = cmp.Compare(x.linkNumber(a, o), x.linkNumber(b, o))
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(x.graph.compareLinks(a.link, b.link), order[len(order)-1].Desc)
}

// linkAt compares a link with the keys of a cursor.
func (x *fetch) linkAt(h hit, order []plan.Order, keys []kg.Value) int {
	order = orDefault(order)
	for i, o := range order {
		var c int
		if o.By == plan.ByName {
			c = strings.Compare(x.graph.sortKey(x.graph.nodes.at(h.other)), keys[i].Str)
		} else {
			c = cmp.Compare(x.linkNumber(h, o), keys[i].Int)
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(x.graph.linkID(h.link), keys[len(order)].Str), order[len(order)-1].Desc)
}

func (x *fetch) linkKeys(h hit, order []plan.Order) []kg.Value {
	order = orDefault(order)
	keys := make([]kg.Value, 0, len(order)+1)
	for _, o := range order {
		if o.By == plan.ByName {
			keys = append(keys, kg.Value{Kind: kg.String, Str: x.graph.sortKey(x.graph.nodes.at(h.other))})
		} else {
			keys = append(keys, kg.IntValue(x.linkNumber(h, o)))
		}
	}
	return append(keys, kg.StringValue(x.graph.linkID(h.link)))
}

// linksOf fills a page of the links that rest on a source, seen from where they start.
func (x *fetch) linksOf(page *kg.Page, k uint32, f *plan.Field) {
	x.step(len(x.graph.supports.of(k)))
	var hits []hit
	look := func(l uint32) {
		to := x.graph.links.at(l).to
		if x.linkFits(f.Links, l, to) {
			hits = append(hits, hit{l, to, true})
			x.hold(2 * int(unsafe.Sizeof(hit{})))
		}
	}
	for _, l := range x.graph.supports.of(k) {
		look(l)
	}
	if f.Links.NamesRefuted() {
		x.step(len(x.graph.refuted.links))
		for _, l := range x.graph.refuted.links {
			if slices.Contains(x.graph.refutersOf(l), k) {
				look(l)
			}
		}
	}
	x.hitsPage(page, hits, f)
}

// everyLink fills a page of all links, seen from where they start.
func (x *fetch) everyLink(page *kg.Page, f *plan.Field) {
	all := x.graph.byEnd()
	seen := func(k uint32) hit { return hit{k, x.graph.links.at(k).to, true} }
	if name, desc := byNameOnly(f.Order); f.Links != nil || !name || desc || len(f.Want.Facets) > 0 {
		var hits []hit
		look := func(links []uint32) {
			for _, k := range links {
				x.step(1)
				if h := seen(k); x.linkFits(f.Links, k, h.other) {
					hits = append(hits, h)
					x.hold(2 * int(unsafe.Sizeof(h)))
				}
			}
		}
		look(all)
		if f.Links.NamesRefuted() {
			look(x.graph.refuted.links)
		}
		x.hitsPage(page, hits, f)
		return
	}
	page.Total = int64(len(all))
	linksPage(x, page, list[uint32]{items: all, sorted: true}, seen, f)
}

// everything fills a page of all records of the types wanted.
func (x *fetch) everything(page *kg.Page, f *plan.Field) {
	if x.q.Types.Has(x.graph.cat.Source.Index) {
		x.records(page, f, &x.graph.byType[x.graph.cat.Source.Index], sourcesOrder{x})
		return
	}
	x.records(page, f, x.ofTypes(), nodesOrder{x})
}

// ofTypes lists the entities of the types wanted, in order of name.
func (x *fetch) ofTypes() *order {
	var one *order
	kinds, n := 0, 0
	for _, t := range x.graph.cat.Types {
		if x.q.Types.Has(t.Index) {
			one = &x.graph.byType[t.Index]
			kinds++
			n += one.n
		}
	}
	switch {
	case kinds == 0:
		return &order{}
	case kinds == 1:
		return one
	case n == x.graph.nodeOrder.n:
		return &x.graph.nodeOrder
	}
	x.hold(4 * n)
	all := make([]uint32, 0, n)
	x.graph.nodeOrder.all(func(keys []uint32) bool {
		for _, k := range keys {
			x.step(1)
			if x.q.Types.Has(x.graph.nodes.at(k).typ) {
				all = append(all, k)
			}
		}
		return true
	})
	return &order{flat: all, n: len(all)}
}

// recordOrder is what entities and sources differ in when they are listed.
type recordOrder interface {
	fits(f *plan.EntityFilter, k uint32) bool
	cmp(a, b uint32, order []plan.Order) int
	at(k uint32, order []plan.Order, keys []kg.Value) int
	keys(k uint32, order []plan.Order) []kg.Value
	fill(row *kg.Row, k uint32, sel *plan.Sel)
	ahead(keys []uint32, sel *plan.Sel)
}

// records fills a page from records in order of name.
func (x *fetch) records(page *kg.Page, f *plan.Field, all *order, r recordOrder) {
	name, desc := byNameOnly(f.Order)
	ordered := name && !desc
	whole := f.Entities == nil // the page is of all, in their order: nothing is listed
	var fit []uint32
	switch {
	case !whole:
		look := func(keys []uint32) bool {
			for _, k := range keys {
				x.step(1)
				if r.fits(f.Entities, k) {
					fit = append(fit, k)
					x.hold(8)
				}
			}
			return true
		}
		if some, narrowed := x.candidates(f.Entities, all.n); narrowed {
			look(some)
			fit = x.inOrder(fit)
		} else {
			all.all(look)
		}
		page.Total = int64(len(fit))
	case !ordered || len(f.Want.Facets) > 0:
		x.hold(4 * all.n)
		fit = all.keys()
		if !ordered {
			fit = slices.Clone(fit)
			whole = false
		}
		page.Total = int64(all.n)
	default:
		page.Total = int64(all.n)
	}
	x.facetRecords(page, f, fit)
	if !f.Want.Rows && !f.Want.More {
		return
	}
	at := func(k uint32, keys []kg.Value) int { return r.at(k, f.Order, keys) }
	var items []uint32
	if whole {
		items = all.page(page, &f.Page, at, x.keys.take)
	} else {
		l := list[uint32]{
			items: fit, sorted: ordered, cmp: func(a, b uint32) int { return r.cmp(a, b, f.Order) },
		}
		items = l.page(page, &f.Page, at)
	}
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	r.ahead(items, f.Node)
	for i, k := range items {
		if f.Node != nil {
			r.fill(&page.Edges[i].Node, k, f.Node)
		}
		if f.Want.Cursors {
			page.Edges[i].Keys = r.keys(k, f.Order)
		}
	}
}

// candidates narrows what a filter has to be tried on: to an exact name, to ids, or to links to a known entity that has
// fewer of them than there are records. Then they are in no order, and some may stand there twice.
func (x *fetch) candidates(f *plan.EntityFilter, all int) (some []uint32, narrowed bool) {
	if all == 0 || x.q.Types.Has(x.graph.cat.Source.Index) {
		return nil, false
	}
	var keys []uint32
	switch {
	case f.Name != nil && f.Name.Eq != nil:
		keys = x.graph.named(*f.Name.Eq)
	case f.IDs != nil:
		for _, id := range f.IDs {
			if k := x.graph.findNode(id); k != 0 {
				keys = append(keys, k)
			}
		}
	case f.ExternalIDs != nil:
		for _, id := range f.ExternalIDs {
			keys = append(keys, x.graph.known(id[0], id[1])...)
		}
	case f.LinkedTo != nil && f.LinkedTo.Ref >= 0 && !f.LinkedTo.Link.NamesRefuted():
		k := x.refs[f.LinkedTo.Ref]
		if x.graph.degree(k) >= int64(all) {
			return nil, false
		}
		n := x.graph.nodes.at(k)
		for _, g := range x.graph.groups[n.group0:n.group1] {
			if f.LinkedTo.Kinds == nil || f.LinkedTo.Kinds.Has(g.kind) {
				keys = append(keys, x.graph.ends[g.start:g.end]...)
			}
		}
	default:
		return nil, false
	}
	return slices.DeleteFunc(keys, func(k uint32) bool { return !x.q.Types.Has(x.graph.nodes.at(k).typ) }), true
}

// inOrder orders nodes by name and id, each once.
func (x *fetch) inOrder(keys []uint32) []uint32 {
	ranked := make([]uint64, len(keys))
	for i, k := range keys {
		ranked[i] = uint64(*x.graph.ranks.at(k))<<32 | uint64(k)
	}
	slices.Sort(ranked)
	ranked = slices.Compact(ranked)
	out := keys[:0]
	for i := 0; i < len(ranked); {
		same := i + 1
		for same < len(ranked) && ranked[same]>>32 == ranked[i]>>32 {
			same++
		}
		from := len(out)
		for ; i < same; i++ {
			out = append(out, uint32(ranked[i]))
		}
		slices.SortFunc(out[from:], func(a, b uint32) int {
			return strings.Compare(x.graph.id(x.graph.nodes.at(a)), x.graph.id(x.graph.nodes.at(b)))
		})
	}
	return out
}

type nodesOrder struct{ x *fetch }

func (r nodesOrder) fits(f *plan.EntityFilter, k uint32) bool { return r.x.entityFits(f, k) }

func (r nodesOrder) fill(row *kg.Row, k uint32, sel *plan.Sel) { r.x.node(row, k, sel) }

func (r nodesOrder) ahead(keys []uint32, sel *plan.Sel) { r.x.ahead(keys, sel) }

func (r nodesOrder) number(k uint32, o plan.Order) int64 {
	n := r.x.graph.nodes.at(k)
	switch o.By {
	case plan.ByDate:
		return plan.DateKey(n.from, n.to, n.dated, o.Desc)
	case plan.ByLinkCount:
		return r.x.graph.degree(k)
	}
	return r.x.graph.born[n.updated]
}

func (r nodesOrder) cmp(a, b uint32, order []plan.Order) int {
	order = orDefault(order)
	graph := r.x.graph
	for _, o := range order {
		var c int
		if o.By == plan.ByName {
			c = cmp.Compare(*graph.ranks.at(a), *graph.ranks.at(b))
		} else {
			c = cmp.Compare(r.number(a, o), r.number(b, o))
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(graph.id(graph.nodes.at(a)), graph.id(graph.nodes.at(b))), order[len(order)-1].Desc)
}

func (r nodesOrder) at(k uint32, order []plan.Order, keys []kg.Value) int {
	n := r.x.graph.nodes.at(k)
	return recordAt(r.x.graph.sortKey(n), r.x.graph.id(n), orDefault(order), keys,
		func(o plan.Order) int64 { return r.number(k, o) })
}

func (r nodesOrder) keys(k uint32, order []plan.Order) []kg.Value {
	n := r.x.graph.nodes.at(k)
	return recordKeys(r.x.graph.sortKey(n), r.x.graph.id(n), orDefault(order),
		func(o plan.Order) int64 { return r.number(k, o) })
}

type sourcesOrder struct{ x *fetch }

func (r sourcesOrder) fits(f *plan.EntityFilter, k uint32) bool { return r.x.sourceFits(f, k) }

func (r sourcesOrder) fill(row *kg.Row, k uint32, sel *plan.Sel) { r.x.source(row, k, sel) }

func (sourcesOrder) ahead([]uint32, *plan.Sel) {}

func (r sourcesOrder) number(k uint32, o plan.Order) int64 {
	s := &r.x.graph.sources[k]
	switch o.By {
	case plan.ByDate:
		return plan.DateKey(s.from, s.to, s.dated, o.Desc)
	case plan.ByLinkCount:
		return int64(len(r.x.graph.supports.of(k)))
	}
	return 0
}

func (r sourcesOrder) cmp(a, b uint32, order []plan.Order) int {
	s := &r.x.graph.sources[b]
	return r.at(a, order, recordKeys(s.sortKey, s.id, orDefault(order),
		func(o plan.Order) int64 { return r.number(b, o) }))
}

func (r sourcesOrder) at(k uint32, order []plan.Order, keys []kg.Value) int {
	s := &r.x.graph.sources[k]
	return recordAt(s.sortKey, s.id, orDefault(order), keys, func(o plan.Order) int64 { return r.number(k, o) })
}

func (r sourcesOrder) keys(k uint32, order []plan.Order) []kg.Value {
	s := &r.x.graph.sources[k]
	return recordKeys(s.sortKey, s.id, orDefault(order), func(o plan.Order) int64 { return r.number(k, o) })
}

func recordAt(sortKey, id string, order []plan.Order, keys []kg.Value, number func(plan.Order) int64) int {
	for i, o := range order {
		var c int
		if o.By == plan.ByName {
			c = strings.Compare(sortKey, keys[i].Str)
		} else {
			c = cmp.Compare(number(o), keys[i].Int)
		}
		if c != 0 {
			return direct(c, o.Desc)
		}
	}
	return direct(strings.Compare(id, keys[len(order)].Str), order[len(order)-1].Desc)
}

func recordKeys(sortKey, id string, order []plan.Order, number func(plan.Order) int64) []kg.Value {
	keys := make([]kg.Value, 0, len(order)+1)
	for _, o := range order {
		if o.By == plan.ByName {
			keys = append(keys, kg.Value{Kind: kg.String, Str: sortKey})
		} else {
			keys = append(keys, kg.IntValue(number(o)))
		}
	}
	return append(keys, kg.StringValue(id))
}

// chain is one way from the owner of a derived field to a node.
type chain struct{ node, hop1, hop2 uint32 }

// chains lists the ways a derived field leads from a node over links that fit.
func (x *fetch) chains(k uint32, d *catalog.DerivedField, fits *plan.LinkFilter) []chain {
	var out []chain
	along := func(of *adjacency, groups []group, kind uint8, f func(link, other uint32)) {
		for _, g := range groups {
			if g.kind != kind || g.out != d.Out {
				continue
			}
			x.step(int(g.end - g.start))
			ends := of.ends[g.start:g.end]
			for i, l := range of.adjacent[g.start:g.end] {
				if x.linkFits(fits, l, ends[i]) {
					f(l, ends[i])
				}
			}
		}
	}
	named := fits.NamesRefuted()
	each := func(k uint32, kind uint8, f func(link, other uint32)) {
		n := x.graph.nodes.at(k)
		along(&x.graph.adjacency, x.graph.groups[n.group0:n.group1], kind, f)
		if named {
			along(&x.graph.refuted.adjacency, x.graph.refuted.groupsOf(k), kind, f)
		}
	}
	for _, c := range d.Chains {
		each(k, c[0].Index, func(hop1, middle uint32) {
			each(middle, c[1].Index, func(hop2, end uint32) {
				if x.graph.nodes.at(end).typ == d.Other.Index {
					out = append(out, chain{end, hop1, hop2})
					x.hold(3 * int(unsafe.Sizeof(chain{})))
				}
			})
		})
	}
	return out
}

// weighed is a node that chains lead to.
type weighed struct {
	node   uint32 // of a search also a source, with sourceFlag
	rank   uint32 // of its name; 0 of sources
	weight int64
	first  int // its chains: chains[first : first+weight]
}

// derived fills a page of what chains lead to, most first.
func (x *fetch) derived(page *kg.Page, k uint32, f *plan.Field) {
	chains := x.chains(k, f.Derived, f.Links)
	slices.SortFunc(chains, func(a, b chain) int {
		x.step(1)
		return cmp.Or(cmp.Compare(a.node, b.node), x.graph.compareLinks(a.hop1, b.hop1),
			x.graph.compareLinks(a.hop2, b.hop2))
	})
	var all []weighed
	for i, c := range chains {
		if i == 0 || c.node != chains[i-1].node {
			all = append(all, weighed{node: c.node, rank: *x.graph.ranks.at(c.node), first: i})
		}
		all[len(all)-1].weight++
	}
	page.Total = int64(len(all))
	items := x.weighedPage(page, f, all)
	for i, w := range items {
		e := &page.Edges[i]
		e.Weight = w.weight
		if f.Because == nil {
			continue
		}
		var links []uint32
		for _, c := range chains[w.first : w.first+int(w.weight)] {
			for _, l := range [2]uint32{c.hop1, c.hop2} {
				if len(links) < f.BecauseN && !slices.Contains(links, l) {
					links = append(links, l)
				}
			}
			if len(links) >= f.BecauseN {
				break
			}
		}
		e.Because = make([]kg.Row, len(links))
		for j, l := range links {
			x.link(&e.Because[j], l, f.Because)
		}
	}
}

// orderOf is what hits of one weight are ordered by.
func (graph *Graph) orderOf(k uint32) (sortKey, id string) {
	if k&sourceFlag != 0 {
		s := &graph.sources[k&^sourceFlag]
		return s.sortKey, s.id
	}
	n := graph.nodes.at(k)
	return graph.sortKey(n), graph.id(n)
}

// weighedPage fills a page of nodes by weight, then name, then id.
func (x *fetch) weighedPage(page *kg.Page, f *plan.Field, all []weighed) []weighed {
	if !f.Want.Rows && !f.Want.More {
		return nil
	}
	graph := x.graph
	at := func(w weighed, keys []kg.Value) int {
		sortKey, id := graph.orderOf(w.node)
		return cmp.Or(cmp.Compare(keys[0].Int, w.weight), strings.Compare(sortKey, keys[1].Str),
			strings.Compare(id, keys[2].Str))
	}
	l := list[weighed]{items: all, cmp: func(a, b weighed) int {
		if c := cmp.Compare(b.weight, a.weight); c != 0 {
			return c
		}
		if (a.node|b.node)&sourceFlag != 0 { // whose ranks are not known
			aKey, aID := graph.orderOf(a.node)
			bKey, bID := graph.orderOf(b.node)
			return cmp.Or(strings.Compare(aKey, bKey), strings.Compare(aID, bID))
		}
		if c := cmp.Compare(a.rank, b.rank); c != 0 {
			return c
		}
		return strings.Compare(graph.id(graph.nodes.at(a.node)), graph.id(graph.nodes.at(b.node)))
	}}
	items := l.page(page, &f.Page, at)
	if !f.Want.Rows {
		return nil
	}
	page.Edges = x.edges.take(len(items))
	keys := x.keys.take(len(items))
	for i, w := range items {
		if w.node&sourceFlag == 0 {
			keys[i] = w.node
		}
	}
	x.ahead(slices.DeleteFunc(keys, func(k uint32) bool { return k == 0 }), f.Node)
	for i, w := range items {
		e := &page.Edges[i]
		switch {
		case f.Node == nil:
		case w.node&sourceFlag != 0:
			x.source(&e.Node, w.node&^sourceFlag, f.Node)
		default:
			x.node(&e.Node, w.node, f.Node)
		}
		e.Weight = w.weight
		if f.Want.Cursors {
			sortKey, id := graph.orderOf(w.node)
			e.Keys = []kg.Value{kg.IntValue(w.weight), {Kind: kg.String, Str: sortKey}, kg.StringValue(id)}
		}
	}
	return items
}

// stats counts what there is.
func (x *fetch) stats() *kg.Stats {
	graph := x.graph
	s := &kg.Stats{Sources: int64(graph.byType[graph.cat.Source.Index].n)}
	for _, t := range graph.cat.Types {
		s.Entities = append(s.Entities, kg.Bucket{Key: t.Enum, Count: int64(graph.byType[t.Index].n)})
	}
	counts := make([]int64, len(graph.cat.Kinds))
	for i := 1; i < graph.links.n; i++ {
		x.step(1)
		l := graph.links.at(uint32(i))
		if l.from == 0 {
			continue
		}
		if l.standing == kg.Refuted {
			s.RefutedLinks++
		} else {
			counts[l.kind]++
		}
		s.UnverifiedExcerpts += l.proof.unverified()
		if graph.sourceCount(uint32(i)) == 0 {
			s.LinksWithoutEvidence++
		}
	}
	for i, k := range graph.cat.Kinds {
		s.Links = append(s.Links, kg.Bucket{Key: k.Name, Count: counts[i]})
	}
	return s
}

// docOf is what a search sees of a node.
func (graph *Graph) docOf(n *node) text.Doc {
	var aliases []string
	if a := graph.field(n, aliasesField); a != "" {
		aliases = strings.Split(a, "\x00")
	}
	return text.NewDoc(graph.name(n), aliases, graph.body(n))
}
