package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/throughline/throughline/internal/auth"
)

// Times between two questions to the issuer, and of what it said. go-oidc's own set of keys asks again for each token
// that is badly signed, so that whoever sends such tokens has the issuer asked as often, and it keeps keys for ever.
const (
	// leastPause is between two questions at least. After one that failed the pause doubles, up to mostPause.
	leastPause = time.Second
	mostPause  = time.Minute
	// calm is between two questions after one that was answered.
	calm = 5 * time.Second
	// freshTime is how long what the issuer said is not asked for again.
	freshTime = 15 * time.Minute
	// keptTime is how long keys are good while the issuer cannot be reached.
	keptTime = 24 * time.Hour
	// mostKeys bounds the keys that a token without the name of one is tried with.
	mostKeys = 50
)

// said is what the issuer says of itself.
type said struct {
	endpoint   oauth2.Endpoint
	endSession string // address to log out at; "" for none
	keys       []jose.JSONWebKey
	at         time.Time
}

// keys are the keys of an issuer, and its addresses. They are asked for when a token names a key that is not there, as
// after the issuer has changed its keys, and otherwise now and then.
type keys struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	said    *said         // nil until the issuer has answered
	failed  int           // questions in a row without an answer
	next    time.Time     // when the issuer may be asked again
	pending chan struct{} // closed when the question under way is over; nil for none
}

func newKeys(url string, client *http.Client, now func() time.Time, log *slog.Logger) *keys {
	return &keys{url: url, client: client, now: now, log: log}
}

// latest returns what the issuer said last; nil for nothing yet, or too long ago.
func (k *keys) latest() *said {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.said == nil || k.now().Sub(k.said.at) > keptTime {
		return nil
	}
	return k.said
}

// pause returns how long it is until the issuer may be asked again.
func (k *keys) pause() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(k.next.Sub(k.now()), 0)
}

