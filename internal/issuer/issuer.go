// Package issuer knows who has a token that an OpenID Connect issuer signed, such as Keycloak, and has people log in
// there.
package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/throughline/throughline/internal/auth"
)

// Options say which issuer signs tokens, and what they mean here.
type Options struct {
	// URL is the issuer's name, as its tokens have it.
	URL string
	// ClientID is the name of this server at the issuer, and ClientSecret what it shows there; "" for a public client.
	ClientID, ClientSecret string
	// Audience is whom tokens of programs are for; "" stands for ClientID.
	Audience string
	// SubjectClaim names the claim that holds the name of who asks, RoleClaim the one that holds what they are at the
	// issuer: a text or a list of them. A name with dots leads into objects.
	SubjectClaim, RoleClaim string
	// Roles are what values of RoleClaim mean here. Of several the highest counts.
	Roles map[string]auth.Role
	// Otherwise is the role of whoever has none of them; Nobody refuses them.
	Otherwise auth.Role
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// Logger gets to know when the issuer cannot be reached; nil for none.
	Logger *slog.Logger
}

// Bounds.
const (
	// maxToken is how long a token may be, in bytes: a longer one is not looked at.
	maxToken = 16 << 10
	// maxReply is how much of an answer of the issuer is read, in bytes.
	maxReply = 1 << 20
	// askTime is how long the issuer has to answer.
	askTime = 5 * time.Second
)

// algorithms are those that tokens may be signed by: with a key of which the issuer publishes one half.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// Issuer verifies what one issuer signs. Several goroutines may use it at once.
type Issuer struct {
	o      Options
	client *http.Client
	keys   *keys
	bearer *oidc.IDTokenVerifier // of tokens that programs show
	login  *oidc.IDTokenVerifier // of those that a login ends with
}

// New returns an issuer, which is not asked for anything yet.
func New(o Options) *Issuer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Audience == "" {
		o.Audience = o.ClientID
	}
	i := &Issuer{o: o, client: newClient()}
	i.keys = newKeys(o.URL, i.client, o.Now, o.Logger)
	verifier := func(audience string) *oidc.IDTokenVerifier {
		return oidc.NewVerifier(o.URL, i.keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: algorithms, Now: o.Now})
	}
	i.bearer, i.login = verifier(o.Audience), verifier(o.ClientID)
	return i
}

// Name returns the issuer's name as a person reads it: its host.
func (i *Issuer) Name() string {
	u, err := url.Parse(i.o.URL)
	if err != nil {
		return i.o.URL
	}
	return u.Host
}

// Prepare asks the issuer for its keys until they are there or ctx ends, so that the first token need not wait for
// them.
func (i *Issuer) Prepare(ctx context.Context) {
	for {
		err := i.keys.ask(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		t := time.NewTimer(i.keys.pause())
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// Close lets go of connections to the issuer.
func (i *Issuer) Close() { i.client.CloseIdleConnections() }

// Verify returns who has a token.
func (i *Issuer) Verify(ctx context.Context, token string) (*auth.Identity, error) {
	who, _, err := i.verify(ctx, i.bearer, i.o.Audience, token)
	return who, err
}

// Holds reports whether an identity has not expired. The issuer is not asked about those that it has named.
func (i *Issuer) Holds(who *auth.Identity) bool {
	return who.Expires.IsZero() || i.o.Now().Before(who.Expires)
}

// The reasons why tokens are refused.
var (
	errSigned  = &auth.RefusedError{Problem: "is none that the issuer signed: it may be mistyped, or of another issuer"}
	errEarly   = &auth.RefusedError{Problem: "is not valid yet: a clock may be wrong"}
	errPurpose = &auth.RefusedError{Problem: "is for something else than to say who asks: show an access token"}
)

// verify returns who has a token for an audience, and what it claims.
func (i *Issuer) verify(ctx context.Context, v *oidc.IDTokenVerifier, audience, token string) (*auth.Identity, map[string]any, error) {
	if len(token) > maxToken {
		return nil, nil, &auth.RefusedError{Problem: fmt.Sprintf("has more than %d bytes", maxToken)}
	}
	seen := &outcome{}
	x, err := v.Verify(withOutcome(ctx, seen), token)
	if err != nil {
		return nil, nil, i.reason(err, seen, audience)
	}
	claims := map[string]any{}
	if err := x.Claims(&claims); err != nil {
		return nil, nil, errSigned
	}
	if _, some := claims["events"]; some || !isForAsking(seen.kind) { // that somebody logged out, and the like
		return nil, nil, errPurpose
	}
	who, err := i.identity(claims)
	if err != nil {
		return nil, nil, err
	}
	who.Expires = x.Expiry
	return who, claims, nil
}

// reason returns the error of Verify for one of go-oidc, which says in words alone what is wrong. It looks again at
// what the issuer signed.
func (i *Issuer) reason(err error, seen *outcome, audience string) error {
	var expired *oidc.TokenExpiredError
	switch {
	case seen.err != nil:
		return seen.err
	case seen.claims == nil:
		return errSigned
	case errors.As(err, &expired):
		return auth.ErrExpired
	case seen.claims.Issuer != i.o.URL:
		return &auth.RefusedError{Problem: "is of another issuer than " + i.o.URL}
	case !slices.Contains(seen.claims.Audience, audience):
		return &auth.RefusedError{Problem: fmt.Sprintf("is for another audience: have the issuer put %q into its aud", audience)}
	}
	return errEarly
}

// isForAsking reports whether a token with this header typ can say who asks (RFC 9068, RFC 8725 section 3.11).
func isForAsking(typ string) bool {
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "", "jwt", "at+jwt":
		return true
	}
	return false
}

// CheckURL returns what is wrong with the address of an issuer. Who could change on the way what it says could be
// anybody here, so that it is asked over TLS, unless it is on this machine.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err == nil && u.User != nil:
		return errors.New("has a user or a password in it")
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("is no address of an issuer")
	case u.Scheme == "https", u.Scheme == "http" && isHere(u.Hostname()):
		return nil
	}
	return errors.New("is not asked over TLS")
}

// checkEndpoint returns what is wrong with an address that the issuer names.
func checkEndpoint(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("is none")
	}
	return CheckURL((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
}

// isHere reports whether a host is this machine.
func isHere(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
