// Package memgraph is a graph in memory: versions that never change, made of records one after the other, with the
// orders, indexes and lists of links that answer plans, searches and walks. It knows no database: a store adds records
// by a Builder, and reads for it by Texts what does not lie in memory. DESIGN.md says how it lies and what it costs.
package memgraph

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/text"
)

// Graph is one version of a graph. It never changes: a reader keeps the one it began with. Nodes, sources and links are
// named by keys that whoever adds them gives them, from 1; 0 is none, and a key may be vacant. All that is large is
// slices without pointers: the collector does not look into them, and Dump writes them as they lie.
type Graph struct {
	cat    *catalog.Catalog
	seq    int64
	wasted int64 // bytes of texts, ids and more that nothing refers to any more: see compact

	nodes   paged[node]
	links   paged[link]
	sources []source
	texts   []byte   // of nodes: see field
	ids     []byte   // of links, each behind its length
	dates   []date   // by link.since, link.until; 0 = none
	roles   []string // by link.role; 0 = none
	born    []int64  // by node.created, node.updated: milliseconds since 1970
	stamps  []int64  // by link.created, link.updated: likewise
	// more is the sources of links that have several, or some against them: how many support the link, their keys
	// ascending, and where the link is not SUPPORTED how many speak against it, and their keys.
	more []uint32

	nodeOrder order         // nodes by (sortKey, id)
	ranks     paged[uint32] // by node: stands for its sort key, see rank
	byType    []order       // by type index: the same of each type; sources under their type's index
	linkOrder order         // links by id
	linkRanks paged[uint32] // by link: stands for its id
	counts    Counts        // of records
	kinds     []int64       // of links that are not REFUTED, by kind
	finding
	adjacency         // of the links that are not REFUTED
	supports  lists   // by source: the links it supports or speaks against, by id
	refuted   refuted // the links that are REFUTED
	searching searching
	merging   merging
	// searchingSources finds sources by the words of their titles (name) and texts (body); its numbers are their keys.
	searchingSources *searchIndex

	interned     *interned
	endOnce      sync.Once
	endOrder     []uint32 // see byEnd
	sourceByID   map[string]uint32
	sourceByName map[string][]uint32 // folded titles
	sourceByURL  map[string][]uint32
}

// finding finds nodes.
type finding struct {
	nodeByID   index
	byName     index // folded names and aliases
	byExternal index // scheme NUL value, and former ids: see formerly
	byOuter    index // folded values of external ids, and folded ids of those that are not folded: see identified
	// unsettled are nodes whose entries have come, gone or changed since the large tables were made.
	unsettled []uint32
}

// adjacency is the links of nodes, side by side.
type adjacency struct {
	adjacent []uint32 // links of each node: by direction and kind, then (rank of the other end, link id)
	ends     []uint32 // the other end of each of adjacent: a walk then touches nothing else
	groups   []group
	unused   int // how many of adjacent no group leads to any more
}

// node is one entity; what is text of it stands in Graph.texts.
type node struct {
	text             uint64
	created, updated uint32
	from, to         kg.Day
	group0, group1   uint32 // groups[group0:group1]
	degree           uint32 // how many links, one to itself once
	typ              uint8  // 0 = vacant
	dated            bool
	looped           bool // it has a link to itself
}

type source struct {
	id, title, sortKey, url, kind, publisher, authors, published, hash string
	from, to                                                           kg.Day
	dated                                                              bool // published is known
}

// link is kept small: there are more of them than of anything else.
type link struct {
	id               uint32 // where in Graph.ids
	created, updated uint32
	from, to         uint32 // from 0 = vacant
	since, until     uint32
	role             uint32
	source           uint32 // the only one that supports it; with severalSources, where in Graph.more; 0 = none
	proof            proof
	kind             uint8
	standing         kg.Standing
}

const severalSources = 1 << 31

// proof is what comparing a link's words with texts has found: how many excerpts are not verified and, above them, what
// of the quotation at the link's end.
type proof uint16

const quotedShift = 14

func proofOf(unverified, quoted int64) proof {
	return proof(min(unverified, 1<<quotedShift-1) | quoted<<quotedShift)
}

func (p proof) unverified() int64    { return int64(p & (1<<quotedShift - 1)) }
func (p proof) quoted() rules.Quoted { return rules.Quoted(p >> quotedShift) }

type date struct {
	text     string
	from, to kg.Day
}

// group is a run of adjacent links of one direction and kind.
type group struct {
	start, end uint32
	kind       uint8
	out        bool
}

// lists are many short lists in one: list i is items[at[i].start:at[i].end].
type lists struct {
	at     []span
	items  []uint32
	unused int // how many of items no list holds any more
}

// span is where a list lies.
type span struct{ start, end uint32 }

func (l *lists) of(i uint32) []uint32 { return l.items[l.at[i].start:l.at[i].end] }

