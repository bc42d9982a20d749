package issuer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/url"
	"regexp"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/throughline/throughline/internal/auth"
)

// Login is one that is under way: the code flow with PKCE. The browser keeps it, so that it ends where it began.
type Login struct {
	// State comes back with the browser, Nonce in the token, and Verifier shows that who has the code is who asked for
	// it.
	State, Nonce, Verifier string
}

// ErrStranger is returned when the issuer does not take this server for one of its clients.
var ErrStranger = errors.New("the issuer does not know this server: its log says why")

// errCode is returned when a code is good no more: it is so once, and for a minute or so.
var errCode = &auth.RefusedError{Problem: "was not given: it took too long, or was asked for twice; log in again"}

// plainWord reports whether a text is a short word of letters, digits, _ and -, as coded errors of OAuth are.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`).MatchString

// Begin returns a new login, and where the browser goes for it. The issuer sends it back to the address redirect.
func (i *Issuer) Begin(ctx context.Context, redirect string) (address string, l *Login, err error) {
	c, err := i.config(ctx, redirect)
	if err != nil {
		return "", nil, err
	}
	l = &Login{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return c.AuthCodeURL(l.State, oidc.Nonce(l.Nonce), oauth2.S256ChallengeOption(l.Verifier)), l, nil
}

// config returns how this server speaks with the issuer.
func (i *Issuer) config(ctx context.Context, redirect string) (*oauth2.Config, error) {
	s := i.keys.latest()
	if s == nil {
		if err := i.keys.ask(ctx); err != nil {
			return nil, err
		}
		if s = i.keys.latest(); s == nil {
			return nil, auth.ErrAway
		}
	}
	c := &oauth2.Config{
		ClientID: i.o.ClientID, ClientSecret: i.o.ClientSecret, Endpoint: s.endpoint, RedirectURL: redirect,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail},
	}
	if c.ClientSecret == "" {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client says its name alone
	}
	return c, nil
}

// Finish returns who has logged in, by the code that the browser came back with.
func (i *Issuer) Finish(ctx context.Context, redirect, code string, l *Login) (*auth.Identity, error) {
	c, err := i.config(ctx, redirect)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, i.client)
	t, err := c.Exchange(ctx, code, oauth2.VerifierOption(l.Verifier))
	if err != nil {
		return nil, i.exchangeError(err)
	}
	raw, _ := t.Extra("id_token").(string)
	who, claims, err := i.verify(ctx, i.login, i.o.ClientID, raw)
	if err != nil {
		return nil, err
	}
	nonce, _ := claims["nonce"].(string)
	if subtle.ConstantTimeCompare([]byte(nonce), []byte(l.Nonce)) != 1 {
		return nil, &auth.RefusedError{Problem: "is of another login; log in again"}
	}
	if party, some := claims["azp"]; some && party != i.o.ClientID {
		return nil, &auth.RefusedError{Problem: "was made for another client of the issuer"}
	}
	// such a token is good for minutes, as it only says who has just logged in: the session has its own end
	return auth.NewIdentity(who.Subject, who.Role), nil
}

// exchangeError returns the error of a code that brought no token. What the issuer answered may repeat what it was
// asked, the code and the secret of this server among it, so that its coded error alone is logged.
func (i *Issuer) exchangeError(err error) error {
	var no *oauth2.RetrieveError
	switch {
	case !errors.As(err, &no), no.Response != nil && no.Response.StatusCode >= 500:
		i.o.Logger.Warn("the issuer of tokens gives none", "issuer", i.o.URL)
		return auth.ErrAway
	case no.ErrorCode == "invalid_grant":
		return errCode
	}
	i.o.Logger.Error("the issuer of tokens does not take this server for a client: look at its client id, secret and redirect address",
		"issuer", i.o.URL, "says", coded(no.ErrorCode))
	return ErrStranger
}

// coded returns the code of an issuer's error, such as invalid_client, or "" where it is no plain word.
func coded(word string) string {
	if !plainWord(word) {
		return ""
	}
	return word
}

// EndSession returns where a browser logs out at the issuer too, which sends it back to an address; "" where there is
// no such place.
func (i *Issuer) EndSession(back string) string {
	s := i.keys.latest()
	if s == nil || s.endSession == "" {
		return ""
	}
	u, err := url.Parse(s.endSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", i.o.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}
