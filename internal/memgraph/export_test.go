package memgraph

import "testing"

// ReadAhead has graphs of any size read ahead until the test ends.
func ReadAhead(t *testing.T) {
	t.Helper()
	was := aheadFrom
	aheadFrom = 0
	t.Cleanup(func() { aheadFrom = was })
}
