package server

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/text"
)

// slow reads a request as post does without quick.
func slow(s *Server, body []byte) *graph.Request {
	var m wire
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' ||
		json.Unmarshal(body, &m) != nil || text.LoneSurrogate(body) {
		return nil
	}
	r, no := s.request(&m, false)
	if no != nil {
		return nil
	}
	return r
}

// usual are requests that must be read quickly, odd ones that must not be.
var (
	usual = []string{
		`{"query":"{ a }"}`, ` { "query" : "{ a }" , "variables" : { } } `, `{"variables":{"id":"p1","n":12,"t":true,"f":false,"z":null},"query":"query A($id: ID!) {\n\ta }"}`,
		`{"operationName":"A","query":"{ a(x: \"b\\\\c\") }"}`, `{"query":"{ é }","variables":{"é":"ü"}}`,
	}
	odd = []string{
		``, `{`, `{}`, `[]`, `null`, `{"query":1}`, `{"query":""}`, `{"query":"a"} x`, `{"query":"a","query":"b"}`, `{"query":"a","variables":[]}`, `{"query":"a","variables":null}`,
		`{"query":"a","variables":{"x":{"y":1}}}`, `{"query":"a","variables":{"x":[1]}}`, `{"query":"a","variables":{"x":1.5}}`, `{"query":"a","variables":{"x":01}}`, `{"query":"a","variables":{"x":-1}}`,
		`{"query":"a","variables":{"x":1,"x":2}}`, `{"query":"a","extensions":{}}`, `{"Query":"a"}`, `{"query":"\u0041"}`, `{"query":"\ud800"}`, `{"query":"a` +
			"\x00" + `"}`, `{"query":"a`,
		`{"query":"a",}`, `{"query":"a","variables":{"x":tru}}`, `{"query":"a","variables":{"x":1e5}}`, `{"query":"a","operationName":null}`, `{"query":"a\`, `{"query":"a\"}`,
		`{"query":"a"}` + "\x00", `{"query":"a"}` + "\x00 x", `{"query":"a","variables":{"x":1` + "\x00" + `}}`,
	}
)

func TestQuickReadsAsTheRest(t *testing.T) {
	s := &Server{}
	s.persisted = bounded.New[string, string](persistedBytes)
	for _, body := range usual {
		got, ok := quick([]byte(body))
		if want := slow(s, []byte(body)); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read quickly as %+v (%v) and otherwise as %+v", body, got, ok, want)
		}
	}
	for _, body := range odd {
		if got, ok := quick([]byte(body)); ok {
			t.Errorf("%s is read quickly, as %+v", body, got)
		}
	}
}

func FuzzQuick(f *testing.F) {
	for _, body := range append(usual, odd...) {
		f.Add([]byte(body))
	}
	s := &Server{}
	s.persisted = bounded.New[string, string](persistedBytes)
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := quick(body)
		if !ok || !utf8.Valid(body) { // post has seen to that
			return
		}
		want := slow(s, body)
		if want == nil || got.Query != want.Query || got.OperationName != want.OperationName ||
			len(got.Variables) != len(want.Variables) {
			t.Fatalf("read quickly as %+v and otherwise as %+v", got, want)
		}
		for k, v := range want.Variables {
			if !reflect.DeepEqual(got.Variables[k], v) {
				t.Fatalf("variable %q is read quickly as %v and otherwise as %v", k, got.Variables[k], v)
			}
		}
	})
}

// BenchmarkReadRequest reads the body of a usual request by quick, and as post does without it.
func BenchmarkReadRequest(b *testing.B) {
	body := []byte(`{"query":"query A($id: ID!) {\n  person(ref: {id: $id}) { id name affiliations { nodes { id name } } }\n}","variables":{"id":"mary-kaldor","first":20}}`)
	s := &Server{persisted: bounded.New[string, string](persistedBytes)}
	b.Run("quick", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := quick(body); !ok {
				b.Fatal("it is not read quickly")
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if slow(s, body) == nil {
				b.Fatal("it is not read")
			}
		}
	})
}
