package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/server"
)

const (
	// maxManifest is the largest manifest, in bytes.
	maxManifest = 32 << 20
	// maxMistakes is how many mistakes of a manifest are listed.
	maxMistakes = 20
)

// manifest is a file of documents.
type manifest struct {
	file string
	list []server.Document
}

func (m *manifest) wrong(problem string) error {
	return &config.UsageError{
		Problem: "--documents " + m.file + ": " + problem,
		Hint:    "docs/http.md says what may stand in such a file",
	}
}

// readManifests reads files of documents.
func readManifests(files []string) (all []manifest, err error) {
	for _, file := range files {
		m := manifest{file: file}
		raw, err := os.ReadFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, m.wrong("there is no such file")
		case err != nil:
			return nil, m.wrong("it cannot be read")
		case len(raw) > maxManifest:
			return nil, m.wrong(fmt.Sprintf("it is longer than %d bytes", maxManifest))
		}
		m.list, err = server.ReadManifest(raw)
		if err == nil && len(m.list) == 0 {
			err = errors.New("it lists no documents")
		}
		if err != nil {
			return nil, m.wrong(err.Error())
		}
		all = append(all, m)
	}
	return all, nil
}

// loadDocuments checks each document of some files against the schema; nil for no files.
func loadDocuments(ctx context.Context, files []manifest, e *graph.Engine) (*server.Documents, error) {
	if len(files) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	all := &server.Documents{}
	for _, m := range files {
		if mistakes := check(ctx, m.list, e); len(mistakes) > 0 {
			return nil, &config.UsageError{
				Problem: fmt.Sprintf("--documents %s does not fit the schema\n  %s\nWhat helps", m.file,
					strings.Join(mistakes, "\n  ")),
				Hint: "make it anew from the schema of this version (throughline schema)",
			}
		}
		if err := all.Add(m.list); err != nil {
			return nil, m.wrong(err.Error())
		}
	}
	return all, nil
}

// check lists the mistakes of documents, with their names and places.
func check(ctx context.Context, list []server.Document, e *graph.Engine) (mistakes []string) {
	for _, d := range list {
		for _, err := range e.Check(ctx, d.Text) {
			if len(mistakes) == maxMistakes {
				return append(mistakes, "and more")
			}
			at := ""
			if len(err.Locations) > 0 {
				at = fmt.Sprintf(", line %d, column %d", err.Locations[0].Line, err.Locations[0].Column)
			}
			mistakes = append(mistakes, d.Title()+at+": "+err.Message)
		}
	}
	return mistakes
}
