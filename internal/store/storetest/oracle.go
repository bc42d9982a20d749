// Package storetest holds every store to the contract of package store: a suite of cases with their answers, random
// graphs and plans against a naive oracle, and the means to say what differs.
package storetest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// Oracle is the naive store: maps, and every question answered by looking at everything. Its virtue is that it can be
// read beside the comments of package plan.
type Oracle struct {
	cat *catalog.Catalog
	now func() time.Time

	mu      sync.RWMutex
	loading sync.Mutex
	nodes   map[string]*kg.Node
	links   map[string]*kg.Link
	sources map[string]*kg.Source
	log     []logged
	kept    store.Kept
	made    map[string]int64 // seq of the import that created a record
}

var _ store.Store = (*Oracle)(nil)

// NewOracle makes an empty one.
func NewOracle(cat *catalog.Catalog, now func() time.Time) *Oracle {
	if now == nil {
		now = time.Now
	}
	return &Oracle{
		cat: cat, now: now, nodes: map[string]*kg.Node{}, links: map[string]*kg.Link{},
		sources: map[string]*kg.Source{}, made: map[string]int64{}, kept: store.Kept{First: 1},
	}
}

// Kind is "oracle".
func (*Oracle) Kind() string { return "oracle" }

// Ready is always.
func (*Oracle) Ready(context.Context) error { return nil }

// Close does nothing.
func (*Oracle) Close() error { return nil }

// Atomic is true.
func (*Oracle) Atomic() bool { return true }

// Empty reports whether there is nothing.
func (o *Oracle) Empty(context.Context) (bool, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return len(o.nodes)+len(o.sources) == 0, nil
}

func sorted[T any](m map[string]T) []T {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := make([]T, len(keys))
	for i, k := range keys {
		out[i] = m[k]
	}
	return out
}

func each[T any](m map[string]*T, f func(*T) error) error {
	for _, x := range sorted(m) {
		c := *x
		if err := f(&c); err != nil {
			return err
		}
	}
	return nil
}

// Sources reads all sources.
func (o *Oracle) Sources(_ context.Context, f func(*kg.Source) error) error {
	return each(o.sources, f)
}

// Nodes reads all nodes.
func (o *Oracle) Nodes(_ context.Context, f func(*kg.Node) error) error {
	return each(o.nodes, func(x *kg.Node) error {
		x.Verified = o.quoted(x)
		return f(x)
	})
}

// quoted looks for the words of a quotation in the texts of all sources that support a link by which it is quoted.
func (o *Oracle) quoted(n *kg.Node) *bool {
	q := o.cat.QuotedOf(n.Type)
	if q == nil {
		return nil
	}
	var stands *bool
	for _, l := range o.links {
		if l.To != n.ID || !q.Kinds.Has(o.cat.Kind(l.Kind).Index) {
			continue
		}
		for _, id := range l.SourcesOf(kg.Supports) {
			if t := o.sources[id].Text; t != "" && (stands == nil || !*stands) {
				words, _ := n.Props[q.Words.Name].(string)
				has := rules.NewText(t).Has(words)
				stands = &has
			}
		}
	}
	return stands
}

// Links reads all links.
func (o *Oracle) Links(_ context.Context, f func(*kg.Link) error) error { return each(o.links, f) }

