// Package edit changes records one by one. What a command or a mutation asks for is checked by the rules that imports
// are held to, against what the store holds in the transaction that writes it.
package edit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// Edit is one thing to do.
type Edit interface {
	// action returns the name of the edit in the log.
	action() kg.ChangeAction
	// apply makes the edit. It returns the id of the record that is made, changed or deleted.
	apply(ctx context.Context, x *applying) (id string, err error)
}

// About has who makes a change and why, for the log, and whether it is only tried.
type About struct {
	By, Note string
	// DryRun has everything checked and nothing written.
	DryRun bool
	// Once, unless nil, has the edit made once. A trial is made each time.
	Once *Once
	// Look, unless nil, is called in the transaction of a trial, which sees what would be written, and in that of an
	// edit that was made before.
	Look func(ctx context.Context, tx store.Tx, out *Outcome) error
	// Read, unless nil, returns the plan by which the outcome is read once it is committed. A store that answers it as
	// it commits hands the answer to Take.
	Read func(out *Outcome) *plan.Query
	Take func(*kg.Result)
}

// Outcome is the result of an edit.
type Outcome struct {
	ID string // of the record that it is about, of several of the last
	// IDs are those of the records that the edits are about, in their order.
	IDs []string
	// Change is the change in the log; nil where nothing was written.
	Change *kg.Change
	// Items are the records that were written, as they were before and as they are now. Times that the store gives are
	// not in them.
	Items []kg.ChangeItem
	// Lost are excerpts and quotations that were not known to be wrong, and do not stand in the new text of their
	// source.
	Lost []Lost
}

// Lost are words that are no longer in the text of their source: a link's evidence, or a quotation that a link speaks
// of.
type Lost struct{ Link, Evidence, Quotation, Excerpt string }

// Code is the kind of a UserError.
type Code string

// The codes.
const (
	NotFound          Code = "NOT_FOUND"
	AmbiguousRef      Code = "AMBIGUOUS_REF"
	AlreadyExists     Code = "ALREADY_EXISTS"
	StaleWrite        Code = "STALE_WRITE"
	InvalidValue      Code = "INVALID_VALUE"
	InvalidDateRange  Code = "INVALID_DATE_RANGE"
	EvidenceRequired  Code = "EVIDENCE_REQUIRED"
	ExcerptNotInText  Code = "EXCERPT_NOT_IN_SOURCE"
	WrongEndpointType Code = "WRONG_ENDPOINT_TYPE"
	DependentLinks    Code = "DEPENDENT_LINKS"
	BlockedByLater    Code = "BLOCKED_BY_LATER_CHANGE"
	KeyReused         Code = "IDEMPOTENCY_KEY_REUSED"
)

// UserError is what a person can put right. Nothing was written.
type UserError struct {
	Code    Code
	Message string   // a sentence
	Path    []string // to the value: ["evidence", "0", "excerpt"]
	// Links are the first of the links that hang on what was to be deleted or taken back, LinkCount is how many there
	// are.
	Links     []string
	LinkCount int
	// Changes are those in the way of one that is to be taken back, the latest first.
	Changes []kg.Change
	// Nearest is the passage of the source's text that is most like the words; nil where none is.
	Nearest *rules.Passage
	// Current is the id of a record that is not as it was seen.
	Current string
	// Candidates are the ids of records that a name fits, or whose names are most like one that fits none.
	Candidates []string
}

// Error is the message.
func (p *UserError) Error() string { return p.Message }

func problem(code Code, path []string, format string, args ...any) *UserError {
	return &UserError{Code: code, Message: fmt.Sprintf(format, args...), Path: path}
}

// applying is an edit under way.
type applying struct {
	store.Tx
	cat   *catalog.Catalog
	deed  store.Deed
	items []kg.ChangeItem
	lost  []Lost
	ids   []string
}

// foreseeing is an edit that knows before it is made which records it will look at or write.
type foreseeing interface {
	foresees(cat *catalog.Catalog) store.Ahead
}

// errDry ends what is not to be written.
var errDry = errors.New("nothing is to be written")

