package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/text"
)

// editing has the flags that are alike for all commands that change a record.
type editing struct {
	config.Store
	remote
	author
	DryRun bool `help:"Say what would change, and write nothing."`
	JSON   bool `name:"json" help:"Print what changed as JSON, for scripts."`
}

// editor is a graph to change.
type editor struct {
	*world
	*editing
	*asking
	keeper
}

// change does an edit that needs a graph that is there: unlike with, it makes no store.
func (c *editing) change(w *world, edited func(e *editor) (edit.Edit, error)) error {
	if c.Server == "" {
		if err := w.there(&c.Store); err != nil {
			return err
		}
	}
	return c.with(w, edited)
}

// with opens the store, unless there is a server, has an edit made, does that and prints what it did. Where there was
// no store and nothing was written, there is none afterwards.
func (c *editing) with(w *world, edited func(e *editor) (edit.Edit, error)) (err error) {
	of := &asking{Store: c.Store, remote: c.remote}
	if c.Server == "" {
		if of.cat, err = loadCatalog(&c.Contract); err != nil {
			return err
		}
		if kind, _, err := c.Choose(w.getenv); err == nil && kind == config.Memory && !c.DryRun {
			return &config.UsageError{
				Problem: "what is written into memory: is gone when the command ends",
				Hint:    "name a file with --store sqlite:PATH, or add --dry-run",
			}
		}
		if of.opened, err = w.openNow(&c.Store, of.cat, false); err != nil {
			return err
		}
		defer func() {
			if own, ok := of.opened.Store.(*sqlitestore.Store); ok && (err != nil || c.DryRun) {
				own.Discard()
			}
			_ = of.opened.Close() // what was committed is on disk
		}()
	}
	in := of.keeper(w)
	e, err := edited(&editor{w, c, of, in})
	if err != nil {
		return err
	}
	out, err := in.apply(e, edit.About{By: c.name(), Note: c.Note, DryRun: c.DryRun})
	var p *edit.UserError
	if errors.As(err, &p) {
		said := of.sentences(w, p.Links)
		for _, id := range p.Links {
			p.Message += strings.TrimRight("\n  "+id+"  "+said[id], " ")
		}
		for _, c := range p.Changes {
			p.Message += fmt.Sprintf("\n  change %d: %s", c.Seq, printable(c.Summary()))
		}
		if more := p.LinkCount - len(p.Links); more > 0 {
			p.Message += fmt.Sprintf("\n  and %d more", more)
		}
		if p.Code == edit.DependentLinks {
			p.Message += "\nDelete first what hangs on it, or add --cascade."
		}
	}
	if err != nil {
		return err
	}
	return c.tell(w, out)
}

const sentencesQuery = `query Sentences($ids: [ID!]!) { nodes(ids: $ids) { ... on Link { id sentence } } }`

// sentences returns what links say by their ids. Where that cannot be read, there is the id alone.
func (a *asking) sentences(w *world, ids []string) map[string]string {
	said := map[string]string{}
	var got struct {
		Nodes []struct{ ID, Sentence string }
	}
	if len(ids) == 0 {
		return said
	}
	if _, err := a.answer(w, sentencesQuery, map[string]any{"ids": anys(ids)}, &got); err == nil {
		for _, n := range got.Nodes {
			said[n.ID] = n.Sentence
		}
	}
	return said
}

// editedJSON is an edit as --json prints it.
type editedJSON struct {
	ID     string     `json:"id"`
	Change string     `json:"change,omitempty"`
	Seq    int64      `json:"seq,omitempty"`
	Items  []itemJSON `json:"items"`
	Lost   []lostJSON `json:"lost,omitempty"`
}

// lostJSON is an excerpt or a quotation that is no longer in the text of its source.
type lostJSON struct {
	Link      string `json:"link"`
	Evidence  string `json:"evidence,omitempty"`
	Quotation string `json:"quotation,omitempty"`
	Excerpt   string `json:"excerpt"`
}

// lostShown is how many excerpts are shown that are no longer in a text.
const lostShown = 10

