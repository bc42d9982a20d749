package assist

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// tool is one thing that an assistant may do.
type tool struct {
	name, title, help string
	params            []param
	writes            bool
	run               func(c *call) (*Answer, error)
}

// kind is what a value of a parameter is.
type kind uint8

// The kinds of value.
const (
	words  kind = iota // a text
	list               // several texts
	number             // a whole number
	flag               // true or false
	object             // of JSON
)

// param is one parameter of a tool.
type param struct {
	name     string
	kind     kind
	required bool
	// least and most bound a number, and the entries of a list; most bounds the characters of a text.
	least, most int
	// of are the values that a text, or each of a list, can have; nil for any.
	of   []string
	help string
}

// maxName is the longest name of an entity or source, or id, in characters, and the longest text of a list.
const maxName = 500

// declared returns a tool as clients get to know it.
func (t *tool) declared() *mcp.Tool {
	properties, required := map[string]any{}, []string{}
	for i := range t.params {
		p := &t.params[i]
		properties[p.name] = p.schema()
		if p.required {
			required = append(required, p.name)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	open := false
	return &mcp.Tool{
		Name: t.name, Title: t.title, Description: t.help, InputSchema: schema,
		Annotations: &mcp.ToolAnnotations{
			Title: t.title, ReadOnlyHint: !t.writes, DestructiveHint: &open, IdempotentHint: true, OpenWorldHint: &open,
		},
	}
}

// schema returns what values a parameter can have, as a JSON Schema.
func (p *param) schema() map[string]any {
	text := map[string]any{"type": "string"}
	if p.of != nil {
		text["enum"] = p.of
	}
	out := map[string]any{"description": p.help}
	switch p.kind {
	case words:
		maps.Copy(out, text)
		if p.of == nil {
			out["minLength"], out["maxLength"] = 1, p.most
		}
	case list:
		if p.of == nil {
			text["minLength"], text["maxLength"] = 1, maxName
		}
		out["type"], out["items"], out["minItems"], out["maxItems"] = "array", text, p.least, p.most
	case number:
		out["type"], out["minimum"], out["maximum"] = "integer", p.least, p.most
	case flag:
		out["type"] = "boolean"
	case object:
		out["type"] = "object"
	}
	return out
}

// arguments are the values that a tool is called with, by parameter: string, []string, int, bool or map[string]any.
type arguments map[string]any

func (a arguments) text(name string) string    { s, _ := a[name].(string); return s }
func (a arguments) texts(name string) []string { s, _ := a[name].([]string); return s }
func (a arguments) flag(name string) bool      { b, _ := a[name].(bool); return b }

// number returns a number, or instead where none is given.
func (a arguments) number(name string, instead int) int {
	if n, ok := a[name].(int); ok {
		return n
	}
	return instead
}

// read reads the arguments of a call. Its errors say which one is wrong, and what to write.
func (t *tool) read(raw json.RawMessage) (arguments, error) {
	given := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&given); err != nil && !errors.Is(err, io.EOF) {
		return nil, kg.Errorf(kg.BadUserInput, "the arguments of %s are one JSON object", t.name)
	}
	if text.LoneSurrogate(raw) {
		return nil, kg.Errorf(kg.BadUserInput, "the arguments have half of a surrogate pair, which is no character")
	}
	var names []string
	for i := range t.params {
		names = append(names, t.params[i].name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			return nil, kg.Errorf(kg.BadUserInput, "%s has no argument %s", t.name, exchange.Instead(name, names))
		}
	}
	args := arguments{}
	for i := range t.params {
		p := &t.params[i]
		v, some := given[p.name]
		if !some || v == nil {
			if p.required {
				return nil, kg.Errorf(kg.BadUserInput, "%s needs the argument %q: %s", t.name, p.name, p.help)
			}
			continue
		}
		read, wrong := p.value(v)
		if wrong != "" {
			err := kg.Errorf(kg.BadUserInput, "%s: %s", p.name, wrong)
			err.Details = map[string]any{"argument": p.name}
			return nil, err
		}
		args[p.name] = read
	}
	return args, nil
}

// value reads a value, or says what is wrong with it.
func (p *param) value(v any) (read any, wrong string) {
	switch p.kind {
	case words:
		s, ok := v.(string)
		if !ok {
			return nil, "give a text"
		}
		return s, p.misses(s, cmp.Or(p.most, maxName))
	case list:
		if one, ok := v.(string); ok { // a list of one, as some models write it
			v = []any{one}
		}
		all, ok := v.([]any)
		if !ok || len(all) < p.least || len(all) > p.most {
			return nil, fmt.Sprintf("give a list of %d to %d texts", p.least, p.most)
		}
		texts := make([]string, len(all))
		for i, x := range all {
			if texts[i], ok = x.(string); !ok {
				return nil, fmt.Sprintf("give a list of texts: entry %d is none", i+1)
			}
			if wrong := p.misses(texts[i], maxName); wrong != "" {
				return nil, wrong
			}
		}
		return texts, ""
	case number:
		n, ok := v.(json.Number)
		i, err := strconv.Atoi(n.String())
		if !ok || err != nil || i < p.least || i > p.most {
			return nil, fmt.Sprintf("give a whole number from %d to %d", p.least, p.most)
		}
		return i, ""
	case flag:
		if _, ok := v.(bool); !ok {
			return nil, "give true or false"
		}
		return v, ""
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, "give a JSON object"
	}
	return v, ""
}

// misses says what is wrong with a text, "" for nothing.
func (p *param) misses(s string, most int) string {
	switch n := utf8.RuneCountInString(s); {
	case p.of != nil && !slices.Contains(p.of, s):
		return "there is no " + exchange.Instead(s, p.of)
	case n > most:
		return fmt.Sprintf("it has %d characters; give at most %d", n, most)
	case strings.TrimSpace(s) == "":
		return "give a text that is not empty"
	}
	return ""
}

// handler answers calls of a tool. What an assistant can put right is an answer that says so, with a code.
func (s *Service) handler(t *tool) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c, end := s.begin(ctx)
		defer end()
		answer, err := c.answer(t, req.Params.Arguments)
		if err != nil {
			return failed(err), nil
		}
		said := []mcp.Content{&mcp.TextContent{Text: answer.Text()}}
		return &mcp.CallToolResult{Content: said, StructuredContent: answer}, nil
	}
}

func (c *call) answer(t *tool, raw json.RawMessage) (*Answer, error) {
	var err error
	if c.args, err = t.read(raw); err != nil {
		return nil, err
	}
	return t.run(c)
}

// failed is the answer to a call that could not be answered.
func failed(err error) *mcp.CallToolResult {
	var e *kg.Error
	if !errors.As(err, &e) {
		e = kg.Errorf(kg.CodeOf(err), "something went wrong on the server; try again")
	}
	said := string(e.Code) + ": " + e.Message
	told := map[string]any{"code": e.Code, "message": e.Message}
	maps.Copy(told, e.Details)
	for _, list := range []string{"candidates", "suggestions"} {
		for _, n := range named(e.Details[list]) {
			said += fmt.Sprintf("\n- %s (%s, id:%s)", n.Name, strings.ToLower(n.Type), n.ID)
			if n.Description != "" {
				said += ": " + kg.Clip(n.Description, 200)
			}
		}
	}
	return &mcp.CallToolResult{
		IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: said}}, StructuredContent: map[string]any{"error": told},
	}
}

// named returns a list of entities of the details of an error, whatever type of ours it has.
func named(list any) (out []kg.Candidate) {
	if list == nil {
		return nil
	}
	if b, err := json.Marshal(list); err != nil || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}
