package config_test

import (
	"errors"
	"net"
	"strings"
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

// TestWhatIsWrongWithAnIssuer is told, and a password never.
func TestWhatIsWrongWithAnIssuer(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*config.Serve)
		says  string // "" where nothing is wrong
	}{
		"nothing":            {func(*config.Serve) {}, ""},
		"a claim of a URL":   {func(s *config.Serve) { s.RoleClaim = "https://a.b/roles" }, ""},
		"a password":         {func(s *config.Serve) { s.Issuer = "https://ann:pass@id.example" }, `"https://…@id.example" has a user or a password in it`},
		"a password with @":  {func(s *config.Serve) { s.Issuer = "https://ann:pa@pass@id.example" }, `"https://…@id.example"`},
		"a password with %":  {func(s *config.Serve) { s.Issuer = "https://ann:pass%zz@id.example" }, `"https://…@id.example" is no address of an issuer`},
		"a password with /":  {func(s *config.Serve) { s.Issuer = "https://ann:a/pass@id.example" }, `"https://…@id.example" is no address of an issuer`},
		"no scheme":          {func(s *config.Serve) { s.Issuer = "ann:pass@id.example" }, `"…@id.example"`},
		"a public password":  {func(s *config.Serve) { s.PublicURL = "https://ann:pass@graph.example" }, `--public-url "https://…@graph.example"`},
		"a password of CORS": {func(s *config.Serve) { s.CORSOrigin = []string{"https://ann:pass@a.example"} }, `--cors-origin "https://…@a.example"`},
		"a claim of nothing": {func(s *config.Serve) { s.RoleClaim = "a..b" }, `--oidc-role-claim "a..b" has a dot with no name beside it`},
		"a dot first":        {func(s *config.Serve) { s.RoleClaim = ".roles" }, "--oidc-role-claim"},
		"a dot last":         {func(s *config.Serve) { s.SubjectClaim = "sub." }, "--oidc-subject-claim"},
		"an issuer behind it": {
			func(s *config.Serve) { s.Auth = "oidc:https://id.example" },
			"--auth oidc takes nothing behind it: write --auth oidc, and name the issuer by --oidc-issuer",
		},
		"an issuer behind it alone": {
			func(s *config.Serve) { s.Auth, s.OIDC = "oidc:https://id.example", config.OIDC{} },
			"--auth oidc takes nothing behind it: write --auth oidc, and name the issuer by --oidc-issuer",
		},
	} {
		s := good()
		s.Auth, s.OIDC = "oidc", config.OIDC{Issuer: "https://id.example", ClientID: "x", SubjectClaim: "sub", RoleClaim: "roles"}
		c.spoil(&s)
		err := s.Validate()
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "pass@") || strings.Contains(err.Error(), "ann") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := (&config.Store{Store: "neo4j://ann:pass%zz@localhost"}).Choose(nil)
	if err == nil || strings.Contains(err.Error(), "pass") {
		t.Error(err)
	}
}

// TestAPublicAddressWithoutTLS is warned of, unless it is this machine's.
func TestAPublicAddressWithoutTLS(t *testing.T) {
	for address, warns := range map[string]bool{
		"": false, "https://graph.example": false, "http://localhost:8080": false, "http://127.0.0.1": false, "http://[::1]:80": false,
		"http://graph.example": true, "http://192.168.1.7:8080": true,
	} {
		s := &config.Serve{Auth: "oidc", PublicURL: address}
		a, err := s.Access(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil || (a.Warning != "") != warns {
			t.Errorf("%q: %+v %v", address, a, err)
		}
	}
}
