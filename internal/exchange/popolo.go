package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
)

// popoloFormat is Popolo: one document of JSON with the people and organizations of a parliament.
func popoloFormat() *Format {
	return &Format{
		Name: "popolo", Title: "Popolo: EveryPolitician, parliaments and councils",
		Extensions: []string{".popolo.json", ".popolo"}, Media: "application/json", noun: "record", typed: true,
		Holds: "persons, organizations, areas and events; memberships with their roles and dates, those of posts too; what is part of what",
		Lacks: "motions, votes and speeches; contact details, links and sources",
		looks: func(head []byte) bool { return popoloHead.Match(head) },
		read:  readPopolo,
	}
}

// popoloHead matches the beginning of a document: the first collection may stand behind its metadata.
var popoloHead = regexp.MustCompile(`^\s*\{[^\[]*"(?:persons|organizations|memberships|posts|areas|events|motions)"\s*:\s*\[`)

// popoloTypes are the types of the collections that hold entities.
var popoloTypes = map[string]string{"persons": "PERSON", "organizations": "INSTITUTION", "areas": "PLACE", "events": "EVENT"}

// popoloNames are all collections, by the names that a type or a file can give their records.
var popoloNames = map[string]string{
	"person": "persons", "organization": "organizations", "membership": "memberships", "post": "posts", "area": "areas", "event": "events",
	"motion": "motions", "voteevent": "vote_events", "vote": "votes", "count": "counts", "speech": "speeches",
}

// popoloFields are what fields of ours are called.
var popoloFields = map[string]string{
	"born": "birth_date", "died": "death_date", "founded": "founding_date", "dissolved": "dissolution_date", "startsOn": "start_date", "endsOn": "end_date",
}

// popoloRead are the fields that are read.
var popoloRead = []string{
	"id", "@type", "@context", "name", "label", "other_names", "identifiers", "summary", "biography", "description", "parent_id", "organization_id", "area_id", "attendees",
	"memberships", "posts", "given_name", "family_name", "birth_date", "death_date", "founding_date", "dissolution_date", "start_date", "end_date",
}

// popoloRecord is a record of a collection.
type popoloRecord map[string]jsontext.Value

// text returns a field that is a text or a number; "" where it is none.
func (r popoloRecord) text(names ...string) string {
	for _, name := range names {
		if list, _ := textsOf(r[name]); len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

// ref returns the id of another record: person_id, or that of the person that stands in this one.
func (r popoloRecord) ref(name string) string {
	var within popoloRecord
	if err := json.Unmarshal(r[name], &within); err != nil {
		within = nil // it is an id, or nothing
	}
	return cmp.Or(r.text(name+"_id"), within.text("id"))
}

// list returns the records that stand in a field.
func (r popoloRecord) list(name string) (out []popoloRecord) {
	if err := json.Unmarshal(r[name], &out); err != nil {
		return nil
	}
	return out
}

// popoloReader reads a document.
type popoloReader struct {
	*entries
	*jsonDocument
	in    *reading
	posts map[uint64]place // by the hash of the id
}

func readPopolo(in *reading) (err error) {
	e, err := newEntries(in, "collection", "fields", popoloRead)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, e.close()) }()
	p := &popoloReader{entries: e, jsonDocument: openJSON(in), in: in, posts: map[uint64]place{}}
	switch p.dec.PeekKind() {
	case '{':
		err = p.document()
	case '[':
		err = p.array()
	default:
		err = p.wrong(errors.New("is no document of Popolo: it should begin with { or ["))
	}
	if err == nil {
		if _, behind := p.dec.ReadToken(); !errors.Is(behind, io.EOF) {
			p.pass()
			err = p.wrong(cmp.Or(behind, errors.New("stands behind the end of the document")))
		}
	}
	if err == nil {
		err = p.waiting(p.ends, p.joining)
	}
	p.at = ""
	if err != nil {
		return err
	}
	return p.end()
}