// ExternalIDs reads the external ids of all entities.
func (o *Oracle) ExternalIDs(_ context.Context, f func(entity string, e kg.ExternalID) error) error {
	return each(o.nodes, func(x *kg.Node) error {
		for _, e := range x.ExternalIDs {
			if err := f(x.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Types finds what records are.
func (o *Oracle) Types(_ context.Context, ids []string) (map[string]string, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := map[string]string{}
	for _, id := range ids {
		switch {
		case o.nodes[id] != nil:
			out[id] = o.nodes[id].Type
		case o.sources[id] != nil:
			out[id] = "SOURCE"
		case o.links[id] != nil:
			out[id] = "LINK"
		}
	}
	return out, nil
}

// Merged finds the entities whose former ids some are.
func (o *Oracle) Merged(_ context.Context, ids []string) (map[string]string, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := map[string]string{}
	for _, x := range o.nodes {
		for _, id := range x.FormerIDs {
			if ids == nil || slices.Contains(ids, id) {
				out[id] = x.ID
			}
		}
	}
	return out, nil
}

// Records finds records by id.
func (o *Oracle) Records(_ context.Context, ids []string) (*store.Batch, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.records(ids), nil
}

func (o *Oracle) records(ids []string) *store.Batch {
	b := &store.Batch{}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if x := o.sources[id]; x != nil {
			c := *x
			b.Sources = append(b.Sources, &c)
		}
		if x := o.nodes[id]; x != nil {
			c := *x
			c.Verified = o.quoted(x)
			b.Nodes = append(b.Nodes, &c)
		}
		if x := o.links[id]; x != nil {
			c := *x
			b.Links = append(b.Links, &c)
		}
	}
	return b
}

type oracleLoad struct {
	o    *Oracle
	next *Oracle
	done bool
	change
}

// Load begins a load on a copy.
func (o *Oracle) Load(context.Context) (store.Load, error) {
	o.loading.Lock()
	next := NewOracle(o.cat, o.now)
	for k, v := range o.nodes {
		next.nodes[k] = v
	}
	for k, v := range o.links {
		next.links[k] = v
	}
	for k, v := range o.sources {
		next.sources[k] = v
	}
	next.log, next.made, next.kept = slices.Clone(o.log), maps.Clone(o.made), o.kept
	return &oracleLoad{o: o, next: next, change: change{items: map[string]*store.Logged{}, was: map[string]bool{}, new: map[string]bool{}}}, nil
}

// Put writes a batch.
func (l *oracleLoad) Put(_ context.Context, b *store.Batch) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	for _, part := range b.Parts() {
		if err := l.put(part); err != nil {
			return err
		}
	}
	return nil
}

func (l *oracleLoad) put(b *store.Batch) error {
	now := kg.TimeOf(l.o.now())
	held := l.next.records(b.IDs())
	created, changed, err := b.Onto(held)
	if err != nil {
		return err
	}
	was := held.ByID()
	for _, part := range []*store.Batch{created, changed} {
		for _, x := range part.Sources {
			l.next.sources[x.ID] = x
			l.note(was[x.ID], x)
		}
		for _, x := range part.Nodes {
			times(&x.CreatedAt, &x.UpdatedAt, now)
			l.next.nodes[x.ID] = x
			l.note(was[x.ID], x)
		}
	}
	if len(b.Sources) > 0 {
		for id, x := range l.next.links {
			l.next.links[id] = l.verified(x)
		}
	}
	for _, part := range []*store.Batch{created, changed} {
		for _, x := range part.Links {
			for _, end := range []string{x.From, x.To} {
				if l.next.nodes[end] == nil {
					return kg.Errorf(kg.Conflict, "there is no entity %s", end)
				}
			}
			for i := range x.Evidence {
				if l.next.sources[x.Evidence[i].Source] == nil {
					return kg.Errorf(kg.Conflict, "there is no source %s", x.Evidence[i].Source)
				}
			}
			times(&x.CreatedAt, &x.UpdatedAt, now)
			l.next.links[x.ID] = l.verified(x)
			l.note(was[x.ID], l.next.links[x.ID])
		}
	}
	return l.remove(b)
}

// times sets the times that a record was not given.
func times(created, updated *kg.Time, now kg.Time) {
	if *created == 0 {
		*created = now
	}
	if *updated == 0 {
		*updated = max(now, *created)
	}
}

// remove deletes records, links first.
func (l *oracleLoad) remove(b *store.Batch) error {
	gone := l.next.records(b.Delete)
	for _, x := range gone.Links {
		delete(l.next.links, x.ID)
		l.note(x, nil)
	}
	for _, x := range gone.Nodes {
		if n := len(l.next.resting([]string{x.ID})); n > 0 {
			return store.Hanging(x.ID, n)
		}
		delete(l.next.nodes, x.ID)
		l.note(x, nil)
	}
	for _, x := range gone.Sources {
		if n := len(l.next.resting([]string{x.ID})); n > 0 {
			return store.Hanging(x.ID, n)
		}
		delete(l.next.sources, x.ID)
		l.note(x, nil)
	}
	b.Removed(gone)
	return nil
}

// Resting finds what hangs on records.
func (o *Oracle) Resting(_ context.Context, ids []string) ([]string, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.resting(ids), nil
}

func (o *Oracle) resting(ids []string) (out []string) {
	for _, x := range sorted(o.links) {
		if slices.Contains(ids, x.From) || slices.Contains(ids, x.To) ||
			slices.ContainsFunc(x.Evidence, func(e kg.Evidence) bool { return slices.Contains(ids, e.Source) }) {
			out = append(out, x.ID)
		}
	}
	return out
}

// Strays finds the links that say what some say, under ids that do not follow from it.
func (o *Oracle) Strays(_ context.Context, links []*kg.Link) ([]string, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.strays(links), nil
}

func (o *Oracle) strays(links []*kg.Link) (out []string) {
	for _, x := range sorted(o.links) {
		if x.ID != x.StatedID() &&
			slices.ContainsFunc(links, func(l *kg.Link) bool { return kg.SameStatement(l, x) }) {
			out = append(out, x.ID)
		}
	}
	return out
}

// verified copies a link, its excerpts checked against what texts there are.
func (l *oracleLoad) verified(x *kg.Link) *kg.Link {
	c := *x
	c.Evidence, _ = rules.Verify(nil, x.Evidence, func(id string) (*rules.Text, error) {
		if s := l.next.sources[id]; s != nil {
			return rules.NewText(s.Text), nil
		}
		return rules.NewText(""), nil
	})
	return &c
}

// Commit puts the copy in place.
func (l *oracleLoad) Commit(context.Context) error {
	if l.done {
		return kg.Errorf(kg.Internal, "the load has ended")
	}
	l.record()
	l.o.mu.Lock()
	l.o.nodes, l.o.links, l.o.sources = l.next.nodes, l.next.links, l.next.sources
	l.o.log, l.o.made = l.next.log, l.next.made
	l.o.mu.Unlock()
	return l.Rollback()
}

// Rollback drops the copy.
func (l *oracleLoad) Rollback() error {
	if !l.done {
		l.done = true
		l.o.loading.Unlock()
	}
	return nil
}

// --- reading ------------------------------------------------------------------------------------------------------

// seeing is one answer in the making.
type seeing struct {
	*Oracle
	q    *plan.Query
	refs []*kg.Node
	rows int
}

// errTooMany ends an answer that is too long.
type errTooMany struct{}

// Fetch answers a plan.
func (o *Oracle) Fetch(ctx context.Context, q *plan.Query) (res *kg.Result, err error) {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, kg.Errorf(kg.Timeout, "the operation took too long; ask for less at once")
	case ctx.Err() != nil:
		return nil, kg.Errorf(kg.Cancelled, "the request was cancelled")
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	x := &seeing{Oracle: o, q: q}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(errTooMany); !ok {
				panic(p)
			}
			res, err = nil, kg.Errorf(kg.CostLimit,
				"the answer has more than %d entries; ask for smaller pages or fewer levels", q.MaxRows)
		}
	}()
	res = &kg.Result{}
	looked := 0 // refs that may name nothing
	if q.Start == plan.ByRef {
		looked = 1
	}
	if x.refs, err = x.entities(looked); err != nil {
		return nil, err
	}
	var first any
	if looked > 0 {
		if first, err = x.resolve(0); err != nil {
			return nil, err
		}
	}
	switch q.Start {
	case plan.ByID, plan.ByIDs:
		for _, id := range q.IDs {
			row := x.record(x.find(id), q.Root.Node)
			if row.Type != 0 || q.Start == plan.ByIDs {
				res.Edges = append(res.Edges, kg.Edge{Node: row})
			}
		}
	case plan.ByRef:
		if first != nil {
			res.Edges = []kg.Edge{{Node: x.record(first, q.Root.Node)}}
		}
	case plan.Everything:
		var all []any
		if q.Types.Has(o.cat.Source.Index) {
			for _, s := range o.sources {
				if x.sourceFits(q.Root.Entities, s) {
					all = append(all, s)
				}
			}
		}
		for _, n := range o.nodes {
			if q.Types.Has(x.typ(n)) && x.fits(q.Root.Entities, n) {
				all = append(all, n)
			}
		}
		var list []entry
		for _, r := range all {
			list = append(list, entry{keys: x.recordKeys(r, orDefault(q.Root.Order)), edge: kg.Edge{}, node: r})
		}
		res.Page = x.page(list, directions(orDefault(q.Root.Order)), &q.Root)
		res.Facets = x.recordFacets(all, &q.Root)
	case plan.EveryLink:
		list, ends := x.linkList(nil, &q.Root)
		res.Page = x.page(list, directions(orDefault(q.Root.Order)), &q.Root)
		res.Facets = x.linkFacets(list, ends, &q.Root)
	case plan.Search:
		list, all := x.search()
		res.Page = x.page(list, []bool{true, false, false}, &q.Root)
		res.Facets = x.recordFacets(all, &q.Root)
	case plan.Statistics:
		res.Stats = x.stats()
	}
	return res, nil
}

func (x *seeing) typ(n *kg.Node) uint8 { return x.cat.TypeOf(n.Type).Index }

// find looks a record up by id: *kg.Node, *kg.Link, *kg.Source, evidence, or nil; of the types wanted only.
func (x *seeing) find(id string) any {
	has := func(t *catalog.Type) bool { return x.q.Types.Has(t.Index) }
	if n := x.nodes[id]; n != nil && has(x.cat.TypeOf(n.Type)) {
		return n
	}
	for _, n := range x.nodes {
		if isOne([]string{id}, n) && has(x.cat.TypeOf(n.Type)) {
			return n
		}
	}
	if s := x.sources[id]; s != nil && has(x.cat.Source) {
		return s
	}
	if l := x.links[id]; l != nil && has(x.cat.Link) {
		return l
	}
	if has(x.cat.Evidence) {
		for _, l := range x.links {
			for i := range l.Evidence {
				if kg.EvidenceID(l.ID, &l.Evidence[i]) == id {
					return evidence{l, i}
				}
			}
		}
	}
	return nil
}

type evidence struct {
	link *kg.Link
	at   int
}

// resolve finds what a ref names: a node, or a source or link for a root that wants one.
func (x *seeing) resolve(i int) (any, error) {
	r := &x.q.Refs[i]
	var fits []kg.Candidate
	var found any
	add := func(c kg.Candidate, v any) { fits, found = append(fits, c), v }
	titles := true // whether all of the name have it as a title
	for _, n := range x.nodes {
		t := x.cat.TypeOf(n.Type)
		titles = titles && (t.Titled || !r.Types.Has(t.Index) || !called(n, r.NameKey))
	}
	for _, n := range x.nodes {
		ok := isOne([]string{r.ID}, n)
		if r.Name != "" {
			ok = called(n, r.NameKey) && (titles || !x.cat.TypeOf(n.Type).Titled)
		} else if r.Scheme != "" {
			for _, e := range n.ExternalIDs {
				ok = ok || e.Scheme == r.Scheme && e.Value == r.Value
			}
		}
		if ok && r.Types.Has(x.typ(n)) {
			add(kg.Candidate{
				ID: n.ID, Type: n.Type, Name: n.Name, Description: n.Description,
				LinkCount: x.touching(n),
			}, n)
		}
	}
	for _, s := range x.sources {
		if r.Types.Has(x.cat.Source.Index) && (s.ID == r.ID || r.Name != "" && text.Fold(s.Title) == r.NameKey ||
			r.URL != "" && s.URL == r.URL) {
			add(kg.Candidate{ID: s.ID, Type: "SOURCE", Name: s.Title, LinkCount: int64(len(x.resting(s)))}, s)
		}
	}
	if l := x.links[r.ID]; l != nil && r.Types.Has(x.cat.Link.Index) {
		add(kg.Candidate{}, l)
	}
	if len(fits) > 1 {
		return nil, plan.Ambiguous(x.q.Refs, i, len(fits), fits)
	}
	return found, nil
}

// entities finds what the plan's refs from an index on name: each must name an entity.
func (x *seeing) entities(from int) ([]*kg.Node, error) {
	refs := make([]*kg.Node, len(x.q.Refs))
	for i := from; i < len(refs); i++ {
		found, err := x.resolve(i)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, plan.NamesNothing(i)
		}
		refs[i], _ = found.(*kg.Node)
	}
	return refs, nil
}