// The texts of a node, in this order, each behind its length; behind them its own properties, in the order of the
// schema, as text.
const (
	idField = iota
	nameField
	sortField
	descField
	aliasesField // as in kg.Value
	externalField
	formerField // as in kg.Value
	propFields
)

// field is a text of a node.
func (graph *Graph) field(n *node, i int) string {
	b := graph.texts[n.text:]
	for ; ; i-- {
		size, w := uint64(b[0]), 1
		if size >= 0x80 {
			size, w = binary.Uvarint(b)
		}
		if i == 0 {
			return view(b[w : w+int(size)])
		}
		b = b[w+int(size):]
	}
}

// textsOf are all texts of a node, as they lie.
func (graph *Graph) textsOf(n *node) []byte {
	b, at := graph.texts[n.text:], 0
	for range propFields + len(graph.cat.TypeAt(n.typ).Props) {
		size, w := binary.Uvarint(b[at:])
		at += w + int(size)
	}
	return b[:at]
}

// view is a string over bytes that never change.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // a Graph's bytes are written once, before anybody reads them
}

func (graph *Graph) id(n *node) string      { return graph.field(n, idField) }
func (graph *Graph) name(n *node) string    { return graph.field(n, nameField) }
func (graph *Graph) sortKey(n *node) string { return graph.field(n, sortField) }

// prop is the value of the i-th own property of a node of type t.
func (graph *Graph) prop(n *node, t *catalog.Type, i int) kg.Value {
	s := graph.field(n, propFields+i)
	if s == "" {
		return kg.Value{}
	}
	switch t.Props[i].Kind {
	case catalog.Int:
		v, _ := strconv.ParseInt(s, 10, 64) // it was a number when it was added
		return kg.IntValue(v)
	case catalog.Float:
		v, _ := strconv.ParseFloat(s, 64)
		return kg.FloatValue(v)
	case catalog.Bool:
		return kg.BoolValue(s == "true")
	}
	return kg.Value{Kind: kg.String, Str: s}
}

func (graph *Graph) linkID(k uint32) string { return graph.idAt(graph.links.at(k).id) }

func (graph *Graph) idAt(at uint32) string { return view(graph.ids[at+1 : at+1+uint32(graph.ids[at])]) }

// sourcesOf are the keys of the different sources that support a link, ascending.
func (graph *Graph) sourcesOf(k uint32) []uint32 {
	switch s := graph.links.at(k).source; {
	case s == 0:
		return nil
	case s&severalSources == 0:
		p := &graph.links.at(k).source
		return unsafe.Slice(p, 1) //nolint:gosec // a slice over the one field
	default:
		return graph.severalAt(s)
	}
}

// severalAt are the keys that a link.source with severalSources stands for.
func (graph *Graph) severalAt(s uint32) []uint32 {
	at := s &^ severalSources
	return graph.more[at+1 : at+1+graph.more[at]]
}

// refutersOf are the keys of the different sources that speak against a link, ascending.
func (graph *Graph) refutersOf(k uint32) []uint32 {
	l := graph.links.at(k)
	if l.standing == kg.Supported {
		return nil
	}
	at := l.source &^ severalSources
	at += 1 + graph.more[at]
	return graph.more[at+1 : at+1+graph.more[at]]
}

// ownMore is all that a link has in Graph.more.
func (graph *Graph) ownMore(l *link) []uint32 {
	if l.source&severalSources == 0 {
		return nil
	}
	at := l.source &^ severalSources
	end := at + 1 + graph.more[at]
	if l.standing != kg.Supported {
		end += 1 + graph.more[end]
	}
	return graph.more[at:end]
}

