package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Render writes what a plan wanted of a result, and nothing else, so that two stores can be held against each other.
func Render(q *plan.Query, res *kg.Result) string {
	var v any
	switch q.Start {
	case plan.Statistics:
		v = res.Stats
	case plan.Everything, plan.EveryLink, plan.Search:
		v = renderPage(&q.Root, &res.Page)
	default:
		var list []any
		for i := range res.Edges {
			list = append(list, renderRow(q.Root.Node, &res.Edges[i].Node))
		}
		v = list
	}
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func renderValue(v kg.Value) any {
	switch v.Kind {
	case kg.String:
		return v.Str
	case kg.Int:
		return v.Int
	case kg.Float:
		return fmt.Sprintf("float %v", v.Float())
	case kg.Bool:
		return v.Int == 1
	case kg.List:
		return append([]string{"list"}, v.Items()...)
	}
	return nil
}

func renderRow(sel *plan.Sel, row *kg.Row) any {
	if row.Type == 0 {
		return nil
	}
	m := map[string]any{"type": row.Type}
	if sel == nil {
		return m
	}
	for i, p := range sel.Props {
		m["."+p.Name] = renderValue(row.Vals[i])
	}
	for i, f := range sel.Children {
		if f.On.Has(row.Type) {
			m[fmt.Sprintf("%d", i)] = renderPage(f, &row.Children[i])
		}
	}
	return m
}

func renderPage(f *plan.Field, page *kg.Page) any {
	single := f.Follow == plan.From || f.Follow == plan.To || f.Follow == plan.SourceOf || f.Follow == plan.LinkOf
	m := map[string]any{}
	if f.Want.Total || f.Follow == plan.LinkCount {
		m["total"] = page.Total
	}
	if f.Want.More {
		m["more"] = []bool{page.HasPrev, page.HasNext}
	}
	if f.Want.Rows || single {
		edges := []any{}
		for i := range page.Edges {
			e := &page.Edges[i]
			o := map[string]any{}
			if f.Node != nil {
				o["node"] = renderRow(f.Node, &e.Node)
			}
			if f.Link != nil {
				o["link"] = renderRow(f.Link, &e.Link)
			}
			if f.Follow == plan.Links || f.Follow == plan.LinksOf {
				o["out"] = e.Out
			}
			if f.Want.Cursors {
				o["cursor"] = string(plan.AppendCursor(nil, f.Binding, e.Keys))
			}
			if f.Follow == plan.Derived || f.Want.Highlight {
				o["weight"] = e.Weight
			}
			if f.Want.Highlight {
				o["highlights"] = e.Highlights
			}
			if f.Because != nil {
				var because []any
				for j := range e.Because {
					because = append(because, renderRow(f.Because, &e.Because[j]))
				}
				o["because"] = because
			}
			edges = append(edges, o)
		}
		m["edges"] = edges
	}
	for i, w := range f.Want.Facets {
		var buckets []any
		if i < len(page.Facets) {
			for _, b := range page.Facets[i].Buckets {
				x := []any{b.Key, b.Count}
				if w.Node != nil {
					x = append(x, renderRow(w.Node, &b.Node))
				}
				buckets = append(buckets, x)
			}
		}
		m[fmt.Sprintf("facet %d %d", i, w.By)] = buckets
	}
	return m
}

// difference shows the first lines in which two renderings differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(0, i-4)
			return fmt.Sprintf("line %d\nwant:\n%s\ngot:\n%s", i, strings.Join(a[from:min(len(a), i+6)], "\n"),
				strings.Join(b[from:min(len(b), i+6)], "\n"))
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(a), len(b))
}
