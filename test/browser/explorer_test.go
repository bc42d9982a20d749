package browser_test

import (
	"encoding/xml"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// staff is how many people of the graph of newExplorer work at its one hub, Acme.
const staff = 60

// newExplorer serves the sample, and beside it a hub: people who work at Acme, each since a year of their own, as a
// source says whose text is stored. What Person 01 is said to be is disputed.
func newExplorer(t *testing.T) string {
	t.Helper()
	var text, lines strings.Builder
	for i := range staff {
		fmt.Fprintf(&text, "Person %02d works at Acme. ", i)
	}
	text.WriteString("But Person 01 never did, says \U0001F469\u200D\U0001F52C Eve.")
	fmt.Fprintf(&lines, `{"source":"REPORT","id":"s_staff","title":"The staff of Acme","url":"https://example.org/staff-list","publisher":"Acme Press","publishedOn":"2020-05","text":%q}`+"\n",
		text.String())
	lines.WriteString(`{"node":"INSTITUTION","id":"acme","name":"Acme"}` + "\n")
	for i := range staff {
		fmt.Fprintf(&lines, `{"node":"PERSON","id":"p%02d","name":"Person %02d"}`+"\n", i, i)
	}
	for i := range staff {
		denied := ""
		if i == 1 {
			denied = `,{"source":"s_staff","excerpt":"Person 01 never did","stance":"REFUTES"}`
		}
		fmt.Fprintf(&lines, `{"link":"AFFILIATED_WITH","from":"p%02d","to":"acme","since":"%d","evidence":[{"source":"s_staff","excerpt":"Person %02d works at Acme"}%s]}`+"\n",
			i, 1960+i, i, denied)
	}
	return newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{
			exchange.FromBytes("sample.jsonl", sample.Data), exchange.FromBytes("staff.jsonl", []byte(lines.String())),
		}, exchange.Options{})
		return err
	})
}

// visit opens a page of the explorer and keeps what it copies.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.run("open "+path, chromedp.Navigate(b.origin+path))
	b.wait("the page is there", `document.querySelector('main h1') !== null && document.querySelector('header.top') !== null`)
	evaluate[chromedp.Void](b, `void (navigator.clipboard.writeText = async text => { window.copied = text; })`)
}

// button presses the button of a name.
func (b *tab) button(name string) {
	b.t.Helper()
	b.run("press "+name, clicking(chromedp.Search(`//button[normalize-space()="`+name+`"]`)))
}

// more opens what stands behind a button where the window is narrow.
func (b *tab) more() {
	b.t.Helper()
	if evaluate[bool](b, `document.querySelector('.opens[aria-expanded=false]')?.checkVisibility() === true`) {
		b.click(".opens")
	}
}

// text types into what has the focus, as a person does.
func (b *tab) text(text string) {
	b.t.Helper()
	for _, key := range text {
		b.press(string(key))
	}
}

// reach goes by Tab until a selector has the focus.
func (b *tab) reach(selector string) {
	b.t.Helper()
	b.wait("there is "+selector, "document.querySelector("+quote(selector)+") !== null")
	for range 120 {
		if evaluate[bool](b, "document.activeElement.matches("+quote(selector)+")") {
			return
		}
		b.press(kb.Tab)
	}
	b.screenshot("not reached")
	b.t.Fatalf("Tab does not reach %s", selector)
}

// counts says how many nodes and edges are drawn.
func drawn(nodes, edges int) string {
	return fmt.Sprintf(`document.querySelector('.drawing')?.dataset.nodes === '%d' && document.querySelector('.drawing')?.dataset.edges === '%d'`,
		nodes, edges)
}

const (
	suggested = `document.querySelectorAll('[role=listbox][aria-busy=false]:not([hidden]) [role=option]').length > 0`
	// a node of the picture, where it stands on the page
	nodeAt = `(() => { const c = document.querySelector('.drawing'), r = c.getBoundingClientRect(), p = c._cyreg.cy.getElementById(%q).renderedPosition();
		return [r.x + p.x, r.y + p.y]; })()`
)

// nodeAt is where a node of the picture stands on the page.
func (b *tab) nodeAt(id string) (x, y float64) {
	b.t.Helper()
	p := evaluate[[]float64](b, fmt.Sprintf(nodeAt, id))
	return p[0], p[1]
}

// TestConnectTwoInSixActions is the task of somebody who knows no GraphQL: find the line between two people they choose,
// and copy the words of its second step. To press something is an action, and so is to name somebody: to type a part of the name, and
// Enter.
func TestConnectTwoInSixActions(t *testing.T) {
	origin := newExplorer(t)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/")
	actions := 0
	press := func(selector string) {
		t.Helper()
		actions++
		b.click(selector)
	}
	name := func(part string) {
		t.Helper()
		actions++
		b.text(part)
		b.wait("names are suggested", suggested)
		b.press(kb.Enter)
	}
	press(`nav a[href="/path"]`)
	b.wait("the first box has the focus", `document.activeElement.getAttribute('role') === 'combobox'`)
	name("kaldor")
	b.wait("the second box has the focus", `location.search.includes('from=mary-kaldor') && document.activeElement.getAttribute('role') === 'combobox' && document.activeElement.value === ''`)
	name("stoltenberg")
	b.wait("there are lines", `document.querySelectorAll('.told > li').length > 0`)
	press(`.told > li:first-child .steps li:nth-child(2) button`)
	b.wait("the second step is shown", reads(".hop h2", "Step 2 of"))
	press(`.hop .copy button`)
	b.wait("it is copied", reads(".hop .said", "Copied."))
	if copied := evaluate[string](b, "window.copied"); !strings.Contains(copied, "DIPLOMATIC TIMES") || !strings.HasPrefix(copied, "“") {
		t.Errorf("copied %q", copied)
	}
	if actions > 6 {
		t.Errorf("it took %d actions", actions)
	}
}

