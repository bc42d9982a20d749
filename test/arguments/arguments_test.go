package arguments_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// asker asks one store.
type asker struct {
	*world
	t      *testing.T
	e      *graph.Engine
	dear   bool // each new shape of a question costs the store a plan
	n      int  // questions so far
	faults int
	// others are the bytes of the answers so far, of the store before too: where nothing says what is right they must
	// be the same.
	others map[string]string
}

// newAsker fills an empty store with the world.
func newAsker(t *testing.T, w *world, open both.Open) *asker {
	t.Helper()
	s := open(t)
	w.fill(t, s)
	limits := plan.DefaultLimits()
	limits.Timeout, limits.MaxCost, limits.MaxErrors = time.Minute, 1<<30, 1
	e, err := graph.New(graph.Options{Catalog: w.cat, Store: s, Limits: limits, Now: both.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return &asker{world: w, t: t, e: e}
}

// do asks the engine.
func (a *asker) do(query string, vars map[string]any) (data, code, message string) {
	r := a.e.Do(a.t.Context(), &graph.Request{Query: query, Variables: vars})
	defer r.Release()
	if len(r.Errors) > 0 {
		code, _ = r.Errors[0].Extensions["code"].(string)
		message = r.Errors[0].Message
	}
	return string(r.Data), code, message
}

// ask asks a field of one record, and returns what it is, or else the code of the error.
func (a *asker) ask(r *rule, on string, args input, literals bool, selection string) (got any, code string) {
	a.t.Helper()
	call, defined := a.call(r, args, literals)
	query, path := r.host(on, call+" "+selection)
	var vars map[string]any
	if !literals {
		vars = asJSON(a.t, args)
	}
	data, code, message := a.do(defined+query, vars)
	a.n++
	if code == "INTERNAL" || code == "UNAVAILABLE" || code == "TIMEOUT" || code == "CORRUPT" {
		a.t.Errorf("%s: %s\n%s\n%v", code, message, query, vars)
	}
	if a.others != nil {
		key := fmt.Sprintf("%s\n%s", query, asText(vars))
		said := data + code + message
		if before, ok := a.others[key]; ok && before != said {
			a.t.Errorf("the stores differ on %.1000s\n%.1000s\nand\n%.1000s", key, before, said)
		}
		a.others[key] = said
	}
	if code != "" {
		return nil, code
	}
	var all any
	if err := json.Unmarshal([]byte(data), &all); err != nil {
		a.t.Fatal(err)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			all = object(all)[step]
		case int:
			all = list(all)[step]
		}
	}
	return all, ""
}

// asJSON is a value as a client sends it, with numbers as the server reads them.
func asJSON(t testing.TB, v any) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was made of JSON
	}
	return string(b)
}

// known is an answer by the meaning of the arguments: all of a list, what it says beside, or the code of an error.
type known struct {
	list  []entry
	value any
	code  string
}

// answer is what a field answers by the meaning of its arguments.
func (w *world) answer(r *rule, on string, args input) (list []entry, value any, code string) {
	key := r.name() + on + asText(args)
	k, ok := w.known[key]
	if !ok {
		k = w.think(r, on, args)
		w.known[key] = k
	}
	return k.list, k.value, k.code
}

func (w *world) think(r *rule, on string, args input) (k known) {
	defer func() {
		if p := recover(); p != nil {
			c, ok := p.(refusal)
			if !ok {
				panic(p)
			}
			k = known{code: string(c)}
		}
	}()
	for name, v := range args {
		w.refused(r.field.Arguments.ForName(name).Type, v, r.name()+"."+name)
	}
	for name, v := range args {
		w.unknown(r.field.Arguments.ForName(name).Type, v, w.spokenOf(r))
	}
	k.list, k.value = r.answer(on, args)
	return k
}

// window is the part of a list that is asked for, and what is said of it.
type window struct {
	first, last   int // -1: not given
	after, before int // places in the list; -1: not given
}

func (p window) of(n int) (i, j int) {
	i, j = 0, n
	if p.after >= 0 {
		i = p.after + 1
	}
	if p.before >= 0 {
		j = max(i, p.before)
	}
	switch {
	case p.last >= 0:
		i = max(i, j-p.last)
	case p.first >= 0:
		j = min(j, i+p.first)
	default:
		j = min(j, i+20)
	}
	return i, j
}

// want is what a list says of the part of it that is asked for.
func want(list []entry, also any, p window) any {
	i, j := p.of(len(list))
	edges := []any{}
	for _, e := range list[i:j] {
		edges = append(edges, e.shown)
	}
	out := input{"edges": edges, "totalCount": float64(len(list)), "pageInfo": input{
		"hasPreviousPage": i > 0,
		"hasNextPage":     j < len(list),
	}}
	for k, v := range object(also) {
		out[k] = v
	}
	return out
}

