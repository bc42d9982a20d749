package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ByAddress returns which client a request is of: the address it came from, of IPv6 the network of 64 bits that one
// household or machine has for itself. Where it came from a proxy that is trusted, the client is what X-Forwarded-For
// names last that is no such proxy: what stands before was written by whoever wanted to.
func ByAddress(proxies []netip.Prefix) func(*http.Request) string {
	trusted := func(a netip.Addr) bool { return within(proxies, a) }
	return func(r *http.Request) string {
		a, ok := peer(r)
		if !ok {
			return r.RemoteAddr // all of them are one client
		}
		if len(proxies) > 0 && trusted(a) {
			hops := forwarded(r, "X-Forwarded-For")
			for i := len(hops) - 1; i >= 0 && trusted(a); i-- {
				hop, ok := address(hops[i])
				if !ok {
					break
				}
				a = hop
			}
		}
		if a.Is4() {
			return a.String()
		}
		p, _ := a.Prefix(64) // an address of IPv6 has them
		return p.String()
	}
}

// peer returns the address that a request came from; false where that is of no network.
func peer(r *http.Request) (netip.Addr, bool) {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	return p.Addr().Unmap().WithZone(""), err == nil
}

// forwarded returns what each proxy on the way wrote into a header, the last of them last.
func forwarded(r *http.Request, name string) []string {
	return strings.Split(strings.Join(r.Header.Values(name), ","), ",")
}

// within reports whether one of some networks contains an address.
func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// address reads an address as proxies write it: some with its port, IPv6 then in brackets.
func address(s string) (netip.Addr, bool) {
	s = strings.Trim(strings.TrimSpace(s), `"`)
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return a, false
		}
		a = withPort.Addr()
	}
	return a.Unmap().WithZone(""), true
}
