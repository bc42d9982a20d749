package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/throughline/throughline/internal/web"
)

func get(t *testing.T, h http.Handler, method, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

func assets(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("dist/assets/*.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no assets: %v", err)
	}
	for i, f := range files {
		files[i] = "/assets/" + strings.TrimSuffix(filepath.Base(f), ".gz")
	}
	return files
}

// site serves all pages and their files, as a server does; nothing answers GraphQL.
func site(o web.Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/playground", web.Playground(o))
	mux.Handle("/playground/", web.Playground(o))
	mux.Handle("/assets/", web.Assets())
	mux.Handle("/", web.Explorer(o, http.NotFoundHandler()))
	return mux
}

func TestPage(t *testing.T) {
	h := site(web.Options{})
	res, body := get(t, h, http.MethodGet, "/playground?query=%7Bstats%7Bsources%7D%7D")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	want := map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Cache-Control":          "no-cache",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
			"connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
	}
	for name, value := range want {
		if diff := cmp.Diff(value, res.Header.Get(name)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for _, want := range []string{
		"<title>Throughline playground</title>", `data-graphql="/graphql"`,
		`data-explain="false"`,
	} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("the page has no %s", want)
		}
	}

	t.Run("runs no inline script", func(t *testing.T) {
		for _, tag := range regexp.MustCompile(`(?s)<script.*?</script>`).FindAllString(string(body), -1) {
			if !strings.Contains(tag, ` src="/assets/`) || !strings.HasSuffix(tag, "></script>") {
				t.Errorf("inline script: %s", tag)
			}
		}
		if regexp.MustCompile(`\son[a-z]+=|javascript:|style=`).Match(body) {
			t.Error("the page has an inline handler or style")
		}
	})
	t.Run("names only files that are there", func(t *testing.T) {
		refs := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(body), -1)
		if len(refs) < 3 {
			t.Fatalf("script, style and icon expected: %v", refs)
		}
		for _, ref := range refs {
			if res, _ := get(t, h, http.MethodHead, ref[1]); res.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d", ref[1], res.StatusCode)
			}
		}
	})
	t.Run("is not sent again", func(t *testing.T) {
		again, body := get(t, h, http.MethodGet, "/playground", "If-None-Match", `"x", W/`+res.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || len(body) > 0 {
			t.Errorf("status %d, %d bytes", again.StatusCode, len(body))
		}
	})
	t.Run("knows its GraphQL", func(t *testing.T) {
		h := web.Playground(web.Options{GraphQLPath: `/api"><script>`, Explain: true})
		other, body := get(t, h, http.MethodGet, "/playground")
		if !bytes.Contains(body, []byte(`data-graphql="/api&#34;&gt;&lt;script&gt;" data-explain="true" data-introspection="true" data-listed="false" data-sample="true"`)) {
			t.Errorf("path not escaped:\n%s", body)
		}
		if other.Header.Get("ETag") == res.Header.Get("ETag") {
			t.Error("two pages, one ETag")
		}
	})
}

// TestPageOfOtherServers: the page is told what its server does not tell, and what its store does not hold.
func TestPageOfOtherServers(t *testing.T) {
	holds := true
	h := web.Playground(web.Options{NoIntrospection: true, DocumentsOnly: true, Sample: func(context.Context) bool { return holds }})
	first, body := get(t, h, http.MethodGet, "/playground")
	if !bytes.Contains(body, []byte(`data-introspection="false" data-listed="true" data-sample="true"`)) {
		t.Errorf("%s", body)
	}
	holds = false
	second, body := get(t, h, http.MethodGet, "/playground", "If-None-Match", first.Header.Get("ETag"))
	if second.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`data-sample="false"`)) {
		t.Errorf("after another graph was stored: status %d\n%s", second.StatusCode, body)
	}
}