// stripped takes the cursors out of a list, once it is sure that pageInfo has the first and the last of them.
func (a *asker) stripped(got any) (any, []string) {
	m := object(got)
	var cursors []string
	for _, e := range list(m["edges"]) {
		cursors = append(cursors, text(object(e)["cursor"]))
		delete(object(e), "cursor")
	}
	info := object(m["pageInfo"])
	var begin, end any
	if len(cursors) > 0 {
		begin, end = cursors[0], cursors[len(cursors)-1]
	}
	if info["startCursor"] != begin || info["endCursor"] != end {
		a.t.Errorf("pageInfo has the cursors %v and %v, the edges %v", info["startCursor"], info["endCursor"], cursors)
	}
	delete(info, "startCursor")
	delete(info, "endCursor")
	return m, cursors
}

// check holds an answer against the meaning of its arguments, and reports whether it was as it should be.
func (a *asker) check(r *rule, on string, args input, literals bool) bool {
	a.t.Helper()
	entries, value, code := a.answer(r, on, args)
	asked := maps.Clone(args)
	if r.lists() {
		asked["first"], value = 100, want(entries, value, window{100, -1, -1, -1})
	}
	got, gotCode := a.ask(r, on, asked, literals, r.selection())
	if r.lists() && gotCode == "" {
		got, _ = a.stripped(got)
	}
	if gotCode != code || code == "" && !same(value, got) {
		a.t.Errorf("%s of %q with %s, literals %v\ncode %q, want %q\n%s", r.name(), on, asText(args), literals, gotCode,
			code, cmp.Diff(value, got))
		if a.faults++; a.faults == 20 {
			a.t.Fatal("and so on")
		}
		return false
	}
	return true
}

// same compares JSON.
func same(want, got any) bool { return asText(want) == asText(got) }

// families keeps, for Neo4j, one field of those that take the same arguments and answer in the same way, as it would
// make the same statement of another; and of these a part. -short keeps a part for the embedded store too.
func (a *asker) families(rules []*rule) []*rule {
	if !a.dear {
		return both.Part(a.t, rules)
	}
	seen := map[string]bool{}
	return both.Part(a.t, slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool {
		key := r.selection()
		for _, arg := range r.field.Arguments {
			key += " " + arg.Name + ":" + arg.Type.String()
		}
		if seen[key] {
			return true
		}
		seen[key] = true
		return false
	}))
}

// with adds arguments to those that a field must have.
func with(r *rule, more input) input {
	out := maps.Clone(r.given)
	if out == nil {
		out = input{}
	}
	maps.Copy(out, more)
	return out
}

func onAny(r *rule) []string {
	if len(r.on) == 0 {
		return []string{""}
	}
	return r.on
}

// on picks the record of a field that has most to show.
func (w *world) most(r *rule) string {
	best, n := "", -1
	for _, on := range onAny(r) {
		l, v, _ := w.answer(r, on, with(r, nil))
		size := len(l)
		if !r.lists() {
			size = len(asText(v))
		}
		if size > n {
			best, n = on, size
		}
	}
	return best
}

func run(t *testing.T, test func(a *asker, rules []*rule)) {
	w := newWorld(both.Catalog(t))
	rules := w.rules(t)
	if t.Failed() {
		return
	}
	both.Run(t, w.cat, func(t *testing.T, open both.Open) {
		a := newAsker(t, w, open)
		a.dear = strings.HasSuffix(t.Name(), "neo4j")
		began := time.Now()
		test(a, rules)
		t.Logf("%d questions in %v", a.n, time.Since(began).Round(time.Millisecond))
	})
}

