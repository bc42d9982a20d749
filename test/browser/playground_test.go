package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/web"
)

// newServer serves the sample and returns its origin.
func newServer(t *testing.T) string {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Catalog: cat})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test",
		Introspection: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := server.New(server.Options{
		Executor: e, Store: s, Explain: true,
		Playground: web.Playground(web.Options{Explain: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(h.Handler())
	t.Cleanup(served.Close)
	return served.URL
}

// shown is the text an editor shows: the lines in view in their order, wrapped ones joined, with spaces for no-break
// spaces.
func shown(pane string) string {
	return `[...document.querySelectorAll('` + pane +
		` .view-line')].sort((a, b) => a.offsetTop - b.offsetTop).map(l => l.innerText).join('').replaceAll('\u00a0', ' ')`
}

var (
	query     = shown(".graphiql-query-editor")
	variables = shown(".graphiql-editor-tool .graphiql-editor:not(.hidden)")
	response  = shown(".graphiql-response")
)

const (
	tabs    = `[...document.querySelectorAll('.graphiql-tab-button')].map(b => b.innerText.trim())`
	execute = `.graphiql-execute-button`
)

// open shows the playground and waits until it has read the schema.
func (b *tab) open(address string) {
	b.t.Helper()
	b.run("open "+address, chromedp.Navigate(b.origin+address), chromedp.WaitVisible(chromedp.CSS(execute)))
	b.wait("the editor shows a query", query+`.length > 0`)
	b.wait("the schema is read",
		`document.querySelector('button[aria-label^="Re-fetch GraphQL schema"]')?.disabled === false`)
}

func contains(in, text string) string {
	return fmt.Sprintf("%s.includes(%s)", in, quote(text))
}

func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (b *tab) tabNames() []string {
	b.t.Helper()
	return evaluate[[]string](b, tabs)
}

func TestPlayground(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	b.open("/playground")

	if title := do(b, "read the title", chromedp.Title()); title != "Throughline playground" {
		t.Errorf("title %q", title)
	}
	if names := b.tabNames(); len(names) != len(web.Tour()) || names[0] != "Headline" {
		t.Errorf("tabs %v", names)
	}
	b.wait("the first tab says welcome", contains(query, "Welcome to Throughline"))
	b.screenshot("loaded")

	b.click(execute)
	b.wait("the answer is shown", contains(response, "London School of Economics"))
	b.screenshot("headline")
	b.click(`button[aria-label="Show History"]`)
	b.wait("the query is in the history", contains(`document.querySelector('.graphiql-history-items').innerText`,
		"Headline"))
	b.screenshot("history")
	b.click(`button[aria-label="Hide History"]`)

	// a tab with variables
	b.click("#graphiql-session-tab-1")
	b.wait("its variables are shown", contains(variables, "stoltenburg"))
	b.screenshot("variables")

	// the browser's own tabs come back, and the tour is not added to them
	kept := len(web.Tour()) - 1
	b.click(fmt.Sprintf("#graphiql-session-tab-%d", kept))
	b.click(`.graphiql-tab-active .graphiql-tab-close`)
	b.wait("that is kept",
		fmt.Sprintf(`JSON.parse(localStorage.getItem('throughline:graphiql:tabState') ?? '{"tabs":[]}').tabs.length === %d`,
			kept))
	b.open("/playground")
	if names := b.tabNames(); len(names) != kept {
		t.Errorf("%d tabs after closing one and coming back: %v", len(names), names)
	}

	// and the tour can be had again
	last := web.Tour()[kept]
	b.click(`button[aria-label="Show Tour"]`)
	b.run("wait for it", chromedp.WaitVisible(chromedp.CSS(`.tour li:last-child button`)))
	b.screenshot("tour")
	b.click(`.tour li:last-child button`)
	b.wait("it is a tab again", fmt.Sprintf(`%s.length === %d`, tabs, kept+1))
	b.wait("it is shown", contains(query, last.Title))
	b.click(`.tour li:last-child button`)
	b.click(`.tour li:first-child button`)
	b.wait("the first is shown", contains(query, web.Tour()[0].Title))
	if names := b.tabNames(); len(names) != kept+1 {
		t.Errorf("a stop was opened twice: %v", names)
	}
}

func TestPlaygroundKnowsTheSchema(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	b.open("/playground#" + url.Values{"query": {"{ person(ref: {name: \"Mary Kaldor\"}) { name nam } }\n"}}.Encode())

	b.wait("a misspelled field is marked", `document.querySelector('.graphiql-query-editor .squiggly-error') !== null`)
	b.screenshot("marked")

	// completion behind "nam", by keyboard alone
	b.run("focus the editor", chromedp.Focus(chromedp.CSS(`.graphiql-query-editor textarea`)))
	b.run("go to the end of the name", chromedp.KeyEvent(kb.End), chromedp.KeyEvent(strings.Repeat(kb.ArrowLeft,
		len(" } }"))), chromedp.KeyEvent(strings.Repeat(kb.Backspace, 3)),
		chromedp.KeyEvent("affil"))
	b.run("ask for completion", chromedp.KeyEvent(" ", chromedp.KeyModifiers(kb.ModifierCtrl)))
	b.wait("fields are offered",
		`[...document.querySelectorAll('.suggest-widget .monaco-list-row')].some(r => r.innerText.includes('affiliations'))`)
	b.screenshot("completion")
	b.run("take it", chromedp.KeyEvent(kb.Enter))
	b.wait("it is written", contains(query, "name affiliations"))

	b.click(`button[aria-label="Show Documentation Explorer"]`)
	docs := `(document.querySelector('.graphiql-doc-explorer')?.innerText ?? '')`
	b.wait("the root type is shown", contains(docs, "Query"))
	b.click(`.graphiql-doc-explorer-content .graphiql-doc-explorer-type-name`)
	b.wait("its fields are described", contains(docs, "A person; null when none fits."))
	b.screenshot("docs")

	b.click(`button[aria-label^="Prettify query"]`)
	b.wait("the query is laid out", contains(query, "    name    affiliations  }}"))

	// the field under the pointer
	at := evaluate[struct{ X, Y float64 }](b, `(() => {
		const token = [...document.querySelectorAll('.graphiql-query-editor .view-line span span')].find(s => s.innerText.trim() === 'affiliations');
		const box = token.getBoundingClientRect();
		return { X: box.right - 20, Y: box.top + box.height / 2 };
	})()`)
	ctrl := chromedp.ButtonModifiers(kb.ModifierCtrl)
	b.run("point at a field", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y, ctrl),
		chromedp.MouseClickXY(at.X, at.Y, ctrl))
	b.wait("it is explained", contains(docs, "Institutions this person belongs or belonged to"))
	b.screenshot("explained")

	b.click(`button[data-name="headers"]`)
	b.run("write a header",
		chromedp.Focus(chromedp.CSS(`section[aria-label="Headers"] .graphiql-editor:not(.hidden) textarea`)), chromedp.KeyEvent(`{"X-Asked-By": "a test"}`))
	b.wait("it is written", contains(variables, `{"X-Asked-By": "a test"}`))
	b.run("run by keyboard", chromedp.Focus(chromedp.CSS(`.graphiql-query-editor textarea`)),
		chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
	b.wait("an answer is shown", response+`.length > 0`)
	b.screenshot("headers")
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := b.posted["X-Asked-By"]; got != "a test" {
		t.Errorf("the header sent is %v, all are %v", got, b.posted)
	}
}

func TestPlaygroundLinks(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	document := "query One {\n  stats {\n    sources\n  }\n}\n\nquery Other($ref: EntityRef!) {\n  person(ref: $ref) {\n    name # & + ü €\n  }\n}\n"
	link := url.Values{
		"query": {document}, "variables": {`{"ref":{"name":"Mary Kaldor"}}`},
		"operationName": {"Other"},
	}.Encode()

	for name, address := range map[string]string{
		"query string": "/playground?" + link,
		"fragment":     "/playground#" + link,
	} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t, browser, origin)
			b.open(address)
			b.wait("the linked query is shown", contains(query, "query Other($ref: EntityRef!)")+" && "+contains(query,
				"# & + ü €"))
			b.wait("its variables are shown", contains(variables, "Mary Kaldor"))
			b.wait("the address is clean again", `location.href === `+quote(origin+"/playground"))
			if names := b.tabNames(); len(names) != len(web.Tour())+1 {
				t.Errorf("tabs %v", names)
			}
			b.screenshot("linked")

			evaluate[chromedp.Void](b, `void (navigator.clipboard.writeText = async text => { window.copied = text; })`)
			b.click(`button[aria-label="Copy link to this query"]`)
			b.wait("that is said", `document.querySelector('.link-said').innerText === 'Link copied'`)
			b.screenshot("copied")
			copied := evaluate[string](b, `window.copied`)
			u, err := url.Parse(copied)
			if err != nil {
				t.Fatal(err)
			}
			got, err := url.ParseQuery(u.EscapedFragment())
			if err != nil {
				t.Fatal(err)
			}
			var vars map[string]map[string]string
			if err := json.Unmarshal([]byte(got.Get("variables")), &vars); err != nil {
				t.Errorf("variables %q: %v", got.Get("variables"), err)
			}
			if got.Get("query") != document || vars["ref"]["name"] != "Mary Kaldor" ||
				got.Get("operationName") != "Other" || u.Path != "/playground" || u.RawQuery != "" {
				t.Errorf("copied %s", copied)
			}

			// the same link again is the same tab; another is one more
			tabState := `(JSON.parse(localStorage.getItem('throughline:graphiql:tabState') ?? '{"tabs":[]}'))`
			b.wait("the tabs are kept", tabState+`.tabs.length > 1`)
			b.run("leave", chromedp.Navigate("about:blank"))
			b.open(address)
			if names := b.tabNames(); len(names) != len(web.Tour())+1 {
				t.Errorf("tabs after opening a link twice: %v", names)
			}
			b.run("leave", chromedp.Navigate("about:blank"))
			b.open("/playground?query=" + url.QueryEscape("query Third { stats { sources } }"))
			b.wait("the other query is shown", contains(query, "query Third"))
			if names := b.tabNames(); len(names) != len(web.Tour())+2 || names[len(names)-1] != "Third" {
				t.Errorf("tabs with another link: %v", names)
			}
		})
	}
}

