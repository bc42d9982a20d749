package memgraph

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// DumpFormat changes whenever what a dump holds, or how, changes.
const DumpFormat = 8

// Machine returns what must be the same for a dump to mean the same.
func Machine() string {
	return fmt.Sprintf("%x %d %d %d", binary.NativeEndian.AppendUint16(nil, 1), unsafe.Sizeof(node{}),
		unsafe.Sizeof(link{}), unsafe.Sizeof(group{}))
}

// RuleSum returns a sum of everything that a graph depends on beside its records.
func RuleSum(cat *catalog.Catalog) string {
	h := sha256.New()
	for _, t := range append(cat.Types[:len(cat.Types):len(cat.Types)], cat.Source, cat.Link, cat.Evidence) {
		fmt.Fprintln(h, t.Enum, t.Index, t.DateProp != nil, t.UntilProp != nil)
		for _, p := range t.Props {
			fmt.Fprintln(h, p.Name, p.Kind, p.Searchable, p == t.DateProp, p == t.UntilProp)
		}
	}
	for _, k := range cat.Kinds {
		fmt.Fprintln(h, k.Name, k.Index)
	}
	fmt.Fprintln(h, text.Rules())
	return hex.EncodeToString(h.Sum(nil))
}

// part is one list of a graph as bytes.
type part struct {
	get func() []byte
	set func([]byte) error
}

// ErrDump is the error for a dump that cannot be.
var ErrDump = errors.New("the snapshot does not fit together")

// flat is a list of values without pointers, which lie in the file as they lie in memory.
func flat[T any](p *[]T) part {
	var zero T
	size := int(unsafe.Sizeof(zero))
	return part{
		get: func() []byte {
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(*p))), len(*p)*size) //nolint:gosec // see above
		},
		set: func(b []byte) error {
			if len(b)%size != 0 {
				return ErrDump
			}
			*p = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size) //nolint:gosec // Aligned makes b begin where any value may
			return nil
		},
	}
}

// Aligned returns n bytes that begin where any value may, with room behind them.
func Aligned(n int) []byte {
	words := make([]uint64, (roomy(n)+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))[:n] //nolint:gosec // within words
}

// inPages is a list of pages.
func inPages[T any](p *paged[T]) part { return madeOf(p.flat, func(list []T) { *p = pagedOf(list) }) }

// inOrder is an order.
func inOrder(o *order) part { return madeOf(o.keys, func(list []uint32) { *o = orderOf(list) }) }

// madeOf is what can be made of one list, and made into it.
func madeOf[T any](list func() []T, use func([]T)) part {
	return part{
		get: func() []byte { all := list(); return flat(&all).get() },
		set: func(b []byte) error {
			var all []T
			if err := flat(&all).set(b); err != nil {
				return err
			}
			use(all)
			return nil
		},
	}
}

// growing is a list that later versions put something behind.
func growing[T any](p *[]T) part {
	f := flat(p)
	return part{get: f.get, set: func(b []byte) error {
		n := len(b)
		if err := f.set(b[:cap(b)/int(unsafe.Sizeof(*new(T)))*int(unsafe.Sizeof(*new(T)))]); err != nil {
			return err
		}
		room := *p
		if err := f.set(b[:n]); err != nil {
			return err
		}
		*p = room[:len(*p)]
		return nil
	}}
}

// packed is a list of strings.
func packed(get func() []string, set func([]string) error) part {
	return part{
		get: func() (b []byte) {
			for _, s := range get() {
				b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
			}
			return b
		},
		set: func(b []byte) error {
			var list []string
			for len(b) > 0 {
				n, w := binary.Uvarint(b)
				if w <= 0 || n > uint64(len(b)-w) {
					return ErrDump
				}
				list = append(list, view(b[w:w+int(n)]))
				b = b[w+int(n):]
			}
			return set(list)
		},
	}
}

