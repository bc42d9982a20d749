package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[99-i] = i + 1
	}
	for _, c := range []struct {
		values []int
		p      int
		want   int
	}{
		{nil, 50, 0},
		{[]int{7}, 1, 7},
		{[]int{7}, 99, 7},
		{[]int{3, 1, 2}, 50, 2},
		{[]int{4, 1, 3, 2}, 50, 2},
		{[]int{1, 2}, 99, 2},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(slices.Clone(c.values), c.p); got != c.want {
			t.Errorf("percentile %d of %d values = %d, want %d", c.p, len(c.values), got, c.want)
		}
	}
}

func TestRounds(t *testing.T) {
	var r rounds
	for _, n := range []int{10, 30, 20} {
		s := slice{took: time.Second, bytes: int64(100 * n)}
		for range n {
			s.times = append(s.times, time.Duration(n)*time.Millisecond)
		}
		r.add(s, map[string]time.Duration{"server": time.Duration(n) * time.Millisecond})
	}
	want := figures{Rate: 20, P50: 20, P99: 20, Requests: 60, Bytes: 100, CPU: map[string]float64{"server": 1}}
	if diff := cmp.Diff(want, r.figures()); diff != "" {
		t.Error(diff)
	}
}

// digest sums up a graph, and checks that it is one.
type digest struct {
	t     *testing.T
	out   io.Writer
	seen  map[string]string // type by id
	names map[string]bool   // of people
	into  map[string]int    // links into a node
}

func (d *digest) source(s source) error {
	d.seen[s.ID] = "SOURCE"
	_, err := fmt.Fprintln(d.out, s)
	return err
}

func (d *digest) node(n node) error {
	if d.seen[n.ID] != "" || n.Name == "" {
		d.t.Errorf("node %+v: an id used before, or no name", n)
	}
	if n.Type == "PERSON" {
		if d.names[n.Name] {
			d.t.Errorf("two people are called %s", n.Name)
		}
		d.names[n.Name] = true
	}
	d.seen[n.ID] = n.Type
	_, err := fmt.Fprintln(d.out, n)
	return err
}

func (d *digest) link(l link) error {
	if d.seen[l.From] == "" || d.seen[l.To] == "" || len(l.Evidence) == 0 {
		d.t.Errorf("link %+v: an end is missing, or the evidence", l)
	}
	for _, e := range l.Evidence {
		if d.seen[e.Source] != "SOURCE" || e.Excerpt == "" {
			d.t.Errorf("link %+v: its evidence is not whole", l)
		}
	}
	d.into[l.Kind+l.To]++
	_, err := fmt.Fprintln(d.out, l)
	return err
}

func generated(t *testing.T, people int, seed uint64) (sum string, d *digest, links int) {
	t.Helper()
	h := sha256.New()
	d = &digest{t: t, out: h, seen: map[string]string{}, names: map[string]bool{}, into: map[string]int{}}
	nodes, links, err := generate(people, seed, d)
	if err != nil {
		t.Fatal(err)
	}
	if s := sizeOf(people); nodes != s.people+s.institutions+s.events+s.quotes+s.themes {
		t.Errorf("%d nodes for %+v", nodes, s)
	}
	return hex.EncodeToString(h.Sum(nil)), d, links
}

func TestGraphIsTheSameForASeed(t *testing.T) {
	one, d, links := generated(t, 500, 42)
	if two, _, _ := generated(t, 500, 42); one != two {
		t.Error("two graphs of one seed differ")
	}
	if other, _, _ := generated(t, 500, 43); one == other {
		t.Error("another seed gives the same graph")
	}
	if links < 10*500 || links > 16*500 {
		t.Errorf("%d links of 500 people: the documentation speaks of about 13 each", links)
	}
	if hub := d.into["ABOUT"+themeID(0)]; hub < 100 {
		t.Errorf("the largest theme has %d quotes of 1,000: there is no hub", hub)
	}
	alone := d.into["AFFILIATED_WITH"+institutionID(sizeOf(500).institutions-1)]
	if alone != island {
		t.Errorf("%d people belong to the island, want %d", alone, island)
	}
}

var errFull = errors.New("full")

type full struct{ sink }

func (full) source(source) error { return errFull }

