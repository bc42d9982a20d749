package sqlitestore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/throughline/throughline/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEndsWithItsContext(t *testing.T) {
	cat := parse(t)
	storetest.RunCancel(t, cat, opener(cat)(t))
}
