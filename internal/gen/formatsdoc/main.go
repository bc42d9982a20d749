// Command formatsdoc writes docs/formats.md from the list of formats.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/throughline/throughline/internal/exchange"
)

func main() {
	var b strings.Builder
	b.WriteString("# Formats of files\n\nGenerated from the program (`go generate ./...`); `throughline formats` prints the same. " +
		"How to use them: [Import and export](import-export.md).\n\n" +
		"| `--format` | | files | | holds | cannot hold |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, f := range exchange.Formats() {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s | %s |\n", f.Name, f.Title, strings.Join(f.Extensions, "` `"), f.Ways(), f.Holds, f.Lacks)
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "formats.md"), []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "formatsdoc:", err)
		os.Exit(1)
	}
}
