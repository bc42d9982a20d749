package memgraph

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/bitset"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Source is a source as a Builder takes it in.
type Source struct {
	Key                                                       uint32
	ID, Title, URL, Kind, Publisher, PublishedOn, ContentHash string
	Authors                                                   []string
	Text                                                      string // its words are searched for; the text is not kept
}

// Node is an entity as a Builder takes it in. Its lists and texts may change once AddNode has returned.
type Node struct {
	Key                         uint32
	ID, Type, Name, Description string
	Aliases                     []string
	ExternalIDs                 []kg.ExternalID
	FormerIDs                   []string
	Props                       map[string]json.RawMessage // properties of its type's own, as JSON
	Created, Updated            int64                      // milliseconds since 1970
}

// Link is a link as a Builder takes it in. Its lists and texts may change once AddLink has returned.
type Link struct {
	Key, From, To                uint32 // keys of the link and of its ends
	ID, Kind, Role, Since, Until string
	Sources, Refuters            []uint32 // keys of the different sources that support it, and that speak against it
	Unverified                   int64    // how many of its excerpts are not verified
	Quoted                       int64    // a rules.Quoted
	Created, Updated             int64    // milliseconds since 1970
}

// Keys are keys of sources, nodes and links.
type Keys struct{ Sources, Nodes, Links []uint32 }

// Counts are numbers of sources, nodes and links.
type Counts struct{ Sources, Nodes, Links int64 }

// MaxKey is the largest key that a record may have.
const MaxKey = severalSources - 1

// ErrTooLarge is the error for more records, or longer texts, than a Graph can hold.
var ErrTooLarge = kg.Errorf(kg.Unavailable, "the store holds more than fits in memory")

// ErrLink is the error for a link that cannot be: one of its ends has no place, or its id is too long.
var ErrLink = errors.New("a link without ends, or with an id that is too long")

// Builder makes the next version of a Graph. It is begun by NewBuilder and told what changes by Reserve; then records
// are added, and Build returns the new version. Nodes with sources may be added by one goroutine and links by another,
// where Reserve has made room for all of them. Of the versions of a Graph that follow one another only the last may be
// built on.
type Builder struct {
	*Graph
	old *Graph
	// so few records change that all but what follows from them is shared with the old version
	small                  bool
	nodeEdit               pageEditor[node]
	linkEdit               pageEditor[link]
	rankEdit, linkRankEdit pageEditor[uint32]
	otherSources           bool // some source is new or not what it was
	// records that are new or are not what they were, and records of the old version that are gone or are not what they
	// were. What has its texts, ends, kind and sources still is in neither: all that follows from those stays as it is.
	freshNodes, freshLinks          []uint32
	goneNodes, goneLinks            keySet
	nodeWaste, linkWaste            int64 // what Graph.wasted grows by; nodes and links may be added side by side
	byIDs, names, externals, outers []entry
	goneSources                     bitset.Set // sources that are not what they were
	sourceWords                     wordNotes  // of new sources
	room                            *longLists // that were made behind the old version, if they were
}

// interned are the numbers of texts that many links share, for builders.
type interned struct{ roles, dates map[string]uint32 }

// New returns a Graph without records.
func New(cat *catalog.Catalog) *Graph {
	graph := &Graph{
		cat: cat, byType: make([]order, cat.Source.Index+1), sources: make([]source,
			1), nodes: pagedOf(make([]node, 1)), links: pagedOf(make([]link, 1)),
		ranks: pagedOf(make([]uint32, 1)), linkRanks: pagedOf(make([]uint32, 1)), kinds: make([]int64, len(cat.Kinds)),
		dates: []date{{from: kg.MinDay, to: kg.MaxDay}}, roles: []string{""}, born: []int64{0}, stamps: []int64{0},
		searching: searching{{searchIndex: newSearchIndex(1)}}, searchingSources: newSearchIndex(1), supports: lists{at: make([]span,
			1)},
	}
	graph.intern()
	graph.findSources()
	return graph
}