// called reports whether an entity has a name or alias, folded.
func called(n *kg.Node, key string) bool {
	ok := text.Fold(n.Name) == key
	for _, a := range n.Aliases {
		ok = ok || text.Fold(a) == key
	}
	return ok
}

// --- rows ----------------------------------------------------------------------------------------------------------

func (x *seeing) record(r any, sel *plan.Sel) kg.Row {
	var row kg.Row
	var get func(*catalog.Prop) kg.Value
	switch r := r.(type) {
	case *kg.Node:
		row.Type, get = x.typ(r), func(p *catalog.Prop) kg.Value { return x.nodeValue(r, p) }
	case *kg.Link:
		row.Type, get = x.cat.Link.Index, func(p *catalog.Prop) kg.Value { return x.linkValue(r, p) }
	case *kg.Source:
		row.Type, get = x.cat.Source.Index, func(p *catalog.Prop) kg.Value { return sourceValue(r, p) }
	case evidence:
		row.Type, get = x.cat.Evidence.Index, func(p *catalog.Prop) kg.Value { return evidenceValue(r, p) }
	default:
		return row
	}
	if x.rows++; x.q.MaxRows > 0 && x.rows > x.q.MaxRows {
		panic(errTooMany{})
	}
	if sel == nil {
		return row
	}
	for _, p := range sel.Props {
		row.Vals = append(row.Vals, get(p))
	}
	for _, f := range sel.Children {
		var page kg.Page
		if f.On.Has(row.Type) {
			page = x.follow(r, f)
		}
		row.Children = append(row.Children, page)
	}
	return row
}

