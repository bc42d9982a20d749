package config

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestErrorsOfAKindAreLoggedOnceASecond: with their number, and no more is kept of them than that.
func TestErrorsOfAKindAreLoggedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		h := newSparing(slog.NewTextHandler(&out, nil))
		log := slog.New(h)
		for n := range 2500 { // 2.5 s
			log.Error("operation failed", "code", "UNAVAILABLE", "error", errors.New("down"), "n", n)
			log.With("a", 1).Error("operation failed", "code", "INTERNAL", "n", n)
			time.Sleep(time.Millisecond)
			if n == 0 {
				time.Sleep(time.Millisecond / 2) // so that none comes just when an interval ends
			}
		}
		log.Info("request")
		log.Info("request")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		got := out.String()
		if n := strings.Count(got, "code=UNAVAILABLE"); n != 4 {
			t.Errorf("%d lines: the first, and one at the end of each of three seconds\n%s", n, got)
		}
		if n := strings.Count(got, "a=1 code=INTERNAL"); n != 4 {
			t.Errorf("%d lines of another kind", n)
		}
		if n := strings.Count(got, "msg=request"); n != 2 {
			t.Errorf("%d lines that are no errors", n)
		}
		for _, want := range []string{"n=0\n", "n=999 times=999\n", "n=1999 times=1000\n", "n=2499 times=500\n"} {
			if !strings.Contains(got, "code=UNAVAILABLE error=down "+want) {
				t.Errorf("there is no %q in\n%s", want, got)
			}
		}
		if len(h.kinds.seen) != 0 {
			t.Errorf("%d kinds are kept", len(h.kinds.seen))
		}
	})
}
