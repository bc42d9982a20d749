package exchange

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// servedParameters are the parameters of a request for an export.
var servedParameters = []string{"format", "id", "type", "kind", "standing", "where", "from", "to", "around", "depth"}

// Served returns what writes an export for a client of a server, by the parameters of its request. Where the request
// names no format, that is lines of JSON. The export goes to the writer that begin returns, which is told the media
// type and a name for the file. The texts of sources are left out unless clients may read them.
func Served(cat *catalog.Catalog, s store.Scanner, finder Finder, texts bool) func(ctx context.Context, q url.Values,
	begin func(mediaType, file string) io.Writer) error {
	if !texts {
		s = textless{s}
	}
	return func(ctx context.Context, q url.Values, begin func(mediaType, file string) io.Writer) error {
		chosen, err := choose(q)
		if err != nil {
			return err
		}
		chosen.Finder = finder
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

// choose reads the selection that parameters ask for.
func choose(q url.Values) (*Selection, error) {
	chosen := &Selection{Depth: 1}
	for name, values := range q {
		one := values[0]
		ids := strings.Split(strings.Join(values, ","), ",")
		all := strings.Split(strings.ToUpper(strings.Join(values, ",")), ",")
		switch name {
		case "where", "from", "to", "depth":
			if len(values) > 1 || one == "" {
				return nil, kg.Errorf(kg.BadUserInput, "give %s once, or leave it out", name)
			}
		case "around":
			if slices.Contains(values, "") {
				return nil, kg.Errorf(kg.BadUserInput, "around is empty: name an entity, or leave it out")
			}
		}
		switch name {
		case "id":
			chosen.IDs = ids
		case "type":
			chosen.Types = all
		case "kind":
			chosen.Kinds = all
		case "standing":
			chosen.Standings = all
		case "where":
			chosen.Where = one
		case "from":
			chosen.From = one
		case "to":
			chosen.To = one
		case "around":
			chosen.Around = values
		case "depth":
			n, err := strconv.Atoi(one)
			if err != nil || !q.Has("around") {
				return nil, kg.Errorf(kg.BadUserInput, "depth is a number, and stands with around: /export?around=nato&depth=2")
			}
			chosen.Depth = n
		case "format":
		default:
			return nil, kg.Errorf(kg.BadUserInput, "parameter %s", Instead(name, servedParameters))
		}
	}
	return chosen, nil
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
