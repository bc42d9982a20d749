package formats_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/neo4jserver"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/internal/web"
	"github.com/throughline/throughline/test/others"
)

// database is what is asked of a Neo4j directly.
type database struct{ neo4j.DriverWithContext }

func connected(t *testing.T, url, user, password string) database {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(url, neo4j.BasicAuth(user, password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return database{d}
}

func (d database) run(t *testing.T, text string) []*neo4j.Record {
	t.Helper()
	res, err := neo4j.ExecuteQuery(t.Context(), d, text, nil, neo4j.EagerResultTransformer)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, text)
	}
	return res.Records
}

// contents are all nodes and relationships with all their properties, but for what tells one load from another.
func (d database) contents(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, text := range []string{
		"MATCH (n) RETURN labels(n) AS a, properties(n) AS b, '' AS c, '' AS d",
		"MATCH (a)-[r]->(b) RETURN [type(r)] AS a, properties(r) AS b, coalesce(a.id, a.name, a.value) AS c, b.id AS d",
	} {
		for _, r := range d.run(t, text) {
			labels, _ := r.Values[0].([]any)
			props, _ := r.Values[1].(map[string]any)
			slices.SortFunc(labels, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			switch labels[0] {
			case "ThroughlineChange":
				for _, name := range []string{"id", "at", "files"} {
					delete(props, name)
				}
			case "ThroughlineMeta":
				delete(props, "turns") // transactions are counted
			}
			b, err := json.Marshal([]any{labels, props, r.Values[2], r.Values[3]})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(b))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// answersOf asks a store the questions of the tour, and for all that it holds.
func answersOf(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	e, err := graph.New(graph.Options{Catalog: both.Catalog(t), Store: s})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, q := range web.Tour() {
		var vars map[string]any
		if q.Variables != nil {
			if err := json.Unmarshal(q.Variables, &vars); err != nil {
				t.Fatal(err)
			}
		}
		r := e.Do(t.Context(), &graph.Request{Query: q.Document, Variables: vars})
		out[q.Title] = string(r.AppendJSON(nil))
		r.Release()
		if strings.Contains(out[q.Title], `"errors"`) {
			t.Errorf("%s: %s", q.Title, out[q.Title])
		}
	}
	var lines bytes.Buffer
	if _, err := exchange.Export(t.Context(), both.Catalog(t), s, &lines); err != nil {
		t.Fatal(err)
	}
	out["export"] = lines.String()
	return out
}

func same(t *testing.T, how, got, want string, answers, wanted map[string]string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: the database differs: %s", how, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
	for _, q := range slices.Sorted(maps.Keys(wanted)) {
		if answers[q] != wanted[q] {
			t.Errorf("%s: %s: %s", how, q, cmp.Diff(strings.Split(wanted[q], "\n"), strings.Split(answers[q], "\n")))
		}
	}
}

// TestNeo4jIsFilledByScriptAndByItsImporter fills one Neo4j by an import, by the script of Cypher, and another by
// neo4j-admin: the databases hold the same, property by property, and answer the same.
func TestNeo4jIsFilledByScriptAndByItsImporter(t *testing.T) {
	cat := both.Catalog(t)
	srv := both.Server(t, cat)
	d := connected(t, srv.URL, srv.User, srv.Password)
	d.run(t, "MATCH (n) WHERE NOT n:ThroughlineMeta DETACH DELETE n")
	s := filled(t, func(t *testing.T) store.Store { return both.Ready(t, srv, cat) })
	want, wanted := d.contents(t), answersOf(t, s)
	if n := strings.Count(want, "\n"); n < 150 {
		t.Fatalf("there are %d records", n)
	}
	from := filled(t, both.SQLite(cat))

	script, err := os.ReadFile(written(t, from, "cypher")[""])
	if err != nil {
		t.Fatal(err)
	}
	d.run(t, "MATCH (n) DETACH DELETE n")
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "//") {
			continue
		}
		statement, ok := strings.CutSuffix(line, ";")
		if !ok {
			t.Fatalf("a line is no statement: %.200s", line)
		}
		d.run(t, statement)
	}
	same(t, "by the script", d.contents(t), want, answersOf(t, both.Ready(t, srv, cat)), wanted)

	if !storetest.Turns(t)() { // a Neo4j that begins takes half a minute
		return
	}
	files := written(t, from, "neo4j")
	dir, err := neotest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	made, err := neo4jserver.Start(t.Context(), neo4jserver.Options{
		Jars: dir, Home: filepath.Join(t.TempDir(), "home"), Heap: []string{"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"},
		PageCache: "64m", Script: files["import.sh"],
	})
	if errors.Is(err, neo4jserver.ErrNone) {
		others.Missing(t, "neo4j-admin", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Stop)
	b := connected(t, made.URL, made.User, made.Password)
	s = both.Ready(t, &neotest.Server{URL: made.URL, User: made.User, Password: made.Password}, cat)
	same(t, "by neo4j-admin", b.contents(t), want, answersOf(t, s), wanted)
	// and it is written to as any other
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{
		exchange.FromBytes("more.jsonl", []byte(`{"node":"PERSON","id":"new","name":"New"}`+"\n")),
	}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}
