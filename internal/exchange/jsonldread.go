package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/piprate/json-gold/ld"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/rules"
)

// ldHead matches the beginning of JSON-LD.
var ldHead = regexp.MustCompile(`^(?:\x{FEFF})?\s*[\[{][\s\S]*"@(?:context|graph|id|type)"\s*:`)

// looksLikeLD reports whether a file is JSON-LD, as far as it can be seen: Popolo may have a context too.
func looksLikeLD(head []byte) bool { return ldHead.Match(head) && !popoloHead.Match(head) }

// ldReader reads records one by one, each expanded with the context of its document. What joins others waits for them.
type ldReader struct {
	*entries
	*jsonDocument
	in      *reading
	loader  ldLoader
	options *ld.JsonLdOptions
	context *ld.Context // the context at hand
	of      *ldContexts // where it stands
	key     string      // what it is written as
	ids     map[string]string
	stated  hashes // of kind and ends of links that are statements
	sources hashes // of the ids of sources
	cited   map[string]string
	record  ldRecordAt
	unsaid  bool // records were without words that are known
}

// ldRecordAt is the record at hand as it is printed.
type ldRecordAt struct {
	line    int
	printed string
	kept    place // where it is in the spool, once it is there
}

// ldClaim is a link whose ends may come later in the file. An end is an id, or the label of an object without one.
type ldClaim struct {
	Prop                       string
	From, To                   string // of the property, not of the link
	Named                      bool   // To is a name
	Role, Since, Until, Source string
	Excerpt                    string
	At                         string
	Printed, Size              int64
}

// ldContexts is a context as it stands in a document, or none.
type ldContexts struct{ value any }

// ldBlank is the prefix of the labels of objects without an id.
const ldBlank = "_:"

func readJSONLD(in *reading) (err error) {
	e, err := newEntries(in, "type", "properties", nil)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, e.close()) }()
	e.exact = true
	r := &ldReader{
		entries: e, jsonDocument: openJSON(in), in: in, options: ld.NewJsonLdOptions(""), ids: map[string]string{}, cited: map[string]string{},
	}
	r.options.DocumentLoader = &r.loader
	for some := false; ; some = true {
		r.at = ""
		switch kind := r.dec.PeekKind(); kind {
		case '{':
			err = r.object()
		case '[':
			err = r.array()
		default:
			if _, err = r.dec.ReadToken(); errors.Is(err, io.EOF) && some {
				return r.whole()
			}
			err = r.wrong(cmp.Or(err, errors.New("is no JSON-LD: it should begin with { or [")))
		}
		if err != nil {
			return err
		}
	}
}

// whole takes what waits.
func (r *ldReader) whole() error {
	r.at = ""
	if r.unsaid {
		r.left["records of which no word is known (is there a context?)"]++
	}
	for _, id := range slices.Sorted(maps.Keys(r.cited)) {
		if r.sources.has(r.hash(id)) {
			continue
		}
		b := object{'{'}
		b.text("source", "OTHER")
		b.text("id", id)
		b.text("title", r.cited[id])
		if isAddress(r.cited[id]) {
			b.text("url", r.cited[id])
		}
		if _, err := r.g.add(1, append(b, '}')); err != nil {
			return err
		}
	}
	if err := r.waiting(r.ends, r.joining); err != nil {
		return err
	}
	r.at = ""
	return r.end()
}

func (r *ldReader) hash(s string) uint64 { return maphash.String(r.g.seed, s) }

