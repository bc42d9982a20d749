package browser_test

import (
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/issuer"
	"github.com/throughline/throughline/internal/issuer/issuertest"
	"github.com/throughline/throughline/internal/server"
)

// newLocked serves the sample to who has a token, and returns one of ann, an EDITOR.
func newLocked(t *testing.T, anonymous *auth.Identity) (origin, token string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	token, _, err := auth.Create(path, "ann", auth.Editor, time.Now(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	origin = newServerOf(t, true, true, func(o *server.Options) { o.Verifier, o.Anonymous = tokens, anonymous })
	return origin, token
}

// newIssued serves the sample to who logs in at an issuer, and returns the addresses of both, which are two sites.
func newIssued(t *testing.T, change ...func(*server.Options)) (origin, of string) {
	t.Helper()
	at := issuertest.New(t)
	i := issuer.New(issuer.Options{
		URL: at.URL, ClientID: issuertest.ClientID, ClientSecret: issuertest.Secret, SubjectClaim: "sub", RoleClaim: "roles",
		Roles: map[string]auth.Role{"EDITOR": auth.Editor},
	})
	t.Cleanup(i.Close)
	origin = newServerOf(t, true, true, append(change, func(o *server.Options) { o.Verifier, o.Issuer = i, i })...)
	return strings.Replace(origin, "127.0.0.1", "localhost", 1), at.URL
}

const whoIsThere = `(document.querySelector('aside.account')?.innerText ?? '')`

// arrive waits for what a page shows that another leads to.
func (b *tab) arrive(selector string) {
	b.t.Helper()
	b.run("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// forgive forgets faults in which a text stands, and which the test asked for.
func (b *tab) forgive(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return strings.Contains(fault, text) })
}

// TestAPersonLogsIn shows a token to the page, by keyboard alone, works as who they are, and logs out.
func TestAPersonLogsIn(t *testing.T) {
	origin, token := newLocked(t, auth.NewIdentity("", auth.Reader))
	source := axe(t)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/e/mary-kaldor")
	b.wait("the page says that nobody is logged in", contains(whoIsThere, "You may read"))
	b.barriers(source, "a page to who may read")
	b.click(`aside.account a`)
	b.arrive("#token")
	b.wait("the form has the focus", `document.activeElement?.id === 'token'`)
	b.barriers(source, "the form")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("the page is shown to who logged in",
		contains(whoIsThere, "Logged in as ann (EDITOR)")+` && location.pathname === '/e/mary-kaldor'`)
	b.wait("the explorer works",
		reads("main h1", "Mary Kaldor")+` && document.querySelector('header.top') !== null`)
	b.barriers(source, "a page to who is logged in")
	if got := evaluate[string](b, `document.cookie`); got != "" {
		t.Errorf("scripts see the cookie: %s", got)
	}
	b.open("/playground?query=" + url.QueryEscape("{ viewer { subject role } }"))
	b.wait("the playground says who is there", contains(whoIsThere, "Logged in as ann (EDITOR)"))
	b.click(execute)
	b.wait("it asks as who is there", contains(response, `"subject": "ann"`))
	if evaluate[bool](b, `document.documentElement.scrollHeight > innerHeight`) {
		t.Error("the playground is higher than the window")
	}
	b.button("Log out")
	b.arrive("aside.account a")
	b.wait("the first page is shown to nobody", contains(whoIsThere, "You may read")+` && location.pathname === '/'`)
}

// TestWhoMayWriteIsOfferedTo: the page of a source offers to add a statement to an EDITOR, who may take it back, and not to
// who may only read.
func TestWhoMayWriteIsOfferedTo(t *testing.T) {
	origin, token := newLocked(t, auth.NewIdentity("", auth.Reader))
	b := newTab(t, newBrowser(t), origin)
	const page = "/s/s_human-security-is-about-protecting-civilians-mary-kaldor"
	b.visit(page)
	b.wait("what is quoted stands there", `document.querySelectorAll('.excerpts li').length > 0`)
	// what is asked after the page has asked is answered after it
	evaluate[chromedp.Void](b, `void fetch('/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({query: '{ viewer { role } }'})}).then(r => r.json()).then(r => { window.role = r.data.viewer.role; })`)
	b.wait("who asks is known", `window.role === 'READER'`)
	if evaluate[bool](b, `document.querySelector('form.statement') !== null`) {
		t.Error("a READER is offered to add a statement")
	}
	b.click(`aside.account a`)
	b.arrive("#token")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("an editor is offered it", `document.querySelector('form.statement') !== null`)
	b.click(".adding details.card > summary")
	b.run("words", chromedp.SendKeys(chromedp.CSS(".statement textarea"), "Mary Kaldor"))
	b.find(1, "Mary Kaldor")
	b.find(2, "NATO")
	b.choose(`document.querySelector('.statement > label select')`, "AFFILIATED_WITH")
	b.button("Add")
	b.wait("it is added", reads(".adding > .said", "Added: Mary Kaldor"))
	b.button("Take it back")
	b.wait("it is gone again", reads(".adding > .said", "taken back"))
}

// TestAPageThatIsRefusedAsksForAToken, and is shown then; a link of another site finds the session too.
func TestAPageThatIsRefusedAsksForAToken(t *testing.T) {
	origin, token := newLocked(t, nil)
	b := newTab(t, newBrowser(t), origin)
	b.run("open a page", chromedp.Navigate(origin+"/e/nato"))
	b.arrive("#token")
	b.wait("the form has the focus", `document.activeElement?.id === 'token'`)
	b.text("tl_wrong")
	b.press(kb.Enter)
	b.arrive("#problem")
	b.wait("it says what is wrong", contains(`document.querySelector('#problem').innerText`, "not known here"))
	b.barriers(axe(t), "a token that is no good")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("the page is shown", contains(whoIsThere, "Logged in as ann")+
		` && location.pathname === '/e/nato' && document.querySelector('header.top') !== null`)
	b.forgive("401")
	link := `<a id="there" href="` + origin + `/e/mary-kaldor">there</a>`
	b.run("open a page of another site", chromedp.Navigate("data:text/html,"+url.PathEscape(link)))
	b.click("#there")
	b.arrive("aside.account form")
	b.wait("the link is followed", contains(whoIsThere, "Logged in as ann")+` && location.pathname === '/e/mary-kaldor'`)
	b.forgive("401")
	b.button("Log out")
	b.arrive("#token")
	b.forgive("401")
}

// TestAPersonLogsInAtTheIssuer: a page leads there and back again, with the cookie that no other site has sent.
func TestAPersonLogsInAtTheIssuer(t *testing.T) {
	origin, of := newIssued(t)
	b := newTab(t, newBrowser(t), origin)
	b.others = []string{of}
	b.run("open a page", chromedp.Navigate(origin+"/e/nato"))
	b.arrive("a.go")
	b.wait("the way there has the focus", `document.activeElement?.classList.contains('go')`)
	b.barriers(axe(t), "where to log in")
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("the page is shown", contains(whoIsThere, "Logged in as ann (EDITOR)")+
		` && location.pathname === '/e/nato' && document.querySelector('header.top') !== null`)
	b.forgive("401")
	if got := evaluate[string](b, `document.cookie`); got != "" {
		t.Errorf("scripts see a cookie: %s", got)
	}
	b.button("Log out")
	b.arrive(`a[href^="` + of + `/leave"]`)
	b.wait("it says so", contains(`document.body.innerText`, "You are logged out."))
	b.barriers(axe(t), "who has logged out")
	b.click(`a[href^="` + of + `/leave"]`)
	b.arrive("#left")
	b.run("open a page", chromedp.Navigate(origin+"/e/nato"))
	b.arrive("a.go")
	b.forgive("401")
}

// TestALoginKeepsWhatIsInTheAddress: a picture that somebody shared is there after a login, with a token that is wrong first,
// with one that is asked for by the page's own link, and at the issuer; and so is a query of the playground.
func TestALoginKeepsWhatIsInTheAddress(t *testing.T) {
	view := viewOf(t, []string{"mary-kaldor", "nato"})
	browser := newBrowser(t)
	origin, token := newLocked(t, nil)
	b := newTab(t, browser, origin)
	b.run("open a picture", chromedp.Navigate(origin+view))
	b.arrive("#token")
	b.text("tl_wrong")
	b.press(kb.Enter)
	b.arrive("#problem")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("it is drawn", drawn(2, 0)+` && location.pathname + location.hash === `+quote(view))
	b.forgive("401")
	b.run("open another page", chromedp.Navigate(origin+"/view"))
	b.wait("nothing is left of it", reads("[role=alert]", "holds no picture"))

	origin, token = newLocked(t, auth.NewIdentity("", auth.Reader))
	b = newTab(t, browser, origin)
	b.visit(view)
	b.wait("it is drawn", drawn(2, 0))
	b.click("aside.account a")
	b.arrive("#token")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.wait("it is drawn again", drawn(2, 0)+` && location.pathname + location.hash === `+quote(view))

	origin, of := newIssued(t)
	b = newTab(t, browser, origin)
	b.others = []string{of}
	b.run("open a query", chromedp.Navigate(origin+"/playground#query="+url.QueryEscape("{ viewer { subject } }")))
	b.arrive("a.go")
	b.press(kb.Enter)
	b.arrive("aside.account form")
	b.arrive(execute)
	b.wait("the query is there", contains(`document.querySelector('.graphiql-query-editor').innerText`, "subject"))
	b.forgive("401")
}

// TestALoginByThePublicName: who comes by another name of the server than the public one is led there to log in, with what
// stands behind # in the address; the issuer is told nothing of it.
func TestALoginByThePublicName(t *testing.T) {
	view := viewOf(t, []string{"mary-kaldor", "nato"})
	var inner *url.URL
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(inner)
		r.Out.Host = r.In.Host
	}}
	outer := httptest.NewServer(proxy)
	t.Cleanup(outer.Close)
	public := strings.Replace(outer.URL, "127.0.0.1", "localhost", 1)
	for name, anonymous := range map[string]*auth.Identity{"nobody else": nil, "readers too": auth.NewIdentity("", auth.Reader)} {
		t.Run(name, func(t *testing.T) {
			origin, of := newIssued(t, func(o *server.Options) { o.PublicURL, o.Anonymous = public, anonymous })
			inner, _ = url.Parse(origin)
			b := newTab(t, newBrowser(t), outer.URL)
			b.others = []string{of, public}
			b.run("open a picture", chromedp.Navigate(outer.URL+view))
			if anonymous != nil {
				b.wait("it is drawn", drawn(2, 0))
				b.click("aside.account a")
			}
			b.click("a.go")
			b.arrive("aside.account form")
			b.wait("it is drawn by the public name", drawn(2, 0)+` && location.href === `+quote(public+view))
			b.forgive("401")
		})
	}
}