// ask has the issuer asked, unless that was just done, and waits for what comes of it. It returns ErrAway when there
// was no answer the last time.
func (k *keys) ask(ctx context.Context) error {
	pending := k.begin(ctx)
	if pending != nil {
		select {
		case <-pending:
		case <-ctx.Done():
			return auth.ErrAway
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed > 0 {
		return auth.ErrAway
	}
	return nil
}

// begin begins a question, if none is under way and it is time for one, and returns when it is over; nil for no
// question. It goes on when whoever has asked for it goes away, as others may wait for it too.
func (k *keys) begin(ctx context.Context) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pending != nil || k.now().Before(k.next) {
		return k.pending
	}
	done := make(chan struct{})
	k.pending = done
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	go func() {
		defer cancel()
		s, err := k.fetch(ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.settle(s, err)
		k.pending = nil
		close(done)
	}()
	return done
}

// settle notes what came of a question.
func (k *keys) settle(s *said, err error) {
	now := k.now()
	if err != nil {
		wait := min(leastPause<<min(k.failed, 10), mostPause)
		k.failed++
		k.next = now.Add(wait)
		k.log.Warn("the issuer of tokens does not answer as it should: what needs its keys is refused with 503", "issuer", k.url,
			"again in", wait, "error", short(err.Error()))
		return
	}
	if k.failed > 0 {
		k.log.Info("the issuer of tokens answers", "issuer", k.url)
	}
	s.at = now
	k.said, k.failed, k.next = s, 0, now.Add(calm)
}

// short returns the beginning of a message, which may hold a whole page that something in the way answered with.
func short(message string) string {
	const most = 300
	if r := []rune(message); len(r) > most {
		return string(r[:most]) + "…"
	}
	return message
}

// fetch asks the issuer for its addresses and its keys.
func (k *keys) fetch(ctx context.Context) (*said, error) {
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.url) // its name has to be the one that it is known by
	if err != nil {
		return nil, err
	}
	var more struct {
		Keys       string   `json:"jwks_uri"`
		EndSession string   `json:"end_session_endpoint"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, errors.New("its addresses are not as they should be")
	}
	s := &said{endpoint: p.Endpoint(), endSession: more.EndSession}
	s.endpoint.AuthStyle = style(more.Methods)
	for _, address := range []string{more.Keys, s.endpoint.AuthURL, s.endpoint.TokenURL} {
		if err := checkEndpoint(address); err != nil {
			return nil, fmt.Errorf("its address %q %w", address, err)
		}
	}
	if s.endSession != "" && checkEndpoint(s.endSession) != nil {
		s.endSession = ""
	}
	s.keys, err = k.fetchKeys(ctx, more.Keys)
	return s, err
}

// style returns how this server shows its secret, of the ways that the issuer takes. The first is what holds where it
// names none.
func style(methods []string) oauth2.AuthStyle {
	for _, m := range methods {
		if m == "client_secret_basic" {
			return oauth2.AuthStyleInHeader
		}
	}
	for _, m := range methods {
		if m == "client_secret_post" {
			return oauth2.AuthStyleInParams
		}
	}
	return oauth2.AuthStyleInHeader
}

// fetchKeys asks for the keys. Those of a kind that is not known here are passed over (RFC 7517 section 5).
func (k *keys) fetchKeys(ctx context.Context, address string) ([]jose.JSONWebKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its keys are answered with status %d", resp.StatusCode)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, errors.New("its keys are no set of keys")
	}
	var all []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.Valid() && key.IsPublic() && key.Use != "enc" && len(all) < mostKeys {
			all = append(all, key)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it has no key to sign with")
	}
	return all, nil
}

// outcome is what verifying a token has found, for which go-oidc has no error.
type outcome struct {
	claims *claims // of a token that the issuer signed
	kind   string  // its header typ
	err    error
}

// claims are those that a token is refused by.
type claims struct {
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
}

// audience is a text, or a list of them.
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

type outcomeKey struct{}

func withOutcome(ctx context.Context, o *outcome) context.Context {
	return context.WithValue(ctx, outcomeKey{}, o)
}

var errKey = errors.New("no key of the issuer has signed it")

// VerifySignature returns what a token says, if a key of the issuer has signed it.
func (k *keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	seen, _ := ctx.Value(outcomeKey{}).(*outcome)
	known := make([]jose.SignatureAlgorithm, len(algorithms))
	for n, a := range algorithms {
		known[n] = jose.SignatureAlgorithm(a)
	}
	jws, err := jose.ParseSigned(token, known)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errKey
	}
	payload, err := k.verify(ctx, jws)
	if err != nil {
		seen.err = err
		return nil, err
	}
	seen.claims = &claims{}
	if json.Unmarshal(payload, seen.claims) != nil {
		seen.claims = nil
	}
	seen.kind, _ = jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	return payload, nil
}

// verify tries the keys that there are, and asks for those there are now when the token names none of them.
func (k *keys) verify(ctx context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	s := k.latest()
	payload, named := s.verify(jws)
	switch {
	case s != nil && k.now().Sub(s.at) > freshTime:
		k.begin(ctx) // nobody waits for it
	case payload == nil && named:
		return nil, errSigned // other keys would not change that
	}
	if payload != nil {
		return payload, nil
	}
	if err := k.ask(ctx); err != nil {
		return nil, err
	}
	if payload, _ = k.latest().verify(jws); payload != nil {
		return payload, nil
	}
	return nil, errSigned
}

// verify returns what a token says, if one of these keys has signed it, and reports whether it names one of them.
func (s *said) verify(jws *jose.JSONWebSignature) (payload []byte, named bool) {
	if s == nil {
		return nil, false
	}
	header := jws.Signatures[0].Protected
	for n := range s.keys {
		key := &s.keys[n]
		if header.KeyID != "" && header.KeyID != key.KeyID {
			continue
		}
		named = named || header.KeyID != ""
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(key); err == nil {
			return payload, named
		}
	}
	return nil, named
}

// newClient returns a client for questions to the issuer. It reads so much of an answer, and follows no way from TLS to
// without.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	return &http.Client{
		Transport: sparing{t},
		Timeout:   askTime,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 || checkEndpoint(r.URL.String()) != nil {
				return errors.New("it leads elsewhere")
			}
			return nil
		},
	}
}

// sparing bounds the bodies of answers.
type sparing struct{ *http.Transport }

// RoundTrip asks, and bounds the answer.
func (s sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.Transport.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxReply), resp.Body}
	}
	return resp, err
}
