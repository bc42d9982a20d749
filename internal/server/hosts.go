package server

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/kg"
)

// localHosts are the names by which a server on a loopback address is answered. A page of any site can have its own
// name lead to 127.0.0.1 (DNS rebinding) and then ask what it likes, as from the same origin: but a browser still sends
// the site's name.
type localHosts struct{ names []string }

// hostsOf returns the names that an address answers to, nil for any.
func hostsOf(addr net.Addr, allowed []string) *localHosts {
	t, ok := addr.(*net.TCPAddr)
	if !ok || !t.IP.IsLoopback() {
		return nil
	}
	h := &localHosts{names: []string{"localhost", "127.0.0.1", "::1", t.IP.String()}}
	for _, name := range allowed {
		h.names = append(h.names, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return h
}

// allows reports whether a request may name this host.
func (h *localHosts) allows(host string) bool {
	if h == nil {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return slices.Contains(h.names, strings.ToLower(strings.TrimSuffix(host, ".")))
}

func misdirected(w http.ResponseWriter) {
	writeError(w, http.StatusMisdirectedRequest, kg.Misdirected,
		"this server answers to localhost and its own address; name others with --allowed-host")
}

// LocalHosts has a handler on a loopback address answer only requests that name it, or one of the names that are
// allowed.
func LocalHosts(addr net.Addr, allowed []string, next http.Handler) http.Handler {
	h := hostsOf(addr, allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.allows(r.Host) {
			misdirected(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