// intern lists the roles and dates by text.
func (graph *Graph) intern() {
	in := &interned{make(map[string]uint32, len(graph.roles)), make(map[string]uint32, len(graph.dates))}
	for i, r := range graph.roles {
		in.roles[r] = uint32(i)
	}
	for i, d := range graph.dates {
		in.dates[d.text] = uint32(i)
	}
	graph.interned = in
}

// NewBuilder begins the version with a number that follows an older version.
func NewBuilder(old *Graph, seq int64) *Builder {
	b := &Builder{old: old, Graph: &Graph{
		cat: old.cat, seq: seq, nodes: old.nodes, links: old.links, sources: old.sources, byType: make([]order,
			len(old.byType)),
		// these only grow at their end, where no reader of the old version looks; builds follow one another
		texts: old.texts, ids: old.ids, more: old.more, born: old.born, stamps: old.stamps, dates: old.dates, roles: old.roles, interned: old.interned,
	}}
	b.takeRecordLists()
	b.nodeEdit = pageEditor[node]{paged: &b.Graph.nodes, older: old.nodes.n}
	b.linkEdit = pageEditor[link]{paged: &b.Graph.links, older: old.links.n}
	b.rankEdit = pageEditor[uint32]{paged: &b.Graph.ranks, older: old.ranks.n}
	b.linkRankEdit = pageEditor[uint32]{paged: &b.Graph.linkRanks, older: old.linkRanks.n}
	b.goneNodes, b.goneLinks = newKeySet(0, false), newKeySet(0, false)
	if old.nodes.n+old.links.n == 2 { // no records yet
		b.nodeEdit.unshare()
		b.linkEdit.unshare()
	}
	return b
}

// few says of how many changes a version is made by changing what follows from them alone; of more, everything is put
// in order at once.
func few(records int) int { return max(16, records/512) }

// Reserve makes room for records with keys up to the largest, and takes out those of the old version that are gone or
// will be added as they are now. Keys beyond those of the old version are left out of gone. Without Reserve records may
// only be added behind those of the old version, one after the other.
func (b *Builder) Reserve(largest Counts, gone Keys) {
	old := b.old
	moreSources, moreNodes, moreLinks := int(largest.Sources)+1-len(old.sources), int(largest.Nodes)+1-old.nodes.n, int(largest.Links)+1-old.links.n
	changes := max(0, moreSources) + max(0, moreNodes) + max(0, moreLinks) + len(gone.Sources) + len(gone.Nodes) +
		len(gone.Links)
	b.small = changes <= few(old.nodes.n+old.links.n)
	b.goneNodes, b.goneLinks = newKeySet(old.nodes.n, b.small), newKeySet(old.links.n, b.small)
	if len(gone.Sources) > 0 || moreSources > 0 {
		b.changeSources(largest.Sources)
		for _, k := range gone.Sources {
			if int(k) < len(old.sources) {
				b.goneSources.Add(k)
				b.sources[k] = source{}
			}
		}
	}
	// a guess that is about right spares copies while they grow
	b.texts = slices.Grow(b.texts, max(0, moreNodes)*128)
	b.ids = slices.Grow(b.ids, max(0, moreLinks)*24)
	if !b.small {
		b.nodeEdit.unshare()
		if moreLinks > 0 || len(gone.Links) > 0 {
			b.linkEdit.unshare()
		}
	}
	b.nodeEdit.grow(int(largest.Nodes) + 1)
	b.linkEdit.grow(int(largest.Links) + 1)
	for _, k := range gone.Nodes {
		if int(k) < old.nodes.n && old.nodes.at(k).typ != 0 {
			b.goneNodes.add(k)
			*b.nodeEdit.edit(k) = node{}
		}
	}
	for _, k := range gone.Links {
		if int(k) < old.links.n && old.links.at(k).from != 0 {
			b.goneLinks.add(k)
			*b.linkEdit.edit(k) = link{}
		}
	}
}

// changeSources copies the sources, with room for those up to a largest key.
func (b *Builder) changeSources(largest int64) {
	if b.otherSources {
		return
	}
	b.otherSources = true
	list := make([]source, max(int64(len(b.old.sources)), largest+1))
	copy(list, b.old.sources)
	b.sources = list
	b.goneSources = bitset.New(len(list))
}

