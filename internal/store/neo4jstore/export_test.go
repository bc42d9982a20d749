package neo4jstore

import "context"

// RefreshView reads the adjacency now, and not behind the callers.
func (s *Store) RefreshView(ctx context.Context) error { return s.refresh(ctx) }

// ViewWalks is how many walks were answered from memory.
func (s *Store) ViewWalks() int64 { return s.views.used.Load() }
