package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// This file says how an answer was made, for a request that asks: extensions.explain. It names what stands in the
// schema (types, kinds, fields) and how much there was, and never a value of the request or of the graph: an
// explanation can be shown to others, and logged.

// explaining is what is taken down about one root field.
type explaining struct {
	recorder           store.Recorder
	bind, store, write time.Duration
}

// explained is an explanation as it is written.
type explained struct {
	Plan         []string    `json:"plan"`
	Store        string      `json:"store"`
	Statements   []statement `json:"statements"`
	Walked       *walked     `json:"walked,omitempty"`
	RoundTrips   int         `json:"roundTrips"`
	Rows         int         `json:"rows"`
	Milliseconds struct {
		Plan  float64 `json:"plan"`
		Store float64 `json:"store"`
		Write float64 `json:"write"`
	} `json:"milliseconds"`
}

type statement struct {
	Text         string            `json:"text"`
	Parameters   map[string]string `json:"parameters"`
	Rows         int               `json:"rows"`
	Milliseconds float64           `json:"milliseconds"`
}

// walked is what the embedded store did in memory.
type walked struct {
	Note  string `json:"note"`
	Steps int    `json:"steps"`
}

const walkedNote = "this store walks an image of the graph in memory; " +
	"steps are the links and records it looked at there, statements only read excerpts"

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d.Microseconds())) / 1000
}

// explain writes the explanations of all root fields, by response key, in the order of the document.
func (e *Engine) explain(c *compiled, answers []answer) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // Cypher is full of < and >
	b.WriteString(`"explain":{`)
	for i, asked := range c.roots {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(asked.out.quoted[1:])
		if err := enc.Encode(e.explained(answers[i].root, &answers[i])); err != nil {
			b.WriteString("null")
			continue
		}
		b.Truncate(b.Len() - 1) // the encoder's line end
	}
	b.WriteString("}")
	return b.Bytes()
}

func (e *Engine) explained(root *root, a *answer) *explained {
	statements, w := a.explain.recorder.Taken()
	x := &explained{Store: e.opts.StoreKind, Statements: []statement{}, RoundTrips: len(statements)}
	x.Plan = (&describer{cat: e.opts.Catalog}).root(root, a)
	for _, s := range statements {
		x.Statements = append(x.Statements, statement{s.Text, s.Parameters, s.Rows, milliseconds(s.Duration)})
	}
	if w.Steps > 0 {
		x.Walked = &walked{walkedNote, w.Steps}
	}
	if a.res != nil {
		x.RoundTrips, x.Rows = a.res.RoundTrips, rowsOf(&a.res.Page)
	}
	x.Milliseconds.Plan, x.Milliseconds.Store, x.Milliseconds.Write = milliseconds(
		a.explain.bind,
	), milliseconds(
		a.explain.store,
	), milliseconds(
		a.explain.write,
	)
	return x
}

// rowsOf counts the records of a page and of all below it.
func rowsOf(p *kg.Page) (n int) {
	row := func(r *kg.Row) {
		if r.Type != 0 {
			n++
		}
		for i := range r.Children {
			n += rowsOf(&r.Children[i])
		}
	}
	for i := range p.Edges {
		row(&p.Edges[i].Node)
		row(&p.Edges[i].Link)
		for j := range p.Edges[i].Because {
			row(&p.Edges[i].Because[j])
		}
	}
	for i := range p.Facets {
		for j := range p.Facets[i].Buckets {
			row(&p.Facets[i].Buckets[j].Node)
		}
	}
	return n
}

// describer puts plans into words.
type describer struct {
	cat   *catalog.Catalog
	lines []string
}

func (d *describer) line(depth int, parts ...string) {
	d.lines = append(d.lines, strings.Repeat("  ", depth)+sentence(parts...))
}

// sentence joins the parts that are not empty.
func sentence(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}

func (d *describer) root(r *root, a *answer) []string {
	name, q := r.out.field.Name, a.query
	how := ""
	depth := 0
	if a.forbidden {
		d.line(0, name+": not asked, as it needs the role "+r.out.requires.String())
		return d.lines
	}
	switch {
	case a.question != nil:
		d.question(a.question)
		if a.question.base().kind.logged {
			d.later(r, a)
			return d.lines
		}
		name, how, depth = "records of the answer", "by id", 1
	case q.Start == plan.ByID:
		how = "one record by id"
	case q.Start == plan.ByIDs:
		how = fmt.Sprintf("%d records by id", len(q.IDs))
	case q.Start == plan.ByRef:
		how = "one of " + typeNames(d.cat, q.Types) + ", by " + named(&q.Refs[0])
	case q.Start == plan.Everything:
		how = "all of " + d.types(q.Types)
	case q.Start == plan.EveryLink:
		how = "all links, to " + d.types(q.Types)
	case q.Start == plan.Search:
		how = fmt.Sprintf(
			"full text of %d words among %s, best first",
			min(len(q.Search.Words), text.MaxQueryWords),
			d.types(q.Types),
		)
	case q.Start == plan.Statistics:
		how = "counts of everything"
	}
	d.field(depth, name+": "+how, r.follow, &q.Root)
	d.later(r, a)
	return d.lines
}

