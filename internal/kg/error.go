package kg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Error is what every package of ours returns for an expected failure.
type Error struct {
	Code    Code
	Message string         // one sentence a person can act on; no driver text, no path, no address
	Details map[string]any // further extensions, for example candidates
	Err     error          // the cause, for the log only
}

// Errorf makes an Error without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause that only the log sees.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: cause}
}

// Error returns code, message and cause: it is for the log, never for a client.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of err: that of the first *Error in its chain, Timeout or Cancelled for a context's end,
// otherwise Internal. It is "" for nil.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Cancelled
	}
	return Internal
}

// Suggestion is an entity whose name is like one that names nothing, as listed in Details["suggestions"].
type Suggestion struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Name string `json:"name"`
}

// Candidate is one of the entities an ambiguous name fits, as listed in Details["candidates"].
type Candidate struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	LinkCount   int64  `json:"linkCount"`
}

// MaxCandidates is how many candidates an error lists.
const MaxCandidates = 10

// Ambiguous is the error for a name that fits several entities, total in all. The candidates come in any order; those
// with most links must be among them. Details["candidates"] lists MaxCandidates of them at most, those with most links
// first, ties by id.
func Ambiguous(name string, total int, candidates []Candidate) *Error {
	slices.SortFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.LinkCount, a.LinkCount), strings.Compare(a.ID, b.ID))
	})
	return &Error{
		Code:    AmbiguousRef,
		Message: fmt.Sprintf("%q fits %d entities; name one of the candidates by id", clip(name), total),
		Details: map[string]any{"candidates": candidates[:min(len(candidates), MaxCandidates)], "candidateCount": total},
	}
}

// Ended returns the error for a context that is over.
func Ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Wrap(Timeout, ctx.Err(), "the operation took too long; ask for less at once")
	}
	return Wrap(Cancelled, ctx.Err(), "the request was cancelled")
}

// Way splits the way to a value into its steps: paths.via[1] is paths, via, 1.
func Way(at string) []any {
	var steps []any
	for name := range strings.SplitSeq(at, ".") {
		name, index, inList := strings.Cut(name, "[")
		steps = append(steps, name)
		if inList {
			if i, err := strconv.Atoi(strings.TrimSuffix(index, "]")); err == nil {
				steps = append(steps, i)
			}
		}
	}
	return steps
}
