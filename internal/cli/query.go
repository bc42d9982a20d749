package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/server"
)

// remote is a server to ask, in place of a store.
type remote struct {
	Server serverURL `env:"THROUGHLINE_SERVER" placeholder:"URL" help:"Ask this server (http://localhost:8080/graphql) instead of opening a store."`
	Token  string    `env:"THROUGHLINE_TOKEN" placeholder:"…" help:"Token to show that server; better set in the environment, where no list of processes shows it."`
}

// serverURL is the address of a server, "" for none.
type serverURL string

// Decode reads the address. One that is given and empty, as of a script whose variable is not set, is refused: the
// command would be about a store here. An environment that has none is no matter.
func (u *serverURL) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("address")
	if err != nil {
		return err
	}
	given, _ := t.Value.(string)
	if unset, ok := os.LookupEnv("THROUGHLINE_SERVER"); given == "" && (!ok || unset != "") {
		return errNoAddress
	}
	*u = serverURL(given)
	return nil
}

// address returns the address of the server.
func (r *remote) address() (*url.URL, error) {
	to, err := url.Parse(string(r.Server))
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil, errNoAddress
	}
	if strings.ContainsFunc(r.Token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, &config.UsageError{
			Problem: "--token has blanks, line breaks or other signs that no token has",
			Hint:    "give it as `throughline token create` has printed it",
		}
	}
	return to, nil
}

// unanswered returns the error of a request that the server did not answer.
func (r *remote) unanswered(err error) error {
	var late net.Error
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s answers without TLS: write the address with http://", r.Server)
	case errors.As(err, &late) && late.Timeout():
		return fmt.Errorf("%s has not answered within %s", r.Server, answerTime)
	}
	return fmt.Errorf("%s does not answer: is the server running there?", r.Server)
}

// answerTime is how long a server may take to answer.
const answerTime = time.Minute

var errNoAddress = &config.UsageError{
	Problem: "--server is not an address",
	Hint:    "write it as http://localhost:8080/graphql",
}

type queryCmd struct {
	config.Store
	File       string `arg:"" optional:"" placeholder:"FILE" help:"File of the query; - or nothing for standard input."`
	Expr       string `short:"e" placeholder:"QUERY" help:"The query itself."`
	Variables  string `placeholder:"JSON" help:"Variables as a JSON object, or @FILE."`
	Operation  string `placeholder:"NAME" help:"Operation to run, when there are several."`
	Explain    bool   `help:"Tell how it was answered: plan, statements, times (in extensions of the answer)."`
	Cost       bool   `help:"Tell what it costs and what it may, as COST_LIMIT counts (in extensions of the answer)."`
	ServeTexts bool   `name:"serve-texts" env:"THROUGHLINE_SERVE_TEXTS" help:"Answer with the texts of sources (Source.text), as a server with --serve-texts does."`
	remote

	timeout time.Duration // of a store that is opened; 0 for the default
	key     string        // by which a server knows a mutation that it is asked again; "" for what is not asked again
}

var errNotGraphQL = errors.New("the server did not answer as GraphQL does: is --server the address of /graphql?")

// Run answers one query and prints the answer.
func (c *queryCmd) Run(w *world) error {
	text, err := c.text(w)
	if err != nil {
		return err
	}
	vars, err := c.variables()
	if err != nil {
		return err
	}
	var answer []byte
	if c.Server != "" {
		answer, err = c.ask(w, text, vars)
	} else {
		answer, err = c.run(w, text, vars)
	}
	if err != nil {
		return err
	}
	var head struct {
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(answer, &head); err != nil {
		return errNotGraphQL
	}
	if terminal(w.stdout) {
		var b bytes.Buffer
		if json.Indent(&b, answer, "", "  ") == nil {
			answer = b.Bytes()
		}
	}
	if _, err := fmt.Fprintln(&jsonPrinter{to: w.stdout}, string(bytes.TrimSpace(answer))); err != nil {
		return err
	}
	if len(head.Errors) > 0 {
		return errors.New(head.Errors[0].Message)
	}
	return nil
}

func (c *queryCmd) text(w *world) (string, error) {
	if c.Expr != "" {
		if c.File != "" {
			return "", &config.UsageError{Problem: "there is a file and -e", Hint: "give one of the two"}
		}
		return c.Expr, nil
	}
	var b []byte
	var err error
	if c.File == "" || c.File == "-" {
		if terminal(w.stdin) {
			fmt.Fprintln(w.stderr, "Write a query, end with Ctrl-D.")
		}
		b, err = io.ReadAll(w.input())
	} else if b, err = os.ReadFile(c.File); errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%s does not exist", c.File)
	}
	return string(b), err
}