// logIn logs in with a token at the form of an address.
func (b *tab) logIn(address, token string) {
	b.t.Helper()
	b.run("open the form", chromedp.Navigate(b.origin+address))
	b.arrive("#token")
	b.text(token)
	b.press(kb.Enter)
	b.arrive("aside.account form")
}

// TestASessionThatEndsIsTold: what is drawn stays, and who logs in beside it goes on.
func TestASessionThatEndsIsTold(t *testing.T) {
	for name, anonymous := range map[string]*auth.Identity{"nobody else": nil, "readers too": auth.NewIdentity("", auth.Reader)} {
		t.Run(name, func(t *testing.T) {
			origin, token := newLocked(t, anonymous)
			b := newTab(t, newBrowser(t), origin)
			b.logIn("/login?next=/s/s_human-security-is-about-protecting-civilians-mary-kaldor", token)
			b.wait("the page is there", `document.querySelectorAll('.excerpts li').length > 60 && document.querySelector('form.statement') !== null`)
			evaluate[chromedp.Void](b, `void (window.drawn = document.querySelector('.excerpts li'))`)
			const post = `{method: 'POST', redirect: 'manual', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: `
			evaluate[chromedp.Void](b, `void fetch('/logout', `+post+`''}).then(() => { window.left = true; })`)
			b.wait("the session is over", `window.left === true`)
			b.click(".adding details.card > summary")
			b.run("words", chromedp.SendKeys(chromedp.CSS(".statement textarea"), "Mary Kaldor"))
			if anonymous != nil { // names are found as before
				b.find(1, "Mary Kaldor")
				b.find(2, "NATO")
				b.choose(`document.querySelector('.statement > label select')`, "AFFILIATED_WITH")
				b.button("Add")
			} else {
				b.run("search", chromedp.SendKeys(chromedp.CSS(".statement [role=combobox]"), "Mary"))
			}
			b.wait("it is told", reads(".ended", "You are logged out"))
			b.forgive("401")
			b.barriers(axe(t), "a session that has ended")
			b.wait("what was drawn stays, and what was written", `window.drawn === document.querySelector('.excerpts li') &&
				document.querySelector('.statement textarea').value === 'Mary Kaldor'`)
			b.wait("one logs in beside it", `document.querySelector('.ended a').target === '_blank' &&
				document.querySelector('.ended a').getAttribute('href') === '/login?next=/login?in'`)
			b.button("I have logged in")
			b.wait("but has not", reads(".ended", "You are logged out"))
			evaluate[chromedp.Void](b, `void fetch('/login', `+post+`new URLSearchParams({token: '`+token+`'})}).then(() => { window.back = true; })`)
			b.wait("in another window", `window.back === true`)
			evaluate[chromedp.Void](b, `void dispatchEvent(new Event('focus'))`)
			b.wait("it goes away", `document.querySelector('.ended') === null && window.drawn === document.querySelector('.excerpts li')`)
			b.forgive("401")
		})
	}
}

