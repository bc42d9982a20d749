package browser_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// centuries is an entity with two events, 806 years apart, and many between them.
func centuries() string {
	lines := `{"source":"BOOK","id":"s_a","title":"A history"}
{"node":"PERSON","id":"town","name":"The town"}
`
	for i, year := range []int{1215, 1300, 1301, 1555, 2021} {
		lines += fmt.Sprintf(`{"node":"EVENT","id":"e%d","name":"Event of %d","startsOn":"%d"}
{"link":"PARTICIPATED_IN","from":"town","to":"e%d","evidence":[{"source":"s_a","excerpt":"the town"}]}
`, i, year, year, i)
	}
	return lines
}

// TestTimeOfCenturies: of a picture of eight centuries every one is drawn and told, by bars of ten years.
func TestTimeOfCenturies(t *testing.T) {
	b := newTab(t, newBrowser(t), newServerFrom(t, centuries()))
	b.visit("/e/town")
	b.wait("there is time", `document.querySelector('.time .histogram') !== null`)
	const bars = `[...document.querySelectorAll('.histogram span')].map(s => s.getBoundingClientRect().height > 2)`
	got := evaluate[[]bool](b, bars)
	if len(got) != 81 || !got[0] || !got[8] || !got[34] || !got[80] {
		t.Errorf("%d bars: %v", len(got), got)
	}
	told := evaluate[string](b, `document.querySelector('.histogram').ariaLabel`)
	if want := "1215–1224: 1 link; 1295–1304: 2 links; 1555–1564: 1 link; 2015–2021: 1 link"; told != want {
		t.Errorf("it is told as %q, not %q", told, want)
	}
	b.wait("it says what a bar is", reads(".time", "a bar: 10 years"))
	const years = `[...document.querySelectorAll('.time output')].map(o => o.innerText).join()`
	r := b.boxOf(".histogram")
	at := func(year float64) float64 { return r[0] + r[2]*(year-1215)/810 }
	b.across("choose years", at(1290), r[1]+10, at(1560), r[1]+10)
	b.wait("whole bars are chosen", years+` === '1285,1564'`)
	b.wait("what was then is there", `document.querySelector('.drawing').dataset.edges === '3'`)
	b.screenshot("centuries")
}

// TestTimeIsToldInPart: who listens is told the years of sixty bars, and how many more there are.
func TestTimeIsToldInPart(t *testing.T) {
	lines := `{"source":"BOOK","id":"s_a","title":"A history"}
{"node":"PERSON","id":"a","name":"Ann"}
{"node":"INSTITUTION","id":"i","name":"Acme"}
{"link":"AFFILIATED_WITH","from":"a","to":"i","since":"1900","until":"1999","evidence":[{"source":"s_a","excerpt":"a member"}]}
`
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	b.visit("/e/a")
	b.wait("the years that are left out are counted", `/^1900: 1 link; .*; 1959: 1 link; and 40 more years$/.test(document.querySelector('.histogram')?.ariaLabel)`)
}

// TestDamagedLinks opens addresses whose view has something that is none, or is large beyond measure: each says that it is damaged,
// and nothing fails.
func TestDamagedLinks(t *testing.T) {
	b := newTab(t, newBrowser(t), newServer(t))
	picture := func(field string, value any) map[string]any {
		v := plainView([]string{"nato"})
		p := maps.Clone(v["picture"].(map[string]any))
		p[field] = value
		v["picture"] = p
		return v
	}
	view := func(field string, value any) map[string]any {
		v := plainView([]string{"nato"})
		v[field] = value
		return v
	}
	for name, v := range map[string]any{
		"ids that are numbers":       picture("ids", []any{1}),
		"a group that is nothing":    picture("groups", []any{nil}),
		"a group without a number":   picture("groups", []any{map[string]any{"of": "nato", "kind": "ABOUT"}}),
		"pins that are no list":      picture("pinned", "nato"),
		"places that are a list":     picture("at", []any{}),
		"a place that is nothing":    picture("at", map[string]any{"nato": nil}),
		"a place of one number":      picture("at", map[string]any{"nato": []any{1}}),
		"a choice that is none":      view("selection", map[string]any{"links": 5}),
		"a focus without an entity":  view("focus", map[string]any{"degrees": 2}),
		"a focus of many steps":      view("focus", map[string]any{"id": "nato", "degrees": 99}),
		"time that is a word":        view("time", "2020"),
		"time without an end":        view("time", map[string]any{"from": 2020, "undated": true, "certain": false}),
		"kinds that are none":        view("without", []any{nil}),
		"a colour that is none":      view("colour", "red"),
		"a size that is none":        view("size", nil),
		"what is near, as a word":    view("near", "yes"),
		"ends that are none":         view("ends", []any{[]any{"a", "b"}}),
		"a story":                    []any{map[string]any{"caption": "", "view": plainView([]string{"nato"})}},
		"a word":                     "nato",
		"more than an address holds": view("selection", map[string]any{"entity": strings.Repeat("a", 17<<20)}),
	} {
		b.run("leave", chromedp.Navigate("about:blank"))
		b.visit(packed(t, v))
		b.wait(name+" is told", reads("[role=alert]", "holds no picture")+" && "+drawn(0, 0))
	}
	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(packed(t, plainView([]string{"nato"})))
	b.wait("the view itself is drawn", drawn(1, 0)+` && document.querySelector('[role=alert]') === null`)
}

