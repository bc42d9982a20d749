package issuer_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/issuer/issuertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// all are the roles by their names.
var all = map[string]auth.Role{"READER": auth.Reader, "EDITOR": auth.Editor, "CURATOR": auth.Curator, "ADMIN": auth.Admin}

// clock is one that a test turns.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// open returns what verifies the tokens of an issuer.
func open(t *testing.T, of *issuertest.Issuer, change func(*issuer.Options)) (*issuer.Issuer, *clock) {
	t.Helper()
	c := &clock{}
	o := issuer.Options{
		URL: of.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.Secret, SubjectClaim: "sub", RoleClaim: "roles",
		Roles: all, Now: c.now,
	}
	if change != nil {
		change(&o)
	}
	i := issuer.New(o)
	t.Cleanup(i.Close)
	return i, c
}

// part returns the JSON of a map as a part of a token.
func part(t *testing.T, m map[string]any) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func TestATokenIsVerified(t *testing.T) {
	of := issuertest.New(t)
	i, _ := open(t, of, nil)
	soon := time.Now().Add(time.Hour)
	who, err := i.Verify(t.Context(), of.Token(issuertest.Claims{"exp": soon.Unix()}))
	if err != nil {
		t.Fatal(err)
	}
	if who.Subject != "ann" || who.Role != auth.Editor || who.Client() != "subject ann" || who.Expires.Unix() != soon.Unix() || !i.Holds(who) {
		t.Errorf("%+v", who)
	}
	for name, own := range map[string]issuertest.Claims{
		"several audiences":       {"aud": []string{"account", issuertest.ClientID}},
		"valid since a moment":    {"nbf": time.Now().Unix()},
		"a clock that is ahead":   {"nbf": time.Now().Add(time.Minute).Unix()},
		"much that nobody needs":  {"x": strings.Repeat("x", 5000)},
		"several roles":           {"roles": []string{"READER", "EDITOR", "nothing"}},
		"one role as a text":      {"roles": "EDITOR"},
		"roles and no roles":      {"roles": []any{1, "EDITOR", nil, map[string]any{}}},
		"an access token's party": {"azp": "a program"},
	} {
		if who, err := i.Verify(t.Context(), of.Token(own)); err != nil || who.Role != auth.Editor {
			t.Errorf("%s: %+v %v", name, who, err)
		}
	}
	access := issuertest.Claims{"iss": of.URL, "aud": issuertest.ClientID, "sub": "ann", "roles": "ADMIN", "exp": soon.Unix()}
	if who, err := i.Verify(t.Context(), of.Sign(access, map[jose.HeaderKey]any{"typ": "at+jwt"})); err != nil || who.Role != auth.Admin {
		t.Errorf("an access token of RFC 9068: %+v %v", who, err)
	}
}

