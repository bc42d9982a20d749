package neo4jstore

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// UnreachableError reports why a server does not answer, as far as that can be found out from here. It may answer
// later.
type UnreachableError struct{ Reason string }

// Error is the reason.
func (e *UnreachableError) Error() string { return e.Reason }

// reachTime bounds each step of finding out.
const reachTime = 2 * time.Second

// boltPort is where Neo4j speaks Bolt unless it is set otherwise.
const boltPort = "7687"

// unreachable finds out why a server does not answer: the driver tells it in words only.
func unreachable(ctx context.Context, address string) *UnreachableError {
	u, err := url.Parse(address)
	if err != nil {
		return &UnreachableError{"that is not an address"}
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), boltPort)
	}
	conn, reason := dial(ctx, host)
	if reason != "" {
		return &UnreachableError{reason}
	}
	defer conn.Close() //nolint:errcheck // it was only looked at
	if _, kind, _ := strings.Cut(u.Scheme, "+"); kind != "" {
		return &UnreachableError{shakes(ctx, conn, &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: kind == "ssc"})} //nolint:gosec // as the address says
	}
	if speaksBolt(conn) {
		return &UnreachableError{notReady}
	}
	again, reason := dial(ctx, host)
	if reason != "" {
		return &UnreachableError{reason}
	}
	defer again.Close()                                                                                  //nolint:errcheck // it was only looked at
	if shakes(ctx, again, &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: true}) == notReady { //nolint:gosec // nothing is sent
		return &UnreachableError{"that port speaks TLS; write +s behind the first word of the address, such as bolt+s://"}
	}
	return &UnreachableError{"what listens there does not speak Bolt; Neo4j does so on port " + boltPort +
		" unless it is set otherwise"}
}

const notReady = "something listens there but is not ready yet; is it starting?"

func dial(ctx context.Context, host string) (net.Conn, string) {
	conn, err := (&net.Dialer{Timeout: reachTime}).DialContext(ctx, "tcp", host)
	var dns *net.DNSError
	switch {
	case err == nil:
		_ = conn.SetDeadline(time.Now().Add(reachTime)) // an open connection takes one
		return conn, ""
	case errors.As(err, &dns) && dns.IsNotFound:
		return nil, "there is no host of that name"
	case errors.As(err, &dns):
		return nil, "the name of the host cannot be looked up now"
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, "nothing listens there; is it running?"
	}
	return nil, "nothing came back from there; is the host right, and no firewall between?"
}

// shakes tries TLS, and returns notReady when that works.
func shakes(ctx context.Context, conn net.Conn, c *tls.Config) string {
	var untrusted *tls.CertificateVerificationError
	switch err := tls.Client(conn, c).HandshakeContext(ctx); {
	case err == nil:
		return notReady
	case errors.As(err, &untrusted):
		return "its certificate is not trusted; have this machine trust it, or write +ssc instead of +s to trust any"
	}
	return "that port does not speak TLS; write the address without +s, or turn TLS on at Neo4j"
}

// speaksBolt offers versions of Bolt and reports whether one is taken
// (https://neo4j.com/docs/bolt/current/bolt/handshake/).
func speaksBolt(conn net.Conn) bool {
	offer := [20]byte{0x60, 0x60, 0xb0, 0x17, 0, 8, 8, 5, 0, 0, 4, 4}
	if _, err := conn.Write(offer[:]); err != nil {
		return false
	}
	var taken [4]byte
	_, err := io.ReadFull(conn, taken[:])
	return err == nil && string(taken[:]) != "HTTP" && taken[3] != 0
}
