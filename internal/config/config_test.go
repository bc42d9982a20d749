package config_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/plan"
)

// fields calls visit for each setting of a struct, those of embedded ones too.
func fields(t reflect.Type, visit func(reflect.StructField)) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			fields(f.Type, visit)
		} else {
			visit(f)
		}
	}
}

func TestEachSettingIsAFlagAVariableAndASentence(t *testing.T) {
	for _, s := range []any{config.Store{}, config.Serve{}} {
		fields(reflect.TypeOf(s), func(f reflect.StructField) {
			name, env, help := f.Tag.Get("name"), f.Tag.Get("env"), f.Tag.Get("help")
			if want := "THROUGHLINE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")); name == "" || env != want {
				t.Errorf("%s: --%s has the variable %s, want %s", f.Name, name, env, want)
			}
			if !strings.HasSuffix(help, ".") {
				t.Errorf("--%s: help %q", name, help)
			}
		})
	}
}

// TestTheDefaultsAreThoseOfThePlan: a limit stands in two places, as a flag's text and as a number.
func TestTheDefaultsAreThoseOfThePlan(t *testing.T) {
	want := reflect.ValueOf(plan.DefaultLimits())
	fields(reflect.TypeOf(config.Limits{}), func(f reflect.StructField) {
		got := f.Tag.Get("default")
		v := want.FieldByName(f.Name)
		text := fmt.Sprint(v.Interface())
		if got != text {
			t.Errorf("--%s: %s, want %s", f.Tag.Get("name"), got, text)
		}
	})
}

func none(string) string { return "" }

