package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/web"
)

// newServer serves the sample and returns its origin.
func newServer(t *testing.T) string { return newServerOf(t, true, true) }

// newServerOf serves the sample or nothing, and tells its schema or not; change changes its options.
func newServerOf(t *testing.T, withSample, introspection bool, change ...func(*server.Options)) string {
	t.Helper()
	return newServerWith(t, introspection, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		if !withSample {
			return nil
		}
		_, err := sample.Load(t.Context(), cat, s)
		return err
	}, change...)
}

// newServerWith serves all pages over what fill writes into a new store, and lets texts be read; change changes its options.
func newServerWith(t *testing.T, introspection bool, fill func(*catalog.Catalog, *sqlitestore.Store) error,
	change ...func(*server.Options),
) string {
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
	if err := fill(cat, s); err != nil {
		t.Fatal(err)
	}
	return serve(t, cat, s, introspection, change...)
}

// serve serves all pages over a store.
func serve(t *testing.T, cat *catalog.Catalog, s store.Store, introspection bool,
	change ...func(*server.Options),
) string {
	t.Helper()
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test",
		Introspection: introspection, ServeTexts: true, Writer: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := web.Options{Explain: true, NoIntrospection: !introspection, Sample: func(ctx context.Context) bool {
		found, err := s.Records(ctx, []string{"mary-kaldor"})
		return err == nil && len(found.Nodes) > 0
	}}
	o := server.Options{
		Executor: e, Store: s, Explain: true, Playground: web.Playground(pages), Assets: web.Assets(),
		Explorer: func(graphql http.Handler) http.Handler { return web.Explorer(pages, graphql) },
	}
	for _, f := range change {
		f(&o)
	}
	h, err := server.New(o)
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
	if names := b.tabNames(); len(names) != 1 || names[0] != "Headline" {
		t.Errorf("tabs %v", names)
	}
	b.wait("the first tab says welcome", contains(query, "Welcome to Throughline"))
	b.screenshot("loaded")

	b.click(execute)
	b.wait("the answer is shown", contains(response, `"role": "Professor"`))
	b.screenshot("headline")
	b.click(`button[aria-label="Show History"]`)
	b.wait("the query is in the history", contains(`document.querySelector('.graphiql-history-items').innerText`,
		"Headline"))
	b.screenshot("history")
	b.click(`button[aria-label="Hide History"]`)

	// the tour opens more tabs, each once, and its variables with them
	b.click(`button[aria-label="Show Tour"]`)
	b.run("wait for it", chromedp.WaitVisible(chromedp.CSS(`.tour li:last-child button`)))
	b.screenshot("tour")
	for i, stop := range web.Tour() {
		b.click(fmt.Sprintf(`.tour li:nth-child(%d) button`, i+1))
		b.wait(stop.Name+" is shown", contains(query, stop.Title))
		b.wait("its tab is in view", `(() => {
			const tab = document.querySelector('.graphiql-tab-active').getBoundingClientRect(), list = document.querySelector('.graphiql-tabs').getBoundingClientRect();
			return tab.left >= list.left - 1 && tab.right <= list.right + 1;
		})()`)
	}
	b.click(`.tour li:nth-child(2) button`)
	b.wait("its variables are shown", contains(variables, "stoltenburg"))
	if names := b.tabNames(); len(names) != len(web.Tour()) {
		t.Errorf("stops opened twice, or not: %v", names)
	} else {
		for i, stop := range web.Tour() { // a tab keeps no name of the one before, however quickly they are opened
			if !strings.Contains(stop.Document, "\nquery "+names[i]) {
				t.Errorf("the tab of %s is called %q", stop.Name, names[i])
			}
		}
	}
	b.screenshot("variables")

	// the browser's own tabs come back, and the tour is not added to them
	kept := len(web.Tour()) - 1
	isKept := `JSON.parse(localStorage.getItem('throughline:graphiql:tabState') ?? '{"tabs":[]}').tabs.length === %d`
	b.wait("all are kept", fmt.Sprintf(isKept, kept+1))
	b.click(fmt.Sprintf("#graphiql-session-tab-%d", kept))
	b.click(`.graphiql-tab-active .graphiql-tab-close`)
	b.wait("that is kept", fmt.Sprintf(isKept, kept))
	b.open("/playground")
	if names := b.tabNames(); len(names) != kept {
		t.Errorf("%d tabs after closing one and coming back: %v", len(names), names)
	}
}

