package sqlitestore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// A request that ends while a row is read has not met damage.
func TestLeavingIsNoDamage(t *testing.T) {
	s := opener(parse(t))(t).(*sqlitestore.Store)
	if err := sqlitestore.ReadAndLeft(t, s); kg.CodeOf(err) != kg.Cancelled {
		t.Errorf("%v, want %s", err, kg.Cancelled)
	}
}
