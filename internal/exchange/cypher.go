package exchange

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/store/neo4jstore"
)

// cypherFormat is a script that fills an empty Neo4j.
func cypherFormat() *Format {
	return &Format{
		Name: "cypher", Title: "Cypher: a script for cypher-shell that fills an empty Neo4j, which Throughline then serves",
		Extensions: []string{".cypher", ".cql"}, Media: "application/x-cypher-query",
		Holds: "everything, in the layout in which Throughline keeps a graph in Neo4j, with search terms, indexes and constraints", Lacks: neo4jLacks,
		Then: func(path func(part string) string) string {
			return "into an empty database: cypher-shell -f " + path("") + "\nthen serve it with --store neo4j://…"
		},
		write: func(ctx context.Context, x *outlet) error {
			b, err := neo4jstore.NewBulk(x.cat)
			if err != nil {
				return err
			}
			out, err := x.file()
			if err != nil {
				return err
			}
			w := &cypherWriter{outlet: x, bulk: b, out: out, groups: map[string]*cypherGroup{}}
			return x.layOut(ctx, b, w)
		},
	}
}

// maxStatement is about how many bytes of records one statement writes.
const maxStatement = 64 << 10

// cypherWriter writes one statement a line, each with many records.
type cypherWriter struct {
	*outlet
	bulk   *neo4jstore.Bulk
	out    *bufio.Writer
	order  []*cypherGroup // as they were begun
	groups map[string]*cypherGroup
}

// cypherGroup are records that one statement writes.
type cypherGroup struct {
	does string // to each row
	rows []byte
	late bool // it finds what other groups create
}

// put adds a row to the statement that does something to each.
func (w *cypherWriter) put(does string, late bool, row []byte) error {
	g := w.groups[does]
	if g == nil {
		g = &cypherGroup{does: does, late: late}
		w.groups[does], w.order = g, append(w.order, g)
	}
	if len(g.rows) > 0 {
		g.rows = append(g.rows, ", "...)
	}
	if g.rows = append(g.rows, row...); len(g.rows) < maxStatement {
		return nil
	}
	if late {
		if err := w.flush(false); err != nil {
			return err
		}
	}
	return w.statement(g)
}

// flush writes the statements that wait: those that create what others find, or these too.
func (w *cypherWriter) flush(late bool) error {
	for _, g := range w.order {
		if g.late && !late {
			continue
		}
		if err := w.statement(g); err != nil {
			return err
		}
	}
	return nil
}

func (w *cypherWriter) statement(g *cypherGroup) error {
	if len(g.rows) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w.out, "UNWIND [%s] AS row %s;\n", g.rows, g.does)
	g.rows = g.rows[:0]
	return err
}

// cypherText appends a text as a literal that stands in one line.
func cypherText(b []byte, s string) []byte {
	b = append(b, '\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029:
			b = fmt.Appendf(b, `\u%04X`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '\'')
}

// cypherValue appends a value as a literal.
func cypherValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return cypherText(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'e', -1, 64) // without an exponent or a point it would be a whole number
	case bool:
		return strconv.AppendBool(b, v)
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = cypherValue(b, x)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		some := false
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name] == nil {
				continue
			}
			if some {
				b = append(b, ", "...)
			}
			some = true
			b = append(b, name...)
			b = append(b, ": "...)
			b = cypherValue(b, v[name])
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func (w *cypherWriter) begin() error {
	statements, err := neo4jstore.Indexes(w.cat)
	if err != nil {
		return err
	}
	_, err = w.out.WriteString("// For an empty Neo4j 5.23 or newer: cypher-shell -f FILE. Each line is a statement. A second run is refused by the constraints.\n" +
		strings.Join(statements, ";\n") + ";\n" + awaitIndexes + ";\n")
	return err
}

func (w *cypherWriter) source(r neo4jstore.Record) error { return w.node(r, "CREATE") }

func (w *cypherWriter) sources() error { return nil }

func (w *cypherWriter) entity(r neo4jstore.Record) error { return w.node(r, "CREATE") }

func (w *cypherWriter) node(r neo4jstore.Record, how string) error {
	return w.put(how+" (n:"+strings.Join(r.Labels, ":")+") SET n = row", false, cypherValue(nil, r.Properties))
}

func (w *cypherWriter) name(r neo4jstore.Record, typ string) error {
	return w.put("MATCH (n:Entity {id: row.of}) CREATE (a:"+r.Labels[0]+")-[:"+typ+"]->(n) SET a = row.is", true,
		cypherValue(nil, map[string]any{"of": r.To, "is": r.Properties}))
}

func (w *cypherWriter) entities() error { return w.rest() }

// rest writes all that waits, what creates before what finds.
func (w *cypherWriter) rest() error { return cmp.Or(w.flush(false), w.flush(true)) }

func (w *cypherWriter) link(r neo4jstore.Record) error {
	return w.put("MATCH (a:Entity {id: row.from}) MATCH (b:Entity {id: row.to}) CREATE (a)-[r:"+r.Labels[0]+"]->(b) SET r = row.is", true,
		cypherValue(nil, map[string]any{"from": r.From, "to": r.To, "is": r.Properties}))
}

func (w *cypherWriter) end(created int) error {
	for _, r := range w.bulk.End(created, true) {
		if err := w.node(r, "CREATE"); err != nil {
			return err
		}
	}
	return cmp.Or(w.rest(), w.out.Flush())
}
