package graph

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// This file writes an answer's bytes from the tables of lookahead.go and the store's result. What the generated
// executor would do field by field, with a goroutine, a context and a boxed value for each, is one walk here.

// place is what the fields of an object read from. Which parts are set depends on the object.
type place struct {
	row    *kg.Row     // of a record
	sel    *plan.Sel   // what row's values and kids are
	page   *kg.Page    // of a connection, edge or page info
	field  *plan.Field // what page answers
	edge   *kg.Edge
	bucket *kg.Bucket
	stats  *kg.Stats
	facet  int // index into page.Facets
	// of lists that are no part of a page
	items   []string
	buckets []kg.Bucket
	// of traced answers
	tree tree
	cell *cell
}

// answer is the answer to one root field.
type answer struct {
	res      *kg.Result
	query    *plan.Query
	err      error
	question *question // of traced answers
	tree     tree
	explain  *explaining // nil when nobody asked
}

// writer writes one operation.
type writer struct {
	buf     []byte
	cat     *catalog.Catalog
	answers []answer
	vars    map[string]any
	today   kg.Day
	errs    []*gqlerror.Error
	way     []step
	present func(error, ast.Path) *gqlerror.Error
	// most is how many bytes the answer may have, counted up to of them so far, and budget what they are held against.
	most, counted int
	// introspected are the answers to fields that ask for the schema, by key.
	introspected map[string]json.RawMessage
	budget       *budget.Budget
	// mostErrors is how many errors an answer lists.
	mostErrors int
}

// step is one element of the way to what is being written: only errors need it, so it is kept and not passed.
type step struct {
	key   string
	index int // when key is ""
}

// countFrom is how long an answer is at least before it is counted.
const countFrom = 64 << 10

// unwritable ends the writing of an answer that is too large.
type unwritable struct{ err error }

// count counts an answer that has grown, and ends it when it is too large. It is called wherever a document can multiply what
// the store holds.
func (w *writer) count(size int) {
	if size > w.counted {
		w.grown(size)
	}
}

func (w *writer) grown(size int) {
	if w.most > 0 && size > w.most {
		panic(unwritable{kg.Errorf(kg.CostLimit, "the answer has more than %d bytes; ask for smaller pages or fewer fields", w.most)})
	}
	// a buffer grows by doubling, and the one before it is garbage for a while
	if err := w.budget.Hold(int64(3 * (size - w.counted))); err != nil {
		panic(unwritable{err})
	}
	w.counted = size
	if next := size + size/2; w.most == 0 || next < w.most {
		w.counted = next
	} else {
		w.counted = w.most
	}
}

// whole writes the answer, null where a field that may not be null is; its error is that of an answer that is too large.
func (w *writer) whole(o *object) (err error) {
	defer func() {
		if p := recover(); p != nil {
			u, ok := p.(unwritable)
			if !ok {
				panic(p)
			}
			err = u.err
		}
	}()
	if w.counted = countFrom; w.most > 0 {
		w.counted = min(w.counted, w.most)
	}
	start := len(w.buf)
	if !w.object(o, &place{}) {
		w.buf = append(w.buf[:start], "null"...)
	}
	w.count(len(w.buf))
	return nil
}

func (w *writer) path() ast.Path {
	path := make(ast.Path, len(w.way))
	for i, s := range w.way {
		path[i] = ast.PathIndex(s.index)
		if s.key != "" {
			path[i] = ast.PathName(s.key)
		}
	}
	return path
}

func (w *writer) push(key string) { w.way = append(w.way, step{key: key}) }

func (w *writer) pop() { w.way = w.way[:len(w.way)-1] }

// fail reports an error of the field with this key.
func (w *writer) fail(key string, err error) {
	w.push(key)
	if len(w.errs) < w.mostErrors {
		w.errs = append(w.errs, w.present(err, w.path()))
	}
	w.pop()
}

// object writes an object, or reports false when a field that may not be null is: then nothing of it is kept
// (GraphQL spec section 6.4.4).
func (w *writer) object(o *object, p *place) bool {
	start, whole := len(w.buf), true
	w.buf = append(w.buf, '{')
	buf := w.buf // the field is written for others only: it costs more than a variable
	for i := range o.outs {
		x := &o.outs[i]
		key := x.quoted
		if i == 0 {
			key = key[1:]
		}
		buf = append(buf, key...)
		if v := x.plain(p); v != nil {
			w.count(len(buf) + len(v.Str)) // before it is written: the text of a source may be large
			buf = text.AppendJSON(buf, v.Str)
			continue
		}
		w.buf = buf
		if w.value(o, x, p) {
			buf = w.buf
			continue
		}
		buf = append(buf, "null"...)
		whole = whole && !x.nonNull // the fields behind it may have errors to tell as well
	}
	w.buf = buf
	if !whole {
		w.buf = w.buf[:start]
		return false
	}
	w.buf = append(w.buf, '}')
	return true
}

