// Package issuertest is an OpenID Connect issuer for tests: it signs tokens with keys of its own and answers over HTTP.
package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The name and the secret of the one client.
const (
	ClientID = "throughline"
	Secret   = "a-secret-of-the-client"
)

// Claims are those of a token.
type Claims map[string]any

// Issuer is one on this machine. Its fields may be set before it is asked.
type Issuer struct {
	// URL is its name and address.
	URL string
	// Person are the claims of whoever logs in.
	Person Claims
	// Refuses is the error that whoever logs in is sent back with; "" for none.
	Refuses string
	// Nonce takes the place of the one that a login has; "" for that.
	Nonce string
	// Public says that the client has no secret.
	Public bool

	t T

	mu    sync.Mutex
	away  bool
	asked int
	keys  []key
	codes map[string]url.Values // what was asked for with a code
}

// T is what an issuer needs of a test.
type T interface {
	Helper()
	Fatal(...any)
	Cleanup(func())
}

type key struct {
	id      string
	private crypto.Signer
}

// New starts an issuer with one key, until the test ends.
func New(t T) *Issuer {
	t.Helper()
	i := &Issuer{t: t, codes: map[string]url.Values{}, Person: Claims{"sub": "ann", "roles": []string{"EDITOR"}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discover)
	mux.HandleFunc("GET /keys", i.sendKeys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /leave", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintln(w, `<!doctype html><title>Left</title><link rel="icon" href="data:,"><p id="left">Left</p>`)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.asked++
		away := i.away
		i.mu.Unlock()
		if away {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	i.URL = server.URL
	i.Rotate()
	return i
}

// SetAway has it answer nothing, or answer again.
func (i *Issuer) SetAway(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// Asked returns how many requests it got.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// Rotate makes a new key, which alone is published and signs from then on. They are of two kinds by turns.
func (i *Issuer) Rotate() {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	k := key{id: fmt.Sprintf("key-%d", len(i.keys))}
	var err error
	if len(i.keys)%2 == 0 {
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	i.keys = append(i.keys, k)
}

// Token returns a token of ann, an EDITOR, for the client, that is good for an hour, with claims of its own; nil takes
// one away.
func (i *Issuer) Token(own Claims) string {
	i.t.Helper()
	now := time.Now()
	claims := Claims{"iss": i.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(claims, i.Person)
	for name, v := range own {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	return i.Sign(claims, nil)
}

// Sign returns a token with these claims alone, and with values of its header.
func (i *Issuer) Sign(claims Claims, header map[jose.HeaderKey]any) string {
	i.t.Helper()
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	algorithm := jose.RS256
	if _, ok := k.private.(*ecdsa.PrivateKey); ok {
		algorithm = jose.ES256
	}
	o := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.id)
	for name, v := range header {
		o = o.WithHeader(name, v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: k.private}, o)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	jws, err := s.Sign(text)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// PublicKey returns what it publishes of the key that signs.
func (i *Issuer) PublicKey() crypto.PublicKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1].private.Public()
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who reads has gone
}

func (i *Issuer) discover(w http.ResponseWriter, _ *http.Request) {
	send(w, http.StatusOK, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"jwks_uri": i.URL + "/keys", "end_session_endpoint": i.URL + "/leave?of=ann",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"},
	})
}

func (i *Issuer) sendKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	k := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	send(w, http.StatusOK, map[string]any{"keys": []any{
		map[string]string{"kty": "OKP", "crv": "X448", "kid": "of a kind that is not known", "x": "AA"},
		jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Use: "sig"},
	}})
}

// authorize sends back whoever asks, as if they had given their password.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "this is no login", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	answer := url.Values{"state": {q.Get("state")}, "code": {code}}
	if i.Refuses != "" {
		answer = url.Values{"state": {q.Get("state")}, "error": {i.Refuses}}
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// token gives a token for a code, once, to who has asked for it.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if i.Public {
		id, secret = r.PostFormValue("client_id"), Secret
	}
	if id != ClientID || secret != Secret {
		send(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "Invalid client credentials"})
		return
	}
	i.mu.Lock()
	asked := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if asked == nil || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) ||
		asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		send(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	nonce := asked.Get("nonce")
	if i.Nonce != "" {
		nonce = i.Nonce
	}
	send(w, http.StatusOK, map[string]any{
		"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 60,
		"id_token": i.Token(Claims{"nonce": nonce, "azp": ClientID, "exp": time.Now().Add(time.Minute).Unix()}),
	})
}
