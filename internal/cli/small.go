package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/clients"
	"github.com/throughline/throughline/internal/config"
)

type schemaCmd struct {
	config.Contract `embed:""`

	JSON   bool   `name:"json" help:"As JSON, as introspection has it: {\"__schema\": …}, which buildClientSchema of GraphQL.js takes."`
	Client string `enum:"${clients}," default:"" placeholder:"NAME" help:"Instead what a client wants of the schema. apollo, urql: a module with the settings of its cache. relay, codegen, genqlient: its file of settings. sdl: the schema for tools that know GraphQL of 2018 alone. See docs/front-end.md."`
}

// Run prints the contract.
func (c *schemaCmd) Run(w *world) error {
	if c.JSON && c.Client != "" {
		return &config.UsageError{Problem: "--json and --client print different things", Hint: "give one of them"}
	}
	if !c.JSON {
		cat, err := loadCatalog(&c.Contract)
		if err != nil {
			return err
		}
		text := cat.SDL
		if c.Client != "" {
			if text, err = clients.Write(c.Client, cat); err != nil {
				return err
			}
		}
		_, err = fmt.Fprint(w.stdout, text)
		return err
	}
	q := queryCmd{Store: config.Store{Store: "memory:", Contract: c.Contract}}
	answer, err := q.run(w, graph.IntrospectionQuery, nil)
	if err != nil {
		return err
	}
	var whole struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(answer, &whole); err != nil {
		return err
	}
	if len(whole.Errors) > 0 {
		return errors.New(whole.Errors[0].Message)
	}
	_, err = fmt.Fprintln(w.stdout, string(whole.Data))
	return err
}

type versionCmd struct{}

// Run prints what this program is.
func (versionCmd) Run(w *world) error {
	fmt.Fprintf(w.stdout, "throughline %s (%s %s/%s)\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "modernc.org/sqlite" || d.Path == "github.com/99designs/gqlgen" ||
				strings.HasPrefix(d.Path, "github.com/neo4j/neo4j-go-driver") {
				fmt.Fprintf(w.stdout, "  %s %s\n", d.Path, d.Version)
			}
		}
	}
	return nil
}

type healthCmd struct {
	Addr string `env:"THROUGHLINE_ADDR" default:"127.0.0.1:8080" help:"Address of the server."`
}

// Run succeeds when the server is ready.
func (c *healthCmd) Run(w *world) error {
	addr := c.Addr
	if strings.HasPrefix(addr, ":") || strings.HasPrefix(addr, "0.0.0.0:") || strings.HasPrefix(addr, "[::]:") {
		addr = "127.0.0.1" + addr[strings.LastIndexByte(addr, ':'):]
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return &config.UsageError{Problem: "--addr is not an address", Hint: "write it as 127.0.0.1:8080"}
	}
	resp, err := (&http.Client{Timeout: 4 * time.Second}).Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers on %s", addr)
	}
	defer resp.Body.Close() //nolint:errcheck // only the status counts
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server on %s is not ready", addr)
	}
	return nil
}

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command. Default: the whole program."`
}

// Run prints what --help of the command prints.
func (c *helpCmd) Run(w *world) error {
	if code := run(w.ctx, append(c.Command, "--help"), w.stdin, w.stdout, w.stderr, w.getenv); code != exitOK {
		panic(exited(code))
	}
	return nil
}

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