func (x *seeing) nodeValue(n *kg.Node, p *catalog.Prop) kg.Value {
	if q := x.cat.QuotedOf(n.Type); q != nil && p == q.Verified {
		if v := x.quoted(n); v != nil {
			return kg.BoolValue(*v)
		}
		return kg.Value{}
	}
	switch p.Name {
	case "id":
		return kg.StringValue(n.ID)
	case "type":
		return kg.StringValue(n.Type)
	case "name":
		return kg.StringValue(n.Name)
	case "description":
		return kg.StringValue(n.Description)
	case "aliases":
		return kg.ListValue(n.Aliases)
	case "externalIds":
		return kg.ExternalIDsValue(n.ExternalIDs)
	case "formerIds":
		return kg.ListValue(n.FormerIDs)
	case "createdAt":
		return kg.TimeValue(n.CreatedAt)
	case "updatedAt":
		return kg.TimeValue(n.UpdatedAt)
	}
	return kg.PropValue(n.Props[p.Name])
}

// sourcesOf are the sources that support a link: all that its numbers, filters and facets of sources know of.
func sourcesOf(l *kg.Link) []string { return l.SourcesOf(kg.Supports) }

// stand are the links that are not REFUTED: all there are for whoever does not ask for those.
func (x *seeing) stand() []*kg.Link {
	return slices.DeleteFunc(sorted(x.links), func(l *kg.Link) bool { return l.Standing() == kg.Refuted })
}

