package arrival

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connection that tells how long what it brought has waited.
type Conn struct {
	raw syscall.RawConn
}

// Of looks at a connection; nil where it cannot be asked.
func Of(c net.Conn) *Conn {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	return &Conn{raw}
}

// Waited is how long ago the last bytes came, in the kernel's steps of some milliseconds; 0 where that is not known. It
// costs a system call.
func (c *Conn) Waited() (d time.Duration) {
	if c == nil {
		return 0
	}
	_ = c.raw.Control(func(fd uintptr) { // a connection that is closed has nothing to tell
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			d = time.Duration(info.Last_data_recv) * time.Millisecond
		}
	})
	return d
}
