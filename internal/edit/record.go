package edit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Create makes an entity or a source.
type Create struct {
	// Type is an EntityType, or SOURCE.
	Type string
	// Fields are those of the record's line, the id among them where one is given: string, int64, float64, bool,
	// []string or []kg.ExternalID.
	Fields map[string]any
}

func (*Create) action() kg.ChangeAction { return kg.Created }

func (c *Create) foresees(cat *catalog.Catalog) (ahead store.Ahead) {
	if is, _, err := c.record(cat); err == nil {
		ahead = store.Ahead{IDs: []string{idOf(is)}, Absent: true}
	}
	return ahead
}

// record returns the record that is to be made, and whether its id was made from its name.
func (c *Create) record(cat *catalog.Catalog) (is any, minted bool, err error) {
	line := fields{}
	head := "node"
	if c.Type == cat.Source.Enum {
		head = "source"
		if kind, _ := c.Fields["kind"].(string); kind == "" {
			return nil, false, problem(InvalidValue, []string{"kind"}, "The source has no kind; write one of %s.",
				strings.Join(exchange.SourceKinds(cat), ", "))
		}
	} else {
		line.set(head, c.Type)
	}
	for name, v := range c.Fields {
		if name == "formerIds" {
			return nil, false, problem(InvalidValue, []string{name}, "An entity gets former ids when others are merged into it.")
		}
		if name == "kind" && head == "source" {
			name = head
		}
		line.set(name, v)
	}
	return readLine(cat, head, line)
}

func (c *Create) apply(ctx context.Context, x *applying) (string, error) {
	is, minted, err := c.record(x.cat)
	if err != nil {
		return "", err
	}
	b, id := batch(is)
	types, err := x.Types(ctx, []string{id})
	switch {
	case err != nil:
		return "", err
	case types[id] != "" && minted:
		return "", problem(AlreadyExists, []string{"id"},
			"There is the %s %s already, whose id is made from the same name: change that one, or give this one another id.",
			typed(types[id]), id)
	case types[id] != "":
		return "", problem(AlreadyExists, []string{"id"}, "There is the %s %s already.", typed(types[id]), id)
	}
	if len(b.Nodes) > 0 {
		switch now, err := x.Merged(ctx, []string{id}); {
		case err != nil:
			return "", err
		case now[id] != "":
			return "", problem(AlreadyExists, []string{"id"},
				"%s was merged into %s: change that one, or give this one another id.", id, now[id])
		}
	}
	return id, x.put(ctx, b)
}

// Update changes an entity, a source or a link. Of a link, role and dates can change: what it joins, and its kind, make
// it what it is.
type Update struct {
	ID string
	// Type is the EntityType that the record must have, or SOURCE or LINK; "" for any.
	Type string
	// IfVersion is the version in which the record was seen, "" for any: see Version.
	IfVersion string
	// Set are fields of the record's line by their names, as in Create. What is nil is cleared.
	Set map[string]any
	// Add and Remove are items of lists: aliases, externalIds, authors. An external id is removed by scheme and value.
	Add, Remove map[string]any
}

func (*Update) action() kg.ChangeAction { return kg.Updated }

func (u *Update) foresees(*catalog.Catalog) (ahead store.Ahead) {
	if u.ID != "" && !strings.HasPrefix(u.ID, kg.LinkPrefix) { // the sources of a link are known by the link alone
		ahead.IDs = []string{u.ID}
	}
	return ahead
}

func (u *Update) apply(ctx context.Context, x *applying) (string, error) {
	was, err := x.record(ctx, u.ID, "id")
	if err != nil {
		return "", err
	}
	if t := x.typeOf(was); u.Type != "" && t != u.Type {
		return "", problem(NotFound, []string{"id"}, "%s is of type %s, and not %s.", u.ID, t, u.Type)
	}
	if err := x.unchanged(was, idOf(was), u.IfVersion); err != nil {
		return "", err
	}
	line, err := x.line(was)
	if err != nil {
		return "", err
	}
	head := "node"
	switch was.(type) {
	case *kg.Source:
		head = "source"
	case *kg.Link:
		head = "link"
	}
	for name, v := range u.Set {
		if name == "kind" && head == "source" {
			name = head
		}
		if may := head != "link" || slices.Contains([]string{"role", "since", "until"}, name); !may || fixed[name] {
			return "", problem(InvalidValue, []string{name}, "The field %s of a %s cannot be changed.", kg.Clip(name, 60), typed(head))
		}
		if v == nil {
			delete(line, name)
		} else {
			line.set(name, v)
		}
	}
	if err := line.change(u.Add, u.Remove); err != nil {
		return "", err
	}
	is, _, err := x.read(head, line)
	if err != nil {
		return "", err
	}
	if err := x.alone(ctx, was, is); err != nil {
		return "", err
	}
	if err := x.stillQuoted(ctx, was, is); err != nil {
		return "", err
	}
	if err := x.lose(ctx, was, is); err != nil {
		return "", err
	}
	b, id := batch(is)
	return id, x.put(ctx, b)
}

