package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/graph/internal/bind"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/contract"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/operation"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// This file answers the fields of Mutation. Each is a question that writes: it makes an edit of its input, has package
// edit do it in one transaction, and reads the records of its payload by one plan. A trial reads them in the
// transaction, before that is taken back.

// Writer is a store that can be changed.
type Writer interface {
	store.Writer
	store.Logger
}

// ErrReadOnly refuses a change where there is no Writer.
var ErrReadOnly = kg.Errorf(kg.ReadOnly,
	"this server only reads: to let clients change the graph, start it with --writable (THROUGHLINE_WRITABLE=true)")

// mutationKinds returns the root fields of Mutation.
func mutationKinds(cat *catalog.Catalog) []*questionKind {
	if cat.Schema.Mutation == nil {
		return nil
	}
	var kinds []*questionKind
	for _, f := range cat.Schema.Mutation.Fields {
		read := inputReader(cat, f.Name)
		if read == nil {
			continue // the start tells of it
		}
		payload := table{
			"change": objectOf(func(w *written) *kg.Change { return w.change }),
			"items":  objectsOf(func(w *written) []changeItem { return w.items }),
			"errors": userErrorList,
		}
		lost := table{
			"lost":      objectsOf(func(w *written) []lostWords { return w.lost }),
			"lostCount": intOf(func(w *written) int64 { return int64(w.lostCount) }),
		}
		for _, p := range cat.Schema.Types[f.Type.Name()].Fields {
			switch t := cat.Type(p.Type.Name()); {
			case p.Name == "deletedIds":
				payload[p.Name] = valueOf(func(w *written) kg.Value { return kg.ListValue(w.deleted) })
			case p.Name == "survivor":
				payload[p.Name] = ofTypes(recordOf(func(w *written) *kg.Row { return w.record }),
					func(c *catalog.Catalog) catalog.TypeSet { return c.Entities })
			case p.Name == "possibleDuplicates":
				payload[p.Name] = someRecords(recordsOf(func(w *written) []*kg.Row { return w.duplicates }),
					func(c *catalog.Catalog) catalog.TypeSet { return c.Entities }).also(func(_ *compiler, at *scope) { at.asked.duplicates = true })
			case p.Name == "results":
				payload[p.Name] = objectsOf(func(w *written) []result { return w.results })
			case lost[p.Name] != nil:
				payload[p.Name] = lost[p.Name]
			case t != nil:
				payload[p.Name] = recordOf(func(w *written) *kg.Row { return w.record })
			}
		}
		kinds = append(kinds, &questionKind{
			name: f.Name, writes: true, tables: tables{f.Type.Name(): payload},
			begin: func() question { return &changeQuestion{read: read} },
		})
	}
	return kinds
}