// isAddress reports whether a text is an address of the web.
func isAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// object reads an object: a record, or a document whose records stand in a graph, each of which is taken as it comes.
// Those before the context wait for it.
func (r *ldReader) object() error {
	if _, err := r.dec.ReadToken(); err != nil {
		return r.wrong(err)
	}
	r.pass()
	line, printed := r.raw.line, "{"
	members, context := map[string]any{}, &ldContexts{}
	type early struct {
		place
		line int
	}
	var waiting []early
	graph := false
	for r.dec.PeekKind() == '"' {
		token, err := r.dec.ReadToken()
		if err != nil {
			return r.wrong(err)
		}
		name := token.String()
		if name != "@graph" || r.dec.PeekKind() != '[' {
			value, err := r.dec.ReadValue()
			if err != nil {
				return r.wrong(err)
			}
			var v any
			if err := r.shallow(line, value); err != nil {
				return err
			}
			if err := json.Unmarshal(value, &v); err != nil {
				return r.wrong(err)
			}
			members[name] = v
			if name == "@context" {
				context = &ldContexts{v}
				if err := r.use(line, context); err != nil {
					return err
				}
			}
			continue
		}
		graph = true
		_, known := members["@context"]
		printed += r.pass()
		if err := r.list("@graph", func(line int, record string) error {
			if known {
				return r.item(line, record, context)
			}
			from, err := r.spool.add(record)
			waiting = append(waiting, early{place{from, len(record)}, line})
			return err
		}); err != nil {
			return err
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return r.wrong(err)
	}
	printed += r.pass()
	for i, w := range waiting {
		record, err := r.spool.at(w.from, w.size)
		if err != nil {
			return err
		}
		r.at = fmt.Sprintf("@graph[%d]", i)
		if err := cmp.Or(r.item(w.line, record, context), r.in.ctx.Err()); err != nil {
			return err
		}
	}
	r.at = ""
	delete(members, "@context")
	if graph && len(members) == 0 {
		return nil
	}
	return cmp.Or(r.expanded(line, printed, members, context), r.in.ctx.Err())
}

// array reads records that stand in a list, each with a context of its own.
func (r *ldReader) array() error {
	return r.list("", func(line int, record string) error { return r.item(line, record, &ldContexts{}) })
}

// list reads the records of a list, which messages call so.
func (r *ldReader) list(name string, f func(line int, record string) error) error {
	return r.jsonDocument.list(func(i, line int, record string) error {
		r.at = fmt.Sprintf("%s[%d]", name, i)
		return cmp.Or(f(line, record), r.in.ctx.Err())
	})
}

// errNested refuses what no file of this kind has.
var errNested = fmt.Errorf("has objects or lists in more than %d others: write them beside each other, and join them by @id", maxNesting)

// shallow returns an error for a value that is nested too deep.
func (r *ldReader) shallow(line int, value []byte) error {
	depth, text := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return &LineError{Line: line, Err: errNested}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// item reads a record, of a document with a context or of none.
func (r *ldReader) item(line int, printed string, context *ldContexts) error {
	if err := r.shallow(line, []byte(printed)); err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal([]byte(printed), &v); err != nil {
		return r.in.fail(line, wrongJSON(err, &v))
	}
	members, ok := v.(map[string]any)
	if !ok {
		return r.in.fail(line, errors.New("is no object, where a record should stand"))
	}
	if id, ok := members["@id"].(string); ok {
		r.at += " (" + clip(id) + ")"
	} else if id, ok := members["id"].(string); ok {
		r.at += " (" + clip(id) + ")"
	}
	if own, ok := members["@context"].(string); ok && context.value == nil { // the same again and again
		context = &ldContexts{own}
		delete(members, "@context")
	}
	return r.expanded(line, printed, members, context)
}

// use makes a context the one at hand.
func (r *ldReader) use(line int, context *ldContexts) (err error) {
	if r.of == context {
		return nil
	}
	key, err := json.Marshal(context.value, json.Deterministic(true))
	if err != nil {
		return err
	}
	if r.of != nil && r.key == string(key) {
		r.of = context
		return nil
	}
	defer r.recovered(line, &err)
	fresh := ld.NewContext(nil, r.options)
	if context.value != nil {
		parsed, wrong := fresh.Parse(context.value)
		if wrong != nil {
			return r.unfit(line, wrong)
		}
		fresh = parsed
	}
	r.key, r.of, r.context = string(key), context, fresh
	return nil
}

// recovered turns a fault of the library, which not all input suits, into an error about the record.
func (r *ldReader) recovered(line int, err *error) {
	if recover() != nil {
		*err = &LineError{Line: line, Err: errors.New("is no JSON-LD that can be read: is its context one?")}
	}
}

// unfit is the error for what is no JSON-LD. It ends the reading: without a context nothing is understood.
func (r *ldReader) unfit(line int, err error) error {
	if address := r.loader.refused; address != "" {
		return &LineError{Line: line, Err: fmt.Errorf("has the context %s, and nothing is fetched: put what stands there in its place, or name https://schema.org",
			kg.Clip(address, 200))}
	}
	code := "is no JSON-LD"
	var own *ld.JsonLdError
	if errors.As(err, &own) {
		code += ": " + string(own.Code)
	}
	return &LineError{Line: line, Err: errors.New(code)}
}

// expanded takes a record of a document with a context.
func (r *ldReader) expanded(line int, printed string, members map[string]any, context *ldContexts) (err error) {
	if err := r.use(line, context); err != nil {
		return err
	}
	var list any
	expand := func() (err error) {
		defer r.recovered(line, &err)
		if list, err = ld.NewJsonLdApi().Expand(r.context, "", members, r.options, false, nil); err != nil {
			return r.unfit(line, err)
		}
		return nil
	}
	if err := expand(); err != nil {
		var bad *LineError
		if r.loader.refused == "" && errors.As(err, &bad) {
			return r.in.fail(line, bad.Err)
		}
		return err
	}
	nodes := ldNodes(list)
	if len(nodes) == 0 && len(members) > 0 {
		r.unsaid = true
	}
	r.record = ldRecordAt{line: line, printed: printed, kept: place{size: -1}}
	for _, n := range nodes {
		if _, err := r.take(n, ""); err != nil {
			return err
		}
	}
	return nil
}

// is returns the type of an entity, or the kind of a source, that the types of an object stand for. Class is their name
// in messages.
func (r *ldReader) is(types []string) (t *catalog.Type, source, class string) {
	for _, class := range types {
		t, k, said := r.meaning(class)
		switch {
		case said && (t != nil || k == nil):
			return t, "", class
		case t != nil && !strings.Contains(class, ":") && ldBase(class) == "":
			return t, "", class // a type of one's own that is called so
		}
		if name, ok := strings.CutPrefix(class, ":"); ok {
			if t := r.g.in.cat.TypeOf(name); t != nil && t.IsEntity() {
				return t, "", class
			}
			if slices.Contains(SourceKinds(r.g.in.cat), name) {
				return nil, name, class
			}
		}
	}
	for _, class := range types {
		if t := r.g.in.cat.TypeOf(ldEntities[ldBase(class)]); t != nil {
			return t, "", class
		}
	}
	for _, class := range types {
		if base := ldBase(class); base != "" && ldEntities[base] == "" && (source == "" || source == "OTHER") {
			source = base
		}
	}
	return nil, source, firstOf(types)
}

// take takes an object, and what stands in it. It returns its id, a label for it where it has none, or "" where it is
// nothing here. Expected is the type of one that says none, "" where that is nothing.
func (r *ldReader) take(n *ldNode, expected string) (id string, err error) {
	for _, x := range n.within {
		if _, err := r.take(x, ""); err != nil {
			return "", err
		}
	}
	if n.bare() {
		return r.id(n.id), nil
	}
	if slices.Contains(n.types, "rdf:Statement") {
		return "", r.statement(n)
	}
	t, source, class := r.is(n.types)
	if t == nil && source == "" && len(n.types) == 0 {
		t = r.g.in.cat.TypeOf(expected)
	}
	switch {
	case source != "":
		id, err = r.source(n, source)
	case t != nil:
		id, err = r.entity(t, n)
	default:
		id = r.id(n.id)
		if _, _, said := r.meaning(class); class != "" && !said {
			r.left[class]++
		}
	}
	if err != nil {
		return "", err
	}
	for _, word := range slices.Sorted(maps.Keys(n.props)) {
		if source != "" && slices.Contains(ldSourceRead, word) || word == "identifier" || word == "geo" {
			continue
		}
		if err := r.property(n, t, id, word, n.props[word], false); err != nil {
			return "", err
		}
	}
	for _, word := range slices.Sorted(maps.Keys(n.reverse)) {
		if err := r.property(n, t, id, word, n.reverse[word], true); err != nil {
			return "", err
		}
	}
	return id, nil
}

// property takes what stands in a property of an object, and the links that it is.
func (r *ldReader) property(n *ldNode, t *catalog.Type, id, word string, values []ldValue, back bool) error {
	link, isLink := ldLinks[word]
	kind := ""
	if name, ok := strings.CutPrefix(word, ":"); ok && r.g.in.cat.Kind(name) != nil {
		kind = name
	}
	if !isLink && kind == "" && t != nil && !r.reads(t, n, word) {
		r.unread[word] = true
	}
	for _, v := range values {
		c := ldClaim{Prop: word, Role: link.role}
		others := []ldValue{v}
		if v.node != nil && v.node.role() {
			if others = v.node.props[word]; len(others) == 0 {
				r.left[word+" in a Role that does not repeat it"]++
			}
			c.Role = cmp.Or(v.node.text("roleName", "namedPosition"), c.Role)
			c.Since, c.Until = v.node.text("startDate"), v.node.text("endDate")
		}
		if word == "worksFor" && c.Role == "" && len(values) == 1 {
			if titles := n.texts("jobTitle"); len(titles) == 1 {
				c.Role = titles[0]
			}
		}
		if t != nil && t.Quoted != nil && (word == "isBasedOn" || word == "citation") {
			continue // it is the source of the words
		}
		for _, o := range others {
			c.To, c.Named = o.text, o.node == nil && !isAddress(o.text)
			if o.node != nil {
				expected := link.named
				if back {
					expected = ""
				}
				var err error
				if c.To, err = r.take(o.node, expected); err != nil {
					return err
				}
			} else if !c.Named {
				c.To = r.id(o.text)
			}
			if !isLink && kind == "" || c.To == "" {
				continue
			}
			c := c
			if c.From = id; back {
				c.From, c.To = c.To, c.From
			}
			if err := r.claim(n, &c, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// claim has a link wait for its ends.
func (r *ldReader) claim(n *ldNode, c *ldClaim, id string) (err error) {
	if id == "" {
		return nil // it is nothing here
	}
	if slices.Contains([]string{"spokenByCharacter", "creator", "author"}, c.Prop) {
		if c.Source, err = r.basis(n); err != nil {
			return err
		}
		c.Excerpt = n.text("text")
	}
	if r.record.kept.size < 0 {
		r.record.kept.size = len(r.record.printed)
		if r.record.kept.from, err = r.spool.add(r.record.printed); err != nil {
			return err
		}
	}
	c.At, c.Printed, c.Size = r.at, r.record.kept.from, int64(r.record.kept.size)
	kept, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return r.wait(r.record.line, string(kept))
}

// basis takes the source of the words of a quotation, and returns its id; "" where none is named.
func (r *ldReader) basis(n *ldNode) (string, error) {
	for _, word := range []string{"isBasedOn", "citation"} {
		for _, v := range n.props[word] {
			switch {
			case v.node == nil && v.text != "":
				return r.cite(v.text), nil
			case v.node != nil && v.node.bare() && v.node.id != "":
				return r.cite(v.node.id), nil
			case v.node != nil:
				_, kind, _ := r.is(v.node.types)
				return r.source(v.node, cmp.Or(kind, "OTHER"))
			}
		}
	}
	return "", nil
}

// cite returns the id of a source that is named, and sees to it that there is one.
func (r *ldReader) cite(name string) string {
	id := r.sourceID(name)
	if !strings.HasPrefix(name, ldRecord) {
		r.cited[id] = name
	}
	return id
}

func (r *ldReader) sourceID(name string) string {
	id := r.id(name)
	if !strings.HasPrefix(name, ldRecord) {
		id = kg.SourcePrefix + id
	}
	return id
}

// id returns the id of an object by its name in the file. A name that we wrote, or that can be an id, is the id. Any
// other, such as an address, becomes its last word with a digest. A label stays as it is.
func (r *ldReader) id(name string) string {
	if name == "" || strings.HasPrefix(name, ldBlank) {
		return name
	}
	if own, ok := strings.CutPrefix(name, ldRecord); ok {
		return own
	}
	var c cleaner
	if c.id("id", name, ""); c.err == nil {
		return name
	}
	parts := strings.FieldsFunc(name, func(c rune) bool { return c == '/' || c == '#' || c == ':' })
	last := ""
	if len(parts) > 0 {
		last = rules.Slug(parts[len(parts)-1])
	}
	id := cmp.Or(last, "n") + "-" + kg.Digest(name)
	r.in.lenient("ids that are none here, such as %s, are written as %s", clip(name), id)
	return id
}

// final returns the id of the object that a label stands for; an id stays as it is.
func (r *ldReader) final(id string) string {
	if strings.HasPrefix(id, ldBlank) {
		return r.ids[id]
	}
	return id
}

// reads reports whether a property of an entity is read.
func (r *ldReader) reads(t *catalog.Type, n *ldNode, word string) bool {
	switch word {
	case "isBasedOn", "citation":
		return t.Quoted != nil
	case "jobTitle":
		return len(n.props[word]) == 1 && len(n.props["worksFor"]) == 1
	}
	return slices.Contains(ldRead, word) || slices.ContainsFunc(t.Props, func(p *catalog.Prop) bool { return slices.Contains(ldWords(p), word) })
}

// entity takes an entity.
func (r *ldReader) entity(t *catalog.Type, n *ldNode) (string, error) {
	own := strings.HasPrefix(n.id, ldRecord)
	names := n.texts("name", "legalName", "headline")
	if len(names) == 0 {
		if s := strings.TrimSpace(n.text("givenName") + " " + n.text("familyName")); s != "" {
			names = []string{s}
		}
	}
	if len(names) == 0 && t.Quoted != nil {
		names = []string{shortened(n.text("text"))}
	}
	given := r.id(n.id)
	if strings.HasPrefix(given, ldBlank) {
		given = ""
	}
	one := func(words ...string) string {
		s := n.text(words...)
		if !own {
			s = strings.TrimSpace(s)
		}
		return s
	}
	patterns := map[string]string{
		"id": "{id}", "name": "{name}", flatAliases: "{aliases}", "description": "{description}", flatExternal: "{externalIds}",
		flatCreated: "{createdAt}", flatUpdated: "{updatedAt}",
	}
	if t.Quoted != nil {
		patterns[flatVerified] = "{verified}"
	}
	id, err := r.entries.entity(t, patterns, &row{line: r.record.line, printed: r.record.printed, get: func(column string) string {
		switch column {
		case "id":
			return given
		case "name":
			if own {
				return firstOf(names)
			}
			return strings.TrimSpace(firstOf(names))
		case flatAliases:
			if own {
				return listOf(n.texts("alternateName"))
			}
			return r.otherNames(strings.TrimSpace(firstOf(names)), names, n.texts("alternateName"))
		case flatExternal:
			return r.externalIDs(n, own)
		case "description":
			return one(column)
		case flatCreated:
			return n.text("prov:generatedAtTime")
		case flatUpdated:
			return n.text(":updatedAt")
		case flatVerified:
			return n.text(":verified")
		case "latitude", "longitude":
			if s := one(":"+column, column); s != "" {
				return s
			}
			return n.node("geo").text(column)
		}
		p := t.Prop(column)
		if p == nil {
			return ""
		}
		return one(ldWords(p)...)
	}})
	if err == nil && id != "" && strings.HasPrefix(n.id, ldBlank) {
		r.ids[n.id] = id
	}
	return id, err
}

// shortened returns the beginning of words as a title.
func shortened(words string) string {
	const most = 80
	words = strings.Join(strings.Fields(words), " ")
	if len(words) <= most {
		return words
	}
	cut := strings.LastIndexByte(words[:most], ' ')
	if cut < most/2 {
		cut = len(kg.Clip(words, most/2))
		return strings.ToValidUTF8(words[:min(cut, len(words))], "")
	}
	return words[:cut] + " …"
}

// listOf writes a list as one value of a column; "" where it is empty.
func listOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	b, _ := json.Marshal(list) // texts always marshal
	return string(b)
}

// externalIDs writes the ids that an entity has elsewhere as one value of a column.
func (r *ldReader) externalIDs(n *ldNode, own bool) string {
	var ids []kg.ExternalID
	add := func(id kg.ExternalID) {
		if own || !slices.ContainsFunc(ids, func(x kg.ExternalID) bool { return x.Scheme == id.Scheme && x.Value == id.Value }) {
			ids = append(ids, id)
		}
	}
	for _, v := range n.props["identifier"] {
		if v.node == nil {
			r.left["identifier without a propertyID"]++
			continue
		}
		scheme, value := v.node.text("propertyID", "name"), v.node.text("value")
		if !own {
			scheme, value = strings.TrimSpace(scheme), strings.TrimSpace(value)
		}
		if scheme == "" || value == "" {
			r.left["identifier without a propertyID"]++
			continue
		}
		add(kg.ExternalID{Scheme: scheme, Value: value, URL: v.node.text("url")})
	}
	addresses := n.texts("sameAs", "url")
	if !own && n.id != "" {
		addresses = append(addresses, n.id)
	}
	for _, address := range addresses {
		if scheme, value := registered(address); scheme != "" {
			add(kg.ExternalID{Scheme: scheme, Value: value})
		} else if address != n.id && isAddress(address) {
			add(kg.ExternalID{Scheme: ldAddress, Value: address, URL: address})
		}
	}
	if len(ids) > rules.MaxAliases {
		ids = ids[:rules.MaxAliases]
		r.in.lenient("of ids elsewhere, the first %d of an entity are read", rules.MaxAliases)
	}
	if len(ids) == 0 {
		return ""
	}
	return string(listOfIDs(ids))
}

// registered returns the register of which an address says an id, and the id.
func registered(address string) (scheme, value string) {
	for _, x := range ldRegisters {
		if f := x.form.FindStringSubmatch(address); f != nil {
			return x.scheme, f[1]
		}
	}
	return "", ""
}

// ldSourceRead are the properties of sources that are read.
var ldSourceRead = []string{"name", "headline", "url", "publisher", "author", "datePublished", "text", "articleBody"}

// source takes a source of a kind.
func (r *ldReader) source(n *ldNode, kind string) (string, error) {
	b := object{'{'}
	b.text("source", kind)
	own := strings.HasPrefix(n.id, ldRecord)
	if n.id != "" && !strings.HasPrefix(n.id, ldBlank) {
		b.text("id", r.sourceID(n.id))
	}
	address := n.text("url")
	if address == "" && isAddress(n.id) {
		address = n.id
	}
	title := n.text("name", "headline")
	if !own {
		title = cmp.Or(strings.TrimSpace(title), address)
	}
	if title == "" {
		r.left[cmp.Or(firstOf(n.types), "source")+" without a name"]++
		return "", nil
	}
	b.text("title", title)
	if isAddress(address) {
		b.text("url", address)
	}
	b.known("publisher", n.text("publisher"))
	if authors := n.texts("author"); len(authors) > 0 {
		b.texts("authors", authors)
	}
	b.known("publishedOn", r.date(n.text("datePublished")))
	b.known("text", n.text("text", "articleBody"))
	id, err := r.g.add(r.record.line, append(b, '}'))
	if id != "" {
		r.sources.add(r.hash(id))
		if strings.HasPrefix(n.id, ldBlank) {
			r.ids[n.id] = id
		}
	}
	return id, err
}

// statement takes a link that is written as a statement about a statement.
func (r *ldReader) statement(n *ldNode) error {
	kind, ok := strings.CutPrefix(ldShort(n.node("rdf:predicate").id), ":")
	from, to := r.id(n.node("rdf:subject").id), r.id(n.node("rdf:object").id)
	if !ok || from == "" || to == "" || r.g.in.cat.Kind(kind) == nil {
		r.left[cmp.Or(ldShort(n.node("rdf:predicate").id), "rdf:Statement")]++
		return nil
	}
	if len(n.props[":evidence"]) == 0 {
		return r.claim(n, &ldClaim{Prop: ":" + kind, From: from, To: to, Role: n.text(":role"), Since: n.text(":since"), Until: n.text(":until")}, from)
	}
	r.stated.add(r.hash(kind + "\x00" + from + "\x00" + to))
	b := object{'{'}
	b.text("link", kind)
	if id := r.id(n.id); strings.HasPrefix(id, kg.LinkPrefix) {
		b.text("id", id)
	}
	b.text("from", from)
	b.text("to", to)
	b.known("role", n.text(":role"))
	b.known("since", n.text(":since"))
	b.known("until", n.text(":until"))
	b.key("evidence")
	b = append(b, '[')
	for _, v := range n.props[":evidence"] {
		if v.node == nil {
			continue
		}
		target := v.node.node("oa:hasTarget")
		selector := target.node("oa:hasSelector")
		b.begin()
		b.text("source", r.cite(target.node("oa:hasSource").id))
		b.text("excerpt", selector.text("oa:exact"))
		b.known("prefix", selector.text("oa:prefix"))
		b.known("suffix", selector.text("oa:suffix"))
		b.known("stance", v.node.text(":stance"))
		if verified := v.node.text(":verified"); verified == "true" || verified == "false" {
			b.raw(flatVerified, verified)
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	b.known("createdAt", n.text("prov:generatedAtTime"))
	b.known("updatedAt", n.text(":updatedAt"))
	_, err := r.g.add(r.record.line, append(b, '}'))
	return err
}

// claimed reads a claim.
func claimed(kept string) (c ldClaim, err error) {
	err = json.Unmarshal([]byte(kept), &c)
	return c, err
}

// ends returns the ids of the ends of a claim.
func (r *ldReader) ends(kept string) []string {
	c, err := claimed(kept)
	if err != nil {
		return nil
	}
	list := []string{r.final(c.From)}
	if !c.Named {
		list = append(list, r.final(c.To))
	}
	return list
}

// joining takes a link whose ends are known.
func (r *ldReader) joining(line int, kept string) error {
	c, err := claimed(kept)
	if err != nil {
		return err
	}
	r.at = c.At
	printed, err := r.spool.at(c.Printed, int(c.Size))
	if err != nil {
		return err
	}
	r.record = ldRecordAt{line: line, printed: printed}
	link := ldLinks[c.Prop]
	kinds := link.kinds
	if name, ok := strings.CutPrefix(c.Prop, ":"); ok {
		kinds = []string{name}
	}
	from, to := r.final(c.From), r.final(c.To)
	if c.Named {
		to = ""
		if t := r.g.in.cat.TypeOf(link.named); t != nil && r.possible(kinds, r.typeOf(from), t, link.back) {
			name := c.To
			if to, err = r.entries.entity(t, map[string]string{"name": "{name}"}, &row{line: line, printed: printed, get: func(column string) string {
				if column == "name" {
					return name
				}
				return ""
			}}); err != nil {
				return err
			}
		}
		if to == "" {
			r.left[c.Prop+" that is a text"]++
			return nil
		}
	}
	if link.back {
		from, to = to, from
	}
	a, b := r.typeOf(from), r.typeOf(to)
	if a == nil || b == nil {
		r.left[c.Prop+" of what is not read"]++
		return nil
	}
	var k *catalog.Kind
	for _, name := range kinds {
		if k = joins(r.g.in.cat.Kind(name), a, b); k != nil {
			break
		}
	}
	switch {
	case k == nil:
		r.left[fmt.Sprintf("%s (%s to %s)", c.Prop, a.Enum, b.Enum)]++
		return nil
	case strings.HasPrefix(c.Prop, ":") && r.stated.has(r.hash(k.Name+"\x00"+from+"\x00"+to)):
		return nil // a statement says more of it
	case from == to:
		r.left[c.Prop+" of one to itself"]++
		return nil
	}
	patterns := map[string]string{"link": k.Name, "from": "{from}", "to": "{to}", "role": "{role}", "since": "{since}", "until": "{until}"}
	if c.Source != "" && c.Excerpt != "" {
		patterns[flatEvidence] = "{evidence}"
	}
	return r.said(patterns, from, to, c.Role, line, printed, func(column string) string {
		switch column {
		case "since":
			return c.Since
		case "until":
			return c.Until
		case flatEvidence:
			b := object("[{")
			b.text("source", c.Source)
			b.text("excerpt", c.Excerpt)
			return string(append(b, "}]"...))
		}
		return ""
	})
}

// possible reports whether one of some kinds can join an entity of a type with one of another.
func (r *ldReader) possible(kinds []string, a, b *catalog.Type, back bool) bool {
	if a == nil {
		return false
	}
	if back {
		a, b = b, a
	}
	return slices.ContainsFunc(kinds, func(name string) bool { return joins(r.g.in.cat.Kind(name), a, b) != nil })
}
