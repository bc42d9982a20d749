package server

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/web"
)

// A person shows a token once, on the page /login, and the browser keeps a cookie instead: scripts cannot read it, and
// pages of other sites cannot have it sent (SameSite=Strict). Pages of other origins on the same site, such as another
// port of this machine, can: what they ask is refused by where the browser says that it comes from.

// The names of the cookie. A browser takes one that begins with __Host- from this host alone and over TLS alone, so
// that no neighbouring host can put its own in the place.
const (
	cookieOverTLS = "__Host-throughline"
	cookiePlain   = "throughline"
)

// maxForm is how long the body of a form may be.
const maxForm = 8 << 10

// foreign refuses a request of a page of another origin that would use a session.
var foreign = &refusal{
	http.StatusForbidden, kg.Forbidden,
	"a page of another origin cannot use the session of this one: name its origin with --cors-origin, or send a token",
}

// OverTLS returns a function that reports whether a request came over TLS: to this server, or to a proxy that is
// trusted and says so (X-Forwarded-Proto).
func OverTLS(proxies []netip.Prefix) func(*http.Request) bool {
	return func(r *http.Request) bool {
		if r.TLS != nil {
			return true
		}
		a, ok := peer(r)
		if !ok || !within(proxies, a) {
			return false
		}
		hops := forwarded(r, "X-Forwarded-Proto")
		return strings.EqualFold(strings.TrimSpace(hops[len(hops)-1]), "https")
	}
}

// cookieName returns the name that the cookie of a request has.
func (s *Server) cookieName(r *http.Request) string {
	if s.o.Secure(r) {
		return cookieOverTLS
	}
	return cookiePlain
}

// cookie returns what the browser keeps of its session; "" for none.
func (s *Server) cookie(r *http.Request) string {
	c, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// session returns who has the session of a request; nil for none.
func (s *Server) session(r *http.Request) *auth.Identity {
	if s.sessions == nil || len(r.Header["Cookie"]) == 0 {
		return nil
	}
	return s.sessions.Find(s.cookie(r))
}

// isForeign reports whether a request that may change something comes from a page of an origin that is not allowed to
// ask.
func (s *Server) isForeign(r *http.Request) bool {
	return s.origins.Check(r) != nil && (s.cors == nil || contains(s.o.CORSOrigins, "*") || !s.cors.OriginAllowed(r))
}

// loginPage returns the page on which a person logs in, and then goes on to an address.
func (s *Server) loginPage(r *http.Request, status int, next string) *web.Login {
	page := &web.Login{Status: status, Next: local(next)}
	if s.o.Issuer != nil {
		page.Issuer, page.Away = s.o.Issuer.Name(), s.away(r)
	}
	return page
}

// login shows the form, and begins a session for whoever sends a good token.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	page := s.loginPage(r, http.StatusOK, r.URL.Query().Get("next"))
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if page.In = r.URL.Query().Has("in") && s.session(r) != nil; page.In {
			w.Header().Add("Vary", varyWho)
		} else if s.o.Issuer != nil && r.URL.Query().Has("left") {
			page.Left, page.EndSession = true, s.o.Issuer.EndSession(s.address(r, "/"))
		} else {
			page.Led = s.o.Issuer != nil && r.URL.Query().Has("here")
		}
		page.Serve(w, r)
		return
	case http.MethodPost:
	default:
		wrongMethod(w, "GET, HEAD, POST", "this page is read, or sent its form by POST")
		return
	}
	if s.origins.Check(r) != nil { // another's token would have this person work as somebody else
		s.refuse(w, r, foreign)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		writeError(w, http.StatusBadRequest, kg.BadRequest, "the form did not arrive as it is sent by the page")
		return
	}
	page.Next = local(r.PostForm.Get("next"))
	who, no := s.verify(r, strings.TrimSpace(r.PostForm.Get("token")))
	if no != nil {
		s.failLogin(w, r, page, no)
		return
	}
	s.beginSession(w, r, who)
	seeOther(w, page.Next)
}

// failLogin shows a page again, and says why somebody could not log in.
func (s *Server) failLogin(w http.ResponseWriter, r *http.Request, page *web.Login, no *refusal) {
	if page.Status = no.status; no.status == http.StatusUnauthorized {
		w.Header()["Www-Authenticate"] = challenge(no)
	}
	no.pause(w.Header())
	page.Problem = strings.ToUpper(no.sentence[:1]) + no.sentence[1:] + "."
	page.Serve(w, r)
}

// beginSession begins a session, in the place of the one that the browser had.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request, who *auth.Identity) {
	s.sessions.End(s.cookie(r))
	secret, ends := s.sessions.Begin(who)
	s.keep(w, r, secret, int(ends.Sub(s.o.Now())/time.Second))
}

// logout ends the session.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		wrongMethod(w, "POST", "use POST")
		return
	case s.origins.Check(r) != nil:
		s.refuse(w, r, foreign)
		return
	}
	s.sessions.End(s.cookie(r))
	s.keep(w, r, "", -1)
	if s.o.Issuer != nil {
		seeOther(w, "/login?left")
		return
	}
	seeOther(w, "/")
}

// keep has the browser keep a cookie for so many seconds, or forget it.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	name := s.cookieName(r)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // it is Secure wherever it came over TLS
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: name == cookieOverTLS,
		SameSite: http.SameSiteStrictMode,
	})
}

// seeOther leads to a page of this server.
func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.Header()["Cache-Control"] = notKept
	w.WriteHeader(http.StatusSeeOther)
}

// local returns an address if it is one within this server, and else that of its first page.
func local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") ||
		strings.ContainsAny(address, "\\\r\n\t") {
		return "/"
	}
	return address
}

// guarded returns a handler of pages that show something of the graph: it answers whoever may see them, and shows other
// people where to log in. Where nobody is asked for a token, it is next itself.
func (s *Server) guarded(next http.Handler) http.Handler {
	if s.o.Verifier == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", varyWho)
		who, no := s.who(r)
		switch {
		case no == nil:
			a := &web.Account{Subject: who.Subject, Role: who.Role.String(), LogsOut: s.session(r) == who}
			next.ServeHTTP(w, r.WithContext(web.WithAccount(r.Context(), a)))
		case no.status == http.StatusUnauthorized && strings.Contains(r.Header.Get("Accept"), "text/html"):
			w.Header()["Www-Authenticate"] = challenge(no)
			page := s.loginPage(r, no.status, r.URL.RequestURI())
			page.Again = r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Site") == "cross-site"
			page.Serve(w, r)
		default:
			s.refuse(w, r, no)
		}
	})
}
