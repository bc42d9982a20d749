// Package goldens_test keeps what requests become: GraphQL → plan → Cypher and SQL, each in a file that a person can
// read. The files of testdata are in the form of package txtar. Their first parts are the request: query.graphql,
// variables.json where there are any, and schema.graphqls for one of own types. The rest is written by
//
//	go test ./test/goldens -update
//
// No database is asked for Cypher: it follows from the plan. SQL is what the embedded store ran, which reads nothing
// from its file but excerpts and texts, on a small graph.
package goldens_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asked are the parts of a file that are read; the others are written.
var asked = []string{"schema.graphqls", "query.graphql", "variables.json"}

// tapped is a store that notes the plans it is asked, and what SQL they took.
type tapped struct {
	store.Store
	mu    sync.Mutex
	asked []question
}

type question struct {
	plan       *plan.Query
	statements []store.Statement
}

// Fetch notes q and has the store answer it.
func (s *tapped) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	var r store.Recorder
	res, err := s.Store.Fetch(store.WithRecorder(ctx, &r), q)
	statements, _ := r.Taken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, question{q, statements})
	return res, err
}

// filled opens an embedded store with a small graph.
func filled(t *testing.T, cat *catalog.Catalog) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{
		Path: filepath.Join(t.TempDir(), "g.db"), Catalog: cat,
		Now: storetest.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := storetest.Fill(t.Context(), s, storetest.Small()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGoldens holds what each request becomes to its file.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no files", err)
	}
	cat := parse(t)
	s := filled(t, cat)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{}
			for _, f := range a.Files {
				if slices.Contains(asked, f.Name) {
					in[f.Name] = string(f.Data)
				}
			}
			cat, s := cat, s
			if own := in["schema.graphqls"]; own != "" {
				cat = parse(t, &ast.Source{Name: "own.graphqls", Input: own})
				s = filled(t, cat)
			}
			out := become(t, cat, s, in)
			for range 3 { // whatever is kept in a map, the same comes of it
				if d := cmp.Diff(string(txtar.Format(out)), string(txtar.Format(become(t, cat, s, in)))); d != "" {
					t.Fatalf("asked again, the request becomes something else:\n%s", d)
				}
			}
			out.Comment = a.Comment
			got := txtar.Format(out)
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-update writes it anew)", d)
			}
		})
	}
}

func parse(t *testing.T, own ...*ast.Source) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema, own...)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// become makes the whole file of a request.
func become(t *testing.T, cat *catalog.Catalog, inner store.Store, in map[string]string) *txtar.Archive {
	t.Helper()
	s := &tapped{Store: inner}
	e, err := graph.New(graph.Options{Catalog: cat, Store: s, Now: storetest.Clock, ServeTexts: true})
	if err != nil {
		t.Fatal(err)
	}
	req := &graph.Request{Query: in["query.graphql"]}
	if v := in["variables.json"]; v != "" {
		d := json.NewDecoder(strings.NewReader(v))
		d.UseNumber()
		if err := d.Decode(&req.Variables); err != nil {
			t.Fatal(err)
		}
	}
	r := e.Do(t.Context(), req)
	defer r.Release()
	out := &txtar.Archive{}
	add := func(name, text string) { out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(text)}) }
	for _, name := range asked {
		if in[name] != "" {
			add(name, in[name])
		}
	}
	for _, e := range r.Errors {
		add("error", e.Error()+"\n")
	}
	if len(s.asked) == 0 {
		t.Errorf("the store is asked nothing: %v", r.Errors)
	}
	var parts [][]txtar.File
	for _, q := range s.asked {
		cypher, err := cypherOf(cat, q.plan)
		if err != nil {
			t.Fatal(err)
		}
		var sql strings.Builder
		for _, x := range q.statements {
			sql.WriteString(strings.Join(strings.Fields(x.Text), " ") + "\n")
		}
		parts = append(parts, []txtar.File{
			{Name: "plan", Data: []byte(storetest.Describe(cat, q.plan))}, {
				Name: "cypher",
				Data: []byte(cypher),
			}, {Name: "sql", Data: []byte(sql.String())},
		})
	}
	// root fields are asked side by side, in any order
	slices.SortFunc(parts, func(a, b []txtar.File) int { return bytes.Compare(a[0].Data, b[0].Data) })
	for _, p := range parts {
		out.Files = append(out.Files, p...)
	}
	return out
}

// clauses begin a line, so that a person can read the statement.
var clauses = regexp.MustCompile(` ?\b(MATCH|OPTIONAL MATCH|WITH|RETURN|CALL|UNWIND|UNION|ORDER BY|COLLECT|COUNT|EXISTS) `)

// cypherOf writes the statement of a plan and its parameters.
func cypherOf(cat *catalog.Catalog, q *plan.Query) (string, error) {
	text, params, err := neo4jstore.Compile(cat, q)
	if err != nil {
		return "", err
	}
	depth := 0
	var b strings.Builder
	for part := range strings.Lines(clauses.ReplaceAllString(text, "\n$1 ")) {
		line := strings.TrimSpace(part)
		if line == "" {
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", max(0, depth)), line)
		depth += strings.Count(line, "{") - strings.Count(line, "}")
	}
	for _, name := range slices.SortedFunc(maps.Keys(params), cmpNumbers) {
		v, err := json.Marshal(params[name])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "$%s = %s\n", name, v)
		if !strings.Contains(text, "$"+name) {
			return "", fmt.Errorf("parameter %s is not used", name)
		}
	}
	if strings.Contains(text, "elementId") {
		return "", fmt.Errorf("the statement uses Neo4j's own ids, which do not last")
	}
	return b.String(), nil
}

// cmpNumbers compares p2 and p10 by their numbers.
func cmpNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