// TestWhatIsNoGoodIsRefused: with what is wrong with it, and never with a part of it.
func TestWhatIsNoGoodIsRefused(t *testing.T) {
	of, other := issuertest.New(t), issuertest.New(t)
	i, _ := open(t, of, nil)
	good := of.Token(nil)
	parts := strings.Split(good, ".")
	claims := map[string]any{
		"iss": of.URL, "aud": issuertest.ClientID, "sub": "ann", "roles": "ADMIN", "exp": time.Now().Add(time.Hour).Unix(),
	}
	public, err := x509.MarshalPKIXPublicKey(of.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public},
		(&jose.SignerOptions{}).WithHeader("kid", "key-0"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := symmetric.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	confused, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	// a key that the token brings along itself
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	embedding, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: own},
		(&jose.SignerOptions{EmbedJWK: true}).WithHeader("kid", "key-0"))
	if err != nil {
		t.Fatal(err)
	}
	if signed, err = embedding.Sign(text); err != nil {
		t.Fatal(err)
	}
	embedded, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		token string
		says  string
		err   error
	}{
		"nothing":                    {"", "is none that the issuer signed", auth.ErrUnknown},
		"a token of a file":          {"tl_abcdefghij_" + strings.Repeat("x", 43), "is none that the issuer signed", auth.ErrUnknown},
		"a bad signature":            {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), "is none that the issuer signed", auth.ErrUnknown},
		"no signature":               {parts[0] + "." + parts[1] + ".", "is none that the issuer signed", auth.ErrUnknown},
		"other claims":               {parts[0] + "." + part(t, claims) + "." + parts[2], "is none that the issuer signed", auth.ErrUnknown},
		"alg none":                   {part(t, map[string]any{"alg": "none"}) + "." + part(t, claims) + ".", "is none that the issuer signed", auth.ErrUnknown},
		"alg None":                   {part(t, map[string]any{"alg": "None", "kid": "key-0"}) + "." + part(t, claims) + "." + parts[2], "is none that the issuer signed", auth.ErrUnknown},
		"signed with the public key": {confused, "is none that the issuer signed", auth.ErrUnknown},
		"with a key of its own":      {embedded, "is none that the issuer signed", auth.ErrUnknown},
		"of another's key":           {other.Token(issuertest.Claims{"iss": of.URL}), "is none that the issuer signed", auth.ErrUnknown},
		"of another issuer":          {of.Token(issuertest.Claims{"iss": other.URL}), "is of another issuer than " + of.URL, auth.ErrUnknown},
		"of no issuer":               {of.Token(issuertest.Claims{"iss": nil}), "is of another issuer", auth.ErrUnknown},
		"a slash more":               {of.Token(issuertest.Claims{"iss": of.URL + "/"}), "is of another issuer", auth.ErrUnknown},
		"for another audience":       {of.Token(issuertest.Claims{"aud": "account"}), `is for another audience: have the issuer put "throughline" into its aud`, auth.ErrUnknown},
		"for other audiences":        {of.Token(issuertest.Claims{"aud": []string{"a", "b"}}), "is for another audience", auth.ErrUnknown},
		"for nobody":                 {of.Token(issuertest.Claims{"aud": nil}), "is for another audience", auth.ErrUnknown},
		"expired":                    {of.Token(issuertest.Claims{"exp": now.Add(-time.Second).Unix()}), "has expired", auth.ErrExpired},
		"without an end":             {of.Token(issuertest.Claims{"exp": nil}), "has expired", auth.ErrExpired},
		"not yet valid":              {of.Token(issuertest.Claims{"nbf": now.Add(time.Hour).Unix()}), "is not valid yet", auth.ErrUnknown},
		"of nobody":                  {of.Token(issuertest.Claims{"sub": nil}), "has no sub that could be somebody's name", auth.ErrUnknown},
		"of a name of two lines":     {of.Token(issuertest.Claims{"sub": "a\nb"}), "has no sub that could be", auth.ErrUnknown},
		"of a long name":             {of.Token(issuertest.Claims{"sub": strings.Repeat("x", 300)}), "has no sub that could be", auth.ErrUnknown},
		"without roles":              {of.Token(issuertest.Claims{"roles": nil}), "gives no role here", auth.ErrNoRole},
		"of unknown roles":           {of.Token(issuertest.Claims{"roles": []string{"editor", "OWNER", " EDITOR"}}), "gives no role here", auth.ErrNoRole},
		"of roles that are none":     {of.Token(issuertest.Claims{"roles": map[string]any{"EDITOR": true}}), "gives no role here", auth.ErrNoRole},
		"that somebody logged out":   {of.Token(issuertest.Claims{"events": map[string]any{}}), "is for something else", auth.ErrUnknown},
		"of another kind":            {of.Sign(claims, map[jose.HeaderKey]any{"typ": "logout+jwt"}), "is for something else", auth.ErrUnknown},
		"what must be understood":    {of.Sign(claims, map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1}), "is none that the issuer signed", auth.ErrUnknown},
		"huge":                       {of.Token(issuertest.Claims{"x": strings.Repeat("x", 20<<10)}), "has more than 16384 bytes", auth.ErrUnknown},
		"huge and nothing":           {strings.Repeat("e30.", 100_000), "has more than 16384 bytes", auth.ErrUnknown},
	} {
		who, err := i.Verify(t.Context(), c.token)
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v", name, who, err)
			continue
		}
		if len(c.token) > 100 && (strings.Contains(err.Error(), c.token[:30]) || strings.Contains(err.Error(), c.token[len(c.token)-30:])) {
			t.Errorf("%s: the error repeats it: %v", name, err)
		}
	}
	if _, err := i.Verify(t.Context(), good); err != nil {
		t.Errorf("a good one afterwards: %v", err)
	}
}

