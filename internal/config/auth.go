package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/auth"
)

// Access says who may ask a server, and what.
type Access struct {
	// Tokens is the file of tokens; "" where nobody is asked for one.
	Tokens string
	// Anonymous is who shows no token; nil refuses them.
	Anonymous *auth.Identity
	// Warning is what whoever keeps the server should know; "" for nothing.
	Warning string
}

const authHint = "write none or tokens:FILE"

// checkAuth returns what is wrong with --auth and --anonymous whatever the address is.
func (s *Serve) checkAuth() error {
	how, file, _ := strings.Cut(s.Auth, ":")
	switch {
	case s.Auth == "" || s.Auth == "none":
		if s.Anonymous == "none" {
			return &UsageError{"--anonymous none without tokens leaves nobody who may ask", "add --auth tokens:FILE"}
		}
	case how != "tokens":
		return &UsageError{fmt.Sprintf("--auth %q is no way to know who asks", how), authHint}
	case file == "":
		return &UsageError{"--auth tokens: names no file", "write it as tokens:FILE, with a file of `throughline token create`"}
	}
	return nil
}

// reachable returns the flag by which others than programs of this machine can ask a server on this address; "" when none
// can. They reach a loopback address through a proxy on the same machine.
func (s *Serve) reachable(addr net.Addr) string {
	t, ok := addr.(*net.TCPAddr)
	switch {
	case !ok || !t.IP.IsLoopback():
		return "--addr " + s.Addr
	case len(s.AllowedHost) > 0:
		return "--allowed-host"
	case len(s.TrustedProxy) > 0:
		return "--trusted-proxy"
	}
	return ""
}

// Access returns who may ask on this address. Where others than this machine can ask, --auth must be given, and with none
// they may only read.
func (s *Serve) Access(addr net.Addr) (*Access, error) {
	a := &Access{}
	reader := auth.NewIdentity("", auth.Reader)
	if file, ok := strings.CutPrefix(s.Auth, "tokens:"); ok {
		if a.Tokens = file; s.Anonymous == "READER" {
			a.Anonymous = reader
		}
		return a, nil
	}
	by := s.reachable(addr)
	switch {
	case by != "" && s.Auth == "":
		return nil, &UsageError{
			"with " + by + " others than this machine can ask, and nothing says who may",
			"give --auth tokens:FILE, with a file of `throughline token create`, or --auth none to let everybody read",
		}
	case by != "":
		a.Anonymous, a.Warning = reader, "everybody who reaches this server can read all of it, as --auth none says"
	case slices.Contains(s.CORSOrigin, "*"): // a page of any site can ask through the browser of whoever sits here
		a.Anonymous, a.Warning = reader, "pages of any site can read all of this server, as --cors-origin * says"
	case s.Anonymous == "READER":
		a.Anonymous = reader
	default:
		a.Anonymous = auth.NewIdentity("", auth.Admin)
	}
	if s.Writable && a.Anonymous.Role < auth.Editor {
		hint := "give --auth tokens:FILE, with a file of `throughline token create`, or leave --writable out"
		if by == "" && s.Anonymous == "" {
			hint = "name the origins, such as --cors-origin https://app.example.org, or give --auth tokens:FILE"
		}
		return nil, &UsageError{"--writable, and nobody may write: who shows no token may only read here", hint}
	}
	return a, nil
}
