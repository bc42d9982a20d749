package memgraph

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// DumpFormat changes whenever what a dump holds, or how, changes.
const DumpFormat = 6

// Machine returns what must be the same for a dump to mean the same.
func Machine() string {
	return fmt.Sprintf("%x %d %d %d", binary.NativeEndian.AppendUint16(nil, 1), unsafe.Sizeof(node{}), unsafe.Sizeof(link{}), unsafe.Sizeof(group{})) //nolint:gosec // sizes alone
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
	size := int(unsafe.Sizeof(zero)) //nolint:gosec // a size
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

// Aligned returns n bytes that begin where any value may.
func Aligned(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n) //nolint:gosec // within words
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
				if w <= 0 || n > uint64(len(b)-w) { //nolint:gosec // w is at most len(b)
					return ErrDump
				}
				list = append(list, view(b[w:w+int(n)])) //nolint:gosec // checked
				b = b[w+int(n):]                         //nolint:gosec // checked
			}
			return set(list)
		},
	}
}

// parts are the lists of a graph, in the order of a dump.
func (graph *Graph) parts() []part {
	list := []part{
		flat(&graph.nodes), flat(&graph.links), flat(&graph.texts), flat(&graph.ids), flat(&graph.born), flat(&graph.stamps), flat(&graph.more),
		flat(&graph.nodeOrder), flat(&graph.ranks), flat(&graph.linkOrder), flat(&graph.linkRanks),
		flat(&graph.nodeByID.hashes), flat(&graph.nodeByID.keys), flat(&graph.byName.hashes), flat(&graph.byName.keys), flat(&graph.byExternal.hashes), flat(&graph.byExternal.keys),
		flat(&graph.byOuter.hashes), flat(&graph.byOuter.keys),
		flat(&graph.adjacent), flat(&graph.ends), flat(&graph.groups), flat(&graph.supports.start), flat(&graph.supports.items), flat(&graph.refuted.links),
		packed(func() []string { return graph.roles }, func(l []string) error { graph.roles = l; return nil }),
		packed(graph.dateTexts, graph.setDates),
		packed(graph.sourceTexts, graph.setSources),
	}
	for _, ix := range [2]*searchIndex{&graph.searching, &graph.searchingSources} {
		list = append(list, flat(&ix.words.text), flat(&ix.words.end), flat(&ix.name.start), flat(&ix.name.items), flat(&ix.body.start), flat(&ix.body.items),
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

// Dump returns the graph as lists of bytes, as they lie in memory, from which Restore makes it again. They must not be changed.
func (graph *Graph) Dump() [][]byte {
	var out [][]byte
	for _, p := range graph.parts() {
		out = append(out, p.get())
	}
	return out
}

// Wasted returns how many bytes nothing refers to any more. Restore is told them.
func (graph *Graph) Wasted() int64 { return graph.wasted }

// Restore makes a graph of what Dump returned of a graph with the same catalogue. It keeps the lists, which must be of Aligned.
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
	graph.refuted = graph.apart(graph.refuted.links)
	return graph, nil
}
