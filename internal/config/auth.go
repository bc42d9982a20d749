package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/issuer"
)

// Access says who may ask a server, and what.
type Access struct {
	// Tokens is the file of tokens; "" for none. Issuer says that an issuer signs tokens. Without either nobody is
	// asked for one.
	Tokens string
	Issuer bool
	// Anonymous is who shows no token; nil refuses them.
	Anonymous *auth.Identity
	// Warning is what whoever keeps the server should know; "" for nothing.
	Warning string
}

// OIDC says which issuer signs tokens, and what they mean.
type OIDC struct {
	Issuer       string   `name:"oidc-issuer" env:"THROUGHLINE_OIDC_ISSUER" placeholder:"URL" help:"Address of the issuer of tokens for --auth oidc, exactly as its tokens have it, such as https://id.example.org/realms/house."`
	ClientID     string   `name:"oidc-client-id" env:"THROUGHLINE_OIDC_CLIENT_ID" placeholder:"NAME" help:"Name of this server at the issuer."`
	SecretFile   string   `name:"oidc-client-secret-file" env:"THROUGHLINE_OIDC_CLIENT_SECRET_FILE" placeholder:"FILE" help:"File with the secret of this server at the issuer; or set THROUGHLINE_OIDC_CLIENT_SECRET in the environment. Neither for a public client."`
	Audience     string   `name:"oidc-audience" env:"THROUGHLINE_OIDC_AUDIENCE" placeholder:"NAME" help:"Whom the tokens that programs show are for (aud). Default: --oidc-client-id."`
	SubjectClaim string   `name:"oidc-subject-claim" env:"THROUGHLINE_OIDC_SUBJECT_CLAIM" default:"sub" placeholder:"CLAIM" help:"Claim with the name that changes are written down under, such as preferred_username where the issuer never gives one away again."`
	RoleClaim    string   `name:"oidc-role-claim" env:"THROUGHLINE_OIDC_ROLE_CLAIM" default:"roles" placeholder:"CLAIM" help:"Claim with what somebody is, a text or a list; dots lead into objects, as in realm_access.roles."`
	Role         []string `name:"oidc-role" env:"THROUGHLINE_OIDC_ROLE" placeholder:"VALUE=ROLE" help:"What a value of that claim means: READER, EDITOR, CURATOR or ADMIN, as graph-writers=EDITOR; repeatable. Of several the highest counts. Default: the names of the roles themselves."`
}

// Roles returns what values of the claim of roles mean.
func (o *OIDC) Roles() (map[string]auth.Role, error) {
	roles := map[string]auth.Role{}
	for _, text := range o.Role {
		at := strings.LastIndexByte(text, '=')
		role, ok := auth.ParseRole(text[at+1:])
		if at < 1 || !ok {
			return nil, &UsageError{
				fmt.Sprintf("--oidc-role %q names no value and role", text),
				"write it as graph-writers=EDITOR, with READER, EDITOR, CURATOR or ADMIN",
			}
		}
		if was, some := roles[text[:at]]; some && was != role {
			return nil, &UsageError{fmt.Sprintf("--oidc-role has two roles for %q", text[:at]), "give it one"}
		}
		roles[text[:at]] = role
	}
	if len(o.Role) == 0 {
		for r := auth.Reader; r <= auth.Admin; r++ {
			roles[r.String()] = r
		}
	}
	return roles, nil
}

// check returns what is wrong.
func (o *OIDC) check() error {
	switch {
	case o.Issuer == "":
		return &UsageError{"--auth oidc, and no issuer", "name it by --oidc-issuer, such as https://id.example.org/realms/house"}
	case o.ClientID == "":
		return &UsageError{"--auth oidc, and no name of this server there", "give it by --oidc-client-id"}
	case o.SubjectClaim == "" || o.RoleClaim == "":
		return &UsageError{"a claim without a name", "leave --oidc-subject-claim and --oidc-role-claim out for sub and roles"}
	}
	for _, claim := range [][2]string{{"--oidc-subject-claim", o.SubjectClaim}, {"--oidc-role-claim", o.RoleClaim}} {
		if slices.Contains(strings.Split(claim[1], "."), "") {
			return &UsageError{
				fmt.Sprintf("%s %q has a dot with no name beside it", claim[0], claim[1]),
				"write it as realm_access.roles, where dots lead into objects",
			}
		}
	}
	if err := issuer.CheckURL(o.Issuer); err != nil {
		return &UsageError{
			fmt.Sprintf("--oidc-issuer %q %v", shown(o.Issuer), err),
			"write it as https://id.example.org/realms/house; http:// is for an issuer on this machine alone",
		}
	}
	_, err := o.Roles()
	return err
}

// shown returns an address as an error repeats it: without a user and a password.
func shown(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	scheme, _, some := strings.Cut(address[:at], "//")
	if !some {
		return "…" + address[at:]
	}
	return scheme + "//…" + address[at:]
}

// given returns a flag that speaks of an issuer; "" for none.
func (o *OIDC) given() string {
	switch {
	case o.Issuer != "":
		return "--oidc-issuer"
	case o.ClientID != "":
		return "--oidc-client-id"
	case o.SecretFile != "":
		return "--oidc-client-secret-file"
	case o.Audience != "":
		return "--oidc-audience"
	case len(o.Role) > 0:
		return "--oidc-role"
	}
	return ""
}

const authHint = "write none, tokens:FILE or oidc"

// checkAuth returns what is wrong with --auth and --anonymous whatever the address is.
func (s *Serve) checkAuth() error {
	how, file, _ := strings.Cut(s.Auth, ":")
	if flag := s.OIDC.given(); flag != "" && how != "oidc" {
		return &UsageError{flag + " without --auth oidc: nobody would ask the issuer", "add --auth oidc"}
	}
	switch {
	case s.Auth == "oidc":
		return s.OIDC.check()
	case s.Auth == "" || s.Auth == "none":
		if s.Anonymous == "none" {
			return &UsageError{"--anonymous none without tokens leaves nobody who may ask", "add --auth tokens:FILE"}
		}
	case how == "oidc":
		return &UsageError{"--auth oidc takes nothing behind it", "write --auth oidc, and name the issuer by --oidc-issuer"}
	case how != "tokens":
		return &UsageError{fmt.Sprintf("--auth %q is no way to know who asks", how), authHint}
	case file == "":
		return &UsageError{"--auth tokens: names no file", "write it as tokens:FILE, with a file of `throughline token create`"}
	}
	return nil
}

// reachable returns the flag by which others than programs of this machine can ask a server on this address; "" when
// none can. They reach a loopback address through a proxy on the same machine.
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

// Access returns who may ask on this address. Where others than this machine can ask, --auth must be given, and with
// none they may only read.
func (s *Serve) Access(addr net.Addr) (*Access, error) {
	a := &Access{}
	reader := auth.NewIdentity("", auth.Reader)
	file, ok := strings.CutPrefix(s.Auth, "tokens:")
	if a.Issuer = s.Auth == "oidc"; ok || a.Issuer {
		if ok {
			a.Tokens = file
		}
		if s.Anonymous == "READER" {
			a.Anonymous = reader
		}
		if a.Issuer && s.PublicURL != "" && issuer.CheckURL(s.PublicURL) != nil {
			a.Warning = "logins and sessions can be read on their way, as --public-url names another machine without TLS: write https://"
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
