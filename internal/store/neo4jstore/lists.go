package neo4jstore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// everything writes the page of all records of some types.
func (c *compiler) everything(a *answer) {
	f := &c.q.Root
	c.noteTypes(c.q.Types)
	types := c.q.Types & c.cat.Entities
	source := c.q.Types.Has(c.cat.Source.Index)
	if source {
		types = 0
	}
	a.empty = !source && types == 0
	if a.empty {
		return
	}
	from, anchored := anchorOf(f.Entities)
	c.noteIf(anchored)
	c.rootPage(a, func() *matcher {
		n := c.name("n")
		m := &matcher{n: n, types: types, keep: []string{n}}
		m.match = func() string {
			if anchored {
				return c.anchored(from, n, types)
			}
			return c.scanned(n, types)
		}
		m.rest = func(where string) string { return c.restOf(from, where, f.Entities, n, types) }
		return m
	})
}

// everyLink writes the page of all links. The ends come from an index in the order of their names.
func (c *compiler) everyLink(a *answer) {
	f := &c.q.Root
	c.rootPage(a, func() *matcher {
		o, r := c.name("n"), c.name("r")
		m := &matcher{
			n: o, r: r, linked: true, refuted: f.Links.NamesRefuted(), types: c.cat.Entities,
			keep: []string{r, o}, outward: true,
		}
		m.vars = linkVars{r: r, refuted: m.refuted, to: o, toTypes: c.cat.Entities}
		m.match = func() string {
			c.scanned(o, c.cat.Entities)
			c.w(" MATCH (", o, ")<-", c.along(r, c.cat.AllKinds(), f.Links), "-()")
			return " WHERE "
		}
		m.rest = func(where string) string { return c.linkFilter(where, f.Links, r, o, c.cat.Entities) }
		if !c.noteIf(f.Links != nil) {
			m.count = func() { c.w("COUNT { (:Entity)-", c.rel("", c.allKinds), "->() }") }
		}
		return m
	})
}

// restOf writes the filter on what anchored has found: all of it but what that has seen to.
func (c *compiler) restOf(from anchor, where string, f *plan.EntityFilter, n string, types catalog.TypeSet) string {
	if from.linked != nil && from.linked.Where == nil && from.linked.Link == nil && types != 0 {
		c.settled = from.linked
		defer func() { c.settled = nil }()
	}
	return c.entityFilter(where, f, n, types)
}

// rootPage writes the RETURN of a page.
func (c *compiler) rootPage(a *answer, of func() *matcher) {
	a.page = &page{}
	c.returning(func(row *list) {
		c.column(row)
		c.page(a.page, &c.q.Root, of)
	})
	c.w(" AS row")
}

// labelOf is the label that all records of some types have, and that has an index by name.
func (c *compiler) labelOf(types catalog.TypeSet) string {
	switch t := c.single(types); {
	case types == 0:
		return sourceLabel
	case t != nil:
		return t.Name
	}
	return entityLabel
}

// scanned reads records in order of name from an index; records without our properties are not in it.
func (c *compiler) scanned(n string, types catalog.TypeSet) string {
	c.w("MATCH (", n, ":", c.labelOf(types), ") WHERE ", n, "._sort >= '' AND ", n, ".id >= ''")
	if types.Len() > 1 && types != c.cat.Entities {
		c.w(" AND ", n, ":", c.labels(types))
	}
	return " AND "
}

