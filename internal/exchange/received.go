package exchange

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Parameters of an import by a client of a server.
var parameters = []string{"format", "encoding", "sheet", "type", "kind", "source", "sourceUrl", "note", "dryRun", "replace", "history"}

// MappingPart is the name of the part of a form that is a mapping and not a file.
const MappingPart = "mapping"

// Received returns what imports the files that a client of a server sends, with the parameters format, encoding, sheet,
// source, sourceUrl, note, dryRun, replace and history of its request, and answers with a Report. Next returns them one
// after the other with their names, and io.EOF behind the last. It imports all or, where something is wrong, nothing:
// of bad lines, the error has the places in its details.
func Received(cat *catalog.Catalog, s store.Store) func(
	ctx context.Context, by string, q url.Values, next func() (part, name string, r io.Reader, err error),
) (report any, err error) {
	return func(
		ctx context.Context, by string, q url.Values, next func() (part, name string, r io.Reader, err error),
	) (report any, err error) {
		terms, o, err := received(q)
		if err != nil {
			return nil, err
		}
		o.By = by
		var files []File
		for {
			part, name, r, err := next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			if part == MappingPart {
				b, err := io.ReadAll(io.LimitReader(r, maxMapping+1))
				if err != nil {
					return nil, err
				}
				if terms.Mapping, err = ReadMapping(b); err != nil {
					return nil, kg.Errorf(kg.BadUserInput, "the mapping %v", err)
				}
				continue
			}
			f, remove, err := Spool(clip(filepath.Base(name)), r)
			if err != nil {
				return nil, err
			}
			defer remove()
			if !strings.EqualFold(filepath.Ext(f.Name), ".zip") {
				files = append(files, f)
				continue
			}
			within, closed, err := FromZip(f)
			if err != nil {
				return nil, forClient(err)
			}
			defer closed() //nolint:errcheck // it was only read
			files = append(files, within...)
		}
		if len(files) == 0 {
			return nil, kg.Errorf(kg.BadUserInput, "there is no file to import: send one as the body, or several as parts of a form")
		}
		for i := range files {
			files[i].Terms = terms
		}
		report, err = Import(ctx, cat, s, Ordered(files), o)
		return report, forClient(err)
	}
}

// received reads the parameters of an import.
func received(q url.Values) (t Terms, o Options, err error) {
	for name := range q {
		switch v := strings.Join(q[name], ","); name {
		case "format":
			if t.Format = FormatOf(v, ""); t.Format == nil || !t.Format.Reads() {
				return t, o, kg.Errorf(kg.BadUserInput, "format is %s", Instead(v, FormatNames((*Format).Reads)))
			}
		case "encoding":
			if err := EncodingError(v); err != nil {
				return t, o, kg.Errorf(kg.BadUserInput, "%v", err)
			}
			t.Encoding = v
		case "sheet":
			t.Sheet = v
		case "type":
			t.Type = v
		case "kind":
			t.Kind = v
		case "source", "sourceUrl":
			t.Source = map[string]string{"kind": "DATASET", "title": q.Get("source"), "url": q.Get("sourceUrl")}
		case "note":
			o.Note = v
		case "history":
			if !slices.Contains(HistoryNames, v) {
				return t, o, kg.Errorf(kg.BadUserInput, "history is %s", Instead(v, HistoryNames))
			}
			o.KeepHistory(v)
		case "dryRun", "replace":
			if v != "true" && v != "false" {
				return t, o, kg.Errorf(kg.BadUserInput, "%s is %q: write true or false", name, clip(v))
			}
			o.DryRun, o.Replace = q.Get("dryRun") == "true", q.Get("replace") == "true"
		default:
			return t, o, kg.Errorf(kg.BadUserInput, "parameter %s", Instead(name, parameters))
		}
	}
	return t, o, nil
}

// BadFile is a place of a file that cannot be imported, as the details of an error have it.
type BadFile struct {
	File    string `json:"file"`
	Sheet   string `json:"sheet,omitempty"` // of a workbook, whose rows are its lines
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// forClient turns what is wrong with files into an error for a client.
func forClient(err error) error {
	var bad *BadLinesError
	var own *kg.Error
	var path *fs.PathError
	switch {
	case err == nil, errors.As(err, &own), errors.As(err, &path): // of a file of this machine a client knows nothing
		return err
	case errors.As(err, &bad):
		out := kg.Wrap(kg.BadUserInput, err, "%s: %s", Left(err), clip(bad.Lines[0].Error()))
		lines := bad.Files()
		for i := range lines { // names of files and sheets are as long as whoever sends them likes
			l := &lines[i]
			l.File, l.Sheet, l.Message = kg.Clip(l.File, 299), kg.Clip(l.Sheet, 299), kg.Clip(l.Message, 299)
		}
		out.Details = map[string]any{"lines": lines, "moreLines": bad.More}
		if partial(err) {
			out.Details["left"] = Left(err)
		}
		return out
	}
	return kg.Wrap(kg.BadUserInput, err, "%s: %s", Left(err), kg.Clip(err.Error(), 300))
}
