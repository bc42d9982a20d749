package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/text"
)

// asking is what the commands that show the graph to a person share: where the graph is, and in which form to answer.
type asking struct {
	config.Store
	remote
	JSON bool `name:"json" help:"Print the answer as JSON, for scripts."`

	timeout time.Duration // of a store that is opened; 0 for the default
	opened  *opened       // the store where it is open already, with its contract; nil otherwise
	cat     *catalog.Catalog
}

// answer runs a query. With --json it prints the data, and reports that all is done; otherwise it fills out.
func (a *asking) answer(w *world, query string, vars map[string]any, out any) (done bool, err error) {
	data, err := a.data(w, query, vars)
	if err != nil {
		return false, err
	}
	if a.JSON {
		var b bytes.Buffer
		if err := json.Indent(&b, data, "", "  "); err != nil {
			return false, err
		}
		_, err = fmt.Fprintln(&jsonPrinter{to: w.stdout}, b.String())
		return true, err
	}
	if data, err = printableJSON(data); err != nil {
		return false, err
	}
	return false, json.Unmarshal(data, out)
}

// data runs a query and returns the data of its answer as they are.
func (a *asking) data(w *world, query string, vars map[string]any) (json.RawMessage, error) {
	return a.dataOf(w, query, vars, "")
}

// dataOf is data of a query or of a mutation, which has a key.
func (a *asking) dataOf(w *world, query string, vars map[string]any, key string) (json.RawMessage, error) {
	q := &queryCmd{Store: a.Store, remote: a.remote, timeout: a.timeout, key: key}
	var raw []byte
	var err error
	switch {
	case a.opened != nil:
		raw, err = q.runOn(w, a.opened, a.cat, query, vars)
	case a.Server != "":
		raw, err = q.ask(w, query, vars)
	default:
		raw, err = q.run(w, query, vars)
	}
	if err != nil {
		return nil, err
	}
	var head struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct {
				Code       kg.Code
				Candidates []kg.Candidate
			}
		}
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, errNotGraphQL
	}
	if len(head.Errors) == 0 {
		if len(head.Data) == 0 || head.Data[0] != '{' {
			return nil, errNotGraphQL
		}
		return head.Data, nil
	}
	e := head.Errors[0]
	e.Message = printable(asFlag(strings.TrimPrefix(e.Message, operation.VariablePrefix)))
	for _, c := range e.Extensions.Candidates {
		e.Message += fmt.Sprintf("\n  id:%s  (%s, %s, %s)", printable(c.ID), printable(c.Name),
			strings.ToLower(c.Type), count(int(c.LinkCount), "link"))
		if c.Description != "" {
			e.Message += "  " + printable(c.Description)
		}
	}
	if e.Extensions.Code == kg.Unauthenticated {
		e.Message += "\n  give it with --token, or better with THROUGHLINE_TOKEN"
	}
	if e.Extensions.Code != kg.NotFound {
		return nil, &answeredError{e.Extensions.Code, e.Message}
	}
	return nil, a.missed(w, e.Message, missing(head.Errors[0].Message, vars))
}

// argument matches what an error says first: the argument of a field that a command asks for.
var argument = regexp.MustCompile(`^(?:paths|entity|source|link|evidence|timeline|centrality|communities|search|possibleDuplicates|links|members)((?:\.[A-Za-z]+(?:\[\d+\])?)+): `)

// flags are the names of arguments whose flags, or places on the command line, are called otherwise.
var flags = map[string]string{
	"first": "-n", "during.from": "--since", "during.to": "--until",
	"from": "FROM", "to": "TO", "ref": "NAME", "of": "NAME", "subjects": "NAME",
	"text": "TEXT", "standings": "--standing", "kinds": "--kind", "types": "--type",
}

// asFlag names an argument of GraphQL that an error is about by the flag that it was made of.
func asFlag(message string) string {
	m := argument.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	rest := strings.TrimSuffix(message[len(m[0]):], "; take the rest with after or before")
	if strings.HasPrefix(message, "members.first") {
		return "--members: " + rest
	}
	way := strings.Split(strings.TrimPrefix(m[1], "."), ".")
	if last := way[len(way)-1]; len(way) > 1 && (last == "name" || last == "id" || last == "title") {
		way = way[:len(way)-1]
	}
	last, _, _ := strings.Cut(way[len(way)-1], "[")
	if len(way) > 1 {
		if named := flags[way[len(way)-2]+"."+last]; named != "" {
			return named + ": " + rest
		}
	}
	return cmp.Or(flags[last], "--"+dashed(last)) + ": " + rest
}

