package main

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// stop is one query of the tour, as the page gets it.
type stop struct {
	Name      string `json:"name"`
	Title     string `json:"title"`
	About     string `json:"about"`
	Document  string `json:"document"`
	Variables string `json:"variables"`
	// Anywhere says that it names nothing, and so answers on any graph.
	Anywhere bool `json:"anywhere"`
}

// tourPlugin makes the queries in dir a module, "throughline:tour".
func tourPlugin(dir string) api.Plugin {
	return api.Plugin{Name: "tour", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: `^throughline:tour$`},
			func(api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: "tour", Namespace: "throughline"}, nil
			})
		build.OnLoad(api.OnLoadOptions{Filter: `^tour$`, Namespace: "throughline"},
			func(api.OnLoadArgs) (api.OnLoadResult, error) {
				stops, err := readTour(dir)
				if err != nil {
					return api.OnLoadResult{}, err
				}
				body, err := json.Marshal(stops)
				if err != nil {
					return api.OnLoadResult{}, err
				}
				js := "export const tour = " + string(body)
				return api.OnLoadResult{Contents: &js, Loader: api.LoaderJS}, nil
			})
	}}
}

// readTour reads the queries in the order of their numbers; package web reads them the same way.
func readTour(dir string) ([]stop, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.graphql")) // sorted
	if err != nil {
		return nil, err
	}
	var stops []stop
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(path, ".graphql")
		_, name, _ := strings.Cut(filepath.Base(base), "-")
		s := stop{Name: name, Document: string(document)}
		var about []string
		for line := range strings.Lines(s.Document) {
			text, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			if !ok {
				break
			}
			if s.Title == "" {
				s.Title = text
				continue
			}
			about = append(about, text)
		}
		if s.About = strings.Join(about, " "); s.Title == "" || s.About == "" {
			return nil, fmt.Errorf("%s: begins without a title and a sentence on what it shows", path)
		}
		variables, err := os.ReadFile(base + ".variables.json")
		switch {
		case err == nil:
			if !json.Valid(variables) {
				return nil, fmt.Errorf("%s.variables.json: not JSON", base)
			}
			s.Variables = strings.TrimSpace(string(variables))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		_, body, _ := strings.Cut(s.Document, "\nquery ")
		s.Anywhere = s.Variables == "" && !strings.Contains(body, `"`)
		stops = append(stops, s)
	}
	if len(stops) == 0 {
		return nil, fmt.Errorf("%s: no queries", dir)
	}
	return stops, nil
}

// shortHash is as long as esbuild's.
func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return base32.StdEncoding.EncodeToString(sum[:])[:8]
}
