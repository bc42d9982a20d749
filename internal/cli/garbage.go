package cli

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Garbage that may come together before it is collected. Most of what is alive is the image of a graph, which the
// collector does not look into: collecting often costs little then, and a share of it, as Go's own rule allows, would
// be as much memory again.
const (
	// importGarbage is of a load without an image. Measured at 1,352,201 links: 12.2 s and 266 MB at most; with 32 MB
	// instead 14.3 s and 269 MB.
	importGarbage = 48 << 20
	// serveGarbage is about what making the next image of a large graph takes: while others write, memory is then
	// neither given back nor taken anew with each image. Measured with 64 MB instead: it goes up and down by a quarter,
	// and a sixth fewer requests are served.
	serveGarbage = 192 << 20
)

// boundGarbage has garbage collected whenever about so many bytes of it have come together, until stop is called. Who
// sets GOGC has decided otherwise.
func boundGarbage(bytes uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	now := 100
	before := debug.SetGCPercent(now)
	set := func() {
		metrics.Read(live)
		// at least 8: below it collecting would cost more than a large graph's garbage is worth
		percent := int(min(max(100*bytes/max(live[0].Value.Uint64(), 1), 8), 400))
		if percent*10 < now*9 || percent*10 > now*11 {
			debug.SetGCPercent(percent)
			now = percent
		}
	}
	set()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				set()
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		debug.SetGCPercent(before)
	}
}
