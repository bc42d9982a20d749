package browser_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// newServerFrom serves what lines of JSON say.
func newServerFrom(t *testing.T, lines string) string {
	t.Helper()
	return newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines.jsonl", []byte(lines))}, exchange.Options{})
		return err
	})
}

// across draws with the mouse from one place to another.
func (b *tab) across(what string, x1, y1, x2, y2 float64) {
	b.t.Helper()
	b.run(what, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x1, y1, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, (x1+x2)/2, (y1+y2)/2, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x2, y2, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x2, y2, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// boxOf is where an element stands in the window, once it is scrolled to: left, top, width, height.
func (b *tab) boxOf(selector string) [4]float64 {
	b.t.Helper()
	return evaluate[[4]float64](b, `(e => { e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })(document.querySelector(`+
		quote(selector)+`))`)
}

// nearest is how far nodes are from the one that is nearest to them: the median.
const nearest = `(() => {
	const all = document.querySelector('.drawing')._cyreg.cy.nodes().map(n => [n.position('x'), n.position('y')]);
	const rooms = all.map(([x, y], i) => all.reduce((least, [ox, oy], j) => i === j ? least : Math.min(least, Math.hypot(ox - x, oy - y)), Infinity));
	return rooms.sort((a, b) => a - b)[rooms.length >> 1];
})()`

// TestArrangedAnew: a picture is placed anew when that is wanted, comes out as clear as at first, whatever is changed while it is
// being refined, and goes back.
func TestArrangedAnew(t *testing.T) {
	origin, view := newCrowd(t, 120, 240)
	b := newTab(t, newBrowser(t), origin)
	b.visit(view)
	b.wait("it is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	b.wait("it comes to rest", atRest)
	clear := evaluate[float64](b, nearest)
	before := evaluate[map[string][2]float64](b, places)
	b.button("Arrange anew")
	b.wait("it is placed anew", fmt.Sprintf(`Math.abs((%s).n9[0] - %g) + Math.abs((%s).n9[1] - %g) > 0.01`, places, before["n9"][0], places, before["n9"][1]))
	b.click("details.more summary")
	b.choose(`document.querySelectorAll('.more select')[2]`, "same") // perhaps while it is being refined
	b.wait("it comes to rest", atRest)
	if got := evaluate[float64](b, nearest); got < clear/2 {
		t.Errorf("nodes are %.0f apart, after %.0f", got, clear)
	}
	if n := len(moved(before, evaluate[map[string][2]float64](b, places))); n < 60 {
		t.Errorf("only %d of 120 were moved", n)
	}
	b.button("Undo")
	b.wait("the old places are back", fmt.Sprintf(`Math.abs((%s).n9[0] - %g) < 0.01`, places, before["n9"][0]))

	origin, view = newCrowd(t, 1200, 3000)
	b = newTab(t, newBrowser(t), origin)
	b.visit(view)
	b.wait("it is drawn, and is being refined", underWay)
	b.click("details.more summary")
	b.choose(`document.querySelectorAll('.more select')[2]`, "same")
	b.wait("it comes to rest", atRest)
	if got := evaluate[float64](b, nearest); got < 40 {
		t.Errorf("what was changed while it was refined is a heap: nodes are %.0f apart", got)
	}
}

// TestPicturesAreKept: who follows a link out of a picture, or loads the page anew, finds the picture as it was.
func TestPicturesAreKept(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/mary-kaldor")
	b.wait("it is drawn", drawn(5, 7))
	x, y := b.nodeAt("digital-dialogue-on-human-security-in-nato")
	b.run("expand by a double click", chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	b.wait("it is expanded", `Number(document.querySelector('.drawing').dataset.nodes) > 15`)
	if out := evaluate[int](b, `(() => { const cy = document.querySelector('.drawing')._cyreg.cy, { x1, x2, y1, y2 } = cy.extent();
		return cy.nodes().filter(n => n.position('x') < x1 || n.position('x') > x2 || n.position('y') < y1 || n.position('y') > y2).length; })()`); out > 0 {
		t.Errorf("%d of what was expanded are out of sight", out)
	}
	b.wait("what is there already is not offered", `[...document.querySelectorAll('.panel [role=group] button')].length > 3 &&
		[...document.querySelectorAll('.panel [role=group] button')].every(e => e.disabled)`)
	was := evaluate[map[string][2]float64](b, places)
	b.click(".panel h3 a")
	b.wait("another page", reads("h1", "Digital Dialogue")+" && "+`document.querySelector('.drawing') !== null`)
	same := func(what string) {
		t.Helper()
		b.wait(what+": it is there", reads("h1", "Mary Kaldor")+fmt.Sprintf(` && document.querySelector('.drawing')?.dataset.nodes === '%d'`, len(was)))
		now := evaluate[map[string][2]float64](b, places)
		for id, p := range was {
			if math.Hypot(p[0]-now[id][0], p[1]-now[id][1]) > 1 {
				t.Errorf("%s: %s stands at %v, not %v", what, id, now[id], p)
			}
		}
	}
	b.run("back", chromedp.Evaluate[chromedp.Void](`void history.back()`))
	same("back")
	b.run("again", chromedp.Reload())
	same("loaded anew")

	b.visit("/e/mary-kaldor#v=damaged")
	b.wait("a damaged picture behind another address is told", reads("[role=alert]", "holds no picture")+" && "+drawn(5, 7))
}

// TestToolsOnAPhone: what is wanted often stands in one row, the rest behind a button, which opens and closes by the keyboard.
func TestToolsOnAPhone(t *testing.T) {
	b := newTab(t, newBrowser(t), newServer(t))
	b.look(400, "light")
	b.visit("/e/nato")
	b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes) > 12`)
	if h := b.boxOf(".tools")[3]; h > 45 {
		t.Errorf("the tools are %.0f px high", h)
	}
	const open = `[...document.querySelectorAll('.tools button')].find(e => e.textContent === 'Add to a story').checkVisibility() &&
		document.querySelector('details.more summary').checkVisibility()`
	b.wait("the rest is not there", `document.querySelector('.opens').ariaExpanded === 'false' && !(`+open+`)`)
	b.reach(".opens")
	b.press(kb.Enter)
	b.wait("the rest is there", `document.querySelector('.opens').ariaExpanded === 'true' && `+open)
	b.press(kb.Tab)
	b.wait("and is next", `document.activeElement.closest('.rest')?.id === document.querySelector('.opens').getAttribute('aria-controls')`)
	b.press(kb.Escape)
	b.wait("Escape closes it", `document.activeElement.matches('.opens[aria-expanded=false]') && !(`+open+`)`)
	b.look(1600, "light")
	b.wait("a wider window has room", `!document.querySelector('.opens').checkVisibility() && `+open)
	b.button("Table")
	b.wait("a table has no tools of a picture", `![...document.querySelectorAll('.tools button')].some(e => e.textContent === 'Refine')`)
}

// TestHubsAreListed: every link of an entity can be reached, each with since when it held, and so can all that happened.
func TestHubsAreListed(t *testing.T) {
	const members = 130
	var lines strings.Builder
	lines.WriteString(`{"source":"REPORT","id":"s_a","title":"A report"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
`)
	for i := range members {
		fmt.Fprintf(&lines, `{"node":"PERSON","id":"p%d","name":"Person %03d"}
{"link":"AFFILIATED_WITH","from":"p%d","to":"acme","since":"%d","evidence":[{"source":"s_a","excerpt":"a member"}]}
`, i, i, i, 1880+i)
	}
	b := newTab(t, newBrowser(t), newServerFrom(t, lines.String()))
	b.visit("/e/acme")
	const listed = `document.querySelectorAll('.kind li').length`
	for n := 10; n < members; {
		b.wait(fmt.Sprint("there are ", n), fmt.Sprintf("%s === %d", listed, n))
		n = min(members, n+map[bool]int{true: 30, false: 100}[n < 100])
		b.click(".kind > button")
	}
	b.wait("all are there, and no more are offered", fmt.Sprintf("%s === %d && document.querySelector('.kind > button') === null", listed, members))
	if got := evaluate[string](b, `document.querySelector('.kind li .quiet').innerText`); got != "since 1880" {
		t.Errorf("the first held %q", got)
	}
	b.wait("there is a timeline", `document.querySelectorAll('.timeline li').length === 30`)
	b.button("Show what came later")
	b.wait("it goes on", `document.querySelectorAll('.timeline li').length === 60`)

	toPicture := `document.querySelector('.mirror button').focus()`
	evaluate[chromedp.Void](b, toPicture)
	b.press(kb.End)
	b.press(kb.Enter)
	b.wait("the list says what it leaves out", reads(".panel", "and 80 more: filter the list"))
	b.click(".pick button")
	b.wait("one is picked", drawn(3, 2))
	evaluate[chromedp.Void](b, toPicture)
	b.press(kb.Home)
	b.press("c")
	b.wait("all is collapsed", drawn(1, 0))
	b.button("Undo")
	b.wait("by one step back, all is there", drawn(3, 2))
}

// TestSearchesThatFindNothing move nothing: what is clicked then is what somebody saw there. However long a text is, it is
// looked for.
func TestSearchesThatFindNothing(t *testing.T) {
	b := newTab(t, newBrowser(t), newServer(t))
	b.visit("/")
	b.wait("the invitation is there", `document.querySelector('.invite a') !== null`)
	b.wait("it is there in full", `document.querySelectorAll('.columns .card').length === 3`)
	b.reach("[data-search]")
	evaluate[chromedp.Void](b, `void (() => { const i = document.querySelector('[data-search]'); i.value = 'qzxv '.repeat(2000); i.dispatchEvent(new Event('input', { bubbles: true })); })()`)
	b.wait("nothing has them", `/^Nothing has the words “qzxv qzxv .{0,60}…”\.$/.test(document.querySelector('.search .said')?.innerText ?? '')`)
	r := b.boxOf(".invite a")
	b.run("click what is below", chromedp.MouseClickXY(r[0]+r[2]/2, r[1]+r[3]/2))
	b.wait("it is followed", `location.pathname === '/path'`)
}

// TestWindowOfTime: years are chosen by a drag over them, and moved; what has no date is grey beside them.
func TestWindowOfTime(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=p00&to=p40")
	b.wait("there is time", `document.querySelector('.time .histogram') !== null`)
	const years = `[...document.querySelectorAll('.time output')].map(o => o.innerText).join()`
	b.wait("it is that of the line", years+` === '1960,2000'`)
	r := b.boxOf(".histogram")
	year := func(y float64) float64 { return r[0] + r[2]*(y-1960+0.5)/41 }
	b.across("choose years", year(1970), r[1]+10, year(1980), r[1]+10)
	b.wait("they are chosen", years+` === '1970,1980'`)
	b.across("move them", year(1975), r[1]+10, year(1985), r[1]+10)
	b.wait("they are others, as many", years+` === '1980,1990'`)
	b.across("to the end", year(1985), r[1]+10, year(2000), r[1]+10)
	b.wait("no further than time goes", years+` === '1990,2000'`)
	b.button("All years")
	b.wait("all again", years+` === '1960,2000'`)

	b.visit("/e/nato")
	b.wait("there is time", `document.querySelector('.time .histogram') !== null && `+atRest)
	const grey = `document.querySelector('.drawing')._cyreg.cy.edges('.faded').length`
	b.wait("nothing is grey", grey+" === 0")
	r = b.boxOf(".histogram")
	b.across("choose the first years", r[0]+3, r[1]+10, r[0]+r[2]/2, r[1]+10)
	b.wait("what has no date is grey", grey+" > 10")
}

// TestMarksAreText: what is quoted of a source can be selected like the rest of it, is opened by the keyboard, and is printed.
func TestMarksAreText(t *testing.T) {
	text := "Ann Lee came to Acme in May. “It is a very good thing,” said Ann Lee. Ben Oak went."
	b := newTab(t, newBrowser(t), newServerFrom(t, `{"source":"REPORT","id":"s_a","title":"A report","text":`+quote(text)+`}
{"node":"PERSON","id":"ann","name":"Ann Lee"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[{"source":"s_a","excerpt":"Ann Lee came to Acme in May."}]}
`))
	b.visit("/s/s_a")
	b.wait("the text is marked, and names are known", `document.querySelector('.body mark') !== null && document.querySelectorAll('.body .named').length === 3`)
	b.wait("a short name at the end of a sentence is a speaker", offered+`[0] === 'Ann Lee said “It is a very good thing”'`)
	b.wait("there is a form", `document.querySelector('form.statement, .statement') !== null`)
	r := evaluate[[]float64](b, `(() => { const walk = document.createTreeWalker(document.querySelector('.body mark'), NodeFilter.SHOW_TEXT);
		for (let n; (n = walk.nextNode()); ) { const i = n.data.indexOf('came'); if (i >= 0) { const range = document.createRange(); range.setStart(n, i); range.setEnd(n, i + 7);
			const r = range.getBoundingClientRect(); return [r.left, r.top + r.height / 2, r.right]; } } })()`)
	b.across("select words of a mark", r[0]+0.5, r[1], r[2], r[1])
	b.wait("they are in the form", `document.querySelector('.statement textarea').value === 'came to'`)
	if evaluate[bool](b, `document.querySelector('.body mark').ariaPressed === 'true'`) {
		t.Error("to select words is to choose their mark")
	}
	b.reach(".body mark")
	b.press(kb.Enter)
	b.wait("it is chosen", `document.querySelector('.body mark').ariaPressed === 'true' && `+reads(".excerpts h2", "What the marked words say"))
	b.run("print", command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
	b.wait("all is on paper", `document.querySelector('.body').innerText === `+quote(text))
	b.visit("/path?from=ann&to=acme")
	b.wait("so are the words of a line", reads(".told", "“Ann Lee came to Acme in May.” “A report”"))
}

// TestLinksAreSaid: the page of an entity says of each link which of the two is which, and that it is disputed; a source that is not
// there is not called an entity.
func TestLinksAreSaid(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/human-security")
	b.wait("what is broader is said", reads(".facts", "protection of civilians belongs under human security."))
	b.visit("/e/p01")
	b.wait("what is disputed is said", reads(".facts summary", "Person 01 is affiliated with Acme (since 1961) (disputed)."))
	b.visit("/s/s_none")
	b.wait("a source is missing", reads(".missing", "the source was removed"))
	b.forgive("404")
}
