package exchange

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// maxNesting bounds how deep elements stand in each other: groups of groups of nodes, and no bomb.
const maxNesting = 100

// dialect is what tells GraphML and GEXF apart for a reader.
type dialect struct {
	root  string // the name of the outermost element
	key   string // of the element that declares an attribute
	value string // of the element that has one
	// Names of attributes of XML, the form that is preferred first:
	name []string // of key, with the name of what it declares
	ref  []string // of value, with the id of what was declared
}

var (
	graphmlDialect = dialect{root: "graphml", key: "key", value: "data", name: []string{"attr.name", "id"}, ref: []string{"key"}}
	gexfDialect    = dialect{root: "gexf", key: "attribute", value: "attvalue", name: []string{"title", "id"}, ref: []string{"for", "id"}}
)

// drawn reads nodes and edges out of XML.
type drawn struct {
	dialect
	in           *reading
	xml          *xml.Decoder
	raw          *recorder
	taken        int64 // how many bytes were taken from raw
	g            *gathering
	nodes, edges *mapped
	class        string                       // of the attributes that are declared
	columns      map[string]string            // names of columns by class and key
	names        map[string][]string          // of the columns of a class, in the order in which they are declared
	defaults     map[string]map[string]string // by class and column
	open         []*shape
	words        *strings.Builder // text that belongs to target
	target       func(string)
	undirected   bool            // edges are, by default
	unread       map[string]bool // columns that mean nothing here
}

// shape is a node or an edge.
type shape struct {
	row
	edge   bool
	values map[string]string
	depth  int
}

// readDrawing reads nodes and edges in a dialect.
func readDrawing(in *reading, of dialect) (err error) {
	if m := in.file.Terms.Mapping; m != nil && len(m.Nodes) == 0 && len(m.Links) == 0 {
		return &LineError{Line: 1, Err: fmt.Errorf("is read by a mapping that %w", errNoRecords)}
	}
	r, err := decodedXML(in.r, in.file.Terms.encoding())
	if err != nil {
		return err
	}
	if in.file.Terms.Mapping == nil {
		fail := in.fail
		in.fail = func(at int, err error) error { return fail(at, of.untyped(in.cat, err)) }
	}
	d := &drawn{
		dialect: of, in: in, raw: &recorder{r: r, line: 1, remedy: "shorten what stands in it"}, g: gather(in), columns: map[string]string{}, names: map[string][]string{},
		defaults: map[string]map[string]string{"node": {}, "edge": {}}, unread: map[string]bool{},
	}
	defer func() { err = cmp.Or(err, d.g.close()) }()
	d.xml = xml.NewDecoder(d.raw)
	d.xml.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it was decoded
	depth, some := 0, false
	for {
		before := d.xml.InputOffset()
		line, _ := d.xml.InputPos()
		if len(d.open) == 0 {
			d.raw.take(int(before - d.taken))
			d.taken, d.raw.line = before, line
		}
		token, err := d.xml.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return wrongXML(err)
		}
		if err := in.ctx.Err(); err != nil {
			return err
		}
		switch x := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxNesting {
				return &LineError{Line: line, Err: fmt.Errorf("stands in more than %d others", maxNesting)}
			}
			if !some && x.Name.Local != of.root {
				return &LineError{Line: line, Err: fmt.Errorf("is <%s> where <%s> should begin", clip(x.Name.Local), of.root)}
			}
			some = true
			d.start(&x, line, depth)
		case xml.CharData:
			if d.words != nil {
				d.words.Write(x)
			}
		case xml.EndElement:
			if err := d.end(x.Name.Local, depth); err != nil {
				return err
			}
			depth--
		}
	}
	if !some {
		return &LineError{Line: 1, Err: fmt.Errorf("is not there: <%s> should begin", of.root)}
	}
	d.tell()
	if d.edges != nil {
		d.edges.tell()
	}
	return d.g.end()
}

// wrongXML says where XML is broken.
func wrongXML(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return &LineError{Line: syntax.Line, Err: fmt.Errorf("is no XML: %s", clip(syntax.Msg))}
	}
	return err
}

