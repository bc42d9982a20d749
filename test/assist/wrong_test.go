package assist_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/served"
)

// load imports lines.
func load(t *testing.T, cat *catalog.Catalog, s store.Store, lines string) {
	t.Helper()
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("more", []byte(lines))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}

// TestWrongArguments: what cannot be meant is a coded answer that says what to do, and not an error of the protocol.
func TestWrongArguments(t *testing.T) {
	each(t, func(t *testing.T, cat *catalog.Catalog, s store.Store) {
		session := overHTTP(t, serve(t, cat, s, options{}), "")
		var distinct strings.Builder
		for i := range 201 {
			fmt.Fprintf(&distinct, "%x ", 0x100+i)
		}
		for _, c := range []struct {
			tool string
			args any
			want string
		}{
			{"search", nil, `BAD_USER_INPUT: search needs the argument "text"`},
			{"search", args{"text": 5}, "BAD_USER_INPUT: text: give a text"},
			{"search", args{"text": " "}, "BAD_USER_INPUT: text: give a text that is not empty"},
			{"search", args{"text": strings.Repeat("a", 1001)}, "BAD_USER_INPUT: text: it has 1001 characters; give at most 1000"},
			{"search", args{"text": distinct.String()}, "BAD_USER_INPUT"},
			{"search", args{"text": "x", "first": 21}, "BAD_USER_INPUT: first: give a whole number from 1 to 20"},
			{"search", args{"text": "x", "first": 1.5}, "BAD_USER_INPUT: first: give a whole number"},
			{"search", args{"text": "x", "first": "1"}, "BAD_USER_INPUT: first: give a whole number"},
			{"search", args{"text": "x", "types": []string{"PERSONS"}}, `BAD_USER_INPUT: types: there is no "PERSONS"; do you mean PERSON?`},
			{"search", args{"text": "x", "types": []any{1}}, "BAD_USER_INPUT: types: give a list of texts: entry 1 is none"},
			{"search", args{"text": "x", "typs": 1}, `BAD_USER_INPUT: search has no argument "typs"; do you mean types?`},
			{"search", args{"text": "x", "after": "junk"}, "BAD_CURSOR"},
			{"search", args{"text": "a\x00b"}, ""},
			{"entity", args{"entity": "Ann Burg"}, "NOT_FOUND: there is no entity \"Ann Burg\"; like it are\n- Ann Berg (person, id:ann-berg): Chaired the board."},
			{"entity", args{"entity": "xyzzy"}, `NOT_FOUND: there is no entity "xyzzy"; look for it with search`},
			{"entity", args{"entity": "Carl Dahl"}, "AMBIGUOUS_REF"},
			{"entity", args{"entity": "Carl Dahl"}, "- Carl Dahl (person, id:carl-dahl-2)"},
			{"entity", args{"entity": "id:Ann Berg"}, "NOT_FOUND"},
			{"entity", args{"entity": "s_gazette"}, "NOT_FOUND"},
			{"entity", args{"entity": "Ann Berg", "asOf": "last year"}, "BAD_USER_INPUT"},
			{"paths", args{"from": "Ann Berg", "to": "Nobody"}, "NOT_FOUND"},
			{"paths", args{"from": "Ann Berg", "to": "Far Away", "via": []string{"a", "b", "c", "d", "e"}}, "BAD_USER_INPUT: via: give a list of 0 to 4 texts"},
			{"paths", args{"from": "Ann Berg", "to": "Ann Berg"}, ""},
			{"subgraph", args{"seeds": []string{}}, "BAD_USER_INPUT: seeds: give a list of 1 to 20 texts"},
			{"subgraph", args{"seeds": "Ann Berg", "depth": -1}, "BAD_USER_INPUT: depth: give a whole number from 0 to 4"},
			{"timeline", args{"subjects": []string{"Ann Berg"}, "from": "2002", "to": "2001"}, "BAD_USER_INPUT"},
			{"evidence", args{"of": "l_none"}, "NOT_FOUND: there is no link l_none"},
			{"evidence", args{"of": "e_none.x"}, "NOT_FOUND: there is no evidence"},
			{"evidence", args{"of": "The Harbor"}, "NOT_FOUND: there is no source \"The Harbor\"; like it are\n- The Harbour (source, id:s_gazette)"},
			{"query", args{"query": "{"}, "GRAPHQL_PARSE_FAILED"},
			{"query", args{"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"},
			{"query", args{"query": `mutation { delete(input: {id: "ann-berg"}) { deletedIds } }`}, "METHOD_NOT_ALLOWED: this tool only reads"},
			{"query", args{"query": "{ people(first: 100) { nodes { links(first: 100) { nodes { links(first: 100) { totalCount } } } } } }"}, "COST_LIMIT"},
			{"query", args{"query": "{ stats { sources } }", "variables": "none"}, "BAD_USER_INPUT: variables: give a JSON object"},
			{"check_citations", args{"text": strings.Repeat("ä", 50_001)}, "BAD_USER_INPUT: text: it has 50001 characters"},
		} {
			got := call(t, session, c.tool, c.args)
			if c.want == "" {
				if got.is && got.Error.Code == "INTERNAL" {
					t.Errorf("%s %.80v: %s", c.tool, c.args, got.text)
				}
				continue
			}
			if !got.is || !strings.Contains(got.text, c.want) || !strings.HasPrefix(got.text, got.Error.Code+": ") {
				t.Errorf("%s %.80v: %v %s, want %s", c.tool, c.args, got.is, got.text, c.want)
			}
		}
		if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "propose_link"}); err == nil || !strings.Contains(err.Error(), "unknown tool") {
			t.Errorf("where nothing may be written there is no tool to propose: %v", err)
		}
	})
}

// TestBounds: answers are bounded, and so is what they cost.
func TestBounds(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	var b strings.Builder
	long := strings.Repeat("very ", 1000)
	for i := range 300 {
		fmt.Fprintf(&b, "{\"node\":\"PERSON\",\"id\":\"p-%d\",\"name\":\"Member Number %d\"}\n", i, i)
		fmt.Fprintf(&b, `{"link":"AFFILIATED_WITH","from":"p-%d","to":"harbour-board","evidence":[{"source":"s_report","excerpt":"a %slong list"},{"source":"s_other","excerpt":"%d again"}]}`+"\n", i, long, i+1000)
	}
	load(t, cat, s, b.String())
	session := overHTTP(t, serve(t, cat, s, options{}), "")
	for _, c := range []struct {
		tool string
		args args
	}{
		{"search", args{"text": "member", "first": 20}},
		{"entity", args{"entity": "Harbour Board", "first": 50}},
		{"paths", args{"from": "Member Number 1", "to": "Member Number 2", "maxLength": 8, "first": 5}},
		{"subgraph", args{"seeds": []string{"Harbour Board"}, "depth": 4, "maxNodes": 100}},
		{"timeline", args{"subjects": []string{"Harbour Board"}, "first": 50}},
		{"evidence", args{"of": "s_report", "first": 50}},
		{"evidence", args{"of": "l_chair", "first": 50}},
		{"check_citations", args{"text": `"Member Number 7 … long list" and "1007 again" and "nobody has this"`}},
	} {
		got := call(t, session, c.tool, c.args)
		if n := len(got.text); got.is || n > 100_000 || n == 0 {
			t.Errorf("%s %v: %d bytes, %.200s", c.tool, c.args, n, got.text)
		}
		if len(got.Statements) > 50 {
			t.Errorf("%s %v: %d statements", c.tool, c.args, len(got.Statements))
		}
	}
	if got := call(t, session, "query", args{"query": "{ people(first: 100) { nodes { links(first: 1) { edges { link { evidence(first: 1) { nodes { excerpt } } } } } } } }"}); !got.is ||
		!strings.Contains(got.text, "COST_LIMIT: the answer has ") {
		t.Errorf("%.200s", got.text)
	}
	// a list goes on where it ended
	seen := map[string]bool{}
	for after := ""; ; {
		a := args{"entity": "Harbour Board", "first": 50}
		if after != "" {
			a["after"] = after
		}
		got := call(t, session, "entity", a)
		for _, x := range got.Statements {
			seen[x.Link] = true
		}
		if after = got.Next; after == "" {
			if len(seen) != *got.Total || len(seen) != 302 {
				t.Errorf("%d of %d", len(seen), *got.Total)
			}
			break
		}
	}
}

