package neo4jstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// nodeProps are the properties of an entity as kept.
func (l *layout) nodeProps(x *kg.Node, t *catalog.Type) map[string]any {
	p := map[string]any{"id": x.ID, "name": x.Name}
	var body []string
	if x.Description != "" {
		p["description"] = x.Description
		body = append(body, x.Description)
	}
	if len(x.Aliases) > 0 {
		p["aliases"] = anys(x.Aliases)
	}
	if len(x.ExternalIDs) > 0 {
		p["externalIds"] = anys(kg.ExternalIDsValue(x.ExternalIDs).Items())
	}
	if len(x.FormerIDs) > 0 {
		p["formerIds"] = anys(x.FormerIDs)
	}
	for _, own := range t.Props {
		v, ok := x.Props[own.Name]
		if !ok || v == nil || v == "" {
			continue
		}
		p[own.Name] = v
		if s, ok := v.(string); ok {
			if own.Searchable {
				body = append(body, s)
			}
			if isFolded(own) {
				p[foldedPrefix+own.Name] = text.Fold(s)
			}
		}
	}
	name := text.Fold(x.Name)
	names := []any{name}
	for _, a := range x.Aliases {
		names = append(names, text.Fold(a))
	}
	all := slices.Clone(names)
	for _, b := range body {
		all = append(all, text.Fold(b))
	}
	doc := text.NewDoc(x.Name, x.Aliases, body)
	p["_name"], p["_names"], p["_texts"], p["_sort"] = name, names, all, text.SortKey(x.Name)
	var external []string
	for _, e := range x.ExternalIDs {
		external = append(external, e.Scheme, e.Value)
	}
	doc.IDs = text.IDs(x.ID, external...)
	p["_words"], p["_nameWords"] = terms(t, &doc, append([]string{x.Name}, x.Aliases...), body), int64(doc.NameCount)
	if t.DateProp != nil {
		from, _ := p[t.DateProp.Name].(string)
		until := ""
		if t.UntilProp != nil {
			until, _ = p[t.UntilProp.Name].(string)
		}
		if a, b, known := kg.Span(kg.PartialDate(from), kg.PartialDate(until)); known {
			p["_date"] = int64(a)*1e8 + int64(b)
		}
	}
	return p
}

// heldNodes finds those of some entities that are there. What is somebody else's under such an id is a conflict.
func (l *load) heldNodes(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node) (held []*kg.Node,
	made map[string]int64, err error,
) {
	made = map[string]int64{}
	ids, types := make([]string, len(list)), make(map[string]string, len(list))
	for i, x := range list {
		ids[i] = x.ID
		types[x.ID] = x.Type
	}
	if a := aheadOf(l); a != nil {
		b, err := a.records(l.s, ids)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range b.Nodes {
			x.Verified = nil // it follows from links
		}
		return b.Nodes, a.made, nil
	}
	found, err := l.s.do(ctx, tx, "MATCH (n:Entity) WHERE n.id IN $ids RETURN n.id, labels(n), properties(n)",
		map[string]any{"ids": ids})
	for _, r := range found {
		var t *catalog.Type
		for _, label := range texts(asList(r[1])) {
			if of := l.s.layout.cat.Type(label); of != nil {
				t = of
			}
		}
		p, _ := r[2].(map[string]any)
		if t == nil || p["_sort"] == nil { // not ours
			id := asString(r[0])
			return nil, nil, kg.Errorf(kg.Conflict, "%s is something else in the store; give the %s another id", id,
				strings.ToLower(types[id]))
		}
		x, err := nodeFrom(t, p)
		if err != nil {
			return nil, nil, err
		}
		held, made[x.ID] = append(held, x), asInt(p[madeProperty])
	}
	return held, made, err
}

