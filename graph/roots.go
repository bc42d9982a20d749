package graph

import (
	"math"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file holds the fields of Query that are read by one plan, and those that ask nothing. Those that search or
// measure the graph are questions: see question.go.

var rootTables = tables{
	"Query": {
		"node": nodeRoot(),
		"link": recordRoot(plan.ByID, func(c *catalog.Catalog) catalog.TypeSet { return 1 << c.Link.Index }),
		"evidence": recordRoot(
			plan.ByID,
			func(c *catalog.Catalog) catalog.TypeSet { return 1 << c.Evidence.Index },
		),
		"nodes": {
			shape: listShape,
			start: startRecords(plan.ByIDs, anyRecord),
			count: countEdges,
			item:  connectionTable["nodes"].item,
		},
		"search": pageRoot(
			plan.Search,
			func(c *catalog.Catalog) catalog.TypeSet { return c.Entities | 1<<c.Source.Index },
		),
		"links": pageRoot(plan.EveryLink, func(c *catalog.Catalog) catalog.TypeSet { return c.Entities }),
		"stats": {shape: objectShape, start: startStats, one: readRoot},
		"serverInfo": {shape: objectShape, one: func(r *reading, _ *out, _, to *place) bool {
			*to = place{at: r.server}
			return true
		}},
		"viewer": {shape: objectShape, one: func(r *reading, _ *out, _, to *place) bool {
			*to = place{at: r.who}
			return true
		}},
	},
	"Viewer": {
		"subject": valueOf(func(i *auth.Identity) kg.Value { return kg.StringValue(i.Subject) }),
		"role":    textOf(func(i *auth.Identity) string { return i.Role.String() }),
	},
	"GraphStats": {
		"entities":             objectsOf(func(s *kg.Stats) []kg.Bucket { return s.Entities }),
		"links":                objectsOf(func(s *kg.Stats) []kg.Bucket { return s.Links }),
		"refutedLinks":         intOf(func(s *kg.Stats) int64 { return s.RefutedLinks }),
		"sources":              intOf(func(s *kg.Stats) int64 { return s.Sources }),
		"version":              textOf(func(s *kg.Stats) string { return s.Version }),
		"linksWithoutEvidence": intOf(func(s *kg.Stats) int64 { return s.LinksWithoutEvidence }),
		"unverifiedExcerpts":   intOf(func(s *kg.Stats) int64 { return s.UnverifiedExcerpts }),
	},
	"ServerInfo": {
		"version":  textOf(func(s *serverInfo) string { return s.version }),
		"store":    textOf(func(s *serverInfo) string { return strings.ToUpper(s.store) }),
		"readOnly": boolOf(func(s *serverInfo) bool { return s.readOnly }),
		"limits":   objectOf(func(s *serverInfo) *serverInfo { return s }),
	},
	"Limits": {
		"maxDepth":      intOf(func(s *serverInfo) int64 { return int64(s.limits.MaxDepth) }),
		"maxCost":       intOf(func(s *serverInfo) int64 { return int64(s.limits.MaxCost) }),
		"maxPageSize":   intOf(func(*serverInfo) int64 { return plan.MaxPageSize }),
		"maxPathLength": intOf(func(*serverInfo) int64 { return plan.MaxPathLength }),
		"timeoutMs": intOf(
			func(s *serverInfo) int64 { return min(s.limits.Timeout.Milliseconds(), math.MaxInt32) },
		),
		"maxAliases":    intOf(func(s *serverInfo) int64 { return int64(s.limits.MaxAliases) }),
		"maxRootFields": intOf(func(s *serverInfo) int64 { return int64(s.limits.MaxRootFields) }),
		"maxTokens":     intOf(func(s *serverInfo) int64 { return int64(s.limits.MaxTokens) }),
		"maxBodyBytes":  intOf(func(s *serverInfo) int64 { return int64(s.maxBodyBytes) }),
	},
}

// serverInfo is what the server says of itself, the same in every answer.
type serverInfo struct {
	version, store string
	readOnly       bool
	limits         plan.Limits
	maxBodyBytes   int
}

// rootByRule returns the row of a field of Query that looks up a record or lists all of a type; nil for any other.
func rootByRule(cat *catalog.Catalog, f *ast.FieldDefinition) *field {
	name := f.Type.Name()
	t := cat.Type(name)
	switch {
	case f.Arguments.ForName("ref") != nil && t != nil:
		return recordRoot(plan.ByRef, func(*catalog.Catalog) catalog.TypeSet { return 1 << t.Index })
	case f.Arguments.ForName("ref") != nil && name == "Entity":
		return recordRoot(plan.ByRef, func(c *catalog.Catalog) catalog.TypeSet { return c.Entities })
	}
	if t = cat.Type(trimConnection(name)); t != nil {
		return pageRoot(plan.Everything, func(*catalog.Catalog) catalog.TypeSet { return 1 << t.Index })
	}
	return nil
}

func trimConnection(name string) string {
	const suffix = "Connection"
	if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
		return name[:len(name)-len(suffix)]
	}
	return name
}

