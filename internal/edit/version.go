package edit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// VersionProps are the properties of a type of record that its version depends on, in the order of NewVersion.
func VersionProps(cat *catalog.Catalog, t *catalog.Type) []string {
	switch t {
	case cat.Source:
		return []string{"kind", "title", "url", "publisher", "authors", "publishedOn", "contentHash"}
	case cat.Link:
		return []string{"role", "since", "until"}
	}
	names := []string{"name", "aliases", "description", "externalIds", "formerIds"}
	for _, p := range t.Props {
		names = append(names, p.Name)
	}
	return names
}

// NewVersion returns the version of a record with these values of VersionProps. That of a link depends on the ids of
// its ends too, and on those of its evidence, in any order.
func NewVersion(values []kg.Value, from, to string, evidence ...string) string {
	h := sha256.New()
	add := func(s string) {
		_ = binary.Write(h, binary.BigEndian, int64(len(s))) // it never fails
		h.Write([]byte(s))
	}
	for _, v := range values {
		if v.Str == "" && (v.Kind == kg.String || v.Kind == kg.List) {
			v = kg.Value{} // an empty list is none
		}
		h.Write([]byte{byte(v.Kind)})
		_ = binary.Write(h, binary.BigEndian, v.Int)
		add(v.Str)
	}
	add(from)
	add(to)
	slices.Sort(evidence)
	for _, id := range evidence {
		add(id)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// Version returns the version of a record, which names its state: two states that differ have different ones.
func Version(cat *catalog.Catalog, record any) string {
	switch r := record.(type) {
	case *kg.Source:
		hash := ""
		if r.Text != "" {
			sum := sha256.Sum256([]byte(r.Text))
			hash = hex.EncodeToString(sum[:])
		}
		return NewVersion([]kg.Value{
			kg.StringValue(r.Kind), kg.StringValue(r.Title), kg.StringValue(r.URL), kg.StringValue(r.Publisher),
			kg.ListValue(r.Authors), kg.StringValue(string(r.PublishedOn)), kg.StringValue(hash),
		}, "", "")
	case *kg.Link:
		ids := make([]string, len(r.Evidence))
		for i := range r.Evidence {
			ids[i] = kg.EvidenceID(r.ID, &r.Evidence[i])
		}
		return NewVersion([]kg.Value{
			kg.StringValue(r.Role), kg.StringValue(string(r.Since)), kg.StringValue(string(r.Until)),
		}, r.From, r.To, ids...)
	case *kg.Node:
		values := []kg.Value{
			kg.StringValue(r.Name), kg.ListValue(r.Aliases), kg.StringValue(r.Description),
			kg.ExternalIDsValue(r.ExternalIDs), kg.ListValue(r.FormerIDs),
		}
		for _, p := range cat.TypeOf(r.Type).Props {
			values = append(values, kg.PropValue(r.Props[p.Name]))
		}
		return NewVersion(values, "", "")
	}
	return ""
}