// TestThePlaygroundTellsThatASessionHasEnded, and keeps the query; when somebody has logged in beside it, it goes away.
func TestThePlaygroundTellsThatASessionHasEnded(t *testing.T) {
	origin, token := newLocked(t, nil)
	source := axe(t)
	b := newTab(t, newBrowser(t), origin)
	b.logIn("/login", token)
	b.open("/playground?query=" + url.QueryEscape("{ viewer { subject } }"))
	b.click(execute)
	b.wait("it asks as who is there", contains(response, `"subject": "ann"`))
	const post = `{method: 'POST', redirect: 'manual', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: `
	evaluate[chromedp.Void](b, `void fetch('/logout', `+post+`''}).then(() => { window.left = true; })`)
	b.wait("the session is over", `window.left === true`)
	b.click(execute)
	b.wait("it is told", reads(".ended", "You are logged out"))
	b.forgive("401")
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{390, 1024, 1600} {
			b.look(width, scheme)
			b.wait("the editor is "+scheme, editorIs(scheme))
			b.barriers(source, fmt.Sprintf("a session that has ended, %s at %d px", scheme, width))
		}
	}
	if evaluate[bool](b, `document.documentElement.scrollHeight > innerHeight`) {
		t.Error("the playground is higher than the window")
	}
	evaluate[chromedp.Void](b, `void fetch('/login', `+post+`new URLSearchParams({token: '`+token+`'})}).then(() => { window.back = true; })`)
	b.wait("in another window", `window.back === true`)
	b.button("I have logged in")
	b.wait("it goes away", `document.querySelector('.ended') === null`)
	b.click(execute)
	b.wait("it asks as who is there again", contains(response, `"subject": "ann"`))
	b.forgive("401")
}