// parts are the lists of a graph, in the order of a dump.
func (graph *Graph) parts() []part {
	list := []part{
		inPages(&graph.nodes), inPages(&graph.links), growing(&graph.texts), growing(&graph.ids), growing(&graph.born), growing(&graph.stamps), growing(&graph.more),
		inOrder(&graph.nodeOrder), inPages(&graph.ranks), inOrder(&graph.linkOrder), inPages(&graph.linkRanks),
		growing(&graph.adjacent), growing(&graph.ends), growing(&graph.groups), flat(&graph.supports.at), growing(&graph.supports.items), flat(&graph.refuted.links),
		packed(func() []string { return graph.roles }, func(l []string) error { graph.roles = l; return nil }),
		packed(graph.dateTexts, graph.setDates),
		packed(graph.sourceTexts, graph.setSources),
	}
	for _, x := range [4]*index{&graph.nodeByID, &graph.byName, &graph.byExternal, &graph.byOuter} {
		list = append(list, flat(&x.hashes), flat(&x.keys))
	}
	for _, ix := range [2]*searchIndex{graph.searching[mostNodes].searchIndex, graph.searchingSources} {
		list = append(list, flat(&ix.words.text), flat(&ix.words.end), flat(&ix.name.start), flat(&ix.name.items),
			flat(&ix.body.start), flat(&ix.body.items),
			flat(&ix.nameCount), flat(&ix.deletes), flat(&ix.skeletons))
	}
	return list
}

func (graph *Graph) dateTexts() []string {
	out := make([]string, len(graph.dates))
	for i := range graph.dates {
		out[i] = graph.dates[i].text
	}
	return out
}

func (graph *Graph) setDates(list []string) error {
	graph.dates = make([]date, len(list))
	for i, s := range list {
		graph.dates[i].text = s
		graph.dates[i].from, graph.dates[i].to = kg.PartialDate(s).Interval()
	}
	return nil
}

// strings are the texts of a source that a dump holds.
func (s *source) strings() []*string {
	return []*string{&s.id, &s.title, &s.url, &s.kind, &s.publisher, &s.authors, &s.published, &s.hash}
}

func (graph *Graph) sourceTexts() []string {
	var out []string
	for i := range graph.sources {
		for _, p := range graph.sources[i].strings() {
			out = append(out, *p)
		}
	}
	return out
}

func (graph *Graph) setSources(list []string) error {
	each := len((&source{}).strings())
	if len(list)%each != 0 {
		return ErrDump
	}
	graph.sources = make([]source, len(list)/each)
	for i := range graph.sources {
		s := &graph.sources[i]
		for j, p := range s.strings() {
			*p = list[i*each+j]
		}
		s.complete()
	}
	return nil
}

// Dump yields the graph as lists of bytes, as they lie in memory, from which Restore makes it again. They must not be
// changed.
func (graph *Graph) Dump() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, p := range graph.settled().parts() {
			if !yield(p.get()) {
				return
			}
		}
	}
}

// Wasted returns how many bytes nothing refers to any more. Restore is told them.
func (graph *Graph) Wasted() int64 { return graph.wasted }

// Restore makes a graph of what Dump has yielded of a graph with the same catalogue. It keeps the lists, which must be
// of Aligned.
func Restore(cat *catalog.Catalog, seq, wasted int64, dump [][]byte) (*Graph, error) {
	graph := New(cat)
	graph.seq, graph.wasted = seq, wasted
	parts := graph.parts()
	if len(parts) != len(dump) {
		return nil, ErrDump
	}
	for i, p := range parts {
		if err := p.set(dump[i]); err != nil {
			return nil, err
		}
	}
	graph.listTypes()
	graph.listSources()
	graph.findSources()
	graph.intern()
	graph.refuted = graph.apart(graph.refuted.links)
	graph.recount()
	return graph, nil
}

// recount counts what a dump does not hold.
func (graph *Graph) recount() {
	graph.counts = Counts{
		Sources: int64(graph.byType[graph.cat.Source.Index].n), Nodes: int64(graph.nodeOrder.n),
		Links: int64(graph.linkOrder.n),
	}
	graph.adjacency.unused, graph.supports.unused = len(graph.adjacent), len(graph.supports.items)
	for i := range graph.nodes.n {
		for _, g := range graph.groupsOf(uint32(i)) {
			graph.adjacency.unused -= int(g.end - g.start)
			if g.out {
				graph.kinds[g.kind] += int64(g.end - g.start)
			}
		}
	}
	for _, at := range graph.supports.at {
		graph.supports.unused -= int(at.end - at.start)
	}
}
