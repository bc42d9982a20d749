package arrival_test

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/throughline/throughline/internal/arrival"
)

// TestAConnectionTellsHowLongItsBytesHaveWaited sends a byte and lets it lie.
func TestAConnectionTellsHowLongItsBytesHaveWaited(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	sent := time.Now()
	if _, err := to.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	written := time.Now() // it has come since sent
	c := arrival.Of(from)
	for time.Since(written) < 100*time.Millisecond {
		runtime.Gosched()
	}
	if waited := c.Waited(); waited < 80*time.Millisecond || waited > time.Since(sent)+20*time.Millisecond {
		t.Errorf("%s, after %s", waited, time.Since(sent))
	}
	if arrival.Of(nil) != nil {
		t.Error("what is no connection of TCP tells something")
	}
}
