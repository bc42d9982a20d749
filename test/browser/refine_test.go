package browser_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// places are where the nodes of a picture stand.
const places = `Object.fromEntries(document.querySelector('.drawing')._cyreg.cy.nodes().map(n => [n.id(), [n.position('x'), n.position('y')]]))`

// crossings counts the pairs of lines that cross.
const crossings = `(() => {
	const lines = document.querySelector('.drawing')._cyreg.cy.edges().map(e => [e.source().position(), e.target().position()]);
	const side = (a, b, c) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
	return lines.reduce((n, [a, b], i) => n + lines.slice(i + 1).filter(([c, d]) =>
		side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0).length, 0);
})()`

// alone is the node that is furthest from its nearest.
const alone = `(() => {
	const all = document.querySelector('.drawing')._cyreg.cy.nodes().map(n => [n.id(), n.position('x'), n.position('y')]);
	const room = ([id, x, y]) => all.reduce((least, [other, ox, oy]) => other === id ? least : Math.min(least, Math.hypot(ox - x, oy - y)), Infinity);
	return all.map(n => [room(n), n[0]]).reduce((best, n) => n[0] > best[0] ? n : best)[1];
})()`

const (
	underWay = `document.querySelector('button[aria-pressed=true].refine') !== null`
	atRest   = `document.querySelector('button[aria-pressed=false].refine') !== null`
)

