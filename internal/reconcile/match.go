package reconcile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/alike"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// hit is an entity that may be meant.
type hit struct {
	ID, Type, Name, Description string

	score float64 // 0 to 1, of its name
	byID  bool    // it was asked for by its id
}

// candidate is one as answers have it.
type candidate struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Type        []named   `json:"type"`
	Score       float64   `json:"score"`
	Match       bool      `json:"match"`
	Features    []feature `json:"features"`
}

// feature is what a score is made of.
type feature struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Value any    `json:"value"`
}

// match answers a batch of version 0.2.
func (c *call) match(raw []byte) (any, error) {
	var batch map[string]*wire
	if err := readJSON(raw, &batch, "queries"); err != nil {
		return nil, err
	}
	if len(batch) > maxBatch {
		return nil, kg.Errorf(tooLarge, "a batch has at most %d queries, this one has %d", maxBatch, len(batch))
	}
	queries := map[string]*query{}
	for _, id := range slices.Sorted(maps.Keys(batch)) {
		w := batch[id]
		if w == nil {
			w = &wire{}
		}
		var err error
		if queries[id], err = c.query(w); err != nil {
			return nil, about("query "+strconv.Quote(kg.Clip(id, 60)), err)
		}
	}
	answer := object{}
	for _, id := range slices.Sorted(maps.Keys(queries)) {
		found, err := c.candidates(queries[id])
		if err != nil {
			return nil, err
		}
		for i := range found { // features have no names in this version
			for j := range found[i].Features {
				found[i].Features[j].Name = ""
			}
		}
		answer[id] = object{"result": found}
	}
	return answer, nil
}

// matchDraft answers a batch of the draft of 1.0.
func (c *call) matchDraft() (any, error) {
	if err := c.isJSON(); err != nil {
		return nil, err
	}
	var batch struct {
		Queries []wireDraft `json:"queries"`
	}
	if err := readJSON(c.body, &batch, "the body"); err != nil {
		return nil, err
	}
	switch n := len(batch.Queries); {
	case batch.Queries == nil:
		return nil, kg.Errorf(kg.BadRequest, `the body has "queries", a list`)
	case n > maxBatch:
		return nil, kg.Errorf(tooLarge, "a batch has at most %d queries, this one has %d", maxBatch, n)
	}
	queries := make([]*query, len(batch.Queries))
	for i := range batch.Queries {
		var err error
		if queries[i], err = c.queryDraft(&batch.Queries[i]); err != nil {
			return nil, about(fmt.Sprintf("query %d", i), err)
		}
	}
	results := []object{}
	for _, q := range queries {
		found, err := c.candidates(q)
		if err != nil {
			return nil, err
		}
		results = append(results, object{"candidates": found})
	}
	return object{"results": results}, nil
}

// about returns an error with what it is about.
func about(what string, err error) error {
	return kg.Errorf(kg.CodeOf(err), "%s: %s", what, strings.TrimPrefix(err.Error(), string(kg.CodeOf(err))+": "))
}

// The names of features, and how much of a score the properties of a query make where there are some.
const (
	nameScore     = "name_score"
	exactName     = "exact_name"
	propertyShare = 0.4
)

// candidates returns the entities that a query may mean, best first.
func (c *call) candidates(q *query) ([]candidate, error) {
	found := []candidate{}
	if q.none {
		return found, nil
	}
	hits, err := c.gather(q)
	if err != nil || len(hits) == 0 {
		return found, err
	}
	asked := c.asked(q)
	known, err := c.compare(q, asked, hits)
	if err != nil {
		return nil, err
	}
	sure := 0
	for i := range hits {
		h := &hits[i]
		k := known[h.ID]
		if k == nil { // it went in between
			continue
		}
		exact := h.byID
		for _, n := range q.names {
			exact = exact || k.called(n)
		}
		if exact {
			h.score = 1
		}
		x := candidate{ID: h.ID, Name: h.Name, Description: h.Description, Type: []named{typeOf(c.o.Catalog.TypeOf(h.Type))}}
		x.Features = []feature{
			{nameScore, "How well the name fits", percent(h.score)}, {exactName, "It has this very name, or id", exact},
		}
		fit, dropped := 0, false
		for j := range q.conditions {
			yes := k.fits[j]
			x.Features = append(x.Features, feature{fmt.Sprintf("property_%d", j), q.conditions[j].property + " fits", yes})
			if yes {
				fit++
			}
			dropped = dropped || !yes && q.conditions[j].required
		}
		if dropped {
			continue
		}
		score, all := h.score, fit == len(q.conditions)
		if n := float64(len(q.conditions)); n > 0 {
			share := float64(fit) / n
			if score = share; len(q.names)+len(q.ids) > 0 {
				score = (1-propertyShare)*h.score + propertyShare*share
			}
		}
		registered := false
		for _, r := range alike.Facts(asked, k.entity) {
			if r.Kind == alike.SameDate { // as a condition that fits
				continue
			}
			score = float64(r.Weigh(int(score*alike.Unit))) / alike.Unit
			registered = registered || r.Kind == alike.SameExternalID
		}
		x.Score, x.Match = percent(score), all && (exact || registered || len(q.names)+len(q.ids) == 0)
		if x.Match {
			sure++
		}
		found = append(found, x)
	}
	if sure > 1 { // namesakes: none of them is sure
		for i := range found {
			found[i].Match = false
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.Score, a.Score) })
	return found[:min(len(found), q.limit)], nil
}

