//go:generate go run ../gen/configdoc
//go:generate go run ../gen/formatsdoc

// Package cli is the program's commands, one file each.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/term"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/clients"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Commands is the whole command line.
type Commands struct {
	Serve       serveCmd       `cmd:"" help:"Serve the graph over GraphQL, with a playground."`
	Query       queryCmd       `cmd:"" help:"Run a GraphQL query from a file or standard input."`
	Path        pathCmd        `cmd:"" help:"Show how two entities are connected, with the words that say so."`
	Show        showCmd        `cmd:"" help:"Show an entity or source and its links, a link, or a piece of evidence."`
	Timeline    timelineCmd    `cmd:"" help:"Show what happened around entities, in order."`
	Search      searchCmd      `cmd:"" help:"Find entities and sources by their words."`
	Central     centralCmd     `cmd:"" help:"Show the most central entities of the graph."`
	Communities communitiesCmd `cmd:"" help:"Show groups of entities with many links among them."`
	MCP         mcpCmd         `cmd:"" name:"mcp" help:"Answer an assistant on standard input, over the Model Context Protocol."`
	Import      importCmd      `cmd:"" help:"Import files, in the formats that throughline formats lists."`
	Map         mapCmd         `cmd:"" help:"Propose what the columns of a table mean, for you to edit."`
	Export      exportCmd      `cmd:"" help:"Export everything, in a format of your choice."`
	Formats     formatsCmd     `cmd:"" help:"List the formats of files, and what each can hold."`
	Add         addCmd         `cmd:"" help:"Add an entity, a source, a link with its words, or evidence to a link."`
	Set         setCmd         `cmd:"" help:"Change fields of a record."`
	Delete      deleteCmd      `cmd:"" help:"Delete a record, or a piece of evidence."`
	Duplicates  duplicatesCmd  `cmd:"" help:"List entities that may be one and the same, and why."`
	Merge       mergeCmd       `cmd:"" help:"Make one entity of several."`
	Undo        undoCmd        `cmd:"" help:"Take a change back."`
	Log         logCmd         `cmd:"" help:"Show who changed what, and when."`
	Check       checkCmd       `cmd:"" help:"Read everything in the store, and list what is damaged."`
	Backup      backupCmd      `cmd:"" help:"Copy the file of an embedded store, also while a server runs on it."`
	Compact     compactCmd     `cmd:"" help:"Delete the earliest changes from the log, for good."`
	Copy        copyCmd        `cmd:"" help:"Copy a store into another of any kind, with its log."`
	Token       tokenCmd       `cmd:"" help:"Make, list and revoke the tokens by which a server knows who asks."`
	Schema      schemaCmd      `cmd:"" help:"Print the GraphQL schema."`
	Health      healthCmd      `cmd:"" help:"Ask a server whether it is ready, for health checks."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
	Completion  completionCmd  `cmd:"" help:"Print a completion script for a shell."`
	Help        helpCmd        `cmd:"" help:"Say what the program, or a command, does and takes."`
}

// world is what commands see of the process.
type world struct {
	ctx    context.Context //nolint:containedctx // a command lives as long as one call
	stdin  io.Reader
	stdout *output
	stderr io.Writer
	getenv func(string) string
	model  *kong.Application
}

// exited carries an exit code out of kong.
type exited int

// Process runs the command this process was started with, until it ends or a signal ends it, and returns the exit code.
func Process() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	return Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}

// Main runs one command and returns its exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer,
	getenv func(string) string,
) int {
	out := &output{to: stdout}
	code := run(ctx, args, stdin, out, stderr, getenv)
	if out.failed != nil && code == exitOK {
		return fail(stderr, errOutput)
	}
	return code
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout *output, stderr io.Writer,
	getenv func(string) string,
) (code int) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exited)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	var c Commands
	parser, err := NewParser(&c, kong.Writers(stdout, stderr), kong.Exit(func(n int) { panic(exited(n)) }))
	if err != nil {
		return fail(stderr, err)
	}
	k, err := parser.Parse(args)
	if err != nil {
		var usage *config.UsageError
		switch {
		case stdout.failed != nil: // it was to help
			return fail(stderr, errOutput)
		case errors.As(err, &usage):
			return fail(stderr, usage)
		}
		message := strings.ReplaceAll(err.Error(), `,""`, "") // a flag may be left out
		fmt.Fprintf(stderr, "throughline: %s\nTry: throughline --help\n", printableLines(message))
		return exitUsage
	}
	if err := cmp.Or(oneGraph(k), namedFiles(k)); err != nil {
		return fail(stderr, err)
	}
	besideServer(k, stderr, getenv)
	w := &world{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, model: parser.Model}
	if err := k.Run(w); err != nil {
		if stdout.failed != nil && errors.Is(err, stdout.failed) {
			err = errOutput
		}
		return fail(stderr, err)
	}
	return exitOK
}

// onLine returns the names of the flags that stand on the command line. What the environment says is not among them.
func onLine(k *kong.Context) map[string]bool {
	named := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil && !p.Resolved {
			named[p.Flag.Name] = true
		}
	}
	return named
}

// oneGraph refuses a command line that names two graphs. What the environment says of one of them is no choice.
func oneGraph(k *kong.Context) error {
	named := onLine(k)
	if named["server"] && named["store"] {
		return &config.UsageError{Problem: "--server asks a server, and --store opens a graph here", Hint: "leave out one of them"}
	}
	return nil
}

// namedFiles refuses a name of a file that is empty, as a variable of a shell is that was not set.
func namedFiles(k *kong.Context) error {
	for _, p := range k.Path {
		value, called := p.Positional, ""
		if p.Flag != nil && !p.Resolved {
			value, called = p.Flag.Value, "--"+p.Flag.Name
		}
		if value == nil || value.Tag.PlaceHolder != "FILE" {
			continue
		}
		empty := value.Target.Kind() == reflect.String && value.Target.String() == ""
		if names, ok := value.Target.Interface().([]string); ok {
			empty = slices.Contains(names, "")
		}
		if empty {
			return &config.UsageError{Problem: cmp.Or(called, "FILE") + " is empty", Hint: "name a file"}
		}
	}
	return nil
}

// besideServer says of a command that reads or writes a store here, while the environment names a server, that it does
// not ask that. Those that serve a store are not meant.
func besideServer(k *kong.Context, stderr io.Writer, getenv func(string) string) {
	command := k.Selected()
	if command == nil || getenv("THROUGHLINE_SERVER") == "" || command.Name == "serve" || command.Name == "mcp" {
		return
	}
	store := false
	for _, f := range command.Flags {
		if f.Name == "server" {
			return
		}
		store = store || f.Name == "store"
	}
	if store && !onLine(k)["store"] {
		fmt.Fprintf(stderr, "note: THROUGHLINE_SERVER is set, and %s does not ask a server: it opens a store here, as --store names it\n",
			command.Name)
	}
}

// NewParser makes the parser of the command line; the table of docs/config.md is made from it as well.
func NewParser(c *Commands, o ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("throughline"),
		kong.Description("A knowledge graph whose every link carries the words that say so, over GraphQL."),
		kong.Vars{
			"clients": clients.Names(),
			"read":    strings.Join(exchange.FormatNames((*exchange.Format).Reads), ","),
			"history": strings.Join(exchange.HistoryNames, ","),
			"written": strings.Join(exchange.FormatNames((*exchange.Format).Writes), ","),
		},
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(duration)),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}, o...)...)
}

// duration reads a length of time. Kong's own reader answers in the words of Go.
func duration(c *kong.DecodeContext, to reflect.Value) error {
	var s string
	if err := c.Scan.PopValueInto("duration", &s); err != nil {
		return err
	}
	d, err := parseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no length of time: write it as 500ms, 10s, 1m30s or 90d", kg.Clip(s, 60))
	}
	to.SetInt(int64(d))
	return nil
}

// mostDays is how many days are read, a hundred years.
const mostDays = 36500

// parseDuration reads a length of time as Go writes it, or in days.
func parseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 31)
	if err == nil && n > mostDays {
		err = strconv.ErrRange
	}
	return time.Duration(n) * 24 * time.Hour, err
}

// AllCommands returns commands and the commands that are parts of them, each before its parts.
func AllCommands(of []*kong.Node) (all []*kong.Node) {
	for _, n := range of {
		all = append(append(all, n), AllCommands(n.Children)...)
	}
	return all
}

// fail says what went wrong in one sentence and returns the exit code.
func fail(stderr io.Writer, err error) int {
	var usage *config.UsageError
	var file *sqlitestore.OpenError
	var setup *neo4jstore.SetupError
	var own *kg.Error
	code, message := exitFailure, err.Error()
	switch {
	case errors.As(err, &usage):
		code, message = exitUsage, usage.Error()
	case errors.As(err, &file):
		message = file.Error()
	case errors.As(err, &setup):
		message = setup.Error()
	case errors.As(err, &own) && own.Code != kg.Internal:
		message = own.Message
	case errors.Is(err, context.Canceled):
		message = "interrupted"
	}
	fmt.Fprintf(stderr, "throughline: %s\n", printableLines(message))
	return code
}

// Version is what the program was built as.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if version != "" {
		return version
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	var rev, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if rev == "" {
		return "dev"
	}
	return "dev-" + rev[:min(12, len(rev))] + dirty
}

// version is set by the linker for releases: -ldflags "-X
// github.com/throughline/throughline/internal/cli.version=v1.2.3".
var version string

// terminal reports whether a stream is a terminal that a person looks at.
func terminal(s any) bool {
	if o, ok := s.(*output); ok {
		s = o.to
	}
	f, ok := s.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// maxSchema is the longest file of own types, in bytes.
const maxSchema = 1 << 20

// loadCatalog reads the contract that is built in, and the types of its own that a file declares.
func loadCatalog(c *config.Contract) (*catalog.Catalog, error) {
	if c.Schema == "" {
		return catalog.Parse("schema.graphqls", throughline.Schema)
	}
	const hint = "docs/own-types.md says what may stand in such a file"
	own, err := os.ReadFile(c.Schema)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &config.UsageError{Problem: fmt.Sprintf("--schema %s: there is no such file", c.Schema), Hint: hint}
	case err != nil:
		return nil, &config.UsageError{
			Problem: fmt.Sprintf("--schema %s cannot be read", c.Schema),
			Hint:    "name a file that this user may read, and no folder",
		}
	case len(own) > maxSchema || !utf8.Valid(own):
		return nil, &config.UsageError{Problem: fmt.Sprintf("--schema %s is no text in UTF-8 of at most %d bytes",
			c.Schema, maxSchema), Hint: hint}
	}
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: c.Schema, Input: string(own)})
	if err != nil {
		return nil, &config.UsageError{Problem: "--schema " + err.Error(), Hint: hint}
	}
	return cat, nil
}