// TestTheLimitsOfTheServerHold: an assistant may not ask for more than others.
func TestTheLimitsOfTheServerHold(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	session := overHTTP(t, serve(t, cat, s, options{limits: func(g *graph.Options) {
		g.Limits, g.Introspection = plan.DefaultLimits(), false
		g.Limits.MaxCost = 50
	}}), "")
	if got := call(t, session, "entity", args{"entity": "Ann Berg"}); got.Error.Code != "COST_LIMIT" {
		t.Errorf("%s", got.text)
	}
	if got := call(t, session, "query", args{"query": "{ __schema { queryType { name } } }"}); got.Error.Code != "INTROSPECTION_DISABLED" {
		t.Errorf("%s", got.text)
	}
}

// proposal is a link that may be made.
func proposal(change args) args {
	p := args{
		"kind": "PARTICIPATED_IN", "from": "Ann Berg", "to": "Long Meeting", "role": "speaker", "source": "The Harbour",
		"excerpt": "she said at the Long Meeting", "note": "for the minutes",
	}
	for k, v := range change {
		p[k] = v
	}
	return p
}

// TestProposing: who may write may have a link tried, and its words compared; it is written where that is allowed and
// asked for.
func TestProposing(t *testing.T) {
	each(t, func(t *testing.T, cat *catalog.Catalog, s store.Store) {
		dir := filepath.Join(t.TempDir(), "tokens")
		token := map[auth.Role]string{}
		for _, r := range []auth.Role{auth.Reader, auth.Editor} {
			secret, _, err := auth.Create(dir, strings.ToLower(r.String()), r, time.Now(), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			token[r] = secret
		}
		tokens, err := auth.Open(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		with := func(o *server.Options) { o.Verifier = tokens }
		tools := func(session *mcp.ClientSession) (names []string) {
			all, err := session.ListTools(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range all.Tools {
				names = append(names, x.Name)
				if proposes := x.Name == "propose_link"; x.Annotations.ReadOnlyHint == proposes || *x.Annotations.DestructiveHint {
					t.Errorf("%s: %+v", x.Name, x.Annotations)
				}
			}
			return names
		}
		tries := serve(t, cat, s, options{writable: true, server: with})
		reader := overHTTP(t, tries, token[auth.Reader])
		editor := overHTTP(t, tries, token[auth.Editor])
		if names := strings.Join(tools(reader), " "); strings.Contains(names, "propose") || len(tools(editor)) != 9 {
			t.Errorf("a reader has %s", names)
		}
		before, _, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := call(t, editor, "propose_link", proposal(nil))
		if got.is || !strings.Contains(got.text, "Nothing is written.") || len(got.Statements) != 1 ||
			got.Statements[0].Sentence != "Ann Berg took part in Long Meeting (speaker)." || !*got.Statements[0].Words[0].Verified {
			t.Errorf("%s", got.text)
		}
		cited(t, "propose_link", &got.Answer)
		for _, c := range []struct {
			change args
			want   string
		}{
			{args{"excerpt": "she spoke at the Long Meeting"}, "EXCERPT_NOT_IN_SOURCE"},
			{args{"to": "harbour-board"}, "WRONG_ENDPOINT_TYPE"},
			{args{"to": "Nothing"}, "NOT_FOUND"},
			{args{"from": "Carl Dahl"}, "AMBIGUOUS_REF"},
			{args{"source": "s_none"}, "NOT_FOUND"},
			{args{"source": "https://example.org/none"}, "NOT_FOUND"},
			{args{"kind": "TOOK_PART_IN"}, "BAD_USER_INPUT: kind: there is no"},
			{args{"since": "2002", "until": "2001"}, "INVALID_DATE_RANGE"},
			{args{"write": true}, "READ_ONLY: links are only tried here"},
			{args{"write": "yes"}, "BAD_USER_INPUT: write: give true or false"},
			{args{"excerpt": "of"}, ""},
		} {
			got := call(t, editor, "propose_link", proposal(c.change))
			if !got.is || !strings.Contains(got.text, c.want) {
				t.Errorf("%v: %s, want %s", c.change, got.text, c.want)
			}
			if c.want == "EXCERPT_NOT_IN_SOURCE" && !strings.Contains(got.Error.Nearest, "said at the Long Meeting") {
				t.Errorf("nearest is %q", got.Error.Nearest)
			}
		}
		if after, _, err := s.State(t.Context()); err != nil || after != before {
			t.Errorf("what was tried was written: %v", err)
		}
		writes := overHTTP(t, serve(t, cat, s, options{writable: true, writes: true, server: with}), token[auth.Editor])
		if got := call(t, writes, "propose_link", proposal(nil)); got.is || !strings.Contains(got.text, "Nothing is written.") {
			t.Errorf("without being asked to: %s", got.text)
		}
		if got := call(t, writes, "propose_link", proposal(args{"write": true})); got.is || !strings.Contains(got.text, "It is written, as change h_") {
			t.Errorf("%s", got.text)
		}
		if log := both.Log(t, s); !strings.Contains(log, "editor") || !strings.Contains(log, "proposed by an assistant: for the minutes") {
			t.Errorf("the log says %s", log)
		}
		if got := call(t, reader, "paths", args{"from": "Ann Berg", "to": "Long Meeting", "maxLength": 1}); len(got.Lines) != 1 {
			t.Errorf("%s", got.text)
		}
	})
}

// TestTheDoor: what is refused before a tool is asked is refused as at the other doors.
func TestTheDoor(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	base := serve(t, cat, s, options{server: func(o *server.Options) {
		o.MaxBody, o.CORSOrigins = 10_000, []string{"https://app.example.org"}
	}})
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`
	plain := map[string]string{"Content-Type": "application/json"}
	with := func(name, value string) map[string]string {
		return map[string]string{"Content-Type": "application/json", name: value}
	}
	for _, c := range []struct {
		method, body string
		header       map[string]string
		status       int
		says         string
	}{
		{"POST", list, plain, 200, `"name":"check_citations"`},
		{"POST", list, with("Accept", "application/json"), 200, `"tools"`},
		{"POST", list, with("Accept", "text/html"), 406, "NOT_ACCEPTABLE"},
		{"POST", list, map[string]string{"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"POST", list, with("Content-Encoding", "gzip"), 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"POST", strings.Repeat(" ", 10_001), plain, 413, "BAD_REQUEST"},
		{"POST", "", plain, 400, "BAD_REQUEST"},
		{"POST", "{", plain, 400, "BAD_REQUEST"},
		{"POST", "[]", plain, 400, "BAD_REQUEST"},
		{"POST", " [" + list + "," + list + "]", plain, 400, "send one message"},
		{"POST", "null", plain, 400, "BAD_REQUEST"},
		{"POST", `{"jsonrpc":"2.0","id":1,"method":"nothing"}`, plain, 400, "BAD_REQUEST"},
		{"POST", list, with("MCP-Protocol-Version", "1999-01-01"), 400, "BAD_REQUEST"},
		{"POST", list, with("Host", "evil.example"), 421, "MISDIRECTED_REQUEST"},
		{"POST", list, with("Origin", "https://evil.example"), 403, "FORBIDDEN"},
		{"POST", list, with("Origin", "https://app.example.org"), 200, `"tools"`},
		{"GET", "", with("Accept", "text/event-stream"), 405, "METHOD_NOT_ALLOWED"},
		{"DELETE", "", plain, 405, "METHOD_NOT_ALLOWED"},
		{"PUT", list, plain, 405, "METHOD_NOT_ALLOWED"},
	} {
		status, h, answer := served.Do(t, c.method, base+"/mcp", c.body, c.header)
		if status != c.status || !strings.Contains(answer, c.says) || !strings.HasPrefix(h.Get("Content-Type"), "application/json") ||
			h.Get("Cache-Control") != "no-store" || (status == 405) != (h.Get("Allow") == "POST, OPTIONS") {
			t.Errorf("%s %.60q %v: %d %v %.300s, want %d %s", c.method, c.body, c.header, status, h, answer, c.status, c.says)
		}
	}
	status, h, _ := served.Do(t, "OPTIONS", base+"/mcp", "", map[string]string{
		"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,mcp-protocol-version",
	})
	if status != 204 || h.Get("Access-Control-Allow-Origin") != "https://app.example.org" {
		t.Errorf("%d %v", status, h)
	}
}

// TestNothingLongIsRepeated: what the library says of a message repeats no more of it than a sentence has.
func TestNothingLongIsRepeated(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	base := serve(t, cat, s, options{})
	long := strings.Repeat("n", 100_000)
	for name, message := range map[string]string{
		"method":    `"method":"` + long + `"`,
		"tool":      `"method":"tools/call","params":{"name":"` + long + `","arguments":{}}`,
		"arguments": `"method":"tools/call","params":{"name":"query","arguments":{"` + long + `":1}}`,
		"type":      `"method":"tools/call","params":{"name":"query","arguments":{"query":["` + long + `"]}}`,
		"params":    `"method":"tools/call","params":{"name":["` + long + `"]}`,
		"uri":       `"method":"resources/read","params":{"uri":"` + long + `"}`,
		"resource":  `"method":"resources/read","params":{"uri":"throughline://entity/` + long + `"}`,
		"prompt":    `"method":"prompts/get","params":{"name":"` + long + `"}`,
		"version":   `"method":"initialize","params":{"protocolVersion":"` + long + `","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`,
	} {
		status, _, answer := served.Do(t, http.MethodPost, base+"/mcp", `{"jsonrpc":"2.0","id":1,`+message+`}`,
			map[string]string{"Content-Type": "application/json"})
		if strings.Contains(answer, long[:301]) {
			t.Errorf("%s: %d, in %d bytes: %.500s", name, status, len(answer), answer)
		}
		if !json.Valid([]byte(answer)) {
			t.Errorf("%s: it is no JSON: %.300s", name, answer)
		}
	}
}

// TestWhoLeavesIsNoLongerAnswered: the work for a client that has gone ends.
func TestWhoLeavesIsNoLongerAnswered(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	fill(t, cat, s)
	asked, ended := make(chan struct{}), make(chan error, 1)
	base := serve(t, cat, waiting{s, asked, ended}, options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/mcp", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":{"query":"{ people { totalCount } }"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Errorf("it was answered: %d", resp.StatusCode)
	}
	if err := <-ended; err == nil {
		t.Error("the store was asked to the end")
	}
}

// waiting is a store that answers when the question has ended.
type waiting struct {
	store.Store
	asked chan struct{}
	ended chan error
}

func (w waiting) Fetch(ctx context.Context, _ *plan.Query) (*kg.Result, error) {
	close(w.asked)
	<-ctx.Done()
	w.ended <- context.Cause(ctx)
	return nil, ctx.Err()
}