// TestEachArgumentAlone asks every field with each argument it takes, one thing at a time, as literals and as
// variables.
func TestEachArgumentAlone(t *testing.T) {
	differs := map[string]bool{}
	run(t, func(a *asker, rules []*rule) {
		v := &values{a.world, a.t}
		first := map[string]bool{}
		for n, r := range a.families(rules) {
			on := a.most(r)
			a.check(r, on, with(r, nil), true)
			for _, arg := range r.field.Arguments {
				if r.lists() && slices.Contains(paging, arg.Name) || arg.Name == "after" {
					continue
				}
				all := v.alone(arg.Type, r.name()+"."+arg.Name, "")
				kind := arg.Type.String() + r.selection()
				again := first[kind] // others of the kind are asked a part
				first[kind] = true
				switch {
				case a.dear: // each takes it a good part of a second
					all = part(all, n, 48)
				case again && len(all) > 30:
					all = part(all, n, 7)
				}
				for i, x := range all {
					args := with(r, r.needed[arg.Name])
					plainList, plainValue, _ := a.answer(r, on, args)
					args = maps.Clone(args)
					args[arg.Name] = x
					l, val, _ := a.answer(r, on, args)
					if !same(shownOf(plainList), shownOf(l)) || !same(plainValue, val) {
						differs[r.name()+"."+arg.Name] = true
						a.without(arg.Type, x, func(at string, less any) {
							if !testing.Short() && !differs[at] {
								args := maps.Clone(args)
								args[arg.Name] = less
								lessList, lessValue, _ := a.answer(r, on, args)
								differs[at] = less == nil || !same(shownOf(lessList), shownOf(l)) || !same(lessValue, val)
							}
						})
					}
					a.check(r, on, args, i%2 == 0)
					if !a.dear && !again {
						a.check(r, on, args, i%2 == 1)
					}
				}
			}
		}
	})
	// what made no difference was not asked; -short asks a part
	w := newWorld(both.Catalog(t))
	for _, r := range w.rules(t) {
		for _, arg := range r.field.Arguments {
			if at := r.name() + "." + arg.Name; !testing.Short() && !differs[at] &&
				(!r.lists() || !slices.Contains(paging, arg.Name)) && arg.Name != "after" {
				t.Errorf("no value of %s makes a difference to the answer", at)
			}
			w.reached(arg.Type, map[string]bool{}, func(at string) {
				if !w.means.has(at) {
					t.Errorf("nothing here says what %s means", at)
				}
				if !testing.Short() && !differs[at] {
					t.Errorf("no value of %s makes a difference to any answer", at)
				}
				differs[at] = true // once is enough
			})
		}
	}
}

// part takes one of so many, beginning with the nth.
func part(all []any, n, of int) (out []any) {
	for i := n % of; i < len(all); i += of {
		out = append(out, all[i])
	}
	return out
}

func shownOf(l []entry) (out []any) {
	for _, e := range l {
		out = append(out, e.shown)
	}
	return out
}

// reached calls f with each field of the inputs that a type leads to.
func (w *world) reached(typ *ast.Type, seen map[string]bool, f func(at string)) {
	def := w.cat.Schema.Types[typ.Name()]
	if def.Kind != ast.InputObject || seen[def.Name] {
		return
	}
	seen[def.Name] = true
	for _, x := range asking(def) {
		f(def.Name + "." + x.Name)
		w.reached(x.Type, seen, f)
	}
}

// asking are the fields of an input that mean something in a question: `as`, and the address of an external id, are for
// mutations, see test/writing.
func asking(def *ast.Definition) ast.FieldList {
	return slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool {
		return f.Name == "as" || def.Name == "ExternalIdInput" && f.Name == "url"
	})
}

// TestArgumentsInPairs asks with two things at a time, drawn from what is asked alone: of one argument, or of two.
func TestArgumentsInPairs(t *testing.T) {
	run(t, func(a *asker, rules []*rule) {
		v := &values{a.world, a.t}
		all := map[string][]any{}
		draws := 167
		if a.dear {
			draws = 3
		}
		for seed := range uint64(draws * storetest.Rounds(a.t)) {
			r := rand.New(rand.NewPCG(seed, 15))
			x := rules[r.IntN(len(rules))]
			args := with(x, nil)
			var names []string
			for _, arg := range x.field.Arguments {
				if arg.Name != "after" && (!x.lists() || !slices.Contains(paging, arg.Name)) {
					names = append(names, arg.Name)
				}
			}
			if len(names) == 0 {
				continue
			}
			for range 2 {
				name := names[r.IntN(len(names))]
				at := x.name() + "." + name
				if all[at] == nil {
					all[at] = v.alone(x.field.Arguments.ForName(name).Type, at, "")
				}
				args[name] = both2(args[name], all[at][r.IntN(len(all[at]))])
			}
			on := onAny(x)[r.IntN(len(onAny(x)))]
			if !a.check(x, on, args, seed%2 == 0) {
				a.t.Logf("seed %d", seed)
			}
		}
	})
}

// both2 puts two values together where they are inputs that can be; else the second stands.
func both2(x, y any) any {
	a, isA := x.(input)
	b, isB := y.(input)
	if !isA || !isB || refers(a) || refers(b) {
		return y
	}
	out := maps.Clone(a)
	for k, v := range b {
		out[k] = both2(out[k], v)
	}
	return out
}

// refers reports whether an input is a reference, which has one key.
func refers(x input) bool {
	name, named := x["name"].(string)
	return named && name != "" || slices.ContainsFunc([]string{"id", "externalId", "typedName", "title", "url"},
		func(key string) bool { return x[key] != nil })
}

