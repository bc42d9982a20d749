// Package sqlitestore keeps the graph in one SQLite file and answers from a version of it in memory, of package
// memgraph.
//
// The file is the truth: a load is one transaction on it. Reads come from memory: the graph is built at the first Fetch
// or by Warm and exchanged whole when the file has changed, also when another process changed it. Excerpts and texts of
// sources stay on disk and are read by one statement for each level that asks for them. Why not one statement a level
// for everything: docs/decisions/0001-embedded-reads-from-memory.md.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/memgraph"
	"github.com/throughline/throughline/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// verifyingMigration is the last migration after which all excerpts, and the words of quotations, are compared with
// their texts again.
const verifyingMigration = "migrations/0016.sql"

// applicationID marks a file as ours in its header (PRAGMA application_id): "ThLn".
const applicationID = 0x54684c6e

// Options say which file to open and what the graph can hold.
type Options struct {
	// Path of the file, created when it does not exist; "" keeps the graph in memory only.
	Path    string
	Catalog *catalog.Catalog
	// Reads says that nothing will be written. A file that may not be written, or lies where none may be made beside
	// it, opens all the same then, if it needs no change to be read.
	Reads bool
	// Once says that the store is opened for one task, such as a command's, and then closed. A load then leaves no
	// snapshot, which takes as much memory as the whole graph: the first who reads makes it, and Close waits until it
	// is saved.
	Once bool
	// Now is the clock of loads; nil is time.Now.
	Now func() time.Time
	// Logger gets what no caller can be told; nil discards it.
	Logger *slog.Logger
}

// OpenError says what is wrong with a file and what to do, for the person at the command line. It is wrapped by the
// kg.Error that Open returns, whose own message holds no path.
type OpenError struct{ Path, Problem, Remedy string }

// Error is the whole sentence, path included.
func (e *OpenError) Error() string { return e.Path + " " + e.Problem + ": " + e.Remedy }

// Store is the embedded store.
type Store struct {
	cat    *catalog.Catalog
	now    func() time.Time
	log    *slog.Logger
	read   sighted // any number of readers
	bulk   *sql.DB // two that read much at once: a file mapped into memory would count as ours
	write  *sql.DB // one writer
	loads  chan struct{}
	graph  atomic.Pointer[memgraph.Graph]
	build  sync.Mutex // held while an image is built
	watch  watcher
	closed atomic.Bool
	// what goes on beside requests: see beside
	ctx          context.Context //nolint:containedctx // of the store's own work, which ends when it is closed
	cancel       context.CancelFunc
	background   sync.WaitGroup
	backgroundMu sync.Mutex
	once         bool // see Options
	// snapshotFrom is defaultSnapshotFrom, but in tests.
	snapshotFrom int64
	// temporary is the folder of a store that is in memory only.
	temporary string
	// made are the file and the folders that Open made for it, innermost first; nil where the file was there.
	made []string
	file identity
	lost atomic.Bool // the file was not there when it was last looked for: see identity.gone
}

var _ store.Store = (*Store)(nil)

// Open opens or creates a store. Its errors are Unavailable and wrap an *OpenError.
func Open(ctx context.Context, o Options) (*Store, error) { return openWith(ctx, o, locked) }