// moved lists the nodes that stand elsewhere by more than a pixel.
func moved(from, to map[string][2]float64) []string {
	var ids []string
	for id, p := range from {
		if q := to[id]; math.Hypot(p[0]-q[0], p[1]-q[1]) > 1 {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestRefining opens a picture of many, which is refined by itself, pins an entity where it was dragged to, asks for another
// refining, and takes it back.
func TestRefining(t *testing.T) {
	origin, view := newCrowd(t, 120, 240)
	b := newTab(t, newBrowser(t), origin)
	b.visit(view)
	b.wait("it is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	b.wait("it comes to rest", atRest)
	b.wait("how much is shown is told", reads(".said", "120 entities"))
	if !evaluate[bool](b, `!document.querySelector('.stage .tools button:nth-of-type(1)').disabled &&
		[...document.querySelectorAll('.tools button')].find(e => e.textContent === 'Undo').disabled`) {
		t.Error("what is refined by itself can be undone, and nothing else is there")
	}
	settled := evaluate[map[string][2]float64](b, places)
	tidy := evaluate[int](b, crossings)

	pinned := evaluate[string](b, alone)
	x, y := b.nodeAt(pinned)
	b.run("choose one", chromedp.MouseClickXY(x, y))
	b.button("Pin")
	x, y = b.nodeAt(pinned)
	evaluate[chromedp.Void](b, `void (() => {
		const renderer = document.querySelector('.drawing')._cyreg.cy.renderer(), draw = renderer.drawLayeredElements;
		window.redrawn = 0;
		renderer.drawLayeredElements = (...args) => { window.redrawn++; draw.apply(renderer, args); };
	})()`)
	b.run("drag it to the edge", chromedp.DragAndDropXY(x, y, 420, 320, 30))
	if n := evaluate[int](b, "window.redrawn"); n < 1 || n > 10 {
		t.Errorf("what is not dragged was drawn %d times in 30 steps", n)
	}
	if x, y := b.nodeAt(pinned); math.Hypot(x-420, y-320) > 3 {
		t.Errorf("dragged to 420, 320, it is at %.0f, %.0f", x, y)
	}
	before := evaluate[map[string][2]float64](b, places)
	if got := moved(settled, before); len(got) != 1 || got[0] != pinned {
		t.Fatalf("dragging one moved %v", got)
	}
	b.click(".refine")
	b.wait("it is told when it is done", reads(".said", "The layout is refined"))
	after := evaluate[map[string][2]float64](b, places)
	ids := moved(before, after)
	if len(ids) < 60 {
		t.Errorf("only %d of 120 were moved", len(ids))
	}
	for _, id := range ids {
		if id == pinned {
			t.Error("the one that is pinned was moved")
		}
	}
	b.screenshot("refined")
	if n := evaluate[int](b, crossings); n > 2*tidy {
		t.Errorf("%d lines cross, after %d", n, tidy)
	}
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	link := evaluate[string](b, "window.copied")
	b.button("Undo")
	b.wait("the old places are back", fmt.Sprintf(`Math.abs((%s).n9[0] - %g) < 0.01`, places, before["n9"][0]))
	if got := moved(before, evaluate[map[string][2]float64](b, places)); len(got) > 0 {
		t.Errorf("not back: %v", got)
	}
	b.button("Redo")
	b.wait("the new ones are back", fmt.Sprintf(`Math.abs((%s).n9[0] - %g) < 0.01`, places, after["n9"][0]))

	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(strings.TrimPrefix(link, origin))
	b.wait("the link is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	if got := moved(after, evaluate[map[string][2]float64](b, places)); len(got) > 0 || evaluate[bool](b, underWay) {
		t.Errorf("the link has other places: %v", got)
	}
}

// TestRefiningIsStopped stops it by the button, and by taking hold of an entity; a person who wants no motion sees none.
func TestRefiningIsStopped(t *testing.T) {
	origin, view := newCrowd(t, 1200, 3000)
	b := newTab(t, newBrowser(t), origin)
	b.visit(view)
	b.wait("it is drawn, and is being refined", underWay+" && "+reads(".said", "being refined"))
	b.click(".refine")
	b.wait("it has stopped", atRest)
	const tries = 5 // a hand on a busy machine may come when the refining is done: that is taken back
	for i := range tries {
		before := evaluate[map[string][2]float64](b, places)
		x, y := b.nodeAt(evaluate[string](b, alone))
		b.click(".refine")
		b.wait("it is under way again", underWay+" || "+reads(".said", "is refined"))
		b.run("take one", chromedp.DragAndDropXY(x, y, x+40, y+30))
		b.wait("it has stopped", atRest)
		got := moved(before, evaluate[map[string][2]float64](b, places))
		if len(got) <= 5 {
			break
		}
		if i == tries-1 || !evaluate[bool](b, reads(".said", "is refined")) {
			t.Fatalf("%d were moved under the pointer", len(got))
		}
		b.button("Undo") // the hand's
		b.button("Undo")
	}
	small, view := newCrowd(t, 120, 240)
	b = newTab(t, newBrowser(t), small)
	b.run("no motion", command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	}))
	b.visit(view)
	b.wait("it is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	b.button("Copy a link to this view")
	b.wait("it is copied", "window.copied !== undefined")
	if !evaluate[bool](b, atRest) {
		t.Error("what still moved was copied")
	}
	settled := evaluate[map[string][2]float64](b, places)
	link := evaluate[string](b, "window.copied")
	evaluate[chromedp.Void](b, `void (window.seen = new Set(), (function look() {
		window.seen.add(document.querySelector('.drawing')._cyreg.cy.getElementById('n9').position('x')); requestAnimationFrame(look); })())`)
	b.click(".refine")
	b.wait("it is done", reads(".said", "The layout is refined"))
	b.wait("two places were seen: before and after", `window.seen.size === 2`)
	b.run("leave", chromedp.Navigate("about:blank"))
	b.visit(strings.TrimPrefix(link, small))
	b.wait("the link is drawn", `document.querySelector('.drawing')?.dataset.nodes === '120'`)
	if got := moved(settled, evaluate[map[string][2]float64](b, places)); len(got) > 0 {
		t.Errorf("a link that was copied at once has other places: %v", got)
	}
}

// TestPictureOnAPhone looks for the names in a picture on a narrow screen: it is as high as the screen, and its names are large
// enough to be drawn.
func TestPictureOnAPhone(t *testing.T) {
	b := newTab(t, newBrowser(t), newServer(t))
	b.look(390, "light")
	b.visit("/e/nato")
	b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes) > 12`)
	b.more()
	b.wait("it comes to rest", atRest) // a copy would take it as it is after a while
	b.button("Copy a link to this view")
	b.wait("it has settled", "window.copied !== undefined")
	box := evaluate[struct{ Width, Height, Font float64 }](b, `(() => {
		const cy = document.querySelector('.drawing')._cyreg.cy, { w: width, h: height } = cy.nodes().boundingBox(), node = cy.nodes()[0];
		return { width, height, font: cy.zoom() * parseFloat(node.style('font-size')) / parseFloat(node.style('min-zoomed-font-size')) };
	})()`)
	if box.Height < box.Width || box.Font < 1 {
		t.Errorf("%.0f by %.0f, names at %.2f of what is drawn", box.Width, box.Height, box.Font)
	}
}
