package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAChangeWhoseAnswerIsLostIsAskedForAgain: a connection is cut before the answer to a mutation arrives. It is asked for
// again, and done once; where that is cut too, the command says that it is not known.
func TestAChangeWhoseAnswerIsLostIsAskedForAgain(t *testing.T) {
	base := serveSample(t, []string{"--writable"})
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	var cuts atomic.Int64
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte("mutation Edit")) || cuts.Add(-1) < 0 {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r) // it is done
		panic(http.ErrAbortHandler)
	}))
	defer proxy.Close()
	add := func(name string) (string, error) {
		cmd := exec.Command("throughline", "add", "person", name, "--server", proxy.URL)
		cmd.Env = []string{"HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	cuts.Store(1)
	if said, err := add("Cut Off"); err != nil || !strings.HasPrefix(said, "cut-off: change ") {
		t.Errorf("%s %v", said, err)
	}
	cuts.Store(9) // the client of HTTP asks again too
	const unknown = "does not answer: is the server running there?\n  whether it was done is not known: `throughline log` tells\n"
	if said, err := add("Cut Twice"); err == nil || !strings.HasSuffix(said, unknown) {
		t.Errorf("%s %v", said, err)
	}
	cuts.Store(0)
	resp, err := http.Post(base+"/graphql", "application/json",
		strings.NewReader(`{"query":"{ changes { totalCount } people(where: {name: {startsWith: \"Cut\"}}) { totalCount } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != `{"data":{"changes":{"totalCount":3},"people":{"totalCount":2}}}` {
		t.Errorf("%s %v", got, err)
	}
}

// TestWhatWasDoneMayBeMoreThanOneAnswerHolds: a server that answers with few bytes at most does what is asked for, and the
// command reads by pages what that was.
func TestWhatWasDoneMayBeMoreThanOneAnswerHolds(t *testing.T) {
	base := serveSample(t, []string{"--writable", "--max-answer", "8000"})
	cmd := exec.Command("throughline", "delete", "NATO", "--cascade", "--server", base)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "nato: change ") || strings.Count(string(out), "\n   - ") < 9 {
		t.Errorf("%v %s", err, out)
	}
}

// TestWhatIsNoServerOfGraphQL: JSON that is no answer of GraphQL is told as that, and so is a server without TLS.
func TestWhatIsNoServerOfGraphQL(t *testing.T) {
	for _, answer := range []string{`{}`, `null`, `{"data":null}`, `[]`, `{"error":"not found"}`, `{"data":3}`} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		for _, command := range [][]string{{"add", "person", "Ann"}, {"log"}, {"undo", "3"}, {"set", "id:ann", "born=1970"}} {
			for at, want := range map[string]string{
				other.URL: "the server did not answer as GraphQL does: is --server the address of /graphql?",
				strings.Replace(other.URL, "http:", "https:", 1): "answers without TLS: write the address with http://",
			} {
				cmd := exec.Command("throughline", append(command, "--server", at)...)
				cmd.Env = []string{"HOME=" + t.TempDir()}
				if out, err := cmd.CombinedOutput(); err == nil || !strings.HasSuffix(string(out), want+"\n") {
					t.Errorf("%s %v: %v %s", answer, command, err, out)
				}
			}
		}
		other.Close()
	}
}