// tell prints what an edit did.
func (c *editing) tell(w *world, out *outcome) error {
	if c.JSON {
		j := editedJSON{ID: out.ID, Items: []itemJSON{}}
		if out.Change != nil {
			j.Change, j.Seq = out.Change.ID, out.Change.Seq
		}
		for _, i := range out.Items {
			j.Items = append(j.Items, newItemJSON(&i))
		}
		for _, l := range out.Lost {
			j.Lost = append(j.Lost, lostJSON(l))
		}
		line, err := json.Marshal(j)
		if err == nil {
			_, err = fmt.Fprintf(&jsonPrinter{to: w.stdout}, "%s\n", line)
		}
		return err
	}
	switch {
	case len(out.Items) == 0:
		fmt.Fprintf(w.stdout, "%s is so already: nothing was written\n", out.ID)
	case out.Change == nil:
		fmt.Fprintf(w.stdout, "%s: this would change\n", out.ID)
	default:
		fmt.Fprintf(w.stdout, "%s: change %d\n", out.ID, out.Change.Seq)
	}
	for i := range out.Items {
		item(w.stdout, &out.Items[i])
	}
	if n := out.lost; n > 0 {
		quotations := 0
		for _, l := range out.Lost {
			if l.Quotation != "" {
				quotations++
			}
		}
		what, verb := count(n-quotations, "excerpt"), "are"
		switch {
		case n > lostShown: // a server does not say which are which
			what = strconv.Itoa(n) + " excerpts and quotations"
		case quotations > 0:
			what += " and " + count(quotations, "quotation")
		case n == 1:
			verb = "is"
		}
		fmt.Fprintf(w.stdout, "%s %s no longer in the text:\n", what, verb)
		for _, l := range out.Lost[:min(len(out.Lost), lostShown)] {
			fmt.Fprintf(w.stdout, "  %s  %s\n", cmp.Or(l.Quotation, l.Link), text.Quote(printable(kg.Clip(l.Excerpt, 100))))
		}
		w.more("  ", n-lostShown)
	}
	return nil
}

const idQuery = `query ID($of: EntityRef!) { entity(ref: $of) { id } }`

const sourceIDQuery = `query ID($of: SourceRef!) { source(ref: $of) { id } }`

// record finds a record by its id, its name or its title.
func (e *editor) record(ref string) (string, error) {
	if strings.TrimSpace(ref) == "" {
		return "", &config.UsageError{Problem: "the record has no name", Hint: "write its id, its name or its title"}
	}
	return e.asking.record(e.world, ref)
}

// entity finds an entity by its id or its name.
func (e *editor) entity(ref string) (string, error) {
	of := e.asking
	refs, err := of.references(e.world, []string{ref})
	if err != nil {
		return "", err
	}
	at, _ := refs[0][0].(map[string]any)
	if id, ok := at["id"].(string); ok {
		return id, nil
	}
	var got struct{ Entity *struct{ ID string } }
	if _, err := of.answer(e.world, idQuery, map[string]any{"of": at}, &got); err != nil {
		return "", err
	}
	if got.Entity == nil {
		return "", of.suggest(e.world, ref, fmt.Errorf("there is no entity %q", printable(ref)), entities)
	}
	return got.Entity.ID, nil
}

// source finds a source by its id or its title.
func (e *editor) source(ref string) (string, error) {
	if id, ok := strings.CutPrefix(ref, "id:"); ok || strings.HasPrefix(ref, kg.SourcePrefix) {
		return id, nil
	}
	of := e.asking
	var got struct{ Source *struct{ ID string } }
	if _, err := of.answer(e.world, sourceIDQuery, map[string]any{"of": map[string]any{"title": ref}}, &got); err != nil {
		return "", err
	}
	if got.Source == nil {
		return "", of.suggest(e.world, ref, fmt.Errorf("there is no source with the id or title %q", printable(ref)), sources)
	}
	return got.Source.ID, nil
}

// listFields are fields that are lists of texts.
var listFields = []string{"aliases", "authors"}

// field reads FIELD=VALUE; typ is the type of the record. A value that is left empty is nil.
func (e *editor) field(typ, name, typed string) (any, error) {
	switch {
	case typed == "":
		return nil, nil //nolint:nilnil // it is cleared
	case slices.Contains(listFields, name):
		return []string{typed}, nil
	case name == "externalIds":
		id, err := externalID(typed)
		return []kg.ExternalID{id}, err
	case name == "text" && strings.HasPrefix(typed, "@@"):
		return typed[1:], nil
	case name == "text" && typed[0] == '@':
		return e.read(typed[1:])
	case name == "kind" && typ == sourceType:
		return strings.ToUpper(typed), nil
	}
	scalar, err := e.scalar(typ, name)
	return propValue(scalar, typed), err
}