// TestRolesAreReadWhereTheyStand: as Keycloak, Entra, Auth0 and scopes have them.
func TestRolesAreReadWhereTheyStand(t *testing.T) {
	of := issuertest.New(t)
	keycloak := issuertest.Claims{
		"realm_access":       map[string]any{"roles": []string{"offline_access", "graph-writers"}},
		"resource_access":    map[string]any{"my.client": map[string]any{"roles": []string{"admins"}}},
		"https://a.b/roles":  []string{"graph-readers"},
		"scope":              "openid graph-writers",
		"department":         "graph writers",
		"a":                  map[string]any{"b": "graph-readers", "b.c": "admins"},
		"preferred_username": "Ann Ø", "roles": nil,
	}
	roles := map[string]auth.Role{"graph-readers": auth.Reader, "graph-writers": auth.Editor, "admins": auth.Admin, "graph writers": auth.Curator}
	for claim, want := range map[string]auth.Role{
		"realm_access.roles": auth.Editor, "resource_access.my.client.roles": auth.Admin, "https://a.b/roles": auth.Reader,
		"scope": auth.Editor, "department": auth.Curator, "a.b": auth.Reader, "a.b.c": auth.Admin,
		"roles": auth.Nobody, "realm_access": auth.Nobody, "realm_access.": auth.Nobody, ".": auth.Nobody, "department.x": auth.Nobody,
	} {
		i, _ := open(t, of, func(o *issuer.Options) {
			o.RoleClaim, o.Roles, o.SubjectClaim = claim, roles, "preferred_username"
		})
		who, err := i.Verify(t.Context(), of.Token(keycloak))
		switch {
		case want == auth.Nobody:
			if !errors.Is(err, auth.ErrNoRole) {
				t.Errorf("%s: %+v %v", claim, who, err)
			}
		case err != nil || who.Role != want || who.Subject != "Ann Ø":
			t.Errorf("%s: %+v %v", claim, who, err)
		}
	}
	// where anybody may read, so may who has no role
	i, _ := open(t, of, func(o *issuer.Options) { o.Otherwise = auth.Reader })
	if who, err := i.Verify(t.Context(), of.Token(issuertest.Claims{"roles": "none"})); err != nil || who.Role != auth.Reader || who.Subject != "ann" {
		t.Errorf("%+v %v", who, err)
	}
	i, _ = open(t, of, func(o *issuer.Options) { o.SubjectClaim = "email" })
	for verified, good := range map[any]bool{true: true, false: false, nil: true} {
		if _, err := i.Verify(t.Context(), of.Token(issuertest.Claims{"email": "a@b.example", "email_verified": verified})); (err == nil) != good {
			t.Errorf("an email that is verified %v: %v", verified, err)
		}
	}
	i, _ = open(t, of, func(o *issuer.Options) { o.Audience = "graph" })
	for audience, good := range map[string]bool{"graph": true, issuertest.ClientID: false} {
		if _, err := i.Verify(t.Context(), of.Token(issuertest.Claims{"aud": audience})); (err == nil) != good {
			t.Errorf("for %s: %v", audience, err)
		}
	}
}

