package cli

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// there is a graph that a server keeps. Which types it has, and which fields they have, the server says.
type there struct {
	w  *world
	of *asking
	// types are the names of its types of records by their EntityType, SOURCE too; nil before they were asked for.
	types map[string]string
	// fields are what the inputs of mutations take, by the names of the types.
	fields map[string]map[string]string
}

// ask runs a query or a mutation and fills out.
func (t *there) ask(query string, vars map[string]any, out any) error {
	return t.askBy("", query, vars, out)
}

// askBy runs a mutation that has a key, or a query, and fills out.
func (t *there) askBy(key, query string, vars map[string]any, out any) error {
	data, err := t.of.dataOf(t.w, query, vars, key)
	if err != nil {
		return err
	}
	if json.Unmarshal(data, out) != nil {
		return errNotGraphQL
	}
	return nil
}

const typeOfQuery = `query Type($ids: [ID!]!) { nodes(ids: $ids) { __typename } }`

func (t *there) typeOf(id string) (string, error) {
	var got struct {
		Nodes []*struct {
			Typename string `json:"__typename"`
		}
	}
	err := t.ask(typeOfQuery, map[string]any{"ids": []any{id}}, &got)
	if err != nil || len(got.Nodes) == 0 || got.Nodes[0] == nil {
		return "", err
	}
	return catalog.EnumOf(got.Nodes[0].Typename), nil
}

const typesQuery = `query Types { __type(name: "SearchHit") { possibleTypes { name } } }`

// name returns the name that a type has in the schema.
func (t *there) name(typ string) (string, error) {
	if typ == linkType {
		return "Link", nil
	}
	if t.types == nil {
		var got struct {
			Type *struct{ PossibleTypes []struct{ Name string } } `json:"__type"`
		}
		if err := t.ask(typesQuery, nil, &got); err != nil {
			return "", err
		}
		t.types = map[string]string{}
		if got.Type != nil {
			for _, p := range got.Type.PossibleTypes {
				t.types[catalog.EnumOf(p.Name)] = p.Name
			}
		}
	}
	if t.types[typ] == "" {
		return "", &config.UsageError{
			Problem: fmt.Sprintf("the server has no type %q", printable(kg.Clip(typ, 60))),
			Hint:    "write one of " + strings.Join(slices.Sorted(maps.Keys(t.types)), ", "),
		}
	}
	return t.types[typ], nil
}

const fieldsQuery = `query Fields($input: String!, $type: String!) {
  input: __type(name: $input) { inputFields { name type { ...Named ofType { ...Named ofType { ...Named ofType { ...Named } } } } } }
  record: __type(name: $type) { fields { name } }
}
fragment Named on __Type { kind name }`

// typeRef is a type as introspection has it.
type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

// scalar returns the name of a scalar, anEnum for an enum, "" for a list.
func (r *typeRef) scalar() string {
	switch {
	case r.Kind == "NON_NULL" && r.OfType != nil:
		return r.OfType.scalar()
	case r.Kind == "LIST":
		return ""
	case r.Kind == anEnum:
		return anEnum
	}
	return r.Name
}

// settable returns the scalars of the fields that can be set of a type, by its name in the schema.
func (t *there) settable(name string) (map[string]string, error) {
	if known := t.fields[name]; known != nil {
		return known, nil
	}
	var got struct {
		Input *struct {
			InputFields []struct {
				Name string
				Type typeRef
			}
		}
		Record *struct{ Fields []struct{ Name string } }
	}
	err := t.ask(fieldsQuery, map[string]any{"input": "Update" + name + "Input", "type": name}, &got)
	if err != nil {
		return nil, err
	}
	own := map[string]string{}
	if got.Input == nil || got.Record == nil {
		return own, nil
	}
	for _, f := range got.Input.InputFields {
		own[f.Name] = f.Type.scalar()
	}
	for _, c := range contract.Controls {
		delete(own, c)
	}
	delete(own, "id") // it names the record that is changed
	if !slices.ContainsFunc(got.Record.Fields, func(f struct{ Name string }) bool { return f.Name == contract.Note }) {
		delete(own, contract.Note) // it is why
	}
	if t.fields == nil {
		t.fields = map[string]map[string]string{}
	}
	t.fields[name] = own
	return own, nil
}

