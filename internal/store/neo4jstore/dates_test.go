package neo4jstore

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
)

// TestDatesAsTextAreComparedAsDays holds the bounds that dates are compared with as text against their days: for each
// way to write a date, and each day around it.
func TestDatesAsTextAreComparedAsDays(t *testing.T) {
	dates := []kg.PartialDate{
		"0000", "0000-01", "0001", "0001-01", "1999", "1999-12", "1999-12-31", "2000", "2000-01", "2000-01-01",
		"2000-02", "2000-02-28", "2000-02-29", "2000-03-01", "2001-02-28", "2020-06", "2020-06-30", "2020-07", "9999", "9999-12",
	}
	days := []kg.Day{kg.MinDay, kg.MaxDay} // an open side
	for _, d := range dates {
		from, to := d.Interval()
		days = append(days, from, to)
	}
	for _, s := range dates {
		from, to := s.Interval()
		size := len(s)
		first := (string(s) + "-01-01")[:10]
		for _, day := range days {
			text := dayText(day)
			for what, c := range map[string]struct{ asText, asDays, open bool }{
				"begins by":         {string(s) <= text, from <= day, day == kg.MinDay},
				"ends not before":   {string(s) >= text[:size], to >= day, day == kg.MaxDay},
				"begins not before": {first >= text, from >= day, day == kg.MaxDay},
				"ends by":           {string(s) <= lastWithin(day)[size/5], to <= day, day == kg.MinDay},
			} {
				if !c.open && c.asText != c.asDays {
					t.Errorf("%s %s %d: as text %v, as days %v", s, what, day, c.asText, c.asDays)
				}
			}
		}
	}
}
