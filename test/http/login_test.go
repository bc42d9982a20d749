package http_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/web"
)

// browser keeps cookies as a browser does, and follows nothing.
type browser struct {
	t      *testing.T
	base   string
	header map[string]string // of each request
	cookie *http.Cookie
}

func (b *browser) ask(method, path, body string, headers ...map[string]string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	for _, h := range append([]map[string]string{b.header}, headers...) {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	if b.cookie != nil {
		req.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// form sends the form of the page /login.
func (b *browser) form(token, next string, header map[string]string) reply {
	b.t.Helper()
	body := url.Values{"token": {token}, "next": {next}}.Encode()
	return b.ask(http.MethodPost, "/login", body, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, header)
}

// viewer asks who the browser is.
func (b *browser) viewer(header map[string]string) reply {
	b.t.Helper()
	json := map[string]string{"Content-Type": "application/json", "Accept": "application/json"}
	return b.ask(http.MethodPost, "/graphql", `{"query":"{ viewer { subject role } }"}`, json, header)
}

func explorer(graphql http.Handler) http.Handler { return web.Explorer(web.Options{}, graphql) }

// showPages has a server show all pages.
func showPages(o *server.Options) {
	o.Explorer, o.Playground, o.Assets = explorer, web.Playground(web.Options{}), web.Assets()
}

// withPages serves all pages for who has a token.
func withPages(k *keyring, change func(*server.Options)) func(*graph.Options, *server.Options) {
	return func(_ *graph.Options, o *server.Options) {
		o.Verifier = k.tokens
		showPages(o)
		if change != nil {
			change(o)
		}
	}
}

// TestLogIn: who has no session is shown where to log in, who sends a good token has one, and who logs out has none.
func TestLogIn(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, withPages(k, nil))
	b := &browser{t: t, base: base}
	for _, path := range []string{"/", "/e/mary-kaldor", "/s/x", "/path?from=a&to=b", "/view", "/playground", "/nowhere"} {
		r := b.ask(http.MethodGet, path, "", nil)
		if r.status != 401 || r.header.Get("Www-Authenticate") != `Bearer realm="throughline"` ||
			!strings.Contains(r.body, `<form method="post" action="/login">`) || strings.Contains(r.body, "Kaldor") ||
			!strings.Contains(r.body, `name="next" value="`+strings.ReplaceAll(path, "&", "&amp;")+`"`) ||
			r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v\n%s", path, r.status, r.header, r.body)
		}
	}
	if r := b.ask(http.MethodHead, "/e/mary-kaldor", "", nil); r.status != 401 || r.body != "" {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, "/login?next=/e/nato", "", nil); r.status != 200 ||
		!strings.Contains(r.body, `value="/e/nato"`) || r.header.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for token, says := range map[string]string{
		"": "not known here", "tl_x": "not known here", k.of["ed"]: "The token has expired", `"><script>`: "not known here",
	} {
		r := b.form(token, "/e/nato", nil)
		if r.status != 401 || !strings.Contains(r.body, says) || r.header.Get("Www-Authenticate") == "" ||
			b.cookie != nil || !strings.Contains(r.body, `value="/e/nato"`) {
			t.Errorf("%q: %d %v %s", token, r.status, r.header, r.body)
		}
		if len(token) > 20 && strings.Contains(r.body, token[14:]) || strings.Contains(r.body, "<script>") {
			t.Errorf("the page repeats %q", token)
		}
	}
	r := b.form(" "+k.of["editor"]+"\n", "/e/mary-kaldor?x=1", nil)
	if r.status != 303 || r.header.Get("Location") != "/e/mary-kaldor?x=1" || b.cookie == nil {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	if c := b.cookie; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" ||
		c.Domain != "" || c.Name != "throughline" ||
		c.MaxAge < 12*3600-5 || c.MaxAge > 12*3600 || strings.Contains(c.Value, k.of["editor"][14:]) {
		t.Errorf("%+v", c)
	}
	if r := b.viewer(nil); r.body != `{"data":{"viewer":{"subject":"editor","role":"EDITOR"}}}` {
		t.Errorf("%s", r.body)
	}
	r = b.ask(http.MethodGet, "/e/mary-kaldor", "", nil)
	if r.status != 200 || !strings.Contains(r.body, "Logged in as <strong>editor</strong> (EDITOR)") ||
		!strings.Contains(r.body, "Mary Kaldor is affiliated with") ||
		!strings.Contains(r.body, `action="/logout"`) || r.header.Get("Cache-Control") != "private, no-cache" ||
		!strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Cookie") {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if r := b.ask(http.MethodGet, "/playground", "", nil); r.status != 200 ||
		!strings.Contains(r.body, "Logged in as <strong>editor</strong>") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.ask(http.MethodGet, "/login?in", "", nil); r.status != 200 || !strings.Contains(r.body, "You are logged in.") ||
		strings.Contains(r.body, "<form") {
		t.Errorf("%d %s", r.status, r.body)
	}
	// a token that is shown beside is who asks
	if r := b.viewer(map[string]string{"Authorization": "Bearer " + k.of["admin"]}); !strings.Contains(r.body, "ADMIN") {
		t.Errorf("%s", r.body)
	}
	if r := b.viewer(map[string]string{"Authorization": "Bearer tl_x"}); r.status != 401 {
		t.Errorf("%d %s", r.status, r.body)
	}
	before := b.cookie
	if r := b.ask(http.MethodPost, "/logout", "", nil); r.status != 303 || r.header.Get("Location") != "/" || b.cookie != nil {
		t.Errorf("%d %v", r.status, r.header)
	}
	if r := b.ask(http.MethodGet, "/login?in", "", nil); strings.Contains(r.body, "You are logged in.") {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.cookie = before // somebody had written it down
	if r := b.viewer(nil); r.status != 401 {
		t.Errorf("after logging out: %d %s", r.status, r.body)
	}
	for path, method := range map[string]string{"/login": "PUT", "/logout": "GET"} {
		if r := b.ask(method, path, "", nil); r.status != 405 || r.header.Get("Allow") == "" {
			t.Errorf("%s %s: %d", method, path, r.status)
		}
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if r := b.ask(http.MethodPost, "/login", strings.Repeat("x", 100_000), form); r.status != 400 {
		t.Errorf("a long form: %d", r.status)
	}
}

// TestReadersMayLogIn: where who shows no token may read, pages say how to be somebody.
func TestReadersMayLogIn(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, withPages(k, func(o *server.Options) { o.Anonymous = reading }))
	b := &browser{t: t, base: base}
	for _, path := range []string{"/e/mary-kaldor?a=1&b=2", "/playground"} {
		r := b.ask(http.MethodGet, path, "", nil)
		lower := strings.NewReplacer("/", "%2f", "?", "%3f", "=", "%3d", "&", "%26").Replace(path)
		if r.status != 200 || !strings.Contains(r.body, `<a href="/login?next=`+url.QueryEscape(path)) &&
			!strings.Contains(r.body, `<a href="/login?next=`+lower) {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	b.form(k.of["admin"], "/", nil)
	if r := b.viewer(nil); !strings.Contains(r.body, "ADMIN") {
		t.Errorf("%s", r.body)
	}
	// where nobody is asked who they are, nothing speaks of it
	open, _ := start(t, func(_ *graph.Options, o *server.Options) { o.Explorer = explorer })
	o := &browser{t: t, base: open}
	if r := o.ask(http.MethodGet, "/e/mary-kaldor", "", nil); strings.Contains(r.body, "account") ||
		r.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%v %s", r.header, r.body)
	}
	if r := o.ask(http.MethodGet, "/login", "", nil); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}

// TestAfterLoggingInOneStaysHere: an address of another server is not followed.
func TestAfterLoggingInOneStaysHere(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, withPages(k, nil))
	for next, want := range map[string]string{
		"": "/", "/": "/", "/view": "/view", "/e/a%20b?c=d#e": "/e/a%20b?c=d#e", "e": "/", "//evil.example": "/", `/\evil.example`: "/",
		"https://evil.example/": "/", "javascript:alert(1)": "/", "/\t/evil.example": "/", "/a\r\nSet-Cookie: x=y": "/",
		"///evil.example": "/",
	} {
		b := &browser{t: t, base: base}
		if r := b.form(k.of["reader"], next, nil); r.status != 303 || r.header.Get("Location") != want ||
			len(r.header.Values("Set-Cookie")) != 1 {
			t.Errorf("%q leads to %q (%d)", next, r.header.Get("Location"), r.status)
		}
	}
}

// TestPagesOfOthersCannotUseASession: neither to change something, nor to have somebody log in or out.
func TestPagesOfOthersCannotUseASession(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, withPages(k, func(o *server.Options) {
		o.CORSOrigins = []string{"https://app.example.org", "https://*.example.net"}
	}))
	b := &browser{t: t, base: base}
	b.form(k.of["editor"], "/", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": base})
	if b.cookie == nil {
		t.Fatal("no session")
	}
	for _, c := range []struct {
		header map[string]string
		mayAsk bool // for data; logging in and out is for this origin alone
		own    bool
	}{
		{nil, true, true}, // no browser
		{map[string]string{"Sec-Fetch-Site": "same-origin"}, true, true},
		{map[string]string{"Sec-Fetch-Site": "none"}, true, true},
		{map[string]string{"Origin": base}, true, true},
		{map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false, false},
		{map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, false, false},
		{map[string]string{"Origin": "https://evil.example"}, false, false},
		{map[string]string{"Origin": "null"}, false, false},
		{map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example.org"}, true, false},
		{map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://a.example.net"}, true, false},
		{map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://example.net.evil.example"}, false, false},
	} {
		r := b.viewer(c.header)
		if (r.status == 200) != c.mayAsk || !c.mayAsk && (r.status != 403 || r.code(t) != "FORBIDDEN") {
			t.Errorf("%v: %d %s", c.header, r.status, r.body)
		}
		// without a session a page of another origin is as good as anybody
		other := &browser{t: t, base: base}
		if r := other.viewer(c.header); r.status != 401 {
			t.Errorf("%v without a session: %d", c.header, r.status)
		}
		if r := other.form(k.of["reader"], "/", c.header); (r.status == 303) != c.own || (other.cookie != nil) != c.own {
			t.Errorf("%v: to log in is %d", c.header, r.status)
		}
		if !c.own {
			if r := b.ask(http.MethodPost, "/logout", "", c.header); r.status != 403 || b.cookie == nil {
				t.Errorf("%v: to log out is %d", c.header, r.status)
			}
		}
	}
	if r := b.viewer(nil); r.status != 200 {
		t.Errorf("the session is over: %d", r.status)
	}
	// a form of another site cannot be JSON
	r := b.ask(http.MethodPost, "/graphql", `{"query":"{ viewer { role } }"}`,
		map[string]string{"Content-Type": "text/plain", "Accept": "application/json"})
	if r.status != 415 {
		t.Errorf("%d", r.status)
	}
	// with * no page of another origin is let in with a session
	all, _ := start(t, withPages(k, func(o *server.Options) { o.CORSOrigins = []string{"*"} }))
	b = &browser{t: t, base: all}
	b.form(k.of["editor"], "/", nil)
	if r := b.viewer(map[string]string{"Origin": "https://evil.example"}); r.status != 403 {
		t.Errorf("%d", r.status)
	}
}

// TestALinkOfAnotherSiteFindsTheSession: a browser that keeps the cookie to itself, as the way began elsewhere, is had to ask
// once more.
func TestALinkOfAnotherSiteFindsTheSession(t *testing.T) {
	k := newKeyring(t)
	base, _ := start(t, withPages(k, nil))
	b := &browser{t: t, base: base}
	const again = `<meta http-equiv="refresh" content="0">`
	for from, want := range map[string]bool{"cross-site": true, "same-origin": false, "none": false, "": false} {
		r := b.ask(http.MethodGet, "/e/mary-kaldor", "", map[string]string{"Sec-Fetch-Site": from})
		if r.status != 401 || strings.Contains(r.body, again) != want {
			t.Errorf("from %q: %d %s", from, r.status, r.body)
		}
	}
}

// TestASessionEndsWithItsToken: when that is revoked, or has expired.
func TestASessionEndsWithItsToken(t *testing.T) {
	k := newKeyring(t)
	short, _, err := auth.Create(k.path, "short", auth.Reader, time.Now(), time.Now().Add(time.Hour))
	if err == nil {
		err = k.tokens.Reload()
	}
	if err != nil {
		t.Fatal(err)
	}
	base, _ := start(t, withPages(k, nil))
	b, other := &browser{t: t, base: base}, &browser{t: t, base: base}
	b.form(k.of["editor"], "/", nil)
	other.form(short, "/", nil)
	if other.cookie == nil || other.cookie.MaxAge > 3600 {
		t.Errorf("it outlives its token: %+v", other.cookie)
	}
	if r := b.viewer(nil); r.status != 200 {
		t.Errorf("%d", r.status)
	}
	k.revoke(t, "editor")
	if r := b.viewer(nil); r.status != 401 {
		t.Errorf("revoked: %d %s", r.status, r.body)
	}
	if r := other.viewer(nil); r.status != 200 {
		t.Errorf("another's: %d %s", r.status, r.body)
	}
}

// TestCookiesOverTLS: behind a proxy that is trusted, a cookie goes over TLS alone, and one that came otherwise is none.
func TestCookiesOverTLS(t *testing.T) {
	k := newKeyring(t)
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	base, _ := start(t, withPages(k, func(o *server.Options) { o.Secure = server.OverTLS(proxies) }))
	b := &browser{t: t, base: base, header: map[string]string{"X-Forwarded-Proto": "http, https"}}
	b.form(k.of["editor"], "/", nil)
	if c := b.cookie; c == nil || c.Name != "__Host-throughline" || !c.Secure || !c.HttpOnly || c.Path != "/" {
		t.Fatalf("%+v", c)
	}
	if r := b.viewer(nil); r.status != 200 {
		t.Errorf("%d", r.status)
	}
	if r := b.ask(http.MethodGet, "/e/mary-kaldor", "", nil); r.status != 200 || !strings.Contains(r.body, "is affiliated with") {
		t.Errorf("%d", r.status)
	}
	plain := *b.cookie
	plain.Name = "throughline"
	b.cookie = &plain
	if r := b.viewer(nil); r.status != 401 {
		t.Errorf("a cookie of a neighbour: %d", r.status)
	}
	for name, c := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"plain":               {&http.Request{RemoteAddr: "10.0.0.1:1"}, false},
		"TLS":                 {&http.Request{RemoteAddr: "10.0.0.1:1", TLS: &tls.ConnectionState{}}, true},
		"somebody says so":    {&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-Proto": {"https"}}}, false},
		"a proxy says so":     {&http.Request{RemoteAddr: "[::ffff:127.0.0.1]:1", Header: http.Header{"X-Forwarded-Proto": {"HTTPS"}}}, true},
		"a proxy says no":     {&http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-Proto": {"https, http"}}}, false},
		"a proxy says naught": {&http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{}}, false},
		"of no network":       {&http.Request{RemoteAddr: "@", Header: http.Header{"X-Forwarded-Proto": {"https"}}}, false},
	} {
		if got := server.OverTLS(proxies)(c.r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestCookiesAreNowhereWritten: neither what the browser keeps nor what it sent for it stands in a log or an answer.
func TestCookiesAreNowhereWritten(t *testing.T) {
	k := newKeyring(t)
	log := &locked{}
	base, stop := start(t, withPages(k, func(o *server.Options) {
		o.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}))
	b := &browser{t: t, base: base}
	b.form("tl_wrongwrongwrong", "/", nil)
	b.form(k.of["editor"], "/e/nato?secret=1", nil)
	value := b.cookie.Value
	said := ""
	for _, d := range doors {
		said += b.ask(d.method, d.path, d.body, map[string]string{"Content-Type": "application/json"}).body
	}
	b.ask(http.MethodPost, "/logout", "", nil)
	_ = stop()
	for _, secret := range []string{value, k.of["editor"][14:], "wrongwrong"} {
		if strings.Contains(log.String(), secret) || strings.Contains(said, secret) {
			t.Error("a secret is written")
		}
	}
	if !strings.Contains(log.String(), `"path":"/login"`) || strings.Contains(log.String(), "secret=1") {
		t.Errorf("%s", log.String())
	}
}

// TestSessionsAreBounded: of each subject, and in time; what ends leaves nothing.
func TestSessionsAreBounded(t *testing.T) {
	k := newKeyring(t)
	now := time.Now()
	sessions := auth.NewSessions(k.tokens, func() time.Time { return now })
	who := func(subject string) *auth.Identity {
		i, err := k.tokens.Verify(t.Context(), k.of[subject])
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	first, ends := sessions.Begin(who("editor"))
	other, _ := sessions.Begin(who("reader"))
	if ends.Sub(now) != auth.SessionTime || sessions.Find(first) != who("editor") || sessions.Find("") != nil ||
		sessions.Find(other) != who("reader") {
		t.Errorf("ends %s", ends)
	}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { sessions.Begin(who("editor")) })
	}
	all.Wait()
	last, _ := sessions.Begin(who("editor"))
	if n := sessions.Len(); n != 21 || sessions.Find(first) != nil || sessions.Find(last) == nil || sessions.Find(other) == nil {
		t.Errorf("%d sessions", n)
	}
	sessions.End(last)
	sessions.End("nothing")
	if sessions.Find(last) != nil || sessions.Len() != 20 {
		t.Errorf("%d sessions", sessions.Len())
	}
	now = now.Add(auth.SessionTime)
	if sessions.Find(other) != nil || sessions.Len() != 19 {
		t.Errorf("%d sessions", sessions.Len())
	}
}