func (t *there) scalar(typ, field string) (string, error) {
	if typ == "" {
		return "", nil
	}
	name, err := t.name(typ)
	if err != nil {
		return "", err
	}
	fields, err := t.settable(name)
	return fields[field], err
}

// joined returns the name of the field of an input that adds to a list ("add" before its name) or removes from it
// ("remove"); with "" before it, the name of the field itself.
func joined(before, field string) string {
	if before == "" || field == "" {
		return field
	}
	return before + strings.ToUpper(field[:1]) + field[1:]
}

// isPart reports whether a field of an input is for what is added to another, or removed from it.
func isPart(fields map[string]string, field string) bool {
	for other := range fields {
		if field == joined("add", other) || field == joined("remove", other) {
			return true
		}
	}
	return false
}

// give adds fields of a record to the input of a mutation, under names that joined makes with before.
func (t *there) give(in map[string]any, name, before string, fields map[string]any) error {
	may, err := t.settable(name)
	if err != nil {
		return err
	}
	for f, v := range fields {
		as := joined(before, f)
		_, ok := may[as]
		if !ok || isPart(may, f) {
			var whole []string
			for x := range may {
				if !isPart(may, x) {
					whole = append(whole, x)
				}
			}
			return &config.UsageError{
				Problem: fmt.Sprintf("%s of a %s cannot be given here", printable(kg.Clip(f, 60)), typed(name)),
				Hint:    "the server takes " + strings.Join(slices.Sorted(slices.Values(whole)), ", "),
			}
		}
		if ids, ok := v.([]kg.ExternalID); ok {
			list := make([]any, len(ids))
			for i, x := range ids {
				m := map[string]any{"scheme": x.Scheme, "value": x.Value}
				if x.URL != "" {
					m["url"] = x.URL
				}
				list[i] = m
			}
			v = list
		}
		in[as] = v
	}
	return nil
}

// typed is the name of a type in a sentence: "news item".
func typed(name string) string {
	return strings.ToLower(strings.ReplaceAll(catalog.EnumOf(name), "_", " "))
}

// mutation is a mutation to run: its name, its input, and what its answer is asked beyond what every answer has.
type mutation struct {
	name string
	in   map[string]any
	asks string
	// id is that of the record, where the answer has none.
	id string
}

// evidence is evidence as inputs have it.
func evidence(pieces []edit.Evidence) []any {
	out := make([]any, len(pieces))
	for i, p := range pieces {
		in := map[string]any{"source": ref(p.Source), "stance": cmp.Or(p.Stance, kg.Supports)}
		for name, v := range map[string]string{"excerpt": p.Excerpt, "prefix": p.Prefix, "suffix": p.Suffix} {
			if v != "" {
				in[name] = v
			}
		}
		if p.Start != nil && p.End != nil {
			in["start"], in["end"] = *p.Start, *p.End
		}
		out[i] = in
	}
	return out
}

// ref refers to a record by its id.
func ref(id string) map[string]any { return map[string]any{"id": id} }

