package sqlitestore

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// image is the graph in memory, at one seq. It never changes: a reader keeps the one it began with. Nodes, sources and
// links are named by their row in the file (key), from 1; 0 is none, and a key may be vacant. All that is large is
// slices without pointers: the collector does not look into them, and snapshot.go keeps them as they are.
type image struct {
	cat    *catalog.Catalog
	seq    int64
	wasted int64 // bytes of texts, ids and more that nothing refers to any more: see compact

	nodes   []node
	links   []link
	sources []source
	texts   []byte   // of nodes: see field
	ids     []byte   // of links, each behind its length
	dates   []date   // by link.since, link.until; 0 = none
	roles   []string // by link.role; 0 = none
	born    []int64  // by node.created, node.updated: milliseconds since 1970
	stamps  []int64  // by link.created, link.updated: likewise
	// more is the sources of links that have several, or some against them: how many support the link, their keys ascending,
	// and where the link is not SUPPORTED how many speak against it, and their keys.
	more []uint32

	nodeOrder  []uint32   // nodes by (sortKey, id)
	ranks      []uint32   // by node: position of its sort key among all, equal for equal keys
	byType     [][]uint32 // by type index: the same of each type; sources under their type's index
	linkOrder  []uint32   // links by id
	linkRanks  []uint32   // by link: position in linkOrder
	nodeByID   index
	byName     index   // folded names and aliases
	byExternal index   // scheme NUL value
	byOuter    index   // folded values of external ids, and folded ids of those that are not folded: see identified
	adjacency          // of the links that are not REFUTED
	supports   lists   // by source: those it supports or speaks against, by id
	refuted    refuted // the links that are REFUTED
	searching  searchIndex
	// searchingSources finds sources by the words of their titles (name) and texts (body); its numbers are their keys.
	searchingSources searchIndex

	gradesPool       sync.Pool
	sourceGradesPool sync.Pool
	endOnce          sync.Once
	endOrder         []uint32 // see byEnd
	sourceByID       map[string]uint32
	sourceByName     map[string][]uint32 // folded titles
}

// adjacency is the links of nodes, side by side.
type adjacency struct {
	adjacent []uint32 // links of each node: by direction and kind, then (rank of the other end, link id)
	ends     []uint32 // the other end of each of adjacent: a walk then touches nothing else
	groups   []group
}

// node is one entity; what is text of it stands in image.texts.
type node struct {
	text             uint64
	created, updated uint32
	from, to         kg.Day
	group0, group1   uint32 // groups[group0:group1]
	loops            uint32 // links from the node to itself
	typ              uint8  // 0 = vacant
	dated            bool
}

type source struct {
	id, title, sortKey, url, kind, publisher, authors, published, hash string
	from, to                                                           kg.Day
}

// link is kept small: there are more of them than of anything else.
type link struct {
	id               uint32 // where in image.ids
	created, updated uint32
	from, to         uint32 // from 0 = vacant
	since, until     uint32
	role             uint32
	source           uint32 // the only one that supports it; with severalSources, where in image.more; 0 = none
	proof            proof
	kind             uint8
	standing         kg.Standing
}

const severalSources = 1 << 31

// proof is what comparing a link's words with texts has found: how many excerpts are not verified and, above them, what of
// the quotation at the link's end.
type proof uint16

const quotedShift = 14

func proofOf(unverified, quoted int64) proof {
	return proof(min(unverified, 1<<quotedShift-1) | quoted<<quotedShift) //nolint:gosec // quoted is a rules.Quoted
}

func (p proof) unverified() int64    { return int64(p & (1<<quotedShift - 1)) }
func (p proof) quoted() rules.Quoted { return rules.Quoted(p >> quotedShift) } //nolint:gosec // two bits

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

// lists are many short lists in one: list i is items[start[i]:start[i+1]].
type lists struct{ start, items []uint32 }

func (l *lists) of(i uint32) []uint32 { return l.items[l.start[i]:l.start[i+1]] }

// The texts of a node, in this order, each behind its length; behind them its own properties, in the order of the schema,
// as text.
const (
	idField = iota
	nameField
	sortField
	descField
	aliasesField // as in kg.Value
	externalField
	propFields
)

// field is a text of a node.
func (im *image) field(n *node, i int) string {
	b := im.texts[n.text:]
	for ; ; i-- {
		size, w := uint64(b[0]), 1
		if size >= 0x80 {
			size, w = binary.Uvarint(b)
		}
		if i == 0 {
			return view(b[w : w+int(size)]) //nolint:gosec // lengths of what is in memory
		}
		b = b[w+int(size):] //nolint:gosec // see above
	}
}

// textsOf are all texts of a node, as they lie.
func (im *image) textsOf(n *node) []byte {
	b, at := im.texts[n.text:], 0
	for range propFields + len(im.cat.TypeAt(n.typ).Props) {
		size, w := binary.Uvarint(b[at:])
		at += w + int(size) //nolint:gosec // lengths of what is in memory
	}
	return b[:at]
}

// view is a string over bytes that never change.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // an image's bytes are written once, before anybody reads them
}

