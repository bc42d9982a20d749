// Command configdoc writes docs/config.md from the flags of the program.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/throughline/throughline/internal/cli"
)

// stores are the flags that say where the graph is: every command that opens one has them.
var stores = map[string]bool{"store": true, "data-dir": true, "neo4j-user": true, "neo4j-password": true, "neo4j-wait": true}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "configdoc:", err)
		os.Exit(1)
	}
}

func run() error {
	parser, err := cli.NewParser(&cli.Commands{})
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Settings\n\nGenerated from the program (`go generate ./...`). A flag wins over the environment, the environment over the default.\n")
	for _, n := range cli.AllCommands(parser.Model.Children) {
		fmt.Fprintf(&b, "\n## throughline %s\n\n%s\n", n.Path(), n.Help)
		var own, store []*kong.Flag
		for _, f := range n.Flags {
			if n.Name != "serve" && stores[f.Name] {
				store = append(store, f)
			} else {
				own = append(own, f)
			}
		}
		if len(store) > 0 {
			b.WriteByte('\n')
			for i, f := range store {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteString("`--" + f.Name + "`")
			}
			b.WriteString(", with their variables, are those of `serve`.\n")
		}
		if len(own) == 0 {
			continue
		}
		b.WriteString("\n| flag | environment | default | |\n| --- | --- | --- | --- |\n")
		for _, f := range own {
			row(&b, f)
		}
	}
	return os.WriteFile(filepath.Join("..", "..", "docs", "config.md"), []byte(b.String()), 0o644)
}

func row(b *strings.Builder, f *kong.Flag) {
	name := "`--" + f.Name + "`"
	if f.Negated || f.Tag.Negatable != "" {
		name += ", `--no-" + f.Name + "`"
	}
	env := ""
	if len(f.Envs) > 0 {
		env = "`" + strings.Join(f.Envs, "`, `") + "`"
	}
	def := ""
	if f.HasDefault {
		def = "`" + f.Default + "`"
	}
	help := strings.ReplaceAll(f.Help, "${enum}", strings.ReplaceAll(f.Enum, ",", ", "))
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, env, def, strings.ReplaceAll(help, "|", "\\|"))
}
