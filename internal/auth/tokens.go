package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// Tokens are the tokens of a file. Several goroutines may use them at once.
type Tokens struct {
	path string
	now  func() time.Time
	byID atomic.Pointer[map[string]*held]
}

// held is a token that is known.
type held struct {
	hash [sha256.Size]byte
	who  *Identity
}

// Open reads the tokens of a file; now is the clock.
func Open(path string, now func() time.Time) (*Tokens, error) {
	t := &Tokens{path: path, now: now}
	return t, t.Reload()
}

// Reload reads the file again. When it cannot be read, or is damaged, the tokens stay as they were.
func (t *Tokens) Reload() error {
	list, err := List(t.path)
	if err != nil {
		return err
	}
	var before map[string]*held
	if p := t.byID.Load(); p != nil {
		before = *p
	}
	byID := make(map[string]*held, len(list))
	for _, x := range list {
		role, _ := ParseRole(x.Role) // List has checked it, and the hash
		h := &held{who: NewIdentity(x.Subject, role)}
		h.who.Expires, h.who.token = x.Expires, x.ID
		_, _ = hex.Decode(h.hash[:], []byte(x.Hash))
		if was := before[x.ID]; was != nil && was.hash == h.hash && *was.who == *h.who {
			h = was // whoever holds on to it sees that it is the same
		}
		byID[x.ID] = h
	}
	t.byID.Store(&byID)
	return nil
}

// Len returns how many tokens there are.
func (t *Tokens) Len() int { return len(*t.byID.Load()) }

// Verify returns who has a token. The id is looked up, as it is no secret; the hash is compared in constant time.
func (t *Tokens) Verify(_ context.Context, token string) (*Identity, error) {
	const secret = len(prefix) + idLen
	if len(token) != tokenLen || token[:len(prefix)] != prefix || token[secret] != '_' {
		return nil, ErrUnknown
	}
	h := (*t.byID.Load())[token[len(prefix):secret]]
	if h == nil {
		return nil, ErrUnknown
	}
	var text [tokenLen]byte
	copy(text[:], token)
	sum := sha256.Sum256(text[:])
	if subtle.ConstantTimeCompare(sum[:], h.hash[:]) != 1 {
		return nil, ErrUnknown
	}
	if h.who.ended(t.now()) {
		return nil, ErrExpired
	}
	return h.who, nil
}

// Holds reports whether the token of an identity is still there, unchanged, and has not expired.
func (t *Tokens) Holds(i *Identity) bool {
	h := (*t.byID.Load())[i.token]
	return h != nil && h.who == i && !i.ended(t.now())
}
