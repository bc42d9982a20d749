package plan_test

import (
	"testing"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

var keys = []kg.Value{kg.StringValue("mary kaldor"), kg.StringValue("p0000007")}

func BenchmarkCursor(b *testing.B) {
	binding := plan.Binding("people", nil)
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = plan.AppendCursor(buf[:0], binding, keys)
		if _, err := plan.ParseCursor(string(buf), binding, plan.KeyKinds(nil)); err != nil {
			b.Fatal(err)
		}
	}
}

// A page of a hundred has a hundred cursors, so writing one must not allocate more than its own bytes.
func TestACursorAllocatesLittle(t *testing.T) {
	binding := plan.Binding("people", nil)
	buf := make([]byte, 0, 256)
	if got := testing.AllocsPerRun(100, func() { buf = plan.AppendCursor(buf[:0], binding, keys) }); got > 4 {
		t.Errorf("writing a cursor takes %.0f allocations", got)
	}
}
