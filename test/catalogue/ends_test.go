package catalogue_test

import (
	"testing"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// crossed are the pairs of types that a kind joins and no field shows: `links` does.
var crossed = map[string]string{
	"PART_OF INSTITUTION EVENT": "a kind names types and no pairs; a body is part of a body, and an event of an event",
	"PART_OF EVENT INSTITUTION": "a kind names types and no pairs; a body is part of a body, and an event of an event",
}

// TestBothEndsOfAKind: what a field of one end shows, a field of the other end shows as well.
func TestBothEndsOfAKind(t *testing.T) {
	cat := both.Catalog(t)
	shown := func(at, other *catalog.Type, k *catalog.Kind, out bool) bool {
		for _, f := range cat.Schema.Types[at.Name].Fields {
			lf := cat.LinkField(at.Name, f.Name)
			if lf != nil && lf.Out == out && lf.Kinds.Has(k.Index) && lf.Other.Has(other.Index) {
				return true
			}
		}
		return false
	}
	excused := map[string]bool{}
	for _, k := range cat.Kinds {
		for _, from := range cat.Types {
			for _, to := range cat.Types {
				if !k.From.Has(from.Index) || !k.To.Has(to.Index) {
					continue
				}
				name := k.Name + " " + from.Enum + " " + to.Enum
				leaves, arrives := shown(from, to, k, true), shown(to, from, k, false)
				if crossed[name] != "" && !leaves && !arrives {
					excused[name] = true
					continue
				}
				if !leaves {
					t.Errorf("%s: no field of %s leads to %s", name, from.Name, to.Name)
				}
				if !arrives {
					t.Errorf("%s: no field of %s leads back to %s", name, to.Name, from.Name)
				}
			}
		}
	}
	for name := range crossed {
		if !excused[name] {
			t.Errorf("%s is shown at an end, or is no pair: it needs no exception", name)
		}
	}
}
