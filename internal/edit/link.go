package edit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Evidence is a piece of evidence as somebody gives it: the words, or where they stand in the source's text, or both,
// which must agree then.
type Evidence struct {
	Source  string // its id
	Excerpt string
	// Start and End are code points of the source's text, where they are given.
	Start, End     *int
	Prefix, Suffix string
	Stance         string // "" = SUPPORTS
}

// CreateLink makes a link. One that says the same already gains the evidence.
type CreateLink struct {
	Kind, From, To string
	Role           string
	Since, Until   string
	Evidence       []Evidence
}

func (*CreateLink) action() kg.ChangeAction { return kg.Created }

func (c *CreateLink) foresees(*catalog.Catalog) store.Ahead {
	says := &kg.Link{
		Kind: c.Kind, From: c.From, To: c.To, Role: c.Role, Since: kg.PartialDate(c.Since), Until: kg.PartialDate(c.Until),
	}
	ids := []string{says.StatedID(), c.From, c.To}
	for i := range c.Evidence {
		ids = append(ids, c.Evidence[i].Source)
	}
	return store.Ahead{IDs: ids, Says: says}
}

func (c *CreateLink) apply(ctx context.Context, x *applying) (string, error) {
	k := x.cat.Kind(c.Kind)
	if k == nil {
		return "", problem(InvalidValue, []string{"kind"}, "There is no kind of link %s.", exchange.Instead(c.Kind, exchange.LinkKinds(x.cat)))
	}
	ids := [2]string{c.From, c.To}
	types, err := x.Types(ctx, ids[:])
	if err != nil {
		return "", err
	}
	for i, id := range ids {
		if types[id] == "" && id != "" {
			now, err := x.Merged(ctx, []string{id})
			if err != nil {
				return "", err
			}
			if now[id] != "" {
				if ids[i] = now[id]; types[ids[i]] == "" {
					more, err := x.Types(ctx, ids[i:i+1])
					if err != nil {
						return "", err
					}
					types[ids[i]] = more[ids[i]]
				}
			}
		}
	}
	from, to := ids[0], ids[1]
	for _, end := range []struct {
		name, id string
		types    catalog.TypeSet
	}{{"from", from, k.From}, {"to", to, k.To}} {
		t := x.cat.TypeOf(types[end.id])
		switch {
		case t == nil || !t.IsEntity():
			return "", problem(NotFound, []string{end.name}, "There is no entity %s.", shown(end.id))
		case !end.types.Has(t.Index):
			return "", problem(WrongEndpointType, []string{end.name}, "%s is of type %s; %s joins %s there.", end.id, t.Enum, k.Name,
				strings.Join(x.cat.Enums(end.types), " or "))
		}
	}
	line := fields{}
	line.set("link", c.Kind)
	line.set("from", from)
	line.set("to", to)
	for name, v := range map[string]string{"role": c.Role, "since": c.Since, "until": c.Until} {
		if v != "" {
			line.set(name, v)
		}
	}
	return x.addTo(ctx, line, c.Evidence, true)
}

// AddEvidence gives a link more evidence.
type AddEvidence struct {
	Link     string
	Evidence []Evidence
}

func (*AddEvidence) action() kg.ChangeAction { return kg.Updated }

func (a *AddEvidence) apply(ctx context.Context, x *applying) (string, error) {
	was, err := x.link(ctx, a.Link, "link")
	if err != nil {
		return "", err
	}
	line := fields{}
	line.set("link", was.Kind)
	line.set("id", was.ID)
	line.set("from", was.From)
	line.set("to", was.To)
	return x.addTo(ctx, line, a.Evidence, false)
}

// saying returns the id of the link that says what another says, under the id that follows from it or not, and is not
// that other; "" where there is none.
func (x *applying) saying(ctx context.Context, is *kg.Link) (string, error) {
	ids, err := x.Strays(ctx, []*kg.Link{is})
	if err != nil {
		return "", err
	}
	if id := is.StatedID(); id != is.ID {
		ids = append([]string{id}, ids...)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == is.ID })
	if len(ids) == 0 {
		return "", nil
	}
	found, err := x.Records(ctx, ids)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(found.Links, func(o *kg.Link) bool { return kg.SameStatement(o, is) })
	if at < 0 {
		return "", nil
	}
	return found.Links[at].ID, nil
}

