package plan_test

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

var (
	byName = []plan.Order{{By: plan.ByName}}
	keys   = []kg.Value{kg.StringValue("mary kaldor"), kg.StringValue("p0000007")}
)

func BenchmarkCursor(b *testing.B) {
	binding := plan.Binding("people", byName)
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = plan.AppendCursor(buf[:0], binding, keys)
		if _, err := plan.ParseCursor(string(buf), binding, plan.KeyKinds(byName)); err != nil {
			b.Fatal(err)
		}
	}
}

// A page of a hundred has a hundred cursors, so writing one takes one allocation at most.
func TestACursorAllocatesLittle(t *testing.T) {
	binding := plan.Binding("people", byName)
	buf := make([]byte, 0, 256)
	if got := testing.AllocsPerRun(100, func() { buf = plan.AppendCursor(buf[:0], binding, keys) }); got > 1 {
		t.Errorf("writing a cursor takes %.0f allocations, the bound is 1", got)
	}
}
