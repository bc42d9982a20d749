package history_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// daily is a store with a change of each of ten days, number 1 of the first at begin.
func daily(t *testing.T, begin time.Time) *storetest.Oracle {
	t.Helper()
	now := begin
	s := storetest.NewOracle(both.Catalog(t), func() time.Time { return now })
	for day := range 10 {
		now = begin.AddDate(0, 0, day)
		b := &store.Batch{Nodes: []*kg.Node{{ID: fmt.Sprintf("theme-%d", day), Type: "THEME", Name: "Theme"}}}
		if err := storetest.Fill(t.Context(), s, b); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestCompact deletes what was made before a time, and knows from when on it is known what was there.
func TestCompact(t *testing.T) {
	begin := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before time.Time
		first  int64
	}{
		{begin.AddDate(0, 0, -1), 1},
		{begin, 1},
		{begin.Add(time.Millisecond), 2},
		{begin.AddDate(0, 0, 5), 6},
		{begin.AddDate(1, 0, 0), 10}, // the latest stays
	} {
		s := daily(t, begin)
		k, err := history.Compact(t.Context(), s, kg.TimeOf(c.before))
		if err != nil || k.First != c.first {
			t.Errorf("before %v: %+v, %v", c.before, k, err)
		}
		for day := range 10 {
			at := begin.AddDate(0, 0, day)
			seq, err := history.Last(t.Context(), s, kg.TimeOf(at))
			if known := int64(day+1) >= c.first-1; !known && kg.CodeOf(err) != kg.NotKept || known && (err != nil || seq != int64(day+1)) {
				t.Errorf("before %v: on %v the last was %d, %v", c.before, at, seq, err)
			}
		}
		seq, err := history.Last(t.Context(), s, kg.TimeOf(begin.AddDate(-1, 0, 0)))
		if known := c.first == 1; seq != 0 && known || kg.CodeOf(err) == kg.NotKept == known {
			t.Errorf("before there was a log the last was %d, %v", seq, err)
		}
	}
	empty := storetest.NewOracle(both.Catalog(t), nil)
	if k, err := history.Compact(t.Context(), empty, kg.TimeOf(begin)); err != nil || k != (store.Kept{First: 1}) {
		t.Errorf("an empty log: %+v, %v", k, err)
	}
}

// TestRetain compacts at once and at each tick, by the clock that it is given, and goes on after an error.
func TestRetain(t *testing.T) {
	begin := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	s := &failing{Log: daily(t, begin)}
	ctx, cancel := context.WithCancel(t.Context())
	now := begin.AddDate(0, 0, 9)
	told, ticks, ended := make(chan string), make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		history.Retain(ctx, s, 7*24*time.Hour, func() time.Time { return now }, ticks, func(k store.Kept, err error) {
			told <- fmt.Sprint(k.First, err)
		})
	}()
	for _, step := range []struct {
		days int
		err  error
		want string
	}{
		{0, nil, "3 <nil>"},
		{2, nil, "5 <nil>"},
		{1, errors.New("away"), "0 away"},
		{1, nil, "7 <nil>"},
	} {
		if step.days > 0 {
			now, s.err = now.AddDate(0, 0, step.days), step.err
			ticks <- now
		}
		if got := <-told; got != step.want {
			t.Errorf("after %d days more: %s, want %s", step.days, got, step.want)
		}
	}
	ticks <- now // nothing is deleted, and nothing told
	ticks <- now
	cancel()
	<-ended
}

// failing is a log that cannot be compacted while err is set.
type failing struct {
	history.Log
	err error
}

func (f *failing) Compact(ctx context.Context, first int64, most int) (bool, error) {
	if f.err != nil {
		return false, f.err
	}
	return f.Log.Compact(ctx, first, most)
}
