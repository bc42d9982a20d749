package cli

import (
	"errors"
	"fmt"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
)

type mapCmd struct {
	config.Contract `embed:""`

	Encoding string `placeholder:"NAME" help:"The encoding of a table that is not UTF-8, for example windows-1252."`
	Sheet    string `placeholder:"NAME" help:"The sheet of a workbook; by default the first that has something in it."`
	File     string `arg:"" placeholder:"FILE" help:"A table: .csv, .tsv, .xlsx."`
}

// Run prints a mapping.
func (c *mapCmd) Run(w *world) error {
	r := reading{Encoding: c.Encoding, Sheet: c.Sheet}
	terms, err := r.terms()
	if err != nil {
		return err
	}
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return err
	}
	f := exchange.FromPath(c.File)
	f.Terms = terms
	mapping, err := exchange.Propose(w.ctx, cat, f)
	var bad *exchange.LineError
	if errors.As(err, &bad) {
		return errors.New(printable(bad.Error()))
	}
	if err == nil {
		_, err = fmt.Fprint(w.stdout, string(mapping))
	}
	return err
}