func TestAssets(t *testing.T) {
	h := site(web.Options{})
	types := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".ttf": "font/ttf",
	}
	for _, path := range assets(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			packed, packedBody := get(t, h, http.MethodGet, path, "Accept-Encoding", "gzip;q=0.8")
			small, smallBody := get(t, h, http.MethodGet, path, "Accept-Encoding", "gzip, deflate, br, zstd")
			plain, plainBody := get(t, h, http.MethodGet, path)
			head, headBody := get(t, h, http.MethodHead, path)
			for _, res := range []*http.Response{packed, small, plain, head} {
				if res.StatusCode != http.StatusOK {
					t.Fatalf("status %d", res.StatusCode)
				}
				if got, want := res.Header.Get("Content-Type"), types[filepath.Ext(path)]; got != want {
					t.Errorf("Content-Type %q, want %q", got, want)
				}
				if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
					t.Errorf("Cache-Control %q", got)
				}
				if got := res.Header.Get("Vary"); got != "Accept-Encoding" {
					t.Errorf("Vary %q", got)
				}
				if res.Header.Get("Content-Security-Policy") == "" { // a worker goes by its own
					t.Error("no policy")
				}
			}
			if packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
				t.Errorf("Content-Encoding %q and %q", packed.Header.Get("Content-Encoding"), plain.Header.Get("Content-Encoding"))
			}
			z, err := gzip.NewReader(bytes.NewReader(packedBody))
			if err != nil {
				t.Fatal(err)
			}
			if !z.ModTime.IsZero() || z.Name != "" {
				t.Error("the gzip header tells when or from what it was made")
			}
			unpacked, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(unpacked, plainBody) || len(plainBody) == 0 {
				t.Errorf("%d bytes packed, %d plain", len(unpacked), len(plainBody))
			}
			if int64(len(plainBody)) != plain.ContentLength || head.ContentLength != plain.ContentLength || len(headBody) > 0 {
				t.Errorf("lengths: plain %d of %d, HEAD %d with %d bytes", len(plainBody), plain.ContentLength, head.ContentLength, len(headBody))
			}
			unpacked, err = io.ReadAll(brotli.NewReader(bytes.NewReader(smallBody)))
			if err != nil || !bytes.Equal(unpacked, plainBody) || small.Header.Get("Content-Encoding") != "br" ||
				len(smallBody) > len(packedBody) {
				t.Errorf("%v; brotli %d bytes, gzip %d", err, len(smallBody), len(packedBody))
			}
			if packed.Header.Get("ETag") == plain.Header.Get("ETag") || packed.Header.Get("ETag") == small.Header.Get("ETag") {
				t.Error("one ETag for two encodings")
			}
			again, body := get(t, h, http.MethodGet, path, "Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified || len(body) > 0 {
				t.Errorf("asked again: status %d, %d bytes", again.StatusCode, len(body))
			}
		})
	}
}

func TestAcceptEncoding(t *testing.T) {
	h := site(web.Options{})
	path := assets(t)[0]
	for accept, want := range map[string]string{
		"":                          "",
		"gzip":                      "gzip",
		"GZIP":                      "gzip",
		"deflate, gzip;q=1.0, *":    "br",
		"gzip;q=0":                  "",
		"gzip; q=0.0, *":            "br",
		"*":                         "br",
		"*;q=0":                     "",
		"identity, br":              "br",
		"gzip, br;q=0":              "gzip",
		"br;q=0, *":                 "gzip",
		"gzipped":                   "",
		"br, gzip ; q=0.5, deflate": "br",
		"x-gzip":                    "gzip",
	} {
		if res, _ := get(t, h, http.MethodHead, path, "Accept-Encoding", accept); res.Header.Get("Content-Encoding") != want {
			t.Errorf("Accept-Encoding %q: %q, want %q", accept, res.Header.Get("Content-Encoding"), want)
		}
	}
}

func TestElsewhere(t *testing.T) {
	h := site(web.Options{})
	for path, want := range map[string]int{
		"/playground/x":                          http.StatusNotFound,
		"/assets/":                               http.StatusNotFound,
		"/assets/x.js":                           http.StatusNotFound,
		"/assets/%2e%2e/index.html":              http.StatusNotFound,
		"/assets/sub/x.js":                       http.StatusNotFound,
		"/playground/index.html":                 http.StatusNotFound,
		"/playgrounds":                           http.StatusNotFound,
		"/e/":                                    http.StatusNotFound,
		"/path":                                  http.StatusOK,
		"/path/x":                                http.StatusNotFound,
		"/view":                                  http.StatusOK,
		"/story":                                 http.StatusOK,
		"/assets/THIRD_PARTY_NOTICES.txt":        http.StatusOK,
		assets(t)[0] + ".gz":                     http.StatusNotFound,
		"/playground/?query=%7Bstats%7D&x=y%20z": http.StatusPermanentRedirect,
	} {
		res, _ := get(t, h, http.MethodGet, path)
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
		if want == http.StatusPermanentRedirect && res.Header.Get("Location") != strings.Replace(path, "/?", "?", 1) {
			t.Errorf("%s: to %s", path, res.Header.Get("Location"))
		}
		if res.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: no policy", path)
		}
	}
	for _, path := range []string{"/playground", "/assets/x.js", "/", "/e/x"} {
		if res, _ := get(t, h, http.MethodPost, path); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: status %d, Allow %q", path, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

// TestExplorerPage: the page names its files, runs no inline script, and is there when GraphQL does not answer, which its
// status says.
func TestExplorerPage(t *testing.T) {
	h := site(web.Options{})
	for path, status := range map[string]int{
		"/": http.StatusOK, "/e/mary-kaldor": http.StatusInternalServerError, "/s/s_x": http.StatusInternalServerError, "/path?from=a&to=b": http.StatusOK,
	} {
		res, body := get(t, h, http.MethodGet, path)
		if res.StatusCode != status || !bytes.Contains(body, []byte(`data-graphql="/graphql"`)) {
			t.Errorf("%s: status %d\n%s", path, res.StatusCode, body)
		}
		for _, ref := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]*)"`).FindAllStringSubmatch(string(body), -1) {
			if res, _ := get(t, h, http.MethodHead, ref[1]); res.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d", ref[1], res.StatusCode)
			}
		}
		if regexp.MustCompile(`\son[a-z]+=|javascript:|style=|{{|%[A-Z]+%`).Match(body) {
			t.Errorf("%s: an inline handler or style, or a name that nothing stands for:\n%s", path, body)
		}
	}
}

