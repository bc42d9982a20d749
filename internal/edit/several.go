package edit

import (
	"context"
	"errors"
	"slices"

	"github.com/throughline/throughline/internal/kg"
)

// Several does several edits in one transaction, in order, all or none. Each sees what those before it have written.
type Several struct{ Steps []Step }

// Step is one of several edits.
type Step struct {
	Edit Edit
	// As is the name by which later steps refer to the record that this one is about, "" for none.
	As string
	// Refs are the ids in Edit that stand for records of earlier steps, and are filled in before it is applied.
	Refs []StepRef
	// Path is the way to the step. The paths of its problems begin with it.
	Path []string
}

// StepRef is a reference to the record of an earlier step, by the name As of that step. Its id goes to To.
type StepRef struct {
	As   string
	To   *string
	Path []string // within the step
}

func (*Several) action() kg.ChangeAction { return kg.Applied }

func (s *Several) apply(ctx context.Context, x *applying) (id string, err error) {
	ids := map[string]string{}
	for i := range s.Steps {
		step := &s.Steps[i]
		id, err = step.apply(ctx, x, ids)
		var p *UserError
		if errors.As(err, &p) {
			p.Path = slices.Concat(step.Path, p.Path)
		}
		if err != nil {
			return "", err
		}
		x.ids = append(x.ids, id)
	}
	return id, nil
}

// apply does a step. It finds the ids of the records of earlier steps in ids, by their names, and adds its own.
func (s *Step) apply(ctx context.Context, x *applying, ids map[string]string) (string, error) {
	for _, r := range s.Refs {
		id, ok := ids[r.As]
		if !ok {
			return "", problem(NotFound, r.Path, "No operation before this one is called %q.", kg.Clip(r.As, 60))
		}
		*r.To = id
	}
	if _, taken := ids[s.As]; taken {
		return "", problem(AlreadyExists, []string{"as"}, "An operation before this one is called %q.",
			kg.Clip(s.As, 60))
	}
	id, err := s.Edit.apply(ctx, x)
	if s.As != "" {
		ids[s.As] = id
	}
	return id, err
}
