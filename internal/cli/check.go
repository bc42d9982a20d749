package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

type checkCmd struct {
	config.Store
	Repair bool `help:"Write anew what follows from records and does not fit them. What people have said stays as it is, damaged or not."`
	JSON   bool `name:"json" help:"Print each damage as a line of JSON, and last what was read and found, for scripts."`
}

// damageJSON is a damage as --json prints it.
type damageJSON struct {
	Kind   store.Fault `json:"kind"`
	What   string      `json:"what"`
	ID     string      `json:"id,omitempty"`
	Says   string      `json:"says"`
	Remedy string      `json:"remedy,omitempty"` // "" where it was mended
	Mended bool        `json:"mended,omitempty"`
}

// checkedJSON is the last line of a check.
type checkedJSON struct {
	Sources int                 `json:"sources"`
	Nodes   int                 `json:"nodes"`
	Links   int                 `json:"links"`
	Mended  map[store.Fault]int `json:"mended"`
	Left    map[store.Fault]int `json:"left"`
}

// Run reads everything in the store, and lists what is damaged.
func (c *checkCmd) Run(w *world) error {
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	if err := w.there(&c.Store); err != nil {
		return err
	}
	s, err := w.openNow(&c.Store, cat, !c.Repair)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was committed is on disk
	out := checkedJSON{Mended: map[store.Fault]int{}, Left: map[store.Fault]int{}}
	left, mends := 0, 0
	check := s.Check
	if c.Repair {
		check = s.Repair
	}
	n, err := check(w.ctx, func(d store.Damage) error {
		line := damageJSON{Kind: d.Kind, What: d.What, ID: d.ID, Says: d.Says, Mended: d.Mended}
		switch {
		case d.Mended:
			out.Mended[d.Kind]++
			return c.tell(w, &line)
		case d.Mends:
			mends++
			line.Remedy = "`throughline check --repair` mends it"
		default:
			line.Remedy = remedies[d.Kind]
		}
		left++
		out.Left[d.Kind]++
		return c.tell(w, &line)
	})
	switch {
	case kg.CodeOf(err) == kg.Corrupt:
		return fmt.Errorf("%s is damaged, and cannot be read any further: restore it from a backup or an export",
			s.where)
	case err != nil:
		return err
	}
	out.Sources, out.Nodes, out.Links = n.Sources, n.Nodes, n.Links
	if err := c.summary(w, &out, left == 0); err != nil {
		return err
	}
	switch left {
	case 0:
		return nil
	case mends:
		return fmt.Errorf("%s has damage in %s, which `throughline check --repair` mends", s.where, count(left, "place"))
	}
	return fmt.Errorf("%s has damage in %s: restore it from a backup or an export, or mend the records named above where they are, in Neo4j",
		s.where, count(left, "place"))
}

// remedies are what to do about damage that no repair mends.
var remedies = map[store.Fault]string{
	store.FaultyRecords: "restore it from a backup or an export",
	store.FaultyMissing: "restore what is not there from a backup or an export, or delete the link",
	store.FaultyLog:     "restore the store from a backup, or export it and import that into an empty one, which begins a log",
	store.FaultyIndexes: "restore the store from a backup or an export",
}

// tell prints a damage.
func (c *checkCmd) tell(w *world, d *damageJSON) error {
	if c.JSON {
		return c.line(w, d)
	}
	at, then := d.What, d.Remedy
	if d.ID != "" {
		at += " " + d.ID
	}
	if d.Mended {
		then = "mended"
	}
	_, err := fmt.Fprintf(w.stdout, "the %s %s: %s\n", at, d.Says, then)
	return err
}

// summary prints what was read and found.
func (c *checkCmd) summary(w *world, out *checkedJSON, whole bool) error {
	if c.JSON {
		return c.line(w, out)
	}
	read := fmt.Sprintf("Checked %s, %s and %s", count(out.Sources, "source"), count(out.Nodes, "node"), count(out.Links, "link"))
	kinds := func(of map[store.Fault]int) string {
		var parts []string
		for _, k := range store.Faults {
			if of[k] > 0 {
				parts = append(parts, fmt.Sprintf("%d of %s", of[k], k))
			}
		}
		return strings.Join(parts, ", ")
	}
	says := ": all is as it was written.\n"
	switch mended := kinds(out.Mended); {
	case mended != "" && whole:
		says = "; mended: " + mended + ". All is as it must be.\n"
	case mended != "":
		says = "; mended: " + mended + "; left: " + kinds(out.Left) + ".\n"
	case !whole:
		says = "; damaged: " + kinds(out.Left) + ".\n"
	}
	_, err := fmt.Fprint(w.stdout, read+says)
	return err
}

// line prints a line of JSON.
func (c *checkCmd) line(w *world, x any) error {
	b, err := json.Marshal(x)
	if err == nil {
		_, err = fmt.Fprintf(w.stdout, "%s\n", b)
	}
	return err
}
