package plan_test

import (
	"testing"

	"github.com/throughline/throughline/internal/plan"
)

// A memo keeps what a store compiled for a document; a plan without one is compiled each time.
func TestAMemoKeepsWhatItIsGiven(t *testing.T) {
	var m plan.Memo
	if v, ok := m.Load("a"); ok {
		t.Errorf("new: %v", v)
	}
	m.Store("a", 1)
	m.Store("b", 2)
	m.Store("a", 3)
	if v, ok := m.Load("a"); !ok || v != 3 {
		t.Errorf("a: %v, %t", v, ok)
	}
	if v, ok := m.Load("b"); !ok || v != 2 {
		t.Errorf("b: %v, %t", v, ok)
	}
	var none *plan.Memo
	none.Store("a", 1)
	if v, ok := none.Load("a"); ok {
		t.Errorf("none: %v", v)
	}
}