func percent(x float64) float64 { return math.Round(x*10000) / 100 }

const namesQuery = `query Names($text: String!, $types: [EntityType!], $first: Int) {
  search(text: $text, types: $types, first: $first) { edges { score node { id type name description } } } }`

const idsQuery = `query Ids($ids: [ID!]!) { nodes(ids: $ids) { ... on Entity { id type name description } } }`

// extraCandidates is how many more candidates are looked at than are wanted: properties may put others first.
const extraCandidates = 20

// gather returns entities that may be meant, each once.
func (c *call) gather(q *query) (hits []hit, err error) {
	types := q.types
	if types == nil {
		types = c.o.Catalog.Enums(c.o.Catalog.Entities)
	}
	add := func(h hit) {
		if h.ID == "" || !slices.Contains(types, h.Type) {
			return
		}
		i := slices.IndexFunc(hits, func(x hit) bool { return x.ID == h.ID })
		if i < 0 {
			hits = append(hits, h)
			return
		}
		hits[i].score, hits[i].byID = max(hits[i].score, h.score), hits[i].byID || h.byID
	}
	search := func(words string, named bool) error {
		if words = sought(words); words == "" {
			return nil
		}
		var got struct {
			Search struct {
				Edges []struct {
					Score float64
					Node  hit
				}
			}
		}
		err := c.ask(namesQuery, object{"text": words, "types": anys(types), "first": q.limit + extraCandidates}, &got)
		for _, e := range got.Search.Edges {
			if named {
				e.Node.score = e.Score
			}
			add(e.Node)
		}
		return passed(err)
	}
	byID := func(ids []string) error {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return kg.CheckID(id) != nil })
		if len(ids) == 0 {
			return nil
		}
		var got struct{ Nodes []*hit }
		if err := c.ask(idsQuery, object{"ids": anys(ids)}, &got); err != nil {
			return err
		}
		for _, h := range got.Nodes {
			if h != nil {
				h.byID = true
				add(*h)
			}
		}
		return nil
	}
	for _, n := range q.names {
		if err = search(n, true); err == nil {
			err = byID([]string{strings.TrimSpace(n)})
		}
		if err != nil {
			return nil, err
		}
	}
	if err := byID(q.ids); err != nil {
		return nil, err
	}
	for i := range q.conditions {
		x := &q.conditions[i]
		// who has a name is looked for by it, and by what registers call it
		if x.not || len(q.names)+len(q.ids) > 0 && x.property != externalID {
			continue
		}
		for _, v := range x.values {
			if err := c.having(x, v, types, func(words string) error { return search(words, false) }, add); err != nil {
				return nil, err
			}
		}
	}
	return hits, nil
}

// passed returns an error unless it is about the name that was looked for: one that cannot be a name fits nothing.
func passed(err error) error {
	switch kg.CodeOf(err) {
	case kg.BadUserInput, kg.NotFound, kg.AmbiguousRef:
		return nil
	}
	return err
}

const linkedQuery = `query Linked($ref: EntityRef!, $where: LinkFilter, $first: Int) {
  entity(ref: $ref) { links(where: $where, first: $first) { nodes { id type name description } } } }`

const rolesQuery = `query Roles($where: LinkFilter, $first: Int) { links(where: $where, first: $first) { edges { link {
  from { id type name description } to { id type name description } } } } }`