// TestKeysChange: tokens of a new key are good at once, those of the old one until it is known that it is gone.
func TestKeysChange(t *testing.T) {
	of := issuertest.New(t)
	i, clock := open(t, of, nil)
	old := of.Token(nil)
	verify := func(when, token string, want error) {
		t.Helper()
		if who, err := i.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s: %+v %v, want %v", when, who, err, want)
		}
	}
	verify("before", old, nil)
	of.Rotate()
	clock.turn(10 * time.Second)
	verify("the new key", of.Token(nil), nil)
	verify("the old key", old, auth.ErrUnknown)
	of.Rotate() // and nobody shows a token of the new one
	third := of.Token(issuertest.Claims{"exp": time.Now().Add(time.Hour).Unix()})
	of.Rotate()
	verify("the third key, which is gone already", third, auth.ErrUnknown)
}

// TestAKeyThatIsWithdrawnEnds though nobody shows a token of another.
func TestAKeyThatIsWithdrawnEnds(t *testing.T) {
	of := issuertest.New(t)
	i, clock := open(t, of, nil)
	old := of.Token(issuertest.Claims{"exp": time.Now().Add(48 * time.Hour).Unix()})
	if _, err := i.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	of.Rotate()
	clock.turn(20 * time.Minute)
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		_, err := i.Verify(t.Context(), old)
		if errors.Is(err, auth.ErrUnknown) {
			return
		}
		if err != nil || time.Since(begin) > 10*time.Second {
			t.Fatalf("it is good still: %v", err)
		}
	}
}

// TestTheIssuerIsAway: at first, and later; nothing is taken for good, and it is not asked at every token.
func TestTheIssuerIsAway(t *testing.T) {
	of := issuertest.New(t)
	i, clock := open(t, of, nil)
	of.SetAway(true)
	good := of.Token(issuertest.Claims{"exp": time.Now().Add(72 * time.Hour).Unix()})
	verify := func(when, token string, want error) {
		t.Helper()
		if who, err := i.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s: %+v %v, want %v", when, who, err, want)
		}
	}
	for range 50 {
		verify("away", good, auth.ErrAway)
	}
	if n := of.Asked(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	if _, _, err := i.Begin(t.Context(), "http://here/"); !errors.Is(err, auth.ErrAway) {
		t.Errorf("to log in: %v", err)
	}
	for range 100 { // the pauses grow to a minute: 1, 2, 4, 8, 16, 32, 60 s …
		clock.turn(3 * time.Second)
		verify("away still", good, auth.ErrAway)
	}
	if n := of.Asked(); n < 8 || n > 13 {
		t.Errorf("in five minutes it was asked %d times", n)
	}
	of.SetAway(false)
	clock.turn(time.Minute)
	verify("there again", good, nil)
	of.SetAway(true)
	clock.turn(time.Minute)
	verify("its key is known", good, nil)
	verify("badly signed by a key that is known", good[:len(good)-20]+strings.Repeat("A", 20), auth.ErrUnknown)
	of.Rotate()
	verify("its key is not known", of.Token(nil), auth.ErrAway)
	clock.turn(25 * time.Hour)
	verify("after a day", good, auth.ErrAway)
}

