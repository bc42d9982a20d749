package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Recorder takes down what a store does for one caller, who wants it explained. It may be used by many goroutines at
// once. All its methods do nothing on nil, which is what a store gets from RecorderOf when nobody asked.
type Recorder struct {
	mu         sync.Mutex
	statements []Statement
	walked     Walked
}

// Statement is what was sent to a database.
type Statement struct {
	Text string
	// Parameters says of what kind each value was, never which: "String", "list of 12 Int".
	Parameters map[string]string
	Rows       int // records that came back
	Duration   time.Duration
}

// Walked is what was done without a database, in memory.
type Walked struct {
	Steps int // records and links looked at
	Rows  int // records taken into the answer
}

type recorderKey struct{}

// WithRecorder has what is done under a context taken down.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

// RecorderOf finds who wants to know, nil for nobody.
func RecorderOf(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

// Reset forgets what was taken down: it is done anew.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements, r.walked = nil, Walked{}
}

// Statement takes down a statement.
func (r *Recorder) Statement(text string, params map[string]any, rows int, began time.Time) {
	if r == nil {
		return
	}
	s := Statement{
		Text: text, Parameters: make(map[string]string, len(params)), Rows: rows,
		Duration: time.Since(began),
	}
	for name, v := range params {
		s.Parameters[name] = kindOf(v)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, s)
}

// Walk takes down what was walked in memory.
func (r *Recorder) Walk(steps, rows int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.walked.Steps += steps
	r.walked.Rows += rows
}

// Taken is everything taken down so far.
func (r *Recorder) Taken() ([]Statement, Walked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statements, r.walked
}

// kindOf returns the kind of a parameter, and nothing of its value.
func kindOf(v any) string {
	list := func(n int, of string) string { return fmt.Sprintf("list of %d %s", n, of) }
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "String"
	case bool:
		return "Boolean"
	case int, int32, int64:
		return "Int"
	case float32, float64:
		return "Float"
	case []string:
		return list(len(v), "String")
	case []int64:
		return list(len(v), "Int")
	case []any:
		return list(len(v), "values")
	case map[string]any:
		return fmt.Sprintf("map of %d values", len(v))
	}
	return "a value"
}
