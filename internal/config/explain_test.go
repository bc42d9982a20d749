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

func TestWritingIsForThisMachineAlone(t *testing.T) {
	for _, q := range []struct {
		writable bool
		address  string
		origins  []string
		want     bool
	}{
		{true, "127.0.0.1", nil, true},
		{true, "::1", []string{"https://app.example.org"}, true},
		{true, "127.0.0.1", []string{"https://app.example.org", "*"}, false},
		{true, "0.0.0.0", nil, false},
		{true, "192.168.1.7", nil, false},
		{false, "0.0.0.0", []string{"*"}, true},
	} {
		s := config.Serve{Writable: q.writable, CORSOrigin: q.origins}
		if err := s.MayWrite(&net.TCPAddr{IP: net.ParseIP(q.address)}); (err == nil) != q.want {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if (&config.Serve{Writable: true}).MayWrite(&net.UnixAddr{Name: "x"}) == nil {
		t.Error("an address that is no TCP address may write")
	}
}
