package exchange

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
	"github.com/throughline/throughline/internal/store/neo4jstore"
)

// Neo4j is filled by its own importer, or by a script of Cypher, faster than by an import: with the records of our
// layout, as docs/decisions/0002-neo4j-layout.md describes it.

// neo4jLacks says what a database that is filled so does not hold.
const neo4jLacks = "the log: all records follow from one change"

// laidOut writes the records of the layout.
type laidOut interface {
	begin() error
	source(r neo4jstore.Record) error
	sources() error // they are over
	entity(r neo4jstore.Record) error
	// name takes what an entity is found by beside its name, and the type of the relationship from it to the entity.
	name(r neo4jstore.Record, typ string) error
	entities() error // they are over, and all names
	link(r neo4jstore.Record) error
	end(created int) error
}

// layOut writes everything. Texts of sources and words of quotations wait in a file until links are compared with them;
// of each it holds some numbers in memory.
func (x *outlet) layOut(ctx context.Context, b *neo4jstore.Bulk, to laidOut) (err error) {
	texts, quotes := kept{seed: maphash.MakeSeed(), at: map[uint64]place{}}, kept{seed: maphash.MakeSeed(), at: map[uint64]place{}}
	defer func() { err = cmp.Or(err, errors.Join(texts.spool.close(), quotes.spool.close())) }()
	if err := to.begin(); err != nil {
		return err
	}
	if err := x.from.Sources(ctx, func(s *kg.Source) error {
		x.counts.Sources++
		return cmp.Or(texts.add(s.ID, s.Text), to.source(b.Source(s)))
	}); err != nil {
		return err
	}
	if err := to.sources(); err != nil {
		return err
	}
	if err := x.from.Nodes(ctx, func(n *kg.Node) error {
		x.counts.Nodes++
		entity, names, types := b.Entity(n)
		err := cmp.Or(quotes.add(n.ID, b.Quoted(n)), to.entity(entity))
		for i := 0; i < len(names) && err == nil; i++ {
			err = to.name(names[i], types[i])
		}
		return err
	}); err != nil {
		return err
	}
	if err := to.entities(); err != nil {
		return err
	}
	held, size := map[string]*rules.Text{}, 0
	textOf := func(id string) (*rules.Text, error) {
		if t := held[id]; t != nil {
			return t, nil
		}
		words, err := texts.of(id)
		if err != nil {
			return nil, err
		}
		if size += len(words) + 100; size > maxHeldTexts {
			clear(held)
			size = len(words)
		}
		held[id] = rules.NewText(words)
		return held[id], nil
	}
	if err := x.from.Links(ctx, func(l *kg.Link) error {
		x.counts.Links++
		said, err := quotes.of(l.To)
		if err != nil {
			return err
		}
		r, err := b.Link(l, textOf, said)
		if err != nil {
			return err
		}
		return to.link(r)
	}); err != nil {
		return err
	}
	return to.end(x.counts.Sources + x.counts.Nodes + x.counts.Links)
}

// maxHeldTexts bounds the texts of sources in memory, in bytes.
const maxHeldTexts = 4 << 20

// kept holds texts in a file, by the ids of their records.
type kept struct {
	seed  maphash.Seed
	at    map[uint64]place
	spool spool
}

// add keeps a text that is not empty.
func (k *kept) add(id, text string) error {
	if text == "" {
		return nil
	}
	from, err := k.spool.add(text)
	k.at[maphash.String(k.seed, id)] = place{from, len(text)}
	return err
}

// of returns a text, "" where none was kept.
func (k *kept) of(id string) (string, error) {
	p, ok := k.at[maphash.String(k.seed, id)]
	if !ok {
		return "", nil
	}
	return k.spool.at(p.from, p.size)
}

// neo4jFormat is what neo4j-admin imports.
func neo4jFormat() *Format {
	return &Format{
		Name: "neo4j", Title: "Neo4j: files for neo4j-admin database import, with a script that runs it, for a database that Throughline then serves",
		Extensions: []string{".neo4j.csv"}, Media: "text/csv",
		Parts: []string{
			bulkSources, bulkEntities, bulkNames, bulkNaming, bulkLinks, bulkLog, bulkSchema, bulkScript,
		},
		Holds: "everything, in the layout in which Throughline keeps a graph in Neo4j, with search terms, indexes and constraints", Lacks: neo4jLacks,
		Then: bulkThen,
		write: func(ctx context.Context, x *outlet) (err error) {
			b, err := neo4jstore.NewBulk(x.cat)
			if err != nil {
				return err
			}
			w := &bulkWriter{outlet: x, bulk: b}
			defer func() { err = cmp.Or(err, w.names.close(), w.naming.close()) }()
			return x.layOut(ctx, b, w)
		},
	}
}

