package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
)

// This file answers `node` for the id of a community. No store has communities: such an id holds the arguments they
// were found by, as JSON in base64url, and the member that leads the community. When the graph has changed it means the
// community that this member is in now, so that what a client keeps under an id stays about the same entity.

var communityKind = &questionKind{
	name: "node", begin: func() question { return &communityQuestion{} },
	props: func(*catalog.Catalog) []string { return []string{"name"} },
	whole: true,
}

// communityQuestion is `node` with the id of a community.
type communityQuestion struct {
	communitiesQuestion
	id, leader string
}

// leading is the key of the member that leads a community among the arguments that its id holds, steering are those of
// `communities` that decide which communities there are.
const leading = "leader"

var steering = []string{"types", "where", "parallel", "seed", "resolution"}

// maxCommunityArguments is how many bytes of arguments an id may hold: with a leader it is still an id that a request
// can have.
const maxCommunityArguments = 2048

// communityArguments returns what ids hold of the arguments of `communities`: those that are not what they are by
// default.
func communityArguments(cat *catalog.Catalog, types catalog.TypeSet, args map[string]any) (map[string]any, error) {
	held := map[string]any{}
	defaults := operation.Arguments(cat.Schema,
		&ast.Field{Definition: cat.Schema.Query.Fields.ForName("communities")}, nil)
	for _, name := range []string{"parallel", "seed", "resolution"} {
		if args[name] != defaults[name] {
			held[name] = args[name]
		}
	}
	if where, ok := args["where"]; ok && where != nil {
		held["where"] = where
	}
	if types != cat.Entities {
		held["types"] = cat.Enums(types)
	}
	if raw, err := json.Marshal(held); err != nil || len(raw) > maxCommunityArguments {
		return nil, bind.Bad("communities.where", "the id of a community holds it, and it is too long for that: "+
			"leave out id, or ask for less; at most %d bytes", maxCommunityArguments)
	}
	return held, nil
}

// communityID returns the id of the community that this member leads.
func communityID(arguments map[string]any, leader string) string {
	held := maps.Clone(arguments)
	if held == nil {
		return "" // nobody asks for it
	}
	held[leading] = leader
	raw, err := json.Marshal(held)
	if err != nil {
		return ""
	}
	return kg.CommunityPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// communityOf returns the arguments of the question that the id of a community asks: the id, what it holds as arguments
// of `communities`, and its leader; nil for what is no such id.
func communityOf(cat *catalog.Catalog, id string) map[string]any {
	rest, ok := strings.CutPrefix(id, kg.CommunityPrefix)
	if !ok || len(id) > plan.MaxText {
		return nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil {
		return nil
	}
	var held map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&held) != nil {
		return nil
	}
	leader, _ := held[leading].(string)
	if kg.CheckID(leader) != nil {
		return nil
	}
	// they are read as the variables of an operation that takes all of them
	asked := &ast.OperationDefinition{}
	for _, a := range cat.Schema.Query.Fields.ForName("communities").Arguments {
		if slices.Contains(steering, a.Name) {
			asked.VariableDefinitions = append(asked.VariableDefinitions, &ast.VariableDefinition{
				Variable: a.Name, Type: a.Type, DefaultValue: a.DefaultValue, Definition: cat.Schema.Types[a.Type.Name()],
			})
		}
	}
	args, err := operation.Variables(cat.Schema, asked, held)
	if err != nil {
		return nil
	}
	args["id"], args["minSize"], args[leading] = id, int64(1), leader
	return args
}

func (q *communityQuestion) bind(b *binder, args map[string]any) error {
	q.id, _ = args["id"].(string)
	q.leader, _ = args[leading].(string)
	return q.communitiesQuestion.bind(b, args)
}

func (q *communityQuestion) records() int { return q.each() }

func (q *communityQuestion) answer(x *search) (place, error) {
	g, err := x.e.whole(x.ctx, &x.walk)
	if err != nil {
		return place{}, err
	}
	p, err := g.partition(x.ctx, q.once, q.seed, q.resolution)
	if kg.CodeOf(err) == kg.NotFound { // its filter names an entity that is gone, and so is the community
		x.a.res = &kg.Result{RoundTrips: g.trips}
		return place{}, nil
	}
	if err != nil {
		return place{}, err
	}
	leads := func(v uint32) bool { return p.Nodes[v].ID == q.leader && q.types.Has(p.Nodes[v].Type) }
	i := slices.IndexFunc(p.Groups, func(group []uint32) bool { return slices.ContainsFunc(group, leads) })
	if i < 0 {
		x.a.res = &kg.Result{RoundTrips: g.trips}
		return place{}, nil
	}
	c := q.shown(x, p, i)
	if err := x.read(unique(q.choose(p, &c))); err != nil {
		return place{}, err
	}
	q.fill(x, p, &c)
	c.id = q.id
	x.a.res.RoundTrips += g.trips
	return x.object(&c), nil
}
