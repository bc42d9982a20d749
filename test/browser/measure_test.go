package browser_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// newCrowd serves a graph of people and institutions, and returns the address of a picture of all of it.
func newCrowd(t *testing.T, nodes, links int) (origin, view string) {
	t.Helper()
	var lines strings.Builder
	lines.WriteString(`{"source":"DATASET","id":"s_list","title":"A list"}` + "\n")
	ids := make([]string, nodes)
	institutions := max(1, nodes/20)
	for i := range nodes {
		ids[i] = fmt.Sprint("n", i)
		typ := "PERSON"
		if i < institutions {
			typ = "INSTITUTION"
		}
		fmt.Fprintf(&lines, `{"node":%q,"id":%q,"name":"Number %d of the list"}`+"\n", typ, ids[i], i)
	}
	for i := range links {
		person, at := institutions+i%(nodes-institutions), (i*7+i/nodes)%institutions
		fmt.Fprintf(&lines, `{"link":"AFFILIATED_WITH","from":"n%d","to":"n%d","role":"member %d","evidence":[{"source":"s_list","excerpt":"a member"}]}`+"\n",
			person, at, i)
	}
	origin = newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("list.jsonl", []byte(lines.String()))},
			exchange.Options{})
		return err
	})
	return origin, viewOf(t, ids)
}

// viewOf returns the address of a picture of some entities.
func viewOf(t *testing.T, ids []string) string {
	t.Helper()
	return packed(t, plainView(ids))
}

// plainView is what an address holds of a picture of some entities.
func plainView(ids []string) map[string]any {
	return map[string]any{
		"picture":   map[string]any{"ids": ids, "groups": []any{}, "pinned": []any{}, "at": map[string]any{}},
		"selection": nil, "focus": nil, "time": nil, "colour": "type", "size": "links",
	}
}

// packed is an address that holds a view, or what is none.
func packed(t *testing.T, view any) string {
	t.Helper()
	b, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return "/view#v=" + base64.RawURLEncoding.EncodeToString(packed.Bytes())
}

// frames begins to note how long each frame takes, and ends the notes before.
const frames = `void (() => { const notes = window.frames_ = []; let last = performance.now(); (function frame() { requestAnimationFrame(() => {
	if (window.frames_ === notes) { const now = performance.now(); notes.push(now - last); last = now; frame(); } }); })(); })()`

