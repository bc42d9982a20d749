package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

type copyCmd struct {
	config.Contract
	config.AtNeo4j
	From       string `required:"" placeholder:"WHERE" help:"The store to copy, as --store of other commands names it."`
	To         string `required:"" placeholder:"WHERE" help:"The store to copy into, which must hold nothing."`
	ToUser     string `name:"to-user" env:"THROUGHLINE_TO_USER" placeholder:"NAME" help:"User at the Neo4j of --to, where it is another than at that of --from."`
	ToPassword string `name:"to-password" env:"THROUGHLINE_TO_PASSWORD" placeholder:"…" help:"Password at the Neo4j of --to, where it is another; better set in the environment."`
	DryRun     bool   `help:"Say what would be copied, and write nothing."`
}

// Run copies a store: its records, and the log with its numbers.
func (c *copyCmd) Run(w *world) (err error) {
	source := config.Store{Contract: c.Contract, AtNeo4j: c.AtNeo4j, Store: c.From}
	target := config.Store{Contract: c.Contract, AtNeo4j: c.AtNeo4j, Store: c.To}
	target.Neo4jUser, target.Neo4jPassword = cmp.Or(c.ToUser, c.Neo4jUser), cmp.Or(c.ToPassword, c.Neo4jPassword)
	for _, side := range []struct {
		name string
		of   *config.Store
	}{{"--from", &source}, {"--to", &target}} {
		kind, _, err := side.of.Choose(w.getenv)
		switch {
		case err != nil:
			return ofSide(err, side.name)
		case kind == config.Memory:
			return &config.UsageError{
				Problem: side.name + " memory: holds nothing when a command begins, and is gone when it ends",
				Hint:    "name a file with sqlite:PATH, or a Neo4j",
			}
		}
	}
	from, cat, err := w.openToRead(&source)
	if err != nil {
		return ofSide(err, "--from")
	}
	defer from.Close() //nolint:errcheck // it was only read
	to, err := w.openNow(&target, cat, false)
	if err != nil {
		return ofSide(err, "--to")
	}
	defer func() {
		if own, ok := to.Store.(*sqlitestore.Store); ok && (err != nil || c.DryRun) {
			own.Discard()
		}
		_ = to.Close() // what was committed is on disk
	}()
	defer boundGarbage(importGarbage)()
	done, err := exchange.Copy(w.ctx, from, to, c.DryRun)
	if err != nil {
		if !to.Atomic() && kg.CodeOf(err) != kg.Conflict {
			fmt.Fprintln(w.stderr, "What was copied before stays: empty that database before you copy again.")
		}
		return err
	}
	verb := "copied"
	if c.DryRun {
		verb = "would copy"
	}
	_, err = fmt.Fprintf(w.stdout, "%s %s, %s, %s and %s of the log\n", verb, count(done.Sources, "source"), count(done.Nodes, "node"),
		count(done.Links, "link"), count(int(done.Changes), "change"))
	return err
}

// ofSide returns an error that names the flag of a side where others have --store.
func ofSide(err error, flag string) error {
	var usage *config.UsageError
	var file *sqlitestore.OpenError
	switch {
	case errors.As(err, &usage):
		return &config.UsageError{Problem: strings.Replace(usage.Problem, "--store", flag, 1), Hint: usage.Hint}
	case errors.As(err, &file):
		return &sqlitestore.OpenError{
			Path: file.Path, Problem: file.Problem, Remedy: strings.Replace(file.Remedy, "--store", flag, 1),
		}
	}
	return err
}
