package store

import (
	"context"
	"sync"

	"github.com/throughline/throughline/internal/kg"
)

// View is the one state of the graph that an operation sees, however often it asks the store. A store that can keep a
// state takes it at the first question; on one that cannot, each question has a state of its own. It may be used by
// many goroutines at once.
type View struct {
	mu    sync.Mutex
	state any
	used  bool // there is an answer from state
	lost  bool
}

type viewKey struct{}

// WithView has the questions under a context see one state.
func WithView(ctx context.Context) (context.Context, *View) {
	v := &View{}
	return context.WithValue(ctx, viewKey{}, v), v
}

// ViewOf returns the view of an operation, nil when it does not matter which state its questions see.
func ViewOf(ctx context.Context) *View {
	v, _ := ctx.Value(viewKey{}).(*View)
	return v
}

// Take returns the state that is kept, and keeps the latest where there is none.
func (v *View) Take(latest func() (any, error)) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.state == nil {
		state, err := latest()
		if err != nil {
			return nil, err
		}
		v.state = state
	}
	return v.state, nil
}

// Answered notes that there is an answer from state. It reports whether that is the state that is kept; otherwise the
// question is to be answered anew.
func (v *View) Answered(state any) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.used = v.used || v.state == state
	return v.state == state
}

// Leave gives up a state that can be read no longer, so that the next Take keeps the latest. It fails when there is an
// answer from it.
func (v *View) Leave(state any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.state != state:
		return nil
	case v.used:
		v.lost = true
		return kg.Errorf(kg.Unavailable, "the graph was written while it was read; ask again")
	}
	v.state = nil
	return nil
}

// Lost reports whether Leave failed: then all answers are to be made anew under another view, to be of one state.
func (v *View) Lost() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lost
}
