package sqlitestore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/sqlitestore"
	"github.com/throughline/throughline/internal/store/storetest"
)

// TestALoadMakesTheImageOfItsRows holds the version that a load makes beside its writing against the one that is read
// from the file.
func TestALoadMakesTheImageOfItsRows(t *testing.T) {
	cat := parse(t)
	for seed := range uint64(20) {
		s := opener(cat)(t).(*sqlitestore.Store)
		if err := storetest.Fill(t.Context(), s, storetest.Graph(cat, seed, 200, 600)); err != nil {
			t.Fatal(err)
		}
		fed, read, err := sqlitestore.Images(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if fed == nil {
			t.Fatalf("graph %d: no image was made", seed)
		}
		for name, want := range read {
			if got := fed[name]; got != want {
				t.Errorf("graph %d: %s is otherwise\nfed  %.300s\nread %.300s", seed, name, got, want)
			}
		}
	}
}

// TestALoadThatChangesWhatItWroteMakesNoImage writes a record twice in one load.
func TestALoadThatChangesWhatItWroteMakesNoImage(t *testing.T) {
	cat := parse(t)
	s := opener(cat)(t).(*sqlitestore.Store)
	l, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ann", "Anna"} {
		if err := l.Put(t.Context(), &store.Batch{Nodes: []*kg.Node{{
			ID: "ann", Type: "PERSON",
			Name: name,
		}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fed, _, err := sqlitestore.Images(t.Context(), s); fed != nil || err != nil {
		t.Errorf("an image was made; %v", err)
	}
	if got := names(t, cat, s); got != "Anna" {
		t.Errorf("the name is %s", got)
	}
}