// writingTables has the tables of the types that stand in the payloads of several mutations: results and user errors.
var writingTables = func() tables {
	all := tables{
		"ChangeOperationResult": {
			"id":     textOf(func(o *result) string { return o.id }),
			"as":     valueOf(func(o *result) kg.Value { return kg.StringValue(o.as) }),
			"record": ofTypes(recordOf(func(o *result) *kg.Row { return o.record }), anyRecord),
		},
		"LostWords": {
			"excerpt":     textOf(func(l *lostWords) string { return l.Excerpt }),
			"link":        someRecords(recordOf(func(l *lostWords) *kg.Row { return l.link }), anyRecord),
			"evidenceId":  valueOf(func(l *lostWords) kg.Value { return kg.StringValue(l.Evidence) }),
			"quotationId": valueOf(func(l *lostWords) kg.Value { return kg.StringValue(l.Quotation) }),
		},
		"StaleWriteError": {
			"current": someRecords(recordOf(func(u *userError) *kg.Row { return u.current }), anyRecord),
		},
		"ExcerptError": {
			"nearest": ofNearest(func(u *userError) kg.Value { return kg.StringValue(u.Nearest.Words) }),
			"start":   ofNearest(func(u *userError) kg.Value { return kg.IntValue(int64(u.Nearest.Start)) }),
			"end":     ofNearest(func(u *userError) kg.Value { return kg.IntValue(int64(u.Nearest.End)) }),
		},
		"CandidatesError": {
			"candidates": someRecords(recordsOf(func(u *userError) []*kg.Row { return u.candidates }),
				func(c *catalog.Catalog) catalog.TypeSet { return c.Entities | 1<<c.Source.Index }),
		},
		"BlockedError": {"changes": objectsOf(func(u *userError) []kg.Change { return u.Changes })},
		"DependentsError": {
			"links":     someRecords(recordsOf(func(u *userError) []*kg.Row { return u.links }), anyRecord),
			"linkCount": intOf(func(u *userError) int64 { return int64(u.LinkCount) }),
		},
	}
	for _, name := range userErrorTypes {
		if all[name] == nil {
			all[name] = table{}
		}
		all[name]["code"] = textOf(func(u *userError) string { return string(u.Code) })
		all[name]["message"] = textOf(func(u *userError) string { return u.Message })
		all[name]["path"] = valueOf(func(u *userError) kg.Value {
			return kg.ListValue(append([]string{"input"}, u.Path...))
		})
	}
	return all
}()

// userErrorTypes are the types that implement UserError, by the code of the errors; "" is that of all other codes.
var userErrorTypes = map[edit.Code]string{
	"":                    "PlainError",
	edit.StaleWrite:       "StaleWriteError",
	edit.ExcerptNotInText: "ExcerptError",
	edit.AmbiguousRef:     "CandidatesError",
	edit.BlockedByLater:   "BlockedError",
	edit.DependentLinks:   "DependentsError",
}

// userErrorList is the field `errors` of every payload: what a person can put right.
var userErrorList = &field{
	shape: listShape,
	plan: func(c *compiler, f operation.Field, at *scope, x *out) {
		x.objs = &objects{among: map[string]*object{}}
		for _, name := range userErrorTypes {
			x.objs.among[name] = c.object(c.cat.Schema.Types[name], f.Sets(), at)
		}
	},
	count: func(_ *reading, _ *out, p *place) (int, error) { return len(of[written](p).errors), nil },
	item: func(_ *reading, _ *out, p *place, i int, to *place) {
		*to = place{at: &of[written](p).errors[i], sel: p.sel}
	},
}

// ofNearest returns a field of ExcerptError that is read from the passage most like the excerpt, null where none is.
func ofNearest(get func(u *userError) kg.Value) *field {
	return valueOf(func(u *userError) kg.Value {
		if u.Nearest == nil {
			return kg.Value{}
		}
		return get(u)
	})
}

// ofTypes has a field lead to records of some types.
func ofTypes(f *field, types func(*catalog.Catalog) catalog.TypeSet) *field {
	f.plan = func(c *compiler, f operation.Field, at *scope, x *out) { x.objs = c.records(f, at.sel, types(c.cat)) }
	return f
}

// someRecords has a field lead to records of some types, of which there may be several.
func someRecords(f *field, types func(*catalog.Catalog) catalog.TypeSet) *field {
	return ofTypes(f, types).also(func(_ *compiler, at *scope) { at.asked.several = true })
}

// written is the outcome of a mutation, from which the fields of its payload are read.
type written struct {
	record  *kg.Row
	deleted []string
	change  *kg.Change
	items   []changeItem
	errors  []userError
	results []result
	// duplicates are what a record that was made may be.
	duplicates []*kg.Row
	// lost are the first of the words that are not in the new text of their source, lostCount is how many there are.
	lost      []lostWords
	lostCount int
}

// lostWords are words that are not in the new text of their source, with the link, nil where it is gone.
type lostWords struct {
	edit.Lost
	link *kg.Row
}

