package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// editing is what the commands that change a record share.
type editing struct {
	config.Store
	author
	DryRun bool `help:"Say what would change, and write nothing."`
	JSON   bool `name:"json" help:"Print what changed as JSON, for scripts."`
}

// editor is an open store to change.
type editor struct {
	*world
	*editing
	s   *opened
	cat *catalog.Catalog
}

// with opens the store, has an edit made with it, does that and prints what it did. Where there was no store and nothing
// was written, there is none afterwards.
func (c *editing) with(w *world, edited func(e *editor) (edit.Edit, error)) (err error) {
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	if kind, _, err := c.Choose(w.getenv); err == nil && kind == config.Memory && !c.DryRun {
		return &config.UsageError{
			Problem: "what is written into memory: is gone when the command ends",
			Hint:    "name a file with --store sqlite:PATH, or add --dry-run",
		}
	}
	s, err := w.openNow(&c.Store, cat, false)
	if err != nil {
		return err
	}
	defer func() {
		if own, ok := s.Store.(*sqlitestore.Store); ok && (err != nil || c.DryRun) {
			own.Discard()
		}
		_ = s.Close() // what was committed is on disk
	}()
	e, err := edited(&editor{w, c, s, cat})
	if err != nil {
		return err
	}
	out, err := edit.Apply(w.ctx, cat, s, e, edit.About{By: c.name(), Note: c.Note, DryRun: c.DryRun})
	var p *edit.UserError
	if errors.As(err, &p) {
		for _, id := range p.Links {
			p.Message += "\n  " + id
		}
		for _, c := range p.Changes {
			p.Message += fmt.Sprintf("\n  change %d: %s", c.Seq, told(&c))
		}
		if more := p.LinkCount - len(p.Links); more > 0 {
			p.Message += fmt.Sprintf("\n  and %d more", more)
		}
	}
	if err != nil {
		return err
	}
	return c.tell(w, &out)
}

// editedJSON is an edit as --json prints it.
type editedJSON struct {
	ID     string     `json:"id"`
	Change string     `json:"change,omitempty"`
	Seq    int64      `json:"seq,omitempty"`
	Items  []itemJSON `json:"items"`
}

