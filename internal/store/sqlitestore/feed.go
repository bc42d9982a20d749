package sqlitestore

import (
	"slices"

	"github.com/throughline/throughline/internal/catalog"
)

// feed makes the image of a load into an empty file of the rows as they are written, beside the writing: to read them
// again would cost about half as much as to write them. It ends without an image when the load changes a row.
type feed struct {
	b     *builder
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
	old := empty(cat)
	f := &feed{b: newBuilder(old, seq), rows: make(chan fed, 4), free: make(chan []any, 6), ended: make(chan struct{})}
	f.b.nodes, f.b.links, f.b.sources = slices.Clone(old.nodes), slices.Clone(old.links), slices.Clone(old.sources)
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

// take takes in the rows that were written last, and hands the inserter other room for values. A nil feed takes nothing.
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

// end ends the feed, and returns its image where all went well.
func (f *feed) end() *image {
	f.drop()
	if f.err != nil {
		return nil
	}
	f.b.findSources()
	f.b.derive()
	return f.b.image
}

// drop ends the feed without an image.
func (f *feed) drop() {
	close(f.rows)
	<-f.ended
}

// next makes place for a row under a key.
func next[T any](list []T, key int64) ([]T, error) {
	if key != int64(len(list)) || key >= severalSources {
		return list, errTooLarge()
	}
	var zero T
	return append(list, zero), nil
}

// The values of a row stand in the order of its columns.

func feedSource(b *builder, v []any) (err error) {
	key := v[0].(int64)
	if b.sources, err = next(b.sources, key); err != nil {
		return err
	}
	s := source{
		id: v[1].(string), title: v[2].(string), url: v[3].(string), kind: v[4].(string), publisher: v[5].(string), published: v[7].(string), hash: v[8].(string),
	}
	if s.authors, err = authors(v[6].(string)); err != nil {
		return err
	}
	s.complete()
	b.sources[key] = s
	b.noteSource(uint32(key), s.title, v[9].(string)) //nolint:gosec // keys are below 2³¹
	return nil
}

func feedNode(b *builder, v []any) (err error) {
	r := nodeRow{
		key: v[0].(int64), id: v[1].(string), typ: v[2].(string), name: v[3].(string), desc: v[4].(string), aliases: v[5].(string), ext: v[6].(string), props: v[7].(string),
		created: v[8].(int64), updated: v[9].(int64),
	}
	if b.nodes, err = next(b.nodes, r.key); err != nil {
		return err
	}
	return b.addNode(&r)
}

func feedLink(b *builder, v []any) (err error) {
	r := linkRow{
		key: v[0].(int64), id: v[1].(string), kind: v[2].(string), from: v[3].(int64), to: v[4].(int64), role: v[5].(string), since: v[6].(string), until: v[7].(string),
		sources: v[9].(string), refuters: v[10].(string), unverified: v[11].(int64), created: v[12].(int64), updated: v[13].(int64), quoted: v[14].(int64),
	}
	if b.links, err = next(b.links, r.key); err != nil {
		return err
	}
	return b.addLink(&r)
}
