package neo4jstore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// answer says how a statement's records are read.
type answer struct {
	// refs: the only record is [candidates of each ref], [rows]; otherwise each record is a row.
	refs bool
	// empty: there is nothing to ask for.
	empty bool
	// candidates: a row begins with id, type, name, and several rows are an ambiguous name.
	candidates bool
	record     [classes]*record // of a row of ByID, ByIDs, ByRef, by class
	piece      *evidence        // of a row of evidence
	page       *page            // of the row of Everything and Search
}

// reader says how a column becomes a value.
type reader uint8

const (
	readNothing reader = iota // the type has no such property
	readType                  // from the row's type
	readText
	readDate
	readInt
	readFloat
	readBool
	readTime
	readList // of texts
	// readSourceText reads the id of a source whose text is wanted: see Store.fillTexts.
	readSourceText
)

type prop struct {
	how    reader
	column int
	name   string
	must   bool // every record of ours has it
	own    bool // not every type has it
}

// record is how a row's columns become a record.
type record struct {
	typ        uint8
	typeColumn int // of the type's index, plus 1; 0 when typ says it
	idColumn   int // of its id, plus 1; 0 when it was not asked for
	props      []prop
	children   []*page // nil: never applies
}

// id returns the id of a record from its columns.
func (r *record) id(cols []any) any {
	if r.idColumn > 0 {
		return cols[r.idColumn-1]
	}
	return "not asked for"
}

// page is how a column becomes a page.
type page struct {
	on       catalog.TypeSet
	column   int
	count    bool // the column is the total
	never    bool // there is nothing
	one      bool // the column is the only record
	boxed    bool // … in a list
	evidence *evidence
	parts    bool // the column is [rows, total, …], otherwise it is the rows
	rows     bool
	// columns of the parts; -1 for none
	total, prev, next int
	facets            []facet
	// columns of a row
	out, weight   int
	outward       bool
	node, link    *record
	source        *record // where the node may be a source too
	sourceColumn  int     // of whether it is, plus 1
	keys          []int   // the columns of a cursor's keys
	because       *record
	becauseColumn int
	textColumn    int      // of the texts that highlights are taken from, plus 1
	textProps     []string // which properties they end with
}

type bucketKey uint8

const (
	bucketText bucketKey = iota
	bucketYear
	bucketType
)

type facet struct {
	by     plan.FacetBy
	read   bucketKey
	entity *record
	source *record // of a list of one, the third column
}

// evidence is how the lists on a link become pages of evidence.
type evidence struct {
	column        int
	lists         [len(evidenceColumns)]int
	sources, link int
	dates         int // of the pieces' sources, as order keys; null where all are of one source
	props         []pieceProp
	children      []*page
}

// pieceProp is a property of a piece of evidence.
type pieceProp uint8

const (
	pieceNothing pieceProp = iota
	pieceID
	pieceExcerpt
	piecePrefix
	pieceSuffix
	pieceStance
	pieceVerified
	pieceStart
	pieceEnd
)

func pieceOf(name string) pieceProp {
	switch name {
	case "id":
		return pieceID
	case "excerpt":
		return pieceExcerpt
	case "prefix":
		return piecePrefix
	case "suffix":
		return pieceSuffix
	case "stance":
		return pieceStance
	case "verified":
		return pieceVerified
	case "start":
		return pieceStart
	case "end":
		return pieceEnd
	}
	return pieceNothing
}

// decoder turns the driver's values into a result. What it cannot read was written by somebody else: see
// Result.Corrupt.
type decoder struct {
	corrupt []error
	cat     *catalog.Catalog
	rows    int
	maxRows int
	vals    []kg.Value
	search  *text.Search // what was searched for
	texts   []wantedText
	owner   any // the id of the record whose evidence is read
}

// wantedText is a value that the text of a source is to be.
type wantedText struct {
	source string
	to     *kg.Value
}

// fault is how reading ends early.
type fault struct{ err error }

func (d *decoder) fail(err error) { panic(fault{err}) }

// spend counts a row against the plan's bound.
func (d *decoder) spend() {
	if d.rows++; d.maxRows > 0 && d.rows > d.maxRows {
		d.fail(kg.Errorf(kg.CostLimit, "the answer has more than %d entries; ask for smaller pages or fewer levels",
			d.maxRows))
	}
}

