// Package killed_test kills a program that writes, and looks at what it leaves: what it was told is written is there,
// and nothing is there by half.
package killed_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/neotest"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

var kills = flag.Int("kills", 20, "how often the program is killed on each store; -short kills it a fifth as often")

const writers = 4

// The environment of the program that is killed: where it writes, and from which number on.
const (
	fileEnv, urlEnv, userEnv, passwordEnv = "KILLED_FILE", "KILLED_URL", "KILLED_USER", "KILLED_PASSWORD"
	roundEnv                              = "KILLED_ROUND"
)

func TestMain(m *testing.M) {
	if os.Getenv(roundEnv) == "" {
		os.Exit(m.Run())
	}
	if err := write(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write is the program that is killed: it writes until then, and says what is written.
func write(ctx context.Context) error {
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		return err
	}
	s, err := open(ctx, cat)
	if err != nil {
		return err
	}
	var say sync.Mutex
	failed := make(chan error)
	for w := range writers {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv(roundEnv), w, i)
				ahead := store.Ahead{}
				if w%2 == 0 {
					ahead.IDs = []string{"count", "a-" + id, "b-" + id, linkOf(id), "s_all"}
				}
				if _, err := s.Write(ctx, ahead, func(ctx context.Context, tx store.Tx) error { return triple(ctx, tx, id) }); err != nil {
					failed <- err
					return
				}
				say.Lock()
				fmt.Println(id) // one write, unbuffered
				say.Unlock()
			}
		}()
	}
	return <-failed
}

func open(ctx context.Context, cat *catalog.Catalog) (store.Store, error) {
	if path := os.Getenv(fileEnv); path != "" {
		return sqlitestore.Open(ctx, sqlitestore.Options{Path: path, Catalog: cat})
	}
	s, err := neo4jstore.Open(ctx, neo4jstore.Options{
		URL: os.Getenv(urlEnv), User: os.Getenv(userEnv), Password: os.Getenv(passwordEnv), Catalog: cat,
	})
	if err != nil {
		return nil, err
	}
	return s, s.Wait(ctx)
}

// linkOf returns the id of the link of a triple: one that follows from what the link says need not be looked for.
func linkOf(id string) string { return kg.LinkID("AFFILIATED_WITH", "a-"+id, "b-"+id, "", "", "") }

// triple writes two entities and a link and counts.
func triple(ctx context.Context, tx store.Tx, id string) error {
	tx.Describe(&store.Deed{Action: kg.Applied, Whole: true})
	found, err := tx.Records(ctx, []string{"count"})
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(found.Nodes[0].Name)
	if err != nil {
		return err
	}
	return tx.Put(ctx, &store.Batch{
		Nodes: []*kg.Node{
			{ID: "count", Type: "THEME", Name: strconv.Itoa(n + 1)},
			{ID: "a-" + id, Type: "PERSON", Name: "A " + id},
			{ID: "b-" + id, Type: "INSTITUTION", Name: "B " + id},
		},
		Links: []*kg.Link{{
			ID: linkOf(id), Kind: "AFFILIATED_WITH", From: "a-" + id, To: "b-" + id,
			Evidence: []kg.Evidence{{Source: "s_all", Excerpt: "says so", Stance: kg.Supports}},
		}},
	})
}

func TestAKilledProgramLosesNothing(t *testing.T) {
	cat := both.Catalog(t)
	first := &store.Batch{
		Sources: []*kg.Source{{ID: "s_all", Kind: "ARTICLE", Title: "All"}},
		Nodes:   []*kg.Node{{ID: "count", Type: "THEME", Name: "0"}},
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "g.db")
		reopen := func() store.Store {
			s, err := sqlitestore.Open(t.Context(), sqlitestore.Options{Path: path, Catalog: cat})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := reopen()
		if err := errors.Join(storetest.Fill(t.Context(), s, first), s.Close()); err != nil {
			t.Fatal(err)
		}
		rounds(t, cat, []string{fileEnv + "=" + path}, reopen)
	})
	t.Run("neo4j", func(t *testing.T) {
		s := both.Neo4j(t, cat)(t)
		if err := storetest.Fill(t.Context(), s, first); err != nil {
			t.Fatal(err)
		}
		srv := neotest.Start(t)
		rounds(t, cat, []string{urlEnv + "=" + srv.URL, userEnv + "=" + srv.User, passwordEnv + "=" + srv.Password},
			func() store.Store { return kept{s} })
	})
}