// anchored finds records from a part of the filter; restOf asks for the rest.
func (c *compiler) anchored(from anchor, n string, types catalog.TypeSet) string {
	label := entityLabel
	if types == 0 {
		label = sourceLabel
	}
	switch {
	case from.ids != nil:
		c.note('i')
		c.w("MATCH (", n, ":", label, ") WHERE ", n, ".id IN ", c.param(from.ids), " AND ", n, "._sort IS NOT NULL WITH ", n)
	case from.outer != nil && types == 0:
		c.note('0')
		c.w("UNWIND [] AS ", n, " WITH ", n, " WHERE false")
		return " AND "
	case from.outer != nil:
		c.note('e')
		pair := c.name("pair")
		c.w("UNWIND ", c.param(pairs(from.outer)), " AS ", pair, " MATCH (:ExternalId {scheme: ", pair, "[0], value: ", pair,
			"[1]})-[:IDENTIFIES]->(", n, ":Entity) WITH DISTINCT ", n)
	case from.updated != nil:
		c.note('u')
		c.w("MATCH (", n, ":", label, ") WHERE ", n, ".updatedAt > ", c.param(*from.updated.After), " AND ", n,
			"._sort IS NOT NULL WITH ", n)
	case from.name != nil:
		c.note('n')
		var p string
		if c.noteIf(from.name.Eq != nil) {
			p = " = " + c.param(*from.name.Eq)
		} else {
			p = " IN " + c.param(from.name.In)
		}
		c.call()
		c.w(" MATCH (", n, ":", label, ") WHERE ", n, "._name", p, " RETURN ", n)
		if types != 0 {
			alias := c.name("a")
			c.w(" UNION MATCH (", alias, ":Alias)-[:ALIAS_OF]->(", n, ":Entity) WHERE ", alias, "._name", p, " RETURN ",
				n)
		}
		c.w(" } WITH ", n)
	case types == 0:
		id := c.name("id")
		r := c.name("r")
		c.noteRef(from.linked.Ref)
		c.w("MATCH (", c.refs[from.linked.Ref], ")-", c.rel(r, c.allKinds), "-() UNWIND ", r, ".sources AS ", id,
			" WITH DISTINCT ", id,
			" MATCH (", n, ":Source {id: ", id, "}) WITH ", n)
		return " WHERE "
	default:
		c.noteRef(from.linked.Ref)
		// in the pattern, and not as a parameter: a hub has many links of other kinds, which then are not even looked
		// at
		kinds := c.kindsAt(types)
		if from.linked.Kinds != nil {
			kinds &= *from.linked.Kinds
		}
		c.noteKinds(kinds)
		if kinds == 0 {
			c.w("UNWIND [] AS ", n, " WITH ", n, " WHERE false")
			return " AND "
		}
		c.w("MATCH (", c.refs[from.linked.Ref], ")-", c.rel("", c.kinds(kinds)), "-(", n, ") WITH DISTINCT ", n)
	}
	if types != 0 {
		c.w(" WHERE ", n, ":", c.labels(types))
		return " AND "
	}
	return " WHERE "
}

// facet writes one way a list divides: a list of [key, count, columns of the entity…].
func (c *compiler) facet(m *matcher, w plan.FacetWant) facet {
	d := facet{by: w.By}
	key := c.name("key")
	count := c.name("count")
	c.w("COLLECT { ")
	c.counted = true
	where := m.clauses()
	top := func(expr string) {
		c.w(" WITH ", expr, " AS ", key, ", count(*) AS ", count, " ORDER BY ", count, " DESC, ", key, " LIMIT ",
			strconv.Itoa(plan.MaxBuckets),
			" RETURN [", key, ", ", count, "] }")
	}
	switch w.By {
	case plan.ByKind:
		top(kindOf(m.r, m.refuted))
	case plan.ByRole:
		c.w(where, m.r, ".role IS NOT NULL")
		top(m.r + ".role")
	case plan.ByYear:
		date := m.n + "._date"
		if m.linked {
			date = m.r + "._since"
		}
		c.w(where, date, " IS NOT NULL")
		d.read = bucketYear
		top(date + " / 1000000000000")
	case plan.ByOtherType, plan.ByType:
		d.read = bucketType
		source := strconv.Itoa(int(c.cat.Source.Index))
		c.w(" WITH ")
		switch {
		case m.mixed:
			c.w("CASE WHEN ", m.n, ":", sourceLabel, " THEN ", source, " ELSE ")
			c.typeOf(m.n, m.types)
			c.w(" END")
		case m.types == 0:
			c.w(source)
		default:
			c.typeOf(m.n, m.types)
		}
		c.w(" AS ", key, ", count(*) AS ", count, " ORDER BY ", count, " DESC, ", key, " RETURN [", key, ", ", count,
			"] }")
	case plan.BySourceKind:
		top(m.n + ".kind")
	case plan.ByPublisher:
		c.w(where, m.n, ".publisher IS NOT NULL")
		top(m.n + ".publisher")
	case plan.ByAuthor:
		author := c.name("author")
		c.w(" UNWIND coalesce(", m.n, ".authors, []) AS ", author, " WITH DISTINCT ", m.n, ", ", author)
		top(author)
	case plan.BySource:
		c.facetBySource(m, func(expr string) { c.topSources(&d, w, expr, key, count) })
	default:
		c.facetNear(&d, m, w, key, count)
	}
	return d
}

