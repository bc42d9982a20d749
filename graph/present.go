package graph

import (
	"context"
	"errors"
	"log/slog"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/kg"
)

// errUntrusted refuses a document that is not among those that may run.
var errUntrusted = kg.Errorf(
	kg.DocumentRefused,
	"this server runs only the documents of its manifests: send the id of one in documentId",
)

// forbidden is the error for a root field that whoever asks may not have.
func forbidden(name string, needs auth.Role, who *auth.Identity) *kg.Error {
	err := kg.Errorf(kg.Forbidden, "%s needs the role %s, and yours is %s", name, needs, who.Role)
	err.Details = map[string]any{"requires": needs.String()}
	return err
}

// present turns an error outward: its code, a sentence, and nothing of what it was made from. What a client cannot
// mend goes to the log.
func (e *Engine) present(ctx context.Context, err error, path ast.Path) *gqlerror.Error {
	code := kg.CodeOf(err)
	out := &gqlerror.Error{Path: path, Extensions: map[string]any{"code": string(code)}}
	var own *kg.Error
	switch {
	case errors.As(err, &own) && code != kg.Internal:
		out.Message = clip(own.Message)
		for k, v := range own.Details {
			out.Extensions[k] = v
		}
	case code == kg.Timeout:
		out.Message = "the operation took too long; ask for less at once"
	case code == kg.Cancelled:
		out.Message = "the request was cancelled"
	default:
		out.Message = "something went wrong on the server; it has been logged"
	}
	switch code { // what the operator has to know
	case kg.Internal, kg.Unavailable, kg.Corrupt, kg.StorageFull:
		e.log.LogAttrs(
			ctx,
			slog.LevelError,
			"operation failed",
			slog.String("code", string(code)),
			slog.Any("error", err),
			slog.String("path", path.String()),
		)
	}
	return out
}
