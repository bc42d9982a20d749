package sqlitestore

import (
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// A reader of a file in WAL mode makes files beside it, or takes part in those that are there. Where that is not
// allowed there are three cases: nobody has written since the file was last put in order, so it is read as what cannot
// change; another process has it open, so its files are used; or one has ended and left a log behind, so file and log
// are read as a copy, which can be put in order.

// locked reports whether a file may not be written, or none be made beside it.
func locked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return true
	}
	_ = f.Close() // nothing was written
	beside, err := os.CreateTemp(filepath.Dir(path), ".throughline-*")
	if err != nil {
		return true
	}
	return errors.Join(beside.Close(), os.Remove(beside.Name())) != nil
}

// openLocked opens a file that may not be written, as the one connection that would write. It returns the file that is
// read, and adds to how readers open it.
func (s *Store) openLocked(path string, options url.Values) (string, error) {
	log, err := os.Stat(path + "-wal")
	_, unused := os.Stat(path + "-shm")
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0:
		options.Set("immutable", "1")
	case err != nil:
		return "", err
	case unused != nil:
		if s.temporary, err = os.MkdirTemp("", "throughline-"); err != nil {
			return "", err
		}
		to := filepath.Join(s.temporary, "copy.db")
		for _, end := range []string{"", "-wal"} {
			if err := copyFile(to+end, path+end); err != nil {
				return "", err
			}
		}
		s.write, err = openWriter(to, "synchronous(OFF)")
		return to, err
	}
	options.Set("mode", "ro")
	name, err := fileURL(path)
	if err != nil {
		return "", err
	}
	if s.write, err = sql.Open("sqlite", name+"?"+options.Encode()); err == nil {
		s.write.SetMaxOpenConns(1)
	}
	return path, err
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
