package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

// Bounds of sessions.
const (
	// SessionTime is how long a session lasts at most: a working day.
	SessionTime = 12 * time.Hour
	// mostSessions is how many sessions a subject may have at once; the oldest ends when there is one more.
	mostSessions = 20
)

// Sessions hold who has shown a token in a browser. They are in memory, and end with the process. Several goroutines
// may use them at once.
type Sessions struct {
	verifier Verifier
	now      func() time.Time

	mu    sync.Mutex
	byKey map[sessionKey]*session
	of    map[string][]sessionKey // by subject, oldest first
}

// sessionKey is the SHA-256 of the secret that the browser keeps. Sessions are looked up by it, as the time that a
// look-up by the secret itself takes could tell how much of a guess is right.
type sessionKey [sha256.Size]byte

func keyOf(secret string) sessionKey { return sha256.Sum256([]byte(secret)) }

type session struct {
	who  *Identity
	ends time.Time
}

// NewSessions returns sessions that nobody has begun yet; verifier knows which tokens still hold.
func NewSessions(verifier Verifier, now func() time.Time) *Sessions {
	return &Sessions{verifier: verifier, now: now, byKey: map[sessionKey]*session{}, of: map[string][]sessionKey{}}
}

// Begin begins a session, and returns what the browser is to keep and when it ends.
func (s *Sessions) Begin(who *Identity) (secret string, ends time.Time) {
	random := make([]byte, sha256.Size)
	_, _ = rand.Read(random) // never fails
	secret = base64.RawURLEncoding.EncodeToString(random)
	ends = s.now().Add(SessionTime)
	if !who.Expires.IsZero() && who.Expires.Before(ends) {
		ends = who.Expires
	}
	key := keyOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byKey[key] = &session{who, ends}
	s.of[who.Subject] = append(s.of[who.Subject], key)
	if keys := s.of[who.Subject]; len(keys) > mostSessions {
		s.end(keys[0])
	}
	return secret, ends
}

// Find returns who has a session; nil when there is none, or it is over.
func (s *Sessions) Find(secret string) *Identity {
	key := keyOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.byKey[key]
	if x == nil {
		return nil
	}
	if !s.now().Before(x.ends) || !s.verifier.Holds(x.who) {
		s.end(key)
		return nil
	}
	return x.who
}

// End ends a session, if there is one.
func (s *Sessions) End(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(keyOf(secret))
}

func (s *Sessions) end(key sessionKey) {
	x := s.byKey[key]
	if x == nil {
		return
	}
	delete(s.byKey, key)
	keys := slices.DeleteFunc(s.of[x.who.Subject], func(k sessionKey) bool { return k == key })
	if s.of[x.who.Subject] = keys; len(keys) == 0 {
		delete(s.of, x.who.Subject)
	}
}

// Len returns how many sessions there are.
func (s *Sessions) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byKey)
}
