package neo4jstore

import (
	"context"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Fetch answers a plan by one statement.
func (s *Store) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	st, params := s.statement(q)
	if st.answer.empty && !st.answer.refs {
		return (&decoder{cat: s.layout.cat}).result(&st.answer, q, nil)
	}
	records, trips, err := s.read(ctx, st.text, params)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(&st.answer, q, records)
	if err != nil {
		return nil, err
	}
	d := &decoder{cat: s.layout.cat, maxRows: q.MaxRows, words: q.Words}
	res, err := d.result(&st.answer, q, rows)
	if err != nil {
		return nil, err
	}
	res.RoundTrips = trips
	return res, nil
}

// rows are an answer's rows, unless a name in the plan is ambiguous.
func (s *Store) rows(a *answer, q *plan.Query, records [][]any) ([]any, error) {
	if !a.refs {
		rows := make([]any, len(records))
		for i, r := range records {
			rows[i] = r[0]
		}
		return rows, nil
	}
	first := len(q.Refs) - len(asList(records[0][0]))
	for i, c := range asList(records[0][0]) {
		if list := asList(c); list != nil {
			return nil, ambiguous(s.layout.cat, &q.Refs[first+i], list)
		}
	}
	return asList(records[0][1]), nil
}

// memoKey keeps our texts apart from what others keep in a plan's Memo.
type memoKey string

// statement finds or makes the compiled form of a plan.
func (s *Store) statement(q *plan.Query) (*statement, map[string]any) {
	if q.Memo == nil {
		c, a := compile(s.layout, q, false)
		return &statement{text: string(c.text), answer: a}, c.params
	}
	c, _ := compile(s.layout, q, true)
	key := memoKey(c.shape)
	if v, ok := q.Memo.Load(key); ok {
		return v.(*statement), c.params //nolint:forcetypeassert // nobody else has keys of this type
	}
	w, a := compile(s.layout, q, false)
	st := &statement{text: string(w.text), answer: a}
	q.Memo.Store(key, st)
	return st, w.params
}

// Compile is the statement that Fetch answers a plan by, with its parameters: a pure function of the catalogue and the
// plan. The text is "" for a plan that finds nothing whatever the graph holds.
func Compile(cat *catalog.Catalog, q *plan.Query) (text string, params map[string]any, err error) {
	l, err := newLayout(cat)
	if err != nil {
		return "", nil, err
	}
	c, a := compile(l, q, false)
	if a.empty && !a.refs {
		return "", nil, nil
	}
	return string(c.text), c.params, nil
}