// plain is the text that a field is, as most are; nil when it is something else.
func (x *out) plain(p *place) (v *kg.Value) {
	switch x.op {
	case opProp:
		v = &p.row.Vals[x.index]
	case opLinkProp:
		v = &p.edge.Link.Vals[x.index]
	default:
		return nil
	}
	if v.Kind != kg.String {
		return nil
	}
	return v
}

// sentence says a link, and reports whether its kind is known.
func (x *out) sentence(w *writer, row *kg.Row) (string, bool) {
	k, s := stated(w.cat, func(i int) string { return row.Vals[x.more[i]].Str })
	if k == nil {
		return "", false
	}
	return k.Sentence(&s, w.today), true
}

// statementProps are the properties of a link that its sentence is made of.
var statementProps = [...]string{"kind", "role", catalog.FromName, catalog.ToName, "standing", "since", "until"}

// stated puts together what a link says, and finds its kind, nil when it is unknown; at reads statementProps.
func stated(cat *catalog.Catalog, at func(i int) string) (*catalog.Kind, catalog.Statement) {
	standing, _ := kg.ParseStanding(at(4))
	return cat.Kind(at(0)), catalog.Statement{
		From: at(2), To: at(3), Role: at(1), Since: kg.PartialDate(at(5)), Until: kg.PartialDate(at(6)), Standing: standing,
	}
}

// null reports a null where none may be; the field that may be null above it becomes so.
func (w *writer) null(x *out) bool {
	if x.nonNull {
		w.fail(x.key, kg.Errorf(kg.Internal, "%s has no value", x.field.Name))
	}
	return false
}

// value writes what a field has; false means null.
func (w *writer) value(o *object, x *out, p *place) bool {
	switch x.op {
	case opTypename:
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, o.name...)
		w.buf = append(w.buf, '"')
		return true
	case opRoot:
		return w.root(x)
	case opIntrospection:
		raw := w.introspected[x.key]
		if len(raw) == 0 || string(raw) == "null" {
			return w.null(x)
		}
		w.buf = append(w.buf, raw...)
		w.count(len(w.buf))
		return true
	case opConst:
		w.buf = append(w.buf, x.text...)
		return true
	case opLimits:
		return w.child(x, p)
	case opProp:
		return w.scalar(&p.row.Vals[x.index]) || w.null(x)
	case opSentence:
		s, ok := x.sentence(w, p.row)
		if !ok {
			return w.null(x)
		}
		w.buf = text.AppendJSON(w.buf, s)
		return true
	case opPublished:
		s := x.published(p.row)
		if s == "" {
			return w.null(x)
		}
		w.buf = text.AppendJSON(w.buf, s)
		return true
	case opExternalIDs:
		items := place{items: p.row.Vals[x.index].Items()}
		return w.list(x, len(items.items)/3, &items)
	case opPage:
		f := p.sel.Kids[x.index]
		return w.child(x, &place{page: &p.row.Kids[x.index], field: f})
	case opTotal:
		w.buf = strconv.AppendInt(w.buf, p.row.Kids[x.index].Total, 10)
		return true
	case opRecord:
		kid := &p.row.Kids[x.index]
		if len(kid.Edges) == 0 {
			return w.null(x)
		}
		return w.only(x, &kid.Edges[0].Node, p.sel.Kids[x.index].Node) || w.null(x)
	}
	return w.listValue(x, p)
}