// TestExplorerByKeyboard goes from the start to the citation of the second step of the headline's line, and through the
// picture, by keys alone.
func TestExplorerByKeyboard(t *testing.T) {
	origin := newExplorer(t)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/")
	b.wait("the invitation is there", `document.querySelector('.invite a') !== null`)
	b.reach(".invite a")
	b.press(kb.Enter)
	b.wait("the line is there", reads(".told", "Protecting civilians"))
	b.reach(".steps li:nth-child(2) button")
	b.press(kb.Enter)
	b.wait("its words are there", reads(".hop h2", "Step 2 of 2"))
	b.press("b")
	b.wait("B goes back", reads(".hop h2", "Step 1 of 2"))
	b.press("n")
	b.wait("N goes on", reads(".hop h2", "Step 2 of 2"))
	b.reach(".hop .copy button")
	b.press(kb.Enter)
	b.wait("it is copied", reads(".hop .said", "Copied."))
	if copied := evaluate[string](b, "window.copied"); !strings.Contains(copied, "Mary Kaldor") {
		t.Errorf("copied %q", copied)
	}
	if got := evaluate[[]string](b, `[...document.querySelectorAll('.told > li.current .step')].map(s => s.innerText)`); len(got) != 2 {
		t.Errorf("steps %q", got)
	}

	b.press("/")
	b.wait("/ goes to the search", `document.activeElement.matches('[data-search]')`)
	b.text("kaldr")
	b.wait("a misspelt name is found", suggested+" && "+reads("[role=listbox]:not([hidden])", "Mary Kaldor"))
	b.press(kb.ArrowDown)
	b.press(kb.ArrowUp)
	b.press(kb.Enter)
	b.wait("the entity is shown", reads("h1", "Mary Kaldor")+" && "+drawn(5, 7))
	b.reach(".mirror button")
	first := evaluate[string](b, "document.activeElement.innerText")
	if first != "Mary Kaldor, person, 4 links, 4 shown" {
		t.Errorf("the first entity says %q", first)
	}
	moved := false
	for _, key := range []string{kb.ArrowLeft, kb.ArrowRight, kb.ArrowUp, kb.ArrowDown} {
		b.press(key)
		moved = moved || evaluate[string](b, "document.activeElement.innerText") != first
	}
	if !moved {
		t.Error("no arrow goes to a neighbour")
	}
	b.press(kb.Home)
	b.press(kb.Enter)
	b.wait("its words are beside the picture", reads(".panel", "Mary Kaldor is affiliated with"))
	b.press("e")
	b.press("h")
	b.wait("H hides it, and a neighbour has the focus", drawn(4, 3)+` && document.activeElement.matches('.mirror button')`)
	b.run("undo", chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait("Ctrl+Z brings it back", drawn(5, 7))
	b.press("?")
	b.wait("? shows the keys", `document.querySelector('dialog').open`)
	b.press(kb.Escape)
	b.wait("Escape closes them", `!document.querySelector('dialog').open`)
}

// TestPictures draws, expands, picks, filters by time, undoes, shares and saves, by the mouse.
func TestPictures(t *testing.T) {
	origin := newExplorer(t)
	browser := newBrowser(t)
	b := newTab(t, browser, origin)
	b.visit("/e/mary-kaldor")
	b.wait("the surroundings are drawn", drawn(5, 7))
	if evaluate[bool](b, `document.createElement('canvas').getContext('webgl') !== null`) {
		t.Error("this browser has WebGL, which many have not")
	}
	x, y := b.nodeAt("mary-kaldor")
	b.run("click it", chromedp.MouseClickXY(x, y))
	b.wait("it is chosen", reads(".panel h3", "Mary Kaldor"))
	b.run("drag it", chromedp.DragAndDropXY(x, y, x-60, y+40))
	x2, y2 := b.nodeAt("mary-kaldor")
	if dx, dy := x2-x, y2-y; dx > -20 || dy < 10 {
		t.Errorf("dragged by %.0f, %.0f", dx, dy)
	}
	place := evaluate[[]float64](b, `(() => { const p = document.querySelector('.drawing')._cyreg.cy.getElementById('mary-kaldor').position(); return [p.x, p.y]; })()`)
	back := fmt.Sprintf(`(() => { const p = document.querySelector('.drawing')._cyreg.cy.getElementById('mary-kaldor').position();
		return Math.hypot(p.x - %g, p.y - %g); })()`, place[0], place[1])
	b.button("Undo")
	b.wait("it stands where it stood", back+" > 20")
	if x1, y1 := b.nodeAt("mary-kaldor"); math.Hypot(x1-x, y1-y) > 3 {
		t.Errorf("undone, it stands at %.0f, %.0f, not %.0f, %.0f", x1, y1, x, y)
	}
	b.button("Redo")
	b.wait("it stands where it was dragged to", back+" < 0.01")
	x, y = b.nodeAt("digital-dialogue-on-human-security-in-nato")
	b.run("expand by a double click", chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	b.wait("it is expanded", `Number(document.querySelector('.drawing').dataset.nodes) > 15`)
	if got := evaluate[[]float64](b, `(() => { const p = document.querySelector('.drawing')._cyreg.cy.getElementById('mary-kaldor').position(); return [p.x, p.y]; })()`); got[0] != place[0] || got[1] != place[1] {
		t.Errorf("what was there moved from %v to %v", place, got)
	}
	b.screenshot("expanded")

	t.Run("a link in the address holds all of it", func(t *testing.T) {
		nodes := evaluate[string](b, "document.querySelector('.drawing').dataset.nodes")
		b.button("Copy a link to this view")
		b.wait("it is copied", "window.copied !== undefined")
		link := evaluate[string](b, "window.copied")
		other := newTab(t, browser, origin)
		other.visit(strings.TrimPrefix(link, origin))
		other.wait("the same is drawn", "document.querySelector('.drawing').dataset.nodes === '"+nodes+"'")
		at := evaluate[[]float64](other, `(() => { const p = document.querySelector('.drawing')._cyreg.cy.getElementById('mary-kaldor').position(); return [Math.round(p.x), Math.round(p.y)]; })()`)
		if dx, dy := at[0]-place[0], at[1]-place[1]; dx > 1 || dx < -1 || dy > 1 || dy < -1 {
			t.Errorf("it stands at %v, not %v", at, place)
		}
		other.visit("/view#v=damaged")
		other.wait("a damaged link says so", drawn(0, 0)+" && "+reads("[role=alert]", "holds no picture"))
		other.wait("nothing can be saved, or told", `document.querySelector('select[aria-label^="Save as"]').disabled &&
			[...document.querySelectorAll('.tools button')].find(e => e.textContent === 'Add to a story').disabled`)
		evaluate[chromedp.Void](b, `void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))`)
		b.button("Copy a link to this view")
		b.wait("a clipboard that is closed is told", reads(".said", "Copy this: "+origin))
	})
	b.button("Table")
	b.wait("the table has every link", `document.querySelectorAll('tbody tr').length > 15`)
	if evaluate[bool](b, `(s => s.scrollWidth > s.clientWidth)(document.querySelector('.scroll'))`) {
		t.Error("a column of the table is cut")
	}
	b.click("th:nth-child(3) button")
	if sorted := evaluate[[]string](b, `[...document.querySelectorAll('tbody td:nth-child(3)')].map(c => c.innerText)`); !inOrder(sorted) {
		t.Errorf("not sorted: %q", sorted)
	}
	b.button("Undo")
	b.wait("the table follows", `document.querySelectorAll('tbody tr').length === 7`)

	b.visit("/e/acme")
	b.wait("a hub is not poured out", drawn(2, 1))
	x, y = b.nodeAt("group AFFILIATED_WITH acme")
	b.run("open the group", chromedp.MouseClickXY(x, y))
	b.wait("it is a list", reads(".panel", "Acme: affiliated with")+` && document.querySelectorAll('.pick li').length === 50`)
	b.run("filter it", chromedp.SendKeys(chromedp.CSS(".panel input"), "Person 59"))
	b.wait("the list is filtered", `document.querySelectorAll('.pick li').length === 1`)
	b.click(".pick button")
	b.wait("what is picked is drawn", drawn(3, 2))
	b.run("all again", chromedp.SendKeys(chromedp.CSS(".panel input"), strings.Repeat(kb.Backspace, 9)+"Person 0"))
	b.wait("the list is another", `document.querySelectorAll('.pick li').length === 10`)
	for i := range 3 {
		b.click(`.pick button:not([disabled])`)
		b.wait("one more is drawn", drawn(4+i, 3+i))
	}
	b.wait("there is time", `document.querySelector('.time') !== null`)
	b.reach(".time input[type=range]")
	for range 2000 - 1960 {
		b.press(kb.ArrowRight)
	}
	b.wait("from 2000 on", `document.querySelector('.time input[type=range]').value === '2000'`)
	b.wait("all still hold, as none has ended", drawn(6, 5))
	b.click(`.time input[type=checkbox]`)
	b.wait("only certain ones are left", `document.querySelector('.drawing').dataset.edges === '1'`)
	b.screenshot("time")
}

// choose chooses a value of the field that an expression finds, by keys.
func (b *tab) choose(field, value string) {
	b.t.Helper()
	b.run("go to the field", chromedp.Evaluate[chromedp.Void](`void `+field+`.focus()`))
	b.press(kb.Home)
	for range evaluate[int](b, field+`.options.length`) {
		if evaluate[string](b, field+`.value`) == value {
			return
		}
		b.press(kb.ArrowDown)
	}
	b.t.Fatalf("no key leads to %s", value)
}

// menu chooses an entry of a list that does something as soon as one is chosen, and then shows none: keys would go through all.
func (b *tab) menu(field, value string) {
	b.t.Helper()
	b.run("choose "+value, chromedp.Evaluate[chromedp.Void](`void (() => { const s = `+field+`;
		s.value = `+quote(value)+`; s.dispatchEvent(new Event('change', {bubbles: true})); })()`))
}

// saved is the text of the file that a page hands to the browser, saved in a format.
func (b *tab) saved(format string) string {
	b.t.Helper()
	evaluate[chromedp.Void](b, `void (window.saved = null,
		URL.createObjectURL = blob => { blob.text().then(text => { window.saved = text; }); return '#'; })`)
	b.menu(`[...document.querySelectorAll('.tools select')].find(s => [...s.options].some(o => o.value === `+
		quote(format)+`))`, format)
	b.wait("it is saved", "typeof window.saved === 'string'")
	return evaluate[string](b, "window.saved")
}

// TestSeveralAtOnce chooses several entities by drawing around them, by Shift and by the keyboard, and keeps, leaves out and
// saves what is chosen.
func TestSeveralAtOnce(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/mary-kaldor")
	b.wait("the surroundings are drawn", drawn(5, 7))
	b.button("Draw around")
	box := evaluate[[]float64](b, `(() => { const r = document.querySelector('.drawing').getBoundingClientRect();
		return [r.left + 3, r.top + 3, r.right - 3, r.bottom - 3]; })()`)
	mouse := func(how input.DispatchMouseEventType, x, y float64) chromedp.Action[chromedp.Void] {
		return chromedp.MouseEvent(how, x, y, chromedp.ButtonLeft)
	}
	b.run("draw around all of it", mouse(input.DispatchMouseEventTypeMousePressed, box[0], box[1]),
		mouse(input.DispatchMouseEventTypeMouseMoved, box[2], box[1]),
		mouse(input.DispatchMouseEventTypeMouseMoved, box[2], box[3]),
		mouse(input.DispatchMouseEventTypeMouseMoved, box[0], box[3]),
		mouse(input.DispatchMouseEventTypeMouseReleased, box[0], box[3]))
	b.wait("all are chosen", reads(".panel h3", "5 entities chosen")+" && "+reads(".panel", "7 links among them"))
	b.button("Draw around")
	b.screenshot("lasso")

	x, y := b.nodeAt("mary-kaldor")
	b.run("click one", chromedp.MouseClickXY(x, y))
	b.wait("it alone is chosen", reads(".panel h3", "Mary Kaldor"))
	x, y = b.nodeAt("london-school-of-economics-and-political-science")
	b.run("click another with Shift", chromedp.MouseClickXY(x, y, chromedp.ButtonModifiers(chromedp.ModifierShift)))
	b.wait("both are chosen", reads(".panel h3", "2 entities chosen"))
	evaluate[chromedp.Void](b, `document.querySelector('.mirror button[aria-pressed=false]').focus()`)
	b.press("s")
	b.wait("S adds one", reads(".panel h3", "3 entities chosen"))
	b.press("s")
	b.wait("S takes it out", reads(".panel h3", "2 entities chosen"))

	t.Run("what is saved is what is chosen, and imports", func(t *testing.T) {
		b.t = t
		file := exchange.FromBytes("saved.jsonl", []byte(b.saved("JSONL")))
		newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
			report, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{})
			if err == nil && (report.Sources != 1 || report.Nodes != 2 || report.Links != 1) {
				t.Errorf("imported %+v", report.Counts)
			}
			return err
		})
		newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
			whole := exchange.FromBytes("sample.jsonl", sample.Data)
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{whole}, exchange.Options{}); err != nil {
				return err
			}
			report, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{})
			for _, r := range report.Records {
				if r.New+r.Changed+r.Removed > 0 {
					t.Errorf("it is not what the graph holds: %+v", r)
				}
			}
			return err
		})
		var gexf struct {
			Nodes []struct {
				Label string `xml:"label,attr"`
			} `xml:"graph>nodes>node"`
			Edges []struct {
				Values []struct {
					For   string `xml:"for,attr"`
					Value string `xml:"value,attr"`
				} `xml:"attvalues>attvalue"`
			} `xml:"graph>edges>edge"`
		}
		if err := xml.Unmarshal([]byte(b.saved("GEXF")), &gexf); err != nil {
			t.Fatal(err)
		}
		excerpt := ""
		for _, e := range gexf.Edges {
			for _, v := range e.Values {
				if v.For == "excerpt" {
					excerpt = v.Value
				}
			}
		}
		if len(gexf.Nodes) != 2 || len(gexf.Edges) != 1 || !strings.Contains(excerpt, "Mary Kaldor") {
			t.Errorf("%+v", gexf)
		}
	})
	b.t = t
	b.button("Keep only these")
	b.wait("the others are gone", drawn(2, 1))
	b.button("Undo")
	b.wait("and back", drawn(5, 7))
	b.click("details.more summary")
	kind := chromedp.Search(`//label[contains(normalize-space(), "affiliated with")]/input`)
	b.run("leave out a kind", clicking(kind))
	b.wait("its links are gone", drawn(5, 6))
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	b.visit(strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin))
	b.wait("the link keeps that", drawn(5, 6))
}