// propValue makes of a value as it was typed what a property of a scalar, or of an enum, holds.
func propValue(scalar, typed string) any {
	switch scalar {
	case "Int":
		if n, err := strconv.ParseInt(typed, 10, 64); err == nil {
			return n
		}
	case "Float":
		if f, err := strconv.ParseFloat(typed, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	case "Boolean":
		if b, err := strconv.ParseBool(typed); err == nil {
			return b
		}
	case anEnum:
		return enum(typed)
	}
	return typed
}

// externalID reads SCHEME:VALUE or SCHEME:VALUE=URL.
func externalID(typed string) (kg.ExternalID, error) {
	scheme, value, ok := strings.Cut(typed, ":")
	url := ""
	for _, begin := range []string{"https://", "http://"} {
		if before, after, has := strings.Cut(value, "="+begin); has {
			value, url = before, begin+after
			break
		}
	}
	foreign := func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789._-", r) }
	if scheme = strings.ToLower(scheme); !ok || scheme == "" || value == "" || strings.ContainsFunc(scheme, foreign) {
		return kg.ExternalID{}, &config.UsageError{
			Problem: fmt.Sprintf("%q is no external id", printable(kg.Clip(typed, 60))),
			Hint:    "write SCHEME:VALUE, such as wikidata:Q1, or SCHEME:VALUE=URL; a scheme has letters, digits and . _ -",
		}
	}
	return kg.ExternalID{Scheme: scheme, Value: value, URL: url}, nil
}

// read reads the text of a source from a file, "-" for standard input.
func (e *editor) read(file string) (string, error) {
	from := e.input()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", unreadable(file)
		}
		defer f.Close() //nolint:errcheck // it was only read
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, exchange.MaxLine+1))
	switch {
	case err != nil && e.ctx.Err() != nil:
		return "", e.ctx.Err()
	case err != nil:
		return "", unreadable(file)
	case len(b) > exchange.MaxLine:
		return "", &config.UsageError{
			Problem: printable(file) + " is too long",
			Hint:    fmt.Sprintf("a record has at most %d bytes", exchange.MaxLine),
		}
	}
	return string(b), nil
}

func unreadable(file string) error {
	return &config.UsageError{Problem: printable(file) + " cannot be read", Hint: "name a file of text behind text=@, or write text=@@ for a text that begins with @"}
}

// twice is the error for a field with a second value, where it is no list.
func twice(name string) error {
	return &config.UsageError{Problem: printable(name) + " is given twice", Hint: "give it one value"}
}

// give reads FIELD=VALUE into fields of a record of a type. A list takes several values; any other field, one.
func (e *editor) give(fields map[string]any, typ, name, typed string) error {
	v, err := e.field(typ, name, typed)
	if err != nil {
		return err
	}
	was, given := fields[name]
	switch v := v.(type) {
	case []string:
		if old, ok := was.([]string); ok || !given {
			fields[name] = append(old, v...)
			return nil
		}
	case []kg.ExternalID:
		if old, ok := was.([]kg.ExternalID); ok || !given {
			fields[name] = append(old, v...)
			return nil
		}
	}
	if given {
		return twice(name)
	}
	fields[name] = v
	return nil
}

type addCmd struct {
	editing
	What   string   `arg:"" placeholder:"TYPE" help:"What to add: a type of entity such as person, or source, link, evidence."`
	Name   string   `arg:"" placeholder:"NAME" help:"The name or title; of a link, the entity it leads from; of evidence, its link."`
	Fields []string `arg:"" optional:"" placeholder:"FIELD=VALUE" help:"Fields by their names in the schema, text=@FILE for a text in a file (@- for standard input); of a link, its kind and the entity it leads to."`
	ID     string   `name:"id" placeholder:"ID" help:"Its id. Default: made from the name."`
	Source string   `placeholder:"SOURCE" help:"Of a link or evidence: the source of its words, by title or id."`
	Words  string   `placeholder:"TEXT" help:"Of a link or evidence: the words of the source that say so."`
	Start  *int     `placeholder:"N" help:"Of a link or evidence: where its words begin in the text of the source, in characters from 0; with --end."`
	End    *int     `placeholder:"N" help:"Of a link or evidence: where its words end, behind the last of them; with --start."`
	Before string   `placeholder:"TEXT" help:"Of a link or evidence whose words stand in the source more than once: what stands right before them."`
	After  string   `placeholder:"TEXT" help:"What stands right behind them."`
	Refute bool     `help:"The words speak against it."`
	Role   string   `placeholder:"TEXT" help:"Of a link: in which role."`
	Since  string   `placeholder:"DATE" help:"Of a link: from when."`
	Until  string   `placeholder:"DATE" help:"Of a link: until when."`
}

