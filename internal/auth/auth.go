// Package auth says who asks and what they may: roles, and tokens that a file keeps by their hashes.
package auth

import (
	"context"
	"errors"
	"time"
)

// Role says what somebody may do. Each role may do what the roles before it may. The names of the roles are those of
// the schema's enum Role.
type Role uint8

// The roles.
const (
	Nobody Role = iota // may nothing
	Reader
	Editor
	Curator
	Admin
)

// names are the names of the roles in the schema.
var names = [...]string{Nobody: "", Reader: "READER", Editor: "EDITOR", Curator: "CURATOR", Admin: "ADMIN"}

// String returns the name of a role in the schema; "" for Nobody.
func (r Role) String() string { return names[r] }

// ParseRole returns the role with a name, and reports whether there is one.
func ParseRole(name string) (Role, bool) {
	for r := Reader; r <= Admin; r++ {
		if names[r] == name {
			return r, true
		}
	}
	return Nobody, false
}

// Identity is who asks.
type Identity struct {
	// Subject is the name that changes are written down under; "" for nobody in particular.
	Subject string
	Role    Role
	// Expires is when it ends; the zero time for never.
	Expires time.Time

	client string
	token  string // the id of the token that stands for it
}

// NewIdentity returns an identity without an end.
func NewIdentity(subject string, role Role) *Identity {
	i := &Identity{Subject: subject, Role: role}
	if subject != "" {
		i.client = "subject " + subject
	}
	return i
}

// Client returns the name under which an identity takes its share of places and time; "" where nobody in particular
// asks.
func (i *Identity) Client() string { return i.client }

// ended reports whether an identity is over.
func (i *Identity) ended(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }

// Verifier knows who has a token.
type Verifier interface {
	// Verify returns who has a token. Its errors are ErrUnknown, also as a RefusedError, ErrExpired, ErrNoRole and
	// ErrAway.
	Verify(ctx context.Context, token string) (*Identity, error)
	// Holds reports whether Verify would still return an identity that it returned before.
	Holds(i *Identity) bool
}

// The errors of Verify.
var (
	ErrUnknown = errors.New("the token is not known")
	ErrExpired = errors.New("the token has expired")
	ErrNoRole  = errors.New("the token is good, and gives no role here")
	ErrAway    = errors.New("what knows tokens cannot be reached")
)

// RefusedError says why a token is not taken, to who shows it. It is an ErrUnknown.
type RefusedError struct {
	// Problem goes on after "the token".
	Problem string
}

// Error returns the sentence.
func (e *RefusedError) Error() string { return "the token " + e.Problem }

// Unwrap returns ErrUnknown.
func (e *RefusedError) Unwrap() error { return ErrUnknown }

type key struct{}

// With returns a context that carries who asks.
func With(ctx context.Context, i *Identity) context.Context { return context.WithValue(ctx, key{}, i) }

// From returns who asks for a mutation, which the engine has put there; nil where the program itself does.
func From(ctx context.Context) *Identity {
	i, _ := ctx.Value(key{}).(*Identity)
	return i
}
