package assist

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

func searchTool(cat *catalog.Catalog) *tool {
	types := append(cat.Enums(cat.Entities), cat.Source.Enum)
	return &tool{
		name: "search", title: "Search",
		help: "Find entities and sources by their words. Forgives accents, case, order and small misspellings; words in " +
			"quotation marks stand together. " +
			"Each entity comes with the statement about it that most sources support, each source with the sentence that fits.",
		params: []param{
			{name: "text", kind: words, required: true, most: 1000, help: "The words to find."},
			{name: "types", kind: list, most: len(types), of: types, help: "Only these types."},
			firstParam(20, 10), afterParam,
		},
		run: (*call).search,
	}
}

const searchQuery = `query Search($text: String!, $types: [EntityType!], $first: Int, $after: String) {
  search(text: $text, types: $types, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    edges { highlights { field text } node { id type name description
      ... on Source { url publisher publishedOn }
      ... on Entity { links(first: 1, orderBy: [{field: SOURCE_COUNT, direction: DESC}]) { edges { link { ...Told } }
        } } } } }
}` + toldFragment

func (c *call) search() (*Answer, error) {
	var got struct {
		Search struct {
			TotalCount int
			PageInfo   pageJSON
			Edges      []struct {
				Highlights []struct{ Field, Text string }
				Node       struct {
					ID, Type, Name, Description string
					URL, Publisher, PublishedOn *string
					Links                       struct{ Edges []struct{ Link toldJSON } }
				}
			}
		}
	}
	vars := map[string]any{
		"text": c.args.text("text"), "types": anys(c.args.texts("types")), "first": c.args.number("first", 10),
		"after": c.after(),
	}
	if err := c.ask(searchQuery, vars, &got); err != nil {
		return nil, err
	}
	a := &Answer{Statements: []*Statement{}}
	for i := range got.Search.Edges {
		e := &got.Search.Edges[i]
		n := &e.Node
		x := &Entity{ID: n.ID, Type: n.Type, Name: n.Name, Description: n.Description, URI: uriOf("entity", n.ID)}
		if n.Type == c.o.Catalog.Source.Enum {
			x.URI, x.Date, x.URL = uriOf("source", n.ID), deref(n.PublishedOn), deref(n.URL)
			for _, h := range e.Highlights {
				if h.Field == "text" {
					yes := true
					x.Statement = a.state(&Statement{Sentence: "Its text has these words.", Words: []Words{{
						Excerpt: oneLine(h.Text), Verified: &yes, Source: n.ID, Title: n.Name,
						Publisher: n.Publisher, Date: n.PublishedOn, URL: n.URL, URI: x.URI,
					}}}).N
				}
			}
		}
		for j := range n.Links.Edges {
			x.Statement = a.tell(&n.Links.Edges[j].Link).N
		}
		a.Entities = append(a.Entities, x)
	}
	if len(a.Entities) == 0 {
		a.note("Nothing fits. Try fewer or other words.")
	}
	a.page(got.Search.TotalCount, got.Search.PageInfo)
	return a, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// after returns the cursor that a call gives, as variables have it.
func (c *call) after() any {
	if s := c.args.text("after"); s != "" {
		return s
	}
	return nil
}

func entityTool(cat *catalog.Catalog) *tool {
	return &tool{
		name: "entity", title: "What is known of an entity",
		help: "What is known of a person, institution, event, quote, theme or place: the statements about it, each with " +
			"the words of a source.",
		params: []param{
			{name: "entity", kind: words, required: true, most: maxName, help: "Its name, an alias, or its id."},
			kindsParam(cat), asOfParam, standings, firstParam(50, 20), afterParam,
		},
		run: func(c *call) (*Answer, error) { return c.entity(c.args.text("entity")) },
	}
}

const typeQuery = `query TypeOf($ref: EntityRef!) { entity(ref: $ref) { id type } }`

// entityQuery is the query for an entity of a type, with its own properties.
func entityQuery(t *catalog.Type) string {
	own := ""
	for _, p := range t.Props {
		own += " " + p.Name
	}
	if t.Quoted != nil {
		own += " " + t.Quoted.Verified.Name
	}
	if own != "" {
		own = fmt.Sprintf("... on %s {%s }", t.Name, own)
	}
	return `query Entity($id: ID!, $where: LinkFilter, $first: Int, $after: String) { node(id: $id) { ... on Entity {
  name description aliases externalIds { scheme value }
  links(where: $where, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { link {
    ...Told } } } } ` + own + ` } }` + toldFragment
}

// entity answers what is known of an entity.
func (c *call) entity(name string) (*Answer, error) {
	ref, err := c.reference(name)
	if err != nil {
		return nil, err
	}
	var is struct{ Entity *Entity }
	if err := c.ask(typeQuery, map[string]any{"ref": ref}, &is); err != nil {
		return nil, err
	}
	cat := c.o.Catalog
	if is.Entity == nil {
		return nil, c.missing("entity", name, cat.Enums(cat.Entities))
	}
	t := cat.TypeOf(is.Entity.Type)
	var props struct{ Node map[string]any }
	var got struct {
		Node *struct {
			Name, Description string
			Aliases           []string
			ExternalIDs       []struct{ Scheme, Value string }
			Links             struct {
				TotalCount int
				PageInfo   pageJSON
				Edges      []struct{ Link toldJSON }
			}
		}
	}
	vars := map[string]any{"id": is.Entity.ID, "where": c.where(), "first": c.args.number("first", 20), "after": c.after()}
	if err := c.ask(entityQuery(t), vars, &both{&got, &props}); err != nil {
		return nil, err
	}
	n := got.Node
	if n == nil { // it went in between
		return nil, c.missing("entity", name, cat.Enums(cat.Entities))
	}
	e := is.Entity
	e.Name, e.Description, e.Aliases, e.URI = n.Name, n.Description, n.Aliases, uriOf("entity", e.ID)
	for _, x := range n.ExternalIDs {
		e.External = append(e.External, x.Scheme+":"+x.Value)
	}
	e.Properties = map[string]any{}
	own := t.Props
	if t.Quoted != nil {
		own = append(slices.Clone(own), t.Quoted.Verified)
	}
	for _, p := range own {
		if v := props.Node[p.Name]; v != nil {
			e.Properties[p.Name], e.properties = v, append(e.properties, p.Name)
		}
	}
	a := &Answer{Entity: e, Statements: []*Statement{}}
	for i := range n.Links.Edges {
		a.tell(&n.Links.Edges[i].Link)
	}
	a.page(n.Links.TotalCount, n.Links.PageInfo)
	return a, nil
}

func evidenceTool() *tool {
	return &tool{
		name: "evidence", title: "The words behind a statement",
		help: "All words for a statement and against it, by the id of its link (l_…) or of a piece of evidence (e_…); " +
			"or what is quoted from a source, by its id (s_…), title or address.",
		params: []param{
			{name: "of", kind: words, required: true, most: 2000, help: "Id of a link, of a piece of evidence or of a " +
				"source; or title or address of a source."},
			firstParam(50, 20), afterParam,
		},
		run: (*call).evidence,
	}
}

const linkQuery = `query LinkWords($id: ID!, $first: Int, $after: String) { link(id: $id) { id sentence standing
  evidence(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { ...Words } } } }` +
	wordsFragment

const pieceQuery = `query Piece($id: ID!) { evidence(id: $id) { ...Words link { id sentence standing } } }` +
	wordsFragment

func (c *call) evidence() (*Answer, error) {
	of := strings.TrimPrefix(c.args.text("of"), "id:")
	switch {
	case kg.CheckID(of) == nil && strings.HasPrefix(of, kg.LinkPrefix):
		return c.linkWords(of)
	case kg.CheckID(of) == nil && strings.HasPrefix(of, kg.EvidencePrefix):
		return c.piece(of)
	}
	return c.source(of)
}

// linkWords answers all words of a link, each a statement of the same sentence.
func (c *call) linkWords(id string) (*Answer, error) {
	var got struct {
		Link *struct {
			toldJSON
			Evidence struct {
				evidenceJSON
				TotalCount int
				PageInfo   pageJSON
			}
		}
	}
	vars := map[string]any{"id": id, "first": c.args.number("first", 20), "after": c.after()}
	if err := c.ask(linkQuery, vars, &got); err != nil {
		return nil, err
	}
	l := got.Link
	if l == nil {
		return nil, kg.Errorf(kg.NotFound, "there is no link %s; take its id from another answer", id)
	}
	a := &Answer{Statements: []*Statement{}}
	a.page(l.Evidence.TotalCount, l.Evidence.PageInfo)
	for i := range l.Evidence.Nodes {
		words := []Words{l.Evidence.Nodes[i].words()}
		a.state(&Statement{Sentence: l.Sentence, Standing: l.Standing, Link: l.ID, Words: words})
	}
	return a, nil
}

// piece answers one piece of evidence.
func (c *call) piece(id string) (*Answer, error) {
	var got struct {
		Evidence *struct {
			wordsJSON
			Link toldJSON
		}
	}
	if err := c.ask(pieceQuery, map[string]any{"id": id}, &got); err != nil {
		return nil, err
	}
	e := got.Evidence
	if e == nil {
		return nil, kg.Errorf(kg.NotFound, "there is no evidence %s; take its id from another answer", id)
	}
	a := &Answer{}
	a.state(&Statement{Sentence: e.Link.Sentence, Standing: e.Link.Standing, Link: e.Link.ID, Words: []Words{e.words()}})
	return a, nil
}

// everyStanding has refuted links listed too.
var everyStanding = []any{"SUPPORTED", "DISPUTED", "REFUTED"}

// ofOne is how many words of one link are looked through for those of a source.
const ofOne = 10

var sourceQuery = fmt.Sprintf(`query Source($ref: SourceRef!, $where: LinkFilter, $first: Int, $after: String) {
  source(ref: $ref) {
  id type title description publisher publishedOn url authors
  links(where: $where, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    edges { link { id sentence standing evidence(first: %d) { nodes { ...Words } } } } } } }`, ofOne) + wordsFragment

// sourceRef reads what a source is called: its id, title or address.
func sourceRef(name string) map[string]any {
	switch {
	case kg.CheckID(name) == nil && strings.HasPrefix(name, kg.SourcePrefix):
		return map[string]any{"id": name}
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		return map[string]any{"url": name}
	}
	return map[string]any{"title": name}
}

// source answers what is quoted from a source.
func (c *call) source(name string) (*Answer, error) {
	var got struct {
		Source *struct {
			sourceJSON
			Type, Description string
			Authors           []string
			Links             struct {
				TotalCount int
				PageInfo   pageJSON
				Edges      []struct {
					Link struct {
						toldJSON
						Evidence evidenceJSON
					}
				}
			}
		}
	}
	vars := map[string]any{
		"ref": sourceRef(name), "where": map[string]any{"standings": everyStanding},
		"first": c.args.number("first", 20), "after": c.after(),
	}
	if err := c.ask(sourceQuery, vars, &got); err != nil {
		return nil, err
	}
	s := got.Source
	if s == nil {
		return nil, c.missing("source", name, []string{c.o.Catalog.Source.Enum})
	}
	a := &Answer{Statements: []*Statement{}}
	a.Entity = &Entity{
		ID: s.ID, Type: s.Type, Name: s.Title, Description: s.Description, Date: deref(s.PublishedOn),
		URL: deref(s.URL), URI: uriOf("source", s.ID),
	}
	if len(s.Authors) > 0 {
		a.Entity.Properties = map[string]any{"authors": strings.Join(s.Authors, ", ")}
		a.Entity.properties = []string{"authors"}
	}
	for i := range s.Links.Edges {
		l := &s.Links.Edges[i].Link
		said := &Statement{Sentence: l.Sentence, Standing: l.Standing, Link: l.ID, Words: l.Evidence.of(s.ID)}
		if len(said.Words) == 0 { // they stand behind those of others
			var all struct {
				Link struct{ Evidence evidenceJSON }
			}
			if err := c.ask(linkQuery, map[string]any{"id": l.ID, "first": plan.MaxPageSize}, &all); err != nil {
				return nil, err
			}
			said.Words = all.Link.Evidence.of(s.ID)
		}
		a.state(said)
	}
	a.page(s.Links.TotalCount, s.Links.PageInfo)
	return a, nil
}

// of returns the words of one source.
func (e *evidenceJSON) of(source string) (out []Words) {
	for i := range e.Nodes {
		if e.Nodes[i].Source.ID == source {
			out = append(out, e.Nodes[i].words())
		}
	}
	return out
}

// both reads one value of JSON into two.
type both [2]any

// UnmarshalJSON reads it.
func (b *both) UnmarshalJSON(raw []byte) error {
	return cmp.Or(json.Unmarshal(raw, b[0]), json.Unmarshal(raw, b[1]))
}
