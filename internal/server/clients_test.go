package server_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/throughline/throughline/internal/server"
)

func TestWhoAsks(t *testing.T) {
	proxies := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48"),
		netip.MustParsePrefix("127.0.0.1/32"),
	}
	for _, c := range []struct {
		from      string
		forwarded []string
		none, all string // without and with trusted proxies
	}{
		{from: "192.0.2.7:5000", none: "192.0.2.7", all: "192.0.2.7"},
		{from: "[2001:db8:2:3:4:5:6:7]:5000", none: "2001:db8:2:3::/64", all: "2001:db8:2:3::/64"},
		{from: "[2001:db8:2:3:ffff::1]:5000", none: "2001:db8:2:3::/64", all: "2001:db8:2:3::/64"},
		{from: "[::ffff:192.0.2.7]:5000", none: "192.0.2.7", all: "192.0.2.7"},
		{from: "[fe80::1%eth0]:5000", none: "fe80::/64", all: "fe80::/64"},
		{from: "@", none: "@", all: "@"},
		// who is no proxy says what it likes
		{from: "192.0.2.7:5000", forwarded: []string{"203.0.113.9"}, none: "192.0.2.7", all: "192.0.2.7"},
		{from: "10.1.2.3:5000", forwarded: []string{"203.0.113.9"}, none: "10.1.2.3", all: "203.0.113.9"},
		{from: "10.1.2.3:5000", none: "10.1.2.3", all: "10.1.2.3"},
		// what the client wrote itself stands first
		{from: "10.1.2.3:5000", forwarded: []string{"1.1.1.1, 203.0.113.9"}, none: "10.1.2.3", all: "203.0.113.9"},
		{
			from: "10.1.2.3:5000", forwarded: []string{"1.1.1.1", "203.0.113.9,10.9.9.9"}, none: "10.1.2.3",
			all: "203.0.113.9",
		},
		{
			from: "127.0.0.1:5000", forwarded: []string{"203.0.113.9:4711, [2001:db8:1::5]:80"}, none: "127.0.0.1",
			all: "203.0.113.9",
		},
		{from: "127.0.0.1:5000", forwarded: []string{"2001:db8:2:3::9"}, none: "127.0.0.1", all: "2001:db8:2:3::/64"},
		{from: "10.1.2.3:5000", forwarded: []string{"10.0.0.1, 10.0.0.2"}, none: "10.1.2.3", all: "10.0.0.1"},
		// what is no address hides what stands before it
		{from: "10.1.2.3:5000", forwarded: []string{"203.0.113.9, unknown"}, none: "10.1.2.3", all: "10.1.2.3"},
		{from: "10.1.2.3:5000", forwarded: []string{"203.0.113.9, , 10.0.0.2"}, none: "10.1.2.3", all: "10.0.0.2"},
	} {
		r := &http.Request{RemoteAddr: c.from, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := server.ByAddress(nil)(r); got != c.none {
			t.Errorf("%s, %q without proxies: %s, want %s", c.from, c.forwarded, got, c.none)
		}
		if got := server.ByAddress(proxies)(r); got != c.all {
			t.Errorf("%s, %q: %s, want %s", c.from, c.forwarded, got, c.all)
		}
	}
}
