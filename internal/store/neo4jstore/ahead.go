package neo4jstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store"
)

// A transaction of several statements is a round trip for each, one to begin it, and one to commit it. A change of a
// few records is two round trips where it foresees which records it will look at. One statement reads them, and how
// often somebody has written so far. Another, which is a transaction of its own, takes the lock, and writes the records
// and the log if nobody has written since: what was read is then as a transaction would have found it. Where none of
// the records is supposed to be there, the other statement is enough, which looks whether one is. Where it is not as
// supposed, where the work asks for more, or where anything fails, the work is run again in a transaction of several
// statements, which finds out whether the other has been committed.

// errMore ends work that asks for more than was read ahead.
var errMore = errors.New("the work asks for more than was read ahead")

// ahead is the transaction of work that says what it will look at.
type ahead struct {
	neo4j.ManagedTransaction // none: it has no statements of its own

	turns int64 // how often somebody has written
	// absent are ids of records that are supposed not to be there, nil where it was looked.
	absent []string
	// known are the records that were read, as rows: nil for one that is not there.
	known  map[string][]any
	made   map[string]int64  // as madeProperty
	former map[string]string // ids of entities by their former ones
	says   *kg.Link          // whose strays were read, nil for none
	strays []string
	writes []writes
	more   bool // the work asks for more
}

// writes is a statement that changes so many records: unless it does, none is changed.
type writes struct {
	text   string
	params map[string]any
	count  int // -1 for any
}

// ask notes that the work asks for more.
func (a *ahead) ask() error {
	a.more = true
	return errMore
}

// aheadOf returns what was read ahead for a load, nil where it is not such a one.
func aheadOf(l *load) *ahead {
	a, _ := l.tx.(*ahead)
	return a
}

// writeAhead runs work on what it foresees. It reports whether that has come to an end.
func (s *Store) writeAhead(ctx context.Context, id string, foreseen store.Ahead,
	work func(ctx context.Context, tx store.Tx) error,
) (*kg.Change, bool, error) {
	l := s.newLoad(id)
	a := &ahead{known: make(map[string][]any, len(foreseen.IDs)), made: map[string]int64{}, former: map[string]string{}, says: foreseen.Says}
	for _, id := range foreseen.IDs {
		a.known[id] = nil
	}
	if foreseen.Absent {
		a.absent = foreseen.IDs
	} else if s.readAhead(ctx, a, foreseen.IDs) != nil {
		return nil, false, nil //nolint:nilerr // a transaction tells why
	}
	l.tx = a
	l.logging = &logging{seq: unnumbered, first: true, went: map[string]bool{}, came: map[string]bool{}}
	err := work(ctx, &writer{l})
	switch {
	case a.more || !l.deed.Whole || ctx.Err() != nil || err != nil && ofServer(err):
		return nil, false, nil //nolint:nilerr // a transaction tells why
	case err != nil:
		return nil, true, err
	case !l.logging.wrote:
		return nil, true, nil
	}
	var q *plan.Query
	if foreseen.Read != nil {
		q = foreseen.Read()
	}
	answer, err := s.commitAhead(ctx, l, a, q)
	if err != nil {
		return nil, false, nil //nolint:nilerr // what became of it is found out in a transaction
	}
	if answer != nil {
		foreseen.Take(answer)
	}
	return &l.is, true, nil
}

// unnumbered stands for the number of a change until it is written.
const unnumbered = -1

// ofServer reports whether an error comes from the server or from the way there.
func ofServer(err error) bool {
	var refused *neo4j.Neo4jError
	return errors.As(err, &refused) || passing(err)
}

// turnsText reads how often somebody has written.
const turnsText = "CALL () { MATCH (m:ThroughlineMeta {id: 'layout'}) RETURN coalesce(m.turns, 0) AS %s }\n"

// readAhead reads records, with all that may be asked of them. Nobody has written between the first part of the
// statement and the last, or it was for nothing.
func (s *Store) readAhead(ctx context.Context, a *ahead, ids []string) error {
	sources, entities, links := kg.SortIDs(ids)
	var b strings.Builder
	fmt.Fprintf(&b, turnsText, "before")
	names := []string{"before"}
	part := func(name, text string, some []string) {
		if len(some) > 0 {
			names = append(names, name)
			b.WriteString("CALL () { " + text + " AS " + name + " }\n")
		}
	}
	c := &compiler{layout: s.layout}
	c.w("MATCH (n:Entity) WHERE n.id IN $entities RETURN collect([n.id, ")
	c.typeOf("n", c.cat.Entities)
	c.w(", properties(n), ")
	c.quoted("n", c.cat.Entities)
	c.w("])")
	part("nodes", string(c.text), entities)
	part("former", "MATCH (x:ExternalId)-[:IDENTIFIES]->(n:Entity) WHERE x.scheme = '"+formerScheme+
		"' AND x.value IN $entities RETURN collect([x.value, n.id])", entities)
	part("sources", "MATCH (s:Source) WHERE s.id IN $sources RETURN collect(["+sourceText+", s._made, s._sort])", sources)
	if a.says != nil {
		c := &compiler{layout: s.layout}
		c.saying()
		part("strays", string(c.text)+" RETURN collect(["+linkText+", r._made])", []string{a.says.Kind})
	}
	part("links", s.layout.anyLink()+" RETURN collect(["+linkText+", r._made])", links)
	fmt.Fprintf(&b, turnsText, "after")
	names = append(names, "after")
	b.WriteString("RETURN " + strings.Join(names, ", "))
	params := map[string]any{"sources": sources, "entities": entities, "ids": links}
	if a.says != nil {
		params["said"] = said([]*kg.Link{a.says})
	}
	rows, err := s.atOnce(ctx, b.String(), params)
	if err != nil || len(rows) != 1 {
		return a.ask()
	}
	if a.take(names, rows[0]); a.more {
		return errMore
	}
	return nil
}

