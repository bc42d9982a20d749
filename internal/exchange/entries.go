package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// Formats of others have many classes of their own, and their links name what they join by id alone. The kind of such a
// link follows from the types of its ends, which may stand later in the file.

// entries makes records of a file of such a format. Of each entity it holds some numbers in memory.
type entries struct {
	*mapped
	classColumn string                   // the column whose values a mapping gives meanings
	types       map[uint64]*catalog.Type // by the hash of an entity's id
	afar        map[string]*catalog.Type // of the entities elsewhere that the links at hand name, by their ids
	later       []place                  // what joins others, in the spool
	lines       []int32                  // where the file says it
	spool       spool
	left        map[string]int  // how many of what there is no type or kind for
	members     string          // what the fields of a record are called
	unread      map[string]bool // those that mean nothing here
}

// newEntries begins the reading of a file whose records have their class in a column, and others beside it. Messages
// call them by the word members. What a mapping says of classes must be types and kinds, and it must not speak of a
// column that nothing is read from.
func newEntries(in *reading, column, members string, others []string) (*entries, error) {
	m := in.file.Terms.Mapping
	if m == nil {
		m = &Mapping{}
	}
	if len(m.Nodes) > 0 || len(m.Links) > 0 {
		return nil, &LineError{Line: 1, Err: fmt.Errorf("cannot be read by nodes and links of a mapping: "+
			`write what its classes are, {"values": {%q: {"Company": "INSTITUTION"}}}`, column)}
	}
	others = slices.Concat([]string{column, "id", flatAliases, flatExternal, "role"}, others)
	for _, key := range slices.Sorted(maps.Keys(m.Values)) {
		if !slices.Contains(others, key) && in.cat.Prop(key) == nil {
			return nil, &LineError{Line: 1, Err: fmt.Errorf("cannot be read by a mapping with values for %s, which no record has; do you mean %s?",
				clip(strconv.Quote(key)), cmp.Or(nearest(key, others), column))}
		}
	}
	for _, class := range slices.Sorted(maps.Keys(m.Values[column])) {
		is := constant(m.Values[column][class])
		if t := in.cat.TypeOf(is); is != "" && (t == nil || !t.IsEntity()) && in.cat.Kind(is) == nil {
			return nil, &LineError{Line: 1, Err: fmt.Errorf("is given by the mapping for %s the meaning %s", clip(class),
				Instead(is, append(entityTypes(in.cat), LinkKinds(in.cat)...)))}
		}
	}
	return &entries{
		mapped: &mapped{Mapping: m, g: gather(in), file: in.source(), apart: true}, classColumn: column, types: map[uint64]*catalog.Type{},
		left: map[string]int{}, members: members, unread: map[string]bool{},
	}, nil
}

// meaning returns the type, or the kind, that a class has by the mapping, or else by its name. Said reports that the
// mapping speaks of it.
func (e *entries) meaning(class string) (t *catalog.Type, k *catalog.Kind, said bool) {
	is, said := e.Values[e.classColumn][class]
	if said {
		is = constant(is)
	} else {
		is = catalog.EnumOf(class)
	}
	if t = e.g.in.cat.TypeOf(is); t != nil && !t.IsEntity() {
		t = nil
	}
	return t, e.g.in.cat.Kind(is), said
}

// node takes an entity of a type.
func (e *entries) node(t *catalog.Type, patterns map[string]string, r *row) error {
	_, err := e.entity(t, patterns, r)
	return err
}

// entity is node, and returns the id of the entity.
func (e *entries) entity(t *catalog.Type, patterns map[string]string, r *row) (string, error) {
	patterns["node"] = t.Enum
	for _, p := range t.Props {
		if patterns[p.Name] == "" {
			patterns[p.Name] = "{" + p.Name + "}"
		}
	}
	id, err := e.mapped.node(patterns, r)
	if id != "" {
		e.types[maphash.String(e.g.seed, id)] = t
	}
	return id, err
}

// typeOf returns the type of the entity that a file calls by an id; nil where there is none, in the file or elsewhere.
func (e *entries) typeOf(id string) *catalog.Type {
	if id == "" {
		return nil
	}
	id = e.id(id)
	if t := e.types[maphash.String(e.g.seed, id)]; t != nil {
		return t
	}
	return e.afar[id]
}

