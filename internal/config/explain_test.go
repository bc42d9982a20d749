package config_test

import (
	"net"
	"testing"

	"github.com/throughline/throughline/internal/config"
)

func TestExplainsOnLoopbackOnly(t *testing.T) {
	for _, q := range []struct {
		setting, address string
		want             bool
	}{
		{"auto", "127.0.0.1", true},
		{"auto", "127.8.0.1", true},
		{"auto", "::1", true},
		{"auto", "0.0.0.0", false},
		{"auto", "::", false},
		{"auto", "192.168.1.7", false},
		{"on", "0.0.0.0", true},
		{"off", "127.0.0.1", false},
	} {
		s := config.Serve{Explain: q.setting}
		if got := s.Explains(&net.TCPAddr{IP: net.ParseIP(q.address)}); got != q.want {
			t.Errorf("%s on %s: %v", q.setting, q.address, got)
		}
	}
	if (&config.Serve{Explain: "auto"}).Explains(&net.UnixAddr{Name: "x"}) {
		t.Error("auto explains on an address that is no TCP address")
	}
}