// TestHeadersAreNotKept: whatever is done with a header that holds a token, nothing that outlives the page has it.
func TestHeadersAreNotKept(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	const token = "Bearer do-not-keep-me"
	b.open("/playground?query=" + url.QueryEscape(`query Asked { person(ref: {id: "mary-kaldor"}) { name } }`))
	b.click(`button[data-name="headers"]`)
	b.run("write a header",
		chromedp.Focus(chromedp.CSS(`section[aria-label="Headers"] .graphiql-editor:not(.hidden) textarea`)),
		chromedp.KeyEvent(`{"Authorization": "`+token+`"}`))
	b.wait("it is written", contains(variables, token))
	b.click(`.explain-button`)
	b.click(execute)
	b.wait("the answer is shown", contains(response, `"explain"`))
	b.mu.Lock()
	if got := b.posted["Authorization"]; got != token {
		t.Errorf("the header sent is %v", got)
	}
	b.mu.Unlock()
	b.click(`button[aria-label="Show History"]`)
	b.wait("the query is in the history", contains(`document.querySelector('.graphiql-history-items').innerText`, "Asked"))
	b.click(`button[aria-label="Add favorite"]`)
	b.wait("it is a favourite", `(localStorage.getItem('throughline:graphiql:favorites') ?? '').includes('Asked')`)
	evaluate[chromedp.Void](b, `void (navigator.clipboard.writeText = async text => { window.copied = text; })`)
	b.click(`button[aria-label="Copy link to this query"]`)
	b.wait("a link is copied", `(window.copied ?? '').includes('Asked')`)
	b.click(`button.graphiql-tab-add`) // the tabs are kept a moment after each change
	b.wait("both tabs are kept",
		`JSON.parse(localStorage.getItem('throughline:graphiql:tabState') ?? '{"tabs":[]}').tabs.length === 2`)
	everything := `JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, location.href, document.cookie, window.copied])`
	if all := evaluate[string](b, everything); strings.Contains(all, "do-not-keep") || !strings.Contains(all, "Asked") {
		t.Errorf("kept: %s", all)
	}
	b.click("#graphiql-session-tab-0")
	b.wait("that tab is kept as the one shown",
		`JSON.parse(localStorage.getItem('throughline:graphiql:tabState')).activeTabIndex === 0`)
	b.open("/playground")
	if all := evaluate[string](b, everything); strings.Contains(all, "do-not-keep") {
		t.Errorf("kept after coming back: %s", all)
	}

	// what an earlier version of the page kept goes away
	old := `{"queries":[{"query":"{ old }","headers":"` + token + `"}]}`
	evaluate[chromedp.Void](b, `void (localStorage.setItem('throughline:graphiql:queries', `+quote(old)+
		`), localStorage.setItem('throughline:graphiql:headers', `+quote(token)+`))`)
	b.open("/playground")
	if all := evaluate[string](b, everything); strings.Contains(all, "do-not-keep") || !strings.Contains(all, "{ old }") {
		t.Errorf("of an earlier version is kept: %s", all)
	}
}

// TestKeys: the page can be used from its first moment, and left, by keyboard.
func TestKeys(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	b.open("/playground?query=" + url.QueryEscape("# no box – around — dashes\n{ person(ref: {id: \"mary-kaldor\"}) { name } }"))
	const answer = `"name": "Mary Kaldor"`
	ctrlEnter := chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl))
	b.run("run", ctrlEnter)
	b.wait("the answer is shown", contains(response, answer))
	if n := evaluate[int](b, `document.querySelectorAll('.unicode-highlight').length`); n > 0 {
		t.Errorf("%d boxes around characters", n)
	}
	inEditor := `document.activeElement.matches('.graphiql-query-editor textarea, .graphiql-query-editor .native-edit-context')`
	b.wait("the editor has the focus", inEditor)
	b.run("leave", chromedp.KeyEvent(kb.Escape))
	b.wait("it has it no longer", `document.activeElement.matches('.graphiql-query-editor .graphiql-editor')`)
	if said := evaluate[string](b, `document.querySelector('.keys').innerText`); !strings.Contains(said, "Esc leaves") {
		t.Errorf("it is not told: %q", said)
	}
	b.run("go on", chromedp.KeyEvent(kb.Tab))
	b.wait("the next is a button", `document.activeElement.tagName === 'BUTTON'`)
	b.run("run from there", ctrlEnter)
	b.wait("it ran", contains(response, answer))
}

// TestWithoutIntrospection: the page says why it has no schema, asks for none, and works.
func TestWithoutIntrospection(t *testing.T) {
	origin, browser := newServerOf(t, true, false), newBrowser(t)
	b := newTab(t, browser, origin)
	b.run("open", chromedp.Navigate(origin+"/playground"), chromedp.WaitVisible(chromedp.CSS(execute)))
	b.wait("the editor shows a query", query+`.length > 0`)
	b.click(execute)
	b.wait("the answer is shown", contains(response, `"role": "Professor"`))
	b.click(`button[aria-label="Show Documentation Explorer"]`)
	b.wait("it is told", contains(`document.querySelector('.no-schema').innerText`, "--no-introspection"))
	b.screenshot("told")
}