// values takes n values from a slab, so that small records do not cost an allocation each.
func (d *decoder) values(n int) []kg.Value {
	if n > len(d.vals) {
		d.vals = make([]kg.Value, max(n, 128))
	}
	v := d.vals[:n:n]
	d.vals = d.vals[n:]
	return v
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

func asInt(v any) int64 {
	n, _ := v.(int64)
	return n
}

// asTime is the instant of a property, or none where it is missing.
func asTime(v any) kg.Time {
	ms, ok := v.(int64)
	if !ok {
		return 0
	}
	return kg.TimeAt(ms)
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

// value reads a property. It reports false for a value that is not of its kind.
func value(v any, how reader) (kg.Value, bool) {
	switch x := v.(type) {
	case nil:
		if how == readList {
			return kg.Value{Kind: kg.List}, true
		}
		return kg.Value{}, true
	case string:
		if how == readDate {
			if _, err := kg.ParseDate(x); err != nil {
				return kg.Value{}, false
			}
		}
		return kg.StringValue(x), how == readText || how == readDate
	case int64:
		switch how {
		case readTime:
			return kg.TimeValue(kg.TimeAt(x)), true
		case readFloat:
			return kg.FloatValue(float64(x)), true
		}
		return kg.IntValue(x), how == readInt
	case float64:
		return kg.FloatValue(x), how == readFloat
	case bool:
		return kg.BoolValue(x), how == readBool
	case []any:
		for _, item := range x {
			if _, ok := item.(string); !ok {
				return kg.Value{Kind: kg.List}, false
			}
		}
		return kg.Value{Kind: kg.List, Str: joined(x)}, how == readList
	}
	return kg.Value{}, false
}

// mostCorrupt is how many errors a result has at most for what is not ours in it.
const mostCorrupt = 20

// damaged notes a property that cannot be read.
func (d *decoder) damaged(typ uint8, id any, name string) {
	if len(d.corrupt) == mostCorrupt {
		return
	}
	what := "record"
	if t := d.cat.TypeAt(typ); t != nil {
		what = strings.ToLower(t.Enum)
	}
	d.corrupt = append(d.corrupt, kg.Wrap(kg.Corrupt, fmt.Errorf("the id is %v", id),
		"%s of %s %s in this answer holds what this program does not write; the server's log has its id: %s", name, article(what), what, remedy))
}

// article is the indefinite article of a word.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiou") {
		return "an"
	}
	return "a"
}

func joined(items []any) string {
	if len(items) == 1 {
		return asString(items[0])
	}
	var b strings.Builder
	for i, x := range items {
		if i > 0 {
			b.WriteByte(0)
		}
		b.WriteString(asString(x))
	}
	return b.String()
}

// record reads a record; its type is 0 when the columns hold none. It reports false, and the type is 0 too, for one
// without something that every record of ours has.
func (d *decoder) record(row *kg.Row, r *record, sel *plan.Sel, cols []any) (whole bool) {
	row.Type = r.typ
	if r.typeColumn > 0 {
		row.Type = uint8(asInt(cols[r.typeColumn-1]))
		if row.Type == 0 {
			return true
		}
	}
	d.spend()
	if sel == nil {
		return true
	}
	whole = true
	if len(r.props) > 0 {
		vals := d.values(len(r.props))
		for i, p := range r.props {
			switch p.how {
			case readNothing:
			case readType:
				vals[i] = kg.Value{Kind: kg.String, Str: d.cat.TypeAt(row.Type).Enum}
			case readSourceText:
				if id, ok := cols[p.column].(string); ok {
					d.texts = append(d.texts, wantedText{id, &vals[i]})
				}
			default:
				v, ok := value(cols[p.column], p.how)
				if vals[i] = v; ok && (v.Kind != kg.Null || !p.must || p.own &&
					d.cat.TypeAt(row.Type).Prop(p.name) == nil) {
					continue
				}
				vals[i] = kg.Value{}
				d.damaged(row.Type, r.id(cols), p.name)
				whole = whole && !p.must
			}
		}
		row.Vals = vals
	}
	if len(r.children) > 0 {
		row.Children = make([]kg.Page, len(r.children))
		for i, k := range r.children {
			if k != nil && k.on.Has(row.Type) {
				d.owner = r.id(cols)
				whole = d.page(&row.Children[i], k, sel.Children[i], cols[k.column]) && whole
			}
		}
	}
	if !whole {
		row.Type = 0
	}
	return whole
}