// TestFirstLoad: what a browser loads before the explorer can be used is small enough for a slow line, however it is compressed.
func TestFirstLoad(t *testing.T) {
	h := site(web.Options{})
	for _, encoding := range []string{"gzip", "br"} {
		_, body := get(t, h, http.MethodGet, "/")
		sum, files := len(body), regexp.MustCompile(`(?:src|href)="(/assets/[^"]*)"`).FindAllStringSubmatch(string(body), -1)
		for _, file := range files {
			res, packed := get(t, h, http.MethodGet, file[1], "Accept-Encoding", encoding)
			if res.Header.Get("Content-Encoding") != encoding {
				t.Errorf("%s is not compressed by %s", file[1], encoding)
			}
			sum += len(packed)
		}
		if len(files) < 3 || sum > 350_000 {
			t.Errorf("by %s: %d bytes in %d files", encoding, sum, len(files))
		}
	}
}

// Nothing is taken from another host: what looks like an address of a script, style or font in the built files is refused.
func TestNoForeignFiles(t *testing.T) {
	h := site(web.Options{})
	foreign := []string{
		`import("http`, `import"http`, `from"http`, `importScripts("http`, `url(http`, `url("http`, `@import "http`,
		"//unpkg.com", "//esm.sh", "//cdn.", "//cdnjs.", "//fonts.",
	}
	for _, path := range append(assets(t), "/playground") {
		_, body := get(t, h, http.MethodGet, path)
		for _, f := range foreign {
			if at := bytes.Index(body, []byte(f)); at >= 0 {
				t.Errorf("%s: …%s…", path, body[max(0, at-40):min(len(body), at+80)])
			}
		}
	}
}

func TestTour(t *testing.T) {
	tour := web.Tour()
	if len(tour) < 8 {
		t.Fatalf("%d queries", len(tour))
	}
	if tour[0].Name != "headline" || !strings.Contains(tour[0].Document, `person(ref: {name: "Mary Kaldor"})`) {
		t.Errorf("the tour begins with %s", tour[0].Name)
	}
	names, operations := map[string]bool{}, map[string]bool{}
	for _, q := range tour {
		t.Run(q.Name, func(t *testing.T) {
			if q.Name == "" || names[q.Name] {
				t.Errorf("name %q is empty or used twice", q.Name)
			}
			names[q.Name] = true
			lines := strings.Split(q.Document, "\n")
			if q.Title == "" || lines[0] != "# "+q.Title || !strings.HasPrefix(lines[1], "# ") {
				t.Errorf("does not begin with a title and what it shows:\n%s\n%s", lines[0], lines[1])
			}
			doc, err := parser.ParseQuery(&ast.Source{Name: q.Name, Input: q.Document})
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Operations) != 1 {
				t.Fatalf("%d operations", len(doc.Operations))
			}
			op := doc.Operations[0]
			if op.Operation != ast.Query || op.Name == "" || operations[op.Name] {
				t.Errorf("%s %q: a query with a name of its own is expected, tabs show it", op.Operation, op.Name)
			}
			operations[op.Name] = true
			variables := map[string]any{}
			if q.Variables != nil {
				if err := json.Unmarshal(q.Variables, &variables); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range op.VariableDefinitions {
				if _, ok := variables[v.Variable]; !ok {
					t.Errorf("$%s has no value", v.Variable)
				}
				delete(variables, v.Variable)
			}
			for name := range variables {
				t.Errorf("$%s is not declared", name)
			}
		})
	}
	files, err := os.ReadDir("tour")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !regexp.MustCompile(`^\d\d-[a-z]+\.(graphql|variables\.json)$`).MatchString(f.Name()) {
			t.Errorf("tour/%s: not a query of the tour", f.Name())
		}
	}
}
