//go:build !linux

package main

import "syscall"

// dieWithParent is only known to Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }
