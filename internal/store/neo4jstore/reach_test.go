package neo4jstore

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWhyAServerDoesNotAnswer: a wrong host, a refused connection, a port without TLS, one with it, a certificate
// nobody trusts and what is no Neo4j are told apart.
func TestWhyAServerDoesNotAnswer(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	defer secure.Close()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := nobody.Addr().String()
	_ = nobody.Close()
	for _, c := range []struct{ address, want string }{
		{"bolt://" + free, "nothing listens there"},
		{"neo4j+s://" + free, "nothing listens there"},
		{"bolt://no-such-host.invalid", "host"},
		{"bolt+s://" + plain.Listener.Addr().String(), "does not speak TLS"},
		{"neo4j+ssc://" + plain.Listener.Addr().String(), "does not speak TLS"},
		{"neo4j+s://" + secure.Listener.Addr().String(), "certificate is not trusted"},
		{"neo4j://" + secure.Listener.Addr().String(), "speaks TLS; write +s"},
		{"neo4j://" + plain.Listener.Addr().String(), "does not speak Bolt"},
	} {
		if got := unreachable(t.Context(), c.address).Error(); !strings.Contains(got, c.want) ||
			strings.Contains(got, free) {
			t.Errorf("%s: %s, want %s", c.address, got, c.want)
		}
	}
}

func TestTheAddressNamesADatabase(t *testing.T) {
	for given, want := range map[string]string{
		"neo4j://db:7687":             "neo4j://db:7687 ",
		"neo4j://db:7687/":            "neo4j://db:7687 ",
		"bolt+s://db/graph":           "bolt+s://db graph",
		"neo4j://db/my.graph-2":       "neo4j://db my.graph-2",
		"neo4j://db/a/b":              "",
		"neo4j://db/graph?x=1":        "",
		"neo4j://db?database=graph":   "",
		"neo4j://db/graph#x":          "",
		"neo4j://db/2graphs":          "",
		"neo4j://db/no%20name":        "",
		"neo4j://u:p@db/graph":        "",
		"http://db/graph":             "",
		"neo4j://db/db/data/transact": "",
	} {
		server, database, err := address(given)
		var setup *SetupError
		if want == "" {
			if !errors.As(err, &setup) {
				t.Errorf("%s: %v", given, err)
			}
		} else if err != nil || server+" "+database != want {
			t.Errorf("%s: %q, %q, %v", given, server, database, err)
		}
	}
}