// meet gives a new link the id of the stored link that says the same. It refuses a new link whose id is that of a link
// that has been corrected: writing it would undo the correction.
func (x *applying) meet(ctx context.Context, is *kg.Link) error {
	found, err := x.Records(ctx, []string{is.ID})
	if err != nil || len(found.Links) > 0 && kg.SameStatement(found.Links[0], is) {
		return err
	}
	switch id, err := x.saying(ctx, is); {
	case err != nil:
		return err
	case id != "":
		is.ID = id
		return nil
	case len(found.Links) == 0:
		return nil
	}
	was := found.Links[0]
	for _, f := range []struct{ name, was, is string }{
		{"role", was.Role, is.Role}, {"since", string(was.Since), string(is.Since)}, {"until", string(was.Until), string(is.Until)},
	} {
		if f.was != f.is {
			return problem(AlreadyExists, []string{f.name},
				"The link %s was made like this and has been changed since: its %s is %s now. Add the evidence to it, or change it.",
				is.ID, f.name, strconv.Quote(kg.Clip(f.was, 60)))
		}
	}
	return nil
}

// addTo writes the link of a line with evidence. What the store holds of the link stays, and gains the evidence. whole
// says that the line has all of the link but its id and its evidence.
func (x *applying) addTo(ctx context.Context, line fields, evidence []Evidence, whole bool) (id string, err error) {
	pieces, err := x.evidence(ctx, evidence)
	if err != nil {
		return "", err
	}
	line.set("evidence", pieces)
	read, _, err := x.read("link", line)
	if err != nil {
		return "", err
	}
	is, _ := read.(*kg.Link)
	if whole {
		if err := x.meet(ctx, is); err != nil {
			return "", err
		}
	}
	if is.Evidence, err = x.verified(ctx, is.Evidence); err != nil {
		return "", err
	}
	if err := x.quotes(ctx, is); err != nil {
		return "", err
	}
	return is.ID, x.put(ctx, &store.Batch{Links: []*kg.Link{is}, Merge: true})
}

// RemoveEvidence takes a piece of evidence from its link. The last that supports it stays: without it, the link goes.
type RemoveEvidence struct{ Evidence string }

func (*RemoveEvidence) action() kg.ChangeAction { return kg.Updated }

func (r *RemoveEvidence) apply(ctx context.Context, x *applying) (string, error) {
	missing := problem(NotFound, []string{"evidence"}, "There is no evidence %s.", shown(r.Evidence))
	id := kg.LinkOfEvidence(r.Evidence)
	if id == "" {
		return "", missing
	}
	found, err := x.Records(ctx, []string{id})
	if err != nil {
		return "", err
	}
	was, _ := found.ByID()[id].(*kg.Link)
	if was == nil {
		return "", missing
	}
	at := slices.IndexFunc(was.Evidence, func(e kg.Evidence) bool { return kg.EvidenceID(was.ID, &e) == r.Evidence })
	if at < 0 {
		return "", missing
	}
	is := *was
	is.UpdatedAt = 0
	is.Evidence = slices.Delete(slices.Clone(was.Evidence), at, at+1)
	supports := func(e kg.Evidence) bool { return e.Stance != kg.Refutes }
	if len(is.Evidence) == 0 || supports(was.Evidence[at]) && !slices.ContainsFunc(is.Evidence, supports) {
		return "", problem(EvidenceRequired, []string{"evidence"},
			"It is the last evidence of the link %s: give it another first, or delete the link.", was.ID)
	}
	return is.ID, x.put(ctx, &store.Batch{Links: []*kg.Link{&is}})
}

// link reads a link.
func (x *applying) link(ctx context.Context, id string, path ...string) (*kg.Link, error) {
	found, err := x.record(ctx, id, path...)
	if err != nil {
		return nil, err
	}
	l, ok := found.(*kg.Link)
	if !ok {
		return nil, problem(NotFound, path, "%s is no link.", id)
	}
	return l, nil
}