// page reads a page. It reports false when the only record of one is not whole.
func (d *decoder) page(out *kg.Page, p *page, f *plan.Field, col any) bool {
	switch {
	case p.never:
		if len(f.Want.Facets) > 0 {
			out.Facets = make([]kg.Facet, len(f.Want.Facets))
		}
		return true
	case p.count:
		out.Total = asInt(col)
		return true
	case p.evidence != nil:
		d.evidence(out, p.evidence, f, col)
		return true
	case p.one:
		cols := asList(col)
		if p.boxed && cols != nil {
			cols = asList(cols[0])
		}
		if cols != nil {
			out.Edges = make([]kg.Edge, 1)
			return d.record(&out.Edges[0].Node, p.node, f.Node, cols)
		}
		return true
	}
	rows := asList(col)
	if p.parts {
		parts := rows
		at := 0
		rows = nil
		if p.rows {
			rows = asList(parts[0])
			at = 1
		}
		if p.total >= 0 {
			out.Total = asInt(parts[p.total])
			at++
		}
		if p.prev >= 0 {
			out.HasPrev, _ = parts[p.prev].(bool)
			at++
		}
		if p.next >= 0 {
			out.HasNext, _ = parts[p.next].(bool)
			at++
		}
		if len(p.facets) > 0 {
			out.Facets = make([]kg.Facet, len(p.facets))
			for i := range p.facets {
				out.Facets[i].Buckets = d.buckets(&p.facets[i], f.Want.Facets[i].Node, asList(parts[at+i]))
			}
		}
	}
	if f.Want.More && len(rows) > f.Page.N {
		rows = rows[:f.Page.N]
		if f.Page.Backward {
			out.HasPrev = true
		} else {
			out.HasNext = true
		}
	}
	if !f.Want.Rows {
		return true
	}
	out.Edges = make([]kg.Edge, 0, len(rows))
	for i := range rows {
		if f.Page.Backward {
			i = len(rows) - 1 - i
		}
		var e kg.Edge
		if d.edge(&e, p, f, asList(rows[i])) {
			out.Edges = append(out.Edges, e)
		}
	}
	return true
}

// edge reads an edge. It reports false when a record of it is not whole.
func (d *decoder) edge(e *kg.Edge, p *page, f *plan.Field, cols []any) bool {
	whole := true
	e.Out = p.outward
	if p.out >= 0 {
		e.Out, _ = cols[p.out].(bool)
	}
	if p.weight >= 0 {
		e.Weight = asInt(cols[p.weight])
	}
	if p.node != nil {
		r := p.node
		if p.sourceColumn > 0 && cols[p.sourceColumn-1] == true {
			r = p.source
		}
		whole = d.record(&e.Node, r, f.Node, cols)
	}
	if p.link != nil {
		whole = d.record(&e.Link, p.link, f.Link, cols) && whole
	}
	if len(p.keys) > 0 {
		e.Keys = d.values(len(p.keys))
		for i, column := range p.keys {
			switch x := cols[column].(type) {
			case string:
				e.Keys[i] = kg.Value{Kind: kg.String, Str: x}
			case int64:
				e.Keys[i] = kg.IntValue(x)
			}
		}
	}
	if p.textColumn > 0 {
		if all := asList(cols[p.textColumn-1]); len(all) == sourceTexts {
			e.Highlights = plan.Highlights(text.HighlightsOfSource(asString(all[0]), asString(all[1]), d.search))
		} else {
			e.Highlights = plan.Highlights(text.Highlights(p.searched(all), d.search))
		}
	}
	if p.because != nil {
		links := asList(cols[p.becauseColumn])
		e.Because = make([]kg.Row, 0, len(links))
		for i := range links {
			var row kg.Row
			if d.record(&row, p.because, f.Because, asList(links[i])) {
				e.Because = append(e.Because, row)
			}
		}
	}
	return whole
}

