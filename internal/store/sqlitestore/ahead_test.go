package sqlitestore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestReadingAheadChangesNothing holds what is otherwise done in large graphs alone against the oracle, in images made at once and in
// images made from older ones.
func TestReadingAheadChangesNothing(t *testing.T) {
	sqlitestore.ReadAhead(t)
	cat := parse(t)
	graphs := 20
	if testing.Short() {
		graphs = 6
	}
	storetest.RunRandom(t, cat, opener(cat), graphs, 150)
	storetest.RunRandom(t, cat, openChurned(cat), graphs/4, 80)
	storetest.RunSearches(t, cat, opener(cat), 2, 150)
	storetest.RunWalks(t, cat, opener(cat), graphs/2, 40)
}
