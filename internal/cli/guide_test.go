package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/throughline/throughline/test/others"
)

// admin stands for neo4j-admin where the guide runs the script of an export, and holds that the files are there that it
// names. That the importer itself takes them is tested in test/formats.
const admin = `#!/bin/sh
test "$1 $2 $3" = "database import full" || exit 1
echo "$*" | tr ' ,=' '\n\n\n' | grep '\.csv$' | while read -r file; do test -s "$file" || exit 1; done
`

// TestTheGuideOfFormats runs every command of docs/import-export.md as it stands there, one after another, on the files of
// examples/ and a store that has the sample. Those that ask a server have one.
func TestTheGuideOfFormats(t *testing.T) {
	for _, name := range []string{"curl", "dot"} {
		if _, err := exec.LookPath(name); err != nil {
			others.Missing(t, name, err)
		}
	}
	guide, err := os.ReadFile("../../docs/import-export.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	commands := 0
	step := func(line string) { script.WriteString(line + "\n") }
	step("server --writable") // which loads the sample
	step("end")
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(guide), -1) {
		const at = "http://127.0.0.1:8080"
		asks := strings.Contains(block[1], at)
		if asks {
			step("server --writable")
		}
		for line := range strings.Lines(block[1]) {
			commands++
			line = strings.ReplaceAll(strings.TrimSpace(line), "'"+at, `"$URL"'`)
			step("exec sh -ec '" + strings.ReplaceAll(strings.ReplaceAll(line, at, "$URL"), "'", "''") + "'")
			if _, file, ok := strings.Cut(line, " -o "); ok {
				for _, made := range writtenAt(strings.Fields(file)[0]) {
					step("exec test -s " + made)
				}
			}
		}
		if asks {
			step("end")
		}
	}
	if commands < 40 {
		t.Fatalf("the guide has %d commands", commands)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "guide.txtar"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, params(dir, func(e *testscript.Env) error {
		e.Setenv("NEO4J_ADMIN", filepath.Join(e.WorkDir, "admin"))
		e.Setenv("CURL_HOME", e.WorkDir)
		if err := os.WriteFile(filepath.Join(e.WorkDir, ".curlrc"), []byte("fail\nsilent\nshow-error\n"), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(e.WorkDir, "admin"), []byte(admin), 0o700); err != nil {
			return err
		}
		return setUp(e)
	}))
}

// writtenAt returns the files that an export to a name makes.
func writtenAt(name string) []string {
	stem, isTable := strings.CutSuffix(name, ".csv")
	switch {
	case strings.HasSuffix(stem, ".neo4j"):
		stem = strings.TrimSuffix(stem, ".neo4j")
		return []string{stem + "-import.sh", stem + "-schema.cypher", stem + "-entities.csv"}
	case isTable:
		return []string{stem + "-nodes.csv", stem + "-links.csv"}
	}
	return []string{name}
}