func anyRecord(c *catalog.Catalog) catalog.TypeSet {
	return c.Entities | 1<<c.Source.Index | 1<<c.Link.Index | 1<<c.Evidence.Index
}

// recordRoot returns a root field that is one record.
func recordRoot(start plan.Start, types func(*catalog.Catalog) catalog.TypeSet) *field {
	return &field{
		shape: objectShape,
		start: startRecords(start, types),
		one: func(_ *reading, _ *out, p, to *place) bool {
			if len(p.page.Edges) == 0 {
				return false
			}
			return to.record(&p.page.Edges[0].Node, p.field.Node)
		},
	}
}

// nodeRoot returns the root field that is anything with an id: a record, a community, which is found by measuring the
// graph, or a change, which the log has.
func nodeRoot() *field {
	f := recordRoot(plan.ByID, anyRecord)
	record := f.one
	f.one = func(r *reading, x *out, p, to *place) bool {
		if p.page != nil {
			return record(r, x, p, to)
		}
		*to = *p
		return p.at != nil
	}
	f.start = func(c *compiler, r *root, f operation.Field, x *out) {
		startRecords(plan.ByID, anyRecord)(c, r, f, x)
		if x.objs.byType == nil {
			return
		}
		r.instead = map[string]*root{}
		of := func(prefix string, kind *questionKind, typ string) *object {
			other := &root{memo: &plan.Memo{}, follow: &follow{field: f.Fields[0], at: r.follow.at}}
			o := kind.compile(c, other, f, c.cat.Schema.Types[typ])
			c.finish(other.follow)
			r.instead[prefix] = other
			return o
		}
		x.objs.other = of(kg.CommunityPrefix, communityKind, "Community")
		x.objs.change = of(kg.ChangePrefix, changeNodeKind, "Change")
	}
	return f
}

// chosen returns what answers a root field: itself, or what does so in its place, with the arguments of that.
func (r *root) chosen(cat *catalog.Catalog, vars map[string]any) (*root, map[string]any) {
	if r.instead == nil {
		return r, nil
	}
	given := r.follow.field.Arguments.ForName("id").Value
	id := given.Raw
	if given.Kind == ast.Variable {
		id, _ = vars[given.Raw].(string)
	}
	if args := communityOf(cat, id); args != nil {
		return r.instead[kg.CommunityPrefix], args
	}
	if strings.HasPrefix(id, kg.ChangePrefix) {
		return r.instead[kg.ChangePrefix], map[string]any{"id": id}
	}
	return r, nil
}

func startRecords(
	start plan.Start,
	types func(*catalog.Catalog) catalog.TypeSet,
) func(*compiler, *root, operation.Field, *out) {
	return func(c *compiler, r *root, f operation.Field, x *out) {
		r.start, r.types = start, types(c.cat)
		x.objs = c.records(f, r.follow.nodes(), r.types)
	}
}

// pageRoot returns a root field that is a list.
func pageRoot(start plan.Start, types func(*catalog.Catalog) catalog.TypeSet) *field {
	return &field{shape: objectShape, one: readRoot, start: func(c *compiler, r *root, f operation.Field, x *out) {
		r.start, r.types = start, types(c.cat)
		if start == plan.EveryLink {
			r.follow.base.Other = r.types
		}
		c.page(f, r.follow, r.types, x)
	}}
}

func startStats(c *compiler, r *root, f operation.Field, x *out) {
	r.start = plan.Statistics
	x.objs = c.inner(f, &scope{})
	r.versionOnly = true
	for i := range x.objs.one.outs {
		switch x.objs.one.outs[i].field.Name {
		case "version":
			r.version = true
		case "__typename":
		default:
			r.versionOnly = false
		}
	}
}

// readRoot reads a root field whose answer is one object, or none.
func readRoot(_ *reading, _ *out, p, to *place) bool {
	*to = *p
	return p.page != nil || p.at != nil
}

// rootPlace fills in the place that a root field is read from.
func rootPlace(a *answer, p *place) {
	if a.question != nil {
		*p = *a.place
		return
	}
	p.page, p.field = &a.res.Page, &a.query.Root
	if a.res.Stats != nil {
		p.at = a.res.Stats
	}
}
