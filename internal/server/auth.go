package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/kg"
)

// everybody is who asks where Options name neither a Verifier nor who is Anonymous: they may do everything.
var everybody = auth.NewIdentity("", auth.Admin)

// The refusals of requests that do not show who asks.
var (
	noToken = &refusal{
		http.StatusUnauthorized, kg.Unauthenticated,
		"this server wants to know who asks: send a token in the header Authorization: Bearer …",
	}
	badToken = &refusal{
		http.StatusUnauthorized, kg.Unauthenticated,
		"the token is not known here: it may be mistyped or revoked",
	}
	noRole = &refusal{
		http.StatusForbidden, kg.Forbidden,
		"the token is good, and gives no role here: whoever keeps the server says which roles of the issuer mean something",
	}
	oldToken = &refusal{
		http.StatusUnauthorized, kg.Unauthenticated,
		"the token has expired: ask whoever keeps the server for a new one",
	}
	tokensAway = &refusal{
		http.StatusServiceUnavailable, kg.Unavailable,
		"what knows tokens cannot be reached; try again in a moment",
	}
	stranger = &refusal{
		http.StatusServiceUnavailable, kg.Unavailable,
		"where one logs in, this server is not known: whoever keeps it finds the reason in its log",
	}
)

// refusalOf returns what is answered to who is not known, by an error of a Verifier or of a login.
func refusalOf(err error) *refusal {
	var why *auth.RefusedError
	switch {
	case errors.Is(err, auth.ErrExpired):
		return oldToken
	case errors.Is(err, auth.ErrNoRole):
		return noRole
	case errors.Is(err, auth.ErrAway):
		return tokensAway
	case errors.Is(err, issuer.ErrStranger):
		return stranger
	case errors.As(err, &why):
		return &refusal{http.StatusUnauthorized, kg.Unauthenticated, why.Error()}
	}
	return badToken
}

// challenge returns the header WWW-Authenticate of a 401 (RFC 6750 section 3).
func challenge(no *refusal) []string {
	if no == noToken {
		return []string{`Bearer realm="throughline"`}
	}
	return []string{`Bearer realm="throughline", error="invalid_token"`}
}

// who returns who asks, or why they are not answered. The body is not read yet, and no place is taken.
func (s *Server) who(r *http.Request) (*auth.Identity, *refusal) {
	if s.o.Verifier == nil {
		return s.o.Anonymous, nil
	}
	if token, some := bearer(r.Header["Authorization"]); some {
		return s.verify(r, token)
	}
	if who := s.session(r); who != nil {
		if s.isForeign(r) {
			return nil, foreign
		}
		return who, nil
	}
	if s.o.Anonymous == nil {
		return nil, noToken
	}
	return s.o.Anonymous, nil
}

// verify returns who has a token, or why they are not answered.
func (s *Server) verify(r *http.Request, token string) (*auth.Identity, *refusal) {
	who, err := s.o.Verifier.Verify(r.Context(), token)
	if err != nil {
		return nil, refusalOf(err)
	}
	return who, nil
}

// bearer returns the token of the headers Authorization, and reports whether there is one. Another scheme may be for a
// proxy in front, and is passed over. Of several tokens it returns "", which is none: it cannot be told which is meant.
func bearer(header []string) (token string, some bool) {
	for _, h := range header {
		scheme, rest, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if some {
			return "", true
		}
		token, some = strings.Trim(rest, " "), true
	}
	return token, some
}

// client returns the name under which a request takes its share of places and time: that of its subject, or else of
// where it comes from.
func (s *Server) client(r *http.Request, who *auth.Identity) string {
	if c := who.Client(); c != "" {
		return c
	}
	return s.o.Client(r)
}

// privately returns a value of Cache-Control for answers to one identity alone: no cache that several share may keep
// them.
func privately(value string) string {
	parts := []string{"private"}
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		name, _, _ := strings.Cut(strings.ToLower(part), "=")
		if !slices.Contains([]string{"public", "private", "s-maxage", "proxy-revalidate"}, name) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// cacheControl returns the Cache-Control of answers to an identity.
func (s *Server) cacheControl(who *auth.Identity) string {
	if who == s.o.Anonymous {
		return s.o.CacheControl
	}
	return s.private
}

// varyWho are the headers that say who asks.
const varyWho = "Authorization, Cookie"
