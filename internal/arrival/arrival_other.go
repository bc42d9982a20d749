//go:build !linux

package arrival

import (
	"net"
	"time"
)

// Conn cannot be asked on this system.
type Conn struct{}

// Of is always nil.
func Of(net.Conn) *Conn { return nil }

// Waited is always 0.
func (*Conn) Waited() time.Duration { return 0 }