// TestBadTokensDoNotHaveTheIssuerAsked again and again.
func TestBadTokensDoNotHaveTheIssuerAsked(t *testing.T) {
	of, other := issuertest.New(t), issuertest.New(t)
	i, _ := open(t, of, nil)
	other.Rotate()
	if _, err := i.Verify(t.Context(), of.Token(nil)); err != nil {
		t.Fatal(err)
	}
	before, bad := of.Asked(), other.Token(nil)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 50 {
				if _, err := i.Verify(t.Context(), bad); !errors.Is(err, auth.ErrUnknown) {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	if n := of.Asked() - before; n > 2 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestAnIssuerThatIsNotWhatItShouldBe is not believed.
func TestAnIssuerThatIsNotWhatItShouldBe(t *testing.T) {
	of := issuertest.New(t)
	good := of.Token(nil)
	for name, body := range map[string]string{
		"another issuer":       `{"issuer": "https://id.example", "jwks_uri": "` + of.URL + `/keys"}`,
		"a page":               `<html>`,
		"nothing":              `{}`,
		"keys without TLS":     `{"issuer": "SELF", "authorization_endpoint": "SELF/a", "token_endpoint": "SELF/t", "jwks_uri": "http://id.example/keys"}`,
		"a login without TLS":  `{"issuer": "SELF", "authorization_endpoint": "http://id.example/", "token_endpoint": "SELF/t", "jwks_uri": "` + of.URL + `/keys"}`,
		"keys that are a file": `{"issuer": "SELF", "authorization_endpoint": "SELF/a", "token_endpoint": "SELF/t", "jwks_uri": "file:///etc/passwd"}`,
		"no keys":              `{"issuer": "SELF", "authorization_endpoint": "SELF/a", "token_endpoint": "SELF/t", "jwks_uri": "SELF/none"}`,
		"long":                 `{"issuer": "SELF", "x": "` + strings.Repeat("x", 2<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var self string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if strings.HasPrefix(r.URL.Path, "/.well-known/") {
					_, _ = w.Write([]byte(strings.ReplaceAll(body, "SELF", self)))
					return
				}
				_, _ = w.Write([]byte(`{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}`))
			}))
			defer s.Close()
			self = s.URL
			i, _ := open(t, of, func(o *issuer.Options) { o.URL = self })
			if who, err := i.Verify(t.Context(), good); !errors.Is(err, auth.ErrAway) {
				t.Errorf("%+v %v", who, err)
			}
		})
	}
}

// TestTheLogRepeatsNothingSecret though an issuer does: a code, a verifier and the secret of the server are sent to it.
func TestTheLogRepeatsNothingSecret(t *testing.T) {
	of := issuertest.New(t)
	for says, logged := range map[string]string{
		"unauthorized_client": "says=unauthorized_client", "no_good ECHO": `says=""`, "": `says=""`, strings.Repeat("x", 61): `says=""`,
	} {
		var self, asked string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path != "/token" {
				_ = json.NewEncoder(w).Encode(map[string]any{
					"issuer": self, "authorization_endpoint": self + "/a", "token_endpoint": self + "/token", "jwks_uri": of.URL + "/keys",
				})
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			asked = string(body) + " " + r.Header.Get("Authorization")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{
				"error": strings.ReplaceAll(says, "ECHO", asked), "error_description": asked, "error_uri": "https://id.example/?" + asked,
			})
		}))
		self = s.URL
		var log strings.Builder
		i := issuer.New(issuer.Options{
			URL: self, ClientID: issuertest.ClientID, ClientSecret: "SECRET", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		login := &issuer.Login{Verifier: "VERIFIER-VERIFIER-VERIFIER-VERIFIER-VERIFIER"}
		if _, err := i.Finish(t.Context(), "http://here/", "CODE", login); !errors.Is(err, issuer.ErrStranger) {
			t.Errorf("%.20q: %v", says, err)
		}
		i.Close()
		s.Close()
		if !strings.Contains(asked, "CODE") || !strings.Contains(asked, "VERIFIER") || !strings.Contains(asked, "Basic ") {
			t.Errorf("it was asked %q", asked)
		}
		basic := asked[strings.LastIndex(asked, " ")+1:]
		for _, secret := range []string{"CODE", "VERIFIER", "SECRET", basic} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%.20q: the log repeats %q: %s", says, secret, &log)
			}
		}
		if !strings.Contains(log.String(), logged) {
			t.Errorf("%.20q: %s", says, &log)
		}
	}
}

// TestAddressesOfIssuers: one that others could change on the way is none.
func TestAddressesOfIssuers(t *testing.T) {
	for address, good := range map[string]bool{
		"https://id.example.org/realms/house": true, "https://id.example.org": true, "http://127.0.0.1:8080/realms/house": true,
		"http://localhost:8080": true, "http://[::1]:8080": true,
		"http://id.example.org": false, "id.example.org": false, "https://": false, "https://a:b@id.example.org": false,
		"https://id.example.org?x": false, "https://id.example.org#x": false, "file:///x": false, "http://localhost.example.org": false, "": false,
	} {
		if err := issuer.CheckURL(address); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
