package assist

import (
	"fmt"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

func proposeTool(cat *catalog.Catalog, writes bool) *tool {
	var kinds []string
	for _, k := range cat.Kinds {
		kinds = append(kinds, k.Name)
	}
	help := "Propose a link with the words that say so. It is tried and taken back: the answer says what the graph " +
		"would hold, or what is wrong, such as words that do not stand in the source's text."
	if writes {
		help += " With write: true it is written: only when a person has agreed to this very link."
	} else {
		help += " Nothing is written: a person does that."
	}
	params := []param{
		{name: "kind", kind: words, required: true, of: kinds, help: "What the link says."},
		{name: "from", kind: words, required: true, most: maxName, help: "Where it starts: a name or an id."},
		{name: "to", kind: words, required: true, most: maxName, help: "Where it ends."},
		{name: "role", kind: words, most: maxName, help: "As what, or how, in the source's words."},
		{name: "since", kind: words, most: 10, help: "When it began to hold: 2021, 2021-02 or 2021-02-25."},
		{name: "until", kind: words, most: 10, help: "When it ceased to hold."},
		{name: "source", kind: words, required: true, most: 2000, help: "The source that has the words: its id, title " +
			"or address."},
		{name: "excerpt", kind: words, required: true, most: 10_000, help: "The words, exactly as printed."},
		{name: "prefix", kind: words, most: 1000, help: "A little of what stands before them, when it is needed to find " +
			"the place."},
		{name: "suffix", kind: words, most: 1000, help: "A little of what stands after them."},
		{name: "stance", kind: words, of: []string{"SUPPORTS", "REFUTES"}, help: "Whether the words say so or deny it. " +
			"Default SUPPORTS."},
		{name: "note", kind: words, most: 1000, help: "Why, for the log of changes."},
		{name: "write", kind: flag, help: "Write it, where that is allowed. Default false."},
	}
	return &tool{
		name: "propose_link", title: "Propose a link", help: help, params: params, writes: true, run: (*call).propose,
	}
}

const proposeMutation = `mutation Propose($input: CreateLinkInput!) { createLink(input: $input) {
  link { ...Told } change { id }
  errors { code message path ... on ExcerptError { nearest } ... on CandidatesError { candidates { id type name
    description } } }
} }` + toldFragment

func (c *call) propose() (*Answer, error) {
	write := c.args.flag("write")
	if write && !c.o.Writes {
		return nil, kg.Errorf(kg.ReadOnly, "links are only tried here: leave out write; a server that is started with "+
			"--mcp-writes writes them")
	}
	refs, err := c.references([]string{c.args.text("from"), c.args.text("to")})
	if err != nil {
		return nil, err
	}
	evidence := map[string]any{"source": sourceRef(c.args.text("source")), "excerpt": c.args.text("excerpt")}
	input := map[string]any{
		"kind": c.args.text("kind"), "from": refs[0][0], "to": refs[0][1], "dryRun": !write,
		"note": strings.TrimSuffix("proposed by an assistant: "+c.args.text("note"), ": "),
	}
	for name, in := range map[string]map[string]any{
		"prefix": evidence, "suffix": evidence, "stance": evidence, "role": input, "since": input, "until": input,
	} {
		if s := c.args.text(name); s != "" {
			in[name] = s
		}
	}
	input["evidence"] = []any{evidence}
	var got struct {
		CreateLink struct {
			Link   *toldJSON
			Change *struct{ ID string }
			Errors []struct {
				Code, Message string
				Path          []string
				Nearest       *string
				Candidates    []kg.Candidate
			}
		}
	}
	if err := c.run(&graph.Request{Query: proposeMutation, Variables: map[string]any{"input": input}}, &got); err != nil {
		return nil, err
	}
	if errs := got.CreateLink.Errors; len(errs) > 0 {
		e := errs[0]
		err := kg.Errorf(kg.Code(e.Code), "%s", e.Message)
		err.Details = map[string]any{"argument": e.Path, "nearest": e.Nearest}
		if len(e.Candidates) > 0 {
			err.Details["candidates"] = e.Candidates
		}
		return nil, err
	}
	a := &Answer{}
	if write {
		said := "It is written."
		if ch := got.CreateLink.Change; ch != nil {
			said = fmt.Sprintf("It is written, as change %s.", ch.ID)
		}
		a.note("%s", said)
	} else {
		a.note("Nothing is written. This is what the graph would hold:")
	}
	a.tell(got.CreateLink.Link)
	return a, nil
}