// tell prints what an edit did.
func (c *editing) tell(w *world, out *edit.Outcome) error {
	if c.JSON {
		j := editedJSON{ID: out.ID, Items: []itemJSON{}}
		if out.Change != nil {
			j.Change, j.Seq = out.Change.ID, out.Change.Seq
		}
		for _, i := range out.Items {
			j.Items = append(j.Items, itemJSON{i.ID, i.Kind, json.RawMessage(i.Before), json.RawMessage(i.After)})
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
	return nil
}

const sourceIDQuery = `query ID($of: SourceRef!) { source(ref: $of) { id } }`

// record finds a record by its id, with or without "id:" before it, or else an entity by its name.
func (e *editor) record(ref string) (string, error) {
	if id, ok := strings.CutPrefix(ref, "id:"); ok {
		return id, nil
	}
	types, err := e.s.Types(e.ctx, []string{ref})
	if err != nil || types[ref] != "" || kg.LinkOfEvidence(ref) != "" {
		return ref, err
	}
	return e.entity(ref, e.s, e.cat)
}

// entity finds an entity by its name.
func (w *world) entity(name string, s *opened, cat *catalog.Catalog) (string, error) {
	of := asking{opened: s, cat: cat}
	var got struct{ Entity *struct{ ID string } }
	if _, err := of.answer(w, idQuery, map[string]any{"of": reference(name)}, &got); err != nil {
		return "", err
	}
	if got.Entity == nil {
		return "", of.suggest(w, name, fmt.Errorf("there is no entity %q", printable(name)))
	}
	return got.Entity.ID, nil
}

// source finds a source by its id or its title.
func (e *editor) source(ref string) (string, error) {
	if id, ok := strings.CutPrefix(ref, "id:"); ok || strings.HasPrefix(ref, kg.SourcePrefix) {
		return id, nil
	}
	of := asking{opened: e.s, cat: e.cat}
	var got struct{ Source *struct{ ID string } }
	if _, err := of.answer(e.world, sourceIDQuery, map[string]any{"of": map[string]any{"title": ref}}, &got); err != nil {
		return "", err
	}
	if got.Source == nil {
		return "", fmt.Errorf("there is no source with the title %q: name it by its id", printable(ref))
	}
	return got.Source.ID, nil
}

// listFields are fields that are lists of texts.
var listFields = []string{"aliases", "authors"}

// value makes of a value as it was typed what the field holds; typ is the type of the record.
func (e *editor) value(typ, field, typed string) any {
	switch {
	case slices.Contains(listFields, field):
		return []string{typed}
	case field == "externalIds":
		scheme, value, _ := strings.Cut(typed, ":")
		return []kg.ExternalID{{Scheme: scheme, Value: value}}
	}
	if t := e.cat.TypeOf(typ); t != nil {
		if p := t.Prop(field); p != nil {
			switch p.Kind {
			case catalog.Int:
				if n, err := strconv.ParseInt(typed, 10, 64); err == nil {
					return n
				}
			case catalog.Float:
				if f, err := strconv.ParseFloat(typed, 64); err == nil {
					return f
				}
			case catalog.Bool:
				if b, err := strconv.ParseBool(typed); err == nil {
					return b
				}
			}
		}
	}
	return typed
}

// united puts a value behind those that a list has.
func united(list, v any) any {
	switch v := v.(type) {
	case []string:
		if old, ok := list.([]string); ok {
			return append(old, v...)
		}
	case []kg.ExternalID:
		if old, ok := list.([]kg.ExternalID); ok {
			return append(old, v...)
		}
	}
	return v
}

type addCmd struct {
	editing
	What   string   `arg:"" placeholder:"TYPE" help:"What to add: a type of entity such as person, or source, link, evidence."`
	Name   string   `arg:"" placeholder:"NAME" help:"The name or title; of a link, the entity it leads from; of evidence, its link."`
	Fields []string `arg:"" optional:"" placeholder:"FIELD=VALUE" help:"Fields by their names in the schema; of a link, its kind and the entity it leads to."`
	ID     string   `name:"id" placeholder:"ID" help:"Its id. Default: made from the name."`
	Source string   `placeholder:"SOURCE" help:"Of a link or evidence: the source of its words, by title or id."`
	Words  string   `placeholder:"TEXT" help:"Of a link or evidence: the words of the source that say so."`
	Refute bool     `help:"The words speak against it."`
	Role   string   `placeholder:"TEXT" help:"Of a link: in which role."`
	Since  string   `placeholder:"DATE" help:"Of a link: from when."`
	Until  string   `placeholder:"DATE" help:"Of a link: until when."`
}

// Run adds a record.
func (c *addCmd) Run(w *world) error {
	return c.with(w, func(e *editor) (edit.Edit, error) {
		what := strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(c.What))
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
		if what == e.cat.Source.Enum {
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
			if what == e.cat.Source.Enum && name == "kind" {
				v = strings.ToUpper(v)
			}
			add.Fields[name] = united(add.Fields[name], e.value(what, name, v))
		}
		return add, nil
	})
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
	add := &edit.CreateLink{Kind: strings.ToUpper(c.Fields[0]), Role: c.Role, Since: c.Since, Until: c.Until}
	var err error
	if add.From, err = e.record(c.Name); err != nil {
		return nil, err
	}
	if add.To, err = e.record(c.Fields[1]); err != nil {
		return nil, err
	}
	add.Evidence, err = c.evidence(e)
	return add, err
}

// evidence reads the words for or against a link.
func (c *addCmd) evidence(e *editor) ([]edit.Evidence, error) {
	if c.Source == "" || c.Words == "" {
		return nil, &config.UsageError{Problem: "a link needs the words that say so", Hint: "add --source SOURCE --words TEXT"}
	}
	source, err := e.source(c.Source)
	piece := edit.Evidence{Source: cmp.Or(source, c.Source), Excerpt: c.Words}
	if c.Refute {
		piece.Stance = kg.Refutes
	}
	return []edit.Evidence{piece}, err
}

type setCmd struct {
	editing
	Record string   `arg:"" placeholder:"RECORD" help:"The id of a record, or the name of an entity."`
	Fields []string `arg:"" placeholder:"FIELD=VALUE" help:"FIELD=VALUE sets, FIELD= clears; FIELD+=VALUE adds to a list, FIELD-=VALUE takes from it."`
}

// Run changes fields of a record.
func (c *setCmd) Run(w *world) error {
	return c.with(w, func(e *editor) (edit.Edit, error) {
		id, err := e.record(c.Record)
		if err != nil {
			return nil, err
		}
		types, err := e.s.Types(w.ctx, []string{id})
		if err != nil {
			return nil, err
		}
		u := &edit.Update{ID: id, Set: map[string]any{}, Add: map[string]any{}, Remove: map[string]any{}}
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
			if typed == "" {
				to[name] = nil
				continue
			}
			if name == "kind" {
				typed = strings.ToUpper(typed)
			}
			to[name] = united(to[name], e.value(types[id], name, typed))
		}
		return u, nil
	})
}

type deleteCmd struct {
	editing
	Record  string `arg:"" placeholder:"RECORD" help:"The id of a record or of a piece of evidence, or the name of an entity."`
	Cascade bool   `help:"Delete the links that hang on it too; those that rest on a source alone go with it, others lose its words."`
}

// Run deletes a record, or a piece of evidence.
func (c *deleteCmd) Run(w *world) error {
	return c.with(w, func(e *editor) (edit.Edit, error) {
		id, err := e.record(c.Record)
		if err != nil {
			return nil, err
		}
		if kg.LinkOfEvidence(id) != "" {
			return &edit.RemoveEvidence{Evidence: id}, nil
		}
		return &edit.Delete{ID: id, Cascade: c.Cascade}, nil
	})
}

type undoCmd struct {
	editing
	Change string `arg:"" placeholder:"CHANGE" help:"The number of a change, as the log shows it, or its id."`
}

// Run takes a change back.
func (c *undoCmd) Run(w *world) error {
	return c.with(w, func(e *editor) (edit.Edit, error) {
		q := &store.ChangesQuery{Limit: 1}
		seq, err := strconv.ParseInt(c.Change, 10, 64)
		if err != nil {
			seq, q.IDs = 0, []string{c.Change}
		}
		if q.Before = seq + 1; seq == 0 {
			q.Before = 0
		}
		found, err := e.s.Changes(w.ctx, q)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || q.IDs == nil && found[0].Seq != seq {
			return nil, fmt.Errorf("there is no change %s: `throughline log` shows those that there are", printable(c.Change))
		}
		return &edit.Revert{Log: e.s, Change: found[0]}, nil
	})
}