// Build returns the new version. The builder must not be used again.
func (b *Builder) Build() *Graph {
	if b.otherSources {
		b.findSources()
	} else {
		b.sourceByID, b.sourceByName, b.sourceByURL = b.old.sourceByID, b.old.sourceByName, b.old.sourceByURL
	}
	if b.small {
		b.amend()
	} else {
		b.derive()
	}
	b.wasted = b.old.wasted + b.nodeWaste + b.linkWaste
	if b.wasted > int64(len(b.texts)+len(b.ids)+4*len(b.more))/4 {
		runtime.GC() // it is seldom, and takes as much again: let it be what is free already
		b.compact()
	}
	return b.Graph
}

// place makes room for the record behind the last one, if that is the one. Where there is room nothing is written:
// AddLink reads how many nodes there are beside AddNode.
func place[T any](e *pageEditor[T], key uint32) error {
	if key > MaxKey || int(key) > e.n {
		return ErrTooLarge
	}
	e.grow(int(key) + 1)
	return nil
}

// AddSource adds a source.
func (b *Builder) AddSource(s *Source) error {
	if s.Key > MaxKey {
		return ErrTooLarge
	}
	b.changeSources(int64(s.Key))
	for int(s.Key) >= len(b.sources) {
		b.sources = append(b.sources, source{})
	}
	own := source{
		id: s.ID, title: s.Title, url: s.URL, kind: s.Kind, publisher: s.Publisher, authors: strings.Join(s.Authors,
			"\x00"), published: s.PublishedOn, hash: s.ContentHash,
	}
	own.complete()
	b.sources[s.Key] = own
	d := text.NewSourceDoc(s.Title, s.Text)
	b.sourceWords.add(s.Key, &d)
	return nil
}

// complete fills in what follows from the rest.
func (s *source) complete() {
	s.sortKey = text.SortKey(s.title)
	s.from, s.to = kg.PartialDate(s.published).Interval()
	s.dated = s.published != ""
}

// findSources makes what finds sources by id, title and address. There are few.
func (graph *Graph) findSources() {
	graph.sourceByID, graph.sourceByName = make(map[string]uint32, len(graph.sources)), make(map[string][]uint32,
		len(graph.sources))
	graph.sourceByURL = make(map[string][]uint32, len(graph.sources))
	for i := range graph.sources {
		s := &graph.sources[i]
		if s.id == "" {
			continue
		}
		key := uint32(i)
		graph.sourceByID[s.id] = key
		name := text.Fold(s.title)
		graph.sourceByName[name] = append(graph.sourceByName[name], key)
		if s.url != "" {
			graph.sourceByURL[s.url] = append(graph.sourceByURL[s.url], key)
		}
	}
}

// AddNode adds an entity.
func (b *Builder) AddNode(r *Node) error {
	t := b.cat.TypeOf(r.Type)
	if t == nil || !t.IsEntity() {
		return kg.Errorf(kg.Unavailable, "the store holds nodes of type %s, which the schema does not declare", r.Type)
	}
	if err := place(&b.nodeEdit, r.Key); err != nil {
		return err
	}
	n := node{text: uint64(len(b.texts)), typ: t.Index}
	n.created, n.updated = stamp(&b.born, r.Created), stamp(&b.born, r.Updated)
	b.put(r.ID)
	b.put(r.Name)
	b.put(text.SortKey(r.Name))
	b.put(r.Description)
	b.put(strings.Join(r.Aliases, "\x00"))
	b.put(kg.ExternalIDsValue(r.ExternalIDs).Str)
	b.put(strings.Join(r.FormerIDs, "\x00"))
	if err := b.putProps(&n, t, r.Props); err != nil {
		return err
	}
	if int(r.Key) < b.old.nodes.n {
		was := b.old.nodes.at(r.Key)
		n.group0, n.group1, n.degree, n.looped = was.group0, was.group1, was.degree, was.looped
	}
	*b.nodeEdit.edit(r.Key) = n
	if b.unchanged(r.Key) {
		return nil
	}
	b.byIDs = append(b.byIDs, entry{hash(r.ID), r.Key})
	if f := text.Fold(r.ID); f != r.ID {
		b.outers = append(b.outers, entry{hash(f), r.Key})
	}
	b.names = append(b.names, entry{hash(text.Fold(r.Name)), r.Key})
	for _, a := range r.Aliases {
		b.names = append(b.names, entry{hash(text.Fold(a)), r.Key})
	}
	for _, x := range r.ExternalIDs {
		b.externals = append(b.externals, entry{hash(x.Scheme + "\x00" + x.Value), r.Key})
		b.outers = append(b.outers, entry{hash(text.Fold(x.Value)), r.Key})
	}
	for _, id := range r.FormerIDs {
		b.externals = append(b.externals, entry{hash(formerly(id)), r.Key})
	}
	b.freshNodes = append(b.freshNodes, r.Key)
	return nil
}