// texts returns how the texts of sources are found, each read once.
func (x *applying) texts(ctx context.Context) texts {
	read := map[string]*rules.Text{}
	return func(id string) (*rules.Text, error) {
		if t := read[id]; t != nil {
			return t, nil
		}
		found, err := x.Records(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		text := ""
		if len(found.Sources) > 0 {
			text = found.Sources[0].Text
		}
		read[id] = rules.NewText(text)
		return read[id], nil
	}
}

// piece is evidence as a line has it.
type piece struct {
	Source  string `json:"source"`
	Excerpt string `json:"excerpt"`
	Prefix  string `json:"prefix,omitzero"`
	Suffix  string `json:"suffix,omitzero"`
	Stance  string `json:"stance,omitzero"`
}

// evidence makes of evidence as it was given what a line has.
func (x *applying) evidence(ctx context.Context, list []Evidence) ([]piece, error) {
	if len(list) == 0 {
		return nil, problem(EvidenceRequired, []string{"evidence"}, "A link needs the words that say so: give at least one piece of evidence.")
	}
	out := make([]piece, len(list))
	for i, e := range list {
		at := []string{"evidence", strconv.Itoa(i)}
		under := func(name string) []string { return append(slices.Clone(at), name) }
		found, err := x.record(ctx, e.Source, under("source")...)
		if err != nil {
			return nil, err
		}
		source, ok := found.(*kg.Source)
		if !ok {
			return nil, problem(NotFound, under("source"), "%s is no source.", e.Source)
		}
		out[i] = piece{e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance}
		if e.Start == nil && e.End == nil {
			continue
		}
		words, ok := between(source.Text, e.Start, e.End)
		switch {
		case source.Text == "":
			return nil, problem(InvalidValue, under("start"), "The text of %s is not held: give the words.", source.ID)
		case !ok:
			return nil, problem(InvalidValue, under("start"), "Give start and end within the text of %s, which has %d characters.", source.ID,
				utf8.RuneCountInString(source.Text))
		case e.Excerpt != "" && e.Excerpt != words:
			return nil, problem(ExcerptNotInText, under("excerpt"), "Other words stand there in the text of %s: %q.", source.ID, kg.Clip(words, 200))
		}
		text := rules.NewText(source.Text)
		if whole, cut := text.Cut(*e.Start, *e.End); cut {
			name := "start"
			if whole.Start == *e.Start {
				name = "end"
			}
			p := problem(ExcerptNotInText, under(name), "These words begin or end within a word of the text of %s: %q. Take whole words, from %d to %d: %q.",
				source.ID, kg.Clip(words, 200), whole.Start, whole.End, kg.Clip(whole.Words, 200))
			p.Nearest = &whole
			return nil, p
		}
		out[i].Excerpt = words
		// the first place with these words may be another one
		if p, found := text.Find(words, e.Prefix, e.Suffix); found && p.Start != *e.Start && e.Prefix == "" && e.Suffix == "" {
			out[i].Prefix, out[i].Suffix = around(source.Text, *e.Start, *e.End)
		}
	}
	return out, nil
}

// between returns the words between two places of a text, in code points.
func between(text string, start, end *int) (string, bool) {
	if start == nil || end == nil || *start < 0 || *end <= *start {
		return "", false
	}
	runes := []rune(text)
	if *end > len(runes) {
		return "", false
	}
	return string(runes[*start:*end]), true
}

// aroundWords is how many characters tell one place of some words from another.
const aroundWords = 40

// around returns what stands right before and right behind a place of a text.
func around(text string, start, end int) (prefix, suffix string) {
	runes := []rune(text)
	return string(runes[max(0, start-aroundWords):start]), string(runes[end:min(len(runes), end+aroundWords)])
}

// verified compares new evidence with the texts of its sources.
func (x *applying) verified(ctx context.Context, list []kg.Evidence) ([]kg.Evidence, error) {
	texts := x.texts(ctx)
	for i := range list {
		text, err := texts(list[i].Source)
		if err != nil {
			return nil, err
		}
		e := rules.Verified(list[i], text)
		if e.Verified != nil && !*e.Verified {
			p := problem(ExcerptNotInText, []string{"evidence", strconv.Itoa(i), "excerpt"},
				"These words do not stand in the text of %s: %q.", e.Source, kg.Clip(e.Excerpt, 200))
			if rules.Short(e.Excerpt) {
				p.Message = fmt.Sprintf("%q has fewer than %d letters, which stand anywhere and say nothing: quote more of the text of %s.",
					e.Excerpt, rules.MinLetters, e.Source)
			} else if whole, ok := text.Within(e.Excerpt); ok {
				p.Nearest = &whole
				p.Message = fmt.Sprintf("These words begin or end within a word of the text of %s: %q. Take whole words: %q.", e.Source,
					kg.Clip(e.Excerpt, 200), kg.Clip(whole.Words, 200))
			} else if near, ok := text.Similar(e.Excerpt); ok {
				p.Nearest = &near
				p.Message += " Nearest is: " + strconv.Quote(kg.Clip(near.Words, 200)) + "."
			}
			return nil, p
		}
		list[i] = e
	}
	return list, nil
}

// quotes refuses evidence by which a quotation is said, and whose texts do not have its words, unless it was so before.
func (x *applying) quotes(ctx context.Context, l *kg.Link) error {
	if !x.cat.Quoting.Has(x.cat.Kind(l.Kind).Index) {
		return nil
	}
	found, err := x.record(ctx, l.To, "to")
	if err != nil {
		return err
	}
	n, ok := found.(*kg.Node)
	if !ok || n.Verified != nil {
		return nil
	}
	of := x.cat.QuotedOf(n.Type)
	if of == nil {
		return nil
	}
	words, _ := n.Props[of.Words.Name].(string)
	q, err := rules.Quote(words, l.Evidence, x.texts(ctx))
	if err == nil && q == rules.Misquoted {
		return problem(ExcerptNotInText, []string{"to"}, "The words of the %s %s stand in none of the texts of this evidence: %q.",
			typed(n.Type), n.ID, kg.Clip(words, 200))
	}
	return err
}