// later describes what is read when what it stands on is known.
func (d *describer) later(r *root, a *answer) {
	for i, l := range r.later {
		l.describe(d, 1, &a.asksLater[i])
	}
}

func (d *describer) types(s catalog.TypeSet) string {
	source := catalog.TypeSet(1) << d.cat.Source.Index
	switch {
	case s == source:
		return d.cat.Source.Enum
	case s.Has(d.cat.Source.Index):
		return typeNames(d.cat, s&^source) + " and " + d.cat.Source.Enum
	}
	return typeNames(d.cat, s)
}

// question describes a search over the graph.
func (d *describer) question(q question) {
	base := q.base()
	var by []string
	for i := range base.walk.Refs[:base.walk.Asked] {
		by = append(by, named(&base.walk.Refs[i]))
	}
	how, steps := q.describe(d)
	what := ": a search over the graph"
	switch {
	case base.kind.writes:
		what = ": a change, in a transaction of its own"
	case base.kind.logged:
		what = ": from the log of changes"
	}
	d.line(
		0,
		base.kind.name+what,
		d.where("entities given by ", strings.Join(by, ", ")),
		strings.Join(how, ", "),
		d.where("links where ", d.links(base.walk.Links)),
	)
	for _, s := range steps {
		d.line(1, s)
	}
}

func directions(out, in bool) string {
	switch {
	case out && in:
		return "either way"
	case out:
		return "outgoing"
	}
	return "incoming"
}

func (d *describer) where(word, what string) string {
	if what == "" {
		return ""
	}
	return word + what
}

// pageWords puts a page into words.
func pageWords(p *plan.Paging) string {
	words := "first " + strconv.Itoa(p.N)
	if p.Backward {
		words = "last " + strconv.Itoa(p.N)
	}
	if p.After != nil {
		words += " after a cursor"
	}
	if p.Before != nil {
		words += " before a cursor"
	}
	return words
}

// field describes what is followed, and what is wanted of it.
func (d *describer) field(depth int, head string, k *follow, f *plan.Field) {
	order := ""
	for _, o := range f.Order {
		for name, by := range orderNames {
			if by == o.By {
				if order += ", " + name; o.Desc {
					order += " descending"
				}
			}
		}
	}
	page := ""
	if k.page && (f.Want.Rows || f.Want.More) {
		page = pageWords(&f.Page)
	}
	extra := ""
	if f.Want.Total {
		extra = ", count"
	}
	for _, w := range f.Want.Facets {
		extra += ", facet " + facetName(w.By)
	}
	d.line(
		depth,
		head,
		d.where("where ", join(d.entities(f.Entities), d.links(f.Links))),
		d.where("by ", strings.TrimPrefix(order, ", ")),
		page,
		strings.TrimPrefix(extra, ", "),
		d.props("wants ", f.Node),
	)
	d.children(depth+1, k.node, f.Node)
	d.part(depth+1, "of the links between", k.link, f.Link)
	d.part(depth+1, "of the links it rests on", k.because, f.Because)
}

// part describes what is wanted of links that stand beside records.
func (d *describer) part(depth int, head string, s *selection, sel *plan.Sel) {
	if s == nil || sel == nil || len(sel.Props)+len(sel.Children) == 0 {
		return
	}
	d.line(depth, head, d.props("wants ", sel))
	d.children(depth+1, s, sel)
}

func (d *describer) props(word string, sel *plan.Sel) string {
	if sel == nil || len(sel.Props) == 0 {
		return ""
	}
	names := make([]string, len(sel.Props))
	for i, p := range sel.Props {
		switch names[i] = p.Name; p.Name {
		case catalog.FromName:
			names[i] = "name of its from"
		case catalog.ToName:
			names[i] = "name of its to"
		}
	}
	return word + strings.Join(names, ", ")
}

func (d *describer) children(depth int, s *selection, sel *plan.Sel) {
	if s == nil || sel == nil {
		return
	}
	for i, k := range s.children {
		f := sel.Children[i]
		head := k.at + ": "
		switch f.Follow {
		case plan.Links:
			head += "links " + d.kinds(f.Kinds) + ", " + directions(f.Out, f.In) + ", to " + typeNames(d.cat, f.Other)
		case plan.LinkCount:
			head += "number of links " + d.kinds(f.Kinds)
		case plan.Derived:
			head += "over chains of two links, to " + typeNames(d.cat, f.Other)
		case plan.From, plan.To:
			head += "the entity at that end"
		case plan.EvidenceOf:
			head += "evidence of the link"
			if f.Stance != "" {
				head += " that " + f.Stance
			}
		case plan.SourceOf:
			head += "source of the evidence"
		case plan.LinkOf:
			head += "link of the evidence"
		case plan.LinksOf:
			head += "links that rest on the source"
		}
		d.field(depth, head, k, f)
	}
}