// declared is the encoding that XML says it has.
var declared = regexp.MustCompile(`^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// decodedXML reads XML as UTF-8: by its mark, by the name of an encoding, or, where that is "", by what it says.
func decodedXML(r *bufio.Reader, name string) (io.Reader, error) {
	head, _ := r.Peek(200)
	if m := declared.FindSubmatch(head); name == "" && m != nil {
		name = string(m[1])
	}
	return decoded(r, name)
}

// untyped says of a record without a type or kind, which a line of JSON says by its first key, where a drawing says it.
func (dialect) untyped(cat *catalog.Catalog, err error) error {
	switch {
	case errors.Is(err, errNoType):
		return fmt.Errorf("%w: give nodes an attribute type, one of %s, say --type where all are of one, or write a mapping for --map", errNoType,
			strings.Join(entityTypes(cat), ", "))
	case errors.Is(err, errNoKind):
		return fmt.Errorf("%w: give edges an attribute kind, one of %s, say --kind where all are of one, or write a mapping for --map", errNoKind,
			strings.Join(LinkKinds(cat), ", "))
	}
	return err
}

func attr(x *xml.StartElement, names ...string) string {
	for _, name := range names {
		for _, a := range x.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
	}
	return ""
}

// start begins an element.
func (d *drawn) start(x *xml.StartElement, line, depth int) {
	var at *shape
	if n := len(d.open); n > 0 {
		at = d.open[n-1]
	}
	switch name := x.Name.Local; {
	case name == "graph":
		d.undirected = d.undirected || attr(x, "edgedefault", "defaultedgetype") == "undirected"
	case name == "attributes":
		d.class = attr(x, "class")
	case name == d.key && at == nil:
		classes := []string{cmp.Or(attr(x, "for"), d.class)}
		if classes[0] != "node" && classes[0] != "edge" {
			classes = []string{"node", "edge"}
		}
		for _, class := range classes {
			column := attr(x, d.name...)
			d.columns[class+" "+attr(x, "id")] = column
			d.names[class] = append(d.names[class], column)
		}
		d.target = func(v string) {
			for _, class := range classes {
				d.defaults[class][attr(x, d.name...)] = v
			}
		}
	case name == "default":
		d.words = &strings.Builder{}
	case name == "node", name == "edge":
		s := &shape{edge: name == "edge", values: map[string]string{}, depth: depth}
		s.line = line
		for _, a := range x.Attr {
			s.values[a.Name.Local] = a.Value
		}
		if s.edge && (attr(x, "directed") == "false" || attr(x, "type") == "undirected" ||
			d.undirected && attr(x, "directed") == "" && attr(x, "type") == "") {
			d.in.lenient("edges without a direction are read from their source to their target")
		}
		if at != nil && !at.edge {
			d.in.lenient("nodes that stand in other nodes are read as the others are")
		}
		d.open = append(d.open, s)
	case at == nil:
		if name == "hyperedge" {
			d.in.lenient("hyperedges are left out: a link joins two")
		}
	case name == d.value:
		column, ok := d.columns[d.classOf(at)+" "+attr(x, d.ref...)]
		if !ok {
			column = attr(x, d.ref...)
		}
		if column == "id" || at.edge && (column == "source" || column == "target") {
			d.in.lenient("attributes called id, and those of edges called source or target, are left out: the elements have their own")
			return
		}
		if d.value == "attvalue" {
			at.values[column] = attr(x, "value")
			return
		}
		d.words, d.target = &strings.Builder{}, func(v string) {
			if strings.TrimSpace(v) != "" {
				at.values[column] = v
			}
		}
	case name == "NodeLabel", name == "EdgeLabel": // yEd's
		d.words, d.target = &strings.Builder{}, func(v string) {
			if v = strings.TrimSpace(v); v != "" && at.values["label"] == "" {
				at.values["label"] = v
			}
		}
	case name == "spell":
		d.in.lenient("spells are left out: a link has one beginning and one end")
	}
}

func (d *drawn) classOf(s *shape) string {
	if s.edge {
		return "edge"
	}
	return "node"
}

// end ends an element.
func (d *drawn) end(name string, depth int) error {
	if d.words != nil && (name == d.value || name == "default" || name == "NodeLabel" || name == "EdgeLabel") {
		if d.target != nil {
			d.target(d.words.String())
		}
		d.words, d.target = nil, nil
	}
	n := len(d.open)
	if n == 0 || d.open[n-1].depth != depth {
		return nil
	}
	s := d.open[n-1]
	d.open = d.open[:n-1]
	if s.edge && n == 1 {
		end := d.xml.InputOffset()
		s.printed = d.raw.take(int(end - d.taken))
		d.taken = end
	}
	for column, v := range d.defaults[d.classOf(s)] {
		if _, ok := s.values[column]; !ok {
			s.values[column] = v
		}
	}
	s.get = func(column string) string { return s.values[column] }
	return d.mapping(s).row(&s.row)
}

// mapping returns what makes records of nodes or of edges.
func (d *drawn) mapping(s *shape) *mapped {
	if d.nodes == nil {
		m := d.in.file.Terms.Mapping
		if m == nil {
			m = &Mapping{
				Nodes: []map[string]string{d.nodePatterns()}, Links: []map[string]string{d.edgePatterns()},
				Source: map[string]string{
					"id": "{" + flatSource + "}", "title": "{" + flatSourceTitle + "}",
					"kind": "{" + flatSourceKind + "}", "url": "{" + flatURL + "}",
				},
			}
		}
		nodes, edges := *m, *m
		nodes.Links, edges.Nodes = nil, nil
		d.nodes = &mapped{Mapping: &nodes, g: d.g, file: d.in.source(), exact: true}
		d.edges = &mapped{Mapping: &edges, g: d.g, file: d.in.source(), exact: true}
	}
	m := d.nodes
	if s.edge {
		m = d.edges
	}
	if d.in.file.Terms.Mapping == nil {
		d.typed(s)
	}
	return m
}

// Columns of the mapping that is made where none is given.
const (
	typedColumn = "\x00type" // the type or kind, by whatever name it has
	namedColumn = "\x00name"
)

// typed finds the type and the name of a node, the kind of an edge.
func (d *drawn) typed(s *shape) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := s.values[n]; v != "" {
				return v
			}
		}
		return ""
	}
	cat := d.in.cat
	if s.edge {
		names := []string{flatKind, "type", "relation", "relationship", "label"}
		s.values[typedColumn] = first(names...)
		for _, n := range names {
			if k := cat.Kind(constant(s.values[n])); k != nil {
				s.values[typedColumn] = k.Name
				return
			}
		}
		s.values[typedColumn] = cmp.Or(d.in.file.Terms.Kind, s.values[typedColumn])
		return
	}
	s.values[namedColumn] = first("label", "name", "title", "id")
	names := []string{flatType, "category", "labels"}
	s.values[typedColumn] = first(names...)
	for _, n := range names {
		if t := typeOf(cat, s.values[n]); t != nil {
			s.values[typedColumn] = t.Enum
			return
		}
	}
	s.values[typedColumn] = cmp.Or(d.in.file.Terms.Type, s.values[typedColumn])
}

// nodePatterns are the patterns of nodes whose columns have our names.
func (d *drawn) nodePatterns() map[string]string {
	p := map[string]string{"id": "{id}", "node": "{" + typedColumn + "}", "name": "{" + namedColumn + "}"}
	d.fill(p, "node", nodeFields(d.in.cat), "id", "label", "name", "title", "category", "labels", "viz")
	return p
}

// edgePatterns are those of edges. Where edges have no dates of ours, the days of GEXF are theirs.
func (d *drawn) edgePatterns() map[string]string {
	p := map[string]string{"link": "{" + typedColumn + "}", "id": "{id}", "from": "{source}", "to": "{target}"}
	d.fill(p, "edge", append(linkFields(), field{"prefix", catalog.Text}, field{"suffix", catalog.Text}, field{"stance", catalog.Text}),
		"id", "source", "target", "label", "type", "relation", "relationship", flatSource, flatSourceTitle, flatSourceKind, flatURL)
	if d.root == "gexf" && p["since"] == "" && p["until"] == "" {
		p["since"], p["until"] = "{start}", "{end}"
	}
	for _, key := range []string{flatKind, flatStanding, flatSource, flatSourceTitle, flatSourceKind, flatURL} {
		delete(p, key)
	}
	return p
}

// fill adds the columns that have the names of fields, and notes those that mean nothing here.
func (d *drawn) fill(p map[string]string, class string, fields []field, meant ...string) {
	for _, name := range d.names[class] {
		switch {
		case slices.ContainsFunc(fields, func(f field) bool { return f.name == name }):
			if name != flatType {
				p[name] = "{" + name + "}"
			}
		case !slices.Contains(meant, name):
			d.unread[name] = true
		}
	}
}

// tell names the attributes that were left out.
func (d *drawn) tell() {
	if len(d.unread) == 0 || d.in.file.Terms.Mapping != nil {
		return
	}
	names := strings.Join(slices.Sorted(maps.Keys(d.unread)), ", ")
	d.in.lenient("attributes that mean nothing here are left out: %s", kg.Clip(names, 300))
}