func (d *decoder) buckets(f *facet, sel *plan.Sel, rows []any) []kg.Bucket {
	out := make([]kg.Bucket, len(rows))
	for i := range rows {
		cols := asList(rows[i])
		b := &out[i]
		b.Count = asInt(cols[1])
		switch f.read {
		case bucketText:
			b.Key = asString(cols[0])
		case bucketYear:
			b.Key = fmt.Sprintf("%04d", asInt(cols[0]))
		case bucketType:
			if t := d.cat.TypeAt(uint8(asInt(cols[0]))); t != nil {
				b.Key = t.Enum
			}
		}
		if f.entity != nil {
			d.record(&b.Node, f.entity, sel, cols)
		}
		if f.source != nil {
			for _, row := range asList(cols[2]) { // none when the source is gone
				d.record(&b.Node, f.source, sel, asList(row))
			}
		}
	}
	if f.read == bucketType {
		slices.SortFunc(out, func(a, b kg.Bucket) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count),
				strings.Compare(a.Key, b.Key))
		})
	}
	return out
}

// quoted is evidence as records carry it, in columns, with the id of its link.
type quoted struct {
	*evidence
	cols []any
	link string
}

// at is an item of one of the lists, "" when the link has no such list.
func (p *quoted) at(list, i int) string {
	if list < 0 {
		return ""
	}
	items := asList(p.cols[list])
	if i >= len(items) {
		return ""
	}
	return asString(items[i])
}

func (p *quoted) id(i int) string {
	return kg.EvidenceID(p.link, &kg.Evidence{
		Source: p.at(p.sources, i), Excerpt: p.at(p.lists[0], i), Prefix: p.at(p.lists[1], i), Suffix: p.at(p.lists[2],
			i), Stance: p.at(p.lists[3], i),
	})
}

// piecePlace is a piece by where it is stored, and its place among all of the link, oldest first.
type piecePlace struct{ index, place int }

// oldestFirst lists n pieces in order, those with a stance alone unless it is "".
func (p *quoted) oldestFirst(n int, stance string) []piecePlace {
	list := make([]piecePlace, n)
	for i := range list {
		list[i] = piecePlace{i, i}
	}
	if p.dates >= 0 && p.cols != nil {
		if dates := asList(p.cols[p.dates]); len(dates) == n {
			age := func(x piecePlace) int64 {
				if key, known := dates[x.index].(int64); known {
					return key
				}
				return plan.EvidenceOrder("")
			}
			slices.SortStableFunc(list, func(a, b piecePlace) int { return cmp.Compare(age(a), age(b)) })
			for i := range list {
				list[i].place = i
			}
		}
	}
	if stance != "" {
		list = slices.DeleteFunc(list, func(x piecePlace) bool { return p.at(p.lists[3], x.index) != stance })
	}
	return list
}

// pieces reads the lists that a link's evidence is made of. It takes in none of them where they do not fit together.
func (d *decoder) pieces(e *evidence, col any) (p quoted, n int) {
	p = quoted{evidence: e, cols: asList(col)}
	if p.cols == nil {
		return p, 0
	}
	id := d.owner
	if e.link >= 0 {
		id = p.cols[e.link]
		p.link = asString(id)
	}
	n = len(asList(p.cols[e.lists[0]]))
	fits := e.sources < 0 || fitting(p.cols[e.sources], n, false)
	for i, column := range e.lists {
		fits = fits && (column < 0 || fitting(p.cols[column], n, i >= len(e.lists)-2))
	}
	for _, k := range e.children { // the pieces' sources
		fits = fits && (k == nil || k.link != nil || len(asList(p.cols[k.column])) == n)
	}
	if !fits {
		d.damaged(d.cat.Link.Index, id, "evidence")
		n = 0
	}
	return p, n
}

// fitting reports whether a list of a link's evidence has n items, places or texts, or is not there.
func fitting(v any, n int, places bool) bool {
	list, ok := v.([]any)
	if !ok || len(list) != n {
		return v == nil
	}
	for _, x := range list {
		if places {
			_, ok = x.(int64)
		} else {
			_, ok = x.(string)
		}
		if !ok {
			return false
		}
	}
	return true
}