// take keeps what was read.
func (a *ahead) take(names []string, row []any) {
	a.turns = asInt(row[0])
	a.more = asInt(row[len(row)-1]) != a.turns
	for i, name := range names {
		for _, x := range asList(row[i]) {
			v := asList(x)
			id := asString(v[0])
			switch name {
			case "former":
				a.former[id] = asString(v[1])
				continue
			case "nodes":
				p, _ := v[2].(map[string]any)
				a.made[id] = asInt(p[madeProperty])
				a.more = a.more || v[1] == nil || p["_sort"] == nil // it is somebody else's
			case "sources":
				n := len(v) - 2
				a.made[id] = asInt(v[n])
				a.more = a.more || v[n+1] == nil
			case "links":
				a.made[id] = asInt(v[len(v)-1])
			case "strays":
				a.made[id] = asInt(v[len(v)-1])
				a.strays = append(a.strays, id)
			}
			a.known[id] = v
		}
	}
}

// all reports whether all of some records were read.
func (a *ahead) all(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { _, ok := a.known[id]; return !ok && id != "" })
}

// records are those of some that are there.
func (a *ahead) records(s *Store, ids []string) (*store.Batch, error) {
	if !a.all(ids) {
		return nil, a.ask()
	}
	b := &store.Batch{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		v := a.known[id]
		switch {
		case v == nil:
		case strings.HasPrefix(id, kg.SourcePrefix):
			x, err := sourceOf(v)
			if err != nil {
				return nil, err
			}
			b.Sources = append(b.Sources, x)
		case strings.HasPrefix(id, kg.LinkPrefix):
			x, err := s.layout.linkOf(v)
			if err != nil {
				return nil, err
			}
			b.Links = append(b.Links, x)
		default:
			x, err := s.nodeOf(v[1:])
			if err != nil {
				return nil, err
			}
			b.Nodes = append(b.Nodes, x)
		}
	}
	return b, nil
}

// types are the types of some records that are there.
func (a *ahead) types(s *Store, ids []string) (map[string]string, error) {
	if !a.all(ids) {
		return nil, a.ask()
	}
	cat := s.layout.cat
	out := make(map[string]string, len(ids))
	for _, id := range ids {
		v := a.known[id]
		switch {
		case v == nil:
		case strings.HasPrefix(id, kg.SourcePrefix):
			out[id] = cat.Source.Enum
		case strings.HasPrefix(id, kg.LinkPrefix):
			out[id] = cat.Link.Enum
		default:
			out[id] = cat.TypeAt(uint8(asInt(v[1]))).Enum
		}
	}
	return out, nil
}

// straysOf are the links that say what some say, under ids that do not follow from it.
func (a *ahead) straysOf(links []*kg.Link) ([]string, error) {
	if a.says == nil || slices.ContainsFunc(links, func(x *kg.Link) bool { return !kg.SameStatement(x, a.says) }) {
		return nil, a.ask()
	}
	slices.Sort(a.strays)
	return slices.Compact(a.strays), nil
}

// merged are the entities whose former ids some are.
func (a *ahead) merged(ids []string) (map[string]string, error) {
	if ids == nil || !a.all(ids) {
		return nil, a.ask()
	}
	out := map[string]string{}
	for _, id := range ids {
		if now, ok := a.former[id]; ok {
			out[id] = now
		}
	}
	return out, nil
}

// run runs a statement that writes, and reports whether it has written so many records, -1 for any.
func (l *load) run(ctx context.Context, tx neo4j.ManagedTransaction, text string, params map[string]any, count int) (bool, error) {
	switch t := tx.(type) {
	case *ahead:
		t.writes = append(t.writes, writes{text, params, count})
		return true, nil
	case *later:
		t.writes = append(t.writes, writes{text, params, count})
		return true, nil
	}
	rows, err := l.s.do(ctx, tx, text+" RETURN count(*)", params)
	if err != nil {
		return false, err
	}
	return count < 0 || asInt(rows[0][0]) == int64(count), nil
}

