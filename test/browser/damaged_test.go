package browser_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// hired are three people who work at Acme.
const hired = `{"source":"REPORT","id":"s_staff","title":"The staff of Acme"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"PERSON","id":"ann","name":"Ann Ash"}
{"node":"PERSON","id":"ben","name":"Ben Oak"}
{"node":"PERSON","id":"cleo","name":"Cleo Elm"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","since":"2001","evidence":[{"source":"s_staff","excerpt":"Ann works at Acme"}]}
{"link":"AFFILIATED_WITH","from":"ben","to":"acme","since":"2002","evidence":[{"source":"s_staff","excerpt":"Ben works at Acme"}]}
{"link":"AFFILIATED_WITH","from":"cleo","to":"acme","since":"2003","evidence":[{"source":"s_staff","excerpt":"Cleo works at Acme"}]}
`

// page reads a page as it is without its script.
func page(t *testing.T, address string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestWhatIsDamagedIsLeftOut: one of three records in a database of others is damaged. The other two are shown, wherever they
// stand, and it is told that one is left out.
func TestWhatIsDamagedIsLeftOut(t *testing.T) {
	browser := newBrowser(t)
	cat := both.Catalog(t)
	s := both.Neo4j(t, cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("hired.jsonl", []byte(hired))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	srv := neotest.Start(t)
	d, err := neo4j.NewDriverWithContext(srv.URL, neo4j.BasicAuth(srv.User, srv.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	if _, err := neo4j.ExecuteQuery(t.Context(), d, "MATCH (n:Person {id: 'ben'}) SET n.name = 42", nil, neo4j.EagerResultTransformer); err != nil {
		t.Fatal(err)
	}
	origin := serve(t, cat, s, true)
	const told = "name of a person in this answer holds what this program does not write"
	for path, want := range map[string]string{"/e/acme": "Cleo Elm", "/s/s_staff": "Cleo works at Acme"} {
		status, text := page(t, origin+path)
		if status != http.StatusOK || !strings.Contains(text, "Ann") || !strings.Contains(text, want) || !strings.Contains(text, told) {
			t.Errorf("without its script, %s: %d %s", path, status, text)
		}
	}
	if status, text := page(t, origin+"/e/ben"); status != http.StatusInternalServerError || !strings.Contains(text, told) {
		t.Errorf("the page of the damaged one: %d %s", status, text)
	}

	b := newTab(t, browser, origin)
	isTold := reads(".damaged", "is left out of this page") + " && " + reads(".damaged", told)
	b.visit("/e/acme")
	b.wait("the others are listed", reads(".facts", "Ann Ash")+" && "+reads(".facts", "Cleo Elm"))
	b.wait("and drawn", drawn(3, 2))
	b.wait("one is told to be left out", isTold)
	b.screenshot("entity")
	b.click(".logo")
	b.wait("the start shows the others", reads(".columns", "Ann Ash")+" && "+reads(".columns", "Latest changes"))
	b.wait("it is told here too", isTold)
	b.visit("/path?from=ann&to=cleo")
	b.wait("a line that has nothing to do with it", reads(".told", "Cleo Elm is affiliated with Acme")+` && document.querySelector('.damaged') === null`)
	b.visit("/s/s_staff")
	b.wait("the source is quoted", `document.querySelectorAll('.excerpts li').length === 2 && `+isTold)
}

// newProxy passes on to a server what it is asked, once before has seen the question.
func newProxy(t *testing.T, origin string, before func(ctx context.Context, question []byte)) string {
	t.Helper()
	to, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		before(r.Context(), body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(served.Close)
	return served.URL
}

// newFailing breaks the connection of each question that has the word that fail was told; "" is none.
func newFailing(t *testing.T, origin string) (failing string, fail func(word string)) {
	t.Helper()
	var breaks atomic.Value
	breaks.Store("")
	failing = newProxy(t, origin, func(_ context.Context, question []byte) {
		if word := breaks.Load().(string); word != "" && bytes.Contains(question, []byte(word)) {
			panic(http.ErrAbortHandler)
		}
	})
	return failing, func(word string) { breaks.Store(word) }
}

// newHolding keeps questions that have a word until release.
func newHolding(t *testing.T, origin, word string) (holding string, release func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	return newProxy(t, origin, func(asked context.Context, question []byte) {
		if bytes.Contains(question, []byte(word)) {
			select {
			case <-ctx.Done():
			case <-asked.Done():
			}
		}
	}), cancel
}

// TestAFailureIsNoSilence: where a part of a page cannot be had, the page says so there, shows the rest, and asks again when
// it is told to.
func TestAFailureIsNoSilence(t *testing.T) {
	origin, fail := newFailing(t, newServerFrom(t, hired))
	b := newTab(t, newBrowser(t), origin)
	for _, c := range []struct{ path, question, where, rest, there string }{
		{"/", "query Latest", `//section[h2="Latest changes"]`, reads(".columns", "Most connected"), "Ann Ash"},
		{"/", "query Connected", `//section[h2="Most connected"]`, reads(".columns", "Latest changes"), "Acme"},
		{"/", "query Stats", `//section[h2="What is in this graph"]`, reads(".columns", "Latest changes"), "3 links"},
		{"/e/acme", "query Timeline", `//section[h2="Timeline"]`, reads(".kind", "Ann Ash"), "2001"},
		{"/s/s_staff", "serverInfo", `//section[@aria-label="Its text"]`, reads(".excerpts", "Ann works at Acme"), "not stored"},
	} {
		t.Run(c.question, func(t *testing.T) {
			b.t = t
			fail(c.question)
			b.visit(c.path)
			part := `(document.evaluate(` + quote(c.where) + `, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue?.innerText ?? '')`
			b.wait("it is told there", contains(part, "The server cannot be reached"))
			b.wait("the rest is shown", c.rest)
			b.forgive("ERR_EMPTY_RESPONSE")
			fail("")
			b.run("try again", clicking(chromedp.Search(c.where+`//button[normalize-space()="Try again"]`)))
			b.wait("it is there", contains(part, c.there)+" && !"+contains(part, "cannot be reached"))
		})
	}
}