// kept is a store that stays open.
type kept struct{ store.Store }

func (kept) Close() error { return nil }

// rounds kills the program again and again.
func rounds(t *testing.T, cat *catalog.Catalog, env []string, reopen func() store.Store) {
	t.Helper()
	n := *kills
	if testing.Short() {
		n /= 5
	}
	random := rand.New(rand.NewPCG(7, 7))
	var told []string
	for round := range n {
		told = append(told, kill(t, append(env, roundEnv+"="+strconv.Itoa(round)), 1+random.IntN(40), time.Duration(random.IntN(3000))*time.Microsecond)...)
		s := reopen()
		look(t, cat, s, told)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d writes were told in %d rounds", len(told), n)
}

// kill starts the program, kills it a while after it has told of some writes, and returns all that it has told of.
func kill(t *testing.T, env []string, after int, wait time.Duration) (told []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if told = append(told, lines.Text()); len(told) == after {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || len(told) < after {
		t.Fatalf("it ended by itself after %d writes: %v", len(told), err)
	}
	return told
}

// errTurn ends a transaction that only waits for its turn.
var errTurn = errors.New("it is my turn")

// look holds a store to what was told of it.
func look(t *testing.T, cat *catalog.Catalog, s store.Store, told []string) {
	t.Helper()
	ctx := t.Context()
	// What the killed program was just committing may still come to a server: a transaction has its turn behind it.
	if _, err := s.Write(ctx, store.Ahead{}, func(context.Context, store.Tx) error { return errTurn }); !errors.Is(err, errTurn) {
		t.Fatal(err)
	}
	there := map[string]int{} // records of each triple
	count := ""
	err := errors.Join(
		s.Nodes(ctx, func(x *kg.Node) error {
			if x.ID == "count" {
				count = x.Name
				return nil
			}
			there[x.ID[2:]]++
			return nil
		}),
		s.Links(ctx, func(x *kg.Link) error { there[x.From[2:]]++; return nil }),
	)
	for id, n := range there {
		if n != 3 {
			t.Errorf("of %s there are %d records of 3", id, n)
		}
	}
	for _, id := range told {
		if there[id] == 0 {
			t.Errorf("%s was told and is not there", id)
		}
	}
	if count != strconv.Itoa(len(there)) {
		t.Errorf("%d are there, and it counts %s", len(there), count)
	}
	changes, failed := s.Changes(ctx, &store.ChangesQuery{Limit: 1_000_000})
	if len(changes) != len(there)+1 || len(changes) > 0 && changes[0].Seq != int64(len(changes)) {
		t.Errorf("%d are there, and the log has %d changes, the last %d", len(there), len(changes), changes[0].Seq)
	}
	_, checked := s.Check(ctx, func(d store.Damage) error { t.Errorf("damage: %+v", d); return nil })
	res, asked := s.Fetch(ctx, &plan.Query{Start: plan.Everything, Types: 1 << cat.TypeOf("PERSON").Index, Root: plan.Field{
		Page: plan.Paging{N: 1}, Want: plan.Want{Total: true}, Node: &plan.Sel{Props: []*catalog.Prop{cat.Prop("id")}},
	}})
	if err := errors.Join(err, failed, checked, asked); err != nil {
		t.Fatal(err)
	}
	if res.Total != int64(len(there)) {
		t.Errorf("%d people are there, and it answers %d", len(there), res.Total)
	}
}