func TestPlaygroundExplains(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	// its answer is short enough to be in view
	b.open("/playground?query=" + url.QueryEscape(`{ person(ref: {id: "mary-kaldor"}) { name } }`))
	toggle, pressed := `.explain-button`, `document.querySelector('.explain-button').getAttribute('aria-pressed')`
	// the header of the last POST
	header := func() any {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.posted["X-Throughline-Explain"]
	}
	const answer = `"name": "Mary Kaldor"`
	b.click(execute)
	b.wait("the answer is shown", contains(response, answer)+" && !"+contains(response, `"explain"`))
	if got := header(); got != nil {
		t.Errorf("the header is sent unasked: %v", got)
	}
	b.click(toggle)
	b.wait("it is on", pressed+` === 'true'`)
	b.click(execute)
	b.wait("the explanation is shown with the answer", contains(response, `"explain"`)+" && "+contains(response,
		"one of PERSON, by id"))
	b.screenshot("explained")
	if got := header(); got != "1" {
		t.Errorf("the header sent is %v", got)
	}
	// the browser remembers
	b.open("/playground")
	b.wait("it is still on", pressed+` === 'true'`)
	b.click(toggle)
	b.wait("it is off", pressed+` === 'false'`)
	b.click(execute)
	b.wait("the answer alone is shown", contains(response, answer)+" && !"+contains(response, `"explain"`))
	if got := header(); got != nil {
		t.Errorf("the header is sent although it is off: %v", got)
	}
}

