//go:build !unix

// Package cputime measures work by the processor time that it takes.
package cputime

import "time"

var began = time.Now()

// Used is the time since the process began: here, processor time is not measured.
func Used() time.Duration { return time.Since(began) }
