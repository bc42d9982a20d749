package http_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/issuer/issuertest"
	"github.com/throughline/throughline/internal/reconcile"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// verified returns what verifies the tokens of an issuer.
func verified(t *testing.T, of *issuertest.Issuer, change func(*issuer.Options)) *issuer.Issuer {
	t.Helper()
	o := issuer.Options{
		URL: of.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.Secret, SubjectClaim: "sub", RoleClaim: "roles",
		Roles: map[string]auth.Role{"READER": auth.Reader, "EDITOR": auth.Editor, "CURATOR": auth.Curator, "ADMIN": auth.Admin},
	}
	if change != nil {
		change(&o)
	}
	i := issuer.New(o)
	t.Cleanup(i.Close)
	return i
}

// withIssuer serves all pages and doors for whom an issuer names.
func withIssuer(i *issuer.Issuer, change func(*server.Options)) func(*graph.Options, *server.Options) {
	return func(g *graph.Options, o *server.Options) {
		o.Verifier, o.Issuer = i, i
		showPages(o)
		o.Export = exchange.Served(g.Catalog, g.Store.(store.Scanner), nil, false)
		if change != nil {
			change(o)
		}
	}
}

// TestEveryDoorTakesTokensOfTheIssuer: the same, by all of the ways in.
func TestEveryDoorTakesTokensOfTheIssuer(t *testing.T) {
	of, other := issuertest.New(t), issuertest.New(t)
	i := verified(t, of, nil)
	base, _ := start(t, func(g *graph.Options, o *server.Options) {
		withIssuer(i, nil)(g, o)
		s := g.Store.(*sqlitestore.Store)
		g.Writer = s
		e, err := graph.New(*g)
		if err != nil {
			t.Fatal(err)
		}
		o.Import, o.MaxImport = exchange.Received(g.Catalog, s), 1<<20
		o.Assistants = assist.New(assist.Options{Catalog: g.Catalog, Executor: e}).Handler()
		o.Reconcile = reconcile.Handler(reconcile.Options{Catalog: g.Catalog, Executor: e})
	})
	curator := issuertest.Claims{"roles": []string{"CURATOR"}}
	tokens := map[string]int{
		of.Token(curator): 0, // what the door answers
		of.Token(issuertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}): 401,
		of.Token(issuertest.Claims{"aud": "another"}):                           401,
		other.Token(curator):                            401,
		"eyJhbGciOiJub25lIn0.e30.":                      401,
		strings.Repeat("x", 20<<10):                     401,
		of.Token(issuertest.Claims{"roles": "nothing"}): 403,
	}
	all := append(doors[:len(doors):len(doors)], struct{ method, path, body string }{"POST", "/import", ""})
	for _, d := range all {
		open := do(t, d.method, base+d.path, d.body, map[string]string{"Content-Type": "application/json"})
		if open.status != 401 {
			t.Errorf("%s %s without a token: %d", d.method, d.path, open.status)
		}
		for token, want := range tokens {
			r := do(t, d.method, base+d.path, d.body, map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"})
			if want == 0 && (r.status == 401 || r.status == 403 || r.status == 503) || want != 0 && r.status != want {
				t.Errorf("%s %s with %.30s…: %d, want %d: %.300s", d.method, d.path, token, r.status, want, r.body)
			}
			code := map[int]string{401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[want]
			if want != 0 && d.method != "HEAD" && r.code(t) != code {
				t.Errorf("%s %s: %s", d.method, d.path, r.body)
			}
			if got := r.header.Get("Www-Authenticate"); (want == 401) != strings.Contains(got, "invalid_token") {
				t.Errorf("%s %s with %.30s…: WWW-Authenticate %q", d.method, d.path, token, got)
			}
		}
	}
	if r := do(t, "POST", base+"/graphql", `{"query":"{ viewer { subject role } }"}`, map[string]string{
		"Authorization": "Bearer " + of.Token(curator), "Content-Type": "application/json",
	}); r.body != `{"data":{"viewer":{"subject":"ann","role":"CURATOR"}}}` {
		t.Errorf("%s", r.body)
	}
}

// TestAnIssuerThatIsAwayIs503: what is known goes on, and nothing is taken unseen.
func TestAnIssuerThatIsAwayIs503(t *testing.T) {
	of := issuertest.New(t)
	of.SetAway(true)
	base, _ := start(t, withIssuer(verified(t, of, nil), nil))
	r := do(t, "POST", base+"/graphql", `{"query":"{ viewer { role } }"}`, map[string]string{
		"Authorization": "Bearer " + of.Token(nil), "Content-Type": "application/json",
	})
	if r.status != 503 || r.code(t) != "UNAVAILABLE" || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	v := newVisitor(t, base)
	if r := v.get("/login/begin?next=/e/nato"); r.status != 503 || r.header.Get("Retry-After") == "" || !strings.Contains(r.body, "cannot be reached") ||
		!strings.Contains(r.body, `href="/login/begin?next=%2fe%2fnato"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := v.get("/login"); r.status != 200 {
		t.Errorf("%d", r.status)
	}
}

// visitor is a browser without a window: it keeps cookies, and follows what leads elsewhere, one step at a time.
type visitor struct {
	t    *testing.T
	base string
	jar  http.CookieJar
	set  []*http.Cookie // by the last answer
}

func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, base: base, jar: jar}
}

func (v *visitor) ask(method, address, accept string) reply {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	c := &http.Client{Jar: v.jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.set = resp.Cookies()
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func (v *visitor) get(address string) reply {
	v.t.Helper()
	return v.ask(http.MethodGet, address, "text/html")
}

// goes follows a redirect.
func (v *visitor) goes(r reply) reply {
	v.t.Helper()
	to := r.header.Get("Location")
	if to == "" {
		v.t.Fatalf("it leads nowhere: %d %s", r.status, r.body)
	}
	return v.get(to)
}

// comesBack begins a login and returns the address that the issuer sends back to.
func (v *visitor) comesBack(next string) string {
	v.t.Helper()
	r := v.goes(v.get("/login/begin?next=" + url.QueryEscape(next)))
	return r.header.Get("Location")
}

func (v *visitor) viewer() string {
	v.t.Helper()
	return v.ask(http.MethodGet, "/graphql?query="+url.QueryEscape("{ viewer { subject role } }"), "application/json").body
}

// TestLogInAtTheIssuer: there and back, to the page that one came from, and out again.
func TestLogInAtTheIssuer(t *testing.T) {
	of := issuertest.New(t)
	log := &locked{}
	base, _ := start(t, withIssuer(verified(t, of, nil), func(o *server.Options) {
		o.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}))
	v := newVisitor(t, base)
	const page = "/path?from=mary-kaldor&to=nato"
	r := v.get(page)
	if r.status != 401 || strings.Contains(r.body, "<form") || !strings.Contains(r.body, "Log in at 127.0.0.1:") ||
		!strings.Contains(r.body, `href="/login/begin?next=%2fpath%3ffrom%3dmary-kaldor%26to%3dnato"`) || strings.Contains(r.body, "Kaldor") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r = v.get("/login/begin?next=" + url.QueryEscape(page))
	if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), of.URL+"/authorize?") || len(v.set) != 1 {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	begun := v.set[0]
	if begun.Name != "throughline-login" || begun.SameSite != http.SameSiteLaxMode || !begun.HttpOnly || begun.Path != "/" || begun.MaxAge != 600 {
		t.Errorf("%+v", begun)
	}
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range to.Query() {
		if name != "state" && name != "nonce" && strings.Contains(begun.Value, value[0]) || strings.Contains(begun.Value, to.Query().Get("state")) {
			t.Errorf("the cookie shows %s", name)
		}
	}
	r = v.goes(r) // where one would give a password
	back := r.header.Get("Location")
	if !strings.HasPrefix(back, base+"/login/back?") {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	r = v.get(back)
	if r.status != 200 || !strings.Contains(r.body, `<meta http-equiv="refresh" content="0;url=/path?from=mary-kaldor&amp;to=nato">`) ||
		r.header.Get("Cache-Control") != "no-store" || r.header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	var session, gone *http.Cookie
	for _, c := range v.set {
		switch c.Name {
		case "throughline":
			session = c
		case "throughline-login":
			gone = c
		}
	}
	if session == nil || session.SameSite != http.SameSiteStrictMode || !session.HttpOnly || session.MaxAge < 11*3600 {
		t.Errorf("%+v", session)
	}
	if gone == nil || gone.MaxAge >= 0 {
		t.Errorf("%+v", gone)
	}
	if got := v.viewer(); got != `{"data":{"viewer":{"subject":"ann","role":"EDITOR"}}}` {
		t.Errorf("%s", got)
	}
	if r := v.get("/e/mary-kaldor"); r.status != 200 || !strings.Contains(r.body, "Logged in as <strong>ann</strong> (EDITOR)") {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = v.ask(http.MethodPost, "/logout", "text/html")
	if r.status != 303 || r.header.Get("Location") != "/login?left" {
		t.Errorf("%d %v", r.status, r.header)
	}
	r = v.goes(r)
	left := of.URL + "/leave?client_id=throughline&amp;of=ann&amp;post_logout_redirect_uri=" + url.QueryEscape(base+"/")
	if r.status != 200 || !strings.Contains(r.body, "You are logged out") || !strings.Contains(r.body, `<a href="`+left+`">Log out there too</a>`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := v.get("/e/mary-kaldor"); r.status != 401 {
		t.Errorf("%d", r.status)
	}
	for _, secret := range []string{to.Query().Get("state"), to.Query().Get("nonce"), begun.Value, session.Value, issuertest.Secret, "eyJ", "code="} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s stands in the log: %s", secret, log)
		}
	}
	if len(log.String()) < 100 {
		t.Errorf("the log is %q", log)
	}
}

// TestALoginEndsWhereItBegan, once, and in time.
func TestALoginEndsWhereItBegan(t *testing.T) {
	of := issuertest.New(t)
	clock := &turned{}
	base, _ := start(t, withIssuer(verified(t, of, nil), func(o *server.Options) { o.Now = clock.now }))
	over := func(what string, v *visitor, back string) {
		t.Helper()
		r := v.get(back)
		if r.status != 400 || !strings.Contains(r.body, "is over: log in again") || !strings.Contains(r.body, `href="/login/begin`) {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
		for _, c := range v.set {
			if c.Name == "throughline" {
				t.Errorf("%s: there is a session", what)
			}
		}
	}
	v, other := newVisitor(t, base), newVisitor(t, base)
	back := v.comesBack("/")
	over("another browser", other, back)
	theirs := other.comesBack("/")
	over("a login of somebody else", v, theirs) // and the own one is over then, too
	back = v.comesBack("/")
	here, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	kept := v.jar.Cookies(here)
	if r := v.get(back); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	over("once more", v, back)
	v.jar.SetCookies(here, kept) // somebody had written it down
	over("once more, with the cookie", v, back)
	back = v.comesBack("/")
	clock.turn(11 * time.Minute)
	over("too late", v, back)
	for _, value := range []string{"", "x", "AAAA", strings.Repeat("A", 3000), kept[0].Value[:len(kept[0].Value)-4] + "AAAA"} {
		v.jar.SetCookies(here, []*http.Cookie{{Name: "throughline-login", Value: value, Path: "/"}})
		over("a cookie that is none", v, back)
	}
	v = newVisitor(t, base)
	over("nothing at all", v, "/login/back")
	for path, method := range map[string]string{"/login/begin": "POST", "/login/back": "POST"} {
		if r := v.ask(method, path, "text/html"); r.status != 405 {
			t.Errorf("%s %s: %d", method, path, r.status)
		}
	}
}

// TestALoginThatFails says why, and is nobody's.
func TestALoginThatFails(t *testing.T) {
	of := issuertest.New(t)
	log := &locked{}
	serve := func(change func(*issuer.Options)) string {
		base, _ := start(t, withIssuer(verified(t, of, func(o *issuer.Options) {
			o.Logger = slog.New(slog.NewJSONHandler(log, nil))
			if change != nil {
				change(o)
			}
		}), nil))
		return base
	}
	base := serve(nil)
	for name, c := range map[string]struct {
		base   string
		change func()
		code   string // in the place of the one that came
		status int
		says   string
	}{
		"refused":               {base, func() { of.Refuses = "access_denied" }, "", 401, "The issuer did not let you log in, or you went back."},
		"broken":                {base, func() { of.Refuses = "<script>" }, "", 401, "The issuer did not let you log in."},
		"a made-up code":        {base, nil, "made-up", 401, "log in again"},
		"another nonce":         {base, func() { of.Nonce = "another" }, "", 401, "is of another login"},
		"no role":               {base, func() { of.Person = issuertest.Claims{"sub": "bea", "roles": "none"} }, "", 403, "gives no role here"},
		"another audience":      {base, func() { of.Person = issuertest.Claims{"sub": "bea", "roles": "ADMIN", "aud": "x"} }, "", 401, "another audience"},
		"another issuer":        {base, func() { of.Person = issuertest.Claims{"sub": "bea", "roles": "ADMIN", "iss": "https://x.example"} }, "", 401, "another issuer"},
		"a wrong secret":        {serve(func(o *issuer.Options) { o.ClientSecret = "wrong-secret" }), nil, "", 503, "is not known"},
		"an issuer that leaves": {base, func() { of.SetAway(true) }, "", 503, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			person := of.Person
			defer func() { of.Refuses, of.Nonce, of.Person = "", "", person; of.SetAway(false) }()
			v := newVisitor(t, c.base)
			to := v.get("/login/begin?next=/e/nato")
			leaves := strings.HasPrefix(name, "an issuer")
			if c.change != nil && !leaves {
				c.change()
			}
			back := v.goes(to).header.Get("Location")
			if leaves {
				c.change()
			}
			if c.code != "" {
				u, err := url.Parse(back)
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				q.Set("code", c.code)
				u.RawQuery = q.Encode()
				back = u.String()
			}
			r := v.get(back)
			if r.status != c.status || !strings.Contains(r.body, c.says) || strings.Contains(r.body, "<script") ||
				!strings.Contains(r.body, `href="/login/begin?next=%2fe%2fnato"`) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if r := v.get("/e/nato"); r.status != 401 {
				t.Errorf("there is a session: %d", r.status)
			}
		})
	}
	if said := log.String(); !strings.Contains(said, `"says":"invalid_client"}`) || strings.Contains(said, "Invalid client credentials") ||
		strings.Contains(said, "wrong-secret") || strings.Contains(said, "eyJ") {
		t.Errorf("%s", said)
	}
}