func (im *image) id(n *node) string      { return im.field(n, idField) }
func (im *image) name(n *node) string    { return im.field(n, nameField) }
func (im *image) sortKey(n *node) string { return im.field(n, sortField) }

// prop is the value of the i-th own property of a node of type t.
func (im *image) prop(n *node, t *catalog.Type, i int) kg.Value {
	s := im.field(n, propFields+i)
	if s == "" {
		return kg.Value{}
	}
	switch t.Props[i].Kind {
	case catalog.Int:
		v, _ := strconv.ParseInt(s, 10, 64) // it was a number when the image was made
		return kg.IntValue(v)
	case catalog.Float:
		v, _ := strconv.ParseFloat(s, 64)
		return kg.FloatValue(v)
	case catalog.Bool:
		return kg.BoolValue(s == "true")
	}
	return kg.Value{Kind: kg.String, Str: s}
}

func (im *image) linkID(k uint32) string { return im.idAt(im.links[k].id) }

func (im *image) idAt(at uint32) string { return view(im.ids[at+1 : at+1+uint32(im.ids[at])]) }

// sourcesOf are the keys of the different sources that support a link, ascending.
func (im *image) sourcesOf(k uint32) []uint32 {
	switch s := im.links[k].source; {
	case s == 0:
		return nil
	case s&severalSources == 0:
		p := &im.links[k].source
		return unsafe.Slice(p, 1) //nolint:gosec // a slice over the one field
	default:
		return im.severalAt(s)
	}
}

// severalAt are the keys that a link.source with severalSources stands for.
func (im *image) severalAt(s uint32) []uint32 {
	at := s &^ severalSources
	return im.more[at+1 : at+1+im.more[at]]
}

// refutersOf are the keys of the different sources that speak against a link, ascending.
func (im *image) refutersOf(k uint32) []uint32 {
	l := &im.links[k]
	if l.standing == kg.Supported {
		return nil
	}
	at := l.source &^ severalSources
	at += 1 + im.more[at]
	return im.more[at+1 : at+1+im.more[at]]
}

// ownMore is all that a link has in image.more.
func (im *image) ownMore(l *link) []uint32 {
	if l.source&severalSources == 0 {
		return nil
	}
	at := l.source &^ severalSources
	end := at + 1 + im.more[at]
	if l.standing != kg.Supported {
		end += 1 + im.more[end]
	}
	return im.more[at:end]
}

