//go:build race

package sqlitestore_test

// With the race detector a sync.Pool forgets every fourth of what it is given, at random.
const poolsForget = true
