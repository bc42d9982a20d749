package cli

import (
	"fmt"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

type checkCmd struct {
	config.Store
}

// Run reads everything in the store, and lists what is damaged.
func (c *checkCmd) Run(w *world) error {
	s, _, err := w.openToRead(&c.Store)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	damaged := 0
	n, err := s.Check(w.ctx, func(d store.Damage) error {
		damaged++
		at := d.What
		if d.ID != "" {
			at += " " + d.ID
		}
		_, err := fmt.Fprintf(w.stdout, "the %s %s\n", at, d.Says)
		return err
	})
	switch {
	case kg.CodeOf(err) == kg.Corrupt:
		return fmt.Errorf("%s is damaged, and cannot be read any further: restore it from a backup or an export",
			s.where)
	case err != nil:
		return err
	case damaged > 0:
		return fmt.Errorf("%s has damage in %d places: restore it from a backup or an export, or import the records named above again with --replace",
			s.where, damaged)
	}
	_, err = fmt.Fprintf(w.stdout, "Checked %s, %s and %s: all is as it was written.\n", count(n.Sources, "source"),
		count(n.Nodes, "node"), count(n.Links, "link"))
	return err
}
