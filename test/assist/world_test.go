// Package assist_test asks the graph as assistants do, by the client of the protocol's own library, over both transports
// and on both stores.
package assist_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/served"
)

// The text of s_gazette, and lines of records that quote it and a source whose text is not held.
const gazette = "Ann Berg chaired the Harbour Board from 1999. “The harbour is for every\u00adbody,” she said at the Long Meeting — it was 3 May 2001.\n\n" +
	"The Harbour Board never met again, and Carl Dahl denies that he was a member. Café Nord closed."

const lines = `{"source":"ARTICLE","id":"s_gazette","title":"The Harbour","publisher":"Gazette","publishedOn":"2001-05-04","url":"https://example.org/harbour","authors":["Eva Falk"],"text":` + "TEXT" + `}
{"source":"REPORT","id":"s_report","title":"A Report on Boards","publishedOn":"2003"}
{"source":"REPORT","id":"s_other","title":"A Report on Meetings"}
{"node":"PERSON","id":"ann-berg","name":"Ann Berg","aliases":["A. Berg"],"description":"Chaired the board.","born":"1950"}
{"node":"PERSON","id":"carl-dahl","name":"Carl Dahl"}
{"node":"PERSON","id":"carl-dahl-2","name":"Carl Dahl"}
{"node":"INSTITUTION","id":"harbour-board","name":"Harbour Board","founded":"1990"}
{"node":"EVENT","id":"long-meeting","name":"Long Meeting","startsOn":"2001-05-03"}
{"node":"QUOTE","id":"q-everybody","name":"The harbour is for everybody","text":"The harbour is for everybody"}
{"node":"QUOTE","id":"q-ships","name":"On ships","text":"Ships … come first"}
{"node":"PLACE","id":"far-away","name":"Far Away"}
{"link":"AFFILIATED_WITH","id":"l_chair","from":"ann-berg","to":"harbour-board","role":"chair","since":"1999","evidence":[{"source":"s_gazette","excerpt":"Ann Berg chaired the Harbour Board from 1999"},{"source":"s_report","excerpt":"Berg led the board of the harbour for two years"}]}
{"link":"AFFILIATED_WITH","id":"l_member","from":"carl-dahl","to":"harbour-board","evidence":[{"source":"s_report","excerpt":"members were Berg, Dahl and others"},{"source":"s_gazette","excerpt":"Carl Dahl denies that he was a member","stance":"REFUTES"}]}
{"link":"SAID","id":"l_said","from":"ann-berg","to":"q-everybody","evidence":[{"source":"s_gazette","excerpt":"“The harbour is for everybody,” she said"}]}
{"link":"SAID_AT","id":"l_at","from":"q-everybody","to":"long-meeting","evidence":[{"source":"s_gazette","excerpt":"she said at the Long Meeting"}]}
{"link":"PARTICIPATED_IN","id":"l_there","from":"carl-dahl","to":"long-meeting","role":"guest","evidence":[{"source":"s_report","excerpt":"Dahl came as a guest"},{"source":"s_gazette","excerpt":"Dahl was there too","verified":false}]}
{"link":"SAID","id":"l_ships","from":"carl-dahl","to":"q-ships","evidence":[{"source":"s_other","excerpt":"Mr Dahl spoke of ships"}]}
`

// fill writes the graph of these tests into a store.
func fill(t *testing.T, cat *catalog.Catalog, s store.Store) {
	t.Helper()
	text, err := json.Marshal(gazette)
	if err != nil {
		t.Fatal(err)
	}
	file := exchange.FromBytes("lines", []byte(strings.Replace(lines, "TEXT", string(text), 1)))
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{file}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
}

// options say how a graph is served to assistants.
type options struct {
	writable, writes bool
	limits           func(*graph.Options)
	server           func(*server.Options)
}

// service makes what answers assistants of a store.
func service(t *testing.T, cat *catalog.Catalog, s store.Store, o options) (*assist.Service, *graph.Engine) {
	t.Helper()
	g := graph.Options{Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test", Introspection: true}
	if o.writable {
		g.Writer = s
	}
	if o.limits != nil {
		o.limits(&g)
	}
	e, err := graph.New(g)
	if err != nil {
		t.Fatal(err)
	}
	return assist.New(assist.Options{Catalog: cat, Executor: e, Version: "test", Writable: o.writable, Writes: o.writes}), e
}

// serve serves a store over HTTP, and returns its address.
func serve(t *testing.T, cat *catalog.Catalog, s store.Store, o options) string {
	t.Helper()
	answers, e := service(t, cat, s, o)
	so := server.Options{Executor: e, Store: s, State: s.State, Grace: time.Second, Assistants: answers.Handler()}
	if o.server != nil {
		o.server(&so)
	}
	return served.Serve(t, so)
}

// bearer adds a token to requests.
type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// connect begins a session of the library's client.
func connect(t *testing.T, to mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// overHTTP connects to /mcp of a server.
func overHTTP(t *testing.T, base, token string) *mcp.ClientSession {
	t.Helper()
	session := connect(t, &mcp.StreamableClientTransport{Endpoint: base + "/mcp", HTTPClient: &http.Client{Transport: bearer{token}}})
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// overPipes connects to what answers on standard input.
func overPipes(t *testing.T, answers *assist.Service, who *auth.Identity) *mcp.ClientSession {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := answers.Run(context.Background(), who, in, out)
		_ = out.Close()
		done <- err
	}()
	session := connect(t, &mcp.IOTransport{Reader: fromServer, Writer: toServer})
	t.Cleanup(func() {
		_ = session.Close()
		if err := <-done; err != nil {
			t.Errorf("standard input ended: %v", err)
		}
	})
	return session
}

// outcome is what a tool answers.
type outcome struct {
	text string
	assist.Answer
	Error struct{ Code, Message, Nearest string }
	is    bool // an error
}

// call calls a tool.
func call(t *testing.T, s *mcp.ClientSession, name string, args any) outcome {
	t.Helper()
	r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	var o outcome
	b, err := json.Marshal(r.StructuredContent)
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil || len(r.Content) != 1 {
		t.Fatalf("%s %v: %v %s", name, args, err, b)
	}
	text, _ := r.Content[0].(*mcp.TextContent)
	o.text, o.is = text.Text, r.IsError
	return o
}

// args are the arguments of a call.
type args = map[string]any

// each runs a test on both stores with the graph of these tests.
func each(t *testing.T, test func(t *testing.T, cat *catalog.Catalog, s store.Store)) {
	t.Helper()
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		fill(t, cat, s)
		test(t, cat, s)
	})
}