func (x *seeing) linkValue(l *kg.Link, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(l.ID)
	case "kind":
		return kg.StringValue(l.Kind)
	case "role":
		return kg.StringValue(l.Role)
	case "since":
		return kg.StringValue(string(l.Since))
	case "until":
		return kg.StringValue(string(l.Until))
	case "standing":
		return kg.StringValue(l.Standing().String())
	case "sourceCount", "supportCount":
		return kg.IntValue(int64(len(sourcesOf(l))))
	case "refuteCount":
		return kg.IntValue(int64(len(l.SourcesOf(kg.Refutes))))
	case "createdAt":
		return kg.TimeValue(l.CreatedAt)
	case "updatedAt":
		return kg.TimeValue(l.UpdatedAt)
	case catalog.FromName:
		return kg.StringValue(x.nodes[l.From].Name)
	case catalog.ToName:
		return kg.StringValue(x.nodes[l.To].Name)
	}
	return kg.Value{}
}

func sourceValue(s *kg.Source, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(s.ID)
	case "title":
		return kg.StringValue(s.Title)
	case "url":
		return kg.StringValue(s.URL)
	case "kind":
		return kg.StringValue(s.Kind)
	case "publisher":
		return kg.StringValue(s.Publisher)
	case "authors":
		return kg.ListValue(s.Authors)
	case "publishedOn":
		return kg.StringValue(string(s.PublishedOn))
	case catalog.SourceText:
		return kg.StringValue(s.Text)
	case "contentHash":
		if s.Text != "" {
			sum := sha256.Sum256([]byte(s.Text))
			return kg.StringValue(hex.EncodeToString(sum[:]))
		}
	}
	return kg.Value{}
}

func evidenceValue(e evidence, p *catalog.Prop) kg.Value {
	v := &e.link.Evidence[e.at]
	switch p.Name {
	case "id":
		return kg.StringValue(kg.EvidenceID(e.link.ID, v))
	case "excerpt":
		return kg.StringValue(v.Excerpt)
	case "prefix":
		return kg.StringValue(v.Prefix)
	case "suffix":
		return kg.StringValue(v.Suffix)
	case "stance":
		return kg.StringValue(v.Stance)
	case "verified":
		if v.Verified != nil {
			return kg.BoolValue(*v.Verified)
		}
	case "start", "end":
		if v.End > 0 {
			return kg.IntValue(int64(map[string]int{"start": v.Start, "end": v.End}[p.Name]))
		}
	}
	return kg.Value{}
}

// --- lists ---------------------------------------------------------------------------------------------------------

// entry is one item of a list with its keys.
type entry struct {
	keys    []kg.Value
	edge    kg.Edge
	node    any
	link    *kg.Link
	because []*kg.Link
}

func orDefault(order []plan.Order) []plan.Order {
	if len(order) == 0 {
		return []plan.Order{{By: plan.ByName}}
	}
	return order
}

// directions tells for each key, and the tie-break, whether it descends.
func directions(order []plan.Order) []bool {
	var out []bool
	for _, o := range order {
		out = append(out, o.Desc)
	}
	return append(out, order[len(order)-1].Desc)
}

