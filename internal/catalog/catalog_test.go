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
	if lf == nil || lf.Out || lf.Other != 1<<c.TypeOf("INSTITUTION").Index|1<<p.Index {
		t.Errorf("Event.organizers: %+v", lf)
	}
	df := c.DerivedField("Theme", "relatedPeople")
	if df == nil || df.Out || len(df.Chains) != 2 || df.Other != p {
		t.Errorf("Theme.relatedPeople: %+v", df)
	}
	if q := c.Prop("text"); q == nil || !q.Searchable {
		t.Errorf("Quote.text: %+v", q)
	}
}

func TestSentences(t *testing.T) {
	c, err := catalog.Parse("schema.graphqls", throughline.Schema)
	if err != nil {
		t.Fatal(err)
	}
	const today = 20210225
	for _, x := range []struct {
		kind         string
		role         string
		since, until kg.PartialDate
		standing     kg.Standing
		want         string
	}{
		{kind: "AFFILIATED_WITH", want: "A is affiliated with B."},
		{kind: "AFFILIATED_WITH", role: "professor", want: "A is affiliated with B (professor)."},
		{
			kind: "AFFILIATED_WITH", role: "professor", since: "1999",
			want: "A is affiliated with B (professor) (since 1999).",
		},
		{kind: "AFFILIATED_WITH", until: "2005", want: "A was affiliated with B (until 2005)."},
		{
			kind: "AFFILIATED_WITH", role: "professor", since: "1999", until: "2005-03",
			want: "A was affiliated with B (professor) (1999–2005-03).",
		},
		{kind: "AFFILIATED_WITH", until: "2021-02-24", want: "A was affiliated with B (until 2021-02-24)."},
		{kind: "AFFILIATED_WITH", until: "2021-02-25", want: "A is affiliated with B (until 2021-02-25)."},
		{kind: "AFFILIATED_WITH", until: "2021-02", want: "A is affiliated with B (until 2021-02)."},
		{kind: "AFFILIATED_WITH", until: "2021-01", want: "A was affiliated with B (until 2021-01)."},
		{kind: "AFFILIATED_WITH", until: "2021", want: "A is affiliated with B (until 2021)."},
		{
			kind: "AFFILIATED_WITH", since: "2001", until: "2003", standing: kg.Refuted,
			want: "It is denied that A was affiliated with B (2001–2003).",
		},
		{
			kind: "AFFILIATED_WITH", role: "clerk", since: "2001", until: "2003", standing: kg.Disputed,
			want: "A was affiliated with B (clerk) (2001–2003) (disputed).",
		},
		{
			kind: "AFFILIATED_WITH", since: "2020", standing: kg.Disputed,
			want: "A is affiliated with B (since 2020) (disputed).",
		},
		{kind: "PARTICIPATED_IN", since: "2021-02-20", until: "2021-02-20", want: "A took part in B (2021-02-20)."},
		{kind: "SAID", want: "A said B."},
		{kind: "ABOUT", until: "2020", want: "A is about B (until 2020)."},
		{kind: "LOCATED_IN", since: "1990", until: "1990", want: "A was located in B (1990)."},
	} {
		s := catalog.Statement{From: "A", To: "B", Role: x.role, Since: x.since, Until: x.until, Standing: x.standing}
		if got := c.Kind(x.kind).Sentence(&s, today); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	ended, going := catalog.Statement{Until: "2020"}, catalog.Statement{Since: "2020"}
	k := c.Kind("PART_OF")
	if got := [4]string{
		k.Words(&going, today, true), k.Words(&going, today, false), k.Words(&ended, today, true),
		k.Words(&ended, today,
			false),
	}; got != [4]string{"is part of", "has as a part", "was part of", "had as a part"} {
		t.Errorf("PART_OF: %q", got)
	}
	if k := c.Kind("SAID"); k.Words(&ended, today, true) != k.Phrase || k.Words(&ended, today, false) != k.Inverse {
		t.Errorf("SAID has other words for what has ended: %+v", k)
	}
}
