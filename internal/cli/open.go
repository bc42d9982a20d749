package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/neo4jstore"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// indexTime is how long a command waits for a Neo4j that has answered and is making its indexes.
const indexTime = 5 * time.Minute

// opened is a store and where it is, for people.
type opened struct {
	store.Store
	where string
	kind  config.Kind
}

// open opens the store the settings choose. For Neo4j it returns before the server has answered: see wait. Serve is how
// the server uses a Neo4j; nil for the other commands, of which one question is not worth sharing or reading everything
// for. Reads says that nothing will be written, so that a file need not be writable.
func (w *world) open(c *config.Store, serve *config.Serve, cat *catalog.Catalog, log *slog.Logger, reads bool) (*opened,
	error,
) {
	kind, where, err := c.Choose(w.getenv)
	if err != nil {
		return nil, err
	}
	o := &opened{where: where, kind: kind}
	switch kind {
	case config.Neo4j:
		user := c.Neo4jUser
		if c.Neo4jPassword == "" {
			user = "" // a server without authentication
		}
		options := neo4jstore.Options{URL: where, User: user, Password: c.Neo4jPassword, Catalog: cat, Logger: log}
		if serve != nil {
			options.AdjacencyLinks = serve.Adjacency
			if serve.Share {
				options.Share = neo4jstore.Shared
			}
		}
		s, err := neo4jstore.Open(w.ctx, options)
		if err != nil {
			return nil, err
		}
		o.Store = s
	default:
		s, err := sqlitestore.Open(w.ctx, sqlitestore.Options{
			Path: where, Catalog: cat, Logger: log, Reads: reads, Once: serve == nil,
		})
		if err != nil {
			return nil, err
		}
		o.Store = s
		if kind == config.Memory {
			o.where = "memory"
		}
	}
	return o, nil
}

// wait waits until a store that is elsewhere answers or refuses.
func (o *opened) wait(ctx context.Context) error {
	if s, ok := o.Store.(*neo4jstore.Store); ok {
		return s.Wait(ctx)
	}
	return nil
}

// await waits until it answers, whatever it refused before.
func (o *opened) await(ctx context.Context) error {
	if s, ok := o.Store.(*neo4jstore.Store); ok {
		return s.Await(ctx)
	}
	return nil
}

// waitShortly waits for so long that a store answers, and longer for one that has answered and is making its indexes.
func (o *opened) waitShortly(ctx context.Context, limit time.Duration) error {
	short, cancel := context.WithTimeout(ctx, max(limit, time.Second))
	defer cancel()
	err := o.wait(short)
	if s, ok := o.Store.(*neo4jstore.Store); err != nil && ok && s.Answered() &&
		errors.Is(short.Err(), context.DeadlineExceeded) {
		long, cancel := context.WithTimeout(ctx, indexTime)
		defer cancel()
		return o.wait(long)
	}
	return err
}

// openNow opens a store and waits for it: what every command but serve needs.
func (w *world) openNow(c *config.Store, cat *catalog.Catalog, reads bool) (*opened, error) {
	o, err := w.open(c, nil, cat, nil, reads)
	if err != nil {
		return nil, err
	}
	if err := o.waitShortly(w.ctx, c.Neo4jWait); err != nil {
		_ = o.Close()
		var setup *neo4jstore.SetupError
		var why *neo4jstore.UnreachableError
		switch {
		case w.ctx.Err() != nil:
			err = w.ctx.Err()
		case errors.As(err, &setup):
		case errors.As(err, &why):
			err = fmt.Errorf("Neo4j does not answer on %s: %s", o.where, why.Reason)
		default:
			err = fmt.Errorf("Neo4j does not answer on %s", o.where)
		}
		return nil, err
	}
	return o, nil
}

// openToRead opens a store that must be there already, with the contract: a command that only reads makes none.
func (w *world) openToRead(c *config.Store) (*opened, *catalog.Catalog, error) {
	cat, err := loadCatalog(&c.Contract)
	if err != nil {
		return nil, nil, err
	}
	if err := w.there(c); err != nil {
		return nil, nil, err
	}
	s, err := w.openNow(c, cat, true)
	return s, cat, err
}

// there returns an error for a store in a file that is not there.
func (w *world) there(c *config.Store) error {
	kind, where, err := c.Choose(w.getenv)
	if err != nil {
		return err
	}
	if kind == config.SQLite {
		if _, err := os.Stat(where); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no store at %s: `throughline serve` makes one with the sample, `throughline import` one of your own",
				where)
		}
	}
	return nil
}