// topSources ends a facet by source: the largest counts of what expr is, and of each source what is wanted.
func (c *compiler) topSources(d *facet, w plan.FacetWant, expr, key, count string) {
	c.w(" WITH ", expr, " AS ", key, ", count(*) AS ", count, " ORDER BY ", count, " DESC, ", key, " LIMIT ",
		strconv.Itoa(plan.MaxBuckets), " RETURN [", key, ", ", count)
	if c.noteIf(w.Node != nil) {
		s := c.name("s")
		c.w(", COLLECT { MATCH (", s, ":Source {id: ", key, "}) ")
		c.in(func() { c.returning(func(row *list) { d.source = c.source(row, s, w.Node) }) }, s)
		c.w(" }")
	}
	c.w("] }")
}

func (c *compiler) facetBySource(m *matcher, top func(string)) {
	switch {
	case m.linked:
		v := c.name("source")
		c.w(" UNWIND ", supporters(m.r), " AS ", v)
		top(v)
	case m.types == 0:
		top(m.n + ".id")
	case m.mixed:
		v, r := c.name("source"), c.name("r")
		c.w(" ")
		c.call(m.n)
		c.w(" WITH ", m.n, " WHERE ", m.n, ":", sourceLabel, " RETURN ", m.n, ".id AS ", v, " UNION MATCH (", m.n, ")-",
			c.rel(r, c.allKinds), "-() UNWIND ", supporters(r), " AS ", v,
			" RETURN DISTINCT ", v, " }")
		top(v)
	default:
		// each entity counts once for each of the different sources of its links
		v, r := c.name("source"), c.name("r")
		c.w(" MATCH (", m.n, ")-", c.rel(r, c.allKinds), "-() UNWIND ", supporters(r), " AS ", v, " WITH DISTINCT ",
			m.n, ", ", v)
		top(v)
	}
}

// facetNear writes the facets by theme and by institution.
func (c *compiler) facetNear(d *facet, m *matcher, w plan.FacetWant, key, count string) {
	other := c.cat.TypeOf("THEME")
	if w.By == plan.ByInstitution {
		other = c.cat.TypeOf("INSTITUTION")
	}
	if other == nil {
		c.w(" WITH 1 AS ", key, " LIMIT 0 RETURN ", key, " }")
		return
	}
	set := catalog.TypeSet(1) << other.Index
	r, at := c.name("r"), c.name("at")
	if m.types == 0 {
		c.w(" WITH ", m.n, " ")
		c.sourceLinks(m.n, r)
		c.w(" UNWIND [startNode(", r, "), endNode(", r, ")] AS ", at, " WITH DISTINCT ", m.n, ", ", at, " AS ", key,
			" WHERE ", key, ":", other.Name)
	} else {
		// types with a derived field of such entities count those, the others what is one link away
		c.w(" ")
		c.call(m.n)
		var near catalog.TypeSet
		parts := 0
		for _, t := range c.cat.Types {
			if !m.types.Has(t.Index) {
				continue
			}
			df := c.cat.DerivedTo(t, other)
			if df == nil {
				near |= 1 << t.Index
				continue
			}
			for _, hops := range df.Chains {
				if parts++; parts > 1 {
					c.w(" UNION")
				}
				c.w(" MATCH ")
				c.chain(m.n, "", "", key, df, hops, nil)
				c.w(" WHERE ", m.n, ":", t.Name, " RETURN ", key)
			}
		}
		if near != 0 {
			if parts > 0 {
				c.w(" UNION")
			}
			c.w(" MATCH (", m.n, ")-", c.rel("", c.allKinds), "-(", key, ":", other.Name, ") WHERE ", m.n, ":",
				c.labels(near), " RETURN DISTINCT ", key)
			parts++
		}
		if m.mixed {
			if parts > 0 {
				c.w(" UNION")
			}
			c.w(" WITH ", m.n, " WHERE ", m.n, ":", sourceLabel, " ")
			c.sourceLinks(m.n, r)
			c.w(" UNWIND [startNode(", r, "), endNode(", r, ")] AS ", key, " WITH ", key, " WHERE ", key, ":",
				other.Name, " RETURN DISTINCT ", key)
		}
		c.w(" }")
	}
	c.w(" WITH ", key, ", count(*) AS ", count, " ORDER BY ", count, " DESC, ", key, ".id LIMIT ",
		strconv.Itoa(plan.MaxBuckets), " ")
	c.returning(func(row *list) {
		c.column(row)
		c.w(key, ".id")
		c.column(row)
		c.w(count)
		if w.Node != nil {
			c.in(func() { d.entity = c.entity(row, key, set, w.Node) }, key)
		}
	})
	c.w(" }")
}