// Run adds a record.
func (c *addCmd) Run(w *world) error {
	what := enum(c.What)
	if err := c.misplaced(what); err != nil {
		return err
	}
	return c.with(w, func(e *editor) (edit.Edit, error) {
		switch what {
		case "LINK":
			return c.link(e)
		case "EVIDENCE":
			link, err := e.record(c.Name)
			if err != nil {
				return nil, err
			}
			pieces, err := c.evidence(e)
			return &edit.AddEvidence{Link: link, Evidence: pieces}, err
		}
		add := &edit.Create{Type: what, Fields: map[string]any{"name": c.Name}}
		if what == sourceType {
			add.Fields = map[string]any{"title": c.Name}
		}
		if c.ID != "" {
			add.Fields["id"] = c.ID
		}
		for _, f := range c.Fields {
			name, v, ok := strings.Cut(f, "=")
			if !ok {
				return nil, notAField(f)
			}
			if err := e.give(add.Fields, what, name, v); err != nil {
				return nil, err
			}
		}
		return add, nil
	})
}

// enum is a type or kind as the schema has it: "news item" is NEWS_ITEM.
func enum(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(typed))
}

// misplaced refuses flags and fields of other records than the one that is added.
func (c *addCmd) misplaced(what string) error {
	link, evidence := what == "LINK", what == "EVIDENCE"
	for _, f := range []struct {
		name        string
		given, fits bool
		of          string
	}{
		{"--id", c.ID != "", !link && !evidence, "an entity or a source"},
		{"--source", c.Source != "", link || evidence, "a link or evidence"},
		{"--words", c.Words != "", link || evidence, "a link or evidence"},
		{"--start", c.Start != nil, link || evidence, "a link or evidence"},
		{"--end", c.End != nil, link || evidence, "a link or evidence"},
		{"--before", c.Before != "", link || evidence, "a link or evidence"},
		{"--after", c.After != "", link || evidence, "a link or evidence"},
		{"--refute", c.Refute, link || evidence, "a link or evidence"},
		{"--role", c.Role != "", link, "a link"},
		{"--since", c.Since != "", link, "a link"},
		{"--until", c.Until != "", link, "a link"},
	} {
		if !f.given || f.fits {
			continue
		}
		hint := "write fields as FIELD=VALUE, such as born=1946"
		switch {
		case link:
			hint = "leave it out: a link's id is made from what it joins"
		case evidence:
			hint = "leave it out, or change the link with throughline set"
		}
		return &config.UsageError{Problem: f.name + " is for " + f.of, Hint: hint}
	}
	if evidence && len(c.Fields) > 0 {
		return &config.UsageError{
			Problem: fmt.Sprintf("evidence has no fields, and %q is too much", printable(c.Fields[0])),
			Hint:    "write add evidence LINK --source SOURCE --words TEXT",
		}
	}
	return nil
}

func notAField(f string) error {
	return &config.UsageError{Problem: fmt.Sprintf("%q is no field", printable(f)), Hint: "write FIELD=VALUE, such as born=1946"}
}

// link reads a link: from whom, its kind, and to whom.
func (c *addCmd) link(e *editor) (edit.Edit, error) {
	if len(c.Fields) != 2 {
		return nil, &config.UsageError{
			Problem: "a link has two ends and a kind",
			Hint:    "write add link FROM KIND TO --source S --words TEXT",
		}
	}
	add := &edit.CreateLink{Kind: enum(c.Fields[0]), Role: c.Role, Since: c.Since, Until: c.Until}
	var err error
	if add.From, err = e.entity(c.Name); err != nil {
		return nil, err
	}
	if add.To, err = e.entity(c.Fields[1]); err != nil {
		return nil, err
	}
	add.Evidence, err = c.evidence(e)
	return add, err
}

