package neo4jstore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// shared opens one store on the shared server and returns a function that empties it.
func shared(t *testing.T) (*catalog.Catalog, both.Open) {
	t.Helper()
	cat := parse(t)
	return cat, both.Neo4j(t, cat)
}

// Planning a statement takes Neo4j a good part of a second: the random suites draw less here than on the embedded store, and more
// by storetest.Rounds.

func TestAnswersAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunRandom(t, cat, open, 1, 6)
}

func TestSearchesAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunSearches(t, cat, open, 1, 8)
}

func TestFiltersAreTwoValued(t *testing.T) {
	cat, open := shared(t)
	storetest.RunNegations(t, cat, open)
}

func TestWalksAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunWalks(t, cat, open, 1, 10)
}

func TestPatternsAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunPatterns(t, cat, open, 1, 12)
}

func TestWholeAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunWhole(t, cat, open, 1, 3)
}

func TestRandomLoadsAsTheOracle(t *testing.T) {
	cat, open := shared(t)
	storetest.RunLoads(t, cat, open, 1, 4)
}

func TestEndsWithItsContext(t *testing.T) {
	cat, open := shared(t)
	storetest.RunCancel(t, cat, open(t))
}