// listValue writes fields of connections, edges, pages, facets and the rest.
func (w *writer) listValue(x *out, p *place) bool {
	switch x.op {
	case opEdges:
		return w.list(x, len(p.page.Edges), p)
	case opNodes:
		return w.list(x, len(p.page.Edges), p)
	case opPageInfo:
		return w.child(x, p)
	case opTotalCount:
		w.buf = strconv.AppendInt(w.buf, p.page.Total, 10)
	case opFacets:
		first, n := facetGroup(p.field, x.index)
		return w.list(x, n, &place{page: p.page, field: p.field, facet: first})
	case opCursor:
		w.cursor(p.field, p.edge)
	case opNode:
		return w.only(x, &p.edge.Node, p.field.Node) || w.null(x)
	case opLink:
		return w.child(x, &place{row: &p.edge.Link, sel: p.field.Link})
	case opLinkProp:
		return w.scalar(&p.edge.Link.Vals[x.index])
	case opDirection:
		w.buf = append(w.buf, direction(p.edge)...)
	case opWeight:
		w.buf = strconv.AppendInt(w.buf, p.edge.Weight, 10)
	case opScore:
		w.buf = appendFloat(w.buf, score(p.edge))
	case opHighlight:
		w.buf = text.AppendJSON(w.buf, p.edge.Text)
	case opBecause:
		n, err := becauseN(w.cat.Schema, x.field, w.vars)
		if err != nil {
			w.fail(x.key, err)
			return false
		}
		return w.list(x, min(n, len(p.edge.Because)), p)
	case opHasNext:
		w.buf = strconv.AppendBool(w.buf, p.page.HasNext)
	case opHasPrev:
		w.buf = strconv.AppendBool(w.buf, p.page.HasPrev)
	case opStart, opEnd:
		if len(p.page.Edges) == 0 {
			return false
		}
		i := 0
		if x.op == opEnd {
			i = len(p.page.Edges) - 1
		}
		w.cursor(p.field, &p.page.Edges[i])
	default:
		return w.small(x, p)
	}
	return true
}

// small writes fields of facets, buckets, external ids and the statistics.
func (w *writer) small(x *out, p *place) bool {
	switch x.op {
	case opBy:
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, facetName(p.field.Want.Facets[p.facet].By)...)
		w.buf = append(w.buf, '"')
	case opBuckets:
		in := place{buckets: p.page.Facets[p.facet].Buckets, sel: p.field.Want.Facets[p.facet].Node}
		return w.list(x, len(in.buckets), &in)
	case opKey:
		w.buf = text.AppendJSON(w.buf, p.bucket.Key)
	case opCount:
		w.buf = strconv.AppendInt(w.buf, p.bucket.Count, 10)
	case opEntity:
		if p.bucket.Entity.Type == 0 {
			return false
		}
		return w.only(x, &p.bucket.Entity, p.sel)
	case opScheme:
		w.buf = text.AppendJSON(w.buf, p.items[0])
	case opValue:
		w.buf = text.AppendJSON(w.buf, p.items[1])
	case opURL:
		if p.items[2] == "-" {
			return false
		}
		w.buf = text.AppendJSON(w.buf, p.items[2])
	case opStatEntities:
		return w.list(x, len(p.stats.Entities), &place{buckets: p.stats.Entities})
	case opStatLinks:
		return w.list(x, len(p.stats.Links), &place{buckets: p.stats.Links})
	case opStatSources:
		w.buf = strconv.AppendInt(w.buf, p.stats.Sources, 10)
	case opStatUnevidenced:
		w.buf = strconv.AppendInt(w.buf, p.stats.LinksWithoutEvidence, 10)
	case opStatRefuted:
		w.buf = strconv.AppendInt(w.buf, p.stats.RefutedLinks, 10)
	case opStatUnverified:
		w.buf = strconv.AppendInt(w.buf, p.stats.UnverifiedExcerpts, 10)
	default:
		return w.traced(x, p)
	}
	return true
}

// traced writes a cell of a traced answer.
func (w *writer) traced(x *out, p *place) bool {
	c := p.tree[x.cell]
	switch {
	case x.op == opCell:
		return w.scalar(&c.value) || w.null(x)
	case x.list && x.op == opCellRecord:
		return w.list(x, len(c.rows), &place{cell: &c})
	case x.list:
		return w.list(x, len(c.trees), &place{cell: &c})
	case x.op == opCellRecord:
		return len(c.rows) > 0 && w.only(x, c.rows[0], c.sel) || w.null(x)
	}
	return len(c.trees) > 0 && w.child(x, &place{tree: c.trees[0]}) || w.null(x)
}

// root writes the answer of a root field.
func (w *writer) root(x *out) bool {
	a := &w.answers[x.index]
	if a.explain != nil {
		began := time.Now()
		defer func() { a.explain.write = time.Since(began) }()
	}
	if a.err != nil {
		w.fail(x.key, a.err)
		return false
	}
	for _, err := range a.corrupt() {
		w.fail(x.key, err)
	}
	p := rootPlace(a)
	if a.question != nil {
		return w.child(x, &p)
	}
	switch a.query.Start {
	case plan.ByIDs:
		return w.list(x, len(a.res.Edges), &p)
	case plan.ByID, plan.ByRef:
		return len(a.res.Edges) > 0 && w.only(x, &a.res.Edges[0].Node, a.query.Root.Node)
	}
	return w.child(x, &p)
}

// corrupt are the errors of an answer of which some is left out.
func (a *answer) corrupt() []error {
	if a.res == nil {
		return nil
	}
	return a.res.Corrupt
}