// TestNearMissesStayDashed: a picture of what is only near what was asked for is dashed for who opens a link to it, in a story,
// and when a part of it is saved.
func TestNearMissesStayDashed(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=mary-kaldor&to=protection-of-civilians&kind=SAID")
	const dashed = `(e => e.length === 2 && e.every(e => e.style('line-style') === 'dashed'))(document.querySelector('.drawing')?._cyreg?.cy.edges().toArray() ?? [])`
	b.wait("the near miss is dashed", dashed)
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	link := strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin)
	b.button("Add to a story")
	b.wait("it is added", reads(".said", "It is view 1 of the story"))
	x, y := b.nodeAt("protection-of-civilians")
	b.run("choose an end", chromedp.MouseClickXY(x, y))
	b.wait("there are others", reads(".panel", "not shown"))
	b.button("Expand: All kinds")
	b.wait("what is expanded is not near, and is solid", `(e => e.length > 2 && e.filter(e => e.style('line-style') === 'dashed').length === 2)(
		document.querySelector('.drawing')._cyreg.cy.edges().toArray())`)
	b.visit(link)
	b.wait("the link has it dashed, and says why", dashed+" && "+reads(".legend", "dashed: the nearest line, not what was asked for"))
	if file := b.saved("SVG"); strings.Count(file, "stroke-dasharray") != 2 {
		t.Errorf("saved as %s", file)
	}
	b.visit("/story")
	b.wait("so has the story", `document.querySelectorAll('.story figure line[stroke-dasharray]').length === 2 && `+
		reads(".story", "dashed: the nearest line, not what was asked for"))
}

// TestChosenLinksSurviveMerges: a link that was chosen when a view was copied is chosen in it after one of its ends was merged into
// another, which gives it another id; one that is gone is not.
func TestChosenLinksSurviveMerges(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=p05&to=p07")
	b.wait("it is drawn", drawn(3, 2))
	b.button("Table")
	b.click(`tbody tr:first-child td:last-child button`)
	b.wait("its words are there", reads(".panel", "Person 05 is affiliated with Acme"))
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	link := strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin)
	change := func(mutation string) {
		t.Helper()
		evaluate[chromedp.Void](b, `void (window.changed = undefined, fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ query: `+quote(mutation)+` }) }).then(r => r.text()).then(text => { window.changed = text; }))`)
		b.wait("it is changed", "window.changed !== undefined")
		if got := evaluate[string](b, "window.changed"); !strings.Contains(got, `"errors":[]`) {
			t.Fatal(got)
		}
	}
	change(`mutation { mergeEntities(input: { survivor: { id: "p06" }, absorbed: [{ id: "p05" }] }) { errors { message } } }`)
	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(link)
	b.wait("its words are those of the survivor", reads(".panel blockquote", "Person 05 works at Acme")+" && "+
		`document.querySelector('.drawing')._cyreg.cy.edges('.chosen').length === 1`)
	change(`mutation { delete(input: { id: "p06", cascade: true }) { errors { message } } }`)
	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(link)
	b.wait("what is gone is not chosen", drawn(2, 1)+" && "+reads(".panel", "Choose an entity or a link"))
}

// TestMeasuresOfTheWholeGraph colours by community and sizes by centrality: what stands behind the first hundred of its community
// is coloured and sized like the others, and what is not read any more is told.
func TestMeasuresOfTheWholeGraph(t *testing.T) {
	lines := `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"INSTITUTION","id":"large","name":"Large"}
{"node":"INSTITUTION","id":"small","name":"Small"}
`
	member := func(id, of string) {
		lines += fmt.Sprintf(`{"node":"PERSON","id":%q,"name":"Person %s"}
{"link":"AFFILIATED_WITH","from":%q,"to":%q,"evidence":[{"source":"s_a","excerpt":"a member"}]}
`, id, id, id, of)
	}
	for i := range 700 {
		member(fmt.Sprintf("l%03d", i), "large")
	}
	for i := range 130 {
		member(fmt.Sprintf("s%03d", i), "small")
	}
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	const colour = `document.querySelector('.drawing')._cyreg.cy.getElementById('%s').data('colour')`
	looks := func(apart [2]string, ids ...string) map[string][2]string {
		b.run("leave", chromedp.Navigate("about:blank"))
		b.visit(viewOf(t, ids))
		b.wait("it is drawn", fmt.Sprintf(`document.querySelector('.drawing')?.dataset.nodes === '%d'`, len(ids)))
		b.click("details.more summary")
		b.choose(`document.querySelectorAll('.more select')[1]`, "community")
		b.choose(`document.querySelectorAll('.more select')[2]`, "centrality")
		b.wait("it is measured", reads(".legend", "communities of the whole graph")+" && "+reads(".legend", "PageRank")+
			` && document.querySelector('.drawing')._cyreg.cy.getElementById('large').data('size') === 60 && `+
			fmt.Sprintf(colour+" !== "+colour, apart[0], apart[1])) // of one type, and so alike before
		return evaluate[map[string][2]string](b, `Object.fromEntries(document.querySelector('.drawing')._cyreg.cy.nodes().map(n =>
			[n.id(), [n.data('colour'), n.data('size') > 22 ? 'sized' : 'smallest']]))`)
	}
	const grey = "#888888"
	got := looks([2]string{"large", "small"}, "large", "small", "l000", "l250", "s000", "s120")
	if got["large"][0] == grey || got["small"][0] == grey || got["large"][0] == got["small"][0] {
		t.Errorf("two communities: %v", got)
	}
	for id, of := range map[string]string{"l000": "large", "l250": "large", "s000": "small", "s120": "small"} {
		if got[id][0] != got[of][0] || got[id][1] != "sized" {
			t.Errorf("%s looks %v, %s %v", id, got[id], of, got[of])
		}
	}
	if evaluate[bool](b, reads(".legend", "grey:")+" || "+reads(".legend", "smallest:")) {
		t.Error("what is not there is told")
	}
	got = looks([2]string{"l000", "l650"}, "large", "l000", "l650")
	if got["l650"] != [2]string{grey, "smallest"} || got["l000"][0] != got["large"][0] {
		t.Errorf("beyond what is read: %v", got)
	}
	b.wait("what is not read is told", reads(".legend", "grey: not among the first 500 of any of these")+" && "+
		reads(".legend", "smallest: not among the first 500"))
	b.screenshot("measures")
}