// having adds entities that a property is said to have.
func (c *call) having(x *condition, v value, types []string, search func(string) error, add func(hit)) error {
	p := c.property(x.property)
	switch {
	case p == nil || utf8.RuneCountInString(v.text) > maxText:
		return nil
	case p.kind != nil && p.part == other:
		ref := object{"name": v.text}
		if v.id != "" {
			ref = object{"id": v.id}
		}
		var got struct {
			Entity struct{ Links struct{ Nodes []hit } }
		}
		err := c.ask(linkedQuery, object{"ref": ref, "where": p.where(), "first": extraCandidates}, &got)
		for _, h := range got.Entity.Links.Nodes {
			add(h)
		}
		return passed(err)
	case p.id == anyRole, p.part == role:
		where := p.where()
		where["role"] = x.filter(v)
		var got struct {
			Links struct {
				Edges []struct{ Link struct{ From, To hit } }
			}
		}
		err := c.ask(rolesQuery, object{"where": where, "first": extraCandidates}, &got)
		for _, e := range got.Links.Edges {
			add(e.Link.From)
			add(e.Link.To)
		}
		return passed(err)
	case p.kind != nil:
		return nil
	case p.prop == nil:
		return search(strings.Trim(v.text, "*"))
	}
	for _, t := range c.o.Catalog.Types {
		filter := x.filterOf(p.prop, v)
		if filter == nil || t.Plural == "" || !p.types.Has(t.Index) || !slices.Contains(types, t.Enum) {
			continue
		}
		query := fmt.Sprintf(`query Having($where: %s, $first: Int) { list: %s(where: $where, first: $first) {
  nodes { id type name description } } }`,
			t.Filter, t.Plural)
		var got struct{ List struct{ Nodes []hit } }
		if err := passed(c.ask(query, object{"where": object{p.prop.Name: filter}, "first": extraCandidates}, &got)); err != nil {
			return err
		}
		for _, h := range got.List.Nodes {
			add(h)
		}
	}
	return nil
}

// filterOf returns the filter of a property for a value; nil where the value cannot be one.
func (c *condition) filterOf(p *catalog.Prop, v value) any {
	switch p.Kind {
	case catalog.Date:
		if on, err := v.date(); err == nil {
			return object{"from": string(on), "to": string(on)}
		}
	case catalog.Text, catalog.Texts:
		if p.Enum == nil {
			return c.filter(v)
		}
	case catalog.Int:
		if n, err := strconv.ParseInt(v.text, 10, 32); err == nil {
			return object{"eq": n}
		}
	}
	return nil
}

// known is what there is to compare of a candidate.
type known struct {
	names  []string
	fits   []bool // by condition
	entity *alike.Entity
}

// asked returns what conditions say of dates and external ids, one value of each property, as those of an entity.
func (c *call) asked(q *query) *alike.Entity {
	e := &alike.Entity{}
	for i := range q.conditions {
		x := &q.conditions[i]
		p := c.property(x.property)
		if p == nil || x.not || len(x.values) != 1 {
			continue
		}
		v := x.values[0]
		switch scheme, id, ok := strings.Cut(v.text, ":"); {
		case p.prop != nil && p.prop.Kind == catalog.Date:
			if on, err := v.date(); err == nil {
				e.Dates = append(e.Dates, alike.Date{Name: p.prop.Name, On: on})
			}
		case p.id == externalID && ok && !strings.Contains(v.text, "*"):
			e.External = append(e.External, [2]string{scheme, id})
		}
	}
	return e
}

// entityOf returns the external ids of a candidate, and its dates of those names that are asked about.
func (c *call) entityOf(asked *alike.Entity, r record) *alike.Entity {
	e := &alike.Entity{}
	for _, d := range asked.Dates {
		if on, err := kg.ParseDate(r.text(c.o.Catalog.TypeOf(r.text("type")).Name + "_" + d.Name)); err == nil {
			e.Dates = append(e.Dates, alike.Date{Name: d.Name, On: on})
		}
	}
	for _, x := range r.externalIDs() {
		e.External = append(e.External, [2]string{x.Scheme, x.Value})
	}
	return e
}

// called reports whether a name is one of its names.
func (k *known) called(name string) bool {
	name = text.Fold(name)
	return slices.ContainsFunc(k.names, func(n string) bool { return text.Fold(n) == name })
}

