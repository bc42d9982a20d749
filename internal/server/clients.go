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
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return r.RemoteAddr // of no network: all of them are one client
		}
		a := peer.Addr().Unmap().WithZone("")
		if len(proxies) > 0 && trusted(a) {
			hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
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

// within reports whether an address is of one of some networks.
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