func TestChoose(t *testing.T) {
	env := func(k string) string { return map[string]string{"XDG_DATA_HOME": "/data", "HOME": "/home/x"}[k] }
	for _, c := range []struct {
		store, dir string
		kind       config.Kind
		where      string
	}{
		{"", "", config.SQLite, "/data/throughline/throughline.db"},
		{"", "/other", config.SQLite, "/other/throughline.db"},
		{"sqlite:g.db", "", config.SQLite, "g.db"},
		{"sqlite:/a/g.db", "/other", config.SQLite, "/a/g.db"},
		{"sqlite:///a/g.db", "", config.SQLite, "/a/g.db"},
		{"memory:", "", config.Memory, ""},
		{"bolt://localhost:7687", "", config.Neo4j, "bolt://localhost:7687"},
		{"neo4j+s://graph.example.org", "", config.Neo4j, "neo4j+s://graph.example.org"},
	} {
		s := config.Store{Store: c.store, DataDir: c.dir}
		kind, where, err := s.Choose(env)
		if err != nil || kind != c.kind || where != c.where {
			t.Errorf("%q: %v %q %v", c.store, kind, where, err)
		}
	}
	for _, bad := range []string{
		"postgres://x", "sqlite:", "bolt:", "neo4j://", "neo4j://user:secret@localhost",
		"bolt://user@localhost", "g.db",
	} {
		s := config.Store{Store: bad}
		_, _, err := s.Choose(none)
		var usage *config.UsageError
		if !errors.As(err, &usage) || usage.Hint == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// good are settings that are all right.
func good() config.Serve {
	return config.Serve{
		CacheControl: "no-cache", MaxBody: 1, MaxImport: 1, MaxConcurrent: 1, Grace: 1, MaxOperationMemory: 1,
		Limits: config.Limits{
			MaxDepth: 1, MaxCost: 1, MaxRootFields: 1, MaxTokens: 1, MaxErrors: 1, MaxRows: 1,
			MaxNodes: 1, MaxAnswer: 1, Timeout: 1,
		},
	}
}

func TestValidate(t *testing.T) {
	ok := good()
	ok.CORSOrigin = []string{
		"*", "https://app.example.org", "http://localhost:3000", "https://*.example.org",
		"http://*.localhost:3000", "capacitor://localhost", "https://*.EXAMPLE.org:8443",
	}
	ok.CORSHeader = []string{"X-Tenant", "*"}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	for flag, spoil := range map[string]func(*config.Serve){
		"max-depth": func(s *config.Serve) { s.MaxDepth = 0 }, "max-cost": func(s *config.Serve) { s.MaxCost = 0 }, "max-root-fields": func(s *config.Serve) { s.MaxRootFields = -1 },
		"max-tokens": func(s *config.Serve) { s.MaxTokens = 0 }, "max-errors": func(s *config.Serve) { s.MaxErrors = 0 }, "max-nodes": func(s *config.Serve) { s.MaxNodes = 0 }, "max-rows": func(s *config.Serve) { s.MaxRows = 0 },
		"timeout": func(s *config.Serve) { s.Timeout = -1 }, "max-body": func(s *config.Serve) { s.MaxBody = 0 }, "max-import": func(s *config.Serve) { s.MaxImport = 0 }, "max-concurrent": func(s *config.Serve) { s.MaxConcurrent = -1 },
		"grace": func(s *config.Serve) { s.Grace = -1 }, "max-aliases": func(s *config.Serve) { s.MaxAliases = -1 },
		"max-answer": func(s *config.Serve) { s.MaxAnswer = 0 }, "max-memory": func(s *config.Serve) { s.MaxMemory = 1 << 20 }, "max-operation-memory": func(s *config.Serve) { s.MaxOperationMemory = 0 },
		"allowed-host":   func(s *config.Serve) { s.AllowedHost = []string{"graph.example.org:80"} },
		"cors-origin":    func(s *config.Serve) { s.CORSOrigin = []string{"https://app.example.org/path"} },
		"cache-control":  func(s *config.Serve) { s.CacheControl = "public, max-age" },
		"documents-only": func(s *config.Serve) { s.DocumentsOnly = true },
		"mcp-writes,":    func(s *config.Serve) { s.MCPWrites = true },
		"cors-header":    func(s *config.Serve) { s.CORSHeader = []string{"X-Good", "X Bad"} },
	} {
		s := good()
		spoil(&s)
		var usage *config.UsageError
		if err := s.Validate(); !errors.As(err, &usage) || !strings.HasPrefix(usage.Problem, "--"+flag+" ") ||
			usage.Hint == "" {
			t.Errorf("--%s: %v", flag, err)
		}
	}
	for _, origin := range []string{
		"app.example.org", "https://*", "https://*.org", "https://*.org.", "https://*example.org", "https://app.*.org", "https://*.*.example.org", "*.example.org", "https://", "https://:80",
		"https://app.example.org?x", "https://app.example.org#x", "https://user@app.example.org", "https://app.example.org/", "", "**", "null", "https://a b",
	} {
		s := good()
		s.CORSOrigin = []string{origin}
		if s.Validate() == nil {
			t.Errorf("origin %q is taken", origin)
		}
	}
}

func TestCacheControl(t *testing.T) {
	for value, want := range map[string]bool{
		"no-cache": true, "public, max-age=60": true, "Public,S-MaxAge=5 , stale-while-revalidate=30": true, "private, no-store": true, "max-age=0": true,
		"": false, "nostore": false, "public max-age=60": false, "max-age=1m": false, "max-age=-1": false, "max-age": false, "public=1": false,
		"public,": false, "max-age=60\r\nX: y": false, "max-age=99999999999": false,
	} {
		s := good()
		s.CacheControl = value
		if err := s.Validate(); (err == nil) != want {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestDataDir(t *testing.T) {
	for name, c := range map[string]struct{ env, want string }{
		"relative XDG is passed over": {"relative", "/home/x/.local/share/throughline"},
		"absolute XDG":                {"/xdg", "/xdg/throughline"},
	} {
		got, err := config.DataDir(func(k string) string {
			return map[string]string{
				"XDG_DATA_HOME": c.env,
				"HOME":          "/home/x",
			}[k]
		})
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}
