package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// results are what was measured, kept in the work folder so that parts may be measured at different times.
type results struct {
	Machine machine
	Binary  int64 // bytes of the program
	Sizes   map[int]*sizeResult
	Paths   *pathsResult  `json:",omitempty"`
	Start   *startsResult `json:",omitempty"`
	Sample  *sampleResult `json:",omitempty"`
	Load    map[string]*loadResult

	file string
}

// sizeResult is what was measured on a graph of one size.
type sizeResult struct {
	Date         time.Time // of the comparison
	Nodes, Links int
	Rounds       int
	Slice, Warm  time.Duration
	Agree        int
	Queries      []queryResult
	RSS          map[string]int64
	Import       map[target]importRate
	Bare         []bareResult
	BareDate     time.Time
}

type queryResult struct {
	Key, Title string
	Figures    map[target]map[int]figures // by clients
}

func loadResults(file string) (*results, error) {
	r := &results{file: file, Sizes: map[int]*sizeResult{}, Load: map[string]*loadResult{}}
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(b, r)
}

func (r *results) at(people int) *sizeResult {
	if r.Sizes[people] == nil {
		r.Sizes[people] = &sizeResult{Import: map[target]importRate{}}
	}
	return r.Sizes[people]
}

// sizes are the sizes there are, smallest first.
func (r *results) sizes() []int {
	var out []int
	for n := range r.Sizes {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// save keeps the results and writes the page and the plots.
func (b *bench) save() error {
	j, err := json.MarshalIndent(b.results, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.results.file, j, 0o600); err != nil {
		return err
	}
	out := b.out
	if !filepath.IsAbs(out) {
		out = filepath.Join(b.root, out)
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	page := filepath.Join(out, "performance.md")
	old, err := os.ReadFile(page)
	if errors.Is(err, os.ErrNotExist) {
		old, err = []byte(skeleton()), nil
	}
	if err != nil {
		return err
	}
	text, err := fill(string(old), b.results.sections())
	if err != nil {
		return err
	}
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		return err
	}
	for name, svg := range b.results.plots() {
		if err := os.WriteFile(filepath.Join(out, name), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// skeleton is a page of nothing but the places for the tables.
func skeleton() string {
	var b strings.Builder
	b.WriteString("# Performance\n")
	for _, name := range sectionNames {
		b.WriteString("\n" + opening(name) + "\n" + closing + "\n")
	}
	return b.String()
}

const closing = "<!-- /bench -->"

func opening(name string) string { return "<!-- bench: " + name + " -->" }

// fill puts sections into their places in a page; what has not been measured stays as it is.
func fill(page string, sections map[string]string) (string, error) {
	for _, name := range sectionNames {
		text, ok := sections[name]
		if !ok {
			continue
		}
		before, rest, ok := strings.Cut(page, opening(name)+"\n")
		if !ok {
			return "", errors.New("performance.md has no place " + opening(name))
		}
		_, after, ok := strings.Cut(rest, closing)
		if !ok {
			return "", errors.New("performance.md has no " + closing + " behind " + opening(name))
		}
		page = before + opening(name) + "\n" + strings.TrimRight(text, "\n") + "\n" + closing + after
	}
	return page, nil
}