// document reads collections.
func (p *popoloReader) document() error {
	if _, err := p.dec.ReadToken(); err != nil {
		return p.wrong(err)
	}
	some := false
	for p.dec.PeekKind() == '"' {
		name, err := p.dec.ReadToken()
		if err != nil {
			return p.wrong(err)
		}
		collection := name.String()
		if p.dec.PeekKind() != '[' {
			if err := p.dec.SkipValue(); err != nil {
				return p.wrong(err)
			}
			p.pass()
			continue
		}
		some = true
		if err := p.records(func(popoloRecord) string { return collection }); err != nil {
			return err
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return p.wrong(err)
	}
	if !some {
		return p.wrong(errors.New(`has no collection: a document of Popolo is {"persons": […], "organizations": […], "memberships": […]}`))
	}
	return nil
}

// array reads records whose types, or the name of whose file, say what they are.
func (p *popoloReader) array() error {
	file := ""
	for _, singular := range slices.Sorted(maps.Keys(popoloNames)) {
		if strings.Contains(bareName(filepath.Base(p.in.file.Name)), singular) {
			file = popoloNames[singular]
		}
	}
	return p.records(func(r popoloRecord) string { return cmp.Or(popoloNames[bareName(r.text("@type"))], file) })
}

// records reads the records of an array.
func (p *popoloReader) records(collection func(popoloRecord) string) error {
	return p.jsonDocument.list(func(i, line int, printed string) error {
		var r popoloRecord
		if err := json.Unmarshal([]byte(printed), &r); err != nil || r == nil {
			p.at = popoloAtIndex(collection(nil), i, nil)
			return p.in.fail(line, errors.New("is no object, where a record of a collection should stand"))
		}
		c := collection(r)
		if c == "" {
			return &LineError{Line: line, Err: errors.New(
				`says not what it is: write {"persons": […]}, or give records an @type, or the file a name such as persons.popolo.json`)}
		}
		p.at = popoloAtIndex(c, i, r)
		return cmp.Or(p.record(c, r, line, popoloPlace{printed: printed, at: p.at}), p.in.ctx.Err())
	})
}

// popoloAtIndex says for messages which record of a collection one is, by its id too where it has one.
func popoloAtIndex(collection string, i int, r popoloRecord) string {
	at := fmt.Sprintf("%s[%d]", collection, i)
	if id := r.text("id"); id != "" {
		at += " (" + clip(id) + ")"
	}
	return at
}

// popoloPlace is a record within another: printed is its text, at is its place for messages. field is the name by which a
// record of its own would name the outer one, id is the id of that.
type popoloPlace struct{ printed, at, field, id string }

// String writes it as one text.
func (at popoloPlace) String() string {
	return strings.ReplaceAll(at.at, "\x00", "") + "\x00" + at.field + "\x00" + at.id + "\x00" + at.printed
}

// popoloAt reads such a text. The record was read before.
func popoloAt(s string) (r popoloRecord, at popoloPlace, err error) {
	at.at, s, _ = strings.Cut(s, "\x00")
	at.field, s, _ = strings.Cut(s, "\x00")
	at.id, at.printed, _ = strings.Cut(s, "\x00")
	err = json.Unmarshal([]byte(at.printed), &r)
	if err == nil && at.field != "" && r.ref(strings.TrimSuffix(at.field, "_id")) == "" {
		var id []byte
		id, err = json.Marshal(at.id)
		r[at.field] = id
	}
	return r, at, err
}

// record takes a record of a collection.
func (p *popoloReader) record(collection string, r popoloRecord, line int, at popoloPlace) error {
	t, k, said := p.meaning(collection)
	switch {
	case said && t == nil && k == nil:
		return nil // the mapping wants it left out
	case t == nil && !said:
		t = p.g.in.cat.TypeOf(popoloTypes[collection])
	}
	switch {
	case t != nil:
		return p.entity(collection, t, r, line, at)
	case collection == "memberships" && cmp.Or(r.ref("person"), r.ref("member")) == "" && at.field != "person_id":
		return p.in.fail(line, errors.New("has no person_id and no member_id: a membership joins a member to an organization"))
	case collection == "memberships":
		return p.wait(line, at.String())
	case collection == "posts":
		from, err := p.spool.add(at.String())
		p.posts[maphash.String(p.g.seed, r.text("id"))] = place{from, len(at.String())}
		return err
	}
	p.left[collection]++
	return nil
}

// entity takes an entity, and puts aside what it is part of and who belongs to it.
func (p *popoloReader) entity(collection string, t *catalog.Type, r popoloRecord, line int, at popoloPlace) error {
	name := r.text("name", "label")
	if name == "" {
		name = strings.TrimSpace(r.text("given_name") + " " + r.text("family_name"))
	}
	if name == "" && popoloTypes[collection] == "" {
		name = r.text("id") // others have none
	}
	if name == "" {
		return p.in.fail(line, errors.New("has no name"))
	}
	for name := range r {
		if !slices.Contains(popoloRead, name) && t.Prop(name) == nil {
			p.unread[name] = true
		}
	}
	patterns := map[string]string{"id": "{id}", "name": "{name}", flatAliases: "{aliases}", "description": "{description}", flatExternal: "{externalIds}"}
	for ours, theirs := range popoloFields {
		patterns[ours] = "{" + theirs + "}"
	}
	if err := p.node(t, patterns, &row{line: line, printed: at.printed, get: func(column string) string {
		switch column {
		case "name":
			return name
		case "description":
			return r.text("summary", "biography", column)
		case flatAliases:
			var names []string
			for _, x := range r.list("other_names") {
				names = append(names, x.text("name"))
			}
			return p.otherNames(name, names)
		case flatExternal:
			var ids []kg.ExternalID
			for _, x := range r.list("identifiers") {
				if scheme, value := x.text("scheme"), x.text("identifier"); scheme != "" && value != "" {
					ids = append(ids, kg.ExternalID{Scheme: scheme, Value: value})
				}
			}
			if ids == nil {
				return ""
			}
			return string(listOfIDs(ids))
		}
		return r.text(column)
	}}); err != nil {
		return err
	}
	if err := p.within("posts", r, "organization_id", line, at.at); err != nil {
		return err
	}
	whose := "organization_id"
	if t.Enum == "PERSON" {
		whose = "person_id"
	}
	if err := p.within("memberships", r, whose, line, at.at); err != nil {
		return err
	}
	if slices.ContainsFunc([]string{"parent", "organization", "area", "attendees"}, func(s string) bool { return r[s] != nil || r[s+"_id"] != nil }) {
		return p.wait(line, popoloPlace{printed: at.printed, at: at.at}.String())
	}
	return nil
}

// within takes the records of a collection that stand in another record.
func (p *popoloReader) within(collection string, of popoloRecord, whose string, line int, at string) error {
	defer func() { p.at = at }()
	var list []jsontext.Value
	if of[collection] != nil && json.Unmarshal(of[collection], &list) != nil {
		return p.in.fail(line, fmt.Errorf("has in %s what is no list", collection))
	}
	for i, x := range list {
		var r popoloRecord
		if err := json.Unmarshal(x, &r); err != nil || r == nil {
			p.at = at
			return p.in.fail(line, fmt.Errorf("has in %s what is no object", collection))
		}
		p.at = at + "." + popoloAtIndex(collection, i, r)
		if err := p.record(collection, r, line, popoloPlace{string(x), p.at, whose, of.text("id")}); err != nil {
			return err
		}
	}
	return nil
}

// ends returns the entities that a record names. What is wrong with it is said when it is taken.
func (p *popoloReader) ends(kept string) []string {
	r, _, err := popoloAt(kept)
	if err != nil {
		return nil
	}
	list := []string{
		r.ref("person"), r.ref("member"), r.ref("organization"), r.text("on_behalf_of_id"), r.ref("parent"), r.ref("area"),
	}
	if post, ok, err := p.post(r); ok && err == nil {
		list = append(list, post.ref("organization"))
	}
	for _, who := range r.list("attendees") {
		list = append(list, popoloAttendee(who))
	}
	return list
}

// popoloAttendee returns who an attendee of an event is.
func popoloAttendee(r popoloRecord) string { return r.text("id", "person_id", "organization_id") }

// post returns the post of a membership. It reports whether the file has it.
func (p *popoloReader) post(r popoloRecord) (post popoloRecord, ok bool, err error) {
	at, ok := p.posts[maphash.String(p.g.seed, r.ref("post"))]
	if !ok {
		return nil, false, nil
	}
	kept, err := p.spool.at(at.from, at.size)
	if err == nil {
		post, _, err = popoloAt(kept)
	}
	return post, true, err
}

// joining takes what joins others.
func (p *popoloReader) joining(line int, kept string) error {
	r, at, err := popoloAt(kept)
	if err != nil {
		return err
	}
	printed := at.printed
	p.at = at.at
	if member := cmp.Or(r.ref("person"), r.ref("member")); member != "" {
		return p.membership(r, member, line, printed)
	}
	id := r.text("id")
	t := p.typeOf(id)
	if t == nil {
		return nil // it is a bad record, which is told
	}
	join := func(field, other, kind string, out bool) error {
		from, to := id, other
		if !out {
			from, to = other, id
		}
		if other == "" {
			return nil
		}
		return p.link(field, r, kind, from, to, "", line, printed)
	}
	parent := "PART_OF"
	if t.Enum == "PLACE" {
		parent = "LOCATED_IN"
	}
	area := "LOCATED_IN"
	if t.Enum == "EVENT" {
		area = "HELD_IN"
	}
	err = cmp.Or(join("parent", r.ref("parent"), parent, true), join("area", r.ref("area"), area, true),
		join("organization", r.ref("organization"), "ORGANIZED", false))
	for _, who := range r.list("attendees") {
		other := popoloAttendee(who)
		kind := "PARTICIPATED_IN"
		if a := p.typeOf(other); a != nil && a.Enum == "INSTITUTION" {
			kind = "REPRESENTED_AT"
		}
		err = cmp.Or(err, join("attendees", other, kind, false))
	}
	return err
}

// membership takes the links of a membership: to the organization, and to the one on whose behalf it is.
func (p *popoloReader) membership(r popoloRecord, member string, line int, printed string) error {
	organization, role := r.ref("organization"), r.text("role", "label")
	post, ok, err := p.post(r)
	if err != nil {
		return err
	}
	if ok {
		organization, role = cmp.Or(organization, post.ref("organization")), cmp.Or(role, post.text("role", "label"))
	}
	behalf := r.text("on_behalf_of_id")
	if !ok && r.ref("post") != "" {
		p.left["post_id of what is not in the file"]++
		if organization == "" && behalf == "" {
			return nil
		}
	}
	if organization == "" && behalf == "" {
		return p.in.fail(line, errors.New("has a member and no organization: a membership needs organization_id, or a post_id whose post has one"))
	}
	kind := ""
	if _, k, said := p.meaning("memberships"); said {
		kind = k.Name
	}
	for _, x := range [][2]string{{organization, role}, {behalf, "on its behalf"}} {
		if x[0] == "" {
			continue
		}
		is := kind
		if t := p.typeOf(member); is == "" && t != nil && t.Enum == "INSTITUTION" {
			is = "PART_OF"
		}
		if err := p.link("memberships", r, cmp.Or(is, "AFFILIATED_WITH"), member, x[0], x[1], line, printed); err != nil {
			return err
		}
	}
	return nil
}

// link takes a link of a kind, unless one of its ends is not read or the kind cannot join them. The record that says so
// is its excerpt.
func (p *popoloReader) link(what string, r popoloRecord, kind, from, to, role string, line int, printed string) error {
	a, b := p.typeOf(from), p.typeOf(to)
	if a == nil || b == nil {
		p.left[what+" of what is not read"]++
		return nil
	}
	if joins(p.g.in.cat.Kind(kind), a, b) == nil {
		p.left[fmt.Sprintf("%s (%s to %s)", what, a.Enum, b.Enum)]++
		return nil
	}
	patterns := map[string]string{"link": kind, "from": "{from}", "to": "{to}"}
	if what == "memberships" {
		maps.Copy(patterns, map[string]string{"role": "{role}", "since": "{start_date}", "until": "{end_date}"})
	}
	return p.said(patterns, from, to, role, line, printed, func(column string) string { return r.text(column) })
}
