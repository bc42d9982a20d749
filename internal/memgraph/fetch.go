package memgraph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
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
