package reconcile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// defaultValues is how many values a cell has at most, where no setting says so.
const defaultValues = 10

// wanted is what is to be fetched.
type wanted struct {
	IDs        []string `json:"ids"`
	Properties []struct {
		ID       string         `json:"id"`
		Settings map[string]any `json:"settings"`
	} `json:"properties"`
}

// column is one property to fetch.
type column struct {
	*property
	limit int
	asOf  string
	links string // the alias of the links that it is read from
}

// cell is a value as answers have it: {} for none.
type cell = object

// extend answers version 0.2: rows by id, cells by property.
func (c *call) extend(raw []byte) (any, error) {
	columns, ids, cells, err := c.fetch(raw, "extend")
	if err != nil {
		return nil, err
	}
	rows := object{}
	for _, id := range ids {
		row := object{}
		for i, x := range columns {
			row[x.id] = cells[id][i]
		}
		rows[id] = row
	}
	return object{"meta": meta(columns), "rows": rows}, nil
}

// extendDraft answers the draft of 1.0: rows and cells in order.
func (c *call) extendDraft() (any, error) {
	if err := c.isJSON(); err != nil {
		return nil, err
	}
	columns, ids, cells, err := c.fetch(c.body, "the body")
	if err != nil {
		return nil, err
	}
	rows := []object{}
	for _, id := range ids {
		row := []object{}
		for i, x := range columns {
			row = append(row, object{"id": x.id, "values": cells[id][i]})
		}
		rows = append(rows, object{"id": id, "properties": row})
	}
	return object{"meta": meta(columns), "rows": rows}, nil
}

// meta says what columns are.
func meta(columns []*column) []object {
	all := []object{}
	for _, x := range columns {
		all = append(all, object{"id": x.id, "name": x.name})
	}
	return all
}

// columns reads what is wanted of entities.
func (c *call) columns(w *wanted) ([]*column, error) {
	switch {
	case w.IDs == nil || w.Properties == nil:
		return nil, kg.Errorf(kg.BadRequest, "an extension has ids and properties, two lists")
	case len(w.IDs) > maxIDs:
		return nil, kg.Errorf(tooLarge, "at most %d entities are extended at once, these are %d", maxIDs, len(w.IDs))
	case len(w.Properties) > maxCells:
		return nil, kg.Errorf(tooLarge, "at most %d properties are fetched at once, these are %d", maxCells,
			len(w.Properties))
	}
	var all []*column
	for _, x := range w.Properties {
		p := c.property(x.ID)
		if p == nil {
			return nil, kg.Errorf(kg.BadUserInput, "there is no property %q; %s/suggest/property lists them",
				kg.Clip(x.ID, 60), Root)
		}
		col := &column{property: p, limit: defaultValues}
		for name, v := range x.Settings {
			said := strings.TrimSpace(fmt.Sprint(v))
			switch n, err := strconv.ParseFloat(said, 64); {
			case name == "limit" && said != "" && (err != nil || n < 0 || n > maxValues):
				return nil, kg.Errorf(kg.BadUserInput, "the setting limit of %s is a number from 0 to %d", x.ID, maxValues)
			case name == "limit" && n > 0:
				col.limit = int(n)
			case name == "asOf" && said != "":
				if _, err := kg.ParseDate(said); err != nil {
					return nil, kg.Errorf(kg.BadUserInput, "the setting asOf of %s is a date: 2021, 2021-02 or 2021-02-25", x.ID)
				}
				col.asOf = said
			}
		}
		all = append(all, col)
	}
	return all, nil
}

// mostAsked is how many links one question reads.
const mostAsked = 200

// fetch reads the cells of all rows.
func (c *call) fetch(raw []byte, what string) (columns []*column, ids []string, cells map[string][][]cell, err error) {
	var w wanted
	if err = readJSON(raw, &w, what); err != nil {
		return nil, nil, nil, err
	}
	if columns, err = c.columns(&w); err != nil {
		return nil, nil, nil, err
	}
	cells = map[string][][]cell{}
	var there []string
	for _, id := range w.IDs {
		if cells[id] != nil {
			continue
		}
		ids, cells[id] = append(ids, id), make([][]cell, len(columns))
		for i := range columns {
			cells[id][i] = []cell{}
		}
		if kg.CheckID(id) == nil {
			there = append(there, id)
		}
	}
	query, vars, links := c.extensionQuery(columns)
	for some := range slices.Chunk(there, max(1, mostAsked/max(1, links))) {
		vars["ids"] = anys(some)
		var got struct{ Nodes []map[string]json.RawMessage }
		if err := c.ask(query, vars, &got); err != nil {
			return nil, nil, nil, err
		}
		for j, n := range got.Nodes {
			r := record(n)
			if r.text("id") == "" {
				continue
			}
			for i, x := range columns { // of what was merged, those of the survivor
				cells[some[j]][i] = x.cells(r, c.o.Catalog)
			}
		}
	}
	return columns, ids, cells, nil
}