// Apply does an edit in one transaction. What a person can put right is a *UserError.
func Apply(ctx context.Context, cat *catalog.Catalog, s store.Writer, e Edit, a About) (Outcome, error) {
	var out Outcome
	if err := kg.CheckNote(a.Note); err != nil {
		return out, err
	}
	ahead := foreseen(cat, e, &a)
	if a.Read != nil {
		ahead.Read, ahead.Take = func() *plan.Query { return a.Read(&out) }, a.Take
	}
	change, err := s.Write(ctx, ahead, func(ctx context.Context, tx store.Tx) (err error) {
		var write bool
		x := &applying{Tx: tx, cat: cat, deed: store.Deed{By: a.By, Note: a.Note, Action: e.action(), Whole: true}}
		if out, write, err = x.attempt(ctx, e, &a); err != nil || write {
			return err
		}
		if a.Look != nil {
			if err := a.Look(ctx, tx, &out); err != nil {
				return err
			}
		}
		return errDry
	})
	if errors.Is(err, errDry) {
		return out, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	out.Change = change
	return out, nil
}

// foreseen returns what an edit foresees. A trial is looked at in the transaction, which is more.
func foreseen(cat *catalog.Catalog, e Edit, a *About) (ahead store.Ahead) {
	if f, ok := e.(foreseeing); ok && !a.DryRun {
		ahead = f.foresees(cat)
	}
	ahead.Absent = ahead.Absent && a.Once == nil // who was first under the key may have made another record
	return ahead
}

// attempt does an edit, unless it was made before under its key, and reports whether what the transaction has written
// is to stay.
func (x *applying) attempt(ctx context.Context, e Edit, a *About) (out Outcome, write bool, err error) {
	once := a.Once
	if a.DryRun {
		once = nil
	}
	if once != nil {
		before, err := once.before(ctx, a.By)
		if err != nil {
			return Outcome{}, false, err
		}
		if before != nil {
			err := x.loseAgain(ctx, before.Items)
			before.Lost = x.lost
			return *before, false, err
		}
	}
	x.Describe(&x.deed)
	id, err := e.apply(ctx, x)
	if err != nil {
		return Outcome{}, false, err
	}
	if x.ids == nil {
		x.ids = []string{id}
	}
	if once != nil {
		x.deed.Key = once.logged(a.By, x.ids)
		x.Describe(&x.deed)
	}
	write = !a.DryRun && (once != nil || !x.vain()) // under a key, the change is what is found again
	return Outcome{ID: id, IDs: x.ids, Items: x.items, Lost: x.lost}, write, nil
}

// vain reports whether all that was written is gone again: several edits can create and delete the same record, of
// which the log would keep a change without items.
func (x *applying) vain() bool {
	var there, went int // of the records that were not there before
	made := map[string]bool{}
	for i := range x.items {
		item := &x.items[i]
		switch {
		case item.Before == "" && !made[item.ID]:
			made[item.ID] = true
			there++
		case !made[item.ID]:
			return false
		case item.After == "":
			went++
			delete(made, item.ID)
		}
	}
	return there > 0 && there == went
}

// put writes a batch, and notes what becomes of its records.
func (x *applying) put(ctx context.Context, b *store.Batch) error {
	b.Report = func(was, is any) {
		if was != is {
			x.items = append(x.items, store.Log(x.cat, was, is).ChangeItem)
		}
	}
	err := x.Put(ctx, b)
	var own *kg.Error
	if errors.As(err, &own) && own.Code == kg.Conflict { // more than fits on one record
		return problem(InvalidValue, nil, "%s", own.Message)
	}
	return err
}

// record reads a record, an entity also by a former id, and says at which path it was asked for where it is not there.
func (x *applying) record(ctx context.Context, id string, path ...string) (any, error) {
	for range 2 {
		if id == "" {
			break
		}
		found, err := x.Records(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		if r := found.ByID()[id]; r != nil {
			return r, nil
		}
		now, err := x.Merged(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		if now[id] == "" {
			break
		}
		id = now[id]
	}
	return nil, problem(NotFound, path, "There is no %s %s.", called(id), shown(id))
}

// unchanged refuses to change a record whose version is another than the one it was seen in, "" for any.
func (x *applying) unchanged(record any, id, version string) error {
	if version == "" || Version(x.cat, record) == version {
		return nil
	}
	p := problem(StaleWrite, []string{"ifVersion"},
		"%s was changed since: look at it as it is now, and try again with its version.", id)
	p.Current = id
	return p
}

// called is what a record of this id would be.
func called(id string) string {
	switch {
	case strings.HasPrefix(id, kg.LinkPrefix):
		return "link"
	case strings.HasPrefix(id, kg.EvidencePrefix):
		return "evidence"
	case strings.HasPrefix(id, kg.SourcePrefix):
		return "source"
	}
	return "record"
}

// shown is an id as somebody gave it.
func shown(id string) string {
	if kg.CheckID(id) != nil {
		return fmt.Sprintf("%q", kg.Clip(id, 60))
	}
	return id
}

// typed is a type or kind in a sentence: "news item", "affiliated with".
func typed(enum string) string { return strings.ToLower(strings.ReplaceAll(enum, "_", " ")) }
