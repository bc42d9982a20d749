package server

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// connection is a connection that tells how long what it brought has waited. Its requests come one after another.
type connection struct {
	raw syscall.RawConn
}

func newConnection(c net.Conn) *connection {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	return &connection{raw}
}

// waited is how long ago the last bytes came, 0 where that is not known.
func (c *connection) waited() (d time.Duration) {
	_ = c.raw.Control(func(fd uintptr) { // a connection that is closed has nothing to tell
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil { //nolint:gosec // a file descriptor
			d = time.Duration(info.Last_data_recv) * time.Millisecond
		}
	})
	return d
}
