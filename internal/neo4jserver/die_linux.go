package neo4jserver

import "syscall"

// DieWithParent has the kernel stop the server when this process is killed.
func DieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