// putNodes writes entities, none of which stood in an earlier batch when they are distinct.
func (l *load) putNodes(ctx context.Context, tx neo4j.ManagedTransaction, b *store.Batch) error {
	cat := l.s.layout.cat
	for _, x := range b.Nodes {
		if t := cat.TypeOf(x.Type); t == nil || !t.IsEntity() {
			return kg.Errorf(kg.BadUserInput, "%s has a type that the schema does not know", x.ID)
		}
	}
	held := &store.Batch{}
	var made map[string]int64
	if !b.Distinct || !l.noNodes {
		var err error
		if held.Nodes, made, err = l.heldNodes(ctx, tx, b.Nodes); err != nil {
			return err
		}
	}
	isNew, isOther, err := b.Onto(held)
	if err != nil {
		return err
	}
	created := make([][]any, len(cat.Types)+1)
	var changed, names []any
	props := func(x *kg.Node) map[string]any {
		p := l.s.layout.nodeProps(x, cat.TypeOf(x.Type))
		created, updated := store.Times(x.CreatedAt, x.UpdatedAt, l.now)
		p["createdAt"], p["updatedAt"] = created.UnixMilli(), updated.UnixMilli()
		if len(x.Aliases)+len(x.ExternalIDs)+len(x.FormerIDs) == 0 {
			return p
		}
		aliases, outer := namesOf(x)
		names = append(names, []any{x.ID, aliases, outer})
		return p
	}
	for _, x := range isNew.Nodes {
		l.log(nil, x, 0)
		i, p := cat.TypeOf(x.Type).Index, props(x)
		p[madeProperty] = l.mark(x.ID)
		created[i] = append(created[i], p)
	}
	was := held.ByID()
	for _, x := range isOther.Nodes {
		l.log(was[x.ID], x, made[x.ID])
		p := props(x)
		setMade(p, made[x.ID])
		changed = append(changed, p)
	}
	for i, rows := range created {
		if len(rows) == 0 {
			continue
		}
		if _, err := l.run(ctx, tx, "UNWIND $rows AS row CREATE (n:"+cat.Types[i-1].Name+":Entity) SET n = row",
			map[string]any{"rows": rows}, -1); err != nil {
			return err
		}
	}
	if len(changed) > 0 {
		if _, err := l.run(ctx, tx, `UNWIND $rows AS row MATCH (n:Entity {id: row.id}) SET n = row
WITH n MATCH (a:Alias|ExternalId)-[:ALIAS_OF|IDENTIFIES]->(n) DETACH DELETE a`, map[string]any{"rows": changed}, -1); err != nil {
			return err
		}
	}
	if err := l.quoteAgain(ctx, tx, isOther.Nodes); err != nil {
		return err
	}
	if len(names) > 0 {
		if _, err := l.run(ctx, tx, namesText, map[string]any{"rows": names}, -1); err != nil {
			return err
		}
	}
	return nil
}

// namesText makes what entities are found by beside their names, of rows of ids and namesOf.
const namesText = `UNWIND $rows AS row MATCH (n:Entity {id: row[0]})
FOREACH (a IN row[1] | CREATE (:Alias {name: a[0], _name: a[1]})-[:ALIAS_OF]->(n))
FOREACH (x IN row[2] | CREATE (:ExternalId {scheme: x[0], value: x[1]})-[:IDENTIFIES]->(n))`

// namesOf returns what an entity is found by beside its name: aliases with their folded forms, and external and former
// ids with their schemes.
func namesOf(x *kg.Node) (aliases, outer []any) {
	aliases, outer = []any{}, []any{}
	for _, a := range x.Aliases {
		aliases = append(aliases, []any{a, text.Fold(a)})
	}
	for _, e := range x.ExternalIDs {
		outer = append(outer, []any{e.Scheme, e.Value})
	}
	for _, id := range x.FormerIDs {
		outer = append(outer, []any{formerScheme, id})
	}
	return aliases, outer
}

// quoteAgain compares the words of entities that have changed, those that are quotations, with the texts that they are
// quoted from.
func (l *load) quoteAgain(ctx context.Context, tx neo4j.ManagedTransaction, list []*kg.Node) error {
	for _, t := range l.s.layout.cat.Types {
		if t.Quoted == nil {
			continue
		}
		words := map[string]string{}
		for _, x := range list {
			if x.Type == t.Enum {
				words[x.ID], _ = x.Props[t.Quoted.Words.Name].(string)
			}
		}
		if len(words) == 0 {
			continue
		}
		kinds := strings.Join(l.s.layout.kindList(t.Quoted.Kinds), "|")
		found, err := l.s.do(ctx, tx,
			"MATCH (n:Entity)<-[r:"+kinds+"]-(:Entity) WHERE n.id IN $ids AND r._quoted IS NOT NULL RETURN "+linkText,
			map[string]any{"ids": slices.Collect(maps.Keys(words))})
		if err != nil {
			return err
		}
		links := make([]*kg.Link, len(found))
		for i, r := range found {
			if links[i], err = l.s.layout.linkOf(r); err != nil {
				return err
			}
		}
		if err := l.hold(ctx, links); err != nil {
			return err
		}
		l.writes(links)
		rows := make([]any, len(links))
		for i, x := range links {
			q, err := rules.Quote(words[x.To], x.Evidence, l.text)
			if err != nil {
				return err
			}
			rows[i] = []any{x.ID, q == rules.Verbatim}
		}
		if len(rows) == 0 {
			continue
		}
		if _, err := l.s.do(ctx, tx,
			"UNWIND $rows AS row MATCH ()-[r:"+kinds+"]->() WHERE r.id = row[0] SET r._quoted = row[1]", map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
	return nil
}
