package catalog_test

import (
	"testing"

	"github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

func TestTheContractParses(t *testing.T) {
	c, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Types) != 6 || len(c.Kinds) != 14 {
		t.Fatalf("%d types, %d kinds", len(c.Types), len(c.Kinds))
	}
	for _, ty := range append(c.Types, c.Source) {
		if ty.Plural == "" {
			t.Errorf("%s has no root list", ty.Name)
		}
	}
	p := c.Type("Person")
	if p.DateProp == nil || p.DateProp.Name != "born" || c.TypeAt(p.Index) != p {
		t.Errorf("Person: %+v", p)
	}
	lf := c.LinkField("Event", "organizers")
	if lf == nil || lf.Out || lf.Other != 1<<c.TypeOf("INSTITUTION").Index {
		t.Errorf("Event.organizers: %+v", lf)
	}
	df := c.DerivedField("Theme", "people")
	if df == nil || df.Out || len(df.Chains) != 2 || df.Other != p {
		t.Errorf("Theme.people: %+v", df)
	}
	if q := c.Prop("text"); q == nil || !q.Searchable {
		t.Errorf("Quote.text: %+v", q)
	}
	if got, want := c.Kind("AFFILIATED_WITH").Sentence("A", "B", "professor", kg.Supported), "A is affiliated with B (professor)."; got != want {
		t.Errorf("sentence %q, want %q", got, want)
	}
}
