package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKnownDifferencesAreLookedAt: what no test looks at, and what has no reason, is an error.
func TestKnownDifferencesAreLookedAt(t *testing.T) {
	s := &suite{
		known: Known{LoadsInParts: "its transactions are small", ManyStates: " ", "it sings": "it can"},
		met:   map[Difference]bool{},
	}
	if s.differs(NotKeyed) || !s.differs(LoadsInParts) || !s.differs(ManyStates) {
		t.Error("a store differs otherwise than is known")
	}
	want := []string{
		"it is known that it sings, and no test looks at that",
		"it is known that questions of one operation see different states: say why",
	}
	if d := cmp.Diff(want, s.wrong()); d != "" {
		t.Error(d)
	}
}
