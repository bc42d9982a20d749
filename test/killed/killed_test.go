// Package killed_test kills programs that write, and looks at what they leave: what was told to be written is there, and
// nothing is there by half.
package killed_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/cli"
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
	serveEnv                              = "KILLED_SERVES" // set where it serves instead
)

func TestMain(m *testing.M) {
	if os.Getenv(roundEnv) == "" {
		os.Exit(m.Run())
	}
	if os.Getenv(serveEnv) != "" {
		args := []string{"serve", "--addr", "127.0.0.1:0", "--no-sample", "--writable"}
		os.Exit(cli.Main(context.Background(), args, os.Stdin, os.Stdout, os.Stderr, os.Getenv))
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
	eachStore(t, true, func(t *testing.T, at place) {
		rounds(t, at, *kills, func(round, after int, wait time.Duration) []string {
			return kill(t, append(at.env, roundEnv+"="+strconv.Itoa(round)), after, wait)
		})
	})
}

// TestAKilledServerLosesNothing kills a server that four clients write to.
func TestAKilledServerLosesNothing(t *testing.T) {
	eachStore(t, false, func(t *testing.T, at place) {
		env := append(at.served, serveEnv+"=yes")
		rounds(t, at, (*kills+4)/5, func(round, after int, wait time.Duration) []string {
			return killServer(t, append(env, roundEnv+"="+strconv.Itoa(round)), strconv.Itoa(round), after, wait)
		})
	})
}

// place is where the killed program writes.
type place struct {
	env, served []string // that lead it there, and a server
	counted     bool     // it counts what it writes
	reopen      func() store.Store
}

// eachStore has a store of each sort with a source, and where it is counted, a count.
func eachStore(t *testing.T, counted bool, f func(t *testing.T, at place)) {
	t.Helper()
	cat := both.Catalog(t)
	first := &store.Batch{Sources: []*kg.Source{{ID: "s_all", Kind: "ARTICLE", Title: "All"}}}
	if counted {
		first.Nodes = []*kg.Node{{ID: "count", Type: "THEME", Name: "0"}}
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
		f(t, place{[]string{fileEnv + "=" + path}, []string{"THROUGHLINE_STORE=sqlite:" + path}, counted, reopen})
	})
	t.Run("neo4j", func(t *testing.T) {
		s := both.Neo4j(t, cat)(t)
		if err := storetest.Fill(t.Context(), s, first); err != nil {
			t.Fatal(err)
		}
		srv := neotest.Start(t)
		f(t, place{
			[]string{urlEnv + "=" + srv.URL, userEnv + "=" + srv.User, passwordEnv + "=" + srv.Password},
			[]string{
				"THROUGHLINE_STORE=" + srv.URL, "THROUGHLINE_NEO4J_USER=" + srv.User, "THROUGHLINE_NEO4J_PASSWORD=" + srv.Password,
			},
			counted,
			func() store.Store { return kept{s} },
		})
	})
}

// kept is a store that stays open.
type kept struct{ store.Store }

func (kept) Close() error { return nil }

// rounds kills again and again, some time after so many writes were told. kill returns what was told.
func rounds(t *testing.T, at place, n int, kill func(round, after int, wait time.Duration) []string) {
	t.Helper()
	if testing.Short() {
		n = (n + 4) / 5
	}
	random := rand.New(rand.NewPCG(7, 7))
	var told []string
	for round := range n {
		told = append(told, kill(round, 1+random.IntN(40), time.Duration(random.IntN(3000))*time.Microsecond)...)
		s := at.reopen()
		look(t, both.Catalog(t), s, told, at.counted)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d writes were told in %d rounds", len(told), n)
}

// killServer starts a server, kills it a while after it has answered some changes, and returns all that it answered.
func killServer(t *testing.T, env []string, round string, after int, wait time.Duration) (told []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, lines := "", bufio.NewScanner(out) // it says where it answers
	for begun := false; !begun && lines.Scan(); {
		url, begun = strings.CutPrefix(lines.Text(), "Start here  ")
	}
	for range time.Tick(20 * time.Millisecond) {
		if answer, err := http.Get(url + "readyz"); err != nil {
			t.Fatal(err)
		} else if _ = answer.Body.Close(); answer.StatusCode == http.StatusOK {
			break
		}
	}
	var all sync.WaitGroup
	answered := make(chan string)
	for w := range writers {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", round, w, i)
				made, err := change(t.Context(), client, url, id)
				if err != nil {
					if !errors.Is(err, errGone) {
						t.Error(err)
					}
					return
				}
				if made {
					answered <- id
				}
			}
		})
	}
	go func() {
		all.Wait()
		close(answered)
	}()
	for id := range answered {
		if told = append(told, id); len(told) == after {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		}
	}
	if len(told) < after {
		_ = cmd.Process.Kill()
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	killed := errors.As(err, &ended) && ended.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if !killed || len(told) < after {
		t.Fatalf("it ended by itself after %d changes: %v\n%s", len(told), err, log.String())
	}
	return told
}

// errGone says that a server answers no more.
var errGone = errors.New("the server is gone")

// change asks a server for a triple. It reports whether the server says that it is made: on a busy machine it may run out of
// time, before that or just behind it.
func change(ctx context.Context, client *http.Client, url, id string) (made bool, err error) {
	body, err := json.Marshal(map[string]any{
		"query": `mutation ($a: ID!, $b: ID!, $aName: String!, $bName: String!) { applyChanges(input: { operations: [
			{ createPerson: { id: $a, name: $aName } } { createInstitution: { id: $b, name: $bName } }
			{ createLink: { kind: AFFILIATED_WITH, from: { id: $a }, to: { id: $b }, evidence: [{ source: { id: "s_all" }, excerpt: "says so" }] } }
		] }) { errors { code message } } }`,
		"variables": map[string]string{"a": "a-" + id, "b": "b-" + id, "aName": "A " + id, "bName": "B " + id},
	})
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"graphql", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return false, errGone
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, errGone
	}
	var got struct {
		Data struct {
			ApplyChanges *struct{ Errors []any }
		}
		Errors []struct{ Extensions struct{ Code, Change string } }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return false, fmt.Errorf("%s is answered by %s", id, text)
	}
	switch done := got.Data.ApplyChanges; {
	case len(got.Errors) == 0 && done != nil && len(done.Errors) == 0:
		return true, nil
	case len(got.Errors) == 1 && kg.Code(got.Errors[0].Extensions.Code) == kg.Timeout:
		return got.Errors[0].Extensions.Change != "", nil
	}
	return false, fmt.Errorf("%s is answered by %s", id, text)
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
func look(t *testing.T, cat *catalog.Catalog, s store.Store, told []string, counted bool) {
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
	if counted && count != strconv.Itoa(len(there)) {
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
