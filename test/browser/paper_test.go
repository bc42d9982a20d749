package browser_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestEvidenceIsCited: a piece of evidence leads to its words in the original, says whether they stand in the source, and is
// copied as a reference manager wants it, by keys alone. So are a line begun at an entity, and what was undone.
func TestEvidenceIsCited(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	b.visit("/path?from=p02&to=acme")
	b.wait("the words are there", reads(".hop blockquote", "Person 02 works at Acme"))
	b.wait("they are verified", reads(".hop figcaption", "✓ These words stand in the text of the source."))
	if href := evaluate[string](b, `document.querySelector('.hop .actions a').href`); href != "https://example.org/staff-list#:~:text=Person%2002%20works%20at%20Acme" {
		t.Errorf("it leads to %s", href)
	}
	copied := func(nth string) string {
		evaluate[chromedp.Void](b, `void (window.copied = undefined)`)
		b.reach(".hop .copy button:nth-of-type(" + nth + ")")
		b.press(kb.Enter)
		b.wait("it is copied", "window.copied !== undefined")
		return evaluate[string](b, "window.copied")
	}
	if got := copied("2"); !strings.HasPrefix(got, "@misc{s_staff,") || !strings.Contains(got, "title = {The staff of Acme}") ||
		!strings.Contains(got, "Person 02 works at Acme") {
		t.Errorf("BibTeX: %s", got)
	}
	var csl []struct {
		ID, Type, Title, Publisher, URL, Note string
		Issued                                struct {
			Parts [][]int `json:"date-parts"`
		}
	}
	got := copied("3")
	if err := json.Unmarshal([]byte(got), &csl); err != nil || len(csl) != 1 || csl[0].ID != "s_staff" || csl[0].Type != "report" ||
		csl[0].Publisher != "Acme Press" || len(csl[0].Issued.Parts) != 1 || len(csl[0].Issued.Parts[0]) != 2 {
		t.Errorf("CSL-JSON: %v %s", err, got)
	}

	b.visit("/e/mary-kaldor")
	b.wait("it is drawn", drawn(5, 7))
	b.reach(".mirror button")
	b.press("h")
	b.wait("one is hidden", drawn(4, 3))
	undo := func(with chromedp.KeyOption) {
		b.run("undo or redo", chromedp.KeyEvent("z", with))
	}
	undo(chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.wait("and back", drawn(5, 7))
	undo(chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift))
	b.wait("and hidden again", drawn(4, 3))
	undo(chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.wait("and back", drawn(5, 7))
	b.reach(".mirror button")
	b.press(kb.Home)
	b.press("p")
	b.wait("P starts a line from it", `location.pathname + location.search === '/path?from=mary-kaldor' && document.activeElement.matches('.ends [role=combobox]')`)
}

// TestPaper prints a story and a picture: what is to be read is there, and what is to be pressed is not.
func TestPaper(t *testing.T) {
	b := newTab(t, newBrowser(t), newExplorer(t))
	sees := func(what, selector string, want bool) {
		b.t.Helper()
		if got := evaluate[bool](b, `[...document.querySelectorAll(`+quote(selector)+`)].some(e => e.checkVisibility())`); got != want {
			t.Errorf("%s is on paper: %v", what, got)
		}
	}
	paper := func(media string) {
		b.run("as "+media, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media}))
	}
	b.visit("/e/mary-kaldor")
	b.wait("it is drawn", drawn(5, 7))
	b.button("Add to a story")
	b.wait("it is added", `document.querySelector('a[href="/story"]') !== null`)
	paper("print")
	sees("the picture", ".drawing canvas", true)
	sees("a link in words", ".facts .sentences li", true)
	sees("the legend", ".legend", true)
	sees("a hint", ".panel", false)
	for _, s := range []string{".top", ".tools", ".time", "main button:not(.step)", ".foot"} {
		sees(s, s, false)
	}
	b.screenshot("picture")
	paper("")
	b.click(`a[href="/story"]`)
	b.wait("the story is there", `document.querySelectorAll('.story figure svg').length === 1`)
	b.run("say something", chromedp.SendKeys(chromedp.CSS(".story textarea"), "Whom she knows"))
	b.click(".story details summary")
	paper("print")
	sees("the picture", ".story figure svg", true)
	sees("what is said", ".story textarea", true)
	sees("what is to be said", ".story label > span", false)
	sees("a link in words", ".story details li", true)
	for _, s := range []string{".top", ".tools", ".screen", "main button", ".foot"} {
		sees(s, s, false)
	}
	b.screenshot("story")
}