func TestPlaygroundDark(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b := newTab(t, browser, origin)
			b.run("prefer "+scheme, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			}))
			b.open("/playground")
			lightness := evaluate[float64](b,
				`getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, c) => a + Number(c), 0) / 765`)
			if (scheme == "dark") != (lightness < 0.5) {
				t.Errorf("background has a lightness of %.2f", lightness)
			}
			b.wait("the query is coloured",
				`new Set([...document.querySelectorAll('.graphiql-query-editor .view-line span span')].map(s => s.className.match(/mtk\d+/)?.[0])).size > 3`)
			b.screenshot("theme")
		})
	}
}

// TestTheReadmesPicture runs the query that the README shows, as it is printed there: its picture (SCREENSHOTS, see
// screenshot) is docs/playground.png.
func TestTheReadmesPicture(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ := strings.Cut(string(readme), "```graphql\n")
	document, _, _ = strings.Cut(document, "```")
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	b.run("size", command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width:  1440,
		Height: 900, DeviceScaleFactor: 1,
	}))
	b.open("/playground?query=" + url.QueryEscape(document))
	b.click(`button[aria-label^="Prettify query"]`)
	b.click(`button[aria-label="Hide editor tools"]`)
	b.click(execute)
	for _, want := range []string{
		"London School of Economics", "Digital Dialogue on Human Security", "2021-02-25",
		"children and armed conflict",
	} {
		b.wait("the answer shows "+want, contains(response, want))
	}
	b.screenshot("picture")
}