// TestMeasurePictures times what the explorer draws: how long until it is there, and the frames while it is dragged. It only
// runs when it is asked to, and judges nothing: times depend on the machine.
func TestMeasurePictures(t *testing.T) {
	if os.Getenv("THROUGHLINE_MEASURE") == "" {
		t.Skip("set THROUGHLINE_MEASURE=1 to measure")
	}
	browser := newBrowser(t)
	for _, size := range [][2]int{{300, 700}, {2000, 5000}, {3500, 6000}} {
		origin, view := newCrowd(t, size[0], size[1])
		b := newTab(t, browser, origin)
		b.look(1366, "light")
		begin := time.Now()
		b.run("open", chromedp.Navigate(origin+view))
		b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes ?? 0) > 0`)
		took := time.Since(begin)
		b.wait("it is refined", `document.querySelector('.refine[aria-pressed=true]') === null`)
		quantiles := func(what string, x, y float64) {
			evaluate[chromedp.Void](b, frames)
			b.run(what, chromedp.DragAndDropXY(x, y, x+150, y+90, 120))
			list := evaluate[[]float64](b, `window.frames_.slice(2)`)
			slices.Sort(list)
			t.Logf("%d entities, %d links, %s: frames p50 %.0f ms, p95 %.0f ms (%d)", size[0], size[1], what, list[len(list)/2], list[len(list)*95/100], len(list))
		}
		t.Logf("%d entities, %d links: drawn after %d ms", size[0], size[1], took.Milliseconds())
		id := evaluate[string](b, `document.querySelector('.drawing')._cyreg.cy.nodes()[0].id()`)
		x, y := b.nodeAt(id)
		quantiles("drag an entity", x, y)
		quantiles("drag the ground", 440, 330)
		b.screenshot(fmt.Sprint(size[0]))
	}
}

// TestMeasureExpanding times how long an entity of 50 links takes to expand, from the second click on.
func TestMeasureExpanding(t *testing.T) {
	if os.Getenv("THROUGHLINE_MEASURE") == "" {
		t.Skip("set THROUGHLINE_MEASURE=1 to measure")
	}
	browser := newBrowser(t)
	origin, _ := newCrowd(t, 105, 250) // five institutions of 50 links
	for range 4 {
		b := newTab(t, browser, origin)
		b.visit("/e/n7")
		b.wait("it is drawn", `Number(document.querySelector('.drawing')?.dataset.nodes ?? 0) > 0`)
		before := evaluate[string](b, `document.querySelector('.drawing').dataset.nodes`)
		x, y := b.nodeAt("n0")
		b.run("expand it", chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
		begin := time.Now()
		b.wait("it is expanded", `document.querySelector('.drawing').dataset.nodes !== '`+before+`'`)
		passed := time.Since(begin)
		after := evaluate[string](b, `document.querySelector('.drawing').dataset.nodes`)
		t.Logf("from %s to %s entities after %d ms", before, after, passed.Milliseconds())
	}
}

// TestMeasureLines times how long the first line between two entities takes, from the choice of the second on, and how long
// names take to be suggested: with a server of one's own, as THROUGHLINE_MEASURE_LINES="ORIGIN ID NAME" says.
func TestMeasureLines(t *testing.T) {
	var origin, id, name string
	if n, _ := fmt.Sscanf(os.Getenv("THROUGHLINE_MEASURE_LINES"), "%s %s %s", &origin, &id, &name); n != 3 {
		t.Skip("set THROUGHLINE_MEASURE_LINES to measure")
	}
	browser := newBrowser(t)
	for range 4 {
		b := newTab(t, browser, origin)
		b.visit("/path?from=" + id)
		b.wait("the second box has the focus",
			`document.activeElement.getAttribute('role') === 'combobox' && document.activeElement.value === ''`)
		b.text(name)
		begin := time.Now()
		b.wait("names are suggested", suggested)
		suggested := time.Since(begin)
		b.press(kb.Enter)
		begin = time.Now()
		b.wait("there is a line", `document.querySelectorAll('.told > li').length > 0`)
		t.Logf("names after %d ms, the first line after %d ms", suggested.Milliseconds(), time.Since(begin).Milliseconds())
	}
}

// TestMeasureLoading times the first paint and the first use of the pages over a line of 1.6 Mbit/s with 150 ms there and back,
// without a cache. As TestMeasurePictures, it judges nothing.
func TestMeasureLoading(t *testing.T) {
	if os.Getenv("THROUGHLINE_MEASURE") == "" {
		t.Skip("set THROUGHLINE_MEASURE=1 to measure")
	}
	origin, browser := newServer(t), newBrowser(t)
	for _, p := range []struct{ path, usable string }{
		{"/", `document.querySelector('main .search input') !== null`},
		{"/e/mary-kaldor", drawn(5, 7)},
		{"/playground", `document.querySelector('.graphiql-query-editor .monaco-editor .view-line') !== null`},
	} {
		b := newTab(t, browser, origin)
		b.run("a slow line", command(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: 150, DownloadThroughput: 200_000, UploadThroughput: 200_000}},
		}))
		begin := time.Now()
		b.run("open", chromedp.Navigate(origin+p.path))
		b.wait("it can be used", p.usable)
		took := time.Since(begin)
		paint := evaluate[float64](b, `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0`)
		bytes := evaluate[float64](b, `performance.getEntriesByType('resource').reduce((n, r) => n + r.transferSize, 0)`)
		t.Logf("%s at 1.6 Mbit/s: first paint %.1f s, usable %.1f s, %.0f kB", p.path, paint/1000, took.Seconds(), bytes/1000)
	}
}