// seek looks up, in one question, the ends of some links that are in another file or in the store.
func (e *entries) seek(places []place, ends func(printed string) []string) error {
	if x := e.g.in.others; x == nil || x.store == nil && x.types == nil {
		return nil
	}
	unknown := map[string]bool{}
	for _, p := range places {
		printed, err := e.spool.at(p.from, p.size)
		if err != nil {
			return err
		}
		for _, id := range ends(printed) {
			if id != "" && e.types[maphash.String(e.g.seed, e.id(id))] == nil {
				unknown[e.id(id)] = true
			}
		}
	}
	found, err := e.g.in.others.typesOf(e.g.in.ctx, slices.Collect(maps.Keys(unknown)))
	e.afar = found
	return err
}

// sought is the number of links whose ends one question looks up.
const sought = 1000

// wait keeps what joins others until all of them are read.
func (e *entries) wait(line int, printed string) error {
	from, err := e.spool.add(printed)
	e.later = append(e.later, place{from, len(printed)})
	e.lines = append(e.lines, int32(line))
	return err
}

// waiting calls f with what was kept, in the order of the file. Ends returns the ids that such a record names.
func (e *entries) waiting(ends func(printed string) []string, f func(line int, printed string) error) error {
	for i, p := range e.later {
		if i%sought == 0 {
			if err := e.seek(e.later[i:min(i+sought, len(e.later))], ends); err != nil {
				return err
			}
		}
		printed, err := e.spool.at(p.from, p.size)
		if err == nil {
			err = f(int(e.lines[i]), printed)
		}
		if err == nil {
			err = e.g.in.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// said takes a link whose ends and role are known; the rest is read by other.
func (e *entries) said(patterns map[string]string, from, to, role string, line int, printed string, other func(column string) string) error {
	return e.mapped.link(patterns, &row{line: line, printed: printed, get: func(column string) string {
		switch column {
		case "from":
			return from
		case "to":
			return to
		case "role":
			return role
		}
		return other(column)
	}}, nil)
}

// joins returns a kind unless it cannot join these types.
func joins(k *catalog.Kind, from, to *catalog.Type) *catalog.Kind {
	if k != nil && k.From.Has(from.Index) && k.To.Has(to.Index) {
		return k
	}
	return nil
}

// end hands all records on to the import, and reports what was left out.
func (e *entries) end() error {
	if len(e.unread) > 0 {
		e.g.in.lenient("%s that mean nothing here are left out: %s", e.members,
			kg.Clip(strings.Join(slices.Sorted(maps.Keys(e.unread)), ", "), 300))
	}
	if len(e.left) > 0 {
		e.g.in.lenient("what has no type or kind here is left out (a mapping can say what it is): %s", counted(e.left))
	}
	return e.g.end()
}

func (e *entries) close() error { return errors.Join(e.g.close(), e.spool.close()) }

// loosely reads JSON of others: members that mean nothing are passed over.
func loosely(b []byte, to any) error {
	if err := json.Unmarshal(b, to); err != nil {
		return wrongJSON(err, to)
	}
	return nil
}

// textsOf returns the texts that a value of others is: one, or a list of them, numbers too. Whole reports whether there
// was nothing else in it.
func textsOf(v jsontext.Value) (list []string, whole bool) {
	switch v.Kind() {
	case '"':
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return nil, false
		}
		if s != "" {
			list = append(list, s)
		}
		return list, true
	case '0', 't', 'f':
		return []string{string(v)}, true
	case 'n', 0:
		return nil, true
	case '[':
		var of []jsontext.Value
		if err := json.Unmarshal(v, &of); err != nil {
			return nil, false
		}
		whole = true
		for _, x := range of {
			if x.Kind() == '[' {
				whole = false
				continue
			}
			some, all := textsOf(x)
			list, whole = append(list, some...), whole && all
		}
		return list, whole
	}
	return nil, false
}

// firstOf returns the first of a list, "" where it is empty.
func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// otherNames writes names that are not the first as one value of a column, each once, as many as an entity can have.
func (e *entries) otherNames(name string, lists ...[]string) string {
	var out []string
	for _, s := range slices.Concat(lists...) {
		if s = strings.TrimSpace(s); s != "" && s != name && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) > rules.MaxAliases {
		out = out[:rules.MaxAliases]
		e.g.in.lenient("of other names, the first %s of an entity are read", strconv.Itoa(rules.MaxAliases))
	}
	if len(out) == 0 {
		return ""
	}
	b, _ := json.Marshal(out) // texts always marshal
	return string(b)
}