// commitAhead writes all that the work has written, and the log, if nobody has written since it was read. It answers q,
// as far as that takes no time worth speaking of: the lock is held meanwhile.
func (s *Store) commitAhead(ctx context.Context, l *load, a *ahead, q *plan.Query) (*kg.Result, error) {
	log, about := l.closed("seq")
	params := map[string]any{}
	var b strings.Builder
	if a.absent == nil {
		b.WriteString(lockText + " WITH m WHERE m.turns = $turns\n")
		params["turns"] = a.turns + 1
	} else {
		sources, entities, _ := kg.SortIDs(a.absent)
		b.WriteString(lockText + " WITH m WHERE true")
		if len(sources) > 0 {
			params["sources"] = sources
			b.WriteString(" AND NOT EXISTS { MATCH (s:Source) WHERE s.id IN $sources }")
		}
		if len(entities) > 0 {
			params["entities"] = entities
			b.WriteString(" AND NOT EXISTS { MATCH (n:Entity) WHERE n.id IN $entities } AND NOT EXISTS { " +
				"MATCH (x:ExternalId)-[:IDENTIFIES]->(:Entity) WHERE x.scheme = '" + formerScheme + "' AND x.value IN $entities }")
		}
		b.WriteByte('\n')
	}
	b.WriteString("CALL () { MATCH (c:ThroughlineChange) WHERE c.seq > 0 WITH c.seq AS seq ORDER BY seq DESC LIMIT 1 RETURN coalesce(max(seq), 0) + 1 AS seq }\n")
	for i, w := range append(a.writes, writes{log, about, -1}) {
		name := "w" + itoa(i)
		params[name] = w.params
		b.WriteString("CALL (seq) { " + strings.ReplaceAll(w.text, "$", "$"+name+"."))
		if w.count < 0 {
			b.WriteString(" RETURN count(*) AS " + name + " }\n")
			continue
		}
		// a division by zero is the one way of a statement to end its transaction
		w.params["count"] = w.count
		fmt.Fprintf(&b, " WITH count(*) AS n RETURN 1 / CASE WHEN n = $%s.count THEN 1 ELSE 0 END AS %s }\n", name, name)
	}
	var st *statement
	var c *compiler
	if near(q) {
		st, c = s.statementIn(s.behind, q)
	}
	asks := st != nil && !st.answer.empty
	if asks {
		c.values[0] = int64(0)
		maps.Copy(params, sharedParams(c, []any{c.values}))
		b.WriteString("CALL () { CALL () { " + st.batcher.shared(c) + " } RETURN collect(row) AS answer }\nRETURN seq, answer")
	} else {
		b.WriteString("RETURN seq")
	}
	rows, err := s.atOnce(ctx, b.String(), params)
	s.wrote()
	if err == nil && len(rows) != 1 {
		err = errMore
	}
	if err != nil {
		return nil, err
	}
	if l.is.Seq = asInt(rows[0][0]); !asks {
		return nil, nil //nolint:nilnil // nothing was asked
	}
	var records [][]any
	for _, row := range asList(rows[0][1]) {
		records = append(records, []any{row})
	}
	answer, err := s.decode(ctx, &st.answer, q, records, 0, s.reads)
	if err != nil || len(unknown(q, answer, nil)) > 0 {
		return nil, nil //nolint:nilnil,nilerr // it is committed: whoever reads it is told
	}
	return answer, nil
}

// near reports whether a plan reads some records and no more than what is next to each: the ends of a link, and its
// evidence.
func near(q *plan.Query) bool {
	if q == nil || q.Start != plan.ByIDs || len(q.IDs) == 0 || len(q.Refs) > 0 || q.Root.Node == nil {
		return false
	}
	for _, f := range q.Root.Node.Children {
		if f.Follow != plan.From && f.Follow != plan.To && f.Follow != plan.EvidenceOf || f.Link != nil ||
			f.Node != nil && len(f.Node.Children) > 0 {
			return false
		}
	}
	return true
}

// atOnce runs a statement that is a transaction of a change.
func (s *Store) atOnce(ctx context.Context, text string, params map[string]any) (rows [][]any, err error) {
	err = s.running(ctx, writing, 10*time.Minute, text, params, func(r *neo4j.Record) error {
		rows = append(rows, r.Values)
		return nil
	}, nil)
	return rows, err
}

// textsAhead are the texts of sources that were read ahead.
func (l *load) textsAhead(a *ahead, ids []string) error {
	held, err := a.records(l.s, ids)
	if err != nil {
		return err
	}
	for _, x := range held.Sources {
		l.sources[x.ID] = rules.NewText(x.Text)
	}
	return nil
}