func openWith(ctx context.Context, o Options, locked func(path string) bool) (*Store, error) {
	s := &Store{
		cat: o.Catalog, now: o.Now, log: o.Logger, loads: make(chan struct{}, 1),
		snapshotFrom: defaultSnapshotFrom, once: o.Once,
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx, o.Path, func(path string) bool { return o.Reads && locked(path) }); err != nil {
		_ = s.Close()
		return nil, openError(o.Path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string, locked func(path string) bool) error {
	sync := "synchronous(FULL)" // a load that was reported is on disk, whatever happens to the machine
	if path == "" {
		// SQLite's own memory databases let nobody read while somebody writes; a file that goes with the store does
		dir, err := os.MkdirTemp("", "throughline-")
		if err != nil {
			return err
		}
		s.temporary, path, sync = dir, filepath.Join(dir, "memory.db"), "synchronous(OFF)"
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	missing := missingOf(abs)
	if err := os.MkdirAll(filepath.Dir(abs), 0o700); err != nil {
		return err
	}
	switch err := inspect(ctx, abs); {
	case errors.Is(err, errNone):
		created, err := s.create(ctx, abs)
		if err != nil {
			return err
		}
		if created {
			s.made = missing
		}
	case err != nil:
		return err
	}
	// not mapped into memory: a mapped file that is cut short ends the process
	options := url.Values{"_pragma": {"busy_timeout(2000)", "query_only(1)"}}
	if locked(abs) {
		if abs, err = s.openLocked(abs, options); err != nil {
			return err
		}
	} else if s.write, err = openWriter(abs, sync); err != nil {
		return err
	}
	if err := s.migrate(ctx, s.write); err != nil {
		return err
	}
	if err := checkOwn(ctx, s.write, s.cat); err != nil {
		return err
	}
	if s.file, err = identify(abs); err != nil {
		return err
	}
	name, err := fileURL(abs)
	if err != nil {
		return err
	}
	name += "?" + options.Encode()
	s.read.file = &s.file
	if s.read.DB, err = sql.Open("sqlite", name); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(8)
	if s.bulk, err = sql.Open("sqlite", name); err != nil {
		return err
	}
	s.bulk.SetMaxOpenConns(2)
	s.bulk.SetMaxIdleConns(2)
	return s.watch.open(ctx, s.read.DB)
}

// fileURL is a path as SQLite takes it.
func fileURL(path string) (string, error) {
	abs, err := filepath.Abs(path)
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String(), err
}

// openWriter opens the one connection that writes.
func openWriter(path, sync string) (*sql.DB, error) {
	name, err := fileURL(path)
	if err != nil {
		return nil, err
	}
	// immediate: a transaction that will write takes its lock at once, not at its first write where it could only fail
	options := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(2000)", "journal_mode(WAL)", sync, "foreign_keys(1)", "cache_size(-49152)", "temp_store(MEMORY)",
	}}
	db, err := sql.Open("sqlite", name+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxLifetime(0)
	return db, nil
}

func (s *Store) migrate(ctx context.Context, db *sql.DB) error {
	var version, app, tables int
	row := db.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&version, &app, &tables); err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	switch {
	case app != applicationID && tables > 0:
		return errForeign
	case version > len(files):
		return errNewer
	case version < 0:
		return errHead
	}
	for i := version; i < len(files); i++ {
		text, err := migrations.ReadFile(files[i])
		if err != nil {
			return err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		// another process may have been quicker; the lock is ours now, so what it reads stays so
		var now int
		err = tx.QueryRowContext(ctx, `SELECT user_version FROM pragma_user_version`).Scan(&now)
		if err == nil && now <= i {
			_, err = tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id=%d; PRAGMA user_version=%d", text,
				applicationID, i+1))
		}
		if err == nil && now <= i && files[i] == verifyingMigration {
			err = s.verifyAll(ctx, tx)
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			return errors.Join(err, rollback(tx))
		}
	}
	return nil
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// openError says in one sentence why a file cannot be used.
func openError(path string, err error) error {
	e := &OpenError{
		Path: path, Problem: "cannot be opened",
		Remedy: "check the path and its permissions, or choose another with --store sqlite:PATH",
	}
	var se *sqlite.Error
	var own *store.OwnError
	code, more := 0, 0
	if errors.As(err, &se) {
		code, more = se.Code()&0xff, se.Code()
	}
	switch {
	case errors.Is(err, errForeign) || code == sqlite3.SQLITE_NOTADB:
		e.Problem, e.Remedy = "is not a Throughline store", "choose another file with --store sqlite:PATH; nothing was changed"
	case errors.As(err, &own):
		e.Problem, e.Remedy = own.Problem, own.Remedy
	case errors.Is(err, errNewer):
		e.Problem, e.Remedy = "was written by a newer Throughline", "use that version, or choose another file with --store sqlite:PATH"
	case errors.Is(err, errEmpty):
		e.Problem, e.Remedy = "has 0 bytes", "restore it from a backup or an export, or remove it to begin anew; nothing was changed"
	case code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_ERROR || errors.Is(err, errHead):
		e.Problem, e.Remedy = "is damaged", "restore it from a backup or an export, or move it away and import again"
	case code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED:
		e.Problem, e.Remedy = "is being written by another process", "wait until its import has ended"
	case more == sqlite3.SQLITE_IOERR_WRITE:
		e.Problem = "could not be written"
		e.Remedy = "its disk, a quota or a limit of the size of files may leave no room; make room and try again"
	case code == sqlite3.SQLITE_FULL:
		e.Problem, e.Remedy = "does not fit on its disk", "free some room and try again"
	case code == sqlite3.SQLITE_READONLY || errors.Is(err, fs.ErrPermission):
		e.Problem, e.Remedy = "may not be written", "give this user write permission to the file and its folder, or choose another with --store sqlite:PATH"
	}
	return kg.Wrap(kg.Unavailable, errors.Join(e, err), "the store's file %s", e.Problem)
}

// storeError turns an error of a statement into ours.
func storeError(ctx context.Context, err error) error {
	var se *sqlite.Error
	var own *kg.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case ctx.Err() != nil:
		return kg.Ended(ctx)
	case errors.As(err, &se):
		if se.Code() == sqlite3.SQLITE_IOERR_WRITE { // SQLITE_FULL is said of a full disk alone
			return kg.Wrap(kg.StorageFull, err, "the store's file could not be written, and nothing was: "+
				"its disk, a quota or a limit of the size of files may leave no room; make room and try again")
		}
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return kg.Wrap(kg.Unavailable, errors.Join(store.ErrBusy, err),
				"the store is being written by another process; try again in a moment")
		case sqlite3.SQLITE_FULL:
			return kg.Wrap(kg.StorageFull, err, "the store's disk is full; nothing was written: make room and try again")
		case sqlite3.SQLITE_READONLY:
			return kg.Wrap(kg.ReadOnly, err, "the store's file may not be written; nothing was: "+
				"give the user of this program write permission to the file and its folder")
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return kg.Wrap(kg.Unavailable, err, "the store's file cannot be read or written now; try again in a moment")
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR: // our statements are right where the tables are
			return kg.Wrap(kg.Corrupt, err, "the store's file is damaged; restore it from a backup or an export")
		}
	case errors.Is(err, sql.ErrNoRows): // what is asked for by its key is there
		return unreadable(err)
	case errors.Is(err,
		sql.ErrConnDone), err.Error() == "sql: database is closed": // package sql exports no error for the second
		return kg.Wrap(kg.Unavailable, err, "the store is closed")
	}
	return kg.Wrap(kg.Internal, err, "the store failed")
}

