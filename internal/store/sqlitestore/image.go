package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// image is the graph in memory, at one seq. It never changes: a reader keeps the one it began with. Nodes, sources and
// links are named by their index (key), from 1; 0 is none.
type image struct {
	cat     *catalog.Catalog
	seq     int64
	nodes   []node
	sources []source
	links   []link
	dates   []date   // by link.since, link.until; 0 = none
	roles   []string // by link.role; 0 = none

	nodeByID   map[string]uint32
	sourceByID map[string]uint32
	linkOrder  []uint32            // links by id
	byType     [][]uint32          // by type index: nodes by (sortKey, id); sources under their type's index
	byName     map[string][]uint32 // folded names and aliases
	byExternal map[string][]uint32 // scheme NUL value
	adjacent   []uint32            // links of each node: by direction and kind, then (rank of the other end, link id)
	ends       []uint32            // the other end of each of adjacent: a walk then touches nothing else
	groups     []group
	moreOf     map[uint32][]uint32 // sources of links that have several
	supports   [][]uint32          // by source: its links, by id

	searchOnce sync.Once
	searching  *searchIndex
}

type node struct {
	id, name, sortKey, desc string
	aliases, ext            string // as in kg.Value
	vals                    []kg.Value
	created, updated        kg.Time
	from, to                kg.Day
	rank                    uint32 // of the sort key among all: equal for equal keys
	group0, group1          uint32 // groups[group0:group1]
	loops                   uint32 // links from the node to itself
	typ                     uint8
	dated                   bool
}

type source struct {
	id, title, sortKey, url, kind, publisher, authors, published, hash string
	from, to                                                           kg.Day
}

// link is kept small: there are more of them than of anything else.
type link struct {
	id               string
	created, updated kg.Time
	row              int64 // in the file, for its evidence
	from, to         uint32
	since, until     uint32
	role             uint32
	source           uint32 // the only one; 0 = none or several: see moreOf
	order            uint32 // position by id
	unverified       uint16
	kind             uint8
}

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

// sourcesOf are the keys of a link's different sources, ascending.
func (im *image) sourcesOf(k uint32) []uint32 {
	l := &im.links[k]
	if l.source != 0 {
		return []uint32{l.source}
	}
	return im.moreOf[k]
}