// TestPages reads every list by every kind of window, and through from both ends.
func TestPages(t *testing.T) {
	run(t, func(a *asker, rules []*rule) {
		var foreign string // a cursor of another list
		for _, r := range a.families(rules) {
			if !r.lists() {
				continue
			}
			on := a.most(r)
			orders := []any{nil}
			if r.takes("orderBy") {
				def := a.cat.Schema.Types[r.field.Arguments.ForName("orderBy").Type.Name()]
				for _, f := range a.cat.Schema.Types[def.Fields.ForName("field").Type.Name()].EnumValues {
					for _, way := range []string{"ASC", "DESC"} {
						orders = append(orders, []any{input{"field": f.Name, "direction": way}})
					}
				}
				orders = append(orders, []any{input{"field": def2(r), "direction": "DESC"}, input{"field": "NAME"}})
			}
			for i, o := range orders {
				if a.dear && i > 0 && i%6 != 0 {
					continue
				}
				args := with(r, nil)
				if o != nil {
					args["orderBy"] = o
				}
				entries, also, code := a.answer(r, on, args)
				if code != "" {
					continue // such an order cannot be: see TestEachArgumentAlone
				}
				if len(entries) < 3 {
					a.t.Errorf("%s has %d entries at most: make the graph of these tests larger, so that it has pages",
						r.name(), len(entries))
					break
				}
				foreign = a.pages(r, on, args, entries, also, foreign)
			}
		}
	})
}

// def2 is a key that has ties.
func def2(r *rule) string {
	if strings.Contains(r.field.Arguments.ForName("orderBy").Type.String(), "LinkOrder") {
		return "SOURCE_COUNT"
	}
	return "DATE"
}

// pages reads a list by windows, and returns one of its cursors.
func (a *asker) pages(r *rule, on string, args input, entries []entry, also any, foreign string) string {
	a.t.Helper()
	at := func(p window, cursors []string) any {
		asked := maps.Clone(args)
		for name, n := range map[string]int{"first": p.first, "last": p.last} {
			if n >= 0 {
				asked[name] = n
			}
		}
		for name, n := range map[string]int{"after": p.after, "before": p.before} {
			if n >= 0 {
				asked[name] = cursors[n]
			}
		}
		got, code := a.ask(r, on, asked, p.first == 1, r.selection())
		if code != "" {
			a.t.Errorf("%s with %s: %s", r.name(), asText(asked), code)
			return nil
		}
		return got
	}
	all := at(window{100, -1, -1, -1}, nil)
	if all == nil {
		return foreign
	}
	_, cursors := a.stripped(all)
	for len(cursors) > 0 && len(cursors)%100 == 0 {
		more, next := a.stripped(at(window{100, -1, len(cursors) - 1, -1}, cursors))
		if cursors = append(cursors, next...); len(next) == 0 ||
			object(object(more)["pageInfo"])["hasNextPage"] == false {
			break
		}
	}
	if len(cursors) != len(entries) {
		a.t.Errorf("%s has %d entries, want %d", r.name(), len(cursors), len(entries))
		return foreign
	}
	n := len(entries)
	windows := []window{
		{-1, -1, -1, -1},
		{0, -1, -1, -1},
		{1, -1, -1, -1},
		{2, -1, 0, -1},
		{min(n, 100), -1, -1, -1},
		{3, -1, n - 2, -1},
		{2, -1, n - 1, -1},
		{-1, -1, 1, -1},
	}
	if r.takes("last") {
		windows = append(windows, window{-1, 0, -1, -1}, window{-1, 1, -1, -1}, window{-1, 2, -1, n - 1},
			window{-1, min(n, 100), -1, -1}, window{-1, 3, -1, 1}, window{-1, 2, -1, 0},
			window{2, -1, -1, 2}, window{5, -1, 0, 2}, window{1, -1, 0, 3}, window{-1, 1, 0, 2}, window{
				-1, 2, 1,
				-1,
			}, window{2, -1, 1, 1}, window{-1, -1, 0, 2}, window{-1, -1, -1, 2})
	}
	for from := 0; from < n; from += 2 { // through
		windows = append(windows, window{2, -1, from - 1, -1})
		if r.takes("last") {
			windows = append(windows, window{-1, 2, -1, n - from})
		}
	}
	for _, p := range windows {
		if p.before >= n {
			p.before = -1
		}
		got := at(p, cursors)
		if got == nil {
			continue
		}
		got, _ = a.stripped(got)
		if w := want(entries, also, p); !same(w, got) {
			a.t.Errorf("%s of %q with %s and the window %+v of %d\n%s", r.name(), on, asText(args), p, n,
				cmp.Diff(w, got))
			break
		}
	}
	for _, name := range []string{"after", "before"} {
		if r.takes(name) && foreign != "" {
			asked := maps.Clone(args)
			asked[name] = foreign
			if _, code := a.ask(r, on, asked, false, r.selection()); code != "BAD_CURSOR" {
				a.t.Errorf("%s(%s:) takes a cursor of another list: %q", r.name(), name, code)
			}
		}
	}
	return cursors[0]
}