// Kind is "sqlite".
func (s *Store) Kind() string { return "sqlite" }

// Ready is nil while the store is open, its file is there and the schema declares what it holds.
func (s *Store) Ready(ctx context.Context) error {
	if s.closed.Load() {
		return kg.Errorf(kg.Unavailable, "the store is closed")
	}
	if err := s.file.gone(); err != nil {
		return err
	}
	return storeError(ctx, undeclared(checkOwn(ctx, s.read.DB, s.cat))) // others may have written what our schema lacks
}

// Empty reports whether nothing was ever loaded.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var n int
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM node) OR EXISTS (SELECT 1 FROM source)`).Scan(&n)
	return n == 0, storeError(ctx, err)
}

// Discard closes a store that Open has made and that is still empty, and removes its file and the folders made for it.
// Any other store, and one that another process has open, it leaves as it is.
func (s *Store) Discard() {
	if s.made == nil || s.closed.Load() {
		return
	}
	_ = errors.Join(s.watch.close(), s.read.Close(), s.bulk.Close()) // closed twice is closed
	ctx := context.Background()
	// the journal changes its mode only for the one connection that there is
	var mode string
	var written int
	err := s.write.QueryRowContext(ctx, `PRAGMA journal_mode=DELETE`).Scan(&mode)
	if err == nil {
		err = s.write.QueryRowContext(ctx, seqSQL).Scan(&written)
	}
	if err == nil && mode == "delete" && written == 0 && s.file.gone() == nil {
		for _, path := range s.made {
			_ = os.Remove(path) // a folder in which something else stands by now stays
		}
	}
	_ = s.Close()
}

// Close closes the file. It does not wait for requests: their statements fail.
func (s *Store) Close() error {
	s.backgroundMu.Lock()
	before := s.closed.Swap(true)
	s.backgroundMu.Unlock()
	if before {
		return nil
	}
	if s.once {
		s.background.Wait()
	}
	s.cancel()
	s.background.Wait()
	err := s.watch.close()
	for _, db := range []*sql.DB{s.read.DB, s.bulk, s.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if s.temporary != "" {
		err = errors.Join(err, os.RemoveAll(s.temporary))
	}
	return err
}