// TestStories makes a story of two views, orders it, and reads it from its address.
func TestStories(t *testing.T) {
	browser := newBrowser(t)
	b := newTab(t, browser, newExplorer(t))
	for i, path := range []string{"/e/mary-kaldor", "/path?from=mary-kaldor&to=jens-stoltenberg"} {
		b.visit(path)
		b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes ?? 0) > 1`)
		b.button("Add to a story")
		b.wait("it is added", reads(".said", fmt.Sprintf("It is view %d of the story", i+1)))
	}
	b.click(`a[href="/story"]`)
	const two = `document.querySelectorAll('.story figure').length === 2`
	b.wait("both pictures are there, with shapes and directions", two+` && document.querySelectorAll('.story figure circle').length > 1 &&
		document.querySelectorAll('.story figure g rect, .story figure g polygon').length > 2 &&
		document.querySelectorAll('.story figure line + polygon').length > 3`)
	if over := evaluate[string](b, `(() => {
		const over = [];
		for (const svg of document.querySelectorAll('.story figure svg')) {
			const names = [...svg.querySelectorAll('tspan')].map(n => [n.textContent, n.getBoundingClientRect()]);
			for (const label of svg.querySelectorAll('text[transform]')) {
				for (let i = 0; i < label.getNumberOfChars(); i++) {
					const c = label.getExtentOfChar(i);
					const p = new DOMPoint(c.x + c.width / 2, c.y + c.height / 2).matrixTransform(label.getScreenCTM());
					for (const [name, r] of names) {
						if (p.x > r.left && p.x < r.right && p.y > r.top && p.y < r.bottom) {
							over.push(label.textContent + ' over ' + name);
						}
					}
				}
			}
		}
		return over.join(', ') || document.querySelectorAll('.story figure text[transform]').length + ' labels';
	})()`); strings.Contains(over, " over ") || over == "0 labels" {
		t.Errorf("labels of links lie over names: %s", over)
	}
	if cut := evaluate[int](b, `[...document.querySelectorAll('.story figure svg')].flatMap(s => [...s.querySelectorAll('text')].filter(t => {
		const a = t.getBoundingClientRect(), b = s.getBoundingClientRect(); return a.left < b.left || a.right > b.right || a.bottom > b.bottom; })).length`); cut > 0 {
		t.Errorf("%d labels are cut", cut)
	}
	b.run("say something",
		chromedp.SendKeys(chromedp.CSS(".story > ol > li:nth-child(1) textarea"), "Whom she knows"),
		chromedp.SendKeys(chromedp.CSS(".story > ol > li:nth-child(2) textarea"), "And <b>how</b>"))
	b.button("Later")
	b.wait("the order is another",
		`[...document.querySelectorAll('textarea')].map(t => t.value).join() === 'And <b>how</b>,Whom she knows'`)
	b.screenshot("editing")
	b.button("Copy a link to this story")
	b.wait("it is copied", "window.copied !== undefined")

	other := newTab(t, browser, b.origin)
	other.visit(strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin))
	other.wait("it reads", reads(".story > ol > li:nth-child(1) .caption", "And <b>how</b>")+" && "+two+
		" && document.querySelector('textarea') === null")
	other.screenshot("reading")
	other.click(".story > ol > li:nth-child(2) details summary")
	other.wait("it is in words", reads(".story > ol > li:nth-child(2)", "Mary Kaldor is affiliated with"))
	other.run("open a view", clicking(chromedp.Search(`(//a[normalize-space()="Open this view"])[2]`)))
	other.wait("the view is there", drawn(5, 7))
	other.visit("/story#v=damaged")
	other.wait("a damaged one says so", reads("[role=alert]", "holds no story"))
	other.visit("/story")
	other.wait("a tab of its own has none", reads("main", "A story is some views"))
}

func inOrder(list []string) bool {
	for i := 1; i < len(list); i++ {
		if strings.ToLower(list[i]) < strings.ToLower(list[i-1]) {
			return false
		}
	}
	return len(list) > 1
}

// TestMergesAreFollowed opens a picture, a story and a line that name an entity by its former id: each shows the entity that
// it was merged into.
func TestMergesAreFollowed(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/p05")
	b.wait("it is drawn", drawn(2, 1))
	b.button("Add to a story")
	b.wait("it is added", reads(".said", "It is view 1 of the story"))
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	link := strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin)
	const place = `(() => { const n = document.querySelector('.drawing')?._cyreg?.cy.getElementById('%s');
		return n?.length && Object.values(n.position()).map(Math.round).join(); })()`
	was := evaluate[string](b, fmt.Sprintf(place, "p05"))
	evaluate[chromedp.Void](b, `void fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
		query: 'mutation { mergeEntities(input: { survivor: { id: "p06" }, absorbed: [{ id: "p05" }] }) { errors { message } } }' }) })
		.then(r => r.text()).then(text => { window.merged = text; })`)
	b.wait("they are one", "window.merged !== undefined")
	if got := evaluate[string](b, "window.merged"); got != `{"data":{"mergeEntities":{"errors":[]}}}` {
		t.Fatal(got)
	}
	b.visit(link)
	b.wait("the survivor is drawn where the other was", fmt.Sprintf(place, "p06")+` === '`+was+`'`)
	if n := evaluate[int](b, `document.querySelector('.drawing')._cyreg.cy.nodes().length`); n != 2 {
		t.Errorf("%d are drawn", n)
	}
	b.visit("/story")
	b.wait("the story has it too", reads(".story figure", "Person 06")+` && document.querySelector('.story .warning') === null`)
	b.visit("/path?from=p05&to=acme")
	b.wait("the line is that of the survivor", reads("main", "Person 06 is affiliated with Acme"))
}

