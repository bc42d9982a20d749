package cli

import (
	"bytes"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/budget"
)

// boundMemory has the collector keep the process within so many bytes, 0 for what GOMEMLIMIT or the system says, until
// stop is called. It returns 0 when nothing is known.
func boundMemory(most int64) (limit int64, stop func()) {
	before := debug.SetMemoryLimit(-1)
	switch {
	case most > 0:
		limit = most
	case before != math.MaxInt64:
		return before, func() {}
	default:
		limit = installed() / 4 * 3
	}
	if limit == 0 {
		return 0, func() {}
	}
	debug.SetMemoryLimit(limit)
	return limit, func() { debug.SetMemoryLimit(before) }
}

// installed returns how many bytes of memory the container may use, or the machine has; 0 when neither is known.
func installed() (least int64) {
	note := func(n int64, err error) {
		if err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if b, err := os.ReadFile(path); err == nil {
			note(strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)) // "max" is none
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if _, rest, ok := bytes.Cut(b, []byte("MemTotal:")); ok {
			if f := bytes.Fields(rest); len(f) > 0 {
				n, err := strconv.ParseInt(string(f[0]), 10, 64)
				note(n<<10, err)
			}
		}
	}
	return least
}

// cached is about what is kept beside operations: documents and what was compiled of them.
const cached = 64 << 20

// pool is what operations may hold together in a process that is to stay within limit: half of what is left beside the
// graph and caches, as what they have let go is not collected at once. It is called when the graph is in memory.
func pool(limit int64) *budget.Pool {
	if limit == 0 {
		return nil
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return budget.NewPool(max((limit-int64(m.HeapAlloc)-cached)/2, limit/8))
}