func (im *image) sourceCount(k uint32) int64 {
	if im.links[k].source != 0 {
		return 1
	}
	return int64(len(im.moreOf[k]))
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

// load reads the whole file in one transaction.
func loadImage(ctx context.Context, cat *catalog.Catalog, db *sql.DB) (*image, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	im := &image{
		cat: cat, nodes: make([]node, 1), sources: make([]source, 1), links: make([]link, 1), dates: make([]date, 1), roles: make([]string, 1),
		nodeByID: map[string]uint32{}, sourceByID: map[string]uint32{}, byName: map[string][]uint32{}, byExternal: map[string][]uint32{},
		moreOf: map[uint32][]uint32{},
	}
	im.dates[0] = date{from: kg.MinDay, to: kg.MaxDay}
	if err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'seq'`).Scan(&im.seq); err != nil {
		return nil, err
	}
	sourceKeys, err := im.readSources(ctx, tx)
	if err != nil {
		return nil, err
	}
	nodeKeys, err := im.readNodes(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := im.readLinks(ctx, tx, nodeKeys, sourceKeys); err != nil {
		return nil, err
	}
	im.rank()
	im.connect()
	return im, nil
}

// rowKeys maps rowids of the file to keys of the image. Rowids are dense unless much was deleted, so it is a slice.
type rowKeys []uint32

func (r *rowKeys) set(row int64, key uint32) {
	for int64(len(*r)) <= row {
		*r = append(*r, make([]uint32, max(1024, len(*r)))...)
	}
	(*r)[row] = key
}

func (im *image) readSources(ctx context.Context, tx *sql.Tx) (rowKeys, error) {
	rows, err := tx.QueryContext(ctx, `SELECT k, id, title, url, kind, publisher, authors, publishedOn, contentHash FROM source`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var keys rowKeys
	for rows.Next() {
		var s source
		var row int64
		var authors string
		if err := rows.Scan(&row, &s.id, &s.title, &s.url, &s.kind, &s.publisher, &authors, &s.published, &s.hash); err != nil {
			return nil, err
		}
		var list []string
		if err := json.Unmarshal([]byte(authors), &list); err != nil {
			return nil, err
		}
		s.authors, s.sortKey = strings.Join(list, "\x00"), text.SortKey(s.title)
		s.from, s.to = kg.PartialDate(s.published).Interval()
		key := uint32(len(im.sources)) //nolint:gosec // a file of 4 G rows does not fit in memory
		keys.set(row, key)
		im.sourceByID[s.id] = key
		im.byName[sourceName(text.Fold(s.title))] = append(im.byName[sourceName(text.Fold(s.title))], key)
		im.sources = append(im.sources, s)
	}
	return keys, rows.Err()
}

// sourceName keeps sources' titles apart from entities' names in byName.
func sourceName(key string) string { return "\x00" + key }

func (im *image) readNodes(ctx context.Context, tx *sql.Tx) (rowKeys, error) {
	rows, err := tx.QueryContext(ctx, `SELECT k, id, type, name, description, aliases, externalIds, props, createdAt, updatedAt FROM node`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var keys rowKeys
	for rows.Next() {
		var n node
		var row int64
		var typ, aliases, ext, props string
		if err := rows.Scan(&row, &n.id, &typ, &n.name, &n.desc, &aliases, &ext, &props, &n.created, &n.updated); err != nil {
			return nil, err
		}
		t := im.cat.TypeOf(typ)
		if t == nil {
			return nil, kg.Errorf(kg.Unavailable, "the store holds nodes of type %s, which the schema does not declare", typ)
		}
		key := uint32(len(im.nodes)) //nolint:gosec // see readSources
		n.typ, n.sortKey = t.Index, text.SortKey(n.name)
		folded := text.Fold(n.name)
		im.byName[folded] = append(im.byName[folded], key)
		if aliases != "" {
			var list []string
			if err := json.Unmarshal([]byte(aliases), &list); err != nil {
				return nil, err
			}
			n.aliases = strings.Join(list, "\x00")
			for _, a := range list {
				if f := text.Fold(a); !slices.Contains(im.byName[f], key) {
					im.byName[f] = append(im.byName[f], key)
				}
			}
		}
		if ext != "" {
			var list []kg.ExternalID
			if err := json.Unmarshal([]byte(ext), &list); err != nil {
				return nil, err
			}
			n.ext = kg.ExternalIDsValue(list).Str
			for _, x := range list {
				k := x.Scheme + "\x00" + x.Value
				im.byExternal[k] = append(im.byExternal[k], key)
			}
		}
		if err := n.setProps(t, props); err != nil {
			return nil, err
		}
		keys.set(row, key)
		im.nodeByID[n.id] = key
		im.nodes = append(im.nodes, n)
	}
	return keys, rows.Err()
}

// setProps reads the type's own properties and the date interval they make.
func (n *node) setProps(t *catalog.Type, props string) error {
	n.vals = make([]kg.Value, len(t.Props))
	if props != "" {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(props), &m); err != nil {
			return err
		}
		for i, p := range t.Props {
			raw, ok := m[p.Name]
			if !ok {
				continue
			}
			v, err := parseProp(p, raw)
			if err != nil {
				return err
			}
			n.vals[i] = v
		}
	}
	n.from, n.to, n.dated = interval(t, func(p *catalog.Prop) string { return n.vals[slices.Index(t.Props, p)].Str })
	return nil
}

func parseProp(p *catalog.Prop, raw []byte) (kg.Value, error) {
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

// interval is the date interval of a record of type t: from DateProp's first day to UntilProp's last, or DateProp's.
func interval(t *catalog.Type, get func(*catalog.Prop) string) (from, to kg.Day, known bool) {
	if t.DateProp == nil {
		return 0, 0, false
	}
	d := kg.PartialDate(get(t.DateProp))
	if d == "" {
		return 0, 0, false
	}
	from, to = d.Interval()
	if t.UntilProp != nil {
		if u := kg.PartialDate(get(t.UntilProp)); u != "" {
			_, to = u.Interval()
		}
	}
	return from, to, true
}

func (im *image) readLinks(ctx context.Context, tx *sql.Tx, nodeKeys, sourceKeys rowKeys) error {
	rows, err := tx.QueryContext(ctx, `SELECT k, id, kind, from_k, to_k, role, since, until, sources, unverified, createdAt, updatedAt FROM link`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	roles, dates, kinds := map[string]uint32{"": 0}, map[string]uint32{"": 0}, map[string]uint8{}
	for _, k := range im.cat.Kinds {
		kinds[k.Name] = k.Index
	}
	dateKey := func(raw sql.RawBytes) uint32 {
		k, ok := dates[string(raw)]
		if !ok {
			k = uint32(len(im.dates)) //nolint:gosec // see readSources
			d := date{text: string(raw)}
			d.from, d.to = kg.PartialDate(d.text).Interval()
			im.dates = append(im.dates, d)
			dates[d.text] = k
		}
		return k
	}
	var kind, role, since, until, sources sql.RawBytes
	for rows.Next() {
		var l link
		var from, to int64
		if err := rows.Scan(&l.row, &l.id, &kind, &from, &to, &role, &since, &until, &sources, &l.unverified, &l.created, &l.updated); err != nil {
			return err
		}
		ki, ok := kinds[string(kind)]
		if !ok {
			return kg.Errorf(kg.Unavailable, "the store holds links of kind %s, which the schema does not declare", kind)
		}
		l.kind, l.from, l.to = ki, nodeKeys[from], nodeKeys[to]
		if l.role, ok = roles[string(role)]; !ok {
			l.role = uint32(len(im.roles)) //nolint:gosec // see readSources
			im.roles = append(im.roles, string(role))
			roles[string(role)] = l.role
		}
		l.since, l.until = dateKey(since), dateKey(until)
		key := uint32(len(im.links)) //nolint:gosec // see readSources
		if one, err := strconv.ParseInt(string(sources), 10, 64); err == nil {
			l.source = sourceKeys[one]
		} else {
			var list []uint32
			for f := range strings.FieldsSeq(string(sources)) {
				row, err := strconv.ParseInt(f, 10, 64)
				if err != nil {
					return err
				}
				list = append(list, sourceKeys[row])
			}
			if len(list) > 0 {
				slices.Sort(list)
				im.moreOf[key] = list
			}
		}
		im.links = append(im.links, l)
	}
	return rows.Err()
}

// rank orders nodes, sources and links by name and id, once, so that later comparisons are of integers.
func (im *image) rank() {
	order := make([]uint32, len(im.nodes)-1)
	for i := range order {
		order[i] = uint32(i + 1) //nolint:gosec // see readSources
	}
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := &im.nodes[a], &im.nodes[b]
		return cmp.Or(strings.Compare(x.sortKey, y.sortKey), strings.Compare(x.id, y.id))
	})
	im.byType = make([][]uint32, im.cat.Source.Index+1)
	var rank uint32
	last := ""
	for i, k := range order {
		n := &im.nodes[k]
		if i > 0 && n.sortKey != last {
			rank++
		}
		last = n.sortKey
		n.rank = rank
		im.byType[n.typ] = append(im.byType[n.typ], k)
	}
	s := make([]uint32, len(im.sources)-1)
	for i := range s {
		s[i] = uint32(i + 1) //nolint:gosec // see readSources
	}
	slices.SortFunc(s, func(a, b uint32) int {
		x, y := &im.sources[a], &im.sources[b]
		return cmp.Or(strings.Compare(x.sortKey, y.sortKey), strings.Compare(x.id, y.id))
	})
	im.byType[im.cat.Source.Index] = s
	im.linkOrder = make([]uint32, len(im.links)-1)
	for i := range im.linkOrder {
		im.linkOrder[i] = uint32(i + 1) //nolint:gosec // see readSources
	}
	slices.SortFunc(im.linkOrder, func(a, b uint32) int { return strings.Compare(im.links[a].id, im.links[b].id) })
	for i, k := range im.linkOrder {
		im.links[k].order = uint32(i) //nolint:gosec // see readSources
	}
}

// connect lays the links of each node side by side, in the default order within each direction and kind.
func (im *image) connect() {
	// counting sort by node, then a sort of each node's few
	start := make([]uint32, len(im.nodes)+1)
	for i := 1; i < len(im.links); i++ {
		start[im.links[i].from]++
		start[im.links[i].to]++
	}
	var sum uint32
	for i := range start {
		start[i], sum = sum, sum+start[i]
	}
	type half struct {
		order uint64 // rank of the other end, position of the link's id
		link  uint32
		group uint8 // kind, and bit 7 for incoming
	}
	halves := make([]half, sum)
	at := slices.Clone(start)
	for i := 1; i < len(im.links); i++ {
		l := &im.links[i]
		halves[at[l.from]] = half{uint64(im.nodes[l.to].rank)<<32 | uint64(l.order), uint32(i), l.kind} //nolint:gosec // see readSources
		at[l.from]++
		halves[at[l.to]] = half{uint64(im.nodes[l.from].rank)<<32 | uint64(l.order), uint32(i), l.kind | 0x80} //nolint:gosec // see readSources
		at[l.to]++
		if l.from == l.to {
			im.nodes[l.from].loops++
		}
	}
	im.adjacent = make([]uint32, sum)
	im.ends = make([]uint32, sum)
	for k := 1; k < len(im.nodes); k++ {
		mine := halves[start[k]:start[k+1]]
		slices.SortFunc(mine, func(a, b half) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.order, b.order)) })
		n := &im.nodes[k]
		n.group0 = uint32(len(im.groups)) //nolint:gosec // see readSources
		for i := range mine {
			pos := start[k] + uint32(i) //nolint:gosec // see readSources
			im.adjacent[pos] = mine[i].link
			im.ends[pos] = im.links[mine[i].link].other(mine[i].group&0x80 == 0)
			if i == 0 || mine[i].group != mine[i-1].group {
				im.groups = append(im.groups, group{start: pos, kind: mine[i].group & 0x7f, out: mine[i].group&0x80 == 0})
			}
			im.groups[len(im.groups)-1].end = pos + 1
		}
		n.group1 = uint32(len(im.groups)) //nolint:gosec // see readSources
	}
	im.supports = make([][]uint32, len(im.sources))
	for _, k := range im.linkOrder {
		if s := im.links[k].source; s != 0 {
			im.supports[s] = append(im.supports[s], k)
			continue
		}
		for _, s := range im.moreOf[k] {
			im.supports[s] = append(im.supports[s], k)
		}
	}
}

// findLink finds a link by id, 0 when there is none.
func (im *image) findLink(id string) uint32 {
	i, ok := slices.BinarySearchFunc(im.linkOrder, id, func(k uint32, id string) int { return strings.Compare(im.links[k].id, id) })
	if !ok {
		return 0
	}
	return im.linkOrder[i]
}

// current is the image of the file as it is now, or as it was at most watchEvery ago.
func (s *Store) current(ctx context.Context) (*image, error) {
	im := s.image.Load()
	if im != nil && !s.watch.due() {
		return im, nil
	}
	changed, err := s.watch.changed(ctx)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	if im != nil && !changed {
		return im, nil
	}
	return s.rebuild(ctx)
}

// rebuild makes a new image when the file has a newer seq than the one there is.
func (s *Store) rebuild(ctx context.Context) (*image, error) {
	s.build.Lock()
	defer s.build.Unlock()
	if im := s.image.Load(); im != nil {
		var seq int64
		if err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'seq'`).Scan(&seq); err != nil {
			return nil, storeError(ctx, err)
		}
		if seq == im.seq {
			return im, nil
		}
	}
	// whoever asked may go away; the next would only have to begin again
	im, err := loadImage(context.WithoutCancel(ctx), s.cat, s.read)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	s.image.Store(im)
	return im, nil
}

// Warm builds the image and its search index, so that no request waits for them.
func (s *Store) Warm(ctx context.Context) error {
	im, err := s.current(ctx)
	if err == nil {
		im.search()
	}
	return err
}