func (c *queryCmd) variables() (map[string]any, error) {
	raw := c.Variables
	if file, ok := strings.CutPrefix(raw, "@"); ok {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, &config.UsageError{Problem: file + " cannot be read", Hint: "name a file of variables behind @"}
		}
		raw = string(b)
	}
	if raw == "" {
		return nil, nil //nolint:nilnil // there are none
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var vars map[string]any
	if err := d.Decode(&vars); err != nil || d.More() {
		return nil, &config.UsageError{
			Problem: "--variables is not a JSON object",
			Hint:    `write it as '{"name": "Mary Kaldor"}'`,
		}
	}
	return vars, nil
}

func (c *queryCmd) run(w *world, text string, vars map[string]any) ([]byte, error) {
	s, cat, err := w.openToRead(&c.Store)
	if err != nil {
		return nil, err
	}
	defer s.Close() //nolint:errcheck // it was only read
	return c.runOn(w, s, cat, text, vars)
}

// runOn answers a query on a store that is open.
func (c *queryCmd) runOn(w *world, s *opened, cat *catalog.Catalog, text string, vars map[string]any) ([]byte, error) {
	limits := plan.DefaultLimits()
	if c.timeout > 0 {
		limits.Timeout = c.timeout
	}
	e, err := graph.New(graph.Options{
		Catalog: cat, Store: s, StoreKind: s.Kind(), Version: Version(), Limits: limits,
		Introspection: true, ServeTexts: c.ServeTexts,
	})
	if err != nil {
		return nil, err
	}
	resp := e.Do(w.ctx, &graph.Request{
		Query: text, OperationName: c.Operation, Variables: vars, Explain: c.Explain, Cost: c.Cost,
	})
	defer resp.Release()
	return resp.AppendJSON(nil), nil
}

func (c *queryCmd) ask(w *world, text string, vars map[string]any) ([]byte, error) {
	if !utf8.ValidString(text) || !isUTF8(vars) {
		return nil, &config.UsageError{Problem: "what is sent is not UTF-8", Hint: "save the file as UTF-8"}
	}
	asked := map[string]any{"query": text, "variables": vars, "operationName": c.Operation}
	if c.Cost {
		asked["extensions"] = map[string]any{"cost": true}
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	to, err := c.address()
	if err != nil {
		return nil, err
	}
	if to.Path == "" || to.Path == "/" {
		to.Path = "/graphql"
	}
	answer, err := c.post(w, to, body)
	if c.key == "" || err == nil || isDial(err) || w.ctx.Err() != nil {
		return answer, err
	}
	// it may be done or not: by its key the server knows it
	if answer, err = c.post(w, to, body); err != nil {
		return nil, fmt.Errorf("%w\n  whether it was done is not known: `throughline log` tells", err)
	}
	return answer, nil
}

// isDial reports whether nothing was sent, as there was no connection.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isUTF8 reports whether all texts of a value are UTF-8: what is not would be sent as other text.
func isUTF8(v any) bool {
	switch v := v.(type) {
	case string:
		return utf8.ValidString(v)
	case []string:
		return !slices.ContainsFunc(v, func(s string) bool { return !utf8.ValidString(s) })
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !isUTF8(x) })
	case map[string]any:
		for _, x := range v {
			if !isUTF8(x) {
				return false
			}
		}
	}
	return true
}

// unansweredError is the error of a request that was not answered.
type unansweredError struct{ said, because error }

// Error returns what is said of it.
func (e *unansweredError) Error() string { return e.said.Error() }

// Unwrap returns why there was no answer.
func (e *unansweredError) Unwrap() error { return e.because }

// post sends a request and returns the answer.
func (c *queryCmd) post(w *world, to *url.URL, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errNoAddress
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Explain {
		req.Header.Set(server.ExplainHeader, "1")
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	resp, err := (&http.Client{Timeout: answerTime}).Do(req)
	if err != nil {
		return nil, &unansweredError{c.unanswered(err), err}
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &unansweredError{c.unanswered(err), err}
	}
	return answer, nil
}
