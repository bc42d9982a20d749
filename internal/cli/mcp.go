package cli

import (
	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/assist"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
)

type mcpCmd struct {
	config.Store
	Writable bool `name:"writable" env:"THROUGHLINE_WRITABLE" help:"Let the assistant propose links, which are tried and taken back."`
	config.Assist
	By string `name:"by" env:"THROUGHLINE_BY" placeholder:"NAME" help:"On whose behalf the assistant proposes, for the log of changes. Default: the name of the account."`
}

// Validate checks what kong cannot.
func (c *mcpCmd) Validate() error { return c.Check(c.Writable) }

// Run answers messages until there are no more.
func (c *mcpCmd) Run(w *world) error {
	s, cat, err := c.open(w)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was committed is there
	who, writer := auth.NewIdentity("", auth.Reader), graph.Writer(nil)
	if c.Writable {
		by := author{By: c.By}
		who, writer = auth.NewIdentity(by.name(), auth.Editor), s
	}
	engine, err := graph.New(graph.Options{Catalog: cat, Store: s, Writer: writer, StoreKind: s.Kind(), Version: Version(), Introspection: true})
	if err != nil {
		return err
	}
	service := assist.New(assist.Options{Catalog: cat, Executor: engine, Version: Version(), Writable: c.Writable, Writes: c.MCPWrites})
	return service.Run(w.ctx, who, w.stdin, w.stdout)
}

// open opens the store, to read it unless it may be written.
func (c *mcpCmd) open(w *world) (*opened, *catalog.Catalog, error) {
	if !c.Writable {
		return w.openToRead(&c.Store)
	}
	cat, err := loadCatalog(&c.Contract)
	if err == nil {
		err = w.there(&c.Store)
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := w.openNow(&c.Store, cat, false)
	return s, cat, err
}