// alone refuses to have a link say what another says already.
func (x *applying) alone(ctx context.Context, was, is any) error {
	before, _ := was.(*kg.Link)
	after, _ := is.(*kg.Link)
	if before == nil || after == nil || kg.SameStatement(before, after) {
		return nil
	}
	other, err := x.saying(ctx, after)
	if err != nil || other == "" {
		return err
	}
	name := "role"
	switch {
	case before.Role != after.Role:
	case before.Since != after.Since:
		name = "since"
	default:
		name = "until"
	}
	return problem(AlreadyExists, []string{name},
		"The link %s says that already. Add the evidence of %s to it, and delete this one, or leave it as it is.", other, after.ID)
}

// idOf returns the id of a record.
func idOf(record any) string {
	_, id := batch(record)
	return id
}

// typeOf returns the EntityType of a record, or SOURCE or LINK.
func (x *applying) typeOf(record any) string {
	switch r := record.(type) {
	case *kg.Node:
		return r.Type
	case *kg.Source:
		return x.cat.Source.Enum
	}
	return x.cat.Link.Enum
}

// lose notes the excerpts and quotations that were not known to be wrong and do not stand in the new text of a source.
func (x *applying) lose(ctx context.Context, was, is any) error {
	before, _ := was.(*kg.Source)
	after, _ := is.(*kg.Source)
	if before == nil || after == nil || before.Text == after.Text || after.Text == "" {
		return nil
	}
	ids, err := x.Resting(ctx, []string{before.ID})
	if err != nil {
		return err
	}
	links, err := x.Records(ctx, ids)
	if err != nil {
		return err
	}
	text, old := rules.NewText(after.Text), rules.NewText(before.Text)
	gone := func(e kg.Evidence) bool {
		now, then := rules.Verified(e, text).Verified, rules.Verified(e, old).Verified
		return !*now && (then == nil || *then)
	}
	for _, l := range links.Links {
		for _, e := range l.Evidence {
			if e.Source == after.ID && gone(e) {
				x.lost = append(x.lost, Lost{Link: l.ID, Evidence: kg.EvidenceID(l.ID, &e), Excerpt: e.Excerpt})
			}
		}
	}
	held := x.texts(ctx)
	with := func(its *rules.Text) texts {
		return func(id string) (*rules.Text, error) {
			if id == after.ID {
				return its, nil
			}
			return held(id)
		}
	}
	return x.misquote(ctx, links.Links, with(old), with(text))
}

// texts returns the text of a source.
type texts func(source string) (*rules.Text, error)

// misquote notes the quotations at some links that do not stand in the texts that are to be, and were not known to be
// missing in those before.
func (x *applying) misquote(ctx context.Context, links []*kg.Link, before, after texts) error {
	seen := map[string]bool{}
	for _, l := range links {
		if seen[l.To] || !x.cat.Quoting.Has(x.cat.Kind(l.Kind).Index) {
			continue
		}
		seen[l.To] = true
		found, err := x.record(ctx, l.To, "id")
		if err != nil {
			return err
		}
		n, ok := found.(*kg.Node)
		if !ok || x.cat.QuotedOf(n.Type) == nil {
			continue
		}
		then, err := x.quoted(ctx, n, before)
		if err != nil {
			return err
		}
		now, err := x.quoted(ctx, n, after)
		if err != nil {
			return err
		}
		if now == rules.Misquoted && then != rules.Misquoted {
			words, _ := n.Props[x.cat.QuotedOf(n.Type).Words.Name].(string)
			x.lost = append(x.lost, Lost{Link: l.ID, Quotation: n.ID, Excerpt: words})
		}
	}
	return nil
}

// fixed are fields that stay as they are.
var fixed = map[string]bool{"id": true, "formerIds": true, "node": true, "createdAt": true, "updatedAt": true, "verified": true}

// stillQuoted refuses new words of a quotation that stand in none of the texts that it is quoted from.
func (x *applying) stillQuoted(ctx context.Context, was, is any) error {
	before, _ := was.(*kg.Node)
	after, _ := is.(*kg.Node)
	if before == nil || after == nil {
		return nil
	}
	of := x.cat.QuotedOf(after.Type)
	if of == nil || before.Props[of.Words.Name] == after.Props[of.Words.Name] {
		return nil
	}
	found, err := x.quoted(ctx, after, x.texts(ctx))
	if err != nil {
		return err
	}
	if found == rules.Misquoted {
		return problem(ExcerptNotInText, []string{of.Words.Name},
			"The words of the %s stand in none of the texts that it is quoted from.", typed(after.Type))
	}
	return nil
}

