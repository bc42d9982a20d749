package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

type backupCmd struct {
	config.Store
	Force bool   `help:"Replace FILE also where it is no store, and copy a store that is damaged."`
	File  string `arg:"" placeholder:"FILE" help:"File to write; an older backup that is there is replaced when the new one is whole."`
}

// Run copies the file of an embedded store, also while a server runs on it.
func (c *backupCmd) Run(w *world) error {
	elsewhere := &config.UsageError{
		Problem: "backup copies the file of an embedded store",
		Hint:    "write `throughline export -o backup.jsonl.gz`; Neo4j has backups of its own (neo4j-admin database dump)",
	}
	kind, where, err := c.Choose(w.getenv)
	switch {
	case err != nil:
		return err
	case kind != config.SQLite:
		return elsewhere
	case strings.HasSuffix(c.File, ".gz"):
		return &config.UsageError{Problem: "a backup is not packed", Hint: "name it without .gz, and pack it then"}
	}
	if own, err := os.Stat(where); err == nil {
		if to, err := os.Stat(c.File); err == nil && os.SameFile(own, to) {
			return &config.UsageError{Problem: c.File + " is the store itself", Hint: "name another file"}
		}
	}
	if err := c.older(w); err != nil {
		return err
	}
	s, _, err := w.openToRead(&c.Store)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	from, ok := s.Store.(*sqlitestore.Store)
	if !ok {
		return elsewhere
	}
	if err := c.sound(w, from, s.where); err != nil {
		return err
	}
	to, err := create(c.File)
	if err != nil {
		return err
	}
	defer to.abandon() //nolint:errcheck // it is kept, or of no use
	if to.mode == 0 {
		return fmt.Errorf("%s is no file of its own, which a backup has to be", c.File)
	}
	if err := from.Backup(w.ctx, to.file.Name()); err != nil {
		if kg.CodeOf(err) == kg.StorageFull {
			return to.unwritable()
		}
		return err
	}
	if err := to.whole(); err != nil {
		return err
	}
	if err := to.keep(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "%s is a store of its own: put it in the place of the other while no server runs, or open it with --store sqlite:%s\n",
		c.File, c.File)
	return err
}

// older refuses to replace what is no backup, unless it is to be.
func (c *backupCmd) older(w *world) error {
	i, err := os.Stat(c.File)
	if c.Force || err != nil || !i.Mode().IsRegular() || i.Size() == 0 || sqlitestore.Ours(w.ctx, c.File) {
		return nil //nolint:nilerr // what cannot be replaced is told when it is written
	}
	return &config.UsageError{
		Problem: c.File + " is there, and no store of Throughline", Hint: "name another file, or replace it with --force",
	}
}

// sound refuses to copy what is damaged, so that no backup that is whole is replaced by it, unless it is to be. What
// follows from records can be mended in the copy too.
func (c *backupCmd) sound(w *world, s *sqlitestore.Store, where string) error {
	damaged := 0
	_, err := s.CheckWritten(w.ctx, func(d store.Damage) error {
		if !d.Mends {
			damaged++
		}
		return nil
	})
	switch {
	case err != nil && kg.CodeOf(err) != kg.Corrupt:
		return err
	case err == nil && damaged == 0:
		return nil
	case c.Force:
		fmt.Fprintf(w.stderr, "warning: %s is damaged, and so is the copy: `throughline check` lists where\n", where)
		return nil
	}
	return fmt.Errorf("%s is damaged: `throughline check` lists where. Restore it from a backup, or copy it as it is with --force", where)
}