// evidence reads a page of evidence.
func (d *decoder) evidence(out *kg.Page, e *evidence, f *plan.Field, col any) {
	p, n := d.pieces(e, col)
	if count, only := col.(int64); only {
		n = int(count)
	}
	list := p.oldestFirst(n, f.Stance)
	n = len(list)
	if f.Want.Total {
		out.Total = int64(n)
	}
	compare := func(i int, keys []kg.Value) int {
		return cmp.Or(cmp.Compare(int64(list[i].place), keys[0].Int), strings.Compare(p.id(list[i].index), keys[1].Str))
	}
	from, to := f.Page.Cut(n, compare)
	if f.Want.More {
		out.HasPrev, out.HasNext = from > 0, to < n
	}
	if !f.Want.Rows {
		return
	}
	out.Edges = make([]kg.Edge, 0, to-from)
	for i := from; i < to; i++ {
		var x kg.Edge
		if f.Node != nil && !d.piece(&x.Node, &p, list[i].index, f.Node) {
			d.damaged(d.cat.Link.Index, d.owner, "evidence")
			continue
		}
		if f.Want.Cursors {
			x.Keys = d.values(2)
			x.Keys[0], x.Keys[1] = kg.IntValue(int64(list[i].place)), kg.Value{
				Kind: kg.String,
				Str:  p.id(list[i].index),
			}
		}
		out.Edges = append(out.Edges, x)
	}
}

// piece reads one piece of evidence. It reports false where its source is not there, or not whole.
func (d *decoder) piece(row *kg.Row, p *quoted, i int, sel *plan.Sel) (whole bool) {
	d.spend()
	row.Type = d.cat.Evidence.Index
	if sel == nil {
		return true
	}
	whole = true
	if len(p.props) > 0 {
		row.Vals = d.values(len(p.props))
		for j, how := range p.props {
			switch how {
			case pieceNothing:
			case pieceID:
				row.Vals[j] = kg.StringValue(p.id(i))
			case pieceVerified:
				if s := p.at(p.lists[4], i); s != "" {
					row.Vals[j] = kg.BoolValue(s == "true")
				}
			case pieceStart, pieceEnd:
				if items := asList(p.cols[p.lists[how-pieceExcerpt]]); i < len(items) && asInt(items[i]) >= 0 {
					row.Vals[j] = kg.IntValue(asInt(items[i]))
				}
			default:
				row.Vals[j] = kg.StringValue(p.at(p.lists[how-pieceExcerpt], i))
			}
		}
	}
	if len(p.children) > 0 {
		row.Children = make([]kg.Page, len(p.children))
		for j, k := range p.children {
			if k == nil {
				continue
			}
			all := asList(p.cols[k.column])
			if k.link != nil { // it is the same for all pieces
				row.Children[j].Edges = make([]kg.Edge, 1)
				d.record(&row.Children[j].Edges[0].Node, k.link, sel.Children[j].Node, all)
			} else if i < len(all) {
				row.Children[j].Edges = make([]kg.Edge, 1)
				whole = d.record(&row.Children[j].Edges[0].Node, k.node, sel.Children[j].Node, asList(all[i])) && whole
			}
		}
	}
	return whole
}

// result reads the rows of an answer.
func (d *decoder) result(a *answer, q *plan.Query, rows []any) (res *kg.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fault)
			if !ok {
				f.err = kg.Wrap(kg.Internal, fmt.Errorf("unexpected answer: %v", r),
					"the graph holds something that this program did not write")
			}
			res, err = nil, f.err
		}
		if res != nil {
			res.Corrupt = d.corrupt
		}
	}()
	res = &kg.Result{}
	switch q.Start {
	case plan.Statistics:
		d.statistics(res, asList(rows[0]))
		return res, nil
	case plan.Everything, plan.EveryLink, plan.Search:
		if len(rows) > 0 {
			d.page(&res.Page, a.page, &q.Root, asList(rows[0])[0])
		} else if len(q.Root.Want.Facets) > 0 {
			res.Facets = make([]kg.Facet, len(q.Root.Want.Facets))
		}
		return res, nil
	case plan.ByRef:
		if a.candidates {
			return res, d.byRef(res, a, q, rows)
		}
	}
	ids := q.IDs
	if q.Start == plan.ByRef {
		ids = []string{q.Refs[0].ID}
	}
	res.Edges = make([]kg.Edge, 0, len(ids))
	found := make(map[string][]any, len(rows))
	for _, r := range rows {
		cols := asList(r)
		found[asString(cols[0])] = cols
	}
	for _, id := range ids {
		var e kg.Edge
		ok := d.byID(&e.Node, a, q, id, found)
		if ok || q.Start == plan.ByIDs {
			res.Edges = append(res.Edges, e)
		}
	}
	return res, nil
}