// restsOn are the keys of the different sources that support a link or speak against it, in any order.
func (im *image) restsOn(k uint32) []uint32 {
	all := im.sourcesOf(k)
	for i, s := range im.refutersOf(k) {
		if i == 0 {
			all = slices.Clone(all)
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func (im *image) sourceCount(k uint32) int64 {
	switch s := im.links[k].source; {
	case s == 0:
		return 0
	case s&severalSources == 0:
		return 1
	default:
		return int64(len(im.severalAt(s)))
	}
}

// degree counts the links of a node, one to itself once.
func (im *image) degree(k uint32) int64 {
	n := &im.nodes[k]
	if n.group0 == n.group1 {
		return 0
	}
	return int64(im.groups[n.group1-1].end-im.groups[n.group0].start) - int64(n.loops)
}

// other is the end of a link that is not n, seen from n along the given direction.
func (l *link) other(out bool) uint32 {
	if out {
		return l.to
	}
	return l.from
}

// findNode finds a node by id, 0 when there is none.
func (im *image) findNode(id string) uint32 {
	for _, k := range im.nodeByID.find(hash(id)) {
		if im.id(&im.nodes[k]) == id {
			return k
		}
	}
	return 0
}

// named lists the nodes that have this folded name or alias.
func (im *image) named(key string) []uint32 {
	var out []uint32
	for _, k := range im.byName.find(hash(key)) {
		n := &im.nodes[k]
		im.names(n, func(s string) bool {
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
func (im *image) known(scheme, value string) []uint32 {
	var out []uint32
	for _, k := range im.byExternal.find(hash(scheme + "\x00" + value)) {
		items := kg.Value{Kind: kg.List, Str: im.field(&im.nodes[k], externalField)}.Items()
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
func (im *image) identified(id string) []uint32 {
	var out []uint32
	try := func(x *index, key string) {
		for _, k := range x.find(hash(key)) {
			n := &im.nodes[k]
			if !slices.Contains(out, k) && slices.Contains(text.IDs(im.id(n), im.externals(n)...), id) {
				out = append(out, k)
			}
		}
	}
	try(&im.nodeByID, id)
	try(&im.byOuter, id)
	for i := range id {
		if id[i] == ':' {
			try(&im.byOuter, text.Fold(id[i+1:]))
		}
	}
	return out
}

// externals are the schemes and values of a node's external ids, in turn.
func (im *image) externals(n *node) (out []string) {
	items := kg.Value{Kind: kg.List, Str: im.field(n, externalField)}.Items()
	for i := 0; i+2 < len(items); i += 3 {
		out = append(out, items[i], items[i+1])
	}
	return out
}

// byEnd are the links that are not REFUTED, by (rank of the end, link id). They are put in order when somebody first asks for
// all links, which few do.
func (im *image) byEnd() []uint32 {
	im.endOnce.Do(func() {
		im.endOrder = make([]uint32, 0, len(im.adjacent)/2)
		place := func(a, b uint32) int { return cmp.Compare(im.linkRanks[a], im.linkRanks[b]) }
		from := 0 // where the links to ends of the rank at hand begin
		for i, k := range im.nodeOrder {
			if i > 0 && im.ranks[k] != im.ranks[im.nodeOrder[i-1]] {
				slices.SortFunc(im.endOrder[from:], place)
				from = len(im.endOrder)
			}
			n := &im.nodes[k]
			for _, g := range im.groups[n.group0:n.group1] {
				if !g.out {
					im.endOrder = append(im.endOrder, im.adjacent[g.start:g.end]...)
				}
			}
		}
		slices.SortFunc(im.endOrder[from:], place)
	})
	return im.endOrder
}

// findLink finds a link by id, 0 when there is none.
func (im *image) findLink(id string) uint32 {
	i, ok := slices.BinarySearchFunc(im.linkOrder, id, func(k uint32, id string) int { return cmp.Compare(im.linkID(k), id) })
	if !ok {
		return 0
	}
	return im.linkOrder[i]
}

// patience is how long a request waits for a newer image; then it is answered from the one there is.
const patience = 100 * time.Millisecond

// seen returns the image that an operation's questions see: the one its view keeps, or without a view the current one.
func (s *Store) seen(ctx context.Context, v *store.View) (*image, error) {
	if v == nil {
		return s.current(ctx)
	}
	kept, err := v.Take(func() (any, error) { return s.current(ctx) })
	im, _ := kept.(*image)
	return im, err
}

// held is seen for a question that reads the image alone, so that it stays.
func (s *Store) held(ctx context.Context) (*image, error) {
	v := store.ViewOf(ctx)
	for {
		im, err := s.seen(ctx, v)
		if err != nil || v == nil || v.Answered(im) {
			return im, err
		}
	}
}

// current is the image of the file as it is now, or as it was at most watchEvery ago; while a new one takes long to
// make, the one before.
func (s *Store) current(ctx context.Context) (*image, error) {
	im := s.image.Load()
	if im != nil && !s.watch.due() && !s.lost.Load() {
		return im, nil
	}
	err := s.file.gone()
	s.lost.Store(err != nil)
	if err != nil {
		return nil, err
	}
	changed, err := s.watch.changed(ctx)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	if im == nil {
		// whoever asked may go away; the next would only have to begin again
		return s.rebuild(context.WithoutCancel(ctx))
	}
	if !changed {
		return im, nil
	}
	done := make(chan error, 1)
	ahead := s.beside(func(ctx context.Context) {
		_, err := s.rebuild(ctx)
		if err != nil {
			s.watch.again()
		}
		done <- err
	})
	if !ahead {
		return im, nil // the store is being closed
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return s.image.Load(), nil
	case <-wait.C:
		return im, nil
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// beside runs f beside the requests; false when the store is closed. Close ends its ctx and waits for it.
func (s *Store) beside(f func(ctx context.Context)) bool {
	s.besideMu.Lock()
	defer s.besideMu.Unlock()
	if s.closed.Load() {
		return false
	}
	s.besides.Go(func() { f(s.ctx) })
	return true
}

// rebuild makes a new image when the file has a newer seq than the one there is.
func (s *Store) rebuild(ctx context.Context) (*image, error) {
	im, unkept, err := s.make(ctx)
	if unkept {
		s.keep(im)
	}
	return im, err
}

// make is rebuild, and reports whether a start would be quicker with a snapshot of the new image: it is the first here, the
// file holds no snapshot of it, and it is large.
func (s *Store) make(ctx context.Context) (_ *image, unkept bool, _ error) {
	s.build.Lock()
	defer s.build.Unlock()
	old := s.image.Load()
	first := old == nil
	if first {
		old = s.restore(ctx)
	}
	var im *image
	err := undeclared(checkOwn(ctx, s.bulk, s.cat)) // others may have written what our schema lacks
	if err == nil {
		im, err = advance(ctx, s.cat, s.bulk, old)
	}
	if d := (*damage)(nil); errors.As(err, &d) {
		err = d.corrupt(s.file.path)
	}
	if err != nil {
		return nil, false, storeError(ctx, err)
	}
	s.image.Store(im)
	return im, first && im != old && im.size() >= s.snapshotFrom, nil
}

// size is how many records there are, about.
func (im *image) size() int64 { return int64(len(im.nodes) + len(im.links)) }

// keep saves an image beside the requests.
func (s *Store) keep(im *image) {
	s.beside(func(ctx context.Context) { s.unsaved(ctx, s.save(ctx, im)) })
}

// unsaved logs why a snapshot was not saved. It is an aid: without it the next start takes longer.
func (s *Store) unsaved(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the snapshot could not be saved; the next start will take longer", slog.Any("error", err))
	}
}

// Warm builds the image, so that no request waits for it.
func (s *Store) Warm(ctx context.Context) error {
	_, err := s.current(ctx)
	return err
}
