package exchange

import (
	"bufio"
	"context"
	"strconv"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// jsonldFormat is JSON-LD 1.1 in the words of schema.org, of PROV and of Web Annotation.
func jsonldFormat() *Format {
	return &Format{
		Name: "jsonld", Title: "JSON-LD: RDF stores and pages of the web, with schema.org, PROV and Web Annotation",
		Extensions: []string{".jsonld"}, Media: "application/ld+json", noun: "record", typed: true, looks: looksLikeLD, read: readJSONLD,
		Holds: "sources, nodes and links as RDF; each piece of evidence as an annotation that selects its words in its source",
		Lacks: "the order of lists; former ids",
		write: func(ctx context.Context, x *outlet) error {
			w, err := x.file()
			if err != nil {
				return err
			}
			d := linkedData{outlet: x, out: w}
			return d.write(ctx)
		},
	}
}

// Names of the graph's own: its records are urn:throughline:ID, its words urn:throughline:vocab:NAME.
const (
	ldRecord = "urn:throughline:"
	ldVocab  = "urn:throughline:vocab:"
)

// ldTypes are the types of schema.org that entities and sources have beside their own. Types of a file of own types
// have none.
var ldTypes = map[string]string{
	"PERSON": "Person", "INSTITUTION": "Organization", "EVENT": "Event", "QUOTE": "Quotation", "THEME": "DefinedTerm",
	"PLACE": "Place", "ARTICLE": "Article", "REPORT": "Report", "BOOK": "Book", "DATASET": "Dataset", "WEB_PAGE": "WebPage",
}

// ldContext are the terms that are others' words; all other terms are the graph's own.
const ldContext = `{"@version":1.1,"@vocab":"` + ldVocab + `","id":"@id","type":"@type",
"schema":"https://schema.org/","prov":"http://www.w3.org/ns/prov#","oa":"http://www.w3.org/ns/oa#","rdf":"http://www.w3.org/1999/02/22-rdf-syntax-ns#",
"name":"schema:name","title":"schema:name","aliases":"schema:alternateName","description":"schema:description","text":"schema:text",
"url":{"@id":"schema:url","@type":"@id"},"publisher":"schema:publisher","authors":"schema:author","publishedOn":"schema:datePublished",
"externalIds":"schema:identifier","scheme":"schema:propertyID","value":"schema:value",
"born":"schema:birthDate","died":"schema:deathDate","founded":"schema:foundingDate","dissolved":"schema:dissolutionDate",
"startsOn":"schema:startDate","endsOn":"schema:endDate","saidOn":"schema:dateCreated","language":"schema:inLanguage",
"latitude":"schema:latitude","longitude":"schema:longitude",
"from":{"@id":"rdf:subject","@type":"@id"},"kind":{"@id":"rdf:predicate","@type":"@vocab"},"to":{"@id":"rdf:object","@type":"@id"},
"derivedFrom":{"@id":"prov:wasDerivedFrom","@type":"@id"},"createdAt":"prov:generatedAtTime",
"target":"oa:hasTarget","source":{"@id":"oa:hasSource","@type":"@id"},"selector":"oa:hasSelector",
"exact":"oa:exact","prefix":"oa:prefix","suffix":"oa:suffix","body":{"@id":"oa:hasBody","@type":"@id"}}`

// linkedData writes one object for each record, in one list.
type linkedData struct {
	*outlet
	object // the record at hand
	out    *bufio.Writer
	some   bool
}

func (d *linkedData) write(ctx context.Context) error {
	if _, err := d.out.WriteString(`{"@context":` + ldContext + ",\n\"@graph\":["); err != nil {
		return err
	}
	if err := d.from.Sources(ctx, func(s *kg.Source) error {
		d.counts.Sources++
		d.record(s.ID)
		types := []string{"prov:Entity", "schema:CreativeWork", ldVocab + s.Kind}
		if t := ldTypes[s.Kind]; t != "" {
			types = append(types, "schema:"+t)
		}
		d.texts("type", types)
		d.known("title", s.Title)
		d.known("url", s.URL)
		d.known("publisher", s.Publisher)
		d.texts("authors", s.Authors)
		d.known("publishedOn", string(s.PublishedOn))
		d.known("text", s.Text)
		return d.end()
	}); err != nil {
		return err
	}
	if err := d.from.Nodes(ctx, func(n *kg.Node) error {
		d.counts.Nodes++
		d.node(n)
		return d.end()
	}); err != nil {
		return err
	}
	if err := d.from.Links(ctx, func(l *kg.Link) error {
		d.counts.Links++
		d.link(l)
		return d.end()
	}); err != nil {
		return err
	}
	if _, err := d.out.WriteString("]}\n"); err != nil {
		return err
	}
	return d.out.Flush()
}

// record begins the object of a record.
func (d *linkedData) record(id string) {
	d.object = d.object[:0]
	if d.some {
		d.object = append(d.object, ',')
	}
	d.some = true
	d.object = append(d.object, "\n{"...)
	d.id("id", id)
}

func (d *linkedData) end() error {
	d.object = append(d.object, '}')
	_, err := d.out.Write(d.object)
	return err
}

// id names a record.
func (d *linkedData) id(name, id string) { d.text(name, ldRecord+id) }

func (d *linkedData) verified(v *bool) {
	if v != nil {
		d.raw(flatVerified, strconv.FormatBool(*v))
	}
}

// texts writes a list unless it is empty.
func (d *linkedData) texts(name string, list []string) {
	if len(list) > 0 {
		d.object.texts(name, list)
	}
}

func (d *linkedData) node(n *kg.Node) {
	d.record(n.ID)
	types := []string{ldVocab + n.Type}
	if t := ldTypes[n.Type]; t != "" {
		types = append(types, "schema:"+t)
	}
	d.texts("type", types)
	d.known("name", n.Name)
	d.texts("aliases", n.Aliases)
	d.known("description", n.Description)
	if len(n.ExternalIDs) > 0 {
		d.key("externalIds")
		d.object = append(d.object, '[')
		for _, e := range n.ExternalIDs {
			d.begin()
			d.object = append(d.object, `"type":"schema:PropertyValue"`...)
			d.known("scheme", e.Scheme)
			d.known("value", e.Value)
			d.known("url", e.URL)
			d.object = append(d.object, '}')
		}
		d.object = append(d.object, ']')
	}
	for _, p := range d.cat.TypeOf(n.Type).Props {
		name := p.Name
		if p.Own { // it is no term of the context, or another
			name = ldVocab + name
		}
		switch v := nodeValue(n, p.Name); {
		case v == "":
		case p.Kind == catalog.Int, p.Kind == catalog.Float, p.Kind == catalog.Bool:
			d.raw(name, v)
		default:
			d.known(name, v)
		}
	}
	d.verified(n.Verified)
	d.known("createdAt", written(n.CreatedAt))
	d.known("updatedAt", written(n.UpdatedAt))
}

// link writes a link as a statement about a statement, and, unless its evidence all speaks against it, the statement
// itself.
func (d *linkedData) link(l *kg.Link) {
	if l.Standing() == kg.Refuted {
		d.record(l.ID)
	} else {
		d.record(l.From)
		d.key(ldVocab + l.Kind)
		d.object = append(d.object, '{')
		d.id("id", l.To)
		d.object = append(d.object, "}},\n{"...)
		d.id("id", l.ID)
	}
	d.texts("type", []string{"rdf:Statement", "prov:Entity"})
	d.id("from", l.From)
	d.known("kind", l.Kind)
	d.id("to", l.To)
	d.known("role", l.Role)
	d.known("since", string(l.Since))
	d.known("until", string(l.Until))
	d.known("standing", l.Standing().String())
	d.known("createdAt", written(l.CreatedAt))
	d.known("updatedAt", written(l.UpdatedAt))
	var from []string
	for _, stance := range []string{kg.Supports, kg.Refutes} {
		for _, id := range l.SourcesOf(stance) {
			from = append(from, ldRecord+id)
		}
	}
	d.texts("derivedFrom", from)
	d.key("evidence")
	d.object = append(d.object, '[')
	for i := range l.Evidence {
		e := &l.Evidence[i]
		d.begin()
		d.id("id", kg.EvidenceID(l.ID, e))
		d.object = append(d.object, `,"type":"oa:Annotation"`...)
		d.id("body", l.ID)
		d.known("stance", e.Stance)
		d.verified(e.Verified)
		d.object = append(d.object, `,"target":{"type":"oa:SpecificResource"`...)
		d.id("source", e.Source)
		d.object = append(d.object, `,"selector":{"type":"oa:TextQuoteSelector"`...)
		d.known("exact", e.Excerpt)
		d.known("prefix", e.Prefix)
		d.known("suffix", e.Suffix)
		d.object = append(d.object, "}}}"...)
	}
	d.object = append(d.object, ']')
}