// unchanged reports whether the texts of the node that was added last are those it had, which then are its texts again.
func (b *Builder) unchanged(key uint32) bool {
	if int(key) >= b.old.nodes.n || b.old.nodes.at(key).typ == 0 {
		return false
	}
	n, was := b.nodeEdit.edit(key), b.old.nodes.at(key)
	before, now := b.textsOf(was), b.texts[n.text:]
	if n.typ != was.typ || !bytes.Equal(before, now) {
		b.nodeWaste += int64(len(before))
		return false
	}
	b.texts = b.texts[:n.text]
	n.text = was.text
	b.goneNodes.remove(key)
	return true
}

// put appends a text of a node.
func (b *Builder) put(s string) {
	b.texts = binary.AppendUvarint(b.texts, uint64(len(s)))
	b.texts = append(b.texts, s...)
}

// putProps appends the type's own properties, and sets the date interval they make.
func (b *Builder) putProps(n *node, t *catalog.Type, vals map[string]json.RawMessage) error {
	dates := map[*catalog.Prop]string{}
	for _, p := range t.Props {
		raw, ok := vals[p.Name]
		if !ok {
			b.put("")
			continue
		}
		if raw[0] == '"' {
			s, ok := plainJSON(raw)
			if !ok {
				if err := json.Unmarshal(raw, &s); err != nil {
					return err
				}
			}
			b.put(s)
			if p == t.DateProp || p == t.UntilProp {
				dates[p] = s
			}
			continue
		}
		if _, err := ParseProp(p, raw); err != nil {
			return err
		}
		b.put(string(raw))
	}
	n.from, n.to, n.dated = interval(t, func(p *catalog.Prop) string { return dates[p] })
	return nil
}

