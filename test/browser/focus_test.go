package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const focused = `document.activeElement`

// TestFocusIsNotLost: what has the focus is hidden, closed, removed or used up, by keys; the focus is then on what stands beside
// it, or on what opened it, and never at the top of the page.
func TestFocusIsNotLost(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/mary-kaldor")
	b.wait("the surroundings are drawn", drawn(5, 7))
	b.reach(".mirror button")
	b.press("h")
	b.wait("H hides it, and a neighbour has the focus", drawn(4, 3)+` && `+focused+`.matches('.mirror button')`)
	b.press(kb.Enter)
	b.wait("it is chosen", `document.querySelector('.panel h3') !== null`)
	b.reach(".panel .menu:not([role]) button:nth-child(2)")
	b.press(kb.Enter)
	b.wait("Hide in the panel leaves it on another", `document.querySelector('.drawing').dataset.nodes === '3' && `+focused+`.matches('.mirror button')`)
	b.reach(".tools > button:nth-of-type(1):enabled")
	for range 2 {
		b.press(kb.Enter)
	}
	b.wait("what can be undone no more hands on the focus", drawn(5, 7)+` && `+focused+`.textContent === 'Redo'`)

	b.visit("/e/acme")
	b.wait("a group", drawn(2, 1))
	b.reach(".mirror button")
	b.press(kb.End)
	b.press(kb.Enter)
	b.wait("it is a list", `document.querySelectorAll('.pick li').length === 50`)
	b.reach(".pick li:nth-child(2) button")
	b.press(kb.Enter)
	b.wait("what was picked hands on the focus", drawn(3, 2)+` && `+focused+`.matches('.pick li:nth-child(3) button')`)
	b.reach(".panel section > button")
	b.press(kb.Enter)
	b.wait("a list that is closed gives it back to its group", `document.querySelector('.pick') === null && `+focused+`.dataset.id === 'group AFFILIATED_WITH acme'`)

	b.visit("/path?from=p02&to=p03&avoid=mary-kaldor&avoid=nato")
	b.wait("the line is there", reads(".told", "Person 03 is affiliated with Acme"))
	b.wait("conditions say what is removed", `document.querySelector('.several [aria-label="Remove: Mary Kaldor"]') !== null`)
	b.reach(`.several button`)
	b.press(kb.Enter)
	b.wait("the next condition has it", `!location.search.includes('mary-kaldor') && `+focused+`.getAttribute('aria-label') === 'Remove: NATO'`)
	b.press(kb.Enter)
	b.wait("and then the box for others", `!location.search.includes('nato') && `+focused+`.matches('.several input')`)
	b.wait("how many lines there are is told", reads(".path > [role=status]", "1 line"))
	b.reach(".hop > .actions button:enabled")
	b.press(kb.Enter)
	b.wait("at the last step the way back has it", reads(".hop h2", "Step 2 of 2")+` && `+focused+`.textContent === 'Previous step'`)
}

// TestSearchingIsTold: while lines are looked for it is said, to who listens too.
func TestSearchingIsTold(t *testing.T) {
	origin, release := newHolding(t, newExplorer(t), "query Paths")
	b := newTab(t, newBrowser(t), origin)
	b.visit("/path?from=mary-kaldor&to=nato")
	b.wait("it is searched", reads(".path > [role=status]", "Searching"))
	release()
	b.wait("lines are there", `(n => n > 0 && document.querySelector('.path > [role=status]').innerText.startsWith(n + ' line'))(document.querySelectorAll('.told > li').length)`)
}