func rootPlace(a *answer) place {
	if a.question != nil {
		return place{tree: a.tree}
	}
	return place{page: &a.res.Page, field: &a.query.Root, stats: a.res.Stats}
}

// record writes a record by its type; false when there is none.
func (w *writer) record(x *out, row *kg.Row, sel *plan.Sel) bool {
	o := x.objs.of(row.Type)
	return row.Type != 0 && o != nil && w.object(o, &place{row: row, sel: sel})
}

// only writes the record a field leads to, with the field on the way.
func (w *writer) only(x *out, row *kg.Row, sel *plan.Sel) bool {
	w.push(x.key)
	ok := w.record(x, row, sel)
	w.pop()
	return ok
}

// child writes the object a field leads to, with the field on the way.
func (w *writer) child(x *out, p *place) bool {
	w.push(x.key)
	ok := w.object(x.objs.one, p)
	w.pop()
	return ok
}

// list writes a list of n items of p. Where items may not be null and one is, the list is.
func (w *writer) list(x *out, n int, p *place) bool {
	start, depth := len(w.buf), len(w.way)
	w.buf = append(w.buf, '[')
	w.way = append(w.way, step{key: x.key}, step{})
	defer func() { w.way = w.way[:depth] }()
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.way[depth+1].index = i
		w.count(len(w.buf))
		if w.item(x, i, p) {
			continue
		}
		if x.op != opRoot { // of the lists there are, only that of `nodes` has items that may be null
			w.buf = w.buf[:start]
			return false
		}
		w.buf = append(w.buf, "null"...)
	}
	w.buf = append(w.buf, ']')
	return true
}

// item writes one item of a list.
func (w *writer) item(x *out, i int, p *place) bool {
	switch x.op {
	case opNodes, opRoot:
		return w.record(x, &p.page.Edges[i].Node, p.field.Node)
	case opEdges:
		return w.object(x.objs.one, &place{page: p.page, field: p.field, edge: &p.page.Edges[i]})
	case opBecause:
		return w.object(x.objs.one, &place{row: &p.edge.Because[i], sel: p.field.Because})
	case opFacets:
		return w.object(x.objs.one, &place{page: p.page, field: p.field, facet: p.facet + i})
	case opExternalIDs:
		return w.object(x.objs.one, &place{items: p.items[3*i : 3*i+3]})
	case opCellRecord:
		return w.record(x, p.cell.rows[i], p.cell.sel)
	case opCellObject:
		return w.object(x.objs.one, &place{tree: p.cell.trees[i]})
	}
	return w.object(x.objs.one, &place{bucket: &p.buckets[i], sel: p.sel})
}

// scalar writes a property; false when it is null.
func (w *writer) scalar(v *kg.Value) bool {
	switch v.Kind {
	case kg.Null:
		return false
	case kg.String:
		w.buf = text.AppendJSON(w.buf, v.Str)
	case kg.Int:
		w.buf = strconv.AppendInt(w.buf, v.Int, 10)
	case kg.Float:
		w.buf = appendFloat(w.buf, v.Float())
	case kg.Bool:
		w.buf = strconv.AppendBool(w.buf, v.Int == 1)
	case kg.List:
		w.buf = append(w.buf, '[')
		for i, s := range v.Items() {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.buf = text.AppendJSON(w.buf, s)
		}
		w.buf = append(w.buf, ']')
	}
	return true
}

// appendFloat writes a number as the generated executor does.
func appendFloat(dst []byte, f float64) []byte { return fmt.Appendf(dst, "%g", f) }

// cursor writes an edge's cursor; base64url needs no escaping.
func (w *writer) cursor(f *plan.Field, e *kg.Edge) {
	w.buf = append(w.buf, '"')
	w.buf = plan.AppendCursor(w.buf, f.Binding, e.Keys)
	w.buf = append(w.buf, '"')
}

func direction(e *kg.Edge) string {
	if e.Out {
		return `"OUTGOING"`
	}
	return `"INCOMING"`
}

func score(e *kg.Edge) float64 { return float64(e.Weight) / 100 }

// facetGroup is which of a page's facets a facets field asked for.
func facetGroup(f *plan.Field, group int) (first, n int) {
	first = -1
	for i, w := range f.Want.Facets {
		if w.Group == group {
			if first < 0 {
				first = i
			}
			n++
		}
	}
	return first, n
}

func quote(s string) string { return string(text.AppendJSON(nil, s)) }

// published says who published a source and when, as far as it is known.
func (x *out) published(row *kg.Row) string {
	by, on := row.Vals[x.more[0]].Str, row.Vals[x.more[1]].Str
	if by != "" && on != "" {
		return by + ", " + on
	}
	return by + on
}