// toRead returns the ids of the records that the payload of a change has.
func toRead(out *edit.Outcome) []string {
	ids := slices.Clone(out.IDs)
	for _, l := range out.Lost[:min(len(out.Lost), namedMost)] {
		ids = append(ids, l.Link)
	}
	return ids
}

// result is the answer to one of several operations: the id of its record, the name that the client gave it, and the
// record, nil where it was deleted.
type result struct {
	id, as string
	record *kg.Row
}

// userError is an error that a person can put right, with the records that it names.
type userError struct {
	*edit.UserError
	current           *kg.Row
	candidates, links []*kg.Row
}

// among returns the name of the type that the error has in the schema.
func (u *userError) among() string {
	if name, ok := userErrorTypes[u.Code]; ok {
		return name
	}
	if len(u.Candidates) > 0 {
		return userErrorTypes[edit.AmbiguousRef]
	}
	return userErrorTypes[""]
}

// changeQuestion is a field of Mutation with its values.
type changeQuestion struct {
	asked
	read  reader
	edit  edit.Edit
	about edit.About
	named []namedRecord
	// at is the way to its input, for errors with codes, and within, of an operation of several, the way to it in the
	// input of applyChanges.
	at     string
	within []string
	// key is the key under which it is made once, "" for none, and input what is asked for.
	key, input string
	steps      []edit.Step    // of several
	later      []edit.StepRef // references to what earlier operations made
	// ownNote says that note is a property of the record.
	ownNote bool
	// alike are the ids of what a record that is to be made may be.
	alike []string
	// reverts is the id of the change that is to be taken back, "" for none.
	reverts string
}

// namedRecord is a reference by something else than the id. The id goes to to, and path is that of a problem with it.
type namedRecord struct {
	ref  plan.Ref
	to   *string
	path []string
}

// keysKept is how long a change is made once under its key.
const keysKept = history.Least

// MaxKey is the longest key by which a change is made once, in bytes.
const MaxKey = 255

type keyOfRequest struct{}

// withKey returns a context whose mutations are made once, each under the key of the request and its own response key.
func withKey(ctx context.Context, key string) context.Context {
	if key == "" {
		return ctx
	}
	return context.WithValue(ctx, keyOfRequest{}, key)
}

// headerKey returns the key of a mutation that follows from that of its request, "" for none.
func headerKey(ctx context.Context, alias string) string {
	key, _ := ctx.Value(keyOfRequest{}).(string)
	if key != "" {
		key += "\x00" + alias
	}
	return key
}

// idempotent reads the key of a mutation, and what is asked for under it.
func (q *changeQuestion) idempotent(in map[string]any) error {
	key, given := in[contract.IdempotencyKey].(string)
	if given && (key == "" || len(key) > MaxKey) {
		return bind.Bad(q.at+"."+contract.IdempotencyKey, "a key has 1 to %d bytes", MaxKey)
	}
	input := maps.Clone(in)
	delete(input, contract.IdempotencyKey)
	text, err := json.Marshal([]any{q.kind.name, input})
	q.key, q.input = key, string(text)
	return err
}

func (q *changeQuestion) bind(b *binder, args map[string]any) error {
	in, _ := args["input"].(map[string]any)
	if q.at = q.kind.name + ".input"; in[contract.As] != nil {
		return bind.NothingAs(q.at)
	}
	if err := q.idempotent(in); err != nil {
		return err
	}
	q.about.DryRun = in[contract.DryRun] == true
	q.about.Note, _ = in[contract.Note].(string)
	return q.read(q, b, in)
}

// namedMost is about how many records a user error names at most.
const namedMost = 10

func (q *changeQuestion) records() int {
	n := max(1, len(q.steps))
	if q.several {
		n += namedMost
	}
	return n
}

func (q *changeQuestion) describe(*describer) (how, steps []string) {
	if q.about.DryRun {
		how = append(how, "tried and taken back")
	}
	return how, nil
}

