package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Servers shape their answers differently (connections, edges, properties beside nodes, a list where one thing was
// asked for). The canonical form holds only what was answered.

// merged are the keys whose value is a part of what they stand in.
var merged = []string{"node", "properties", "link", "source"}

// decode reads the data of an answer.
func decode(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var a struct {
		Data   map[string]any
		Errors []any
	}
	if err := d.Decode(&a); err != nil {
		return nil, err
	}
	if len(a.Errors) > 0 || a.Data == nil {
		return nil, fmt.Errorf("errors: %v", a.Errors)
	}
	return a.Data, nil
}

// canon is the canonical form of an answer's data.
func canon(data map[string]any) any {
	out := map[string]any{}
	for k, v := range data {
		v = reduce(v)
		if m, ok := v.(map[string]any); ok {
			v = []any{m} // one thing, where others answer with a list of one
		}
		if v != nil {
			out[k] = v
		}
	}
	return out
}

// reduce returns the canonical form of a value, nil for what says nothing.
func reduce(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return reduceObject(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if x = reduce(x); x != nil {
				out = append(out, x)
			}
		}
		if len(out) == 0 {
			return nil
		}
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		return out
	case json.Number:
		return v.String()
	}
	return v
}

func reduceObject(v map[string]any) any {
	out := map[string]any{}
	if excerpts, ok := v["excerpts"].([]any); ok {
		// evidence kept as lists beside each other
		titles, _ := v["titles"].([]any)
		list := make([]any, len(excerpts))
		for i := range excerpts {
			list[i] = map[string]any{"excerpt": excerpts[i], "title": titles[i]}
		}
		v = map[string]any{"evidence": list, "rest": without(v, "excerpts", "titles")}
		merge(out, reduce(v["rest"]))
		v = without(v, "rest")
	}
	for k, x := range v {
		x = reduce(x)
		switch {
		case x == nil:
		case slices.Contains(merged, k):
			merge(out, x)
		case k == "edges":
			out["nodes"] = x
		default:
			out[k] = x
		}
	}
	if list, ok := out["nodes"]; ok && len(out) == 1 {
		return list
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func merge(into map[string]any, v any) {
	if m, ok := v.(map[string]any); ok {
		for k, x := range m {
			into[k] = x
		}
	}
}

func without(m map[string]any, keys ...string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}

// text is a value as JSON, with sorted keys.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// hits is what a search must agree on. Each server ranks in its own way, so of more hits than fit in a page any page of
// hits that have every word is right.
func hits(words string, page int) func(map[string]any) any {
	return func(data map[string]any) any {
		list, _ := reduce(data["r"]).([]any)
		ids := make([]string, 0, len(list))
		for _, x := range list {
			m, _ := x.(map[string]any)
			name, _ := m["name"].(string)
			for w := range strings.FieldsSeq(strings.ToLower(words)) {
				if !strings.Contains(strings.ToLower(name), w) {
					return fmt.Sprintf("%q has not every word of %q", name, words)
				}
			}
			ids = append(ids, text(m["id"]))
		}
		if len(ids) >= page {
			return fmt.Sprintf("%d with every word", len(ids))
		}
		slices.Sort(ids)
		return ids
	}
}

// hops is what the search for a path must agree on: how long the shortest is. Which of several it gives is free.
func hops(data map[string]any) any {
	var nodes []any
	switch r := data["r"].(type) {
	case []any:
		nodes = r
	case map[string]any:
		if paths, _ := r["nodes"].([]any); len(paths) > 0 {
			p, _ := paths[0].(map[string]any)
			nodes, _ = p["nodes"].([]any)
		}
	}
	if len(nodes) == 0 {
		return "none"
	}
	first, _ := nodes[0].(map[string]any)
	last, _ := nodes[len(nodes)-1].(map[string]any)
	return fmt.Sprintf("%d from %v to %v", len(nodes)-1, first["id"], last["id"])
}
