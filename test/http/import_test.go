package http_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// importing serves a store into which clients import up to most bytes, who shows a token of a keyring unless that is nil.
func importing(t *testing.T, most int64, k *keyring) (base string, s store.Store) {
	t.Helper()
	cat := both.Catalog(t)
	s = both.SQLite(cat)(t)
	base, stop := serve(t, cat, s, func(_ *graph.Options, o *server.Options) {
		o.Import, o.MaxImport = exchange.Received(cat, s), most
		if k != nil {
			o.Verifier = k.tokens
		}
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return base, s
}

// upload is a file of a form, or the mapping.
type upload struct{ field, name, content string }

// form writes files as browsers and curl -F do.
func form(t *testing.T, files ...upload) (mediaType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreateFormFile(f.field, f.name)
		if err == nil {
			_, err = io.WriteString(part, f.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// sent posts a body.
func sent(t *testing.T, address, mediaType, body string, header map[string]string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	for name, v := range header {
		req.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestFilesAreImportedByPost sends a file as the body, several as a form, a mapping, a zip file, and tries one.
func TestFilesAreImportedByPost(t *testing.T) {
	base, s := importing(t, 1<<20, nil)
	there := func(want map[string]string) {
		t.Helper()
		ids := make([]string, 0, len(want))
		for id := range want {
			ids = append(ids, id)
		}
		got, err := s.Types(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for id, typ := range want {
			if got[id] != typ {
				t.Errorf("%s is %q, want %q", id, got[id], typ)
			}
		}
	}
	imported := func(query, mediaType, body string) (report exchange.Report) {
		t.Helper()
		status, answer := sent(t, base+"/import"+query, mediaType, body, nil)
		if err := json.Unmarshal([]byte(answer), &report); err != nil || status != http.StatusOK {
			t.Fatalf("%s is answered by %d %s", query, status, answer)
		}
		return report
	}
	r := imported("?note=by+hand", "application/x-ndjson", `{"node":"PERSON","id":"ann","name":"Ann Berg"}`)
	if r.Nodes != 1 || len(r.Records) != 1 || r.Records[0].New != 1 {
		t.Errorf("one line is %+v", r)
	}
	there(map[string]string{"ann": "PERSON"})
	log, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1})
	if err != nil || len(log) != 1 || log[0].Note != "by hand" || len(log[0].Files) != 1 || log[0].Files[0].Name != "body" {
		t.Errorf("the log has %+v, %v", log, err)
	}
	imported("?format=csv&source=The+register", "text/csv", "id,name,type\nbob,Bob,PERSON\n")
	there(map[string]string{"bob": "PERSON"})
	mediaType, body := form(t, upload{"file", "links.csv", "from,to,kind\nann,acme,AFFILIATED_WITH\n"},
		upload{"file", "nodes.csv", "id,name,type\nacme,Acme,INSTITUTION\n"})
	if r := imported("?dryRun=true", mediaType, body); r.Links != 1 {
		t.Errorf("two tables are %+v", r)
	}
	there(map[string]string{"acme": ""})
	imported("", mediaType, body)
	there(map[string]string{"acme": "INSTITUTION"})
	mediaType, body = form(t, upload{exchange.MappingPart, "m.json", `{"nodes":[{"node":"PERSON","name":"{Wer}"}]}`},
		upload{"file", "wer.csv", "Wer\nCid Meyer\n"})
	imported("", mediaType, body)
	there(map[string]string{"cid-meyer": "PERSON"})
	book, err := os.ReadFile("../../examples/import/staff.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	const sheets = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if status, answer := sent(t, base+"/import?sheet=Staff", sheets, string(book), nil); status != http.StatusUnprocessableEntity ||
		!strings.Contains(answer, `"lines":[{"file":"body","sheet":"Staff","line":1,"message":"body, sheet Staff, row 1: the row has the columns Name, Born,`) {
		t.Errorf("a workbook without a mapping is answered by %d %s", status, answer)
	}
	if status, answer := sent(t, base+"/import?sheet=Stuff", sheets, string(book), nil); status != http.StatusUnprocessableEntity ||
		!strings.Contains(answer, `body has no sheet \"Stuff\"; do you mean Staff?`) {
		t.Errorf("a sheet that is not there is answered by %d %s", status, answer)
	}
	mediaType, body = form(t, upload{exchange.MappingPart, "m.json", `{"sheet":"Staff","nodes":[{"node":"INSTITUTION","name":"{Employer}"}]}`},
		upload{"file", "staff", string(book)})
	if r := imported("", mediaType, body); r.Nodes != 2 {
		t.Errorf("a workbook is %+v", r)
	}
	there(map[string]string{"institute-for-peace": "INSTITUTION"})
	var packed bytes.Buffer
	csv := exchange.FormatOf("csv", "")
	open, finish := csv.One(&packed)
	if _, err := csv.Export(t.Context(), both.Catalog(t), s, open); err != nil {
		t.Fatal(err)
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	other, s2 := importing(t, 1<<20, nil)
	mediaType, body = form(t, upload{"file", "graph.zip", packed.String()})
	if status, answer := sent(t, other+"/import", mediaType, body, nil); status != http.StatusOK {
		t.Errorf("a zip file is answered by %d %s", status, answer)
	}
	if got, err := s2.Types(t.Context(), []string{"cid-meyer"}); err != nil || got["cid-meyer"] != "PERSON" {
		t.Errorf("of the zip file there is %v, %v", got, err)
	}
}

// TestNothingLongIsRepeated: what is said of files, and the log of requests, repeat no more of what was sent than a sentence
// has.
func TestNothingLongIsRepeated(t *testing.T) {
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	var log notes
	base, stop := serve(t, cat, s, func(_ *graph.Options, o *server.Options) {
		o.Import, o.MaxImport = exchange.Received(cat, s), 1<<20
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	t.Cleanup(func() { _ = stop() })
	long := strings.Repeat("n", 50_000)
	named, namedBody := form(t, upload{"file", long + ".csv", "id,name,type\ny,Y,DRAGON\n"})
	part, partBody := form(t, upload{long, "a.csv", "id,name,type\ny,Y,PERSON\n"})
	mapped, mappedBody := form(t, upload{exchange.MappingPart, "m.json", `{"` + long + `":[]}`}, upload{"file", "a.csv", "a\n1\n"})
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create(long + ".csv")
	if err == nil {
		_, err = io.WriteString(w, "id,name,type\ny,Y,DRAGON\n")
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	zipped, zippedBody := form(t, upload{"file", "a.zip", packed.String()})
	for _, c := range []struct{ query, mediaType, body string }{
		{"", zipped, zippedBody},
		{"", named, namedBody},
		{"", part, partBody},
		{"", mapped, mappedBody},
		{"", "text/csv", "id,name,type\ny,Y," + long + "\n"},
		{"", "text/csv", "id,name," + long + "\ny,Y,PERSON\n"},
		{"", "application/x-ndjson", `{"node":"` + long + `"}`},
		{"", "application/x-ndjson", `{"node":"PERSON","id":"x","` + long + `":1}`},
		{"?format=" + long, "text/csv", "x"},
		{"?" + long + "=1", "text/csv", "x"},
		{"?encoding=" + long, "text/csv", "x"},
		{"?dryRun=" + long, "text/csv", "x"},
		{"/" + long, "text/csv", "x"},
	} {
		status, answer := sent(t, base+"/import"+c.query, c.mediaType, c.body, nil)
		if status < 400 && !strings.Contains(c.body, long+`"; filename`) || strings.Contains(answer, long[:301]) {
			t.Errorf("%.40s %.100q: %d, in %d bytes: %.500s", c.query, c.body, status, len(answer), answer)
		}
	}
	for line := range strings.Lines(log.String()) {
		if len(line) > 2000 {
			t.Errorf("a line of the log has %d bytes: %.500s", len(line), line)
		}
	}
}

// TestFilesThatCannotBeImportedAreRefused has what is wrong told, with a code and what to do, and nothing written.
func TestFilesThatCannotBeImportedAreRefused(t *testing.T) {
	base, s := importing(t, 2000, nil)
	twoFaults, twoBody := form(t, upload{"file", "a.csv", "id,name,type\nx,X,PERSON\ny,Y,DRAGON\n"}, upload{"file", "b.jsonl", `{"node":"PERSON"}`})
	badMap, badMapBody := form(t, upload{exchange.MappingPart, "m.json", `{"nodes":[]}`}, upload{"file", "a.csv", "a\n1\n"})
	noZip, noZipBody := form(t, upload{"file", "a.zip", "PK no"})
	for _, c := range []struct {
		query, mediaType, body string
		header                 map[string]string
		status                 int
		says                   string
	}{
		{"", twoFaults, twoBody, nil, http.StatusUnprocessableEntity, `"code":"BAD_USER_INPUT","lines":[{"file":"a.csv","line":3,"message":"a.csv:3: the row has the unknown type of node`},
		{"", badMap, badMapBody, nil, http.StatusUnprocessableEntity, `the mapping has no nodes and no links`},
		{"", noZip, noZipBody, nil, http.StatusUnprocessableEntity, `a.zip is packed and damaged or cut off`},
		{"", "application/x-ndjson", "nothing", nil, http.StatusUnprocessableEntity, `body:1: the line is not an object`},
		{"", "multipart/form-data", "nothing", nil, http.StatusBadRequest, `a part for each file`},
		{"", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid,na", nil, http.StatusBadRequest, `the form did not arrive whole`},
		{"", "multipart/form-data; boundary=x", "--x--\r\n", nil, http.StatusUnprocessableEntity, `there is no file to import`},
		{"", "text/csv", strings.Repeat("x", 3000), nil, http.StatusRequestEntityTooLarge, `larger than 2000 bytes`},
		{"?format=dot", "text/csv", "x", nil, http.StatusUnprocessableEntity, `format is \"dot\"`},
		{"?formt=csv", "text/csv", "x", nil, http.StatusUnprocessableEntity, `do you mean format?`},
		{"?dryRun=yes", "text/csv", "x", nil, http.StatusUnprocessableEntity, `dryRun is \"yes\": write true or false`},
		{"?history=all", "text/csv", "x", nil, http.StatusUnprocessableEntity, `history is`},
		{"?encoding=klingon", "text/csv", "x", nil, http.StatusUnprocessableEntity, `the encoding klingon is not known`},
		{"?note=%zz", "text/csv", "x", nil, http.StatusBadRequest, `the address cannot be read`},
		{"", "text/plain", `{"node":"PERSON","id":"x","name":"X"}`, map[string]string{"Idempotency-Key": "k"}, http.StatusBadRequest, `an import takes no Idempotency-Key`},
		{"", "text/plain", "x", map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden, `"code":"FORBIDDEN"`},
	} {
		status, answer := sent(t, base+"/import"+c.query, c.mediaType, c.body, c.header)
		if status != c.status || !strings.Contains(answer, c.says) || strings.Contains(answer, "/tmp") || !json.Valid([]byte(answer)) {
			t.Errorf("%s %.60q is answered by %d %s, want %d %s", c.query, c.body, status, answer, c.status, c.says)
		}
	}
	resp, _, err := fetched(t, http.MethodGet, base+"/import", nil)
	if err != nil || resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %v %v", resp, err)
	}
	if got, err := s.Types(t.Context(), []string{"x"}); err != nil || len(got) > 0 {
		t.Errorf("there is %v, %v", got, err)
	}
}

// TestAServerThatOnlyReadsSaysSo to who would import, as to who would change something, and after it is known who asks.
func TestAServerThatOnlyReadsSaysSo(t *testing.T) {
	k := newKeyring(t)
	for name, c := range map[string]struct {
		configure  func(*graph.Options, *server.Options)
		bearer     string
		status     int
		says, code string
	}{
		"it only reads": {nil, "", http.StatusForbidden, `this server only reads: to let clients change the graph, start it with --writable`, `"READ_ONLY"`},
		"who may only read": {
			func(_ *graph.Options, o *server.Options) { o.Verifier = k.tokens }, k.of["reader"], http.StatusForbidden, `start it with --writable`, `"READ_ONLY"`,
		},
		"nobody": {
			func(_ *graph.Options, o *server.Options) { o.Verifier = k.tokens }, "", http.StatusUnauthorized, `send a token`, `"UNAUTHENTICATED"`,
		},
		"documents alone": {
			func(_ *graph.Options, o *server.Options) { o.Documents, o.DocumentsOnly = &server.Documents{}, true }, "", http.StatusNotFound, `runs documents alone`, `"NOT_FOUND"`,
		},
	} {
		base, stop := start(t, c.configure)
		header := map[string]string{}
		if c.bearer != "" {
			header["Authorization"] = "Bearer " + c.bearer
		}
		status, answer := sent(t, base+"/import", "text/plain", `{"node":"PERSON","name":"Ann"}`, header)
		if status != c.status || !strings.Contains(answer, c.says) || !strings.Contains(answer, c.code) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestWhoMayImport: curators may, and the log has their names.
func TestWhoMayImport(t *testing.T) {
	k := newKeyring(t)
	base, s := importing(t, 1<<20, k)
	for subject, want := range map[string]int{
		"reader": http.StatusForbidden, "editor": http.StatusForbidden, "curator": http.StatusOK, "admin": http.StatusOK, "": http.StatusUnauthorized,
	} {
		header := map[string]string{}
		if subject != "" {
			header["Authorization"] = "Bearer " + k.of[subject]
		}
		status, answer := sent(t, base+"/import", "text/plain", `{"node":"PERSON","name":"Of `+subject+`"}`, header)
		if status != want || want == http.StatusForbidden && !strings.Contains(answer, "importing needs the role CURATOR") {
			t.Errorf("%q is answered by %d %s", subject, status, answer)
		}
		if want != http.StatusOK {
			continue
		}
		if log, err := s.Changes(t.Context(), &store.ChangesQuery{Limit: 1}); err != nil || len(log) != 1 || log[0].By != subject {
			t.Errorf("%s: the log has %+v, %v", subject, log, err)
		}
	}
}