// reference reads a reference to a record, whose id goes to to.
func (q *changeQuestion) reference(
	read func(at string, m map[string]any, types catalog.TypeSet) (plan.Ref, error),
	v any, types catalog.TypeSet, to *string, path ...string,
) error {
	m, _ := v.(map[string]any)
	if as, ok := m[contract.As].(string); ok && q.within != nil {
		q.later = append(q.later, edit.StepRef{As: as, To: to, Path: path})
		return nil
	}
	at := q.at
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			at += "[" + step + "]"
		} else {
			at += "." + step
		}
	}
	r, err := read(at, m, types)
	if r.ID != "" {
		*to = r.ID
	} else {
		q.named = append(q.named, namedRecord{r, to, slices.Concat(q.within, path)})
	}
	return err
}

// allowed returns the error for the first of several operations that whoever asks may not do: each needs the role that
// it needs as a mutation of its own.
func (q *changeQuestion) allowed(x *search) error {
	who := auth.From(x.ctx)
	if who == nil {
		return nil
	}
	for i, s := range q.steps {
		name := s.Path[len(s.Path)-1]
		if needs := x.e.tables["Mutation"][name].requires; needs > who.Role {
			err := forbidden(name, needs, who)
			err.Details["argument"] = kg.Way(fmt.Sprintf("%s.operations[%d].%s", q.at, i, name))
			return err
		}
	}
	return nil
}

func (q *changeQuestion) answer(x *search) (place, error) {
	if err := q.allowed(x); err != nil {
		return place{}, err
	}
	w := x.e.opts.Writer
	if w == nil {
		return place{}, ErrReadOnly
	}
	out, err := q.change(x, w)
	a := &written{change: out.Change}
	var wrong *edit.UserError
	switch {
	case errors.As(err, &wrong):
		a.errors = []userError{{UserError: wrong}}
		named := slices.DeleteFunc(unique([]string{wrong.Current}, wrong.Candidates, wrong.Links),
			func(id string) bool { return id == "" })
		if err = nil; len(named) > 0 {
			err = x.read(named)
		}
	case err == nil && x.rows == nil: // nobody has looked
		if err = x.read(unique(toRead(&out), q.alike)); err != nil {
			err = unanswered(err, out.Change)
		}
	}
	if err != nil {
		return place{}, err
	}
	if a.record = x.rows[out.ID]; a.record != nil {
		// asked for again under its key, a record is there already
		a.duplicates = x.records(slices.DeleteFunc(q.alike, func(id string) bool { return id == out.ID })...)
	}
	for i, id := range out.IDs[:min(len(out.IDs), len(q.steps))] {
		a.results = append(a.results, result{id, q.steps[i].As, x.rows[id]})
	}
	a.lostCount = len(out.Lost)
	for _, l := range out.Lost[:min(len(out.Lost), namedMost)] {
		a.lost = append(a.lost, lostWords{l, x.rows[l.Link]})
	}
	for i := range out.Items {
		a.items = append(a.items, x.e.changeItem(&out.Items[i]))
		if i := &out.Items[i]; i.After == "" {
			a.deleted = append(a.deleted, i.ID)
		}
	}
	slices.Sort(a.deleted)
	for i := range a.errors {
		u := &a.errors[i]
		u.current, u.candidates, u.links = x.rows[u.Current], x.records(u.Candidates...), x.records(u.Links...)
	}
	return x.object(a), nil
}

// mayRevert returns the error for a change that whoever asks may not take back. Who may not delete takes back only what
// they have changed themselves. An import is nobody's own: it may hold the work of many.
func mayRevert(who *auth.Identity, c *kg.Change) error {
	own := who != nil && who.Subject != "" && c.By == who.Subject && c.Action != kg.Imported
	if who == nil || own || who.Role >= auth.Curator {
		return nil
	}
	return forbidden("revertChange of what another has changed, or of an import,", auth.Curator, who)
}