// downloads has the browser write what the tab saves into a folder. It returns what saves in a format, and reads the file: its name
// and what it holds.
func (b *tab) downloads() func(format string) (name string, content []byte) {
	b.t.Helper()
	dir, yes := b.t.TempDir(), true
	b.run("write files", command(browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &yes,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}))
	begun, done := make(chan string, 9), make(chan string, 9)
	if err := chromedp.Listen(b.ctx, func(event any) {
		switch e := event.(type) {
		case *browser.EventDownloadWillBegin:
			begun <- e.SuggestedFilename
		case *browser.EventDownloadProgress:
			if e.State == browser.DownloadProgressStateCompleted {
				done <- e.GUID
			}
		}
	}); err != nil {
		b.t.Fatal(err)
	}
	return func(format string) (string, []byte) {
		b.t.Helper()
		b.menu(`[...document.querySelectorAll('.tools select')].find(s => [...s.options].some(o => o.value === `+quote(format)+`))`, format)
		ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
		defer cancel()
		select {
		case id := <-done:
			content, err := os.ReadFile(filepath.Join(dir, id))
			if err != nil {
				b.t.Fatal(err)
			}
			return <-begun, content
		case <-ctx.Done():
			b.t.Fatalf("%s: nothing was saved", format)
			return "", nil
		}
	}
}

// size is how large a picture of PNG is, and whether something is drawn in it.
func size(t *testing.T, png []byte) (image.Point, bool) {
	t.Helper()
	m, format, err := image.Decode(bytes.NewReader(png))
	if err != nil || format != "png" {
		t.Fatalf("%s: %v", format, err)
	}
	colours := map[[3]uint32]bool{}
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			colours[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
		}
	}
	// the colours of a person and of an institution
	return m.Bounds().Size(), colours[[3]uint32{0x00, 0x72, 0xb2}] && colours[[3]uint32{0xd5, 0x5e, 0x00}]
}

// TestPicturesAreFiles saves a picture, and then what is chosen in it, as PNG, SVG and Markdown, and reads the files.
func TestPicturesAreFiles(t *testing.T) {
	lines := `{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"PERSON","id":"bo","name":"Bo <b> *Bo*"}
`
	evidence := make([]string, 7)
	for i := range evidence {
		lines += fmt.Sprintf(`{"source":"REPORT","id":"s_%d","title":"Report %d"}`+"\n", i, i)
		evidence[i] = fmt.Sprintf(`{"source":"s_%d","excerpt":"Ann of Acme, %d"}`, i, i)
	}
	lines += `{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[` + strings.Join(evidence, ",") + `]}
{"link":"AFFILIATED_WITH","from":"bo","to":"acme","evidence":[{"source":"s_0","excerpt":"and Bo"}]}
`
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	b.visit("/e/acme")
	b.wait("it is drawn", drawn(3, 2))
	save := b.downloads()
	name, png := save("PNG")
	whole, coloured := size(t, png)
	if name != "throughline.png" || !coloured || whole.X < 200 || whole.Y < 100 {
		t.Errorf("%s of %v, coloured: %t", name, whole, coloured)
	}
	circles := func(svg []byte) (n int) {
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return n
			} else if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
				n++
			}
		}
	}
	name, svg := save("SVG")
	if n := circles(svg); name != "throughline.svg" || n != 2 {
		t.Errorf("%s has %d people", name, n)
	}
	name, text := save("Markdown")
	for _, want := range []string{
		"- Ann is affiliated with Acme.[^1][^2][^3][^4][^5] (and 2 more pieces of evidence)\n", `- Bo \<b> \*Bo\* is affiliated with Acme.[^6]` + "\n",
		"\n[^1]: “Ann of Acme, ", "\n[^6]: “and Bo” “Report 0”",
	} {
		if name != "throughline.md" || !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q:\n%s", name, want, text)
		}
	}

	for _, id := range []string{"ann", "acme"} {
		x, y := b.nodeAt(id)
		b.run("choose "+id, chromedp.MouseClickXY(x, y, chromedp.ButtonModifiers(chromedp.ModifierShift)))
	}
	b.wait("two are chosen", reads(".panel h3", "2 entities chosen"))
	_, png = save("PNG")
	_, svg = save("SVG")
	if n := circles(svg); n != 1 {
		t.Errorf("of two that are chosen, %d people are drawn", n)
	}
	var box struct {
		ViewBox string `xml:"viewBox,attr"`
	}
	if err := xml.Unmarshal(svg, &box); err != nil {
		t.Fatal(err)
	}
	var x, y, width, height float64
	if _, err := fmt.Sscan(box.ViewBox, &x, &y, &width, &height); err != nil {
		t.Fatal(err)
	}
	if part, coloured := size(t, png); !coloured || part != image.Pt(int(2*width+0.5), int(2*height+0.5)) {
		t.Errorf("of two that are chosen, a PNG of %v, coloured: %t, for a drawing of %s", part, coloured, box.ViewBox)
	}
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "chosen.png"), png, 0o600)
	}
}