// TestReadingRoom reads a source: its text with marks, and what each supports.
func TestReadingRoom(t *testing.T) {
	origin := newExplorer(t)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/s/s_staff")
	b.wait("the text is marked", fmt.Sprintf(`document.querySelectorAll('.body mark').length === %d`, staff+1))
	if text := evaluate[string](b, `document.querySelector('.body').innerText`); !strings.HasSuffix(text, "says \U0001F469\u200D\U0001F52C Eve.") {
		t.Errorf("the text ends with %q", text[max(0, len(text)-60):])
	}
	b.click(`.body mark:last-of-type`)
	b.wait("the mark says what it is about", reads(".excerpts", "Person 01 is affiliated with Acme")+` && document.querySelectorAll('.excerpts li').length === 1`)
	b.wait("it is disputed", reads(".excerpts", "disputed"))
	b.click(`.excerpts a`)
	b.wait("from a mark to the graph", reads("h1", "Person 01"))
	b.run("back", chromedp.Evaluate[chromedp.Void](`void history.back()`))
	b.wait("and back", reads("h1", "The staff of Acme"))

	b.visit("/s/s_human-security-is-about-protecting-civilians-mary-kaldor")
	b.wait("without a text there are excerpts", reads(".source", "not stored")+` && document.querySelectorAll('.excerpts li').length > 60`)
}