// extensionQuery returns the query for rows, with its variables but ids, and how many links a row may have.
func (c *call) extensionQuery(columns []*column) (query string, vars object, links int) {
	var declared, fields strings.Builder
	vars = object{}
	lists := map[string]string{}
	own := map[*catalog.Type][]string{}
	for _, x := range columns {
		switch {
		case x.prop != nil:
			for _, t := range c.o.Catalog.Types {
				if x.types.Has(t.Index) {
					own[t] = append(own[t], x.prop.Name)
				}
			}
			continue
		case x.kind == nil && x.id != anyRole:
			continue
		}
		where := x.where()
		if x.asOf != "" {
			where["asOf"] = x.asOf
		}
		key := fmt.Sprint(where, x.limit)
		if x.links = lists[key]; x.links != "" {
			continue
		}
		x.links = fmt.Sprintf("l%d", len(lists))
		lists[key], vars[x.links] = x.links, where
		links += x.limit
		fmt.Fprintf(&declared, ", $%s: LinkFilter", x.links)
		fmt.Fprintf(&fields, ` %s: links(first: %d, where: $%s) { edges {
  role since until node { id name description } link {
  evidence(first: 1, stance: SUPPORTS) { nodes { excerpt source { title url } } } } } }`, x.links, x.limit, x.links)
	}
	for _, t := range c.o.Catalog.Types {
		if len(own[t]) > 0 {
			fmt.Fprintf(&fields, " ... on %s {", t.Name)
			for _, name := range slices.Compact(slices.Sorted(slices.Values(own[t]))) {
				fmt.Fprintf(&fields, " %s_%s: %s", t.Name, name, name)
			}
			fields.WriteString(" }")
		}
	}
	return "query Extend($ids: [ID!]!" + declared.String() + ") { nodes(ids: $ids) { ... on Entity { id type aliases " +
		"description externalIds { scheme value }" + fields.String() + " } } }", vars, links
}

// edge is a link as it is read for cells.
type edge struct {
	Role, Since, Until string
	Node               struct{ ID, Name, Description string }
	Link               struct {
		Evidence struct {
			Nodes []struct {
				Excerpt string
				Source  struct{ Title, URL string }
			}
		}
	}
}

// cells returns the values of a column in a row.
func (x *column) cells(r record, cat *catalog.Catalog) []cell {
	all := []cell{}
	str := func(s string) {
		if s == "" {
			all = append(all, cell{})
			return
		}
		all = append(all, cell{"str": s})
	}
	switch {
	case x.prop != nil:
		var v any
		r.read(cat.TypeOf(r.text("type")).Name+"_"+x.prop.Name, &v)
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				str(fmt.Sprint(one))
			}
		case float64:
			if x.prop.Kind == catalog.Int {
				all = append(all, cell{"int": int64(v)})
			} else {
				all = append(all, cell{"float": v})
			}
		case nil:
		default:
			str(fmt.Sprint(v))
		}
	case x.id == aliases:
		for _, s := range r.texts(aliases) {
			str(s)
		}
	case x.id == description:
		if s := r.text(description); s != "" {
			str(s)
		}
	case x.id == externalID:
		var list []struct{ Scheme, Value string }
		r.read("externalIds", &list)
		for _, e := range list {
			str(e.Scheme + ":" + e.Value)
		}
	default:
		var list struct{ Edges []edge }
		r.read(x.links, &list)
		for i := range list.Edges {
			e := &list.Edges[i]
			switch {
			case x.id == anyRole || x.part == role:
				str(e.Role)
			case x.part == other:
				value := cell{"id": e.Node.ID, "name": e.Node.Name}
				if e.Node.Description != "" {
					value["description"] = e.Node.Description
				}
				all = append(all, value)
			case x.part == since:
				str(e.Since)
			case x.part == until:
				str(e.Until)
			default:
				str(e.words(x.part))
			}
		}
	}
	return all
}

// words returns the first words that say so, or their source.
func (e *edge) words(of part) string {
	if len(e.Link.Evidence.Nodes) == 0 {
		return ""
	}
	w := &e.Link.Evidence.Nodes[0]
	if of == excerpt {
		return w.Excerpt
	}
	if w.Source.URL != "" {
		return w.Source.Title + ", " + w.Source.URL
	}
	return w.Source.Title
}