// TestOpenInThePlayground opens the query that made a view, and runs it: the answer holds what the view shows.
func TestOpenInThePlayground(t *testing.T) {
	lines := `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann\nAsh"}
{"node":"PERSON","id":"bo","name":"Bo"}
{"node":"INSTITUTION","id":"before","name":"Before"}
{"node":"INSTITUTION","id":"within","name":"Within"}
{"node":"INSTITUTION","id":"undated","name":"Undated"}
{"node":"EVENT","id":"meeting","name":"Meeting","startsOn":"2011-05"}
{"node":"EVENT","id":"fair","name":"Fair","startsOn":"1999"}
{"link":"AFFILIATED_WITH","from":"ann","to":"before","since":"1990","until":"1995","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"within","since":"2010","until":"2012","evidence":[{"source":"s_a","excerpt":"b"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"within","since":"2010","until":"2012","evidence":[{"source":"s_a","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"before","since":"1990","until":"1995","evidence":[{"source":"s_a","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"undated","evidence":[{"source":"s_a","excerpt":"d"}]}
{"link":"PARTICIPATED_IN","from":"ann","to":"meeting","evidence":[{"source":"s_a","excerpt":"e"}]}
{"link":"PARTICIPATED_IN","from":"ann","to":"fair","evidence":[{"source":"s_a","excerpt":"f"}]}
`
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	run := func(edges int) {
		t.Helper()
		b.run("open it", clicking(chromedp.Search(`//a[normalize-space()="Open as a query in the playground"]`)))
		b.run("wait for the playground", chromedp.WaitVisible(chromedp.CSS(execute)))
		b.wait("the editor shows the query", contains(query, "query "))
		b.wait("the schema is read", `document.querySelector('button[aria-label^="Re-fetch GraphQL schema"]')?.disabled === false`)
		b.click(execute)
		b.wait("there is an answer", contains(response, `"data"`)+" && !"+contains(response, `"errors"`))
		if evaluate[bool](b, `document.querySelector('button[aria-label="Show Graph"]') !== null`) {
			b.click(`button[aria-label="Show Graph"]`)
		}
		b.wait("the answer has the links of the view", fmt.Sprintf(`document.querySelector('.drawing')?.dataset.edges === '%d'`, edges))
		b.run("leave", chromedp.Navigate("about:blank"))
	}
	b.visit("/e/ann")
	b.wait("it is drawn", drawn(6, 5))
	b.click("details.more summary")
	run(5)

	b.visit("/e/ann")
	b.wait("it is drawn", drawn(6, 5))
	b.click("details.more summary")
	b.run("leave out a kind", clicking(chromedp.Search(`//label[contains(normalize-space(), "participated in")]/input`)))
	b.wait("its links are gone", drawn(6, 3))
	b.screenshot("query")
	run(3)

	b.visit("/e/ann")
	b.wait("there is time", `document.querySelector('.time .histogram') !== null`)
	r := b.boxOf(".histogram")
	at := func(year float64) float64 { return r[0] + r[2]*(year-1990+0.5)/23 }
	b.across("choose years", at(2005), r[1]+10, at(2012), r[1]+10)
	b.wait("one without a date stays", drawn(6, 3))
	b.run("leave out what has no date", clicking(chromedp.Search(`//label[contains(normalize-space(), "without a date")]/input`)))
	b.wait("what is within is left", drawn(6, 2))
	b.click("details.more summary")
	run(2)

	b.visit("/path?from=ann&to=bo&kind=AFFILIATED_WITH&since=2000&avoid=before")
	b.wait("there is one line", `document.querySelectorAll('.told > li').length === 1 && `+drawn(3, 2))
	b.click("details.more summary")
	if href := evaluate[string](b, `decodeURIComponent([...document.querySelectorAll('.more a')].at(-1).href.replaceAll('+', ' '))`); !strings.Contains(href, "# The lines between Ann Ash and Bo\nquery Lines(") ||
		!strings.Contains(href, `"avoid":[{"id":"before"}]`) || !strings.Contains(href, `"during":{"from":"2000"}`) || !strings.Contains(href, `"kinds":["AFFILIATED_WITH"]`) {
		t.Errorf("the query is %s", href)
	}
	run(2)

	many, view := newCrowd(t, 120, 240)
	b = newTab(t, newBrowser(t), many)
	b.visit(view)
	b.wait("it is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	b.click("details.more summary")
	b.wait("what is left out is told", `decodeURIComponent([...document.querySelectorAll('.more a')].at(-1).href.replaceAll('+', ' ')).includes('# The first 100 of 120 entities')`)
}

// TestExpandedByAFew: a hub is expanded by a few at a time, those with most sources first, which the menu says.
func TestExpandedByAFew(t *testing.T) {
	lines := `{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"source":"REPORT","id":"s_0","title":"Report 0"}
{"source":"REPORT","id":"s_1","title":"Report 1"}
{"source":"REPORT","id":"s_2","title":"Report 2"}
`
	for i := range 60 {
		sources := map[int]int{59: 3, 58: 2}[i]
		evidence := []string{`{"source":"s_0","excerpt":"a member"}`}
		for n := 1; n < sources; n++ {
			evidence = append(evidence, fmt.Sprintf(`{"source":"s_%d","excerpt":"a member"}`, n))
		}
		lines += fmt.Sprintf(`{"node":"PERSON","id":"p%02d","name":"Person %02d"}
{"link":"AFFILIATED_WITH","from":"p%02d","to":"acme","evidence":[%s]}
`, i, i, i, strings.Join(evidence, ","))
	}
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	b.visit(viewOf(t, []string{"acme"}))
	b.wait("it is drawn", drawn(1, 0))
	x, y := b.nodeAt("acme")
	b.run("choose it", chromedp.MouseClickXY(x, y))
	b.wait("the menu says in which order", reads(".panel", "Those with most sources come first; more than 50 stand as a list."))
	b.choose(`document.querySelector('.panel select')`, "5")
	b.wait("and how many", reads(".panel", "The 5 with most sources that are not shown yet."))
	b.button("Expand: All kinds")
	b.wait("they are drawn", drawn(6, 5))
	const people = `document.querySelector('.drawing')._cyreg.cy.nodes().map(n => n.id()).filter(id => id !== 'acme').sort().join()`
	if got := evaluate[string](b, people); got != "p00,p01,p02,p58,p59" {
		t.Errorf("first come %s", got)
	}
	b.screenshot("a-few")
	b.reach(".mirror button")
	b.press("e")
	b.wait("E goes on", drawn(11, 10))
	if got := evaluate[string](b, people); got != "p00,p01,p02,p03,p04,p05,p06,p07,p58,p59" {
		t.Errorf("then there are %s", got)
	}
	b.choose(`document.querySelector('.panel select')`, "0")
	b.button("Expand: All kinds")
	b.wait("all of many are a group", drawn(12, 11))
}

// TestDoubtedLinksOfTypes: a picture of too many entities is drawn as their types. A line that stands for disputed links among others
// is dashed, counts them, and shows them first.
func TestDoubtedLinksOfTypes(t *testing.T) {
	const people = 3001
	var lines strings.Builder
	lines.WriteString(`{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"THEME","id":"peace","name":"Peace"}
`)
	ids := []string{"acme", "peace"}
	for i := range people {
		ids = append(ids, fmt.Sprint("p", i))
		stances := `{"source":"s_a","excerpt":"a member"}`
		if i == 1000 || i == 2000 {
			stances += `,{"source":"s_a","excerpt":"never a member","stance":"REFUTES"}`
		}
		fmt.Fprintf(&lines, `{"node":"PERSON","id":"p%d","name":"Person %04d"}
{"link":"AFFILIATED_WITH","from":"p%d","to":"acme","evidence":[%s]}
`, i, i, i, stances)
	}
	lines.WriteString(`{"link":"PRIORITIZES","from":"acme","to":"peace","evidence":[{"source":"s_a","excerpt":"for peace"}]}` + "\n")
	b := newTab(t, newBrowser(t), newServerFrom(t, lines.String()))
	b.visit(viewOf(t, ids))
	b.wait("types are drawn", drawn(3, 2))
	type look struct{ Label, Style string }
	got := evaluate[[]look](b, `document.querySelector('.drawing')._cyreg.cy.edges().map(e => ({ label: e.data('label'), style: e.style('line-style') })).sort((a, b) => a.label < b.label ? 1 : -1)`)
	want := []look{{"3,001 × affiliated with (2 disputed)", "dashed"}, {"1 × prioritizes", "solid"}}
	if !slices.Equal(got, want) {
		t.Errorf("drawn as %v", got)
	}
	b.screenshot("types")
	x1, y1 := b.nodeAt("type PERSON")
	x2, y2 := b.nodeAt("type INSTITUTION")
	b.run("click the line", chromedp.MouseClickXY((x1+x2)/2, (y1+y2)/2))
	b.wait("the disputed ones come first", reads(".panel .link-words:nth-of-type(1)", "Person 1000")+" && "+reads(".panel .link-words:nth-of-type(2)", "Person 2000"))
}

// TestDeniedLinks: what sources only deny is told on the page of an entity and of the source, and is drawn, dashed, for who asks for
// it. It never counts as a link.
func TestDeniedLinks(t *testing.T) {
	origin := newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"INSTITUTION","id":"beta","name":"Beta"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[{"source":"s_a","excerpt":"Ann works at Acme"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","role":"chair","evidence":[{"source":"s_a","excerpt":"Ann never chaired Acme","stance":"REFUTES"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"beta","evidence":[{"source":"s_a","excerpt":"Ann never worked at Beta","stance":"REFUTES"}]}
`)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/e/ann")
	b.wait("it is drawn without them", drawn(2, 1))
	b.wait("they are told apart", reads(".facts", "What sources only deny 2")+" && "+reads(".facts h1 + p", "1 link"))
	b.run("open the words of one", clicking(chromedp.Search(`//li[contains(., "Beta")]//summary`)))
	b.wait("the words are said to speak against it", reads(".facts .piece", "Ann never worked at Beta")+" && "+reads(".facts .piece", "speaks against it"))
	b.screenshot("denied")

	const asked = `//label[contains(normalize-space(), "what sources only deny")]/input`
	b.click("details.more summary")
	b.run("ask for them in the picture", clicking(chromedp.Search(asked)))
	b.wait("that between its entities is counted", reads(".stage > .said", "2 entities, 2 links shown"))
	x, y := b.nodeAt("ann")
	b.run("choose her", chromedp.MouseClickXY(x, y))
	b.wait("one is not shown", reads(".panel", "1 link not shown"))
	b.button("Expand: All kinds")
	b.wait("it is drawn too", drawn(3, 2))
	type look struct{ Label, Style string }
	looks := func() map[string]look {
		return evaluate[map[string]look](b, `Object.fromEntries(document.querySelector('.drawing')._cyreg.cy.edges().map(e =>
			[e.target().id(), { label: e.data('label'), style: e.style('line-style') }]))`)
	}
	want := map[string]look{"acme": {"2 links (1 denied)", "dashed"}, "beta": {"affiliated with (denied)", "dashed"}}
	if got := looks(); !maps.Equal(got, want) {
		t.Errorf("drawn as %v", got)
	}
	b.screenshot("denied-drawn")
	b.more()
	b.button("Copy a link to this view")
	b.wait("it is copied", `window.copied?.includes('/view#v=')`)
	view := evaluate[string](b, `window.copied.slice(location.origin.length)`)
	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(view)
	b.wait("a link to the view has them", drawn(3, 2))
	if got := looks(); !maps.Equal(got, want) {
		t.Errorf("from its address it is drawn as %v", got)
	}
	b.wait("and so has its query", `decodeURIComponent([...document.querySelectorAll('.more a')].at(-1).href).includes('"standings":["SUPPORTED","DISPUTED","REFUTED"]')`)
	b.click("details.more summary")
	b.run("without them", clicking(chromedp.Search(asked)))
	b.wait("only what is said is left", drawn(3, 1))
	b.run("ask for them again", clicking(chromedp.Search(asked)))
	b.wait("they are back", drawn(3, 2))
	if _, text := b.downloads()("Markdown"); !strings.Contains(string(text), ": “Ann never worked at Beta” “A report”. (speaks against it)\n") {
		t.Errorf("a footnote does not say that it speaks against what it stands at:\n%s", text)
	}

	b.visit("/s/s_a")
	b.wait("the source says what it denies", reads(".excerpts li:nth-child(1)", "Ann")+` && document.querySelectorAll('.excerpts li strong').length === 2`)
	b.visit("/path?from=ann&to=beta")
	b.wait("no line leads over it", reads("main", "No line was found"))
	for path, want := range map[string][]string{
		"/e/ann": {"<h2>Links (1)</h2>", "<h2>What sources only deny (2)</h2>", "<strong>speaks against it</strong>"},
		"/s/s_a": {"What it is quoted for (3)", "It is denied that Ann is affiliated with Beta.</p>", "<strong>speaks against it</strong>"},
	} {
		_, body := page(t, origin+path)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s without scripts lacks %s:\n%s", path, w, body)
			}
		}
	}
}

// TestHoveringLightsALine: while the pointer is over a line as it is told, that line is lit in the picture and the rest fades.
func TestHoveringLightsALine(t *testing.T) {
	b := newTab(t, newBrowser(t), newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"PERSON","id":"bo","name":"Bo"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"INSTITUTION","id":"beta","name":"Beta"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"acme","evidence":[{"source":"s_a","excerpt":"b"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"beta","evidence":[{"source":"s_a","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"beta","evidence":[{"source":"s_a","excerpt":"d"}]}
`))
	b.visit("/path?from=ann&to=bo")
	b.wait("two lines are drawn", `document.querySelectorAll('.told > li').length === 2 && `+drawn(4, 4))
	// by the opacity at which they are drawn
	const lit = `document.querySelector('.drawing')._cyreg.cy.elements().filter(x => Number(x.style('opacity')) === 1).map(x => x.isNode() ? x.id() : x.source().id() + '–' + x.target().id()).sort().join()`
	lights := map[string]string{
		"Acme": "acme,ann,ann–acme,bo,bo–acme",
		"Beta": "ann,ann–beta,beta,bo,bo–beta",
	}
	over := func(what, selector string) {
		r := b.boxOf(selector)
		b.run(what, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, r[0]+r[2]/2, r[1]+r[3]/2))
	}
	for _, nth := range []int{2, 1, 2} {
		line := fmt.Sprintf(".told > li:nth-child(%d)", nth)
		through := "Acme"
		if evaluate[bool](b, reads(line, "Beta")) {
			through = "Beta"
		}
		over("point at a line", line)
		b.wait("it is lit and the rest is not", lit+" === "+quote(lights[through]))
	}
	b.screenshot("hovering")
	through := "Acme"
	if evaluate[bool](b, reads(".told > li:nth-child(1)", "Beta")) {
		through = "Beta"
	}
	over("point elsewhere", "h1")
	b.wait("the first is lit, whose words are shown", lit+" === "+quote(lights[through]))
}

// TestSignsOfLines: what a line of a picture says by its label, its width and its dashes.
func TestSignsOfLines(t *testing.T) {
	b := newTab(t, newBrowser(t), newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report"}
{"source":"REPORT","id":"s_b","title":"B report"}
{"source":"REPORT","id":"s_c","title":"C report"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"once","name":"Once"}
{"node":"INSTITUTION","id":"thrice","name":"Thrice"}
{"node":"INSTITUTION","id":"again","name":"Again"}
{"node":"INSTITUTION","id":"parallel","name":"Parallel"}
{"node":"INSTITUTION","id":"disputed","name":"Disputed"}
{"link":"AFFILIATED_WITH","from":"ann","to":"once","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"thrice","evidence":[{"source":"s_a","excerpt":"a"},{"source":"s_b","excerpt":"b"},{"source":"s_c","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"again","evidence":[{"source":"s_a","excerpt":"a"},{"source":"s_a","excerpt":"b"},{"source":"s_a","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"parallel","role":"member","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"parallel","role":"chair","evidence":[{"source":"s_a","excerpt":"b"}]}
{"link":"AFFILIATED_WITH","from":"ann","to":"disputed","evidence":[{"source":"s_a","excerpt":"a"},{"source":"s_b","excerpt":"b","stance":"REFUTES"}]}
`))
	b.visit("/e/ann")
	b.wait("it is drawn", drawn(6, 5))
	type sign struct {
		Label string
		Width float64
		Style string
	}
	got := evaluate[map[string]sign](b, `Object.fromEntries(document.querySelector('.drawing')._cyreg.cy.edges().map(e =>
		[e.target().id(), { label: e.style('label'), width: parseFloat(e.style('width')), style: e.style('line-style') }]))`)
	for to, want := range map[string]sign{
		"once":     {"affiliated with", 2, "solid"},
		"thrice":   {"affiliated with", 4, "solid"},
		"again":    {"affiliated with", 2, "solid"}, // three pieces of one source
		"parallel": {"2 links", 2, "solid"},
		"disputed": {"affiliated with (disputed)", 2, "dashed"},
	} {
		if got[to] != want {
			t.Errorf("to %s: %+v, not %+v", to, got[to], want)
		}
	}
	x1, y1 := b.nodeAt("ann")
	x2, y2 := b.nodeAt("parallel")
	b.run("click the counted line", chromedp.MouseClickXY((x1+x2)/2, (y1+y2)/2))
	b.wait("both of its links are there", reads(".panel", "2 links between the two")+" && "+reads(".panel", "member")+" && "+reads(".panel", "chair"))
	b.screenshot("signs")
}

// TestFocusAndFind: a picture is cut down to what is within so many steps of an entity, and one that is out of sight is found in it.
func TestFocusAndFind(t *testing.T) {
	b := newTab(t, newBrowser(t), newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"PERSON","id":"bo","name":"Bo"}
{"node":"INSTITUTION","id":"beta","name":"Beta"}
{"node":"PERSON","id":"cy","name":"Cy"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"acme","evidence":[{"source":"s_a","excerpt":"b"}]}
{"link":"AFFILIATED_WITH","from":"bo","to":"beta","evidence":[{"source":"s_a","excerpt":"c"}]}
{"link":"AFFILIATED_WITH","from":"cy","to":"beta","evidence":[{"source":"s_a","excerpt":"d"}]}
`))
	b.visit(viewOf(t, []string{"ann", "acme", "bo", "beta", "cy"}))
	b.wait("all is drawn", drawn(5, 4))
	x, y := b.nodeAt("ann")
	b.run("choose the first", chromedp.MouseClickXY(x, y))
	b.wait("it is chosen", reads(".panel h3", "Ann"))
	b.click("details.more summary")
	for degrees, want := range []string{drawn(5, 4), drawn(2, 1), drawn(3, 2), drawn(4, 3), drawn(5, 4)} {
		b.choose(`document.querySelectorAll('.more select')[0]`, fmt.Sprint(degrees))
		b.wait(fmt.Sprintf("within %d steps", degrees), want)
	}
	b.choose(`document.querySelectorAll('.more select')[0]`, "1")
	b.wait("cut down", drawn(2, 1))
	b.choose(`document.querySelectorAll('.more select')[0]`, "0")
	b.wait("all again", drawn(5, 4))

	const inside = `(() => { const cy = document.querySelector('.drawing')._cyreg.cy, p = cy.getElementById('cy').renderedPosition();
		return p.x > 0 && p.y > 0 && p.x < cy.width() && p.y < cy.height(); })()`
	b.reach(".mirror button")
	for range 40 {
		if !evaluate[bool](b, inside) {
			break
		}
		b.press("+")
	}
	b.wait("it is out of sight", "!"+inside)
	b.menu(`[...document.querySelectorAll('.tools select')].find(s => s.ariaLabel?.startsWith('Find'))`, "cy")
	b.wait("it is found, and chosen", inside+" && "+reads(".panel h3", "Cy"))
}

// TestTimeIsPlayed: the window of time goes through the years by itself, ends where time does, and can be held.
func TestTimeIsPlayed(t *testing.T) {
	lines := `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann"}
`
	for year := 2000; year < 2004; year++ {
		lines += fmt.Sprintf(`{"node":"INSTITUTION","id":"i%d","name":"Of %d"}
{"link":"AFFILIATED_WITH","from":"ann","to":"i%d","since":"%d","until":"%d","evidence":[{"source":"s_a","excerpt":"a"}]}
`, year, year, year, year, year)
	}
	b := newTab(t, newBrowser(t), newServerFrom(t, lines))
	b.visit("/e/ann")
	b.wait("all is drawn", drawn(5, 4))
	evaluate[chromedp.Void](b, `void (() => { const seen = window.seen = [], years = document.querySelectorAll('.time output');
		new MutationObserver(() => {
			const now = [...years].map(o => o.innerText).join('–');
			if (seen.at(-1) !== now) { seen.push(now); }
		}).observe(document.querySelector('.time'), { subtree: true, childList: true, characterData: true }); })()`)
	b.button("Play")
	b.wait("it can be held", `[...document.querySelectorAll('.time button')].some(e => e.innerText === 'Pause')`)
	b.wait("a year alone is drawn", `document.querySelector('.drawing').dataset.edges === '1'`)
	b.wait("it ends with the last year", `window.seen.at(-1) === '2003–2003' && [...document.querySelectorAll('.time button')].some(e => e.innerText === 'Play')`)
	if got := evaluate[[]string](b, "window.seen"); !slices.Equal(got, []string{"2000–2000", "2001–2001", "2002–2002", "2003–2003"}) {
		t.Errorf("the years seen were %q", got)
	}
	b.button("Play")
	b.wait("it begins again", `window.seen.at(-1) === '2001–2001'`)
	b.button("Pause")
	b.wait("it is held", `[...document.querySelectorAll('.time button')].some(e => e.innerText === 'Play')`)
	b.button("All years")
	b.wait("all is drawn", drawn(5, 4))
}

// TestPicturesOfLinesStayThose: a picture of lines has the links of the lines and no others, whatever was looked at before, after a
// reload, and for whom it is sent to; expanding shows the others, and undo takes them away.
func TestPicturesOfLinesStayThose(t *testing.T) {
	b := newTab(t, newBrowser(t), newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"PERSON","id":"ann","name":"Ann"}
{"node":"PERSON","id":"bo","name":"Bo"}
{"node":"EVENT","id":"day","name":"Open day"}
{"link":"PARTICIPATED_IN","from":"ann","to":"day","evidence":[{"source":"s_a","excerpt":"a"}]}
{"link":"PARTICIPATED_IN","from":"bo","to":"day","evidence":[{"source":"s_a","excerpt":"b"}]}
{"link":"ORGANIZED","from":"ann","to":"day","evidence":[{"source":"s_a","excerpt":"c"}]}
`))
	const two, three = "3 entities, 2 links shown", "3 entities, 3 links shown"
	said := func(what, text string) {
		t.Helper()
		b.wait(what, reads(".stage > .said", text))
	}
	b.visit("/e/ann")
	b.wait("two links of hers are known", reads(".stage > .said", "2 links shown"))
	b.run("connect her", clicking(chromedp.Search(`//a[starts-with(., "Connect with")]`)))
	b.wait("the other is asked for", `document.activeElement.matches('.ends input')`)
	b.text("Bo")
	b.wait("he is found", suggested)
	b.press(kb.Enter)
	b.wait("a line is there", `document.querySelectorAll('.told > li').length > 0`)
	b.click(".ends summary")
	b.run("only who took part", clicking(chromedp.Search(`//fieldset[@class="kinds"]/label[normalize-space()="participated in"]/input`)))
	b.wait("it is a condition", `location.search.includes('kind=PARTICIPATED_IN')`)
	said("no other kind is drawn", two)
	b.more()
	b.button("Copy a link to this view")
	b.wait("it is copied", `window.copied?.includes('/view#v=')`)
	view := evaluate[string](b, `window.copied.slice(location.origin.length)`)
	b.run("load it anew", chromedp.Reload())
	said("it is as it was", two)
	b.visit(view)
	said("who is sent it sees the same", two)
	b.wait("and its query asks for them", `/"ids":\["l_\w+","l_\w+"\]/.test(decodeURIComponent([...document.querySelectorAll('.more a')].at(-1).href))`)
	x, y := b.nodeAt("ann")
	b.run("choose her", chromedp.MouseClickXY(x, y))
	b.wait("one is not shown", reads(".panel", "1 link not shown"))
	b.button("Expand: All kinds")
	said("then it is", three)
	b.button("Undo")
	said("and no more", two)
}
