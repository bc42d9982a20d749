//go:build unix

package main

import (
	"os"
	"syscall"
)

// maxRSS is what the system says of a process that has ended.
func maxRSS(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss
	}
	return 0
}
