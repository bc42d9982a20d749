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
		"what else stands in `extensions`: [GraphQL over HTTP](http.md#errors).\n\n" +
		"| code | what happened, and what to do | more in `extensions` |\n| --- | --- | --- |\n")
	for _, c := range kg.Codes() {
		var more string
		if len(c.Extensions) > 0 {
			more = "`" + strings.Join(c.Extensions, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Code, c.Means, more)
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "codes.md"), []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "codesdoc:", err)
		os.Exit(1)
	}
}