// compare reads what a query is compared with.
func (c *call) compare(q *query, asked *alike.Entity, hits []hit) (map[string]*known, error) {
	var declared, fields strings.Builder
	own := map[*catalog.Type][]string{}
	vars := object{}
	for i := range q.conditions {
		x := &q.conditions[i]
		p := c.property(x.property)
		switch {
		case p == nil:
		case p.prop != nil:
			for _, t := range c.o.Catalog.Types {
				if p.types.Has(t.Index) {
					own[t] = append(own[t], p.prop.Name)
				}
			}
		case p.id == anyRole, p.part == other && p.kind != nil, p.part == role:
			for j, v := range x.values {
				where := p.where()
				switch {
				case p.id == anyRole || p.part == role:
					where["role"] = x.filter(v)
				case v.id != "":
					where["other"] = object{"ids": []any{v.id}}
				default:
					where["other"] = object{"name": x.filter(v)}
				}
				name := fmt.Sprintf("c%d_%d", i, j)
				vars[name] = where
				fmt.Fprintf(&declared, ", $%s: LinkFilter", name)
				fmt.Fprintf(&fields, " %s: linkCount(where: $%s)", name, name)
			}
		}
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
	var ids []any
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	vars["ids"] = ids
	query := "query Compare($ids: [ID!]!" + declared.String() + ") { nodes(ids: $ids) { ... on Entity { id type name " +
		"aliases description externalIds { scheme value }" + fields.String() + " } } }"
	var got struct{ Nodes []map[string]json.RawMessage }
	if err := c.ask(query, vars, &got); err != nil {
		return nil, err
	}
	all := map[string]*known{}
	for _, n := range got.Nodes {
		r := record(n)
		if id := r.text("id"); id != "" {
			k := &known{
				names: append(r.texts("aliases"), r.text("name")), fits: make([]bool, len(q.conditions)), entity: c.entityOf(asked, r),
			}
			for i := range q.conditions {
				k.fits[i] = c.holds(i, &q.conditions[i], r)
			}
			all[id] = k
		}
	}
	return all, nil
}

// record is what was read of a candidate.
type record map[string]json.RawMessage

func (r record) read(name string, into any) bool { return json.Unmarshal(r[name], into) == nil }

func (r record) text(name string) (s string) { r.read(name, &s); return s }

func (r record) texts(name string) (list []string) { r.read(name, &list); return list }

func (r record) externalIDs() (list []kg.ExternalID) { r.read("externalIds", &list); return list }

// holds reports whether a condition holds of a candidate.
func (c *call) holds(i int, x *condition, r record) bool {
	p := c.property(x.property)
	fits := 0
	for j, v := range x.values {
		yes := false
		switch {
		case p == nil || utf8.RuneCountInString(v.text) > maxText:
		case p.prop != nil:
			yes = x.holdsOf(p.prop, v, r[c.o.Catalog.TypeOf(r.text("type")).Name+"_"+p.prop.Name])
		case p.id == externalID:
			for _, e := range r.externalIDs() {
				yes = yes || x.fits(v, e.Value) || x.fits(v, e.Scheme+":"+e.Value)
			}
		case p.id == aliases:
			yes = slices.ContainsFunc(r.texts("aliases"), func(s string) bool { return x.fits(v, s) })
		case p.id == description:
			yes = x.fits(v, r.text("description"))
		default:
			n := 0
			yes = r.read(fmt.Sprintf("c%d_%d", i, j), &n) && n > 0
		}
		if yes {
			fits++
		}
	}
	switch {
	case x.not:
		return fits == 0
	case x.all:
		return fits == len(x.values)
	}
	return fits > 0
}

// holdsOf reports whether a property has a value: dates that may be the same, and texts that are.
func (c *condition) holdsOf(p *catalog.Prop, v value, raw json.RawMessage) bool {
	var is any
	if json.Unmarshal(raw, &is) != nil || is == nil {
		return false
	}
	if list, ok := is.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return c.fits(v, fmt.Sprint(one)) })
	}
	if p.Kind == catalog.Date {
		want, wrong := v.date()
		has, err := kg.ParseDate(fmt.Sprint(is))
		if wrong != nil || err != nil {
			return false
		}
		from, to := want.Interval()
		begins, ends := has.Interval()
		return from <= ends && begins <= to
	}
	return c.fits(v, strings.Trim(string(raw), `"`)) || c.fits(v, fmt.Sprint(is))
}