// unanswered is the error of a change that was made, and whose answer could not be read.
func unanswered(err error, change *kg.Change) error {
	if change == nil {
		return err
	}
	e := kg.Wrap(kg.CodeOf(err), err, "the change was made, and its answer could not be read: ask for it")
	e.Details = map[string]any{"change": change.ID}
	return e
}

// change makes the change. A trial reads the payload's records.
func (q *changeQuestion) change(x *search, w Writer) (edit.Outcome, error) {
	cat := x.e.opts.Catalog
	for i := range q.named {
		if err := q.resolve(x, &q.named[i]); err != nil {
			return edit.Outcome{}, err
		}
	}
	if q.reverts != "" {
		found, err := w.Changes(x.ctx, &store.ChangesQuery{IDs: []string{q.reverts}, Limit: 1})
		if err != nil {
			return edit.Outcome{}, err
		}
		if len(found) == 0 {
			return edit.Outcome{}, missing([]string{"change"}, "There is no change of this id.")
		}
		if err := mayRevert(auth.From(x.ctx), &found[0]); err != nil {
			return edit.Outcome{}, err
		}
		q.edit = &edit.Revert{Log: w, Change: found[0]}
	}
	if made, ok := q.edit.(*edit.Create); ok && q.asking.duplicates {
		var err error
		if q.alike, err = x.e.alreadyThere(x.ctx, made); err != nil {
			return edit.Outcome{}, err
		}
	}
	about := q.about
	if who := auth.From(x.ctx); who != nil {
		about.By = who.Subject
	}
	about.Look = func(ctx context.Context, tx store.Tx, out *edit.Outcome) error {
		x.a.query.IDs = unique(toRead(out), q.alike)
		res, err := tx.Fetch(ctx, x.a.query)
		if err == nil {
			x.take(res)
		}
		return err
	}
	about.Read = func(out *edit.Outcome) *plan.Query {
		x.a.query.IDs = unique(toRead(out), q.alike)
		return x.a.query
	}
	about.Take = x.take
	if key := cmp.Or(q.key, headerKey(x.ctx, q.field.Alias)); key != "" {
		about.Once = &edit.Once{Log: w, Key: key, Input: q.input, Since: kg.TimeOf(q.now.Add(-keysKept))}
	}
	return edit.Apply(x.ctx, cat, w, q.edit, about)
}

func missing(path []string, message string) *edit.UserError {
	return &edit.UserError{Code: edit.NotFound, Message: message, Path: path}
}

// resolve finds the id of a record that is named by something else.
func (q *changeQuestion) resolve(x *search, n *namedRecord) error {
	cat := x.e.opts.Catalog
	res, err := x.e.opts.Store.Fetch(x.ctx, &plan.Query{
		Start: plan.ByRef, Types: n.ref.Types, Refs: []plan.Ref{n.ref}, MaxRows: x.limits.MaxRows,
		Root: plan.Field{
			Page: plan.Paging{N: 1}, Want: plan.Want{Rows: true},
			Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}},
		},
	})
	var own *kg.Error
	switch {
	case errors.As(err, &own) && own.Code == kg.AmbiguousRef:
		u := &edit.UserError{Code: edit.AmbiguousRef, Message: own.Message, Path: n.path}
		list, _ := own.Details["candidates"].([]kg.Candidate)
		for i := range list {
			u.Candidates = append(u.Candidates, list[i].ID)
		}
		return u
	case err != nil:
		return err
	case len(res.Edges) == 0:
		return q.unknown(x, n)
	}
	*n.to = strings.Clone(res.Edges[0].Node.Vals[0].Str)
	if res.Release != nil {
		res.Release()
	}
	return nil
}

