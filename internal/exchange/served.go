package exchange

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Served returns what writes an export for a client of a server, by the parameters format, id, type, kind and standing of
// its request. Where the request names no format, that is lines of JSON. The export goes to the writer that begin returns,
// which is told the media type and a name for the file. The texts of sources are left out unless clients may read them.
func Served(cat *catalog.Catalog, s store.Scanner, texts bool) func(ctx context.Context, q url.Values,
	begin func(mediaType, file string) io.Writer) error {
	if !texts {
		s = textless{s}
	}
	return func(ctx context.Context, q url.Values, begin func(mediaType, file string) io.Writer) error {
		var chosen Selection
		for name, values := range q {
			ids := strings.Split(strings.Join(values, ","), ",")
			all := strings.Split(strings.ToUpper(strings.Join(values, ",")), ",")
			switch name {
			case "id":
				chosen.IDs = ids
			case "type":
				chosen.Types = all
			case "kind":
				chosen.Kinds = all
			case "standing":
				chosen.Standings = all
			case "format":
			default:
				return kg.Errorf(kg.BadUserInput, "parameter %s", Instead(name, []string{"format", "id", "type", "kind", "standing"}))
			}
		}
		name := cmp.Or(strings.Join(q["format"], ","), "jsonl")
		f := FormatOf(name, "")
		if f == nil || !f.Writes() {
			return kg.Errorf(kg.BadUserInput, "format is %s", Instead(name, FormatNames((*Format).Writes)))
		}
		part, err := chosen.Of(ctx, cat, s)
		if err != nil {
			return err
		}
		media, ext := f.Media, f.Extensions[0]
		if f.Parts != nil {
			media, ext = "application/zip", ".zip"
		}
		if strings.HasPrefix(media, "text/") {
			media += "; charset=utf-8"
		}
		open, finish := f.One(begin(media, "graph"+ext))
		if _, err := f.Export(ctx, cat, part, open); err != nil {
			return err
		}
		return finish()
	}
}

// textless is a store without the texts of its sources.
type textless struct{ store.Scanner }

// Sources reads sources, each without its text.
func (s textless) Sources(ctx context.Context, f func(*kg.Source) error) error {
	return s.Scanner.Sources(ctx, func(x *kg.Source) error {
		c := *x
		c.Text = ""
		return f(&c)
	})
}
