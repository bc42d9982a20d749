package graph

import (
	"container/list"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// A document that was parsed and validated is kept, so that sending it again costs neither, nor planning. The cache is
// bounded in bytes of documents: what is kept of one is a small multiple of its text.
const (
	cacheBytes  = 4 << 20
	maxCached   = 16 << 10 // longer documents are not kept
	maxVariants = 16       // settings of @skip and @include that are kept of one operation
)

// document is a valid document.
type document struct {
	text string
	doc  *ast.QueryDocument

	mu       sync.Mutex
	compiled map[string]*compiled // by operation name and steering variables
	steering map[string][]string  // by operation: the variables that steer @skip and @include
}

// documents is the cache: least recently used goes first.
type documents struct {
	mu    sync.Mutex
	items map[string]*list.Element
	order list.List
	bytes int
}

func (d *documents) get(text string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.items[text]
	if e == nil {
		return nil
	}
	d.order.MoveToFront(e)
	return e.Value.(*document) //nolint:forcetypeassert // nothing else is put in
}

func (d *documents) put(x *document) {
	if len(x.text) > maxCached {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.items[x.text] != nil {
		return
	}
	d.items[x.text] = d.order.PushFront(x)
	for d.bytes += len(x.text); d.bytes > cacheBytes; {
		last := d.order.Back()
		old := d.order.Remove(last).(*document) //nolint:forcetypeassert // nothing else is put in
		delete(d.items, old.text)
		d.bytes -= len(old.text)
	}
}

// steers lists the variables that decide which fields of an operation are there.
func steers(doc *ast.QueryDocument, set ast.SelectionSet, seen map[string]bool, out []string) []string {
	directives := func(l ast.DirectiveList) {
		for _, d := range l {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable && !seen["$"+a.Value.Raw] {
				seen["$"+a.Value.Raw] = true
				out = append(out, a.Value.Raw)
			}
		}
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			directives(s.Directives)
			out = steers(doc, s.SelectionSet, seen, out)
		case *ast.InlineFragment:
			directives(s.Directives)
			out = steers(doc, s.SelectionSet, seen, out)
		case *ast.FragmentSpread:
			directives(s.Directives)
			if f := doc.Fragments.ForName(s.Name); f != nil && !seen[s.Name] {
				seen[s.Name] = true
				out = steers(doc, f.SelectionSet, seen, out)
			}
		}
	}
	return out
}

// compile gives an operation compiled for these variables, from the document's memory where it can.
func (e *Engine) compile(d *document, op *ast.OperationDefinition, vars map[string]any) *compiled {
	d.mu.Lock()
	defer d.mu.Unlock()
	names, ok := d.steering[op.Name]
	if !ok {
		names = steers(d.doc, op.SelectionSet, map[string]bool{}, nil)
		d.steering[op.Name] = names
	}
	key := op.Name
	for _, n := range names {
		if on, _ := vars[n].(bool); on {
			key += "\x001"
		} else {
			key += "\x000"
		}
	}
	c := d.compiled[key]
	if c == nil {
		c = (&compiler{cat: e.opts.Catalog, doc: d.doc, vars: vars, eng: e}).operation(op)
		if len(d.compiled) < maxVariants {
			d.compiled[key] = c
		}
	}
	return c
}