func compareKeys(a, b []kg.Value, desc []bool) int {
	for i := range a {
		c := cmp.Or(strings.Compare(a[i].Str, b[i].Str), cmp.Compare(a[i].Int, b[i].Int))
		if desc[i] {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// page cuts the page out of a list, as plan.Paging says.
func (x *seeing) page(list []entry, desc []bool, f *plan.Field) kg.Page {
	slices.SortFunc(list, func(a, b entry) int { return compareKeys(a.keys, b.keys, desc) })
	var page kg.Page
	page.Total = int64(len(list))
	i, j := 0, len(list)
	for i < len(list) && f.Page.After != nil && compareKeys(list[i].keys, f.Page.After, desc) <= 0 {
		i++
	}
	for j > 0 && f.Page.Before != nil && compareKeys(list[j-1].keys, f.Page.Before, desc) >= 0 {
		j--
	}
	j = max(i, j)
	if f.Page.Backward {
		i = max(i, j-f.Page.N)
	} else {
		j = min(j, i+f.Page.N)
	}
	page.HasPrev, page.HasNext = i > 0, j < len(list)
	if !f.Want.Rows {
		return page
	}
	for _, e := range list[i:j] {
		edge := e.edge
		if f.Node != nil {
			edge.Node = x.record(e.node, f.Node)
		}
		if f.Link != nil && e.link != nil {
			edge.Link = x.record(e.link, f.Link)
		}
		if f.Because != nil {
			for _, l := range e.because[:min(len(e.because), f.BecauseN)] {
				edge.Because = append(edge.Because, x.record(l, f.Because))
			}
		}
		if f.Want.Cursors {
			edge.Keys = e.keys
		}
		page.Edges = append(page.Edges, edge)
	}
	return page
}

func dateOf(t *catalog.Type, get func(string) string) (from, to kg.Day, known bool) {
	if t.DateProp != nil && get(t.DateProp.Name) != "" {
		from, to = kg.PartialDate(get(t.DateProp.Name)).Interval()
		known = true
	}
	if t.UntilProp != nil && get(t.UntilProp.Name) != "" {
		first, last := kg.PartialDate(get(t.UntilProp.Name)).Interval()
		if to = last; !known { // all that is known is when it ended
			from, known = first, true
		}
	}
	return from, to, known
}

func (x *seeing) nodeDate(n *kg.Node) (from, to kg.Day, known bool) {
	return dateOf(x.cat.TypeOf(n.Type), func(p string) string { s, _ := n.Props[p].(string); return s })
}

func (x *seeing) touching(n *kg.Node) int64 {
	var c int64
	for _, l := range x.stand() {
		if l.From == n.ID || l.To == n.ID {
			c++
		}
	}
	return c
}

// resting are the links that a source supports or speaks against, without those that are REFUTED.
func (x *seeing) resting(s *kg.Source) []*kg.Link {
	return slices.DeleteFunc(x.stand(), func(l *kg.Link) bool { return !rests(l, s) })
}

func rests(l *kg.Link, s *kg.Source) bool {
	return slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return e.Source == s.ID })
}

func (x *seeing) recordKeys(r any, order []plan.Order) []kg.Value {
	var keys []kg.Value
	var id string
	for _, o := range order {
		switch r := r.(type) {
		case *kg.Node:
			id = r.ID
			switch o.By {
			case plan.ByName:
				keys = append(keys, kg.Value{Kind: kg.String, Str: text.SortKey(r.Name)})
			case plan.ByDate:
				from, to, known := x.nodeDate(r)
				keys = append(keys, kg.IntValue(plan.DateKey(from, to, known, o.Desc)))
			case plan.ByLinkCount:
				keys = append(keys, kg.IntValue(x.touching(r)))
			default:
				keys = append(keys, kg.IntValue(r.UpdatedAt.UnixMilli()))
			}
		case *kg.Source:
			id = r.ID
			switch o.By {
			case plan.ByName:
				keys = append(keys, kg.Value{Kind: kg.String, Str: text.SortKey(r.Title)})
			case plan.ByDate:
				from, to := r.PublishedOn.Interval()
				keys = append(keys, kg.IntValue(plan.DateKey(from, to, r.PublishedOn != "", o.Desc)))
			case plan.ByLinkCount:
				keys = append(keys, kg.IntValue(int64(len(x.resting(r)))))
			default:
				keys = append(keys, kg.IntValue(0))
			}
		}
	}
	return append(keys, kg.StringValue(id))
}

func (x *seeing) linkKeys(l *kg.Link, other *kg.Node, order []plan.Order) []kg.Value {
	var keys []kg.Value
	for _, o := range order {
		date := func(d kg.PartialDate) kg.Value {
			from, to := d.Interval()
			return kg.IntValue(plan.DateKey(from, to, d != "", o.Desc))
		}
		switch o.By {
		case plan.ByName:
			keys = append(keys, kg.Value{Kind: kg.String, Str: text.SortKey(other.Name)})
		case plan.BySince:
			keys = append(keys, date(l.Since))
		case plan.ByUntil:
			keys = append(keys, date(l.Until))
		default:
			keys = append(keys, kg.IntValue(int64(len(sourcesOf(l)))))
		}
	}
	return append(keys, kg.StringValue(l.ID))
}

func (x *seeing) follow(r any, f *plan.Field) kg.Page {
	one := func(to any) kg.Page { return kg.Page{Edges: []kg.Edge{{Node: x.record(to, f.Node)}}} }
	switch f.Follow {
	case plan.From:
		return one(x.nodes[r.(*kg.Link).From])
	case plan.To:
		return one(x.nodes[r.(*kg.Link).To])
	case plan.SourceOf:
		e, _ := r.(evidence)
		return one(x.sources[e.link.Evidence[e.at].Source])
	case plan.LinkOf:
		e, _ := r.(evidence)
		return one(e.link)
	case plan.EvidenceOf:
		l, _ := r.(*kg.Link)
		var list []entry
		for place, i := range x.oldestFirst(l) {
			if e := &l.Evidence[i]; f.Stance == "" || e.Stance == f.Stance {
				keys := []kg.Value{kg.IntValue(int64(place)), kg.StringValue(kg.EvidenceID(l.ID, e))}
				list = append(list, entry{keys: keys, node: evidence{l, i}})
			}
		}
		return x.page(list, []bool{false, false}, f)
	case plan.Derived:
		return x.derived(r.(*kg.Node), f)
	}
	list, ends := x.linkList(r, f)
	if f.Follow == plan.LinkCount {
		return kg.Page{Total: int64(len(list))}
	}
	page := x.page(list, directions(orDefault(f.Order)), f)
	page.Facets = x.linkFacets(list, ends, f)
	return page
}

// oldestFirst are the indexes of a link's evidence in its order.
func (x *seeing) oldestFirst(l *kg.Link) []int {
	order := make([]int, len(l.Evidence))
	for i := range order {
		order[i] = i
	}
	key := func(i int) int64 { return plan.EvidenceOrder(x.sources[l.Evidence[i].Source].PublishedOn) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(key(a), key(b)) })
	return order
}

