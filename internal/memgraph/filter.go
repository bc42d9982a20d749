package memgraph

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// textStep is how many bytes of text are folded in the time of one step.
const textStep = 64

// matchTexts matches a field of several texts: each is folded when it is looked at. present: the field has a text.
func (x *fetch) matchTexts(f *plan.StringFilter, present bool, each func(yield func(string) bool)) bool {
	if f.IsNull != nil && *f.IsNull == present {
		return false
	}
	if f.Bare() {
		return true
	}
	for s := range each {
		x.step(1 + len(s)/textStep)
		if f.Fits(text.Fold(s)) {
			return true
		}
	}
	return false
}

// names are the name and aliases of a node.
func (graph *Graph) names(n *node, yield func(string) bool) {
	aliases := graph.field(n, aliasesField)
	if !yield(graph.name(n)) || aliases == "" {
		return
	}
	for a := range strings.SplitSeq(aliases, "\x00") {
		if !yield(a) {
			return
		}
	}
}

// body are the description and searchable properties of a node.
func (graph *Graph) body(n *node) []string {
	var out []string
	if d := graph.field(n, descField); d != "" {
		out = append(out, d)
	}
	for i, p := range graph.cat.TypeAt(n.typ).Props {
		if !p.Searchable {
			continue
		}
		if s := graph.field(n, propFields+i); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// searched are the texts of a node that a search looks at: the names, the description, searchable properties by name.
func (graph *Graph) searched(n *node) []text.Field {
	var out, props []text.Field
	graph.names(n, func(s string) bool {
		f := text.Field{Name: "aliases", Text: s, IsName: true}
		if len(out) == 0 {
			f.Name = "name"
		}
		out = append(out, f)
		return true
	})
	out = append(out, text.Field{Name: "description", Text: graph.field(n, descField)})
	for i, p := range graph.cat.TypeAt(n.typ).Props {
		if p.Searchable {
			props = append(props, text.Field{Name: p.Name, Text: graph.field(n, propFields+i)})
		}
	}
	slices.SortFunc(props, func(a, b text.Field) int { return strings.Compare(a.Name, b.Name) })
	return append(out, props...)
}

// verdicts is what is known of whether each node fits one filter: two bits a node, in pages that are made when they are
// needed, as most filters are asked of few nodes.
type verdicts [][]uint64

const (
	// verdictsPage is how many nodes share a page.
	verdictsPage = 4096
	fitBits      = 2
	fitsInWord   = 64 / fitBits
)

func (v verdicts) of(k uint32) fit {
	p := v[k/verdictsPage]
	if p == nil {
		return untried
	}
	k %= verdictsPage
	return fit(p[k/fitsInWord]>>(k%fitsInWord*fitBits)) & (1<<fitBits - 1)
}

// set notes what was found out about a node that was untried.
func (v verdicts) set(k uint32, to fit) {
	p := &v[k/verdictsPage]
	if *p == nil {
		*p = make([]uint64, verdictsPage/fitsInWord)
	}
	k %= verdictsPage
	(*p)[k/fitsInWord] |= uint64(to) << (k % fitsInWord * fitBits)
}

// entityFitsOnce is entityFits for nodes that are met again and again: what takes long to find out is remembered, so
// that filters within filters cost the sum of what each costs, and not the product.
func (x *fetch) entityFitsOnce(f *plan.EntityFilter, k uint32) bool {
	if f == nil {
		return true
	}
	if f.And == nil && f.Or == nil && f.Not == nil && f.IDs == nil && f.ExternalIDs == nil && f.Name == nil &&
		f.Text == nil && f.LinkedTo == nil && f.Props == nil {
		return x.entityFits(f, k)
	}
	v := x.verdicts[f]
	if v == nil {
		if x.verdicts == nil {
			x.verdicts = map[*plan.EntityFilter]verdicts{}
		}
		x.hold(x.graph.nodes.n / 4) // when all are asked
		v = make(verdicts, x.graph.nodes.n/verdictsPage+1)
		x.verdicts[f] = v
	}
	known := v.of(k)
	if known == untried {
		x.step(1)
		if known = unfit; x.entityFits(f, k) {
			known = fitting
		}
		v.set(k, known)
	}
	return known == fitting
}

// entityFits evaluates a filter on a node.
func (x *fetch) entityFits(f *plan.EntityFilter, k uint32) bool {
	if f == nil {
		return true
	}
	if parts := len(f.And) + len(f.Or); parts > 0 {
		x.step(parts)
	}
	n := x.graph.nodes.at(k)
	for _, a := range f.And {
		if !x.entityFits(a, k) {
			return false
		}
	}
	if f.Or != nil && !slices.ContainsFunc(f.Or, func(o *plan.EntityFilter) bool { return x.entityFits(o, k) }) {
		return false
	}
	if f.Not != nil && x.entityFits(f.Not, k) ||
		f.IDs != nil && !x.isOne(f.IDs, n) ||
		f.Updated != nil && !f.Updated.Fits(x.graph.born[n.updated]) ||
		f.Created != nil && !f.Created.Fits(x.graph.born[n.created]) ||
		f.ExternalIDs != nil && !x.identifies(f.ExternalIDs, n) ||
		f.Types != nil && !f.Types.Has(n.typ) ||
		f.LinkCount != nil && !f.LinkCount.Fits(x.graph.degree(k), true) ||
		f.Date != nil && !f.Date.Fits(n.from, n.to, n.dated) ||
		f.Name != nil && !x.matchTexts(f.Name, true, func(yield func(string) bool) { x.graph.names(n, yield) }) ||
		!x.propsFit(f.Props, func(p *catalog.Prop) string { return x.graph.ownText(n, p) }) {
		return false
	}
	if f.Text != nil {
		body := x.graph.body(n)
		if !x.matchTexts(f.Text, len(body) > 0, func(yield func(string) bool) {
			more := true
			x.graph.names(n, func(s string) bool { more = yield(s); return more })
			for i := 0; more && i < len(body); i++ {
				more = yield(body[i])
			}
		}) {
			return false
		}
	}
	return f.LinkedTo == nil || x.linkedFits(f.LinkedTo, k)
}

// ownText is an own property of a node as text, or whether its words are verified; "" for none.
func (graph *Graph) ownText(n *node, p *catalog.Prop) string {
	t := graph.cat.TypeAt(n.typ)
	if i := slices.Index(t.Props, p); i >= 0 {
		return graph.field(n, propFields+i)
	}
	if t.Quoted != nil && p == t.Quoted.Verified {
		if v := graph.quoted(n, t.Quoted.Kinds).Verified(); v != nil {
			return strconv.FormatBool(*v)
		}
	}
	return ""
}

// propsFit evaluates filters on properties; of returns one as text, "" for none.
func (x *fetch) propsFit(list []*plan.PropFilter, of func(*catalog.Prop) string) bool {
	for _, f := range list {
		x.step(1)
		if !x.propFits(f, of(f.Prop)) {
			return false
		}
	}
	return true
}

func (x *fetch) propFits(f *plan.PropFilter, value string) bool {
	known := value != ""
	switch f.Prop.Kind {
	case catalog.Text, catalog.Texts:
		if f.Prop.Enum != nil {
			return (f.Text.IsNull == nil || *f.Text.IsNull != known) && (f.Text.Bare() || known && f.Text.Fits(value))
		}
		return x.matchTexts(f.Text, known, func(yield func(string) bool) {
			for s := range strings.SplitSeq(value, "\x00") {
				if known && !yield(s) {
					return
				}
			}
		})
	case catalog.Date:
		from, to := kg.PartialDate(value).Interval()
		return f.Date.Fits(from, to, known)
	case catalog.Int:
		n, _ := strconv.ParseInt(value, 10, 64) // it was a number when it was added
		return f.Int.Fits(n, known)
	case catalog.Float:
		n, _ := strconv.ParseFloat(value, 64)
		return f.Float.Fits(n, known)
	case catalog.Bool:
		return f.Bool.Fits(value == "true", known)
	}
	return false
}

// oneOf reports whether an id is in a list.
func (x *fetch) oneOf(ids []string, id string) bool {
	x.step(1 + len(ids)/8)
	return slices.Contains(ids, id)
}

// isOne reports whether a node has one of these ids, or had it.
func (x *fetch) isOne(ids []string, n *node) bool {
	if x.oneOf(ids, x.graph.id(n)) {
		return true
	}
	had := x.graph.formers(n)
	x.step(len(ids) * len(had) / 8)
	return slices.ContainsFunc(had, func(id string) bool { return slices.Contains(ids, id) })
}

// identifies reports whether a node has one of these external ids.
func (x *fetch) identifies(ids [][2]string, n *node) bool {
	has := x.graph.externals(n)
	x.step(1 + len(ids)*len(has)/16)
	for i := 0; i < len(has); i += 2 {
		if slices.Contains(ids, [2]string{has[i], has[i+1]}) {
			return true
		}
	}
	return false
}

// linkedFits reports whether a node has a link, in either direction, to an entity that fits.
func (x *fetch) linkedFits(f *plan.LinkedTo, k uint32) bool {
	var fits func(link, other uint32) bool
	switch {
	case f.Ref >= 0:
		want := x.refs[f.Ref]
		if !x.entityFitsOnce(f.Where, want) {
			return false
		}
		to := want
		if x.graph.degree(want) < x.graph.degree(k) {
			k, to = want, k // the shorter list of the two tells as well
		}
		fits = func(link, other uint32) bool { return other == to && x.linkFits(f.Link, link, want) }
	case f.Link != nil:
		fits = func(link, other uint32) bool {
			return x.linkFits(f.Link, link, other) && x.entityFitsOnce(f.Where, other)
		}
	default:
		fits = func(_, other uint32) bool { return x.entityFitsOnce(f.Where, other) }
	}
	n := x.graph.nodes.at(k)
	return x.joined(f.Kinds, &x.graph.adjacency, x.graph.groups[n.group0:n.group1], fits) ||
		f.Link.NamesRefuted() && x.joined(f.Kinds, &x.graph.refuted.adjacency, x.graph.refuted.groupsOf(k), fits)
}

// joined looks for a link of some kinds, nil for all, that fits together with its other end.
func (x *fetch) joined(kinds *catalog.KindSet, of *adjacency, groups []group, fits func(link, other uint32) bool) bool {
	for _, g := range groups {
		if kinds != nil && !kinds.Has(g.kind) {
			continue
		}
		links, ends := of.adjacent[g.start:g.end], of.ends[g.start:g.end]
		for i, other := range ends {
			if fits(links[i], other) {
				x.step(i + 1)
				return true
			}
		}
		x.step(len(ends))
	}
	return false
}

// sourceFits evaluates a filter on a source: see plan.EntityFilter.
func (x *fetch) sourceFits(f *plan.EntityFilter, k uint32) bool {
	if f == nil {
		return true
	}
	if parts := len(f.And) + len(f.Or); parts > 0 {
		x.step(parts)
	}
	s := &x.graph.sources[k]
	for _, a := range f.And {
		if !x.sourceFits(a, k) {
			return false
		}
	}
	if f.Or != nil && !slices.ContainsFunc(f.Or, func(o *plan.EntityFilter) bool { return x.sourceFits(o, k) }) {
		return false
	}
	title := func(yield func(string) bool) { yield(s.title) }
	if f.Not != nil && x.sourceFits(f.Not, k) ||
		f.IDs != nil && !x.oneOf(f.IDs, s.id) ||
		f.ExternalIDs != nil || f.Created != nil || f.Updated != nil ||
		f.Types != nil && !f.Types.Has(x.graph.cat.Source.Index) ||
		f.LinkCount != nil && !f.LinkCount.Fits(int64(len(x.graph.supports.of(k))), true) ||
		f.Date != nil && !f.Date.Fits(s.from, s.to, s.dated) ||
		f.Name != nil && !x.matchTexts(f.Name, true, title) ||
		f.Text != nil && !x.matchTexts(f.Text, false, title) ||
		!x.propsFit(f.Props, func(p *catalog.Prop) string { return s.value(p).Str }) {
		return false
	}
	if f.LinkedTo == nil {
		return true
	}
	want := uint32(0) // any
	if f.LinkedTo.Ref >= 0 {
		want = x.refs[f.LinkedTo.Ref]
	}
	fits := func(l uint32) bool {
		x.step(1)
		ln := x.graph.links.at(l)
		if f.LinkedTo.Kinds != nil && !f.LinkedTo.Kinds.Has(ln.kind) {
			return false
		}
		for _, end := range [2]uint32{ln.from, ln.to} {
			if (want == 0 || end == want) && x.entityFitsOnce(f.LinkedTo.Where, end) &&
				x.linkFits(f.LinkedTo.Link, l, end) {
				return true
			}
		}
		return false
	}
	if slices.ContainsFunc(x.graph.supports.of(k), fits) {
		return true
	}
	return f.LinkedTo.Link.NamesRefuted() && slices.ContainsFunc(x.graph.refuted.links, func(l uint32) bool {
		x.step(1)
		return slices.Contains(x.graph.refutersOf(l), k) && fits(l)
	})
}

// roleFits evaluates a filter on a role, once for each role there is.
func (x *fetch) roleFits(f *plan.StringFilter, role uint32) bool {
	if f != x.roled {
		if x.roles[f] == nil {
			if x.roles == nil {
				x.roles = map[*plan.StringFilter][]fit{}
			}
			x.roles[f] = make([]fit, len(x.graph.roles))
		}
		x.roled, x.tried = f, x.roles[f]
	}
	known := x.tried
	if known[role] == untried {
		text := x.graph.roles[role]
		known[role] = unfit
		if x.matchTexts(f, text != "", func(yield func(string) bool) { _ = text != "" && yield(text) }) {
			known[role] = fitting
		}
	}
	return known[role] == fitting
}

// fit is what is known of whether something fits.
type fit uint8

const (
	untried fit = iota
	unfit
	fitting
)

// linkFits evaluates a filter on a link whose other end is other. That a REFUTED link was asked for is for the caller
// to see to.
func (x *fetch) linkFits(f *plan.LinkFilter, k, other uint32) bool {
	if f == nil {
		return true
	}
	if parts := len(f.And) + len(f.Or) + len(f.Sources); parts > 0 {
		x.step(parts)
	}
	l := x.graph.links.at(k)
	for _, a := range f.And {
		if !x.linkFits(a, k, other) {
			return false
		}
	}
	if f.Or != nil && !slices.ContainsFunc(f.Or, func(o *plan.LinkFilter) bool { return x.linkFits(o, k, other) }) {
		return false
	}
	if f.Not != nil && x.linkFits(f.Not, k, other) || f.Kinds != nil && !f.Kinds.Has(l.kind) {
		return false
	}
	if f.Role != nil && !x.roleFits(f.Role, l.role) {
		return false
	}
	if (f.AsOf != nil || f.During != nil) && !x.linkIsThen(f, l) {
		return false
	}
	if f.IDs != nil && !x.oneOf(f.IDs, x.graph.idAt(l.id)) ||
		f.Created != nil && !f.Created.Fits(x.graph.stamps[l.created]) ||
		f.Updated != nil && !f.Updated.Fits(x.graph.stamps[l.updated]) {
		return false
	}
	if f.Standing != nil && !slices.Contains(f.Standing, l.standing) {
		return false
	}
	if f.Verified != nil && *f.Verified != (l.proof.unverified() == 0) {
		return false
	}
	if f.MinSources != nil && x.graph.sourceCount(k) < *f.MinSources {
		return false
	}
	if f.Sources != nil &&
		!slices.ContainsFunc(x.graph.sourcesOf(k), func(s uint32) bool {
			return slices.Contains(f.Sources,
				x.graph.sources[s].id)
		}) {
		return false
	}
	return f.Other == nil || x.entityFitsOnce(f.Other, other)
}

// linkIsThen evaluates what a filter says of a link's time: where a date is not known, the link is open on that side.
func (x *fetch) linkIsThen(f *plan.LinkFilter, l *link) bool {
	from, to := x.graph.dates[l.since].from, x.graph.dates[l.until].to
	if f.AsOf != nil && !f.AsOf.Overlaps(from, to) {
		return false
	}
	d := f.During
	return d == nil || (d.IsNull == nil || *d.IsNull == (l.since == 0 && l.until == 0)) &&
		(!d.Bounded || (!d.Certain || l.since != 0 && l.until != 0) && d.Meets(from, to))
}