// mutation returns the mutation that does an edit.
func (t *there) mutation(e edit.Edit) (*mutation, error) {
	record := func(name string) string { return "record: " + strings.ToLower(name[:1]) + name[1:] + " { id } " }
	switch e := e.(type) {
	case *edit.Create:
		name, err := t.name(e.Type)
		if err != nil {
			return nil, err
		}
		m := &mutation{name: "create" + name, asks: record(name), in: map[string]any{}}
		fields := maps.Clone(e.Fields)
		if id, ok := fields["id"]; ok {
			m.in["id"] = id
			delete(fields, "id")
		}
		return m, t.give(m.in, name, "", fields)
	case *edit.Update:
		name, err := t.name(cmp.Or(e.Type, linkType)) // what is not there is told by the server
		if err != nil {
			return nil, err
		}
		m := &mutation{name: "update" + name, asks: record(name), in: map[string]any{"id": e.ID}}
		if e.Type == sourceType {
			m.asks += "lost { excerpt link { id } evidenceId quotationId } lostCount"
		}
		for before, fields := range map[string]map[string]any{"": e.Set, "add": e.Add, "remove": e.Remove} {
			if e.Type == "" {
				break
			}
			if err := t.give(m.in, name, before, fields); err != nil {
				return nil, err
			}
		}
		return m, nil
	case *edit.CreateLink:
		m := &mutation{name: "createLink", asks: record("Link"), in: map[string]any{
			"kind": e.Kind, "from": ref(e.From), "to": ref(e.To), "evidence": evidence(e.Evidence),
		}}
		for name, v := range map[string]string{"role": e.Role, "since": e.Since, "until": e.Until} {
			if v != "" {
				m.in[name] = v
			}
		}
		return m, nil
	case *edit.AddEvidence:
		return &mutation{
			name: "addEvidence", asks: record("Link"),
			in: map[string]any{"link": e.Link, "evidence": evidence(e.Evidence)},
		}, nil
	case *edit.RemoveEvidence:
		return &mutation{name: "removeEvidence", asks: record("Link"), in: map[string]any{"evidence": e.Evidence}}, nil
	case *edit.Delete:
		return &mutation{name: "delete", id: e.ID, in: map[string]any{"id": e.ID, "cascade": e.Cascade}}, nil
	case *edit.Merge:
		absorbed := make([]any, len(e.Absorbed))
		for i, id := range e.Absorbed {
			absorbed[i] = ref(id)
		}
		return &mutation{
			name: "mergeEntities", asks: record("Survivor"),
			in: map[string]any{"survivor": ref(e.Survivor), "absorbed": absorbed},
		}, nil
	case *edit.Revert:
		return &mutation{name: "revertChange", id: e.Change.ID, in: map[string]any{"change": e.Change.ID}}, nil
	}
	return nil, fmt.Errorf("a server does not do this")
}

// changeFields select a change, itemFields an item of one.
const (
	changeFields = ` id seq at by action note reverts { id } created updated removed open files { name sha256 } `
	itemFields   = ` recordId kind before after `
)

// changeThere is a Change of the schema, as selected by changeFields.
type changeThere struct {
	ID, At, By, Note          string
	Seq                       int64
	Action                    kg.ChangeAction
	Reverts                   *struct{ ID string }
	Created, Updated, Removed int64
	Open                      bool
	Files                     []kg.ChangeFile
}

// change is the change.
func (c *changeThere) change() (kg.Change, error) {
	at, err := kg.ParseTime(c.At)
	out := kg.Change{
		Seq: c.Seq, ID: c.ID, At: at, By: c.By, Action: c.Action, Note: c.Note, Files: c.Files,
		Created: c.Created, Changed: c.Updated, Removed: c.Removed, Open: c.Open,
	}
	if c.Reverts != nil {
		out.Reverts = c.Reverts.ID
	}
	return out, err
}

