package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// permitted are the licences that may go into a bundle without a second thought.
var permitted = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

var noticeFile = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|third-?party-?notices)([-.].*)?$`)

// notices gathers the licence texts of the packages that went into the bundles.
func notices(src string, inputs map[string]struct{}) ([]byte, error) {
	packages := map[string]bool{}
	for in := range inputs {
		if dir, ok := packageOf(in); ok {
			packages[dir] = true
		}
	}
	type entry struct {
		Name, Version, License string
		texts                  []string
	}
	var list []entry
	for dir := range packages {
		var e entry
		b, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(dir), "package.json"))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, fmt.Errorf("%s/package.json: %w", dir, err)
		}
		if !slices.Contains(permitted, e.License) {
			return nil, fmt.Errorf("%s %s has the licence %q, which nobody has permitted yet (tools/webbuild/notices.go)",
				e.Name, e.Version, e.License)
		}
		files, err := os.ReadDir(filepath.Join(src, filepath.FromSlash(dir))) // sorted
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if f.IsDir() || !noticeFile.MatchString(f.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(dir), f.Name()))
			if err != nil {
				return nil, err
			}
			e.texts = append(e.texts, plain(text))
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entry) int {
		return strings.Compare(a.Name+"@"+a.Version, b.Name+"@"+b.Version)
	})
	list = slices.CompactFunc(list, func(a, b entry) bool { return a.Name == b.Name && a.Version == b.Version })
	var out bytes.Buffer
	out.WriteString("The pages of Throughline's server contain the packages below, each under its own licence.\n")
	for _, e := range list {
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n", strings.Repeat("-", 100), e.Name, e.Version, e.License)
		if len(e.texts) == 0 {
			out.WriteString("\nThe package carries no licence text of its own; its package.json names the licence.\n")
		}
		for _, text := range e.texts {
			out.WriteString("\n" + text)
		}
	}
	return out.Bytes(), nil
}

// packageOf is the folder of the package an input belongs to.
func packageOf(input string) (string, bool) {
	parts := strings.Split(input, "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if parts[i] != "node_modules" {
			continue
		}
		n := 1
		if strings.HasPrefix(parts[i+1], "@") {
			n = 2
		}
		return path.Join(parts[:i+1+n]...), true
	}
	return "", false
}

// plain is a text with the line ends of this repository, and one at its end.
func plain(b []byte) string {
	var out strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n")) {
		out.WriteString(strings.TrimRight(line, " \t\r\n") + "\n")
	}
	return strings.Trim(out.String(), "\n") + "\n"
}