// plainJSON is the text of a JSON string without escapes.
func plainJSON(raw []byte) (string, bool) {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

// ParseProp reads the value of a property from JSON.
func ParseProp(p *catalog.Prop, raw []byte) (kg.Value, error) {
	switch p.Kind {
	case catalog.Int:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return kg.IntValue(n), err
	case catalog.Float:
		f, err := strconv.ParseFloat(string(raw), 64)
		return kg.FloatValue(f), err
	case catalog.Bool:
		return kg.BoolValue(string(raw) == "true"), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return kg.StringValue(s), err
}

// interval is the date interval of a record of type t: see kg.Span.
func interval(t *catalog.Type, get func(*catalog.Prop) string) (from, to kg.Day, known bool) {
	if t.DateProp == nil {
		return 0, 0, false
	}
	ended := kg.PartialDate("")
	if t.UntilProp != nil {
		ended = kg.PartialDate(get(t.UntilProp))
	}
	return kg.Span(kg.PartialDate(get(t.DateProp)), ended)
}

// stamp keeps an instant. Those of one load are mostly the same two, so only the last two are looked at.
func stamp(to *[]int64, t int64) uint32 {
	if t == 0 {
		return 0
	}
	for i := len(*to) - 1; i > max(0, len(*to)-3); i-- {
		if (*to)[i] == t {
			return uint32(i)
		}
	}
	*to = append(*to, t)
	return uint32(len(*to) - 1)
}

// AddLink adds a link, whose ends must have their places.
func (b *Builder) AddLink(r *Link) error {
	if err := place(&b.linkEdit, r.Key); err != nil {
		return err
	}
	if r.Key == 0 {
		return ErrLink
	}
	if err := b.checkLink(r.ID, r.From, r.To); err != nil {
		return err
	}
	kind := b.cat.Kind(r.Kind)
	if kind == nil {
		return kg.Errorf(kg.Unavailable, "the store holds links of kind %s, which the schema does not declare", r.Kind)
	}
	key := r.Key
	l := link{kind: kind.Index, from: r.From, to: r.To, proof: proofOf(r.Unverified, r.Quoted)}
	var was link // what it was, if it was there
	if int(key) < b.old.links.n {
		was = *b.old.links.at(key)
	}
	if was.from != 0 && b.idAt(was.id) == r.ID {
		l.id = was.id
	} else {
		l.id = b.linkText(r.ID)
	}
	l.role = b.role(r.Role)
	l.since, l.until = b.date(r.Since), b.date(r.Until)
	if len(r.Sources) == 1 && len(r.Refuters) == 0 {
		l.source = r.Sources[0]
	} else if len(r.Sources)+len(r.Refuters) > 0 {
		at := len(b.more)
		l.standing = kg.StandingOf(len(r.Sources), len(r.Refuters))
		l.source = b.several(l.standing, r.Sources, r.Refuters)
		if was.standing == l.standing && slices.Equal(b.ownMore(&was), b.more[at:]) {
			b.more, l.source = b.more[:at], was.source
		}
	}
	l.created, l.updated = stamp(&b.stamps, r.Created), stamp(&b.stamps, r.Updated)
	*b.linkEdit.edit(key) = l
	if was.from == l.from && was.to == l.to && was.kind == l.kind && was.source == l.source &&
		was.standing == l.standing && was.id == l.id {
		b.goneLinks.remove(key)
		return nil
	}
	if was.from != 0 && was.id != l.id {
		b.linkWaste += int64(1 + len(b.idAt(was.id)))
	}
	if was.source != l.source {
		b.linkWaste += int64(4 * len(b.ownMore(&was)))
	}
	b.freshLinks = append(b.freshLinks, key)
	return nil
}

// checkLink reports what is wrong with a link's id and ends.
func (b *Builder) checkLink(id string, from, to uint32) error {
	switch {
	case from == 0 || int(from) >= b.nodes.n || to == 0 || int(to) >= b.nodes.n || len(id) > 255:
		return ErrLink
	case len(b.ids) > 1<<32-512:
		return ErrTooLarge
	}
	return nil
}

// linkText appends the id of a link, and returns where it stands.
func (b *Builder) linkText(id string) uint32 {
	at := uint32(len(b.ids))
	b.ids = append(append(b.ids, byte(len(id))), id...)
	return at
}

// several appends the sources of a link to Graph.more, and returns its link.source.
func (b *Builder) several(standing kg.Standing, supporting, refuting []uint32) uint32 {
	at := len(b.more)
	add := func(keys []uint32) {
		b.more = append(append(b.more, uint32(len(keys))), keys...)
		slices.Sort(b.more[len(b.more)-len(keys):])
	}
	add(supporting)
	if standing != kg.Supported {
		add(refuting)
	}
	return severalSources | uint32(at)
}

func (b *Builder) role(s string) uint32 {
	// a builder that was given up may have left numbers behind
	if k, ok := b.interned.roles[s]; ok && int(k) < len(b.roles) && b.roles[k] == s {
		return k
	}
	k, s := uint32(len(b.roles)), strings.Clone(s)
	b.roles = append(b.roles, s)
	b.interned.roles[s] = k
	return k
}

func (b *Builder) date(s string) uint32 {
	if k, ok := b.interned.dates[s]; ok && int(k) < len(b.dates) && b.dates[k].text == s {
		return k
	}
	k, d := uint32(len(b.dates)), date{text: strings.Clone(s)}
	d.from, d.to = kg.PartialDate(d.text).Interval()
	b.dates = append(b.dates, d)
	b.interned.dates[d.text] = k
	return k
}