// linkList lists the links of a node, or those that rest on a source, or of nil all, that a field wants.
func (x *seeing) linkList(r any, f *plan.Field) (list []entry, ends map[string]*kg.Node) {
	ends = map[string]*kg.Node{}
	add := func(l *kg.Link, other *kg.Node, out bool) {
		if x.matches(f.Links, l, other) {
			ends[l.ID] = other
			list = append(list, entry{
				keys: x.linkKeys(l, other, orDefault(f.Order)), edge: kg.Edge{Out: out},
				node: other, link: l,
			})
		}
	}
	if s, ok := r.(*kg.Source); ok || r == nil {
		for _, l := range x.links {
			if r == nil || rests(l, s) {
				add(l, x.nodes[l.To], true)
			}
		}
		return list, ends
	}
	n, _ := r.(*kg.Node)
	for _, l := range x.links {
		if !f.Kinds.Has(x.cat.Kind(l.Kind).Index) {
			continue
		}
		switch {
		case f.Out && l.From == n.ID && f.Other.Has(x.typ(x.nodes[l.To])):
			add(l, x.nodes[l.To], true)
		case f.In && l.To == n.ID && f.Other.Has(x.typ(x.nodes[l.From])):
			add(l, x.nodes[l.From], false)
		}
	}
	return list, ends
}

// chains lists the ways a derived field leads from a node over links that fit, as hop 1, hop 2 and end.
func (x *seeing) chains(n *kg.Node, d *catalog.DerivedField, f *plan.LinkFilter) (out [][3]string) {
	end := func(l *kg.Link) string {
		if d.Out {
			return l.To
		}
		return l.From
	}
	hop := func(id, kind string) (links []*kg.Link) {
		for _, l := range sorted(x.links) {
			if l.Kind == kind && (d.Out && l.From == id || !d.Out && l.To == id) && x.matches(f, l, x.nodes[end(l)]) {
				links = append(links, l)
			}
		}
		return links
	}
	for _, c := range d.Chains {
		for _, a := range hop(n.ID, c[0].Name) {
			for _, b := range hop(end(a), c[1].Name) {
				if x.nodes[end(b)].Type == d.Other.Enum {
					out = append(out, [3]string{a.ID, b.ID, end(b)})
				}
			}
		}
	}
	return out
}

func (x *seeing) derived(n *kg.Node, f *plan.Field) kg.Page {
	chains := x.chains(n, f.Derived, f.Links)
	slices.SortFunc(chains, func(a, b [3]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]),
			strings.Compare(a[1], b[1]))
	})
	found := map[string]*entry{}
	for _, c := range chains {
		e := found[c[2]]
		if e == nil {
			e = &entry{node: x.nodes[c[2]]}
			found[c[2]] = e
		}
		e.edge.Weight++
		for _, id := range c[:2] {
			if !slices.Contains(e.because, x.links[id]) {
				e.because = append(e.because, x.links[id])
			}
		}
	}
	var list []entry
	for id, e := range found {
		e.keys = []kg.Value{
			kg.IntValue(e.edge.Weight),
			{Kind: kg.String, Str: text.SortKey(x.nodes[id].Name)},
			kg.StringValue(id),
		}
		list = append(list, *e)
	}
	return x.page(list, []bool{true, false, false}, f)
}