// unknown returns the error for a record that is named by what none has, with the entities whose names are most like
// it.
func (q *changeQuestion) unknown(x *search, n *namedRecord) error {
	cat := x.e.opts.Catalog
	if n.ref.Types == 1<<cat.Source.Index {
		return missing(n.path, fmt.Sprintf("There is no source of this %s%s.", named(&n.ref), repeated(cmp.Or(n.ref.Name, n.ref.URL))))
	}
	u := missing(n.path, fmt.Sprintf("There is no %s of this %s%s.", typeNames(cat, n.ref.Types), named(&n.ref), repeated(n.ref.Name)))
	like, err := x.e.like(x.ctx, &n.ref)
	if err != nil {
		return err
	}
	var names []string
	for _, s := range like {
		u.Candidates = append(u.Candidates, s.ID)
		names = append(names, kg.Clip(s.Name, mostRepeated)+" ("+s.ID+")")
	}
	if names != nil {
		u.Message += " Nearest are: " + strings.Join(names, ", ") + "."
	}
	return u
}

// mostRepeated is how much of what a client has sent, or of a name, a message repeats.
const mostRepeated = 60

// repeated returns what a client has sent as a message repeats it.
func repeated(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(", %q", kg.Clip(s, mostRepeated))
}

// reader reads the input of a mutation.
type reader func(q *changeQuestion, b *binder, in map[string]any) error

// inputReader returns what reads the input of a field of Mutation; nil for none.
func inputReader(cat *catalog.Catalog, name string) reader {
	switch name {
	case "createLink":
		return readCreateLink
	case "addEvidence":
		return func(q *changeQuestion, b *binder, in map[string]any) error {
			e := &edit.AddEvidence{}
			e.Link, _ = in["link"].(string)
			q.edit = e
			return q.evidence(b, in["evidence"], &e.Evidence)
		}
	case "removeEvidence":
		return func(q *changeQuestion, _ *binder, in map[string]any) error {
			id, _ := in["evidence"].(string)
			q.edit = &edit.RemoveEvidence{Evidence: id}
			return nil
		}
	case "delete":
		return func(q *changeQuestion, _ *binder, in map[string]any) (err error) {
			e := &edit.Delete{Cascade: in["cascade"] == true}
			e.ID, _ = in["id"].(string)
			q.edit = e
			e.IfVersion, err = q.version(in)
			return err
		}
	case "mergeEntities":
		return readMerge
	case "revertChange":
		return func(q *changeQuestion, _ *binder, in map[string]any) (err error) {
			q.reverts, _ = in["change"].(string)
			return bind.CheckText(q.at+".change", q.reverts)
		}
	case "applyChanges":
		return readSeveral
	}
	if made, ok := strings.CutPrefix(name, "create"); ok && cat.Type(made) != nil {
		return func(q *changeQuestion, b *binder, in map[string]any) error {
			set, _, _, err := q.fields(b, cat.Type(made), name, in)
			q.edit = &edit.Create{Type: cat.Type(made).Enum, Fields: set}
			return err
		}
	}
	changed, ok := strings.CutPrefix(name, "update")
	if !ok || cat.Type(changed) == nil {
		return nil
	}
	return func(q *changeQuestion, b *binder, in map[string]any) (err error) {
		e := &edit.Update{Type: cat.Type(changed).Enum}
		e.ID, _ = in["id"].(string)
		q.edit = e
		if e.IfVersion, err = q.version(in); err != nil {
			return err
		}
		e.Set, e.Add, e.Remove, err = q.fields(b, cat.Type(changed), name, in)
		delete(e.Set, "id")
		return err
	}
}

// mostOperations is how many operations may be done together.
const mostOperations = 100