func (d *decoder) byID(row *kg.Row, a *answer, q *plan.Query, id string, found map[string][]any) bool {
	k := classOf(id)
	if k == pieces {
		cols := found[kg.EvidencePrefix+kg.LinkOfEvidence(id)]
		if cols == nil || a.piece == nil {
			return false
		}
		p, n := d.pieces(a.piece, cols[a.piece.column])
		for i := range n {
			if p.id(i) == id {
				return d.piece(row, &p, i, q.Root.Node)
			}
		}
		return false
	}
	cols := found[id]
	if cols == nil || a.record[k] == nil {
		return false
	}
	return d.record(row, a.record[k], q.Root.Node, cols) && row.Type != 0
}

func (d *decoder) byRef(res *kg.Result, a *answer, q *plan.Query, rows []any) error {
	// a source counts only where no entity has the name
	own := rows[:0:0]
	k := sources
	for _, r := range rows {
		if asInt(asList(r)[1]) != int64(d.cat.Source.Index) {
			own = append(own, r)
			k = entities
		}
	}
	if k == sources {
		own = rows
	}
	switch len(own) {
	case 0:
	case 1:
		var e kg.Edge
		if d.record(&e.Node, a.record[k], q.Root.Node, asList(own[0])) {
			res.Edges = []kg.Edge{e}
		}
	default:
		return wrongRef(d.cat, q.Refs, 0, own)
	}
	return nil
}

// wrongRef is the error for refs[i], which names these candidates, as compiler.candidate writes them, or nothing.
func wrongRef(cat *catalog.Catalog, refs []plan.Ref, i int, rows []any) error {
	if len(rows) == 0 {
		return plan.NamesNothing(i)
	}
	candidates, total := make([]kg.Candidate, len(rows)), 0
	for j := range rows {
		cols := asList(rows[j])
		candidates[j] = kg.Candidate{
			ID: asString(cols[0]), Name: asString(cols[2]), Description: asString(cols[3]),
			LinkCount: asInt(cols[4]),
		}
		total = int(asInt(cols[5]))
		if t := cat.TypeAt(uint8(asInt(cols[1]))); t != nil {
			candidates[j].Type = t.Enum
		}
	}
	return plan.Ambiguous(refs, i, total, candidates)
}

func (d *decoder) statistics(res *kg.Result, cols []any) {
	s := &kg.Stats{
		Sources: asInt(cols[2]), LinksWithoutEvidence: asInt(cols[3]), UnverifiedExcerpts: asInt(cols[4]),
		RefutedLinks: asInt(cols[5]),
	}
	for i, t := range d.cat.Types {
		s.Entities = append(s.Entities, kg.Bucket{Key: t.Enum, Count: asInt(asList(cols[0])[i])})
	}
	for i, k := range d.cat.Kinds {
		s.Links = append(s.Links, kg.Bucket{Key: k.Name, Count: asInt(asList(cols[1])[i])})
	}
	res.Stats = s
}

// texts are the strings of a list, those of lists in it included, without what is null.
func texts(items []any) []string {
	var out []string
	for _, x := range items {
		switch x := x.(type) {
		case string:
			out = append(out, x)
		case []any:
			out = append(out, texts(x)...)
		}
	}
	return out
}

// searched are the texts that highlights are taken from, as matcher.texts writes them.
func (p *page) searched(all []any) []text.Field {
	out := []text.Field{{Name: "name", Text: asString(all[0]), IsName: true}}
	for _, a := range asList(all[1]) {
		out = append(out, text.Field{Name: "aliases", Text: asString(a), IsName: true})
	}
	out = append(out, text.Field{Name: "description", Text: asString(all[2])})
	for i, name := range p.textProps {
		out = append(out, text.Field{Name: name, Text: asString(all[3+i])})
	}
	return out
}
