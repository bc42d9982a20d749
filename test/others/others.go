// Package others is for tests that need the software of others.
package others

import (
	"os"
	"testing"
)

// Missing ends a test for which software is missing. The test is skipped, and says what it left out; with
// THROUGHLINE_TEST_CLIENTS=1, as .ci/run sets it, it fails.
func Missing(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("THROUGHLINE_TEST_CLIENTS") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("left out %s: %v", what, err)
}