// TestAfterLoggingInAtTheIssuerOneStaysHere: an address of another server is not followed.
func TestAfterLoggingInAtTheIssuerOneStaysHere(t *testing.T) {
	of := issuertest.New(t)
	base, _ := start(t, withIssuer(verified(t, of, nil), nil))
	for next, want := range map[string]string{
		"": "/", "/view": "/view", "/e/a%20b?c=d": "/e/a%20b?c=d", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example/": "/",
		"javascript:alert(1)": "/", "/a\r\nSet-Cookie: x=y": "/", "/e/" + strings.Repeat("x", 3000): "/", `/e/"><script>`: "/e/&#34;&gt;&lt;script&gt;",
	} {
		v := newVisitor(t, base)
		r := v.get(v.comesBack(next))
		if r.status != 200 || !strings.Contains(r.body, `content="0;url=`+want+`"`) || strings.Contains(r.body, "evil.example") {
			t.Errorf("%.60q: %d %s", next, r.status, r.body)
		}
	}
}

// TestALoginByThePublicName: who comes by another name is led there first, as a cookie is of one name alone.
func TestALoginByThePublicName(t *testing.T) {
	of := issuertest.New(t)
	of.Public = true
	public := verified(t, of, func(o *issuer.Options) { o.ClientSecret = "" })
	base, _ := start(t, withIssuer(public, func(o *server.Options) {
		o.PublicURL = "https://graph.example.org"
		o.Secure = func(*http.Request) bool { return true }
	}))
	v := newVisitor(t, base)
	r := v.get("/login/begin?next=/view")
	if r.status != 303 || r.header.Get("Location") != "https://graph.example.org/login?here&next=%2Fview" || len(v.set) != 0 {
		t.Errorf("%d %v", r.status, r.header)
	}
	if r := v.get("/login?next=/view"); !strings.Contains(r.body, `data-away`) {
		t.Errorf("the page by the other name: %s", r.body)
	}
	// that page leads on by itself, with a script or without
	r = v.get("/login?here&next=%2Fe%2Fa%3Fb%26c")
	if !strings.Contains(r.body, `<noscript><meta http-equiv="refresh" content="0;url=/login/begin?here&amp;next=%2Fe%2Fa%3Fb%26c">`) ||
		!strings.Contains(r.body, `href="/login/begin?here&amp;next=%2fe%2fa%3fb%26c" data-led`) {
		t.Errorf("the page by the public name: %s", r.body)
	}
	r = v.get("/login/begin?here&next=%2Fview")
	to, err := url.Parse(r.header.Get("Location"))
	if err != nil || to.Query().Get("redirect_uri") != "https://graph.example.org/login/back" ||
		v.set[0].Name != "__Host-throughline-login" || !v.set[0].Secure {
		t.Errorf("%d %v %v", r.status, r.header, err)
	}
	// and without a name it is the one that the browser asks
	base, _ = start(t, withIssuer(public, nil))
	v = newVisitor(t, base)
	if r := v.get(v.comesBack("/")); r.status != 200 || !strings.Contains(v.viewer(), "EDITOR") {
		t.Errorf("a public client: %d %s", r.status, r.body)
	}
}

// turned is a clock that a test turns.
type turned struct{ ahead atomic.Int64 }

func (c *turned) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *turned) turn(d time.Duration) { c.ahead.Add(int64(d)) }