// evidence reads the words for or against a link.
func (c *addCmd) evidence(e *editor) ([]edit.Evidence, error) {
	if c.Source == "" || c.Words == "" && c.Start == nil && c.End == nil {
		return nil, &config.UsageError{Problem: "a link needs the words that say so", Hint: "add --source SOURCE --words TEXT"}
	}
	if (c.Start == nil) != (c.End == nil) {
		return nil, &config.UsageError{Problem: "the place of words has a beginning and an end", Hint: "give both --start and --end, or --words TEXT"}
	}
	source, err := e.source(c.Source)
	piece := edit.Evidence{
		Source: cmp.Or(source, c.Source), Excerpt: c.Words, Start: c.Start, End: c.End, Prefix: c.Before, Suffix: c.After,
	}
	if c.Refute {
		piece.Stance = kg.Refutes
	}
	return []edit.Evidence{piece}, err
}

type setCmd struct {
	editing
	Record string   `arg:"" placeholder:"RECORD" help:"The id of a record, the name of an entity, or the title of a source."`
	Fields []string `arg:"" placeholder:"FIELD=VALUE" help:"FIELD=VALUE sets, FIELD= clears; FIELD+=VALUE adds to a list, FIELD-=VALUE takes from it."`
}

// Run changes fields of a record.
func (c *setCmd) Run(w *world) error {
	return c.change(w, func(e *editor) (edit.Edit, error) {
		id, err := e.record(c.Record)
		if err != nil {
			return nil, err
		}
		typ, err := e.typeOf(id)
		if err != nil {
			return nil, err
		}
		u := &edit.Update{ID: id, Type: typ, Set: map[string]any{}, Add: map[string]any{}, Remove: map[string]any{}}
		for _, f := range c.Fields {
			name, typed, ok := strings.Cut(f, "=")
			if !ok {
				return nil, notAField(f)
			}
			to := u.Set
			if list, adds := strings.CutSuffix(name, "+"); adds {
				name, to = list, u.Add
			} else if list, takes := strings.CutSuffix(name, "-"); takes {
				name, to = list, u.Remove
			}
			if err := e.give(to, typ, name, typed); err != nil {
				return nil, err
			}
		}
		return u, nil
	})
}

type deleteCmd struct {
	editing
	Record  string `arg:"" placeholder:"RECORD" help:"The id of a record or of a piece of evidence, the name of an entity, or the title of a source."`
	Cascade bool   `help:"Delete the links that hang on it too; those that rest on a source alone go with it, others lose its words."`
}

// Run deletes a record, or a piece of evidence.
func (c *deleteCmd) Run(w *world) error {
	return c.change(w, func(e *editor) (edit.Edit, error) {
		id, err := e.record(c.Record)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(id, kg.EvidencePrefix) {
			return &edit.RemoveEvidence{Evidence: id}, nil
		}
		return &edit.Delete{ID: id, Cascade: c.Cascade}, nil
	})
}

type mergeCmd struct {
	editing
	Survivor string   `arg:"" placeholder:"ENTITY" help:"The entity that they become, by its id or its name."`
	Absorbed []string `arg:"" placeholder:"OTHER" help:"The entities that go into it: their names become aliases, their ids, links and evidence move."`
}

// Run makes one entity of several.
func (c *mergeCmd) Run(w *world) error {
	return c.change(w, func(e *editor) (edit.Edit, error) {
		survivor, err := e.entity(c.Survivor)
		m := &edit.Merge{Survivor: survivor, Absorbed: make([]string, len(c.Absorbed))}
		for i, ref := range c.Absorbed {
			if err == nil {
				m.Absorbed[i], err = e.entity(ref)
			}
		}
		return m, err
	})
}

type undoCmd struct {
	editing
	Change string `arg:"" placeholder:"CHANGE" help:"The number of a change, as the log shows it, or its id."`
}

// Run takes a change back.
func (c *undoCmd) Run(w *world) error {
	return c.change(w, func(e *editor) (edit.Edit, error) {
		q := &store.ChangesQuery{Limit: 1}
		seq, err := strconv.ParseInt(c.Change, 10, 64)
		if err != nil {
			seq, q.IDs = 0, []string{c.Change}
		}
		if q.Before = seq + 1; seq == 0 {
			q.Before = 0
		}
		found, err := e.changes(q)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || q.IDs == nil && found[0].Seq != seq {
			return nil, fmt.Errorf("there is no change %s: `throughline log` shows those that there are", printable(c.Change))
		}
		return &edit.Revert{Change: found[0]}, nil
	})
}
