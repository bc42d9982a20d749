package memgraph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// evidencePage is a page of evidence that is still to be read.
type evidencePage struct {
	link  uint32
	field *plan.Field
	page  *kg.Page
}

// readEvidence reads what is pending, level by level, all of one state.
func (x *fetch) readEvidence() error {
	r, err := x.texts.ReadTexts(x.ctx, x.graph)
	if err != nil {
		return err
	}
	defer r.Close()
	for len(x.pending) > 0 {
		todo := x.pending
		x.pending = nil
		x.trips++
		links := make([]uint32, len(todo))
		for i := range todo {
			links[i] = todo[i].link
		}
		err := r.Evidence(x.ctx, links, func(i int, list []kg.Evidence, size int) error {
			x.hold(3 * size) // the texts, and what they are read through
			x.evidencePage(todo[i].page, todo[i].link, list, todo[i].field)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// evidencePage fills a page of a link's evidence, oldest first.
func (x *fetch) evidencePage(page *kg.Page, link uint32, all []kg.Evidence, f *plan.Field) {
	if len(all) > 1 {
		slices.SortStableFunc(all, func(a, b kg.Evidence) int { return cmp.Compare(x.age(&a), x.age(&b)) })
	}
	l := list[int]{items: make([]int, 0, len(all)), sorted: true}
	for i := range all {
		if f.Stance == "" || all[i].Stance == f.Stance {
			l.items = append(l.items, i)
		}
	}
	page.Total = int64(len(l.items))
	if !f.Want.Rows && !f.Want.More {
		return
	}
	id := x.graph.linkID(link)
	at := func(i int, keys []kg.Value) int {
		return cmp.Or(cmp.Compare(int64(i), keys[0].Int), strings.Compare(kg.EvidenceID(id, &all[i]), keys[1].Str))
	}
	items := l.page(page, &f.Page, at)
	if !f.Want.Rows {
		return
	}
	page.Edges = x.edges.take(len(items))
	for j, i := range items {
		if f.Node != nil {
			x.evidence(&page.Edges[j].Node, link, &all[i], f.Node)
		}
		if f.Want.Cursors {
			page.Edges[j].Keys = []kg.Value{kg.IntValue(int64(i)), kg.StringValue(kg.EvidenceID(id, &all[i]))}
		}
	}
}

// age is the key that orders a piece of evidence: see plan.EvidenceOrder.
func (x *fetch) age(e *kg.Evidence) int64 {
	s := &x.graph.sources[x.graph.sourceByID[e.Source]]
	return plan.DateKey(s.from, s.to, s.dated, false)
}

// evidence fills the row of a piece of evidence.
func (x *fetch) evidence(row *kg.Row, link uint32, e *kg.Evidence, sel *plan.Sel) {
	x.spend()
	row.Type = x.graph.cat.Evidence.Index
	if len(sel.Props) > 0 {
		row.Vals = x.vals.take(len(sel.Props))
		id := x.graph.linkID(link)
		for i, p := range sel.Props {
			row.Vals[i] = evidenceValue(e, id, p)
		}
	}
	if len(sel.Children) > 0 {
		row.Children = x.pages.take(len(sel.Children))
		for i, f := range sel.Children {
			if !f.On.Has(row.Type) {
				continue
			}
			switch f.Follow {
			case plan.SourceOf:
				row.Children[i].Edges = x.edges.take(1)
				x.source(&row.Children[i].Edges[0].Node, x.graph.sourceByID[e.Source], f.Node)
			case plan.LinkOf:
				row.Children[i].Edges = x.edges.take(1)
				x.link(&row.Children[i].Edges[0].Node, link, f.Node)
			}
		}
	}
}

func evidenceValue(e *kg.Evidence, link string, p *catalog.Prop) kg.Value {
	switch p.Name {
	case "id":
		return kg.StringValue(kg.EvidenceID(link, e))
	case "excerpt":
		return kg.StringValue(e.Excerpt)
	case "prefix":
		return kg.StringValue(e.Prefix)
	case "suffix":
		return kg.StringValue(e.Suffix)
	case "stance":
		return kg.StringValue(e.Stance)
	case "verified":
		if e.Verified != nil {
			return kg.BoolValue(*e.Verified)
		}
	case "start":
		if e.End > 0 {
			return kg.IntValue(int64(e.Start))
		}
	case "end":
		if e.End > 0 {
			return kg.IntValue(int64(e.End))
		}
	}
	return kg.Value{}
}

// oneEvidence fills the row of the piece of a link's evidence that has this id.
func (x *fetch) oneEvidence(link uint32, id string, row *kg.Row, sel *plan.Sel) bool {
	r, err := x.texts.ReadTexts(x.ctx, x.graph)
	if err != nil {
		x.fail(err)
	}
	defer r.Close()
	x.trips++
	all, err := r.EvidenceOf(x.ctx, link)
	if err != nil {
		x.fail(err)
	}
	own := x.graph.linkID(link)
	for i := range all {
		if kg.EvidenceID(own, &all[i]) == id {
			if sel == nil {
				sel = &plan.Sel{}
			}
			x.evidence(row, link, &all[i], sel)
			return true
		}
	}
	return false
}