// search writes the three rounds of package text and a page of what the first that finds anything finds. The index is
// asked for the first round and, when that finds nothing, for the last, of which the second is the part where every
// word fits: asking for the second too costs more than looking. The index finds what fits; how well it fits is counted
// here, in the integers of text.Score, as the index's own score is not that of the other stores.
func (c *compiler) search(a *answer) {
	types, sources := c.q.Types&c.cat.Entities, c.q.Types.Has(c.cat.Source.Index)
	c.noteTypes(c.q.Types)
	a.empty = c.q.Search.ID == "" || types == 0 && !sources
	if c.noteIf(a.empty) {
		return
	}
	initials := c.noteIf(slices.ContainsFunc(c.q.Search.Words, func(w text.QueryWord) bool { return w.Initials }))
	of, own := c.typeWords(types, sources), " "+idTermOf(c.q.Search.ID)+" "
	words, id := c.param(searchWords(&c.q.Search)), c.param(own)
	if c.behind {
		c.amongAll(types, sources, initials, words, id)
	} else {
		first, rest := c.param(searchQuery(&c.q.Search, of, own, false)), c.param(searchQuery(&c.q.Search, of, own, true))
		const call = fullText + "Nodes('" + searchIndex + "', "
		c.call()
		c.w(" ", call, first, ") YIELD node RETURN collect(node) AS hits1 }\n")
		c.call("hits1")
		c.w(" UNWIND CASE WHEN size(hits1) = 0 THEN [", rest, "] ELSE [] END AS query ", call,
			"query) YIELD node RETURN collect(node) AS hits3 }\n")
	}
	// terms are read once for each hit: they are long
	c.call("hits3")
	c.w(" UNWIND hits3 AS node WITH node, node._words AS terms WHERE all(word IN ", words,
		" WHERE terms CONTAINS word[0] OR terms CONTAINS word[1] OR",
		" any(key IN word[2] WHERE terms CONTAINS key) OR terms CONTAINS word[3] OR terms CONTAINS word[4] OR terms CONTAINS word[5]")
	if initials {
		c.w(" OR terms CONTAINS word[6] OR all(key IN word[7] WHERE terms CONTAINS key)")
	}
	if sources {
		c.w(" OR terms CONTAINS word[8]")
	}
	c.w(") RETURN collect(node) AS hits2 }\n")
	c.w("WITH CASE WHEN size(hits2) > 0 THEN hits2 ELSE hits1 + hits3 END AS hits, size(hits1) = 0 AS fuzzy\n")
	c.scope = append(c.scope, "hits", "fuzzy")
	c.rootPage(a, func() *matcher {
		n, score := c.name("n"), c.name("score")
		m := &matcher{
			n: n, weight: score, weighed: true, found: true, types: types, mixed: sources && types != 0,
			keep: []string{n, score}, count: func() { c.w("size(hits)") },
		}
		m.match = func() string {
			c.w("UNWIND hits AS ", n, " WITH ", n, ", ", n, "._nameWords AS count, ", n, "._words AS terms WITH ", n,
				", count, terms CONTAINS ", id, " AS identified,",
				" [word IN ", words, " | CASE WHEN terms CONTAINS word[0] THEN 10")
			if initials {
				c.w(" WHEN terms CONTAINS word[6] THEN 9")
			}
			c.w(" WHEN terms CONTAINS word[1] THEN 8")
			if initials {
				c.w(" WHEN all(key IN word[7] WHERE terms CONTAINS key) THEN 7")
			}
			c.w(" WHEN fuzzy AND any(key IN word[2] WHERE terms CONTAINS key) THEN 6",
				" WHEN terms CONTAINS word[3] THEN 5 WHEN terms CONTAINS word[4] THEN 4")
			if sources {
				c.w(" WHEN terms CONTAINS word[8] THEN 5")
			}
			c.w(
				" WHEN fuzzy AND terms CONTAINS word[5] THEN 3 ELSE 0 END] AS grades",
				" WITH ", n, ", CASE WHEN identified THEN ", strconv.Itoa(text.FullScore), " ELSE",
				" reduce(sum = 0, g IN grades | sum + g) * 80 / (10 * size(grades)) + CASE WHEN all(g IN grades WHERE g >= 6)",
				" THEN 20 * CASE WHEN size(grades) < count THEN size(grades) ELSE count END / count ELSE 0 END")
			if titled := types & c.cat.Titled(); initials && titled != 0 {
				c.w(" - CASE WHEN ", n, ":", c.labels(titled),
					" AND any(g IN grades WHERE g IN [7, 9]) THEN 1 ELSE 0 END")
			}
			c.w(" END AS ", score)
			return " WHERE "
		}
		m.texts = func() []string {
			texts := "[" + n + ".name, " + n + ".aliases, " + n + ".description"
			props := slices.Sorted(slices.Values(c.bodyProps(types)))
			for _, p := range props {
				texts += ", " + n + "." + p
			}
			texts += "]"
			switch source := "[" + n + ".title, " + n + ".text]"; {
			case types == 0:
				texts = source
			case sources:
				texts = "CASE WHEN " + n + ":" + sourceLabel + " THEN " + source + " ELSE " + texts + " END"
			}
			c.w(texts)
			return props
		}
		return m
	})
}