// The files of neo4j-admin.
const (
	bulkSources  = "sources.csv"
	bulkEntities = "entities.csv"
	bulkNames    = "names.csv"
	bulkNaming   = "naming.csv"
	bulkLinks    = "links.csv"
	bulkLog      = "log.csv"
	bulkSchema   = "schema.cypher"
	bulkScript   = "import.sh"
)

// bulkDelimiter stands between the elements of a list: no text has it.
const bulkDelimiter = "\x00"

// bulkCommand returns the arguments of neo4j-admin database import full NAME for files of these names.
func bulkCommand(path func(part string) string) []string {
	args := []string{
		"--array-delimiter=U+0000", "--multiline-fields=true", "--read-buffer-size=67108864",
	}
	for _, part := range []string{bulkSources, bulkEntities, bulkNames, bulkLog} {
		args = append(args, "--nodes="+path(part))
	}
	for _, part := range []string{bulkNaming, bulkLinks} {
		args = append(args, "--relationships="+path(part))
	}
	return args
}

// bulkThen says what to do with the files.
func bulkThen(path func(part string) string) string {
	script := path(bulkScript)
	if !strings.HasSuffix(script, bulkScript) {
		return "unpack " + script + ", and with Neo4j stopped run: sh " + bulkScript
	}
	quoted := func(part string) string { return "'" + strings.ReplaceAll(path(part), "'", `'\''`) + "'" }
	return "with Neo4j stopped, run: sh " + script + "\nwhich runs: neo4j-admin database import full neo4j " + strings.Join(bulkCommand(quoted), " ")
}

// bulkWriter writes tables whose headers say to neo4j-admin what they are.
type bulkWriter struct {
	*outlet
	bulk          *neo4jstore.Bulk
	out           *bufio.Writer
	columns       []neo4jstore.Column // of the table at hand
	names, naming spool               // rows that wait for their tables
	named         int
	row           []byte
}

// part ends the file at hand and begins the next.
func (w *bulkWriter) part(name string) error {
	if w.out != nil {
		if err := w.out.Flush(); err != nil {
			return err
		}
	}
	to, err := w.open(name)
	w.out = bufio.NewWriterSize(to, 1<<20)
	return err
}

// table begins a table. First are its columns that come before the properties.
func (w *bulkWriter) table(name string, columns []neo4jstore.Column, first ...string) error {
	if err := w.part(name); err != nil {
		return err
	}
	w.columns = columns
	for _, c := range columns {
		first = append(first, c.Name+":"+c.Type)
	}
	_, err := w.out.WriteString(strings.Join(first, ",") + "\n")
	return err
}

// inQuotes appends a text in quotation marks.
func inQuotes(b []byte, s string) []byte {
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// bulkValue appends a value; nothing where there is none.
func bulkValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return inQuotes(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case bool:
		return strconv.AppendBool(b, v)
	case []any:
		list := make([]string, len(v))
		for i, x := range v {
			switch x := x.(type) {
			case string:
				list[i] = x
			case int64:
				list[i] = strconv.FormatInt(x, 10)
			}
		}
		return inQuotes(b, strings.Join(list, bulkDelimiter))
	}
	return b
}

// rowOf returns a row of values that come first, and of the properties of a record. It is valid until the next.
func (w *bulkWriter) rowOf(r neo4jstore.Record, columns []neo4jstore.Column, first ...string) []byte {
	b := w.row[:0]
	for _, s := range first {
		b = append(inQuotes(b, s), ',')
	}
	for _, c := range columns {
		b = append(bulkValue(b, r.Properties[c.Name]), ',')
	}
	b[len(b)-1] = '\n'
	w.row = b
	return b
}

func labelsOf(r neo4jstore.Record) string { return strings.Join(r.Labels, bulkDelimiter) }