func TestGenerateReportsTheSinksError(t *testing.T) {
	if _, _, err := generate(100, 1, full{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want the error of the sink", err)
	}
}

func TestLinesOfAGraphBeginWithWhatTheyAre(t *testing.T) {
	var b bytes.Buffer
	s, flush := newFileSink(&b)
	_, links, err := generate(100, 1, otherIDs{s})
	if err = errors.Join(err, flush()); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	sc := bufio.NewScanner(&b)
	for sc.Scan() {
		if !json.Valid(sc.Bytes()) {
			t.Fatalf("not JSON: %s", sc.Text())
		}
		kind, _, _ := strings.Cut(sc.Text()[2:], `"`)
		kinds[kind]++
		if kind == "link" && !strings.Contains(sc.Text(), `"from":"x`) {
			t.Fatalf("a graph with ids of its own has this: %s", sc.Text())
		}
	}
	n := sizeOf(100)
	want := map[string]int{
		"source": n.sources, "node": n.people + n.institutions + n.events + n.quotes + n.themes,
		"link": links,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestCanonicalFormIsTheSameForEveryServer(t *testing.T) {
	same := map[string][]string{
		"a page with totalCount": {
			`{"r": {"totalCount": 2, "nodes": [{"id": "b", "date": null}, {"id": "a"}]}}`,
			`{"r": {"totalCount": 2, "edges": [{"node": {"id": "a", "date": null}}, {"node": {"id": "b"}}]}}`,
			`{"r": [{"totalCount": 2, "nodes": [{"id": "a"}, {"id": "b"}]}]}`,
		},
		"one thing": {
			`{"r": {"id": "p", "born": "1950", "quotes": {"nodes": []}}}`,
			`{"r": [{"id": "p", "born": 1950, "quotes": []}]}`,
		},
		"properties of a link": {
			`{"r": {"affiliations": {"edges": [{"role": "member", "since": "1990", "node": {"id": "i"}}]}}}`,
			`{"r": [{"affiliations": {"edges": [{"properties": {"role": "member", "since": 1990}, "node": {"id": "i"}}]}}]}`,
			`{"r": [{"affiliations": [{"role": "member", "since": 1990, "id": "i"}]}]}`,
		},
		"evidence": {
			`{"r": {"themes": {"edges": [{"node": {"name": "t"}, "link": {"evidence": {"nodes": [{"excerpt": "x", "source": {"title": "s"}}, {"excerpt": "y", "source": {"title": "z"}}]}}}]}}}`,
			`{"r": [{"themes": {"edges": [{"node": {"name": "t"}, "properties": {"excerpts": ["y", "x"], "titles": ["z", "s"]}}]}}]}`,
			`{"r": [{"themes": [{"name": "t", "excerpts": ["x", "y"], "titles": ["s", "z"]}]}]}`,
		},
	}
	all := map[string]string{}
	for _, what := range slices.Sorted(maps.Keys(same)) {
		for i, answer := range same[what] {
			data, err := decode([]byte(`{"data":` + answer + `}`))
			if err != nil {
				t.Fatal(err)
			}
			got := text(canon(data))
			if i == 0 {
				if other, ok := all[got]; ok {
					t.Errorf("%s and %s look alike: %s", what, other, got)
				}
				all[got] = what
			}
			if all[got] != what {
				t.Errorf("%s: answer %d is %s, not what the first one is", what, i, got)
			}
		}
	}
}

func TestCanonicalFormKeepsDifferences(t *testing.T) {
	seen := map[string]string{}
	for _, answer := range []string{
		`{"r": {"id": "p"}}`, `{"r": {"id": "q"}}`, `{"r": null}`, `{"r": {"id": "p", "quotes": {"nodes": [{"id": "x"}]}}}`,
		`{"r": {"id": "p", "quotes": {"nodes": [{"id": "x"}, {"id": "x"}]}}}`, `{"r": {"totalCount": 0}}`,
		`{"r": {"excerpts": ["x"], "titles": ["s"]}}`, `{"r": {"excerpts": ["x"], "titles": ["t"]}}`,
	} {
		data, err := decode([]byte(`{"data":` + answer + `}`))
		if err != nil {
			t.Fatal(err)
		}
		got := text(canon(data))
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s look alike: %s", answer, other, got)
		}
		seen[got] = answer
	}
}

func TestDecodeRefusesErrors(t *testing.T) {
	for _, body := range []string{
		`{"errors":[{"message":"no"}],"data":{"r":null}}`, `{"errors":[{"message":"no"}]}`,
		`{}`, `<html>`,
	} {
		if data, err := decode([]byte(body)); err == nil {
			t.Errorf("%s was taken for %v", body, data)
		}
	}
}

func TestHitsAndHops(t *testing.T) {
	of := func(f func(map[string]any) any, answer string) string {
		data, err := decode([]byte(`{"data":` + answer + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return text(f(data))
	}
	ours := of(hits("mina abell", 10),
		`{"r": {"edges": [{"node": {"id": "b", "name": "Mina Rita Abell"}}, {"node": {"id": "a", "name": "Mina Abell"}}]}}`)
	peers := of(hits("mina abell", 10),
		`{"r": {"edges": [{"node": {"id": "a", "name": "Mina Abell"}}, {"node": {"id": "b", "name": "Mina Rita Abell"}}]}}`)
	if ours != peers || ours != `["\"a\"","\"b\""]` {
		t.Errorf("hits in another order: %s and %s", ours, peers)
	}
	if got := of(hits("mina abell", 1), `{"r": [{"id": "a", "name": "Mina Abell"}]}`); got != `"1 with every word"` {
		t.Errorf("a full page: %s", got)
	}
	if got := of(hits("mina abell", 1), `{"r": [{"id": "a", "name": "Mina Berber"}]}`); !strings.Contains(got,
		"not every word") {
		t.Errorf("a wrong hit: %s", got)
	}
	for _, answer := range []string{
		`{"r": {"nodes": [{"nodes": [{"id": "a"}, {"id": "x"}, {"id": "b"}]}]}}`,
		`{"r": [{"id": "a"}, {"id": "y"}, {"id": "b"}]}`,
	} {
		if got := of(hops, answer); got != `"2 from a to b"` {
			t.Errorf("a path: %s", got)
		}
	}
	for _, answer := range []string{`{"r": {"nodes": []}}`, `{"r": []}`} {
		if got := of(hops, answer); got != `"none"` {
			t.Errorf("no path: %s", got)
		}
	}
}

func TestRowsAreWrittenAsObjects(t *testing.T) {
	r := row{{name: "id"}, {name: "n"}, {name: "score"}, {name: "words"}, {name: "themes", list: idName}}
	got := string(r.append(nil, []any{`a "b" ü`, int64(3), 0.5, []any{"x", "y"}, []any{[]any{"t", nil}}}))
	want := `{"id":"a \"b\" ü","n":3,"score":0.5,"words":["x","y"],"themes":[{"id":"t","name":null}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParametersAreTheSameForASize(t *testing.T) {
	pages := []page{{"c1", "Aino"}, {"c2", "Bela"}}
	known := &names{people: []string{"Aino Abell", "Bela Abell"}, institutions: []string{"Council civic"}}
	if diff := cmp.Diff(fmt.Sprint(draw(50, 1000, pages, known)), fmt.Sprint(draw(50, 1000, pages,
		known))); diff != "" {
		t.Error(diff)
	}
	for _, p := range draw(500, 100, pages, known) {
		if p.id == p.to {
			t.Errorf("a path from %s to itself", p.id)
		}
	}
}

func TestEveryQuestionCanBeAsked(t *testing.T) {
	p := draw(1, 100, []page{{"cursor", "Aino"}}, &names{
		people:       []string{"Aino Abell"},
		institutions: []string{"Council civic"},
	})
	seen := map[string]bool{}
	for _, q := range questions {
		if seen[q.key] || q.title == "" || q.canon == nil {
			t.Errorf("question %s: used before, or not whole", q.key)
		}
		seen[q.key] = true
		for _, to := range targets {
			if !q.asks(to) {
				continue
			}
			r, err := q.request(to, "127.0.0.1:1", &p[0])
			if err != nil {
				t.Fatal(err)
			}
			rq, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r)))
			if err != nil {
				t.Fatalf("%s to %s: %v", q.key, to, err)
			}
			if to == byHand {
				for _, arg := range strings.FieldsFunc(q.byHand.cypher,
					func(r rune) bool { return strings.ContainsRune(" \n,})", r) }) {
					if name, ok := strings.CutPrefix(arg, "$"); ok && rq.URL.Query().Get(name) == "" {
						t.Errorf("%s: the statement by hand wants $%s, the request has %v", q.key, name, rq.URL.Query())
					}
				}
			}
		}
	}
	for _, m := range mix {
		if find(m.key) == nil {
			t.Errorf("the mix has %s, which is no question", m.key)
		}
	}
}

func TestClientReadsAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/long":
			_, _ = w.Write(bytes.Repeat(body, 10_000))
		case "/chunks":
			for range 3 {
				_, _ = w.Write(body)
				w.(http.Flusher).Flush()
			}
		case "/busy":
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/wrong":
			_, _ = w.Write([]byte(`{"errors":[]}`))
		}
	}))
	defer s.Close()
	host := s.Listener.Addr().String()
	c, err := dial(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, x := range []struct {
		path, want string
		status     int
		retry      bool
		wrong      bool
	}{
		{path: "/long", want: strings.Repeat("hello", 10_000), status: 200},
		{path: "/chunks", want: "hellohellohello", status: 200},
		{path: "/busy", status: 503, retry: true, wrong: true},
		{path: "/wrong", want: `{"errors":[]}`, status: 200, wrong: true},
		{path: "/chunks", want: "hellohellohello", status: 200}, // the connection is still good
	} {
		a, err := c.do(post(host, x.path, []byte("hello")))
		if err != nil {
			t.Fatalf("%s: %v", x.path, err)
		}
		if a.status != x.status || string(a.body) != x.want || a.retryAfter != x.retry ||
			(a.check() != nil) != x.wrong {
			t.Errorf("%s: status %d, %d bytes, Retry-After %t, check %v", x.path, a.status, len(a.body), a.retryAfter,
				a.check())
		}
	}
}

func TestClientOpensAStaleConnectionAnew(t *testing.T) {
	accepted := make(chan struct{}, 2)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			accepted <- struct{}{}
		}
	}
	s.Start()
	defer s.Close()
	l := &lines{host: s.Listener.Addr().String()}
	defer l.close()
	if err := l.upTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	<-accepted
	l.open[0].used = time.Now().Add(-2 * stale)
	if err := l.upTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	<-accepted // the test would hang here
}

func TestProcFiles(t *testing.T) {
	if got := parseStat("42 (a ) b) S 1 1 1 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 9 0 1 1 1"); got != 1750*time.Millisecond {
		t.Errorf("CPU time %s, want 1.75s", got)
	}
	if got := parseStatus("Name:\tx\nVmRSS:\t  2048 kB\nVmSize:\t 1 kB\n", "VmRSS"); got != 2<<20 {
		t.Errorf("memory %d, want 2 MiB", got)
	}
}

func TestSectionsFillAPage(t *testing.T) {
	page := "# P\n\nprose\n" + opening("machine") + "\nold\n" + closing + "\nmore\n" + opening("ratios") + "\nkept\n" +
		closing + "\n"
	got, err := fill(page, map[string]string{"machine": "new\n\n"})
	want := strings.Replace(page, "\nold\n", "\nnew\n", 1)
	if err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	if again, _ := fill(got, map[string]string{"machine": "new"}); again != got {
		t.Errorf("filled twice: %q", again)
	}
	if _, err := fill(page, map[string]string{"load": "x"}); err == nil {
		t.Error("a page without the place was filled")
	}
	if _, err := fill(skeleton(), map[string]string{"load": "x", "machine": "y"}); err != nil {
		t.Error(err)
	}
}

// measured are results with one query of two sizes, which the peer cannot answer at the larger.
func measured() *results {
	f := func(rate float64) map[int]figures {
		return map[int]figures{16: {
			Rate: rate, P50: 1, P99: 2.5, Requests: 10, Bytes: 1234,
			CPU: map[string]float64{"server": 0.25, "neo4j": 0.5},
		}}
	}
	r := &results{Sizes: map[int]*sizeResult{}, Load: map[string]*loadResult{}}
	r.at(1000).Queries = []queryResult{{"a", "a <person>", map[target]map[int]figures{
		peer: f(100), onNeo4j: f(250),
		embedded: f(5000),
	}}}
	r.at(100000).Queries = []queryResult{{"a", "a <person>", map[target]map[int]figures{
		onNeo4j:  f(200),
		embedded: f(4000),
	}}}
	return r
}

func TestTables(t *testing.T) {
	s := measured().sections()
	for section, want := range map[string]string{
		"ratios":  "| a <person> | 2.50 | – | 50.00 |",
		"compare": "|  | Throughline, Neo4j | 250 | 1.00 | 2.50 | 0.250 + 0.500 | 1,234 |",
		"growth":  "| a <person> | – | 0.80 | – | 0.80 | 1,234 | 1,234 |",
	} {
		if !strings.Contains(s[section], want) {
			t.Errorf("%s has no line %s:\n%s", section, want, s[section])
		}
	}
	if _, ok := s["paths"]; ok {
		t.Error("there is a table of what was not measured")
	}
	for x, want := range map[float64]string{1234567.4: "1,234,567", 99.94: "99.9", 9.994: "9.99", 0.1234: "0.123"} {
		if got := num(x); got != want {
			t.Errorf("num(%v) = %s, want %s", x, got, want)
		}
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	for name, svg := range measured().plots() {
		d := xml.NewDecoder(strings.NewReader(svg))
		bars := 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "rect" {
				bars++
			}
		}
		if want := 4 + len(measured().Sizes[1000].Queries[0].Figures); name == "bench-1000.svg" && bars != want {
			t.Errorf("%s has %d bars and keys, want %d", name, bars, want)
		}
	}
}

func TestFlags(t *testing.T) {
	s, err := parseFlags([]string{"-people", "500,1000", "-only", "compare,sample", "-queries", "a,b"})
	if err != nil || !slices.Equal(s.people, []int{500, 1000}) || !slices.Equal(s.only,
		[]string{"compare", "sample"}) || !slices.Equal(s.clients, []int{1, 16, 64}) {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{
		"-people=0", "-people=50", "-only=nothing", "-queries=z", "-rounds=0", "-store=paper",
		"extra",
	} {
		if _, err := parseFlags([]string{bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