// sourceTexts is how many texts a source has: its title and its text. Entities have more.
const sourceTexts = 2

// typeWords is the part of a search that speaks of types.
func (c *compiler) typeWords(types catalog.TypeSet, sources bool) string {
	switch {
	case types == c.cat.Entities && sources:
		return ""
	case types == c.cat.Entities:
		return "-" + typeWord(c.cat.Source) + " "
	}
	var b strings.Builder
	b.WriteString("+(")
	for _, t := range c.cat.Types {
		if types.Has(t.Index) {
			b.WriteString(typeWord(t))
			b.WriteByte(' ')
		}
	}
	if sources {
		b.WriteString(typeWord(c.cat.Source))
	}
	b.WriteString(") ")
	return b.String()
}

// amongAll writes the first and the last round of a search without the index: what searchQuery would find.
func (c *compiler) amongAll(types catalog.TypeSet, sources, initials bool, words, id string) {
	of := entityLabel
	if types != c.cat.Entities {
		of = c.labels(types)
	}
	switch {
	case types == 0:
		of = sourceLabel
	case sources:
		of += "|" + sourceLabel
	}
	round := func(fits func()) {
		c.w("MATCH (node:", of, ") WITH node, node._words AS terms WHERE terms CONTAINS ", id, " OR ")
		fits()
		c.w(" RETURN collect(node) AS ")
	}
	exactly := func() {
		c.w("terms CONTAINS word[0] OR terms CONTAINS word[1] OR terms CONTAINS word[3] OR terms CONTAINS word[4] OR terms CONTAINS word[8]")
		if initials {
			c.w(" OR terms CONTAINS word[6] OR all(key IN word[7] WHERE terms CONTAINS key)")
		}
	}
	c.call()
	c.w(" ")
	round(func() {
		c.w("size(", words, ") > 0 AND all(word IN ", words, " WHERE ")
		exactly()
		c.w(")")
	})
	c.w("hits1 }\n")
	c.call("hits1")
	c.w(" WITH hits1 WHERE size(hits1) = 0 ")
	round(func() {
		c.w("any(word IN ", words, " WHERE ")
		exactly()
		c.w(" OR any(key IN word[2] WHERE terms CONTAINS key) OR terms CONTAINS word[5])")
	})
	c.w("hits3 }\n")
}