// Run prints a script that completes commands, flags and values the program knows.
func (c *completionCmd) Run(w *world) error {
	var b strings.Builder
	commands := w.model.Children
	var names []string
	for _, n := range commands {
		names = append(names, n.Name)
	}
	// flags returns the flags of a command, and those of the commands that are its parts
	flags := func(n *kong.Node) []*kong.Flag {
		all := n.Flags
		for _, part := range n.Children {
			for _, f := range part.Flags {
				if f.Name != "help" {
					all = append(all[:len(all):len(all)], f)
				}
			}
		}
		return all
	}
	words := func(n *kong.Node) string {
		var out []string
		for _, f := range flags(n) {
			out = append(out, "--"+f.Name)
			if f.Tag.Negatable != "" {
				out = append(out, "--no-"+f.Name)
			}
		}
		return strings.Join(out, " ")
	}
	values := func(n *kong.Node) [][2]string {
		var out [][2]string
		if n.Name == "help" {
			out = append(out, [2]string{"", strings.Join(names, " ")})
		}
		if len(n.Children) > 0 {
			var parts []string
			for _, part := range n.Children {
				parts = append(parts, part.Name)
			}
			out = append(out, [2]string{"", strings.Join(parts, " ")})
		}
		for _, f := range flags(n) {
			if f.Enum != "" {
				out = append(out, [2]string{f.Name, strings.ReplaceAll(f.Enum, ",", " ")})
			}
		}
		for _, p := range n.Positional {
			if p.Enum != "" {
				out = append(out, [2]string{"", strings.ReplaceAll(p.Enum, ",", " ")})
			}
		}
		return out
	}
	quoted := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" } // fish's own
	switch c.Shell {
	case "fish":
		b.WriteString("complete -c throughline -f\n")
		for _, n := range commands {
			fmt.Fprintf(&b, "complete -c throughline -n __fish_use_subcommand -a %s -d %s\n", n.Name, quoted(n.Help))
			for _, f := range flags(n) {
				enum := ""
				if f.Enum != "" {
					enum = fmt.Sprintf(" -x -a %q", strings.ReplaceAll(f.Enum, ",", " "))
				}
				help := quoted(strings.ReplaceAll(f.Help, "${enum}", f.Enum))
				fmt.Fprintf(&b, "complete -c throughline -n '__fish_seen_subcommand_from %s' -l %s -d %s%s\n", n.Name, f.Name, help, enum)
				if f.Tag.Negatable != "" {
					fmt.Fprintf(&b, "complete -c throughline -n '__fish_seen_subcommand_from %s' -l no-%s -d %s\n", n.Name, f.Name, quoted("Not: "+f.Help))
				}
			}
			for _, v := range values(n) {
				if v[0] == "" {
					fmt.Fprintf(&b, "complete -c throughline -n '__fish_seen_subcommand_from %s' -a %q\n", n.Name, v[1])
				}
			}
			if n.Name == "import" || n.Name == "map" || n.Name == "query" {
				fmt.Fprintf(&b, "complete -c throughline -n '__fish_seen_subcommand_from %s' -F\n", n.Name)
			}
		}
	default:
		if c.Shell == "zsh" {
			b.WriteString("autoload -Uz compinit bashcompinit && compinit && bashcompinit\n")
		}
		b.WriteString("_throughline() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd=${COMP_WORDS[1]}\n")
		fmt.Fprintf(&b, "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W %q -- \"$cur\")); return; fi\n  case $cmd in\n", strings.Join(names, " ")+" --help")
		for _, n := range commands {
			fmt.Fprintf(&b, "  %s)\n", n.Name)
			positional := ""
			for _, v := range values(n) {
				if v[0] == "" {
					positional = " " + v[1]
					continue
				}
				fmt.Fprintf(&b, "    if [ \"$prev\" = --%s ]; then COMPREPLY=($(compgen -W %q -- \"$cur\")); return; fi\n", v[0], v[1])
			}
			fmt.Fprintf(&b, "    COMPREPLY=($(compgen -W %q -- \"$cur\"))\n", words(n)+positional)
			if n.Name == "import" || n.Name == "map" || n.Name == "query" || n.Name == "export" {
				b.WriteString("    case $cur in -*) ;; *) COMPREPLY+=($(compgen -f -- \"$cur\"));; esac\n")
			}
			b.WriteString("    ;;\n")
		}
		b.WriteString("  esac\n}\ncomplete -o default -F _throughline throughline\n")
	}
	_, err := fmt.Fprint(w.stdout, b.String())
	return err
}
