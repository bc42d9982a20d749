package sqlitestore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/store/storetest"
)

func TestEndsWithItsContext(t *testing.T) {
	cat := parse(t)
	storetest.RunCancel(t, cat, opener(cat)(t))
}