// searchQuery is what the index is asked for: every word as it is, or any word in any way; and what the whole text is
// an id of. All of it is made of letters, digits, marks, _, spaces, + - ( ) * and "; letters, digits and marks come
// from folded words, the rest stands here.
func searchQuery(s *text.Search, types, id string, anyWord bool) string {
	var b strings.Builder
	b.Grow(len(types) + len(id) + 256)
	b.WriteString(types)
	b.WriteString("+(")
	b.WriteString(id)
	grouped := !anyWord && len(s.Words) > 0 // there is nothing that an empty group could mean
	if grouped {
		b.WriteByte('(')
	}
	for i := range s.Words {
		w := &s.Words[i]
		if !anyWord {
			b.WriteString("+(")
		}
		exactTerms(&b, w)
		if w.Initials {
			b.WriteString(initialsTerm + w.Word + "* (")
			for _, r := range w.Word {
				b.WriteString("+" + nameTerm + string(r) + "* ")
			}
			b.WriteString(") ")
		}
		if !anyWord {
			b.WriteString(") ")
			continue
		}
		for _, d := range w.Deletes {
			b.WriteString(deleteTerm)
			b.WriteString(d)
			b.WriteByte(' ')
		}
		if w.Skeleton != "" {
			b.WriteString(skeletonTerm)
			b.WriteString(w.Skeleton)
			b.WriteByte(' ')
		}
	}
	if grouped {
		b.WriteByte(')')
	}
	b.WriteByte(')')
	return b.String()
}

// exactTerms asks the index for a word as it is, or as a prefix where it is one, or for a phrase.
func exactTerms(b *strings.Builder, w *text.QueryWord) {
	for _, kind := range [...]string{nameTerm, bodyTerm, textTerm} {
		switch {
		case w.Phrase:
			b.WriteByte('"')
			b.WriteString(kind)
			b.WriteString(strings.ReplaceAll(w.Word, " ", " "+kind))
			b.WriteByte('"')
		default:
			b.WriteString(kind)
			b.WriteString(w.Word)
			if w.Prefix && kind != textTerm { // it finds the whole word too
				b.WriteByte('*')
			}
		}
		b.WriteByte(' ')
	}
}

// wholeTerms are the terms of a word, or of the words of a phrase one behind the other, as they stand in a record's
// terms.
func wholeTerms(kind string, w *text.QueryWord) string {
	if w.Phrase {
		return " " + kind + strings.ReplaceAll(w.Word, " ", " "+kind) + " "
	}
	return " " + kind + w.Word + " "
}

// nowhere is what no list of terms contains: where a word cannot fit in some way.
const nowhere = "\t"

// noLetters are those of a word that is no initials; nobody changes them.
var noLetters any = []any{nowhere}

// searchWords are for each word what its grades are recognised by in an entity's terms.
func searchWords(s *text.Search) []any {
	out := make([]any, len(s.Words))
	for i := range s.Words {
		w := &s.Words[i]
		var name, body, skeleton, initials any = nowhere, nowhere, nowhere, nowhere
		if w.Prefix {
			name, body = " "+nameTerm+w.Word, " "+bodyTerm+w.Word
		}
		if w.Skeleton != "" {
			skeleton = " " + skeletonTerm + w.Skeleton + " "
		}
		deletes := make([]any, len(w.Deletes))
		for j, d := range w.Deletes {
			deletes[j] = " " + deleteTerm + d + " "
		}
		letters := noLetters
		if w.Initials {
			var each []any
			for _, r := range w.Word {
				each = append(each, " "+nameTerm+string(r))
			}
			initials, letters = " "+initialsTerm+w.Word, each
		}
		out[i] = []any{
			wholeTerms(nameTerm, w), name, deletes, wholeTerms(bodyTerm, w), body, skeleton, initials,
			letters, wholeTerms(textTerm, w),
		}
	}
	return out
}

// statistics counts what there is. Somebody else's nodes and relationships are not in our indexes, or have no id.
func (c *compiler) statistics() {
	c.w("RETURN [[")
	for i, t := range c.cat.Types {
		if i > 0 {
			c.w(", ")
		}
		c.w("COUNT { MATCH (n:", t.Name, ") WHERE n._sort >= '' AND n.id >= '' }")
	}
	c.w("], [")
	for i, k := range c.cat.Kinds {
		if i > 0 {
			c.w(", ")
		}
		c.w("COUNT { (:Entity)-", c.rel("", k.Name), "->() }")
	}
	c.w("], COUNT { MATCH (n:Source) WHERE n._sort >= '' AND n.id >= '' }")
	c.w(", COUNT { MATCH (:Entity)-", c.rel("r", c.allLinks), "->() WHERE coalesce(r.sourceCount, 0) = 0 }")
	c.w(", COLLECT { MATCH (:Entity)-", c.rel("r", c.allLinks),
		"->() RETURN sum(r._unverified) }[0], COUNT { (:Entity)-", c.rel("", refutedType), "->() }] AS row")
}