// TestAnotherGraph: the tour names nobody of the sample where the store holds something else.
func TestAnotherGraph(t *testing.T) {
	origin, browser := newServerOf(t, false, true), newBrowser(t)
	b := newTab(t, browser, origin)
	b.open("/playground")
	b.wait("the first query fits any graph", contains(query, "query Here"))
	if evaluate[bool](b, `document.querySelector('.tour') === null`) {
		b.click(`button[aria-label="Show Tour"]`)
	}
	b.wait("it is said", contains(`document.querySelector('.tour').innerText`, "not the sample"))
	if said := evaluate[string](b, `document.body.innerText`); strings.Contains(said, "Kaldor") {
		t.Errorf("somebody of the sample is named: %s", said)
	}
	b.click(execute)
	b.wait("it is answered", contains(response, `"centrality"`))
	b.screenshot("told")
}

// TestNarrow: below 800 px the panes stand one above the other, and the editor has room.
func TestNarrow(t *testing.T) {
	origin, browser := newServer(t), newBrowser(t)
	b := newTab(t, browser, origin)
	b.look(400, "light")
	b.open("/playground")
	type box struct{ Left, Top, Width, Height float64 }
	of := func(selector string) box {
		return evaluate[box](b, `(({left, top, width, height}) => ({Left: left, Top: top, Width: width, Height: height}))(document.querySelector('`+selector+`').getBoundingClientRect())`)
	}
	editor, answer := of(".graphiql-query-editor .monaco-editor"), of(".graphiql-response")
	if editor.Width < 300 || editor.Height < 200 || answer.Top < editor.Top+editor.Height || answer.Width < 350 || answer.Height < 200 {
		t.Errorf("editor %+v, answer %+v", editor, answer)
	}
	if wide := evaluate[bool](b, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("the page is wider than the window")
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

	b := newTab(t, browser, origin)
	tabState := `(JSON.parse(localStorage.getItem('throughline:graphiql:tabState') ?? '{"tabs":[]}'))`
	// the link of the page itself, and the same in the form of others, which is the same tab
	for _, address := range []string{"/playground#" + link, "/playground?" + link} {
		b.open(address)
		b.wait("the linked query is shown", contains(query, "query Other($ref: EntityRef!)")+" && "+contains(query,
			"# & + ü €"))
		b.wait("its variables are shown", contains(variables, "Mary Kaldor"))
		b.wait("the address is clean again", `location.href === `+quote(origin+"/playground"))
		if names := b.tabNames(); len(names) != 1 {
			t.Errorf("%s: tabs %v", address, names)
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
		b.wait("the tabs are kept", tabState+`.tabs.length > 0`)
		b.run("leave", chromedp.Navigate("about:blank"))
	}
	b.open("/playground?query=" + url.QueryEscape("query Third { stats { sources } }"))
	b.wait("the other query is shown", contains(query, "query Third"))
	if names := b.tabNames(); len(names) != 2 || names[len(names)-1] != "Third" {
		t.Errorf("tabs with another link: %v", names)
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

// shade reports whether a colour is light, or dark.
func shade(selector, property string, light bool) string {
	return fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).%s.match(/\d+/g).slice(0, 3).reduce((a, c) => a + Number(c), 0) > 382 === %t`,
		selector, property, light)
}

// editorIs reports whether the letters of the editor are made for a scheme of colours.
func editorIs(scheme string) string {
	return shade(".graphiql-query-editor .monaco-editor", "color", scheme == "dark")
}

// TestPlaygroundDark changes the system's colours while the playground is open, and has it follow, unless somebody chose others.
func TestPlaygroundDark(t *testing.T) {
	b := newTab(t, newBrowser(t), newServer(t))
	prefer := func(scheme string) {
		b.run("prefer "+scheme, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}))
	}
	look := func(scheme string) {
		t.Helper()
		b.wait("the page is "+scheme, shade(".graphiql-container", "backgroundColor", scheme == "light"))
		b.wait("the editor is "+scheme, editorIs(scheme))
	}
	prefer("light")
	b.open("/playground")
	b.wait("the query is coloured",
		`new Set([...document.querySelectorAll('.graphiql-query-editor .view-line span span')].map(s => s.className.match(/mtk\d+/)?.[0])).size > 3`)
	look("light")
	b.screenshot("light")
	prefer("dark")
	look("dark")
	b.screenshot("dark")
	prefer("light")
	look("light")
	b.click(`button[aria-label="Open settings dialog"]`)
	b.button("Dark")
	look("dark")
	prefer("dark")
	prefer("light")
	look("dark") // as was chosen
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