// restsOn are the keys of the different sources that support a link or speak against it, in any order.
func (graph *Graph) restsOn(k uint32) []uint32 {
	all := graph.sourcesOf(k)
	for i, s := range graph.refutersOf(k) {
		if i == 0 {
			all = slices.Clone(all)
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func (graph *Graph) sourceCount(k uint32) int64 {
	switch s := graph.links.at(k).source; {
	case s == 0:
		return 0
	case s&severalSources == 0:
		return 1
	default:
		return int64(len(graph.severalAt(s)))
	}
}

// degree counts the links of a node, one to itself once.
func (graph *Graph) degree(k uint32) int64 { return int64(graph.nodes.at(k).degree) }

// other is the end of a link that is not n, seen from n along the given direction.
func (l *link) other(out bool) uint32 {
	if out {
		return l.to
	}
	return l.from
}

// findNode finds a node by its id or a former one, 0 when there is none. An index may lead to nodes that were found by
// something once: whoever asks it looks whether they are.
func (graph *Graph) findNode(id string) uint32 {
	for _, k := range graph.nodeByID.find(hash(id)) {
		if n := graph.nodes.at(k); n.typ != 0 && graph.id(n) == id {
			return k
		}
	}
	for _, k := range graph.byExternal.find(hash(formerly(id))) {
		if n := graph.nodes.at(k); n.typ != 0 && slices.Contains(graph.formers(n), id) {
			return k
		}
	}
	return 0
}

// formerly is what a former id is found by: an external id without a scheme.
func formerly(id string) string { return "\x00" + id }

// formers are the former ids of a node.
func (graph *Graph) formers(n *node) []string {
	s := graph.field(n, formerField)
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x00")
}

// named lists the nodes that have this folded name or alias.
func (graph *Graph) named(key string) []uint32 {
	var out []uint32
	for _, k := range graph.byName.find(hash(key)) {
		n := graph.nodes.at(k)
		if n.typ == 0 {
			continue
		}
		graph.names(n, func(s string) bool {
			if text.Fold(s) != key {
				return true
			}
			out = append(out, k)
			return false
		})
	}
	return out
}

// known lists the nodes with this external id.
func (graph *Graph) known(scheme, value string) []uint32 {
	var out []uint32
	for _, k := range graph.byExternal.find(hash(scheme + "\x00" + value)) {
		n := graph.nodes.at(k)
		if n.typ == 0 {
			continue
		}
		items := kg.Value{Kind: kg.List, Str: graph.field(n, externalField)}.Items()
		for i := 0; i+2 < len(items); i += 3 {
			if items[i] == scheme && items[i+1] == value {
				out = append(out, k)
				break
			}
		}
	}
	return out
}

// identified lists the nodes that a search text is an id of: see text.IDs.
func (graph *Graph) identified(id string) []uint32 {
	var out []uint32
	try := func(x *index, key string) {
		for _, k := range x.find(hash(key)) {
			n := graph.nodes.at(k)
			if n.typ != 0 && !slices.Contains(out, k) && slices.Contains(text.IDs(graph.id(n), graph.externals(n)...),
				id) {
				out = append(out, k)
			}
		}
	}
	try(&graph.nodeByID, id)
	try(&graph.byOuter, id)
	for i := range id {
		if id[i] == ':' {
			try(&graph.byOuter, text.Fold(id[i+1:]))
		}
	}
	return out
}

// externals are the schemes and values of a node's external ids, in turn.
func (graph *Graph) externals(n *node) (out []string) {
	items := kg.Value{Kind: kg.List, Str: graph.field(n, externalField)}.Items()
	for i := 0; i+2 < len(items); i += 3 {
		out = append(out, items[i], items[i+1])
	}
	return out
}

// byEnd are the links that are not REFUTED, by (rank of the end, link id). They are put in order when somebody first
// asks for all links, which few do.
func (graph *Graph) byEnd() []uint32 {
	graph.endOnce.Do(func() {
		graph.endOrder = make([]uint32, 0, len(graph.adjacent)/2)
		place := func(a, b uint32) int { return cmp.Compare(*graph.linkRanks.at(a), *graph.linkRanks.at(b)) }
		from, last := 0, uint32(0) // where the links to ends of the rank at hand begin
		graph.nodeOrder.all(func(keys []uint32) bool {
			for _, k := range keys {
				if r := *graph.ranks.at(k); r != last {
					slices.SortFunc(graph.endOrder[from:], place)
					from, last = len(graph.endOrder), r
				}
				n := graph.nodes.at(k)
				for _, g := range graph.groups[n.group0:n.group1] {
					if !g.out {
						graph.endOrder = append(graph.endOrder, graph.adjacent[g.start:g.end]...)
					}
				}
			}
			return true
		})
		slices.SortFunc(graph.endOrder[from:], place)
	})
	return graph.endOrder
}

// findLink finds a link by id, 0 when there is none.
func (graph *Graph) findLink(id string) uint32 {
	i := graph.linkOrder.find(func(k uint32) bool { return graph.linkID(k) < id })
	if i == graph.linkOrder.n {
		return 0
	}
	if k := graph.linkOrder.at(i); graph.linkID(k) == id {
		return k
	}
	return 0
}

// Size returns how many records there are, about.
func (graph *Graph) Size() int64 { return int64(graph.nodes.n + graph.links.n) }

// Catalog returns the types and kinds of the graph.
func (graph *Graph) Catalog() *catalog.Catalog { return graph.cat }

// Seq returns the number of the version.
func (graph *Graph) Seq() int64 { return graph.seq }

// Counts returns how many records there are.
func (graph *Graph) Counts() Counts { return graph.counts }

// Largest returns the largest keys that records may have.
func (graph *Graph) Largest() Counts {
	return Counts{int64(len(graph.sources) - 1), int64(graph.nodes.n - 1), int64(graph.links.n - 1)}
}

// LinkID returns the id of a link.
func (graph *Graph) LinkID(k uint32) string { return graph.linkID(k) }

// SourceID returns the id of a source, and the hash of its text.
func (graph *Graph) SourceID(k uint32) (id, contentHash string) {
	return graph.sources[k].id, graph.sources[k].hash
}
