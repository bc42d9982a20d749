package graph

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/throughline/throughline/internal/budget"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// This file writes an answer's bytes from what compile.go compiled and the store's result. What the generated
// executor would do field by field, with a goroutine, a context and a boxed value for each, is one walk here. It
// knows the shapes of fields, and no field.

// writing is the memory that an answer is written in, kept for the next one. Its places are empty.
type writing struct {
	buf    []byte
	places []place
}

// answer is the answer to one root field.
type answer struct {
	res      *kg.Result
	query    *plan.Query
	err      error
	root     *root    // that it answers
	question question // nil unless the root field asks one
	place    *place   // what its answer is read from
	// asksLater has the values of what is read later, by root.later, and later what was read.
	asksLater []asksLater
	later     map[laterKey]place
	releases  []func()    // of the results that were read later
	explain   *explaining // nil when nobody asked
	// forbidden says that whoever asks may not: it is neither bound nor asked.
	forbidden bool
	// version is that of the graph, for the statistics, and versionTrips what it took to find it
	version      string
	versionTrips int
}

// writer writes one operation.
type writer struct {
	reading
	buf  []byte
	errs []*gqlerror.Error
	// places are the places of the objects around what is being written, outermost first: they are kept here
	// because one that is handed to a row of a table could not be on the stack.
	places  []place
	way     []step
	present func(error, ast.Path) *gqlerror.Error
	// most is how many bytes the answer may have, counted up to of them so far, and budget what they are held against.
	most, counted int
	// introspected are the answers to fields that ask for the schema, by key.
	introspected map[string]json.RawMessage
	budget       *budget.Budget
	// mostErrors is how many errors an answer lists.
	mostErrors int
}

// step is one element of the way to what is being written: only errors need it, so it is kept and not passed.
type step struct {
	key   string
	index int // when key is ""
}

// countFrom is how long an answer is at least before it is counted.
const countFrom = 64 << 10

// unwritable ends the writing of an answer that is too large.
type unwritable struct{ err error }

// count counts an answer that has grown, and ends it when it is too large. It is called wherever a document can
// multiply what the store holds.
func (w *writer) count(size int) {
	if size > w.counted {
		w.grown(size)
	}
}

func (w *writer) grown(size int) {
	if w.most > 0 && size > w.most {
		panic(
			unwritable{
				kg.Errorf(
					kg.CostLimit,
					"the answer has more than %d bytes; ask for smaller pages or fewer fields",
					w.most,
				),
			},
		)
	}
	// a buffer grows by doubling, and the one before it is garbage for a while
	if err := w.budget.Hold(int64(3 * (size - w.counted))); err != nil {
		panic(unwritable{err})
	}
	w.counted = size
	if next := size + size/2; w.most == 0 || next < w.most {
		w.counted = next
	} else {
		w.counted = w.most
	}
}

// whole writes the answer, null where a field that may not be null is; its error is that of an answer that is too
// large.
func (w *writer) whole(o *object) (err error) {
	defer func() {
		if p := recover(); p != nil {
			u, ok := p.(unwritable)
			if !ok {
				panic(p)
			}
			err = u.err
			clear(w.places[:cap(w.places)]) // those that were being written
			w.places = w.places[:0]
		}
	}()
	if w.counted = countFrom; w.most > 0 {
		w.counted = min(w.counted, w.most)
	}
	start := len(w.buf)
	if !w.object(o, w.hold()) {
		w.buf = append(w.buf[:start], "null"...)
	}
	w.drop()
	w.count(len(w.buf))
	return nil
}

func (w *writer) path() ast.Path {
	path := make(ast.Path, len(w.way))
	for i, s := range w.way {
		path[i] = ast.PathIndex(s.index)
		if s.key != "" {
			path[i] = ast.PathName(s.key)
		}
	}
	return path
}

func (w *writer) push(key string) { w.way = append(w.way, step{key: key}) }

func (w *writer) pop() { w.way = w.way[:len(w.way)-1] }

// fail reports an error of the field with this key.
func (w *writer) fail(key string, err error) {
	w.push(key)
	if len(w.errs) < w.mostErrors {
		w.errs = append(w.errs, w.present(err, w.path()))
	}
	w.pop()
}

// object writes an object, or reports false when a field that may not be null is: then nothing of it is kept
// (GraphQL spec section 6.4.4).
func (w *writer) object(o *object, p *place) bool {
	start, whole := len(w.buf), true
	w.buf = append(w.buf, '{')
	buf := w.buf // the field is written for others only: it costs more than a variable
	for i := range o.outs {
		x := &o.outs[i]
		key := x.quoted
		if i == 0 {
			key = key[1:]
		}
		buf = append(buf, key...)
		if v := x.plain(p); v != nil {
			w.count(len(buf) + len(v.Str)) // before it is written: the text of a source may be large
			buf = text.AppendJSON(buf, v.Str)
			continue
		}
		w.buf = buf
		if w.value(o, x, p) {
			buf = w.buf
			continue
		}
		buf = append(buf, "null"...)
		whole = whole && !x.nonNull // the fields behind it may have errors to tell as well
	}
	w.buf = buf
	if !whole {
		w.buf = w.buf[:start]
		return false
	}
	w.buf = append(w.buf, '}')
	return true
}

