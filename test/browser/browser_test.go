// Package browser_test looks at the pages as a person would: in Chromium, over HTTP.
package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pageTimeout is how long anything on a page may take on a busy machine.
const pageTimeout = 60 * time.Second

// chromium is the browser's path. Without one the test fails, as nothing else looks at the pages; -short leaves them
// out.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs a browser")
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	if name := os.Getenv("CHROMIUM"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("Chromium is needed to look at the pages: install one of %s, or name it in CHROMIUM",
		strings.Join(names, ", "))
	return ""
}

// headless is a running browser.
type headless struct {
	ctx  context.Context
	stop func()
	err  error // why there is none
}

// shared is the browser of all tests; to start one takes longer than most tests do. Every tab has a storage of its own.
var (
	shared *headless
	start  sync.Once
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.stop()
	}
	os.Exit(code)
}

// newBrowser returns the headless browser, which can reach this machine only.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path := chromium(t)
	start.Do(func() { shared = startBrowser(path) })
	if shared.err != nil {
		t.Fatalf("start the browser: %v", shared.err)
	}
	return shared.ctx
}

func startBrowser(path string) *headless {
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.WindowSize(1366, 768),
		chromedp.WSURLReadTimeout(pageTimeout),
	}
	for _, flag := range []string{
		"disable-gpu", "disable-software-rasterizer", // no WebGL at all, as on many virtual machines
		"disable-quic", "no-first-run", "no-default-browser-check", "disable-background-networking",
		"disable-component-update", "disable-default-apps", "disable-extensions", "disable-sync", "metrics-recording-only", "mute-audio",
		"disable-dev-shm-usage", "no-sandbox", // the pages are our own, and continuous integration runs as root
	} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	opts = append(opts, chromedp.Flag("headless", "new"), chromedp.Flag("host-resolver-rules",
		"MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	ctx, free := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(ctx)
	stop := func() {
		stopping, done := context.WithTimeout(ctx, 10*time.Second)
		defer done()
		_ = chromedp.Cancel(stopping) // lets the browser close its files before its profile is removed
		cancel()
		free()
	}
	return &headless{ctx, stop, chromedp.Do(ctx)} // without a deadline: the browser lives as long as this context
}

// tab is a tab of the browser that takes note of what must not happen on our pages.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string
	others []string // where else a page may lead, such as the issuer of tokens

	mu       sync.Mutex
	requests int
	posted   network.Headers // the headers of the last POST
	faults   []string
}

// newTab opens a tab, with a storage of its own, for pages of origin. When the test ends, every request must have gone
// to origin, and nothing must have been reported: no exception, no console error, no refusal by the content security
// policy.
func newTab(t *testing.T, browser context.Context, origin string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, origin: origin}
	t.Cleanup(func() {
		defer cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.requests == 0 {
			t.Error("no request was seen")
		}
		for _, fault := range b.faults {
			t.Error(fault)
		}
	})
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.request(e.Request.URL)
			if e.Request.Method == http.MethodPost {
				b.mu.Lock()
				b.posted = e.Request.Headers
				b.mu.Unlock()
			}
		case *network.EventWebSocketCreated:
			b.request(e.URL)
		case *network.EventResponseReceived:
			if e.Response.Status >= 400 {
				b.fault("%d for %s", e.Response.Status, e.Response.URL)
			}
		case *runtime.EventExceptionThrown:
			b.fault("exception: %s", exception(e.ExceptionDetails))
		case *runtime.EventConsoleAPICalled:
			switch e.Type {
			case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeAssert, runtime.ConsoleAPICalledTypeWarning:
				var said []string
				for _, a := range e.Args {
					said = append(said, string(a.Value)+a.Description)
				}
				b.fault("console %s: %s", e.Type, strings.Join(said, " "))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
				b.fault("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.run("listen", command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{}),
		command(runtime.Enable, cdp.Empty{}))
	return b
}

// command is a step that sends a command of the protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

func (b *tab) request(url string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	ours := func(origin string) bool { return strings.HasPrefix(url, origin+"/") }
	if !ours(b.origin) && !strings.HasPrefix(url, "data:") && !slices.ContainsFunc(b.others, ours) {
		b.faults = append(b.faults, "a request left the server: "+url)
	}
}

func (b *tab) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

// run does things in the tab.
func (b *tab) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	do(b, what, chromedp.Steps(steps...))
}

// click clicks what a CSS selector finds, once it is visible.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.run("click "+selector, clicking(chromedp.CSS(selector)))
}

// clicking is a step that clicks an element once it is visible. A page may draw the element anew after it was found, or
// move it after it was measured, and what then lies there gets the click: so it is clicked until the click arrives.
func clicking[S chromedp.Selectable](selector S) chromedp.Action[chromedp.Void] {
	step := chromedp.QueryAfter(selector, func(ctx context.Context, t *chromedp.Target, nodes []*chromedp.Node) (bool, error) {
		node, err := cdp.Call(ctx, t, dom.ResolveNode, dom.ResolveNodeParams{NodeID: nodes[0].NodeID})
		if err != nil {
			return false, err
		}
		call := func(function string) (runtime.CallFunctionOnResult, error) {
			return cdp.Call(ctx, t, runtime.CallFunctionOn,
				runtime.CallFunctionOnParams{ObjectID: node.Object.ObjectID, FunctionDeclaration: function})
		}
		if _, err := call("function() { this.addEventListener('click', () => { this.clicked = true; }, { capture: true, once: true }); }"); err != nil {
			return false, err
		}
		if _, err := chromedp.MouseClickNode(nodes[0])(ctx, t); err != nil {
			return false, err
		}
		switch clicked, err := call("function() { return this.clicked === true; }"); {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil: // the click has led to another page
			return true, nil
		default:
			return string(clicked.Result.Value) == "true", nil
		}
	}, chromedp.NodeVisible)
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for {
			clicked, err := chromedp.Run(ctx, step)
			if clicked || ctx.Err() != nil || err != nil && !strings.Contains(err.Error(), "node with given id") { // there is none, or none is found
				return err
			}
		}
	})
}

// wait polls until a JavaScript expression is true, also when it has begun on the page before.
func (b *tab) wait(what, expression string) {
	b.t.Helper()
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(50*time.Millisecond),
		chromedp.WithPollingTimeout(pageTimeout))
	b.run("wait until "+what, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for {
			_, err := chromedp.Run(ctx, poll)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "Cannot find context with specified id") {
				return err
			}
		}
	}))
}

// evaluate is the value of a JavaScript expression.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	return do(b, "evaluate "+expression, chromedp.Evaluate[T](expression))
}

func do[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.screenshot("failed")
		b.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// screenshot keeps a picture in the folder named by SCREENSHOTS, if any.
func (b *tab) screenshot(name string) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	path := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name())+"-"+name+".png")
	if err := os.WriteFile(path, png, 0o600); err != nil {
		b.t.Log(err)
	}
}