// find searches a name in the nth box of a form, and takes the first that is suggested.
func (b *tab) find(nth int, name string) {
	b.t.Helper()
	b.run("search", chromedp.Focus(chromedp.Search(fmt.Sprintf(`(//form//input[@role="combobox"])[%d]`, nth))))
	b.text(name)
	b.wait("names are suggested", suggested)
	b.press(kb.Enter)
}

// TestStatements adds a statement while reading: words that are marked in the text, with names of the graph and one that is made,
// and takes it back. Words that are not in the source are refused.
func TestStatements(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/s/s_staff")
	marks := func(n int) string { return fmt.Sprintf(`document.querySelectorAll('.body mark').length === %d`, n) }
	b.wait("the text is marked, and names are known", marks(staff+1)+" && document.querySelectorAll('.body .named').length > 60")
	b.wait("there is a form", `document.querySelector('form.statement') !== null`)

	// the last sentence, which nothing quotes yet
	b.run("mark words", chromedp.Evaluate[chromedp.Void](`void (() => {
		const text = document.querySelector('.body').lastChild, at = text.data.indexOf('says');
		getSelection().setBaseAndExtent(text, at, text, text.data.length - 1); })()`))
	b.wait("the words are in the form", `document.querySelector('.statement textarea').value === 'says \u{1F469}\u200D\u{1F52C} Eve'`)
	b.click(".statement .end details summary")
	b.run("name a person", chromedp.SendKeys(chromedp.CSS(".statement .end details input"), "Eve"))
	b.button("Make it")
	b.wait("she is made", `document.querySelector('.statement [role=combobox]').value === 'Eve'`)
	b.choose(`document.querySelector('.statement > label select')`, "AFFILIATED_WITH")
	b.click(`.statement .picks button`)
	b.wait("a name of the text is taken", `document.querySelectorAll('.statement [role=combobox]')[1].value.length > 0`)
	to := evaluate[string](b, `document.querySelectorAll('.statement [role=combobox]')[1].value`)
	b.screenshot("form")
	b.button("Check")
	b.wait("it can be added, or not", `document.querySelector('.statement [role=alert]') !== null || `+
		reads(".statement .said", "It can be added: Eve is affiliated with"))
	if !strings.HasPrefix(to, "Acme") {
		b.wait("a person is no institution", reads(".statement [role=alert]", "INSTITUTION"))
		b.run("another", clicking(chromedp.Search(`(//form//button[normalize-space()="Choose another"])[2]`)))
		b.wait("the box is empty", `document.querySelectorAll('.statement [role=combobox]')[1].value === ''`)
		b.find(2, "acme")
		b.wait("it is Acme", `document.querySelectorAll('.statement [role=combobox]')[1].value === 'Acme'`)
		b.button("Check")
		b.wait("it can be added", reads(".statement .said", "It can be added: Eve is affiliated with Acme"))
	}
	b.button("Add")
	b.wait("it is added and marked", reads(".adding > .said", "Added: Eve is affiliated with Acme")+" && "+marks(staff+2))
	b.button("Take it back")
	b.wait("it is gone again", reads(".adding > .said", "taken back")+" && "+marks(staff+1))

	b.click(".adding details.card > summary")
	b.run("words that are not there", chromedp.SendKeys(chromedp.CSS(".statement textarea"), "Person 09 worked for Acme"))
	for i, name := range []string{"person 09", "acme"} {
		b.find(i+1, name)
	}
	b.choose(`document.querySelector('.statement > label select')`, "AFFILIATED_WITH")
	b.button("Add")
	b.wait("it is refused, with the nearest", reads(".statement [role=alert]", "do not stand in the text")+" && "+
		reads(".statement [role=alert] button", "Person 09")+" && !"+reads(".statement [role=alert]", "Nearest is"))
	b.screenshot("refused")
}