// dashed writes the name of an argument as flags are called: maxLength is max-length.
func dashed(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// answeredError is an error that was answered.
type answeredError struct {
	code    kg.Code
	message string
}

// Error returns what is said of it.
func (e *answeredError) Error() string { return e.message }

// Unwrap returns the error as its code has it.
func (e *answeredError) Unwrap() error { return kg.Errorf(e.code, "%s", e.message) }

// hold opens the store for several questions, where it is no server that is asked. The caller ends it.
func (a *asking) hold(w *world) (end func(), err error) {
	if a.Server != "" || a.opened != nil {
		return func() {}, nil
	}
	if a.opened, a.cat, err = w.openToRead(&a.Store); err != nil {
		return nil, err
	}
	return func() {
		_ = a.opened.Close() // it was only read
		a.opened = nil
	}, nil
}

// quietly runs queries, and prints nothing of their answers.
func (a *asking) quietly(w *world) inside.Asking {
	quiet := *a
	quiet.JSON = false
	return func(query string, vars map[string]any, into any) error {
		_, err := quiet.answer(w, query, vars, into)
		return err
	}
}

// references reads entities: by an id, with "id:" before it or without, or else by a name.
func (a *asking) references(w *world, lists ...[]string) ([][]any, error) {
	return inside.References(a.quietly(w), lists...)
}

const namedQuery = `query Called($entity: EntityRef!, $source: SourceRef!) { entity(ref: $entity) { id } source(ref: $source) { id } }`

// record finds the id of a record: by its id, with "id:" before it or without, or else an entity by its name or a
// source by its title.
func (a *asking) record(w *world, ref string) (string, error) {
	if id, ok := strings.CutPrefix(ref, "id:"); ok {
		return id, nil
	}
	ids, err := inside.There(a.quietly(w), []string{ref})
	if err != nil || ids[ref] {
		return ref, err
	}
	for _, prefix := range []string{kg.LinkPrefix, kg.EvidencePrefix, kg.SourcePrefix} {
		if strings.HasPrefix(ref, prefix) && kg.CheckID(ref) == nil {
			return ref, nil
		}
	}
	var got struct{ Entity, Source *struct{ ID string } }
	vars := map[string]any{"entity": map[string]any{"name": ref}, "source": map[string]any{"title": ref}}
	if err := a.quietly(w)(namedQuery, vars, &got); err != nil {
		return "", err
	}
	switch {
	case got.Entity == nil && got.Source == nil:
		return "", a.suggest(w, ref, fmt.Errorf("there is no entity or source %q", printable(ref)), everything)
	case got.Entity == nil:
		return got.Source.ID, nil
	case got.Source == nil:
		return got.Entity.ID, nil
	}
	return "", fmt.Errorf("%q is an entity and a source; name one of them by id\n  id:%s\n  id:%s", printable(ref), got.Entity.ID, got.Source.ID)
}

// styles are the colours of a terminal; all empty where the output is none.
type styles struct{ bold, dim, end string }

// style follows https://no-color.org.
func (w *world) style() styles {
	if !terminal(w.stdout) || w.getenv("NO_COLOR") != "" {
		return styles{}
	}
	return styles{"\x1b[1m", "\x1b[2m", "\x1b[0m"}
}

// toldFragment is what is shown of a link: its sentence, and the first words for it and against it.
const toldFragment = `
fragment Told on Link {
  sentence
  supports: evidence(first: 1, stance: SUPPORTS) { ...Quoted }
  refutes: evidence(first: 1, stance: REFUTES) { ...Quoted }
}
fragment Quoted on EvidenceConnection { totalCount nodes { excerpt verified source { title } } }`

// namedFragment selects the name of an entity and, of a quote, whether its words are verified.
const namedFragment = `
fragment Named on Entity { name ... on Quote { verified } }`

// namedJSON is an entity by its name. Of a quote, it says whether its words stand in the stored text of its source.
type namedJSON struct {
	Name     string
	Verified *bool
}

// String is the name, marked where the entity is a quote whose words do not stand there.
func (n namedJSON) String() string { return n.Name + unverifiedMark(n.Verified) }

// unverifiedMark is that of words that are not in the stored text of their source.
func unverifiedMark(verified *bool) string {
	if verified != nil && !*verified {
		return " [unverified]"
	}
	return ""
}

type statedJSON struct {
	Sentence          string
	Supports, Refutes evidenceJSON
}

type evidenceJSON struct {
	TotalCount int
	Nodes      []struct {
		Excerpt  string
		Verified *bool
		Source   struct{ Title string }
	}
}

// quoted returns words in quotation marks and in one line.
func quoted(words string) string { return text.Quote(strings.Join(strings.Fields(words), " ")) }

// quotes prints the first words for a link and the first against it, and how many more there are.
func (w *world) quotes(l *statedJSON) {
	s := w.style()
	tell := func(stance string, of *evidenceJSON) {
		for _, e := range of.Nodes {
			others := ""
			if n := of.TotalCount - len(of.Nodes); n > 0 {
				others = fmt.Sprintf(" (and %d more)", n)
			}
			fmt.Fprintf(w.stdout, "      %s%s%s%s — %s%s%s\n", s.dim, stance,
				quoted(e.Excerpt), unverifiedMark(e.Verified), e.Source.Title, others, s.end)
		}
	}
	tell("", &l.Supports)
	tell("refutes: ", &l.Refutes)
}

// standings are the flag of the commands that follow links.
type standings struct {
	Standing []string `placeholder:"STANDING" help:"Use only links of these standings: SUPPORTED, DISPUTED, REFUTED. Refuted ones are left out unless they are named."`
}

// narrow adds them to a filter.
func (s *standings) narrow(where map[string]any) {
	if len(s.Standing) > 0 {
		where["standings"] = upper(s.Standing)
	}
}

// marked is the sentence about unverified words in the help of commands that quote evidence.
const marked = "Words that are not in the stored text of their source are marked [unverified]."

type pathCmd struct {
	asking
	From  string   `arg:"" placeholder:"FROM" help:"Name of an entity, or its id."`
	To    string   `arg:"" placeholder:"TO" help:"Name of another, or its id."`
	Via   []string `placeholder:"NAME" sep:"none" help:"Pass this entity; may be given several times."`
	Avoid []string `placeholder:"NAME" sep:"none" help:"Do not pass this entity; may be given several times."`
	Kind  []string `placeholder:"KIND" help:"Use only links of these kinds, for example SAID,ABOUT."`
	AsOf  string   `placeholder:"DATE" help:"Use only links that may have held then."`
	standings
	Rank               string  `default:"SHORTEST" enum:"SHORTEST,STRONGEST,MOST_CORROBORATED,MOST_RECENT" help:"What makes a line better (${enum})."`
	HubPenalty         float64 `default:"0.5" help:"What passing an entity with many links costs."`
	MaxLength          int     `default:"6" help:"Most hops, 1 to 8."`
	First              int     `short:"n" default:"5" help:"How many lines, 1 to 100."`
	Directed           bool    `help:"Follow links only the way they run."`
	Chronological      bool    `help:"Only lines whose hops follow each other in time."`
	Overlapping        bool    `help:"Only lines on which each entity was linked to its neighbours at one time."`
	IndependentSources bool    `help:"Only lines of which no source carries more than one hop."`
}

const pathQuery = `query Path($from: EntityRef!, $to: EntityRef!, $via: [EntityRef!], $avoid: [EntityRef!], $where: LinkFilter, $rank: PathRank, $hub: Float, $max: Int, $first: Int, $directed: Boolean, $chronological: Boolean, $overlapping: Boolean, $independent: Boolean) {
  paths(from: $from, to: $to, via: $via, avoid: $avoid, where: $where, rank: $rank, hubPenalty: $hub, maxLength: $max, first: $first, directed: $directed, chronological: $chronological, overlapping: $overlapping, independentSources: $independent) {
    nodes { ...Line }
    report { outcome visitedNodes nearMiss { ...Line } }
  }
}
fragment Line on Path {
  length cost
  steps { from { ...Named } to { ...Named } link { ...Told } alternatives { id } }
}` + toldFragment + namedFragment

type lineJSON struct {
	Length int
	Cost   float64
	Steps  []struct {
		From, To     namedJSON
		Link         statedJSON
		Alternatives []struct{ ID string }
	}
}

// Run prints the lines between two entities, each hop with its evidence.
func (c *pathCmd) Run(w *world) error {
	where := map[string]any{}
	if len(c.Kind) > 0 {
		where["kinds"] = upper(c.Kind)
	}
	if c.AsOf != "" {
		where["asOf"] = c.AsOf
	}
	c.narrow(where)
	end, err := c.hold(w)
	if err != nil {
		return err
	}
	defer end()
	refs, err := c.references(w, []string{c.From, c.To}, c.Via, c.Avoid)
	if err != nil {
		return err
	}
	vars := map[string]any{
		"from": refs[0][0], "to": refs[0][1], "via": refs[1], "avoid": refs[2], "where": where, "rank": c.Rank,
		"hub": c.HubPenalty, "max": c.MaxLength, "first": c.First, "directed": c.Directed, "chronological": c.Chronological, "overlapping": c.Overlapping, "independent": c.IndependentSources,
	}
	var got struct {
		Paths struct {
			Nodes  []lineJSON
			Report struct {
				Outcome      string
				VisitedNodes int
				NearMiss     *lineJSON
			}
		}
	}
	if done, err := c.answer(w, pathQuery, vars, &got); done || err != nil {
		return err
	}
	r := got.Paths.Report
	for i := range got.Paths.Nodes {
		w.line(fmt.Sprintf("%d. ", i+1), &got.Paths.Nodes[i])
	}
	if len(got.Paths.Nodes) > 0 {
		return nil
	}
	fmt.Fprintln(w.stdout, map[string]string{
		"COMPLETE":     "There is no line that fulfils the conditions.",
		"LENGTH_LIMIT": fmt.Sprintf("There is no line of at most %d hops; there may be a longer one.", c.MaxLength),
		"NODE_LIMIT":   fmt.Sprintf("No line was found among the %d entities nearest to the two.", r.VisitedNodes),
		"TIMEOUT":      "No line was found in the time there is.",
		"DISCONNECTED": "There is no line of any length under these conditions.",
	}[r.Outcome])
	if r.NearMiss != nil {
		fmt.Fprintln(w.stdout, "The nearest to one, which breaks a condition:")
		w.line("   ", r.NearMiss)
	}
	return nil
}

// line prints one line.
func (w *world) line(mark string, l *lineJSON) {
	s := w.style()
	names := make([]string, 0, len(l.Steps)+1)
	for i, st := range l.Steps {
		if i == 0 {
			names = append(names, st.From.String())
		}
		names = append(names, st.To.String())
	}
	fmt.Fprintf(w.stdout, "%s%s%s%s %s(%s, cost %.3g)%s\n", mark, s.bold, strings.Join(names, " → "), s.end, s.dim,
		count(l.Length, "hop"), l.Cost, s.end)
	for _, st := range l.Steps {
		fmt.Fprintf(w.stdout, "   %s", st.Link.Sentence)
		if n := len(st.Alternatives); n > 0 {
			fmt.Fprintf(w.stdout, " %s(and %s between the two)%s", s.dim, count(n, "more link"), s.end)
		}
		fmt.Fprintln(w.stdout)
		w.quotes(&st.Link)
	}
}

// more prints how many entries a list has beyond those shown, if any.
func (w *world) more(indent string, n int) {
	if s := w.style(); n > 0 {
		fmt.Fprintf(w.stdout, "%s%sand %d more%s\n", indent, s.dim, n, s.end)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

type showCmd struct {
	asking
	Name  string `arg:"" placeholder:"NAME" help:"Name of an entity or title of a source, or its id; the id of a link or of a piece of evidence."`
	First int    `short:"n" default:"50" help:"How many links, or of a link how many pieces of evidence, 0 to 100."`
	IDs   bool   `name:"ids" help:"Tell the id of each link: show, set, delete and add evidence take it."`
	standings
}

// printLink prints a link, with its id where that is asked for.
func (c *showCmd) printLink(w *world, id, marked string, l *statedJSON) {
	s := w.style()
	if c.IDs {
		marked += fmt.Sprintf(" %s(%s)%s", s.dim, id, s.end)
	}
	fmt.Fprintf(w.stdout, "   %s%s\n", l.Sentence, marked)
	w.quotes(l)
}

// showQuery asks for an entity with the properties of its type.
func showQuery(cat *catalog.Catalog) string {
	var b strings.Builder
	for _, t := range cat.Types {
		if !t.IsEntity() || len(t.Props) == 0 {
			continue
		}
		fmt.Fprintf(&b, " ... on %s {", t.Name)
		for _, p := range t.Props {
			fmt.Fprintf(&b, " %s: %s", shownAs(cat, t, p), p.Name)
		}
		b.WriteString(" }")
	}
	return strings.Replace(showQueryText, "…", b.String(), 1)
}

// shownAs is what a property is called in the answer: its name, with that of its type where one of another type has the
// name and other values.
func shownAs(cat *catalog.Catalog, t *catalog.Type, p *catalog.Prop) string {
	for _, other := range cat.Types {
		if o := other.Prop(p.Name); other.IsEntity() && o != nil && (o.Type != p.Type || o.Kind != p.Kind || o.Required != p.Required) {
			return t.Name + "_" + p.Name
		}
	}
	return p.Name
}

const showQueryText = `query Show($ref: EntityRef!, $where: LinkFilter, $first: Int) {
  entity(ref: $ref) {…
    id type ...Named aliases description externalIds { scheme value }
    links(first: $first, where: $where) { totalCount edges { direction node { ...Named type } link { id kind standing ...Told } } }
  }
}` + toldFragment + namedFragment

// Run prints an entity and its links.
func (c *showCmd) Run(w *world) error {
	var got struct{ Entity json.RawMessage }
	where := map[string]any{}
	c.narrow(where)
	end, err := c.hold(w)
	if err != nil {
		return err
	}
	defer end()
	id, err := c.record(w, c.Name)
	if err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(id, kg.SourcePrefix):
		return c.source(w, id, where)
	case strings.HasPrefix(id, kg.LinkPrefix):
		return c.link(w, id)
	case strings.HasPrefix(id, kg.EvidencePrefix):
		return c.piece(w, id)
	}
	cat := c.cat
	if cat == nil { // a server is asked
		if cat, err = loadCatalog(&c.Contract); err != nil {
			return err
		}
	}
	done, err := c.answer(w, showQuery(cat), map[string]any{"ref": map[string]any{"id": id}, "where": where, "first": c.First}, &got)
	if done || err != nil {
		return err
	}
	var e *struct {
		namedJSON
		ID, Type, Description string
		Aliases               []string
		ExternalIDs           []struct{ Scheme, Value string } `json:"externalIds"`
		Links                 struct {
			TotalCount int
			Edges      []struct {
				Node namedJSON
				Link shownLink
			}
		}
	}
	var values map[string]any
	if err := errors.Join(json.Unmarshal(got.Entity, &e), json.Unmarshal(got.Entity, &values)); err != nil {
		return errNotGraphQL
	}
	if e == nil {
		return fmt.Errorf("there is no entity %q", printable(id))
	}
	s := w.style()
	fmt.Fprintf(w.stdout, "%s%s%s %s(%s, id:%s)%s\n", s.bold, e.namedJSON, s.end, s.dim, strings.ToLower(e.Type), e.ID,
		s.end)
	if len(e.Aliases) > 0 {
		fmt.Fprintf(w.stdout, "   also: %s\n", strings.Join(e.Aliases, ", "))
	}
	if e.Description != "" {
		fmt.Fprintf(w.stdout, "   %s\n", e.Description)
	}
	if t := cat.TypeOf(e.Type); t != nil {
		for _, p := range t.Props {
			if v := values[shownAs(cat, t, p)]; v != nil && v != e.Name {
				fmt.Fprintf(w.stdout, "   %s: %s\n", p.Name, printable(kg.Clip(fmt.Sprint(v), 200)))
			}
		}
	}
	for _, x := range e.ExternalIDs {
		fmt.Fprintf(w.stdout, "   %s: %s\n", x.Scheme, x.Value)
	}
	fmt.Fprintf(w.stdout, "%s:\n", count(e.Links.TotalCount, "link"))
	for _, l := range e.Links.Edges {
		c.printLink(w, l.Link.ID, unverifiedMark(l.Node.Verified), &l.Link.statedJSON)
	}
	w.more("   ", e.Links.TotalCount-len(e.Links.Edges))
	return nil
}

const showSourceQuery = `query ShowSource($id: ID!, $where: LinkFilter, $first: Int) {
  source(ref: {id: $id}) {
    id kind title description url authors
    links(first: $first, where: $where) { totalCount edges { link { id standing ...Told } } }
  }
}` + toldFragment

// source prints a source and the links that rest on it.
func (c *showCmd) source(w *world, id string, where map[string]any) error {
	var got struct {
		Source *struct {
			ID, Kind, Title, Description, URL string
			Authors                           []string
			Links                             struct {
				TotalCount int
				Edges      []struct{ Link shownLink }
			}
		}
	}
	done, err := c.answer(w, showSourceQuery, map[string]any{"id": id, "where": where, "first": c.First}, &got)
	if done || err != nil {
		return err
	}
	of := got.Source
	if of == nil {
		return fmt.Errorf("there is no source %q", printable(id))
	}
	s := w.style()
	fmt.Fprintf(w.stdout, "%s%s%s %s(%s, id:%s)%s\n", s.bold, of.Title, s.end, s.dim, strings.ToLower(of.Kind), of.ID, s.end)
	for _, line := range []string{strings.Join(of.Authors, ", "), of.Description, of.URL} {
		if line != "" {
			fmt.Fprintf(w.stdout, "   %s\n", line)
		}
	}
	fmt.Fprintf(w.stdout, "%s:\n", count(of.Links.TotalCount, "link"))
	for i := range of.Links.Edges {
		c.printLink(w, of.Links.Edges[i].Link.ID, "", &of.Links.Edges[i].Link.statedJSON)
	}
	w.more("   ", of.Links.TotalCount-len(of.Links.Edges))
	return nil
}

// shownLink is a link in a list.
type shownLink struct {
	ID string
	statedJSON
}

const showLinkQuery = `query ShowLink($id: ID!, $first: Int) {
  link(id: $id) {
    id kind sentence role since until standing from { id } to { id }
    evidence(first: $first) { totalCount nodes { ...Piece } }
  }
}` + pieceFragment

const showPieceQuery = `query ShowEvidence($id: ID!) {
  evidence(id: $id) { ...Piece prefix suffix link { id sentence } }
}` + pieceFragment

const pieceFragment = `
fragment Piece on Evidence { id stance excerpt verified source { id title } }`

// pieceJSON is a piece of evidence.
type pieceJSON struct {
	ID, Stance, Excerpt string
	Verified            *bool
	Source              struct{ ID, Title string }
}

// piece prints a piece of evidence with its ids.
func (w *world) piece(p *pieceJSON) {
	s := w.style()
	stance := ""
	if p.Stance == "REFUTES" {
		stance = "refutes: "
	}
	fmt.Fprintf(w.stdout, "   %s%s%s — %s %s(%s, %s)%s\n", stance, quoted(p.Excerpt), unverifiedMark(p.Verified), p.Source.Title,
		s.dim, p.ID, p.Source.ID, s.end)
}

// link prints a link and all words for it and against it.
func (c *showCmd) link(w *world, id string) error {
	var got struct {
		Link *struct {
			ID, Kind, Sentence, Role, Since, Until, Standing string
			From, To                                         struct{ ID string }
			Evidence                                         struct {
				TotalCount int
				Nodes      []pieceJSON
			}
		}
	}
	done, err := c.answer(w, showLinkQuery, map[string]any{"id": id, "first": c.First}, &got)
	if done || err != nil {
		return err
	}
	l := got.Link
	if l == nil {
		return fmt.Errorf("there is no link %q", printable(id))
	}
	s := w.style()
	fmt.Fprintf(w.stdout, "%s%s%s %s(%s, %s)%s\n", s.bold, l.Sentence, s.end, s.dim, strings.ToLower(l.Kind), l.ID, s.end)
	for _, x := range [][2]string{
		{"from", "id:" + l.From.ID}, {"to", "id:" + l.To.ID}, {"role", l.Role}, {"since", l.Since}, {"until", l.Until}, {"standing", l.Standing},
	} {
		if x[1] != "" {
			fmt.Fprintf(w.stdout, "   %s: %s\n", x[0], x[1])
		}
	}
	fmt.Fprintf(w.stdout, "%s of evidence:\n", count(l.Evidence.TotalCount, "piece"))
	for i := range l.Evidence.Nodes {
		w.piece(&l.Evidence.Nodes[i])
	}
	w.more("   ", l.Evidence.TotalCount-len(l.Evidence.Nodes))
	return nil
}

// piece prints a piece of evidence and its link.
func (c *showCmd) piece(w *world, id string) error {
	var got struct {
		Evidence *struct {
			pieceJSON
			Prefix, Suffix string
			Link           shownLink
		}
	}
	done, err := c.answer(w, showPieceQuery, map[string]any{"id": id}, &got)
	if done || err != nil {
		return err
	}
	e := got.Evidence
	if e == nil {
		return fmt.Errorf("there is no evidence %q", printable(id))
	}
	s := w.style()
	fmt.Fprintf(w.stdout, "%s%s%s %s(%s)%s\n", s.bold, e.Link.Sentence, s.end, s.dim, e.Link.ID, s.end)
	w.piece(&e.pieceJSON)
	for _, x := range [][2]string{{"before it", e.Prefix}, {"behind it", e.Suffix}} {
		if x[1] != "" {
			fmt.Fprintf(w.stdout, "   %s: %s\n", x[0], quoted(x[1]))
		}
	}
	return nil
}

type timelineCmd struct {
	asking
	Names []string `arg:"" placeholder:"NAME" help:"Names of entities, or their ids."`
	Since string   `placeholder:"DATE" help:"Only from this date on."`
	Until string   `placeholder:"DATE" help:"Only up to this date."`
	First int      `short:"n" default:"100" help:"How many entries, 0 to 100."`
	standings
}

const timelineQuery = `query Timeline($subjects: [EntityRef!]!, $during: PartialDateFilter, $where: LinkFilter, $first: Int) {
  timeline(subjects: $subjects, during: $during, where: $where, first: $first) { totalCount nodes { date kind caption subject { ... on Link { standing ...Told } } } }
}` + toldFragment

// Run prints what happened, in order.
func (c *timelineCmd) Run(w *world) error {
	during := map[string]any{}
	if c.Since != "" {
		during["from"] = c.Since
	}
	if c.Until != "" {
		during["to"] = c.Until
	}
	var got struct {
		Timeline struct {
			TotalCount int
			Nodes      []struct {
				Date, Kind, Caption string
				Subject             struct {
					Standing string // of a link, "" of others
					statedJSON
				}
			}
		}
	}
	where := map[string]any{}
	c.narrow(where)
	end, err := c.hold(w)
	if err != nil {
		return err
	}
	defer end()
	refs, err := c.references(w, c.Names)
	if err != nil {
		return err
	}
	done, err := c.answer(w, timelineQuery, map[string]any{
		"subjects": refs[0], "during": during,
		"where": where, "first": c.First,
	}, &got)
	if done || err != nil {
		return err
	}
	s := w.style()
	for _, m := range got.Timeline.Nodes {
		fmt.Fprintf(w.stdout, "%s%-10s%s  %s\n", s.bold, m.Date, s.end, m.Caption)
		if m.Subject.Standing != "" && m.Subject.Standing != kg.Supported.String() {
			w.quotes(&m.Subject.statedJSON)
		}
	}
	if got.Timeline.TotalCount == 0 {
		fmt.Fprintln(w.stdout, "Nothing here has a date.")
	}
	w.more("", got.Timeline.TotalCount-len(got.Timeline.Nodes))
	return nil
}

// Help is said at the end of a command's help.
func (*pathCmd) Help() string { return marked }

// Help is said at the end of a command's help.
func (*showCmd) Help() string { return marked }