// quoted compares the words of a quotation with the texts that it is quoted from.
func (x *applying) quoted(ctx context.Context, n *kg.Node, of texts) (rules.Quoted, error) {
	ids, err := x.Resting(ctx, []string{n.ID})
	if err != nil {
		return rules.Unheld, err
	}
	links, err := x.Records(ctx, ids)
	if err != nil {
		return rules.Unheld, err
	}
	quotation := x.cat.QuotedOf(n.Type)
	words, _ := n.Props[quotation.Words.Name].(string)
	found := rules.Unheld
	for _, l := range links.Links {
		if l.To != n.ID || !quotation.Kinds.Has(x.cat.Kind(l.Kind).Index) {
			continue
		}
		q, err := rules.Quote(words, l.Evidence, of)
		if err != nil {
			return rules.Unheld, err
		}
		found = max(found, q)
	}
	return found, nil
}

// fields are those of a line by their names, as JSON.
type fields map[string]jsontext.Value

func (f fields) set(name string, v any) {
	j, err := json.Marshal(v, json.Deterministic(true))
	if n, ok := v.(float64); ok && err != nil { // it is not finite: the line's reader says that it is no number
		j = strconv.AppendQuote(nil, strconv.FormatFloat(n, 'g', -1, 64))
	} else if err != nil { // it is no text in UTF-8: the line's reader says so
		j = []byte(`"` + "\xff" + `"`)
	}
	f[name] = j
}

// change adds items to lists and takes some out.
func (f fields) change(add, remove map[string]any) error {
	for i, some := range []map[string]any{add, remove} {
		for name, v := range some {
			var list []jsontext.Value
			given := fields{}
			given.set(name, v)
			var items []jsontext.Value
			if json.Unmarshal(given[name], &items) != nil || fixed[name] || len(f[name]) > 0 && json.Unmarshal(f[name], &list) != nil {
				return problem(InvalidValue, []string{name}, "The field %s is no list.", kg.Clip(name, 60))
			}
			for _, item := range items {
				at := slices.IndexFunc(list, func(o jsontext.Value) bool { return same(o, item) })
				switch {
				case i == 0 && at < 0:
					list = append(list, item)
				case i == 1 && at >= 0:
					list = slices.Delete(list, at, at+1)
				}
			}
			if delete(f, name); len(list) > 0 {
				f.set(name, list)
			}
		}
	}
	return nil
}

// same reports whether two items of a list are one: external ids are by scheme and value.
func same(a, b jsontext.Value) bool {
	var x, y struct{ Scheme, Value string }
	if json.Unmarshal(a, &x, json.MatchCaseInsensitiveNames(true)) == nil && x.Scheme != "" &&
		json.Unmarshal(b, &y, json.MatchCaseInsensitiveNames(true)) == nil {
		return strings.EqualFold(x.Scheme, y.Scheme) && x.Value == y.Value
	}
	return string(a) == string(b)
}

// line returns the fields of a record, without the time of its last change.
func (x *applying) line(of any) (fields, error) {
	var b []byte
	switch r := of.(type) {
	case *kg.Source:
		b = jsonl.AppendSource(nil, r)
	case *kg.Node:
		b = jsonl.AppendNode(nil, x.cat, r)
	case *kg.Link:
		b = jsonl.AppendLink(nil, r)
	}
	f := fields{}
	err := json.Unmarshal(b, &f)
	delete(f, "updatedAt")
	return f, err
}

// read makes a record of its fields, by the rules of imports.
func (x *applying) read(head string, f fields) (any, bool, error) { return readLine(x.cat, head, f) }

func readLine(cat *catalog.Catalog, head string, f fields) (any, bool, error) {
	b, err := f.join(head)
	if err != nil {
		return nil, false, problem(InvalidValue, nil, "A name of a field is not UTF-8.")
	}
	if len(b) > exchange.MaxLine {
		return nil, false, problem(InvalidValue, nil, "The %s has more than %d bytes.", head, exchange.MaxLine)
	}
	is, minted, err := exchange.Record(cat, b)
	if err == nil {
		return is, minted, nil
	}
	return nil, false, wrong(head, err)
}

// join writes the line of fields, which begins with one of them.
func (f fields) join(head string) ([]byte, error) {
	b := append([]byte(`{"`+head+`":`), f[head]...)
	if len(f[head]) == 0 {
		b = append(b, `""`...)
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != head {
			key, err := jsontext.AppendQuote(append(b, ','), name)
			if err != nil {
				return nil, err
			}
			b = append(append(key, ':'), f[name]...)
		}
	}
	return append(b, '}'), nil
}

// wrong makes a problem of what an import would say of a line.
func wrong(what string, err error) *UserError {
	p := problem(InvalidValue, nil, "The %s %v.", what, err)
	var of *exchange.FieldError
	if errors.As(err, &of) {
		if of.Field != "" {
			p.Path = strings.Split(of.Field, ".")
		}
		if of.Span {
			p.Code = InvalidDateRange
		}
	}
	return p
}

// batch is one record to be written.
func batch(x any) (*store.Batch, string) {
	switch r := x.(type) {
	case *kg.Source:
		return &store.Batch{Sources: []*kg.Source{r}}, r.ID
	case *kg.Node:
		return &store.Batch{Nodes: []*kg.Node{r}}, r.ID
	case *kg.Link:
		return &store.Batch{Links: []*kg.Link{r}}, r.ID
	}
	return &store.Batch{}, ""
}
