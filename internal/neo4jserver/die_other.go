//go:build !linux

package neo4jserver

import "syscall"

// DieWithParent is only known to Linux.
func DieWithParent() *syscall.SysProcAttr { return nil }
