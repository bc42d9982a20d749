package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"modernc.org/sqlite"

	"github.com/throughline/throughline/internal/kg"
)

// Every row has a sum of what stands in it (xxHash, 64 bits), and a link one of its evidence besides, which is read
// apart. A byte that has changed on the disk is noticed so when the row is read: what is damaged is told, and never
// served. The text of a source has its contentHash.

// The columns that a row's sum is of. What may hold any character at all is in hexadecimal where others stand behind it
// in one text.
const (
	nodeSummed   = "k, id, type, name, description, aliases, externalIds, formerIds, props, createdAt, updatedAt"
	linkSummed   = "k, id, kind, from_k, to_k, hex(role), since, until, sources, refuters, unverified, createdAt, updatedAt, quoted"
	linkSummedOf = "l.k, l.id, l.kind, l.from_k, l.to_k, hex(l.role), l.since, l.until, l.sources, l.refuters, l.unverified, l.createdAt, l.updatedAt, l.quoted"
	sourceSummed = "k, id, title, url, kind, publisher, authors, publishedOn, contentHash"
	wordsSummed  = "k, evidence"
)

// The statements that give a row its sums anew after it was changed.
const (
	sealNode = `UPDATE node SET sum = throughline_sum(` + nodeSummed + `) WHERE k = ?`
	sealLink = `UPDATE link SET sum = throughline_sum(` + linkSummed + `), wordsSum = throughline_sum(` +
		wordsSummed + `) WHERE k = ?`
	sealSource = `UPDATE source SET sum = throughline_sum(` + sourceSummed + `) WHERE k = ?`
)

func init() {
	// for statements that compare or set sums; it is known to every connection of this program
	sqlite.MustRegisterDeterministicScalarFunction("throughline_sum", -1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			var s summer
			for _, a := range args {
				s.add(a)
			}
			return s.sum(), nil
		})
}

// summer makes the sum of a row: of its columns as text, with a character between them that no column but a name or a
// text has.
type summer struct{ buf []byte }

const sumSeparator = 31

func (s *summer) add(v any) {
	if len(s.buf) > 0 {
		s.buf = append(s.buf, sumSeparator)
	}
	switch v := v.(type) {
	case int64:
		s.buf = strconv.AppendInt(s.buf, v, 10)
	case string:
		s.buf = append(s.buf, v...)
	case []byte:
		s.buf = append(s.buf, v...)
	}
}

// addInt and addAll are add without making an interface of each value.
func (s *summer) addInt(n int64) {
	if len(s.buf) > 0 {
		s.buf = append(s.buf, sumSeparator)
	}
	s.buf = strconv.AppendInt(s.buf, n, 10)
}

func (s *summer) addAll(texts ...sql.RawBytes) {
	for _, t := range texts {
		s.buf = append(append(s.buf, sumSeparator), t...)
	}
}

// sum returns the sum of what was added, and begins anew.
func (s *summer) sum() int64 {
	n := sumOf(s.buf)
	s.buf = s.buf[:0]
	return n
}

// of returns the sum of a row.
func (s *summer) of(values ...any) int64 {
	for _, v := range values {
		s.add(v)
	}
	return s.sum()
}

// sumOf returns the sum of a row's columns as one text.
func sumOf(row []byte) int64 { return int64(xxhash.Sum64(row)) }

// hexed is a text as SQLite's hex writes it.
func hexed(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }

// damage is the error for a row that is not as it was written, as whoever reads it knows it; or for rows of a table
// that are lost.
type damage struct {
	what, id   string
	lost       bool
	held, want int64
}

// Error says what is damaged.
func (d *damage) Error() string {
	switch {
	case d.lost:
		return "the store's file " + d.says()
	case d.id == "":
		return "a " + d.what + " " + notAsWritten
	}
	return "the " + d.what + " " + shown(d.id) + " " + notAsWritten
}

// says returns the predicate of the damage: a check writes the name of the record before it.
func (d *damage) says() string {
	if d.lost {
		return fmt.Sprintf("has lost some of what was written: of %d %s it holds %d", d.want, d.what, d.held)
	}
	return notAsWritten
}

// corrupt is the error for it that leaves the store.
func (d *damage) corrupt(file string) error {
	return kg.Wrap(kg.Corrupt, fmt.Errorf("in the file %s", file),
		"%s: restore the store's file from a backup or an export; `throughline check` lists all that is damaged", d.Error())
}

func (s *Store) damaged(what, id string) error {
	return (&damage{what: what, id: id}).corrupt(s.file.path)
}

// unreadable is the error for a row whose columns do not hold what they were given. Reading a row fails as well when
// its context has ended since it was stepped to: that is no damage.
func unreadable(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return kg.Wrap(kg.Corrupt, err,
		"a record in the store's file is not as it was written: restore the file from a backup or an export; `throughline check` lists all that is damaged")
}

// shown is an id of which nobody knows whether it is one.
func shown(id string) string {
	if id != "" && kg.CheckID(id) != nil {
		return "with the damaged id " + strconv.QuoteToASCII(id)
	}
	return id
}

// The sums of a new row, of its values in the order of its columns.

func sumSource(s *summer, v []any) []any { return []any{s.of(v[:9]...)} }

func sumNode(s *summer, v []any) []any { return []any{s.of(v[:11]...)} }

func sumLink(s *summer, v []any) []any {
	role, _ := v[5].(string)
	for i, x := range v[:15] {
		switch i {
		case 5:
			x = hexed(role)
		case 8:
			continue // the evidence, which is read apart
		}
		s.add(x)
	}
	return []any{s.sum(), s.of(v[0], v[8])}
}