// TestKeysWorkWhereTheyMean: single letters act in the picture and the lines alone, and / and ? can be turned off elsewhere.
func TestKeysWorkWhereTheyMean(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=mary-kaldor&to=protection-of-civilians")
	b.wait("the line is there", reads(".told", "Protecting civilians"))
	zoom := func() float64 { return evaluate[float64](b, `document.querySelector('.drawing')._cyreg.cy.zoom()`) }
	b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes) > 2`)
	b.button("Show all")
	before := zoom()
	b.reach("nav a")
	for _, key := range []string{"n", "+", "-", "-", "0"} {
		b.press(key)
	}
	if got := evaluate[string](b, `document.querySelector('.hop h2').innerText`); got != "Step 1 of 2" || zoom() != before {
		t.Errorf("outside of the lines, letters lead to %q at %g", got, zoom())
	}
	b.reach(".step")
	b.press("n")
	b.wait("within them, N goes on", reads(".hop h2", "Step 2 of 2"))
	b.reach(".mirror button")
	b.press("b")
	b.wait("and B back, in the picture too", reads(".hop h2", "Step 1 of 2"))
	b.press("+")
	b.wait("+ is larger", `document.querySelector('.drawing')._cyreg.cy.zoom() > `+fmt.Sprint(before))
	b.press("-")
	b.press("-")
	b.wait("− is smaller", `document.querySelector('.drawing')._cyreg.cy.zoom() < `+fmt.Sprint(before))
	b.press("0")
	b.wait("0 shows all", `Math.abs(document.querySelector('.drawing')._cyreg.cy.zoom() - `+fmt.Sprint(before)+`) < 0.001`)

	b.reach("nav a")
	b.press("?")
	b.wait("? shows the keys", `document.querySelector('dialog').open`)
	b.reach("dialog input")
	b.press(" ")
	b.press(kb.Escape)
	b.wait("they are closed", `!document.querySelector('dialog').open`)
	b.reach("nav a")
	b.press("/")
	b.press("?")
	if !evaluate[bool](b, focused+`.matches('nav a') && !document.querySelector('dialog').open`) {
		t.Error("/ and ? are turned off, and do something")
	}
	b.reach(".mirror button")
	b.press("/")
	b.wait("in the picture they still work", focused+`.matches('[data-search]')`)
}

// TestKeysMeanWhatWasClicked: who clicks an entity in the picture and then presses a key means that entity.
func TestKeysMeanWhatWasClicked(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/e/mary-kaldor")
	b.wait("it is drawn", drawn(5, 7))
	x, y := b.nodeAt("digital-dialogue-on-human-security-in-nato")
	b.run("click", chromedp.MouseClickXY(x, y))
	b.wait("it is chosen, and has the focus", reads(".panel h3", "Digital Dialogue")+` && `+focused+`.dataset.id === 'digital-dialogue-on-human-security-in-nato'`)
	b.press("e")
	b.wait("E expands it", `Number(document.querySelector('.drawing').dataset.nodes) > 15`)
	b.button("Undo")
	b.wait("it is as before", drawn(5, 7))
	x, y = b.nodeAt("london-school-of-economics-and-political-science")
	b.run("click another", chromedp.MouseClickXY(x, y))
	b.press("h")
	b.wait("H hides that", drawn(4, 5)+` && document.querySelector('.drawing')._cyreg.cy.getElementById('london-school-of-economics-and-political-science').length === 0`)
}

// TestNamesAreChosen: a name that is only typed is told to mean nothing, until one is chosen.
func TestNamesAreChosen(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path")
	b.wait("the first box has the focus", focused+`.matches('.ends [role=combobox]')`)
	b.text("kaldor")
	b.wait("names are suggested", suggested)
	b.press(kb.Escape)
	b.press(kb.Tab)
	told := reads(".ends .search:first-child .said", "Choose one of the names")
	b.wait("it is told", told)
	b.run("back", chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.press(kb.End)
	b.text("x")
	b.wait("not while it is typed", "!("+told+")")
	b.press(kb.Backspace)
	b.wait("names are suggested", suggested)
	b.press(kb.Tab)
	b.wait("nor once one is chosen", `location.search === '?from=mary-kaldor' && document.querySelector('.ends .search:first-child .said') === null`)
}

// TestFootnotesRunThrough: each step of a page with several lines has a number of its own.
func TestFootnotesRunThrough(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=mary-kaldor&to=jens-stoltenberg")
	b.wait("there are lines", `document.querySelectorAll('.told > li').length > 1`)
	if !evaluate[bool](b, `[...document.querySelectorAll('.told sup')].every((s, i) => s.textContent === '[' + (i + 1) + ']')`) {
		t.Error("footnotes begin anew")
	}
}

// TestWhatIsTappedIsSeen: on a phone, where what is known of an entity stands beneath the picture, it is on the screen once the
// entity is tapped; and so are the words of a link that are asked for in the table.
func TestWhatIsTappedIsSeen(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.look(390, "light")
	b.visit("/e/mary-kaldor")
	b.wait("it is drawn", drawn(5, 7))
	b.run("to the picture", chromedp.Evaluate[chromedp.Void](`void document.querySelector('.drawing').scrollIntoView({ block: 'center' })`))
	x, y := b.nodeAt("mary-kaldor")
	b.run("tap it", chromedp.MouseClickXY(x, y))
	b.wait("it is chosen, and its name on the screen",
		`(r => r && r.top > 0 && r.bottom < innerHeight * 0.7)(document.querySelector('.panel h3')?.getBoundingClientRect())`)
	b.screenshot("tapped")
	b.button("Table")
	b.run("to its head", chromedp.Evaluate[chromedp.Void](`void document.querySelector('td button').scrollIntoView({ block: 'end' })`))
	b.click("td button")
	b.wait("so are the words of a link of the table",
		`(r => r && r.top > 0 && r.bottom < innerHeight)(document.querySelector('.panel .link-words h3')?.getBoundingClientRect())`)
}
