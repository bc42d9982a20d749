package neo4jstore

import (
	"context"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/text"
)

// Fetch answers a plan by one statement, a search of many words by two, and reads the texts of sources by one more. Ids
// in filters, and those that nothing has, take another: see former.go.
func (s *Store) Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return knowing(ctx, q, s.reads, func(q *plan.Query) (*kg.Result, error) { return s.fetch(ctx, q) })
}

func (s *Store) fetch(ctx context.Context, q *plan.Query) (*kg.Result, error) {
	if q.Start == plan.Search && len(q.Search.Words) > text.MaxQueryWords {
		few, trips, err := s.rarest(ctx, q)
		if err != nil {
			return nil, err
		}
		res, err := s.fetch(ctx, few)
		if err != nil {
			return nil, err
		}
		res.RoundTrips += trips
		return res, nil
	}
	st, c := s.statement(q)
	if st.answer.empty && !st.answer.refs {
		return (&decoder{cat: s.layout.cat}).result(&st.answer, q, nil)
	}
	records, bookmark, trips, err := s.ask(ctx, st, c)
	if err == nil && !s.holds(c.layout, bookmark) {
		var more int
		st, c = s.statementIn(s.layouts[1][1], q)
		records, _, more, err = s.ask(ctx, st, c)
		trips += more
	}
	if err != nil {
		return nil, err
	}
	return s.decode(ctx, &st.answer, q, records, trips, s.reads)
}

// rarest returns a search for the rarest of more words than count: it asks how many records have each.
func (s *Store) rarest(ctx context.Context, q *plan.Query) (few *plan.Query, trips int, err error) {
	queries := make([]any, len(q.Search.Words))
	for i := range queries {
		w := &q.Search.Words[i]
		var b strings.Builder
		exactTerms(&b, &text.QueryWord{Word: w.Word, Phrase: w.Phrase})
		queries[i] = b.String()
	}
	records, trips, err := s.read(ctx,
		"UNWIND $p0 AS query CALL (query) { "+fullText+"Nodes('"+searchIndex+
			"', query) YIELD node RETURN count(node) AS count } RETURN count", params([]any{nil, queries}))
	if err != nil {
		return nil, trips, err
	}
	if len(records) != len(queries) {
		return nil, trips, kg.Errorf(kg.Internal, "Neo4j counted %d of %d words", len(records), len(queries))
	}
	counts := make([]int, len(records))
	for i, r := range records {
		counts[i] = int(asInt(r[0]))
	}
	c := *q
	c.Search = q.Search.Rarest(counts)
	return &c, trips, nil
}

// decode reads a statement's records; read reads the texts that they name.
func (s *Store) decode(
	ctx context.Context, a *answer, q *plan.Query, records [][]any, trips int, read running,
) (*kg.Result, error) {
	rows, err := s.rows(a, q, records)
	if err != nil {
		return nil, err
	}
	d := &decoder{cat: s.layout.cat, maxRows: q.MaxRows, search: &q.Search}
	res, err := d.result(a, q, rows)
	if err != nil {
		return nil, err
	}
	res.RoundTrips = trips
	if len(d.texts) > 0 {
		if err := s.fillTexts(ctx, d, res, read); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// textsOf reads the texts of sources by their ids.
const textsOf = "UNWIND $p0 AS id MATCH (s:Source {id: id}) RETURN id, s.text"

// fillTexts reads the texts that are wanted of sources, each once: links rest on the same ones, and a statement that
// returned a text with every piece of evidence would send it as often.
func (s *Store) fillTexts(ctx context.Context, d *decoder, res *kg.Result, read running) error {
	var ids []any
	texts := map[string]kg.Value{}
	for _, t := range d.texts {
		if _, there := texts[t.source]; !there {
			texts[t.source] = kg.Value{}
			ids = append(ids, t.source)
		}
	}
	records, err := read(ctx, textsOf, params([]any{nil, ids}))
	if err != nil {
		return err
	}
	for _, r := range records {
		v, ok := value(r[1], readText)
		if !ok {
			d.damaged(s.layout.cat.Source.Index, r[0], "text")
			continue
		}
		texts[asString(r[0])] = v
	}
	for _, t := range d.texts {
		*t.to = texts[t.source]
	}
	res.RoundTrips, res.Corrupt = res.RoundTrips+1, d.corrupt
	return nil
}

// rows are an answer's rows, unless a reference in a filter does not name one entity.
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
			return nil, wrongRef(s.layout.cat, q.Refs, first+i, list)
		}
	}
	return asList(records[0][1]), nil
}

// memoKey keeps our texts apart from what others keep in a plan's Memo, another store's included.
type memoKey struct {
	*layout
	shape string
}

// statement finds or makes the compiled form of a plan, and returns the walk that holds the plan's values.
func (s *Store) statement(q *plan.Query) (*statement, *compiler) { return s.statementIn(s.asking(), q) }

func (s *Store) statementIn(l *layout, q *plan.Query) (*statement, *compiler) {
	if q.Memo == nil {
		c, a := compile(l, q, written)
		return &statement{text: string(c.text), answer: a}, c
	}
	c, _ := compile(l, q, dry)
	key := memoKey{l, string(c.shape)}
	if v, ok := q.Memo.Load(key); ok {
		return v.(*statement), c // nobody else has keys of this type
	}
	w, a := compile(l, q, written)
	st := &statement{text: string(w.text), answer: a, batcher: batcher{slots: s.share}}
	q.Memo.Store(key, st)
	return st, c
}

// Compile is the statement that Fetch answers a plan by, with its parameters: a pure function of the catalogue and the
// plan. The text is "" for a plan that finds nothing whatever the graph holds.
func Compile(cat *catalog.Catalog, q *plan.Query) (text string, values map[string]any, err error) {
	l, err := newLayout(cat)
	if err != nil {
		return "", nil, err
	}
	c, a := compile(l, q, written)
	if a.empty && !a.refs {
		return "", nil, nil
	}
	return string(c.text), params(c.values), nil
}
