package http_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/inside"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// exporting serves a store with a text, and /export over what of it is read by from.
func exporting(t *testing.T, texts bool, from func(store.Store) store.Scanner) (base string, s store.Store) {
	t.Helper()
	cat := both.Catalog(t)
	s = both.SQLite(cat)(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("text.jsonl",
		[]byte(`{"source":"ARTICLE","id":"s_t","title":"T","text":"Words that are somebody's."}`))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	finder := finderOf(t, cat, s)
	base, stop := serve(t, cat, s, func(_ *graph.Options, o *server.Options) {
		o.Export = exchange.Served(cat, from(s), finder, texts)
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return base, s
}

// finderOf finds parts of a graph for exports.
func finderOf(t *testing.T, cat *catalog.Catalog, s store.Answerer) exchange.Finder {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: cat, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return inside.Parts{Graph: e}
}

func whole(s store.Store) store.Scanner { return s }

// fetched asks for a page, and returns its body as it came.
func fetched(t *testing.T, method, address string, header map[string]string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range header {
		req.Header.Set(name, v)
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// withoutTexts is a store whose sources have no texts.
type withoutTexts struct{ store.Scanner }

// Sources reads them.
func (s withoutTexts) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return s.Scanner.Sources(ctx, func(x *kg.Source) error {
		c := *x
		c.Text = ""
		return f(&c)
	})
}

// TestExportsAreServed has every format fetched: it is what the command writes, but for the texts of sources.
func TestExportsAreServed(t *testing.T) {
	cat := both.Catalog(t)
	base, s := exporting(t, false, whole)
	for _, f := range exchange.Formats() {
		if !f.Writes() {
			continue
		}
		var want bytes.Buffer
		open, finish := f.One(&want)
		if _, err := f.Export(t.Context(), cat, withoutTexts{s}, open); err != nil {
			t.Fatal(err)
		}
		if err := finish(); err != nil {
			t.Fatal(err)
		}
		resp, body, err := fetched(t, http.MethodGet, base+"/export?format="+f.Name, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", f.Name, resp.Status, err)
		}
		if !bytes.Equal(body, want.Bytes()) || bytes.Contains(body, []byte("Words that are somebody's.")) {
			t.Errorf("%s has %d bytes, not %d", f.Name, len(body), want.Len())
		}
		media, name := f.Media, "graph"+f.Extensions[0]
		if f.Parts != nil {
			media, name = "application/zip", "graph.zip"
		}
		h := resp.Header
		if !strings.HasPrefix(h.Get("Content-Type"), media) || h.Get("Content-Disposition") != `attachment; filename="`+name+`"` ||
			h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", f.Name, h)
		}
	}
	_, plain, _ := fetched(t, http.MethodGet, base+"/export", nil)
	if !bytes.HasPrefix(plain, []byte("{\"throughline\":1}\n")) || bytes.Contains(plain, []byte("somebody's")) {
		t.Errorf("without a format it is %.100s", plain)
	}
	resp, packed, err := fetched(t, http.MethodGet, base+"/export?format=jsonl", map[string]string{"Accept-Encoding": "gzip"})
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("%v %v", resp.Header, err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, plain) {
		t.Errorf("packed it is other bytes: %v", err)
	}
	resp, body, err := fetched(t, http.MethodHead, base+"/export?format=gexf", nil)
	if err != nil || resp.StatusCode != http.StatusOK || len(body) != 0 || resp.Header.Get("Content-Type") != "application/gexf+xml" {
		t.Errorf("HEAD: %s %v %v", resp.Status, resp.Header, err)
	}
	_, part, err := fetched(t, http.MethodGet, base+"/export?kind=said,about&type=person&type=QUOTE&standing=supported", nil)
	if n := strings.Count(string(part), `{"link":"SAID"`); err != nil || n == 0 || n != strings.Count(string(part), `{"link":`) ||
		n != strings.Count(string(plain), `{"link":"SAID"`) {
		t.Errorf("of the links between people and quotes there are %d: %v\n%s", n, err, part)
	}
	for query, want := range map[string][2]int{ // entities and links
		"where=" + url.QueryEscape(`{"name":{"contains":"nato"}}`):                  {5, 5},
		"type=institution&where=" + url.QueryEscape(`{"name":{"contains":"nato"}}`): {3, 2},
		"from=" + url.QueryEscape("Mary Kaldor") + "&to=nato&kind=said":             {3, 2},
		"around=nato&around=" + url.QueryEscape("Mary Kaldor") + "&depth=0":         {2, 0},
		"around=" + url.QueryEscape("NATO") + "&depth=1&kind=part_of":               {3, 2},
	} {
		resp, part, err := fetched(t, http.MethodGet, base+"/export?"+query, nil)
		nodes, links := strings.Count(string(part), `{"node":`), strings.Count(string(part), `{"link":`)
		if err != nil || resp.StatusCode != http.StatusOK || nodes != want[0] || links != want[1] {
			t.Errorf("%s: %s, %d nodes, %d links, %v", query, resp.Status, nodes, links, err)
		}
	}
	open, _ := exporting(t, true, whole)
	if _, body, err := fetched(t, http.MethodGet, open+"/export", nil); err != nil || !bytes.Contains(body, []byte(`"text":"Words that are somebody's."`)) {
		t.Errorf("texts that may be read are not there: %v", err)
	}
}

// TestExportsThatCannotBeAreRefused has what is asked for wrongly told, with a code.
func TestExportsThatCannotBeAreRefused(t *testing.T) {
	base, _ := exporting(t, false, whole)
	for _, c := range []struct {
		method, query string
		status        int
		want          string
	}{
		{http.MethodGet, "?format=gefx", http.StatusBadRequest, `"format is \"gefx\"; do you mean gexf? It is one of jsonl, csv,`},
		{http.MethodGet, "?format=jsonl&ids=x", http.StatusBadRequest, `parameter \"ids\"; do you mean id?`},
		{http.MethodGet, "?format=jsonl&format=gexf", http.StatusBadRequest, `format is \"jsonl,gexf\"; write one of jsonl`},
		{http.MethodGet, "?kind=sadi", http.StatusBadRequest, `kind \"SADI\"; do you mean SAID?`},
		{http.MethodGet, "?id=nobody", http.StatusNotFound, `no entity has the id \"nobody\"`},
		{http.MethodGet, "?where=%7B", http.StatusBadRequest, `where: write a filter as JSON`},
		{http.MethodGet, "?where=%7B%7D&where=%7B%7D", http.StatusBadRequest, `give where once, or leave it out`},
		{http.MethodGet, "?where=", http.StatusBadRequest, `give where once, or leave it out`},
		{http.MethodGet, "?from=nato", http.StatusBadRequest, `lines are between two: give both from and to`},
		{http.MethodGet, "?from=nato&to=id:nobody", http.StatusNotFound, `"to: there is no entity of this id`},
		{http.MethodGet, "?around=", http.StatusBadRequest, `around is empty: name an entity, or leave it out`},
		{http.MethodGet, "?around=nato&around=id:nobody", http.StatusNotFound, `"around[1]: there is no entity of this id`},
		{http.MethodGet, "?around=nato&depth=9", http.StatusBadRequest, `"depth: ask for 0 to 4`},
		{http.MethodGet, "?around=nato&depth=x", http.StatusBadRequest, `depth is a number, and stands with around`},
		{http.MethodGet, "?depth=1", http.StatusBadRequest, `depth is a number, and stands with around`},
		{http.MethodGet, "?format=%zz", http.StatusBadRequest, `BAD_REQUEST`},
		{http.MethodPost, "", http.StatusMethodNotAllowed, `METHOD_NOT_ALLOWED`},
	} {
		resp, body, err := fetched(t, c.method, base+"/export"+c.query, map[string]string{"Accept-Encoding": "gzip"})
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(body), c.want) ||
			!strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") || resp.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %s %v %s %v", c.query, resp.Status, resp.Header, body, err)
		}
	}
	none, stop := start(t, nil)
	if resp, body, _ := fetched(t, http.MethodGet, none+"/export", nil); resp.StatusCode != http.StatusNotFound ||
		!strings.Contains(string(body), "this server exports nothing: it was started with --no-export") {
		t.Errorf("a server that exports nothing says %s %s", resp.Status, body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// breaking is a store that cannot be read to its end: from the first, or after so many links.
type breaking struct {
	store.Scanner
	after int
	err   error
}

func (b breaking) Links(_ context.Context, f func(*kg.Link) error) error {
	for range b.after {
		if err := f(&kg.Link{ID: "l_x", Kind: "SAID", Evidence: []kg.Evidence{{Source: "s_t", Excerpt: strings.Repeat("words ", 1000)}}}); err != nil {
			return err
		}
	}
	return b.err
}

// TestAnExportThatBreaksIsSeenToBeCutOff has a store fail before anything was sent, which is told, and in the middle,
// where the connection breaks: nobody takes half a graph for a whole one.
func TestAnExportThatBreaksIsSeenToBeCutOff(t *testing.T) {
	away := kg.Errorf(kg.Unavailable, "the store is away")
	base, _ := exporting(t, false, func(s store.Store) store.Scanner { return breaking{s, 0, away} })
	resp, body, err := fetched(t, http.MethodGet, base+"/export", nil)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "the store is away") {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
	base, _ = exporting(t, false, func(s store.Store) store.Scanner { return breaking{s, 0, errors.New("driver text")} })
	resp, body, err = fetched(t, http.MethodGet, base+"/export", nil)
	if err != nil || resp.StatusCode != http.StatusInternalServerError || strings.Contains(string(body), "driver") {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
	for _, encoding := range []string{"identity", "gzip"} {
		base, _ = exporting(t, false, func(s store.Store) store.Scanner { return breaking{s, 1000, away} })
		resp, body, err = fetched(t, http.MethodGet, base+"/export", map[string]string{"Accept-Encoding": encoding})
		if encoding == "gzip" && err == nil { // all of it waited to be packed, and it is told
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%s: %s, and %d bytes that end as if they were all", encoding, resp.Status, len(body))
			}
		} else if err == nil || len(body) == 0 {
			t.Errorf("%s: %s, %d bytes, and no error", encoding, resp.Status, len(body))
		}
	}
}

// notes are a log that is read while somebody writes.
type notes struct {
	mu  sync.Mutex
	log bytes.Buffer
}

func (n *notes) Write(line []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.Write(line)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

// TestASlowReaderOfAnExportIsCutOff: it holds one of the few places for what is costly.
func TestASlowReaderOfAnExportIsCutOff(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	var log notes
	base, stop := serve(t, cat, s, func(_ *graph.Options, o *server.Options) {
		o.Export = exchange.Served(cat, breaking{s, 20_000, nil}, finderOf(t, cat, s), false)
		o.MaxConcurrent, o.QueueTime, o.NoArrivalQueue = 8, 8*time.Second, true // one of them for what is costly
		o.ExportGrace, o.ExportRate = 50*time.Millisecond, 1<<40
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	t.Cleanup(func() { _ = stop() })
	unread(t, base, http.MethodGet, "/export", "")
	r, _, _ := fetched(t, http.MethodHead, base+"/export", nil)
	if r.StatusCode != http.StatusOK {
		t.Errorf("while somebody does not read, others are told %s", r.Status)
	}
	if said := log.String(); !strings.Contains(said, "whoever reads it takes less than") {
		t.Errorf("the log does not say what happened: %s", said)
	}
}
