package sqlitestore

import (
	"encoding/json"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/memgraph"
)

// feed makes the version of a load into an empty file of the rows as they are written, beside the writing: to read them
// again would cost about half as much as to write them. It ends without a version when the load changes a row.
type feed struct {
	b     *rowReader
	rows  chan fed
	free  chan []any // values that were taken in, to be filled again
	ended chan struct{}
	err   error // once it has ended
}

// fed are new rows of a table, one behind the other.
type fed struct {
	of     *inserter
	values []any
}

func newFeed(cat *catalog.Catalog, seq int64) *feed {
	f := &feed{
		b: &rowReader{Builder: memgraph.NewBuilder(memgraph.New(cat), seq), cat: cat}, rows: make(chan fed, 4),
		free: make(chan []any, 6), ended: make(chan struct{}),
	}
	go func() {
		defer close(f.ended)
		for r := range f.rows {
			for v := range slices.Chunk(r.values, len(r.of.columns)-1) {
				if f.err == nil {
					f.err = r.of.feed(f.b, v)
				}
			}
			select {
			case f.free <- r.values:
			default:
			}
		}
	}()
	return f
}

// take takes in the rows that were written last, and hands the inserter other room for values. A nil feed takes
// nothing.
func (f *feed) take(of *inserter) {
	if f == nil {
		return
	}
	f.rows <- fed{of, of.args}
	select {
	case of.args = <-f.free:
	default:
		of.args = make([]any, 0, cap(of.args))
	}
}

// end ends the feed, and returns its version where all went well.
func (f *feed) end() *memgraph.Graph {
	f.drop()
	if f.err != nil {
		return nil
	}
	return f.b.Build()
}

// drop ends the feed without a version.
func (f *feed) drop() {
	close(f.rows)
	<-f.ended
}

// The values of a row stand in the order of its columns.

func feedSource(b *rowReader, v []any) (err error) {
	s := memgraph.Source{
		ID: v[1].(string), Title: v[2].(string), URL: v[3].(string), Kind: v[4].(string), Publisher: v[5].(string), PublishedOn: v[7].(string), ContentHash: v[8].(string), Text: v[9].(string),
	}
	if s.Key, err = feedKey(v[0]); err != nil {
		return err
	}
	if err = json.Unmarshal([]byte(v[6].(string)), &s.Authors); err != nil {
		return err
	}
	return b.AddSource(&s)
}

func feedNode(b *rowReader, v []any) error {
	r := nodeRow{
		key: v[0].(int64), id: v[1].(string), typ: v[2].(string), name: v[3].(string), desc: v[4].(string), aliases: v[5].(string), ext: v[6].(string),
		former: v[7].(string), props: v[8].(string), created: v[9].(int64), updated: v[10].(int64),
	}
	if _, err := feedKey(v[0]); err != nil {
		return err
	}
	return b.addNode(&r)
}

func feedLink(b *rowReader, v []any) error {
	r := linkRow{
		key: v[0].(int64), id: v[1].(string), kind: v[2].(string), from: v[3].(int64), to: v[4].(int64), role: v[5].(string), since: v[6].(string), until: v[7].(string),
		sources: v[9].(string), refuters: v[10].(string), unverified: v[11].(int64), created: v[12].(int64), updated: v[13].(int64), quoted: v[14].(int64),
	}
	if _, err := feedKey(v[0]); err != nil {
		return err
	}
	return b.addLink(&r)
}

// feedKey returns the key of a row.
func feedKey(v any) (uint32, error) {
	k := v.(int64)
	if k > memgraph.MaxKey {
		return 0, memgraph.ErrTooLarge
	}
	return uint32(k), nil
}
