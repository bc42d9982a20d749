package sqlitestore

import (
	"context"
	"errors"
)

// Backup writes the store as it is at one moment, with its log, into a file that is empty or not there, as a store of
// its own. Others read and write meanwhile. Whoever calls syncs the file to the disk.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.file.gone(); err != nil {
		return err
	}
	conn, err := s.bulk.Conn(ctx)
	if err != nil {
		return storeError(ctx, err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the others
	// to SQLite the new file is written by this connection, which only reads otherwise
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = 0`); err != nil {
		return storeError(ctx, err)
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO ?`, path)
	_, again := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only = 1`)
	return storeError(ctx, errors.Join(err, again))
}
