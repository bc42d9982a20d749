// Command codesdoc writes docs/codes.md from the table of codes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

func main() {
	var b strings.Builder
	b.WriteString("# Codes of errors\n\nGenerated from the program (`go generate ./...`). Each error has one of these in `extensions.code`; " +
		"what else stands in `extensions` is told in [GraphQL over HTTP](http.md#errors).\n\n" +
		"| code | what happened, and what to do | beside it |\n| --- | --- | --- |\n")
	for _, c := range kg.Codes() {
		var beside string
		if len(c.Extensions) > 0 {
			beside = "`" + strings.Join(c.Extensions, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Code, c.Means, beside)
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "codes.md"), []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "codesdoc:", err)
		os.Exit(1)
	}
}