// TestPathsThatAreNot shows why there is no line.
func TestPathsThatAreNot(t *testing.T) {
	origin := newExplorer(t)
	b := newTab(t, newBrowser(t), origin)
	b.visit("/path?from=mary-kaldor&to=acme")
	b.wait("it says why", reads(".path > [role=status]", "in parts of the graph that nothing joins"))
	b.visit("/path?from=mary-kaldor&to=mary-kaldor")
	b.wait("two are needed", reads("[role=alert]", "two different"))
	b.visit("/path?from=mary-kaldor&to=protection-of-civilians&kind=SAID")
	b.wait("the nearest line is shown", reads(".path", "breaks a condition")+` && document.querySelectorAll('.told > li').length === 1`)
	b.wait("it is dashed", `(e => e.length === 2 && e.every(e => e.style('line-style') === 'dashed'))(document.querySelector('.drawing')?._cyreg.cy.edges().toArray() ?? [])`)
	kind := chromedp.Search(`//fieldset//label[contains(normalize-space(), "said")]/input`)
	b.run("without the condition", clicking(kind))
	b.wait("there are lines, and the conditions stay where they are", `document.querySelectorAll('.told > li').length > 1 && document.querySelector('.ends > details').open`)
	const from = `document.querySelector('.ends [role=combobox]')`
	b.visit("/path?from=mary-kaldor&to=nato")
	b.wait("the line is there", `document.querySelectorAll('.told > li').length > 0`)
	b.reach(".ends [role=combobox]")
	b.text("x")
	b.wait("something else is typed", from+`.value !== 'Mary Kaldor'`)
	b.press(kb.Escape)
	b.press(kb.Tab)
	b.wait("what is not chosen goes", from+`.value === 'Mary Kaldor'`)
	b.run("all of it", chromedp.Evaluate[chromedp.Void](`void (`+from+`.focus(), `+from+`.select())`))
	b.text("stoltenberg")
	b.wait("names are suggested", suggested+" && "+reads("[role=listbox]:not([hidden])", "Jens Stoltenberg"))
	b.press(kb.Tab)
	b.wait("what is lit is taken", `location.search.includes('from=jens-stoltenberg') && `+from+`.value === 'Jens Stoltenberg'`)
	b.visit("/path?from=mary-kaldor&to=nobody&kind=NOPE&since=abc&rank=foo")
	b.wait("what means nothing is told", reads(".path", "No entity has this id: nobody")+" && "+reads(".path", "kind=NOPE, since=abc, rank=foo"))
	b.visit("/path?from=mary-kaldor&to=nato&since=2022&until=2020")
	b.wait("years run forwards", reads(".path", "The first year is after the last"))
	b.visit("/path?from=p02&to=p03&avoid=acme")
	b.wait("a condition that leaves nothing", reads(".path", "No line was found")+" && "+reads(".several:nth-of-type(2)", "Acme"))
	b.click(`.several button`)
	b.wait("without it there is one", reads(".told", "Person 03 is affiliated with Acme"))
}