func (d *describer) kinds(s catalog.KindSet) string {
	if s == d.cat.AllKinds() {
		return "of any kind"
	}
	return strings.Join(d.cat.KindNames(s), "/")
}

func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " and ")
}

// several describes alternatives: "(a or b)".
func several[F any](list []F, word string, each func(F) string) string {
	if list == nil {
		return ""
	}
	parts := make([]string, len(list))
	for i, f := range list {
		if parts[i] = each(f); parts[i] == "" {
			parts[i] = "anything"
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	return "(" + strings.Join(parts, word) + ")"
}

// entities describes which parts of a filter are set.
func (d *describer) entities(f *plan.EntityFilter) string {
	if f == nil {
		return ""
	}
	parts := []string{
		textParts("name", f.Name),
		textParts("text", f.Text),
		dateParts("date", f.Date),
		several(f.Or, " or ", d.entities),
	}
	if f.Types != nil {
		parts = append(parts, "type "+typeNames(d.cat, *f.Types))
	}
	if f.IDs != nil {
		parts = append(parts, fmt.Sprintf("one of %d ids", len(f.IDs)))
	}
	if f.ExternalIDs != nil {
		parts = append(parts, fmt.Sprintf("one of %d externalIds", len(f.ExternalIDs)))
	}
	if f.LinkCount != nil {
		parts = append(parts, "linkCount")
	}
	parts = append(parts, times(f.Created, f.Updated)...)
	for _, p := range f.Props {
		parts = append(parts, propParts(p))
	}
	if l := f.LinkedTo; l != nil {
		to := "linkedTo"
		if l.Kinds != nil {
			to += " by " + d.kinds(*l.Kinds)
		}
		if l.Ref >= 0 {
			to += " an entity named"
		}
		parts = append(parts, to+d.where(" by a link where ", d.links(l.Link))+d.where(" where ", d.entities(l.Where)))
	}
	for _, x := range f.And {
		parts = append(parts, d.entities(x))
	}
	if f.Not != nil {
		parts = append(parts, "not ("+d.entities(f.Not)+")")
	}
	return join(parts...)
}

// links describes which parts of a filter are set.
func (d *describer) links(f *plan.LinkFilter) string {
	if f == nil {
		return ""
	}
	parts := []string{textParts("role", f.Role), several(f.Or, " or ", d.links), dateParts("during", f.During)}
	if f.Kinds != nil {
		parts = append(parts, "kind "+d.kinds(*f.Kinds))
	}
	if f.IDs != nil {
		parts = append(parts, fmt.Sprintf("one of %d ids", len(f.IDs)))
	}
	if f.AsOf != nil {
		parts = append(parts, "asOf")
	}
	parts = append(parts, times(f.Created, f.Updated)...)
	if f.Sources != nil {
		parts = append(parts, fmt.Sprintf("one of %d sources", len(f.Sources)))
	}
	if f.MinSources != nil {
		parts = append(parts, "minSources")
	}
	if f.Standing != nil {
		names := make([]string, len(f.Standing))
		for i, s := range f.Standing {
			names[i] = s.String()
		}
		parts = append(parts, "standing "+strings.Join(names, "/"))
	}
	if f.Verified != nil {
		parts = append(parts, fmt.Sprintf("verified %v", *f.Verified))
	}
	if f.Other != nil {
		parts = append(parts, "other ("+d.entities(f.Other)+")")
	}
	for _, x := range f.And {
		parts = append(parts, d.links(x))
	}
	if f.Not != nil {
		parts = append(parts, "not ("+d.links(f.Not)+")")
	}
	return join(parts...)
}

// times describes which filters on times are set.
func times(created, updated *plan.TimeFilter) (parts []string) {
	if created != nil {
		parts = append(parts, "createdAt")
	}
	if updated != nil {
		parts = append(parts, "updatedAt")
	}
	return parts
}

// propParts describes a filter on a property.
func propParts(f *plan.PropFilter) string {
	switch {
	case f.Text != nil:
		return textParts(f.Prop.Name, f.Text)
	case f.Date != nil:
		return dateParts(f.Prop.Name, f.Date)
	}
	return f.Prop.Name
}

func textParts(at string, f *plan.StringFilter) string {
	if f == nil {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		on   bool
		name string
	}{
		{f.Eq != nil, "eq"},
		{f.In != nil, "in"},
		{f.Contains != nil, "contains"},
		{f.StartsWith != nil, "startsWith"},
		{f.IsNull != nil, "isNull"},
	} {
		if p.on {
			parts = append(parts, at+"."+p.name)
		}
	}
	return join(parts...)
}

func dateParts(at string, f *plan.DateFilter) string {
	switch {
	case f == nil:
		return ""
	case f.IsNull != nil:
		return at + ".isNull"
	case f.Certain:
		return at + " certainly"
	}
	return at
}
