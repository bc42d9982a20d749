package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/kg"
)

// Documents are those that a manifest lists, by their ids.
type Documents struct {
	byID  map[string]string
	texts map[string]bool
}

// Document is one of a manifest.
type Document struct {
	ID, Text string
	// Name is that of the operation where the manifest has it.
	Name string
}

// operationName finds the name of an operation in a document that need not be valid.
var operationName = regexp.MustCompile(`(?:^|[\s}])(?:query|mutation|subscription)\s+([_A-Za-z]\w*)`)

// Title returns what a person knows a document by: the name of its operation where there is one, and its id.
func (d Document) Title() string {
	name := d.Name
	if m := operationName.FindStringSubmatch(d.Text); name == "" && m != nil {
		name = m[1]
	}
	if name == "" {
		return "document " + d.ID
	}
	return name + " (" + d.ID + ")"
}

// ReadManifest reads a manifest of documents, in one of the forms that tools write: an object of ids and texts (the
// client preset of GraphQL Code Generator, Relay's compiler), or Apollo's {"format": "apollo-persisted-query-manifest",
// "version": 1, "operations": […]}. They are in the manifest's order.
func ReadManifest(manifest []byte) ([]Document, error) {
	var head struct {
		Format  string
		Version int
	}
	if json.Unmarshal(manifest, &head) == nil && head.Format == apolloFormat {
		if head.Version != 1 {
			return nil, fmt.Errorf("it has version %d of Apollo's format, and only 1 is known", head.Version)
		}
		return readApollo(manifest)
	}
	return readMap(manifest)
}

const apolloFormat = "apollo-persisted-query-manifest"

func readApollo(manifest []byte) ([]Document, error) {
	var m struct {
		Operations []struct{ ID, Name, Body string }
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return nil, errors.New(`"operations" is not a list of objects with "id", "name", "type" and "body"`)
	}
	out := make([]Document, len(m.Operations))
	for i, o := range m.Operations {
		if o.ID == "" || o.Body == "" {
			return nil, fmt.Errorf(`operation %d (%q) has no "id" or no "body"`, i+1, o.Name)
		}
		out[i] = Document{ID: o.ID, Text: o.Body, Name: o.Name}
	}
	return out, nil
}

// errForm is that of a manifest that is none.
var errForm = errors.New(`it is neither an object of ids and texts, as GraphQL Code Generator and Relay write it, nor one of format "` +
	apolloFormat + `"`)

// readMap reads an object of texts by its tokens, as a key that stands twice would be lost otherwise.
func readMap(manifest []byte) ([]Document, error) {
	d := json.NewDecoder(bytes.NewReader(manifest))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errForm
	}
	var out []Document
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errForm
		}
		value, err := d.Token()
		id, _ := key.(string)
		text, ok := value.(string)
		if err != nil || !ok || id == "" || text == "" {
			return nil, errForm
		}
		out = append(out, Document{ID: id, Text: text})
	}
	if _, err := d.Token(); err != nil {
		return nil, errForm
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errForm
	}
	return out, nil
}

// Add adds documents. An id that stands for another text already is an error.
func (d *Documents) Add(list []Document) error {
	if d.byID == nil {
		d.byID, d.texts = map[string]string{}, map[string]bool{}
	}
	for _, x := range list {
		if was, ok := d.byID[x.ID]; ok && was != x.Text {
			return fmt.Errorf("the id %q stands for two documents", x.ID)
		}
		d.byID[x.ID] = x.Text
		d.texts[x.Text] = true
	}
	for text := range d.texts {
		sum := sha256.Sum256([]byte(text))
		// the identifier of the specification, whatever the manifest's own ids are
		d.byID["sha256:"+hex.EncodeToString(sum[:])] = text
	}
	return nil
}

// text returns the document of an id.
func (d *Documents) text(id string) (string, bool) {
	if d == nil {
		return "", false
	}
	t, ok := d.byID[id]
	return t, ok
}

// unknownDocument is the refusal of an id that stands for nothing. The request is well-formed, so its status is that of
// request errors.
var unknownDocument = &refusal{
	0, kg.DocumentUnknown,
	"this server has no document of that id; it has those of the manifests given by --documents",
}

// find fills in the document of a request that names it.
func (s *Server) find(id string, r *graph.Request) *refusal {
	text, ok := s.o.Documents.text(id)
	if !ok {
		return unknownDocument
	}
	r.Query = text
	return nil
}

// trust holds a request to the documents that are listed, where only these may run. Of others only those run that ask
// for the schema alone, where the engine lets clients have it.
func (s *Server) trust(r *graph.Request) *graph.Request {
	r.SchemaOnly = s.o.DocumentsOnly && !s.o.Documents.texts[r.Query]
	return r
}
