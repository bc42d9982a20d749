package browser_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/test/npm"
)

const app = "../../examples/app"

// newApp builds the app of examples/app as its README says, and serves it beside GraphQL.
func newApp(t *testing.T) string {
	t.Helper()
	npm.Need(t, app)
	for path, args := range map[string][]string{
		"schema.graphql": {"schema"}, "src/urql-settings.ts": {"schema", "--client", "urql"},
	} {
		var out, said bytes.Buffer
		if code := cli.Main(t.Context(), args, strings.NewReader(""), &out, &said, os.Getenv); code != 0 {
			t.Fatalf("%v: %s", args, said.Bytes())
		}
		if err := os.WriteFile(filepath.Join(app, path), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"exec", "--no", "graphql-codegen"}, {"run", "build"}} {
		c := exec.CommandContext(t.Context(), "npm", args...)
		c.Dir = app
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("npm %v: %v\n%s", args, err, out)
		}
	}
	origin, err := url.Parse(newServer(t))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(origin) }})
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(app, "dist"))))
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	return served.URL
}

// reads reports whether what a selector finds shows a text.
func reads(selector, text string) string {
	return "(document.querySelector(" + quote(selector) + ")?.innerText ?? '').includes(" + quote(text) + ")"
}

// press presses a key where the focus is.
func (b *tab) press(key string) {
	b.t.Helper()
	b.run("press a key", chromedp.KeyEvent(key))
}

// TestTheExampleApp goes through the app by the keyboard alone: a list and its second page, details, a search, a path and
// a mistake. No page is wider than the window, narrow or wide, and it is dark for who wants that.
func TestTheExampleApp(t *testing.T) {
	origin := newApp(t)
	b := newTab(t, newBrowser(t), origin)
	b.run("open", chromedp.Navigate(origin+"/"))
	b.wait("people are listed", "document.querySelectorAll('.entries li').length === 5")
	focus := func(selector string) {
		b.wait("there is "+selector, "document.querySelector("+quote(selector)+") !== null")
		for range 40 {
			if evaluate[bool](b, "document.activeElement.matches("+quote(selector)+")") {
				return
			}
			b.press(kb.Tab)
		}
		b.t.Fatalf("Tab does not reach %s", selector)
	}
	focus(".entries + button")
	b.press(kb.Enter)
	b.wait("the next page is there too", "document.querySelectorAll('.entries li').length === 8")

	focus(`a[href*="id=mary-kaldor"]`)
	b.press(kb.Enter)
	b.wait("details are shown", reads("h1", "Mary Kaldor")+" && "+reads("blockquote", "Kaldor"))
	if !evaluate[bool](b, "document.activeElement.tagName === 'H1'") {
		t.Error("the focus is not at the heading of a page that was opened")
	}
	for _, width := range []int64{400, 900, 1600} {
		b.run("resize", chromedp.EmulateViewport(width, 900))
		if evaluate[bool](b, "document.documentElement.scrollWidth > innerWidth") {
			t.Errorf("the page is wider than %d px", width)
		}
		b.screenshot(map[int64]string{400: "400", 900: "900", 1600: "1600"}[width])
	}

	b.run("search", chromedp.Navigate(origin+"/#/search"))
	b.wait("there is a search", reads("h1", "Search"))
	focus("input[type=search]")
	for _, key := range "kaldr" {
		b.press(string(key))
	}
	b.press(kb.Enter)
	b.wait("a misspelled name is found", reads(".entries", "Mary Kaldor"))

	b.run("path", chromedp.Navigate(origin+"/#/path"))
	b.wait("there is a form", reads("h1", "connected"))
	focus("form button")
	b.press(kb.Enter)
	b.wait("a path has its words", reads(".path h2", "protection of civilians")+" && "+reads(".path blockquote", "Kaldor"))
	b.screenshot("path")
	dark := "getComputedStyle(document.documentElement).backgroundColor"
	light := evaluate[string](b, dark)
	b.run("dark", command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}))
	if evaluate[string](b, dark) == light {
		t.Error("the app is as light in the dark")
	}
	b.screenshot("dark")

	b.run("a mistake", chromedp.Navigate(origin+"/#/path?from=Nobody&to=NATO"))
	b.wait("the mistake is told", reads("[role=alert]", "there is no entity"))
}
