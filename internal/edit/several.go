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
	// As is what later steps call the record that this one is about, "" for nothing.
	As string
	// Refs are ids in Edit that are those of records of earlier steps.
	Refs []StepRef
	// Path is the way to the step, which stands before those of its problems.
	Path []string
}

// StepRef is where the id of the record that an earlier step calls As is wanted.
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

// apply does a step; ids are those of the records of earlier ones, by what they are called.
func (s *Step) apply(ctx context.Context, x *applying, ids map[string]string) (string, error) {
	for _, r := range s.Refs {
		id, ok := ids[r.As]
		if !ok {
			return "", problem(NotFound, r.Path, "No operation before this one is called %q.", kg.Clip(r.As, 60))
		}
		*r.To = id
	}
	if _, taken := ids[s.As]; taken {
		return "", problem(AlreadyExists, []string{"as"}, "An operation before this one is called %q.", kg.Clip(s.As, 60))
	}
	id, err := s.Edit.apply(ctx, x)
	if s.As != "" {
		ids[s.As] = id
	}
	return id, err
}
