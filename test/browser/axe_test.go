package browser_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/test/npm"
)

// axe returns the source of axe-core, which finds what keeps people out of a page, in the version of
// testdata/package-lock.json.
func axe(t *testing.T) string {
	t.Helper()
	if err := npm.Install("testdata"); err != nil {
		t.Fatalf("axe-core is needed to look for barriers in the pages: %v", err)
	}
	source, err := os.ReadFile("testdata/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// barriers holds what the tab shows against WCAG 2.2 AA.
func (b *tab) barriers(source, where string) {
	b.t.Helper()
	if !evaluate[bool](b, `window.axe !== undefined`) {
		b.run("load axe", chromedp.Evaluate[chromedp.Void](source+"\nvoid 0"))
	}
	evaluate[chromedp.Void](b, `void (window.barriers = null, axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'],
	}).then(r => { window.barriers = r.violations.flatMap(v => v.nodes.map(n =>
		v.id + ': ' + n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + n.failureSummary.replaceAll('\n', ' '))); }, e => { window.barriers = [String(e)]; }))`)
	b.wait("axe has looked at "+where, `window.barriers !== null`)
	for _, found := range evaluate[[]string](b, `window.barriers`) {
		b.t.Errorf("%s: %s", where, found)
	}
	b.screenshot(where)
}

// look sets size and colours of a tab.
func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	b.run("size and colours", command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1,
	}), command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}))
}

// eachLook opens a tab at each width and in both colours; by default at one of the six. source is that of axe-core.
func eachLook(t *testing.T, origin string, at func(b *tab, source string, width int64)) {
	t.Helper()
	browser, source, turn := newBrowser(t), axe(t), storetest.OneIn(t, max(1, 6/storetest.Rounds(t)))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{400, 900, 1600} {
			if !turn() {
				continue
			}
			t.Run(fmt.Sprintf("%s at %d px", scheme, width), func(t *testing.T) {
				b := newTab(t, browser, origin)
				b.look(width, scheme)
				at(b, source, width)
			})
		}
	}
}

// apart reports whether the answer is below the editors, or beside them.
const apart = `(() => {
	const answer = document.querySelector('.graphiql-response').getBoundingClientRect();
	return [...document.querySelectorAll('.graphiql-query-editor, .graphiql-editor-tools')].map(e => e.getBoundingClientRect())
		.every(e => e.bottom <= answer.top + 1 || e.right <= answer.left + 1);
})()`

// TestNoBarriers looks at every panel of the playground.
func TestNoBarriers(t *testing.T) {
	eachLook(t, newServer(t), func(b *tab, source string, _ int64) {
		b.open("/playground")
		b.barriers(source, "start")
		panels := map[string]string{
			"Tour": `.tour li button`, "Documentation Explorer": `.graphiql-doc-explorer-content a`,
			"History": `.graphiql-history`, "Graph": `.graph-panel .mirror button`,
		}
		b.click(execute)
		b.wait("there is an answer", contains(response, "data"))
		b.barriers(source, "answer")
		for _, name := range []string{"Tour", "Documentation Explorer", "History", "Graph"} {
			button := `button[aria-label="Show ` + name + `"]`
			if evaluate[bool](b, `document.querySelector('`+button+`') !== null`) {
				b.click(button)
			}
			b.run("wait for "+name, chromedp.WaitVisible(chromedp.CSS(panels[name])))
			b.barriers(source, strings.ToLower(name))
			if !evaluate[bool](b, apart) {
				t.Errorf("with %s open the answer lies over the editors", name)
			}
			if name == "Documentation Explorer" {
				b.click(`.graphiql-doc-explorer-content .graphiql-doc-explorer-type-name`)
				b.wait("the fields are shown", contains(`document.querySelector('.graphiql-doc-explorer').innerText`, "A person; null when none fits."))
				b.barriers(source, "documentation of a type")
			}
		}
		b.click(`button[aria-label="Hide Graph"]`)
		b.click(`button[data-name="headers"]`)
		b.barriers(source, "headers")
		for name, dialog := range map[string]string{"settings": "settings", "keys": "short keys"} {
			b.click(`button[aria-label="Open ` + dialog + ` dialog"]`)
			b.run("wait for it", chromedp.WaitVisible(chromedp.CSS(`.graphiql-dialog`)))
			b.barriers(source, name)
			b.click(`.graphiql-dialog-close`)
			b.wait("it is closed", `document.querySelector('.graphiql-dialog') === null`)
		}
		b.click(`.explain-button`)
		b.click(execute)
		b.wait("there is an explanation", contains(response, `"explain"`)+" || "+contains(response, `"data"`))
		b.barriers(source, "explained")

		b.run("leave", chromedp.Navigate("about:blank"))
		b.open("/playground?query=" + url.QueryEscape("{ person(ref: {name: \"Nobody at all\"}) { nam } }"))
		b.click(execute)
		b.wait("there is an error", contains(response, `"errors"`))
		b.barriers(source, "error")
	})
}