// readSeveral reads operations, each as the mutation that it is.
func readSeveral(q *changeQuestion, b *binder, in map[string]any) error {
	list, err := bind.Items(q.at+".operations", in["operations"], mostOperations)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return bind.Bad(q.at+".operations", "give at least one")
	}
	several := &edit.Several{}
	for i, x := range list {
		m, _ := x.(map[string]any)
		at := fmt.Sprintf("%s.operations[%d]", q.at, i)
		if len(m) != 1 {
			return bind.Bad(at, "give exactly one mutation")
		}
		for name, v := range m {
			in, _ := v.(map[string]any)
			one := &changeQuestion{
				asked: q.asked, at: at + "." + name, within: []string{"operations", strconv.Itoa(i), name},
			}
			if err := inputReader(b.Catalog, name)(one, b, in); err != nil {
				return err
			}
			note, noted := in[contract.Note]
			noted = noted && note != nil && !one.ownNote
			if noted || in[contract.DryRun] == true || in[contract.IdempotencyKey] != nil {
				return bind.Bad(one.at, "give dryRun, note and idempotencyKey to applyChanges, for all operations")
			}
			as, _ := in[contract.As].(string)
			several.Steps = append(several.Steps, edit.Step{Edit: one.edit, As: as, Refs: one.later, Path: one.within})
			q.named = append(q.named, one.named...)
		}
	}
	q.edit, q.steps = several, several.Steps
	return nil
}

// fields reads the fields of a record from the input of a mutation: those that are set, and items to add to lists or to
// take out.
func (q *changeQuestion) fields(b *binder, t *catalog.Type, mutation string, in map[string]any) (
	set, add, remove map[string]any, err error,
) {
	set, add, remove = map[string]any{}, map[string]any{}, map[string]any{}
	if q.ownNote = t.Prop(contract.Note) != nil; q.ownNote {
		q.about.Note = ""
	}
	for _, f := range b.Catalog.Schema.Types[strings.ToUpper(mutation[:1])+mutation[1:]+"Input"].Fields {
		v, given := in[f.Name]
		control := slices.Contains(contract.Controls, f.Name) || f.Name == contract.Note && !q.ownNote
		if !given || control {
			continue
		}
		if v, err = fieldValue(q.at+"."+f.Name, f.Type.Name(), v); err != nil {
			return nil, nil, nil, err
		}
		to, name := set, f.Name
		if f.Type.Elem != nil {
			if rest, ok := strings.CutPrefix(f.Name, "add"); ok {
				to, name = add, strings.ToLower(rest[:1])+rest[1:]
			} else if rest, ok := strings.CutPrefix(f.Name, "remove"); ok {
				to, name = remove, strings.ToLower(rest[:1])+rest[1:]
			}
		}
		if v != nil || name == f.Name { // null adds nothing and takes nothing out
			to[name] = v
		}
	}
	return set, add, remove, nil
}

// fieldValue returns the value of a field of a record as package edit takes it.
func fieldValue(at, typ string, v any) (any, error) {
	list, ok := v.([]any)
	switch {
	case ok && typ == "ExternalIdInput":
		return newExternalIDs(at, list)
	case ok:
		texts := make([]string, len(list))
		for i, x := range list {
			texts[i], _ = x.(string)
		}
		return texts, nil
	case v != nil && (typ == "PartialDate" || typ == "URL"):
		return scalarText(at, v)
	}
	return v, nil // nil clears
}