// TestPagesWithoutScripts reads what a page says before its script runs, and what it answers when there is nothing.
func TestPagesWithoutScripts(t *testing.T) {
	origin := newExplorer(t)
	get := func(path string) (int, string) { return page(t, origin+path) }
	for path, want := range map[string][]string{
		"/": {"<title>Throughline</title>", "<noscript>"},
		"/e/mary-kaldor": {
			"<title>Mary Kaldor · Throughline</title>", `"@type":"Person"`, `<p class="quiet">person</p>`, "<blockquote>", `href="/e/human-security-is-about-protecting-civilians"`,
		},
		"/s/s_staff": {
			"<title>The staff of Acme · Throughline</title>", `"datePublished":"2020-05"`, "Person 00 is affiliated with Acme", `href="https://example.org/staff-list"`,
			"<blockquote>Person 00 works at Acme</blockquote>", "The first 50 of 60",
		},
	} {
		if status, body := get(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		} else {
			for _, w := range want {
				if !strings.Contains(body, w) {
					t.Errorf("%s lacks %s:\n%s", path, w, body)
				}
			}
		}
	}
	for path, to := range map[string]string{"/e/s_staff": "The staff of Acme", "/s/mary-kaldor": "Mary Kaldor"} {
		if status, body := get(path); status != http.StatusOK || !strings.Contains(body, "<title>"+to) {
			t.Errorf("%s: %d, not the page of %s", path, status, to)
		}
	}
	for _, path := range []string{"/e/nobody", "/s/nothing", "/e/" + url.PathEscape("</script><script>alert(1)"), "/e/l_none", "/e/%00", "/nowhere"} {
		if status, body := get(path); status != http.StatusNotFound || strings.Contains(body, "alert(1)") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// TestExplorerHasNoBarriers looks at every view of the explorer as TestNoBarriers does at the playground.
func TestExplorerHasNoBarriers(t *testing.T) {
	eachLook(t, newExplorer(t), func(b *tab, source string, width int64) {
		look := func(where string) {
			b.t.Helper()
			b.barriers(source, where)
			if evaluate[bool](b, "document.documentElement.scrollWidth > innerWidth") {
				b.t.Errorf("%s is wider than %d px", where, width)
			}
		}
		b.visit("/")
		b.wait("the start is filled", reads(".columns", "Most connected"))
		look("start")
		b.visit("/e/mary-kaldor")
		b.wait("it is drawn", drawn(5, 7))
		b.reach(".mirror button")
		b.press(kb.Enter)
		b.wait("it is chosen", reads(".panel", "Mary Kaldor is affiliated with"))
		look("entity")
		b.press("?")
		b.wait("the keys are shown", `document.querySelector('dialog').open`)
		look("keys")
		b.press(kb.Escape)
		b.more()
		b.button("Copy a link to this view")
		b.wait("it is copied", "window.copied !== undefined")
		view := strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin)
		b.click(".panel summary")
		b.wait("words", `document.querySelector('.panel blockquote') !== null`)
		b.button("Table")
		look("table")
		b.visit("/path?from=mary-kaldor&to=protection-of-civilians&rank=SHORTEST")
		b.wait("the line is there", reads(".told", "Protecting civilians"))
		look("path")
		b.visit(view)
		b.wait("the view is drawn", drawn(5, 7))
		look("view")
		b.visit("/path?from=mary-kaldor&to=protection-of-civilians&kind=SAID")
		b.wait("the nearest line is there", reads(".path", "breaks a condition")+` && document.querySelector('.drawing') !== null`)
		look("near miss")
		b.visit("/nowhere")
		b.wait("nothing is there", reads("h1", "There is nothing here"))
		look("missing")
		b.forgive("404")
		b.visit("/s/s_staff")
		b.wait("the text is marked", `document.querySelectorAll('.body mark').length > 0`)
		b.wait("names are known", `document.querySelector('.body .named') !== null`)
		b.click(".adding summary")
		look("source")
		b.run("words that are not there", chromedp.SendKeys(chromedp.CSS(".statement textarea"), "Person 09 worked for Acme"))
		for i, name := range []string{"person 09", "acme"} {
			b.find(i+1, name)
		}
		b.choose(`document.querySelector('.statement > label select')`, "AFFILIATED_WITH")
		b.button("Add")
		b.wait("it is refused", reads(".statement [role=alert]", "do not stand in the text"))
		look("refused statement")
		b.visit("/e/acme")
		b.wait("a group", drawn(2, 1))
		b.reach(".mirror button")
		b.press(kb.End)
		b.press(kb.Enter)
		b.wait("it is a list", `document.querySelectorAll('.pick li').length === 50`)
		look("group")
		b.more()
		look("more")
		b.button("Add to a story")
		b.wait("it is added", `document.querySelector('a[href="/story"]') !== null`)
		b.click(`a[href="/story"]`)
		b.wait("the story is there", `document.querySelectorAll('.story figure').length === 1`)
		look("story")
		b.button("Copy a link to this story")
		b.wait("it is copied", reads(".said", "in the clipboard"))
		b.visit(strings.TrimPrefix(evaluate[string](b, "window.copied"), b.origin))
		b.wait("it reads", `document.querySelector('.story figure svg') !== null && document.querySelector('textarea') === null`)
		look("story as it is read")
	})
}

// TestAnswersAreDrawn runs stops of the tour in the playground: what their answers hold is drawn beside them.
func TestAnswersAreDrawn(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	for query, want := range map[string][2]int{
		// Mary Kaldor, her two institutions of one edge, its event, and the themes of that
		`{ person(ref: {id: "mary-kaldor"}) { id name affiliations { edges { role node { id name events { edges { node { id name } } } } } } } }`:                                                   {3, 2},
		`{ paths(from: {id: "mary-kaldor"}, to: {id: "protection-of-civilians"}, first: 1) { nodes { steps { from { id name type } link { id kind sentence } to { id name type } direction } } } }`: {3, 2},
		`{ subgraph(seeds: [{id: "mary-kaldor"}]) { nodes { id name type } links { id kind from { id } to { id } sentence } } }`:                                                                    {5, 7},
		`{ stats { sources } }`: {0, 0},
	} {
		b.run("open", chromedp.Navigate("about:blank"))
		b.open("/playground#query=" + url.QueryEscape(query))
		b.click(execute)
		b.wait("there is an answer", contains(response, "data"))
		if evaluate[bool](b, `document.querySelector('button[aria-label="Show Graph"]') !== null`) {
			b.click(`button[aria-label="Show Graph"]`)
		}
		if want[0] == 0 {
			b.wait("nothing to draw is told", reads(".graph-panel", "holds no entities"))
			continue
		}
		b.wait("it is drawn: "+query, drawn(want[0], want[1]))
		b.screenshot(fmt.Sprint("drawn", want[0], want[1]))
	}
}

// TestNamesOfEveryLength: words without spaces widen no page, and a name that is read from the right leaves what stands beside
// it in its order.
func TestNamesOfEveryLength(t *testing.T) {
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 9)
	lines := `{"source":"REPORT","id":"s_a","title":"` + long + `"}
{"node":"PERSON","id":"p","name":"محمد بن عبد الله"}
{"node":"PERSON","id":"q","name":"` + long + `"}
{"node":"INSTITUTION","id":"i","name":"האוניברסיטה העברית (HUJI)"}
{"link":"AFFILIATED_WITH","from":"p","to":"i","role":"` + long + `","evidence":[{"source":"s_a","excerpt":"` + long + `"}]}
{"link":"AFFILIATED_WITH","from":"q","to":"i","evidence":[{"source":"s_a","excerpt":"a"}]}
`
	b := newTab(t, newBrowser(t), newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("names.jsonl", []byte(lines))}, exchange.Options{})
		return err
	}))
	b.look(390, "light")
	for path, shown := range map[string]string{
		"/": `document.querySelectorAll('main .card').length > 2`, "/e/p": drawn(2, 1), "/e/q": drawn(2, 1),
		"/s/s_a": `document.querySelectorAll('.excerpts li').length > 1`, "/path?from=p&to=q": drawn(3, 2),
	} {
		b.visit(path)
		b.wait("it is there", shown)
		if evaluate[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s is wider than the window", path)
		}
		if path == "/" {
			if evaluate[bool](b, `[...document.querySelectorAll('main li a[href="/e/p"]')].some(a => a.nextElementSibling.getBoundingClientRect().left < a.getBoundingClientRect().left)`) {
				t.Error("what stands behind a name is before it")
			}
			b.screenshot("names")
		}
	}
}