func (w *bulkWriter) begin() error {
	return w.table(bulkSources, w.bulk.SourceColumns()[1:], "id:ID(Source)", ":LABEL")
}

func (w *bulkWriter) source(r neo4jstore.Record) error { return w.entity(r) }

func (w *bulkWriter) sources() error {
	return w.table(bulkEntities, w.bulk.EntityColumns()[1:], "id:ID(Entity)", ":LABEL")
}

func (w *bulkWriter) entity(r neo4jstore.Record) error {
	id, _ := r.Properties["id"].(string)
	_, err := w.out.Write(w.rowOf(r, w.columns, id, labelsOf(r)))
	return err
}

func (w *bulkWriter) name(r neo4jstore.Record, typ string) error {
	w.named++
	id := strconv.Itoa(w.named)
	if _, err := w.names.add(string(w.rowOf(r, w.bulk.NameColumns(), id, labelsOf(r)))); err != nil {
		return err
	}
	_, err := w.naming.add(string(w.rowOf(neo4jstore.Record{}, nil, id, r.To, typ)))
	return err
}

func (w *bulkWriter) entities() error {
	if err := w.table(bulkNames, w.bulk.NameColumns(), ":ID(Name)", ":LABEL"); err != nil {
		return err
	}
	if err := w.names.copy(w.out); err != nil {
		return err
	}
	if err := w.table(bulkNaming, nil, ":START_ID(Name)", ":END_ID(Entity)", ":TYPE"); err != nil {
		return err
	}
	if err := w.naming.copy(w.out); err != nil {
		return err
	}
	return w.table(bulkLinks, w.bulk.LinkColumns(), ":START_ID(Entity)", ":END_ID(Entity)", ":TYPE")
}

func (w *bulkWriter) link(r neo4jstore.Record) error {
	_, err := w.out.Write(w.rowOf(r, w.columns, r.From, r.To, labelsOf(r)))
	return err
}

func (w *bulkWriter) end(created int) error {
	if err := w.table(bulkLog, w.bulk.LogColumns(), ":ID(Log)", ":LABEL"); err != nil {
		return err
	}
	for i, r := range w.bulk.End(created, false) {
		if _, err := w.out.Write(w.rowOf(r, w.columns, strconv.Itoa(i), labelsOf(r))); err != nil {
			return err
		}
	}
	statements, err := neo4jstore.Indexes(w.cat)
	if err != nil {
		return err
	}
	if err := w.part(bulkSchema); err != nil {
		return err
	}
	if _, err := w.out.WriteString(strings.Join(statements, ";\n") + ";\n" + awaitIndexes + ";\n"); err != nil {
		return err
	}
	if err := w.part(bulkScript); err != nil {
		return err
	}
	args := bulkCommand(func(part string) string { return `"$(file ` + part + `)"` })
	if _, err := w.out.WriteString(bulkShell + strings.Join(args, " \\\n  ") + "\n"); err != nil {
		return err
	}
	return w.out.Flush()
}

// awaitIndexes is the statement that ends when all indexes are filled.
const awaitIndexes = "CALL db.awaitIndexes(3600)"

// bulkTables are the names of the tables, for the shell.
const bulkTables = bulkSources + " " + bulkEntities + " " + bulkNames + " " + bulkNaming + " " + bulkLinks + " " + bulkLog

// bulkShell is how the script begins. It stands beside its tables, and their names begin as its own does.
const bulkShell = `#!/bin/sh
# Fills a Neo4j database from the tables beside this script: sh import.sh [DATABASE]
# Run it on the machine of a stopped Neo4j, as its user. The database must be empty, or not be there yet.
# Then start Neo4j, and Throughline with --store neo4j://…: it makes the indexes and constraints of schema.cypher.
set -eu
before=${0%import.sh}
for part in ` + bulkTables + `; do
  if [ -f "$before$part" ] && [ -f "$before$part.gz" ]; then
    echo "both $before$part and $before$part.gz are there: remove the one of the older export" >&2
    exit 1
  fi
done
file() { if [ -f "$before$1" ]; then printf %s "$before$1"; else printf %s "$before$1.gz"; fi; }
exec "${NEO4J_ADMIN:-neo4j-admin}" database import full "${1:-neo4j}" \
  `