func (x *seeing) body(n *kg.Node) (out []string) {
	if n.Description != "" {
		out = append(out, n.Description)
	}
	for _, p := range x.cat.TypeOf(n.Type).Props {
		if s, ok := n.Props[p.Name].(string); ok && p.Searchable {
			out = append(out, s)
		}
	}
	return out
}

// shown are the texts that highlights are taken from.
func (x *seeing) shown(n *kg.Node) []text.Field {
	out := []text.Field{{Name: "name", Text: n.Name, IsName: true}}
	for _, a := range n.Aliases {
		out = append(out, text.Field{Name: "aliases", Text: a, IsName: true})
	}
	out = append(out, text.Field{Name: "description", Text: n.Description})
	for _, name := range slices.Sorted(maps.Keys(n.Props)) {
		if s, ok := n.Props[name].(string); ok && x.cat.TypeOf(n.Type).Prop(name).Searchable {
			out = append(out, text.Field{Name: name, Text: s})
		}
	}
	return out
}

// searched is a record that a search may find.
type searched struct {
	record   any
	id, name string
	typ      uint8
	doc      text.Doc
	show     func(*text.Search) []text.Highlight
}

// searchable are all records that a search may find.
func (x *seeing) searchable() (out []searched) {
	for _, n := range x.nodes {
		doc := text.NewDoc(n.Name, n.Aliases, x.body(n))
		var outer []string
		for _, e := range n.ExternalIDs {
			outer = append(outer, e.Scheme, e.Value)
		}
		doc.IDs, doc.Titled = text.IDs(n.ID, outer...), x.cat.TypeOf(n.Type).Titled
		out = append(out, searched{n, n.ID, n.Name, x.typ(n), doc, func(s *text.Search) []text.Highlight {
			return text.Highlights(x.shown(n), s)
		}})
	}
	for _, r := range x.sources {
		doc := text.NewSourceDoc(r.Title, r.Text)
		doc.IDs = text.IDs(r.ID)
		out = append(out, searched{
			r, r.ID, r.Title, x.cat.Source.Index, doc,
			func(s *text.Search) []text.Highlight { return text.HighlightsOfSource(r.Title, r.Text, s) },
		})
	}
	return out
}

func (x *seeing) search() (list []entry, all []any) {
	search := x.q.Search
	if search.ID == "" {
		return nil, nil
	}
	records := x.searchable()
	if len(search.Words) > text.MaxQueryWords {
		counts := make([]int, len(search.Words))
		for i := range counts {
			for j := range records {
				if records[j].doc.Exact(&search.Words[i]) {
					counts[i]++
				}
			}
		}
		search = search.Rarest(counts)
	}
	for round := 1; round <= 3 && len(list) == 0; round++ {
		for i := range records {
			r := &records[i]
			score, hit := r.doc.Match(&search, round)
			if !hit || !x.q.Types.Has(r.typ) {
				continue
			}
			all = append(all, r.record)
			e := entry{node: r.record, keys: []kg.Value{
				kg.IntValue(int64(score)),
				{Kind: kg.String, Str: text.SortKey(r.name)},
				kg.StringValue(r.id),
			}}
			e.edge.Weight = int64(score)
			if x.q.Root.Want.Highlight {
				e.edge.Highlights = plan.Highlights(r.show(&search))
			}
			list = append(list, e)
		}
	}
	return list, all
}

func (x *seeing) stats() *kg.Stats {
	s := &kg.Stats{Sources: int64(len(x.sources))}
	for _, t := range x.cat.Types {
		b := kg.Bucket{Key: t.Enum}
		for _, n := range x.nodes {
			if n.Type == t.Enum {
				b.Count++
			}
		}
		s.Entities = append(s.Entities, b)
	}
	for _, k := range x.cat.Kinds {
		b := kg.Bucket{Key: k.Name}
		for _, l := range x.stand() {
			if l.Kind == k.Name {
				b.Count++
			}
		}
		s.Links = append(s.Links, b)
	}
	for _, l := range x.links {
		if len(sourcesOf(l)) == 0 {
			s.LinksWithoutEvidence++
		}
		if l.Standing() == kg.Refuted {
			s.RefutedLinks++
		}
		for _, e := range l.Evidence {
			if e.Verified == nil || !*e.Verified {
				s.UnverifiedExcerpts++
			}
		}
	}
	return s
}

// Check finds nothing: what is in memory is as it was written.
func (o *Oracle) Check(context.Context, func(store.Damage) error) (store.Checked, error) {
	return store.Checked{Sources: len(o.sources), Nodes: len(o.nodes), Links: len(o.links)}, nil
}

// Repair has nothing to mend.
func (o *Oracle) Repair(ctx context.Context, f func(store.Damage) error) (store.Checked, error) {
	return o.Check(ctx, f)
}