// newExternalIDs reads external ids to write.
func newExternalIDs(at string, list []any) (ids []kg.ExternalID, err error) {
	ids = make([]kg.ExternalID, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		ids[i].Scheme, _ = m["scheme"].(string)
		ids[i].Value, _ = m["value"].(string)
		if ids[i].URL, err = scalarText(at+".url", m["url"]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// scalarText reads a value of a scalar that is written as a text, "" for none.
func scalarText(at string, v any) (string, error) {
	s, ok := v.(string)
	if !ok && v != nil {
		return "", bind.Bad(at, "write a text")
	}
	return s, nil
}

// version reads the version in which a record was seen; "" where none is given.
func (q *changeQuestion) version(in map[string]any) (string, error) {
	v, given := in[contract.IfVersion].(string)
	if given && v == "" {
		return "", bind.Bad(q.at+"."+contract.IfVersion, "write the version in which the record was seen, or leave it out")
	}
	return v, nil
}

func readMerge(q *changeQuestion, b *binder, in map[string]any) (err error) {
	e := &edit.Merge{}
	q.edit = e
	if e.IfVersion, err = q.version(in); err != nil {
		return err
	}
	if err := q.reference(b.Ref, in["survivor"], b.Catalog.Entities, &e.Survivor, "survivor"); err != nil {
		return err
	}
	list, err := bind.Items(q.at+".absorbed", in["absorbed"], edit.MostAbsorbed)
	if err != nil {
		return err
	}
	e.Absorbed = make([]string, len(list))
	for i, x := range list {
		if err := q.reference(b.Ref, x, b.Catalog.Entities, &e.Absorbed[i], "absorbed", strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

func readCreateLink(q *changeQuestion, b *binder, in map[string]any) (err error) {
	e := &edit.CreateLink{}
	q.edit = e
	e.Kind, _ = in["kind"].(string)
	e.Role, _ = in["role"].(string)
	if e.Since, err = scalarText(q.at+".since", in["since"]); err != nil {
		return err
	}
	if e.Until, err = scalarText(q.at+".until", in["until"]); err != nil {
		return err
	}
	k := b.Catalog.Kind(e.Kind)
	for _, end := range []struct {
		name  string
		types catalog.TypeSet
		to    *string
	}{{"from", k.From, &e.From}, {"to", k.To, &e.To}} {
		if err := q.reference(b.Ref, in[end.name], end.types, end.to, end.name); err != nil {
			return err
		}
	}
	return q.evidence(b, in["evidence"], &e.Evidence)
}

// evidence reads evidence. What it refers to is filled in later.
func (q *changeQuestion) evidence(b *binder, v any, to *[]edit.Evidence) error {
	list, _ := v.([]any)
	*to = make([]edit.Evidence, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		e := &(*to)[i]
		e.Excerpt, _ = m["excerpt"].(string)
		e.Prefix, _ = m["prefix"].(string)
		e.Suffix, _ = m["suffix"].(string)
		e.Stance, _ = m["stance"].(string)
		for name, to := range map[string]**int{"start": &e.Start, "end": &e.End} {
			if n, ok := m[name].(int64); ok {
				at := int(n)
				*to = &at
			}
		}
		if err := q.reference(b.SourceRef, m["source"], 1<<b.Catalog.Source.Index, &e.Source,
			"evidence", strconv.Itoa(i), "source"); err != nil {
			return err
		}
	}
	return nil
}

// planVersion adds to the plan what the version of a record depends on.
func planVersion(c *compiler, f operation.Field, at *scope, x *out) {
	for _, name := range edit.VersionProps(c.cat, at.typ) {
		x.more = append(x.more, at.sel.prop(c.cat.Prop(name)))
	}
	if at.typ != c.cat.Link {
		return
	}
	for _, lead := range []plan.Follow{plan.From, plan.To, plan.EvidenceOf} {
		k := newFollow(f, at)
		k.base.Follow, k.node = lead, &selection{}
		k.node.prop(c.cat.Prop("id"))
		if k.base.Want.Rows = true; lead == plan.EvidenceOf {
			k.base.Page.N = rules.MaxEvidence
		}
		c.addFollow(k, at, x)
		x.more = append(x.more, x.index)
	}
}

// readVersion returns the version of a record.
func readVersion(r *reading, x *out, p *place) (kg.Value, error) {
	t := r.cat.TypeAt(p.row.Type)
	n := len(edit.VersionProps(r.cat, t))
	values := make([]kg.Value, n)
	for i := range values {
		values[i] = p.row.Vals[x.more[i]]
	}
	var ids [3][]string
	for i, child := range x.more[n:] {
		for j := range p.row.Children[child].Edges {
			ids[i] = append(ids[i], p.row.Children[child].Edges[j].Node.Vals[0].Str)
		}
	}
	from, to := slices.Concat(ids[0], []string{""})[0], slices.Concat(ids[1], []string{""})[0]
	return textValue(edit.NewVersion(values, from, to, ids[2]...)), nil
}
