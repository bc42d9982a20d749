package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"

	"github.com/throughline/throughline/internal/kg"
)

var (
	errForeign = errors.New("not a Throughline file")
	errNewer   = errors.New("written by a newer Throughline")
	errEmpty   = errors.New("a file of 0 bytes")
	errHead    = errors.New("a head that no Throughline writes")
	// errNone is no error: there is no file yet.
	errNone = errors.New("no file")
)

// What stands in the first bytes of a file: https://www.sqlite.org/fileformat2.html#the_database_header.
const (
	headBytes = 100
	headMagic = "SQLite format 3\x00"
	versionAt = 60 // PRAGMA user_version, 32 bits, big-endian
	ownerAt   = 68 // PRAGMA application_id, likewise
)

// Ours reports whether a file says that it is an embedded store.
func Ours(ctx context.Context, path string) bool { return inspect(ctx, path) == nil }

// inspect reads what a file says of itself, before it is opened as a store, so that a file that is not ours stays as it
// is.
func inspect(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errNone
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return errEmpty
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case n < headBytes || string(head[:len(headMagic)]) != headMagic:
		return errForeign
	}
	version, owner := int32(binary.BigEndian.Uint32(head[versionAt:])), binary.BigEndian.Uint32(head[ownerAt:])
	switch {
	case owner != 0 && owner != applicationID:
		return errForeign
	case version < 0:
		return errHead
	case owner == 0:
		return inspectLog(ctx, path)
	}
	return nil
}

// inspectLog asks SQLite whose a file is whose first bytes do not say it: they may stand in its write-ahead log still.
func inspectLog(ctx context.Context, path string) error {
	ask := url.Values{"mode": {"ro"}}
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		ask.Set("immutable", "1") // reading makes no files beside it then
	}
	name, err := fileURL(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", name+"?"+ask.Encode())
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was only read
	var owner int64
	if err := db.QueryRowContext(ctx, `SELECT application_id FROM pragma_application_id`).Scan(&owner); err != nil {
		return err
	}
	if owner != applicationID {
		return errForeign
	}
	return nil
}

// create makes an empty store under another name and then renames it, so that whatever cuts it short, there is no store
// or a whole one. Another process may be quicker: then that one's stays, and it returns false.
func (s *Store) create(ctx context.Context, path string) (created bool, err error) {
	draft := fmt.Sprintf("%s.new-%x", path, rand.Uint64()) //nolint:gosec // a name that nobody else has
	defer func() {
		if gone := os.Remove(draft); err == nil && !errors.Is(gone, fs.ErrNotExist) {
			err = gone
		}
	}()
	db, err := openWriter(draft, "synchronous(FULL)")
	if err != nil {
		return false, err
	}
	if err := errors.Join(s.migrate(ctx, db), db.Close()); err != nil {
		return false, err
	}
	if err := os.Link(draft, path); err == nil || errors.Is(err, fs.ErrExist) {
		return err == nil, nil
	}
	err = os.Rename(draft, path) // a file system without links
	return err == nil, err
}

// missingOf lists a path and the folders above it that are not there, innermost first.
func missingOf(path string) []string {
	var missing []string
	for {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append(missing, path)
		path = filepath.Dir(path)
	}
}

// identity is which file a path led to.
type identity struct {
	path string
	file os.FileInfo
}

func identify(path string) (identity, error) {
	file, err := os.Stat(path)
	return identity{path, file}, err
}

// gone is the error when another file stands there now, or none: what is read and written would be in a file that
// nobody finds any more.
func (i *identity) gone() error {
	if file, err := os.Stat(i.path); err == nil && os.SameFile(file, i.file) {
		return nil
	}
	return kg.Errorf(kg.Unavailable,
		"the store's file was removed or another put in its place; start the server again, or put the file back")
}

// sighted is a database whose file is looked for before anything is read, so that what no version in memory answers is
// not read from a file that nobody finds any more.
type sighted struct {
	*sql.DB
	file *identity
}

// BeginTx begins a transaction if the file is there.
func (s sighted) BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	if err := s.file.gone(); err != nil {
		return nil, err
	}
	return s.DB.BeginTx(ctx, o)
}

// QueryContext runs a statement if the file is there.
func (s sighted) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := s.file.gone(); err != nil {
		return nil, err
	}
	return s.DB.QueryContext(ctx, text, args...)
}