// plain is the text that a field is, as most are; nil when it is something else.
func (x *out) plain(p *place) (v *kg.Value) {
	switch x.shape {
	case propertyShape:
		v = &p.row.Vals[x.index]
	case linkPropertyShape:
		v = &p.edge.Link.Vals[x.index]
	default:
		return nil
	}
	if v.Kind != kg.String {
		return nil
	}
	return v
}

// null reports a null where none may be; the field that may be null above it becomes so.
func (w *writer) null(x *out) bool {
	if x.nonNull {
		w.fail(x.key, kg.Errorf(kg.Internal, "%s has no value", x.field.Name))
	}
	return false
}

// value writes what a field has; false means null.
func (w *writer) value(o *object, x *out, p *place) bool {
	if x.requires > w.who.Role {
		w.fail(x.key, forbidden(x.field.Name, x.requires, w.who))
		return false
	}
	switch x.shape {
	case propertyShape:
		return w.scalar(&p.row.Vals[x.index]) || w.null(x)
	case linkPropertyShape:
		return w.scalar(&p.edge.Link.Vals[x.index]) || w.null(x)
	case valueShape:
		v, err := x.def.value(&w.reading, x, p)
		if err != nil {
			w.fail(x.key, err)
			return false
		}
		return w.scalar(&v) || w.null(x)
	case objectShape:
		return w.child(x, p)
	case listShape:
		return w.list(x, p)
	case rootShape:
		return w.root(x)
	case typeNameShape:
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, o.name...)
		w.buf = append(w.buf, '"')
	case introspectedShape:
		raw := w.introspected[x.key]
		if len(raw) == 0 || string(raw) == "null" {
			return w.null(x)
		}
		w.buf = append(w.buf, raw...)
		w.count(len(w.buf))
	}
	return true
}

// root writes the answer of a root field.
func (w *writer) root(x *out) bool {
	a := &w.answers[x.index]
	if a.explain != nil {
		began := time.Now()
		defer func() { a.explain.write = time.Since(began) }()
	}
	if a.err != nil {
		w.fail(x.key, a.err)
		return false
	}
	for _, err := range a.corrupt() {
		w.fail(x.key, err)
	}
	p := w.hold()
	defer w.drop()
	rootPlace(a, p)
	if x.def.shape == listShape {
		return w.list(x, p)
	}
	return w.child(x, p)
}

// corrupt are the errors of an answer of which some is left out.
func (a *answer) corrupt() []error {
	if a.res == nil {
		return nil
	}
	return a.res.Corrupt
}

// hold returns an empty place for an object that is written next, until drop.
func (w *writer) hold() *place {
	n := len(w.places)
	if n == cap(w.places) {
		w.places = append(w.places, place{}) // those around it stay where they were read
	}
	w.places = w.places[:n+1]
	return &w.places[n]
}

func (w *writer) drop() {
	n := len(w.places) - 1
	w.places[n] = place{} // it points into the answer
	w.places = w.places[:n]
}

// child writes the object a field leads to, with the field on the way.
func (w *writer) child(x *out, p *place) bool {
	to := w.hold()
	var o *object
	if x.def.one(&w.reading, x, p, to) {
		o = x.objs.of(to)
	}
	if o == nil {
		w.drop()
		return w.null(x)
	}
	w.push(x.key)
	ok := w.object(o, to)
	w.pop()
	w.drop()
	return ok
}

// list writes a list of objects. Where items may not be null and one is, the list is.
func (w *writer) list(x *out, p *place) bool {
	n, err := x.def.count(&w.reading, x, p)
	if err != nil {
		w.fail(x.key, err)
		return false
	}
	start, depth, slot := len(w.buf), len(w.way), len(w.places)
	w.hold()
	w.buf = append(w.buf, '[')
	w.way = append(w.way, step{key: x.key}, step{})
	defer func() {
		w.way = w.way[:depth]
		w.drop()
	}()
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.way[depth+1].index = i
		w.count(len(w.buf))
		item := &w.places[slot] // they may have moved
		x.def.item(&w.reading, x, p, i, item)
		if o := x.objs.of(item); o != nil && w.object(o, item) {
			continue
		}
		if x.items {
			w.buf = w.buf[:start]
			return false
		}
		w.buf = append(w.buf, "null"...)
	}
	w.buf = append(w.buf, ']')
	return true
}

// scalar writes a property; false when it is null.
func (w *writer) scalar(v *kg.Value) bool {
	switch v.Kind {
	case kg.Null:
		return false
	case kg.String:
		w.buf = text.AppendJSON(w.buf, v.Str)
	case kg.Int:
		w.buf = strconv.AppendInt(w.buf, v.Int, 10)
	case kg.Float:
		w.buf = appendFloat(w.buf, v.Float())
	case kg.Bool:
		w.buf = strconv.AppendBool(w.buf, v.Int == 1)
	case kg.List:
		w.buf = append(w.buf, '[')
		for i, s := range v.Items() {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.buf = text.AppendJSON(w.buf, s)
		}
		w.buf = append(w.buf, ']')
	}
	return true
}

// appendFloat writes a number as the generated executor does.
func appendFloat(dst []byte, f float64) []byte { return fmt.Appendf(dst, "%g", f) }
