//go:build unix

// Package cputime measures work by the processor time that it takes: unlike the time of a clock, that is the same on a
// machine that is busy with other things.
package cputime

import (
	"syscall"
	"time"
)

// Used is the processor time of this process so far.
func Used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