// changesOf are changes that a server has told.
func changesOf(list []changeThere) ([]kg.Change, error) {
	out := make([]kg.Change, len(list))
	for i := range list {
		var err error
		if out[i], err = list[i].change(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// itemThere is a ChangeItem of the schema, as selected by itemFields.
type itemThere struct{ RecordID, Kind, Before, After string }

// itemsOf are items that a server has told.
func itemsOf(list []itemThere) []kg.ChangeItem {
	out := make([]kg.ChangeItem, len(list))
	for i, x := range list {
		out[i] = kg.ChangeItem{ID: x.RecordID, Kind: x.Kind, Before: x.Before, After: x.After}
	}
	return out
}

// payload is the payload of any mutation; fields that a mutation does not have stay empty.
type payload struct {
	Record *struct{ ID string }
	Change *changeThere
	Items  []itemThere
	Lost   []struct {
		Excerpt, EvidenceID, QuotationID string
		Link                             *struct{ ID string }
	}
	LostCount int
	Errors    []struct {
		Code      edit.Code
		Message   string
		Links     []struct{ ID string }
		LinkCount int
		Changes   []changeThere
	}
}

func (t *there) apply(e edit.Edit, a edit.About) (*outcome, error) {
	m, err := t.mutation(e)
	if err != nil {
		return nil, err
	}
	if a.Note != "" {
		kind := strings.TrimPrefix(strings.TrimPrefix(m.name, "create"), "update")
		if _, own := t.fields[kind][contract.Note]; own {
			return nil, &config.UsageError{
				Problem: fmt.Sprintf("--note: a %s has a property of this name, and the server takes no other", typed(kind)),
				Hint:    "leave --note out",
			}
		}
		m.in[contract.Note] = a.Note
	}
	m.in[contract.DryRun] = a.DryRun
	document := func(items string) string {
		return fmt.Sprintf(`mutation Edit($input: %s%sInput!) { done: %s(input: $input) { %s change { %s } %s
  errors { code message ... on DependentsError { links { id } linkCount } ... on BlockedError { changes { %s } } } } }`,
			strings.ToUpper(m.name[:1]), m.name[1:], m.name, m.asks, changeFields, items, changeFields)
	}
	key := ""
	if !a.DryRun {
		key = rand.Text()
	}
	var got struct{ Done *payload }
	vars := map[string]any{"input": m.in}
	err = t.askBy(key, document("items {"+itemFields+"}"), vars, &got)
	long := kg.CodeOf(err) == kg.CostLimit && !a.DryRun
	if long { // it may be done, and what it did is more than one answer holds
		err = t.askBy(key, document(""), vars, &got)
	}
	if err != nil {
		return nil, err
	}
	p := got.Done
	if p == nil {
		return nil, errNotGraphQL
	}
	if len(p.Errors) > 0 {
		x := &p.Errors[0]
		own := &edit.UserError{Code: x.Code, Message: printable(x.Message), LinkCount: x.LinkCount}
		for _, l := range x.Links {
			own.Links = append(own.Links, l.ID)
		}
		if own.Changes, err = changesOf(x.Changes); err != nil {
			return nil, err
		}
		return nil, own
	}
	out := &outcome{edit.Outcome{ID: m.id, Items: itemsOf(p.Items)}, p.LostCount}
	if p.Record != nil {
		out.ID = p.Record.ID
	}
	if p.Change != nil {
		c, err := p.Change.change()
		if err != nil {
			return nil, err
		}
		out.Change = &c
		if long {
			if out.Items, err = t.items(&c, nil, math.MaxInt); err != nil {
				return nil, &answeredError{
					kg.CodeOf(err), fmt.Sprintf("it is done, as change %d, and what it did cannot be read: %s", c.Seq, err),
				}
			}
		}
	}
	for _, l := range p.Lost {
		lost := edit.Lost{Evidence: l.EvidenceID, Quotation: l.QuotationID, Excerpt: l.Excerpt}
		if l.Link != nil {
			lost.Link = l.Link.ID
		}
		out.Lost = append(out.Lost, lost)
	}
	return out, nil
}

const (
	changesQuery = `query Changes($touching: [ID!], $upTo: Int, $first: Int) { changes(touching: $touching, upTo: $upTo, first: $first) { nodes {` +
		changeFields + `} } }`
	changeQuery = `query Change($id: ID!) { change(id: $id) {` + changeFields + `} }`
	itemsQuery  = `query Items($id: ID!, $touching: [ID!], $first: Int, $after: String) {
  change(id: $id) { items(touching: $touching, first: $first, after: $after) { nodes {` + itemFields + `} pageInfo { hasNextPage endCursor } } }
}`
	recordedQuery = `query Recorded($id: ID!, $at: DateTime!, $after: String) {
  asRecorded(id: $id, at: $at) { record links(first: 100, after: $after) { nodes { record } pageInfo { hasNextPage endCursor } } }
}`
)

func (t *there) former(id string) ([]string, error) {
	var got struct{ Node *struct{ FormerIDs []string } }
	const query = "query ($id: ID!) { node(id: $id) { ... on Entity { formerIds } } }"
	if err := t.ask(query, map[string]any{"id": id}, &got); err != nil || got.Node == nil {
		return nil, err
	}
	return got.Node.FormerIDs, nil
}

func (t *there) changes(q *store.ChangesQuery) (all []kg.Change, err error) {
	for _, id := range q.IDs {
		var got struct{ Change *changeThere }
		if err := t.ask(changeQuery, map[string]any{"id": id}, &got); err != nil {
			return nil, err
		}
		if got.Change != nil {
			c, err := got.Change.change()
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	if q.IDs != nil {
		return all, nil
	}
	vars := map[string]any{}
	if q.Touching != nil {
		vars["touching"] = anys(q.Touching)
	}
	if q.Before > 0 {
		vars["upTo"] = q.Before - 1
	}
	for {
		n := min(q.Limit-len(all), plan.MaxPageSize)
		vars["first"] = n
		var got struct{ Changes struct{ Nodes []changeThere } }
		if err := t.ask(changesQuery, vars, &got); err != nil {
			return nil, err
		}
		some, err := changesOf(got.Changes.Nodes)
		if all = append(all, some...); err != nil || len(some) < n || len(all) == q.Limit {
			return all, err
		}
		vars["upTo"] = all[len(all)-1].Seq - 1
	}
}

// pageInfo is where a page ends.
type pageInfo struct {
	HasNextPage bool
	EndCursor   string
}

func (t *there) items(of *kg.Change, touching []string, most int) (all []kg.ChangeItem, err error) {
	vars := map[string]any{"id": of.ID}
	if touching != nil {
		vars["touching"] = anys(touching)
	}
	page := plan.MaxPageSize
	for {
		vars["first"] = min(most-len(all), page)
		var got struct {
			Change *struct {
				Items struct {
					Nodes    []itemThere
					PageInfo pageInfo
				}
			}
		}
		err := t.ask(itemsQuery, vars, &got)
		if kg.CodeOf(err) == kg.CostLimit && page > 1 { // a page of long records
			page /= 2
			continue
		}
		if err != nil || got.Change == nil {
			return nil, err
		}
		all = append(all, itemsOf(got.Change.Items.Nodes)...)
		if !got.Change.Items.PageInfo.HasNextPage || len(all) >= most {
			return all, nil
		}
		vars["after"] = got.Change.Items.PageInfo.EndCursor
	}
}

func (t *there) recorded(id string, at kg.Time, tell func(line string) error) (was bool, err error) {
	vars := map[string]any{"id": id, "at": at.String()}
	for {
		var got struct {
			AsRecorded *struct {
				Record string
				Links  struct {
					Nodes    []struct{ Record string }
					PageInfo pageInfo
				}
			}
		}
		if err := t.ask(recordedQuery, vars, &got); err != nil || got.AsRecorded == nil {
			return false, err
		}
		state := got.AsRecorded
		if state.Record != "" && !was {
			was = true
			if err := tell(state.Record); err != nil {
				return was, err
			}
		}
		for _, l := range state.Links.Nodes {
			if err := tell(l.Record); err != nil {
				return was, err
			}
		}
		if !state.Links.PageInfo.HasNextPage {
			return was, nil
		}
		vars["after"] = state.Links.PageInfo.EndCursor
	}
}
