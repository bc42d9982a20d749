package issuer

import (
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/auth"
)

// identity returns who claims name, and their role here.
func (i *Issuer) identity(claims map[string]any) (*auth.Identity, error) {
	subject, _ := find(claims, i.o.SubjectClaim).(string)
	if err := auth.CheckSubject(subject); err != nil {
		return nil, &auth.RefusedError{Problem: fmt.Sprintf("has no %s that could be somebody's name", i.o.SubjectClaim)}
	}
	if verified, some := claims["email_verified"].(bool); i.o.SubjectClaim == "email" && some && !verified {
		return nil, &auth.RefusedError{Problem: "has an email that its issuer has not verified"}
	}
	role := i.o.Otherwise
	for _, value := range texts(find(claims, i.o.RoleClaim), i.o.RoleClaim) {
		role = max(role, i.o.Roles[value])
	}
	if role == auth.Nobody {
		return nil, auth.ErrNoRole
	}
	return auth.NewIdentity(subject, role), nil
}

// find returns a claim by its name; nil for none. A name with dots leads into objects, as realm_access.roles does. It
// is looked for as a whole first, as names of claims may have dots themselves (https://example.org/roles).
func find(claims map[string]any, name string) any {
	if v, some := claims[name]; some {
		return v
	}
	for n := range len(name) {
		if name[n] != '.' {
			continue
		}
		if inner, ok := claims[name[:n]].(map[string]any); ok {
			if v := find(inner, name[n+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

// texts returns the values of a claim: a text is one, a list is those of its items that are texts. In scope and scp
// alone a text holds several, between blanks (RFC 8693 section 4.2).
func texts(claim any, name string) []string {
	switch v := claim.(type) {
	case string:
		if name == "scope" || name == "scp" {
			return strings.Fields(v)
		}
		return []string{v}
	case []any:
		var all []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}
