package config_test

import (
	"errors"
	"net"
	"testing"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/config"
)

// TestWhoMayAsk: on a loopback address everybody may everything; where others can ask, somebody has to say so.
func TestWhoMayAsk(t *testing.T) {
	all := func(s string) []string { return []string{s} }
	for name, c := range map[string]struct {
		address string
		s       config.Serve
		want    auth.Role // of who shows no token
		warns   bool
		refused bool
	}{
		"loopback":                                {"127.0.0.1", config.Serve{}, auth.Admin, false, false},
		"loopback of IPv6":                        {"::1", config.Serve{}, auth.Admin, false, false},
		"loopback, said":                          {"127.8.0.1", config.Serve{Auth: "none"}, auth.Admin, false, false},
		"loopback, to read":                       {"127.0.0.1", config.Serve{Anonymous: "READER"}, auth.Reader, false, false},
		"loopback, pages of an origin":            {"127.0.0.1", config.Serve{CORSOrigin: all("https://a.example")}, auth.Admin, false, false},
		"loopback, pages of all":                  {"127.0.0.1", config.Serve{CORSOrigin: all("*")}, auth.Reader, true, false},
		"loopback behind a proxy":                 {"127.0.0.1", config.Serve{TrustedProxy: all("127.0.0.1")}, 0, false, true},
		"loopback by another name":                {"127.0.0.1", config.Serve{AllowedHost: all("a.example")}, 0, false, true},
		"loopback by another name, said":          {"127.0.0.1", config.Serve{AllowedHost: all("a.example"), Auth: "none"}, auth.Reader, true, false},
		"any address":                             {"0.0.0.0", config.Serve{}, 0, false, true},
		"any address, anonymous":                  {"0.0.0.0", config.Serve{Anonymous: "READER"}, 0, false, true},
		"any of IPv6":                             {"::", config.Serve{}, 0, false, true},
		"a private address":                       {"192.168.1.7", config.Serve{}, 0, false, true},
		"any address, said":                       {"0.0.0.0", config.Serve{Auth: "none"}, auth.Reader, true, false},
		"any address, said twice":                 {"0.0.0.0", config.Serve{Auth: "none", Anonymous: "READER"}, auth.Reader, true, false},
		"loopback, to write":                      {"127.0.0.1", config.Serve{Writable: true}, auth.Admin, false, false},
		"loopback, pages of an origin that write": {"::1", config.Serve{Writable: true, CORSOrigin: all("https://a.example")}, auth.Admin, false, false},
		"loopback, pages of all that write":       {"127.0.0.1", config.Serve{Writable: true, CORSOrigin: append(all("https://a.example"), "*")}, 0, false, true},
		"loopback, to read and to write":          {"127.0.0.1", config.Serve{Writable: true, Anonymous: "READER"}, 0, false, true},
		"any address, to write":                   {"0.0.0.0", config.Serve{Writable: true, Auth: "none"}, 0, false, true},
		"tokens, to write":                        {"0.0.0.0", config.Serve{Writable: true, Auth: "tokens:f", Anonymous: "READER"}, auth.Reader, false, false},
		"tokens":                                  {"0.0.0.0", config.Serve{Auth: "tokens:f"}, auth.Nobody, false, false},
		"tokens on loopback":                      {"127.0.0.1", config.Serve{Auth: "tokens:f"}, auth.Nobody, false, false},
		"tokens, and none without":                {"0.0.0.0", config.Serve{Auth: "tokens:f", Anonymous: "none"}, auth.Nobody, false, false},
		"tokens, and readers without one":         {"0.0.0.0", config.Serve{Auth: "tokens:f", Anonymous: "READER"}, auth.Reader, false, false},
		"an issuer":                               {"0.0.0.0", config.Serve{Auth: "oidc"}, auth.Nobody, false, false},
		"an issuer, and readers without a token":  {"0.0.0.0", config.Serve{Auth: "oidc", Anonymous: "READER"}, auth.Reader, false, false},
		"an issuer, to write":                     {"127.0.0.1", config.Serve{Auth: "oidc", Writable: true}, auth.Nobody, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := c.s.Access(&net.TCPAddr{IP: net.ParseIP(c.address)})
			var usage *config.UsageError
			if c.refused {
				if !errors.As(err, &usage) {
					t.Errorf("%+v %v", a, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			role := auth.Nobody
			if a.Anonymous != nil {
				role = a.Anonymous.Role
			}
			if role != c.want || (a.Warning != "") != c.warns || (a.Tokens == "f") != (c.s.Auth == "tokens:f") ||
				a.Issuer != (c.s.Auth == "oidc") {
				t.Errorf("%s: %+v", role, a)
			}
		})
	}
	if _, err := (&config.Serve{}).Access(&net.UnixAddr{Name: "x"}); err == nil {
		t.Error("an address that is no TCP address is taken for a loopback address")
	}
}

// TestRolesOfAnIssuer: what its values mean is said, or is their own name.
func TestRolesOfAnIssuer(t *testing.T) {
	for _, c := range []struct {
		given []string
		value string
		want  auth.Role
	}{
		{nil, "EDITOR", auth.Editor},
		{nil, "editor", auth.Nobody},
		{[]string{"writers=EDITOR", "a=b=ADMIN"}, "writers", auth.Editor},
		{[]string{"writers=EDITOR", "a=b=ADMIN"}, "a=b", auth.Admin},
		{[]string{"writers=EDITOR", "writers=EDITOR"}, "EDITOR", auth.Nobody},
	} {
		roles, err := (&config.OIDC{Role: c.given}).Roles()
		if err != nil || roles[c.value] != c.want {
			t.Errorf("%q: %v %v", c.given, roles, err)
		}
	}
	for _, given := range []string{"", "writers", "=EDITOR", "writers=", "writers=editor", "EDITOR"} {
		if roles, err := (&config.OIDC{Role: []string{given}}).Roles(); err == nil {
			t.Errorf("%q: %v", given, roles)
		}
	}
}
