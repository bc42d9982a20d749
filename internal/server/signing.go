package server

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/web"
)

// A person who logs in at an issuer goes there from /login/begin, and comes back to /login/back. What was begun is in a
// cookie meanwhile, sealed: a server that kept it would have its memory filled by whoever begins logins. The cookie of
// the session is no help, as browsers send it with nothing that another site leads to.

// backPath is where the issuer sends a browser back to.
const backPath = "/login/back"

const (
	// loginTime is how long a person may take at the issuer.
	loginTime = 10 * time.Minute
	// maxNext is how long the address may be that one comes back to: a cookie has 4 kB at most.
	maxNext = 2000
	// doneBytes bounds what is known of the logins that are done.
	doneBytes = 1 << 20
)

// signing is what logins at an issuer are begun and ended with.
type signing struct {
	seal cipher.AEAD
	done *bounded.Cache[string, bool] // by their states: none ends twice
}

func newSigning() *signing {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("a key of 32 bytes: " + err.Error())
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("AES is a block cipher: " + err.Error())
	}
	return &signing{seal, bounded.New[string, bool](doneBytes)}
}

// begun is a login that is under way.
type begun struct {
	*issuer.Login
	Next string
	Ends time.Time
}

// close returns what a browser keeps of a login.
func (s *signing) close(b *begun) string {
	text, err := json.Marshal(b)
	if err != nil {
		panic("texts and a time are JSON: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(s.seal.Seal(nil, nil, text, nil)) //nolint:gosec // it draws its nonce itself
}

// open returns the login that a browser has kept; nil for none, or one that is over.
func (s *signing) open(kept string, now time.Time) *begun {
	raw, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return nil
	}
	text, err := s.seal.Open(nil, nil, raw, nil)
	if err != nil {
		return nil
	}
	var b begun
	if json.Unmarshal(text, &b) != nil || b.Login == nil || !now.Before(b.Ends) {
		return nil
	}
	return &b
}

// first reports whether a login ends for the first time.
func (s *signing) first(state string) bool {
	if _, known := s.done.Get(state); known {
		return false
	}
	s.done.Add(state, true, 100)
	return true
}

// address returns the address by which a browser reaches a path of this server.
func (s *Server) address(r *http.Request, path string) string {
	if s.o.PublicURL != "" {
		return s.o.PublicURL + path
	}
	if s.o.Secure(r) {
		return "https://" + r.Host + path
	}
	return "http://" + r.Host + path
}

// away reports whether a browser came by another name than the one that browsers should use.
func (s *Server) away(r *http.Request) bool {
	u, err := url.Parse(s.o.PublicURL)
	return s.o.PublicURL != "" && err == nil && !strings.EqualFold(u.Host, r.Host)
}

// beginLogin redirects to the issuer. A browser that used another host name than the public one is redirected to the
// login page at the public name first, because cookies and the session storage of a browser belong to one host name.
func (s *Server) beginLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		wrongMethod(w, "GET", "this page leads on: use GET")
		return
	}
	next := local(r.URL.Query().Get("next"))
	if len(next) > maxNext {
		next = "/"
	}
	if s.away(r) && !r.URL.Query().Has("here") { // nor was led already
		seeOther(w, s.address(r, "/login?here&next="+url.QueryEscape(next)))
		return
	}
	address, l, err := s.o.Issuer.Begin(r.Context(), s.address(r, backPath))
	if err != nil {
		s.failLogin(w, r, s.loginPage(r, 0, next), refusalOf(err))
		return
	}
	kept := s.signing.close(&begun{Login: l, Next: next, Ends: s.o.Now().Add(loginTime)})
	s.keepLogin(w, r, kept, int(loginTime/time.Second))
	seeOther(w, address)
}

// keepLogin has the browser keep a login for so many seconds, or forget it. SameSite=Lax has it sent along when the
// issuer leads back here, and with nothing that another site asks for by itself.
func (s *Server) keepLogin(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // it is Secure wherever it came over TLS
		Name: s.cookieName(r) + "-login", Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: s.o.Secure(r),
		SameSite: http.SameSiteLaxMode,
	})
}

// endLogin begins a session for whom the issuer names, and leads on to where they wanted to go.
func (s *Server) endLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet { // HEAD too, which would use the code up
		wrongMethod(w, "GET", "this page leads on: use GET")
		return
	}
	q := r.URL.Query()
	var b *begun
	if c, err := r.Cookie(s.cookieName(r) + "-login"); err == nil {
		b = s.signing.open(c.Value, s.o.Now())
	}
	s.keepLogin(w, r, "", -1)
	if b == nil || subtle.ConstantTimeCompare([]byte(b.State), []byte(q.Get("state"))) != 1 || !s.signing.first(b.State) {
		s.failLogin(w, r, s.loginPage(r, 0, ""), &refusal{
			http.StatusBadRequest, kg.BadRequest,
			"this login was begun in another browser, or is over: log in again",
		})
		return
	}
	if !q.Has("code") {
		sentence := "the issuer did not let you log in"
		if q.Get("error") == "access_denied" {
			sentence = "the issuer did not let you log in, or you went back"
		}
		s.failLogin(w, r, s.loginPage(r, 0, b.Next), &refusal{http.StatusUnauthorized, kg.Unauthenticated, sentence})
		return
	}
	who, err := s.o.Issuer.Finish(r.Context(), s.address(r, backPath), q.Get("code"), b.Login)
	if err != nil {
		s.failLogin(w, r, s.loginPage(r, 0, b.Next), refusalOf(err))
		return
	}
	s.beginSession(w, r, who)
	web.Onward(w, r, b.Next)
}
