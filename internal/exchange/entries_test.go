package exchange_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	throughline "github.com/throughline/throughline"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// withParties is the catalogue with the types of docs/own-types.md.
func withParties(t *testing.T) *catalog.Catalog {
	t.Helper()
	own, err := os.ReadFile("../../examples/own-types/parties.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Parse("schema.graphqls", throughline.Schema, &ast.Source{Name: "parties.graphqls", Input: string(own)})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// readAs imports a text into an empty store, and returns its lines without the times, and the warnings.
func readAs(t *testing.T, cat *catalog.Catalog, open both.Open, name, text, mapping string) (string, []exchange.Warning) {
	t.Helper()
	f := exchange.FromBytes(name, []byte(text))
	if mapping != "" {
		var err error
		if f.Terms.Mapping, err = exchange.ReadMapping([]byte(mapping)); err != nil {
			t.Fatal(err)
		}
	}
	lines, report, err := read(t, cat, open, f)
	if err != nil {
		t.Fatal(err)
	}
	return lines, report.Warnings
}

// says holds lines and warnings to have some texts, and to lack those that begin with a "!".
func says(t *testing.T, lines string, warnings []exchange.Warning, want ...string) {
	t.Helper()
	all := lines + fmt.Sprintln(warnings)
	for _, w := range want {
		if rest, not := strings.CutPrefix(w, "!"); strings.Contains(all, rest) == not {
			t.Errorf("want %s\ngot\n%s", w, all)
		}
	}
}

const ftmLines = `{"id":"e-1","schema":"Event","properties":{"name":["Fair"],"startDate":["2020-02-01"],"endDate":["2020-02-03T10:00:00"],"organizer":["acme"],"involved":["ann","acme","nobody"]}}
{"id":"d-1","schema":"Directorship","properties":{"director":["ann"],"organization":["acme","other"],"startDate":["2015-03"]}}
{"id":"m-1","schema":"Membership","properties":{"member":["acme"],"organization":["other"]}}
{"id":"ann","schema":"Person","properties":{"name":["Ann","Anna"],"alias":["A."],"birthDate":["1970"],"wikidataId":["Q1"],"topics":["role.pep"],"summary":"One"},"caption":"Ann","datasets":["x"]}
{"id":"acme","schema":"Company","properties":{"name":["Acme"],"incorporationDate":["1999-01-02"]}}
{"id":"other","schema":"LegalEntity","properties":{"name":["Other"]}}

{"id":"f-1","schema":"Family","properties":{"person":["bob"],"relative":["ann"],"relationship":["husband"]}}
{"id":"bob","schema":"Person","properties":{"name":["Bob"],"addressEntity":[{"id":"a","schema":"Address"}]}}
{"id":"v-1","schema":"Vessel","properties":{"name":["V"]}}
{"id":"u-1","schema":"UnknownLink","properties":{"subject":["acme"],"object":["e-1"],"role":["was represented at","exhibitor"]}}
`

// TestFollowTheMoneyIsRead: entities and links in any order, what has no kind is counted, and a mapping says what it is.
func TestFollowTheMoneyIsRead(t *testing.T) {
	for name, cat := range map[string]*catalog.Catalog{"": both.Catalog(t), " with own types": withParties(t)} {
		both.Run(t, cat, func(t *testing.T, open both.Open) {
			mapping := ""
			if name != "" {
				mapping = `{"values":{"schema":{"Family":"MARRIED_TO","Vessel":"","Company":"party"}}}`
			}
			lines, warnings := readAs(t, cat, open, "a.ftm.json", ftmLines, mapping)
			says(t, lines, warnings,
				`"id":"ann","name":"Ann","aliases":["Anna","A."],"description":"One","externalIds":[{"scheme":"wikidata","value":"Q1"}],"born":"1970"`,
				`{"source":"DATASET","id":"s_a-ftm-json","title":"a.ftm.json"}`,
				`"id":"e-1","name":"Fair","startsOn":"2020-02-01","endsOn":"2020-02-03"`,
				`"from":"ann","to":"e-1","evidence":[{"source":"s_a-ftm-json","excerpt":"{\"id\":\"e-1\",`,
				`"from":"ann","to":"other","role":"director","since":"2015-03","evidence"`,
				`may be a person too, is read as INSTITUTION`, `properties that mean nothing here are left out: addressEntity, topics`,
				`Event.involved of what is not read 1`, `dates in other forms`)
			if name == "" {
				says(t, lines, warnings, `"founded":"1999-01-02"`, `Family (PERSON to PERSON) 1`, `Vessel 1`,
					`"link":"PART_OF"`, `"from":"acme","to":"other","evidence"`, `"from":"acme","to":"e-1","role":"exhibitor","evidence"`, `"link":"ORGANIZED"`)
			} else {
				says(t, lines, warnings, `{"node":"PARTY","id":"acme","name":"Acme","founded":"1999-01-02"`, `!Vessel`, `!Family (`,
					`"link":"MARRIED_TO"`, `"from":"bob","to":"ann","role":"husband"`, `Directorship (PERSON to PARTY) 1`, `Membership (PARTY to INSTITUTION) 1`)
			}
		})
	}
	// it is seen from what is in it, whatever it is called
	lines, _ := readAs(t, both.Catalog(t), both.SQLite(both.Catalog(t)), "a.json", ftmLines, "")
	says(t, lines, nil, `"id":"ann","name":"Ann"`)
}

// TestFollowTheMoneyGoesThereAndBack: what it holds of the sample comes back.
func TestFollowTheMoneyGoesThereAndBack(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("sample.jsonl", sample.Data)}, exchange.Options{}); err != nil {
			t.Fatal(err)
		}
		files, err := formatted(t, cat, s, exchange.FormatOf("ftm", ""))
		if err != nil {
			t.Fatal(err)
		}
		back, report, err := read(t, cat, open, files[0])
		if err != nil {
			t.Fatal(err)
		}
		// of each record what the format holds: entities whole but for external ids, links without their words
		kept := func(lines string) (out []string) {
			for line := range strings.Lines(lines) {
				line, _, _ = strings.Cut(line, `,"evidence"`)
				line, _, _ = strings.Cut(line, `,"createdAt"`)
				line, _, _ = strings.Cut(line, `,"attendance"`)
				for _, is := range []string{"PERSON", "INSTITUTION", "EVENT", "PLACE"} {
					if strings.HasPrefix(line, `{"node":"`+is+`"`) {
						out = append(out, line)
					}
				}
				for _, is := range []string{"AFFILIATED_WITH", "PARTICIPATED_IN", "REPRESENTED_AT", "ORGANIZED", "PART_OF", "LOCATED_IN", "HELD_IN"} {
					if strings.HasPrefix(line, `{"link":"`+is+`"`) {
						out = append(out, line)
					}
				}
			}
			return out
		}
		got, want := kept(back), kept(exported(t, s))
		if !slices.Equal(got, want) || len(want) < 40 || report.Links < 20 {
			t.Errorf("%d of %d records come back:\n%s\n\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

const popoloDocument = `{"name": "A council", "n": 7, "persons": [
 {"id": "p/1", "name": "Ann", "birth_date": "1970", "gender": "female", "other_names": [{"name": "A."}, {"name": "Ann"}], "identifiers": [{"scheme": "wikidata", "identifier": "Q1"}],
  "memberships": [{"organization_id": "o1", "role": "clerk", "start_date": "2009"}]},
 {"id": 2, "name": "Bob", "biography": "Of the town"}],
 "memberships": [{"person_id": "p/1", "post_id": "t1", "on_behalf_of_id": "o2", "start_date": "2012-05", "end_date": "2014"},
  {"person": {"id": 2}, "organization": {"id": "o2"}}, {"member_id": "o2", "organization_id": "o1", "role": "a part"}, {"person_id": "nobody", "organization_id": "o1"}],
 "organizations": [{"id": "o1", "name": "Council", "founding_date": "1848", "area_id": "a1", "posts": [{"id": "t1", "label": "Chair"}]},
  {"id": "o2", "name": "List", "parent_id": "o1"}],
 "areas": [{"id": "a1", "name": "Town"}, {"id": "a2", "name": "County"}],
 "events": [{"id": "e1", "name": "Session", "start_date": "2019-11-20", "organization_id": "o1", "area_id": "a1", "attendees": [{"id": "2"}, {"id": "o2"}]}],
 "motions": [{"id": "m1"}, {"id": "m2"}], "posts": []}
`

// TestPopoloIsRead: collections in any order, memberships that stand in others or lead over posts, arrays, and a mapping.
func TestPopoloIsRead(t *testing.T) {
	cat := both.Catalog(t)
	p1 := "p-1-" + kg.Digest("p/1")
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		lines, warnings := readAs(t, cat, open, "a.json", popoloDocument, "")
		says(t, lines, warnings,
			`{"node":"PERSON","id":"`+p1+`","name":"Ann","aliases":["A."],"externalIds":[{"scheme":"wikidata","value":"Q1"}],"born":"1970"`,
			`{"node":"PERSON","id":"2","name":"Bob","description":"Of the town"`, `{"node":"INSTITUTION","id":"o1","name":"Council","founded":"1848"`,
			`{"node":"EVENT","id":"e1","name":"Session","startsOn":"2019-11-20"`,
			`"from":"`+p1+`","to":"o1","role":"Chair","since":"2012-05","until":"2014"`, `"from":"`+p1+`","to":"o2","role":"on its behalf","since":"2012-05"`,
			`"from":"`+p1+`","to":"o1","role":"clerk","since":"2009","evidence":[{"source":"s_a-json","excerpt":"{\"organization_id\": \"o1\", \"role\": \"clerk\", \"start_date\": \"2009\"}"}]`,
			`"from":"2","to":"o2","evidence"`, `"from":"o2","to":"o1","role":"a part"`, `"from":"o2","to":"o1","evidence"`, `"link":"LOCATED_IN"`, `"link":"HELD_IN"`,
			`"link":"ORGANIZED"`, `"link":"PARTICIPATED_IN"`, `"link":"REPRESENTED_AT"`,
			`left out (a mapping can say what it is): motions 2, memberships of what is not read 1`, `fields that mean nothing here are left out: gender`)
		lines, warnings = readAs(t, cat, open, "a.popolo.json", popoloDocument, `{"values":{"collection":{"motions":"theme","memberships":"","events":""}}}`)
		says(t, lines, warnings, `{"node":"THEME","id":"m1","name":"m1"`, `!AFFILIATED_WITH`, `!EVENT`, `!left out (`)
	})
	open := both.SQLite(cat)
	lines, warnings := readAs(t, cat, open, "a.popolo", `{"persons":[{"id":"a","given_name":"Ann","family_name":"Berg"}],"organizations":[{"id":"o","name":"O"}],
		"memberships":[{"person_id":"a","post_id":"gone"},{"person_id":"a","post_id":"gone","organization_id":"o"}]}`, "")
	says(t, lines, warnings, `"id":"a","name":"Ann Berg"`, `"from":"a","to":"o"`, `post_id of what is not in the file 2`)
	lines, _ = readAs(t, cat, open, "persons.popolo", `[{"id":"a","name":"Ann"},{"@type":"Organization","id":"b","name":"Acme"}]`, "")
	says(t, lines, nil, `{"node":"PERSON","id":"a"`, `{"node":"INSTITUTION","id":"b"`)
}

// TestWhatIsWrongWithRecordsOfOthersIsTold has the place and the remedy of each fault.
func TestWhatIsWrongWithRecordsOfOthersIsTold(t *testing.T) {
	cat := both.Catalog(t)
	for _, c := range []struct{ name, text, mapping, want string }{
		{"a.ftm", "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{\"name\":[\"A\"]}}\n{\"id\":\"b\",}", "", "a.ftm:2: the line is not one JSON object (byte 10)"},
		{"a.ftm", `{"id":"a","properties":{}}`, "", "a.ftm:1: the line has no id or no schema: "},
		{"a.ftm", `{"id":"a","schema":"Person","properties":{}}`, "", "a.ftm:1: the line has no name"},
		{"a.ftm", `{"id":"a","schema":"Person","properties":{"name":["A"],"birthDate":["soon"]}}`, "", "a.ftm:1: the line has in born what is no date"},
		{"a.ftm", "\n{\"id\":\"a\",\"schema\":\"Ownership\",\"properties\":{\"owner\":[\"b\"]}}", "", "a.ftm:2: the line has no owner or no asset, the ends of Ownership"},
		{
			"a.ftm", `{"id":"a","schema":"Ownership","properties":{"owner":["b"` + strings.Repeat(`,"c"`, 200) + `],"asset":["d"` + strings.Repeat(`,"e"`, 99) + `]}}`, "",
			"a.ftm:1: the line joins 20,100 pairs of ends; at most 10,000 fit in a line",
		},
		{"a.ftm", `{"id":"a","schema":"Person","schema":"Person"}`, "", `a.ftm:1: the line has "schema" twice`},
		{"a.ftm", `{"id":"a","schema":"Person","properties":{"name":["` + strings.Repeat("x", 1<<20) + `"]}}`, "", "a.ftm:1: the line is longer than 1048576 bytes"},
		{
			"a.ftm", "\n[\n{\"id\":\"a\",\n\"schema\":\"Person\"},\n{}\n]", "",
			"a.ftm:2: the line begins an array; FollowTheMoney is one object a line: write each entity in a line of its own, without brackets and commas around them$",
		},
		{
			"a.ftm", "{\n\"id\":\"a\",\n\"schema\":\"Person\"}", "",
			"a.ftm:1: the line begins an object that goes on in the next; FollowTheMoney is one object a line: write each entity in one line$",
		},
		{"a.ftm", "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{\"name\":[\"Ren\xe9\"]}}", "", "a.ftm:1: the line is not UTF-8: save the file as UTF-8$"},
		{"a.ftm", "{}", `{"values":{"schemas":{"Company":"INSTITUTION"}}}`, `a.ftm:1: the line cannot be read by a mapping with values for "schemas", which no record has; do you mean schema?`},
		{"a.popolo", "{}", `{"values":{"collections":{"motions":"THEME"}}}`, `the record cannot be read by a mapping with values for "collections", which no record has; do you mean collection?`},
		{"a.ftm", "{}", `{"values":{"schema":{"Company":"INSTITUTE"}}}`, `a.ftm:1: the line is given by the mapping for Company the meaning "INSTITUTE"; do you mean INSTITUTION?`},
		{"a.ftm", "{}", `{"nodes":[{"node":"PERSON","name":"{name}"}]}`, `a.ftm:1: the line cannot be read by nodes and links of a mapping: write what its classes are`},
		{"a.csv", "a,b\n1,2\n", `{"values":{"a":{"1":"PERSON"}}}`, `a.csv:1: the row is read by a mapping that has no nodes and no links`},
		{"a.gexf", gexfHead, `{"values":{"a":{"1":"PERSON"}}}`, `a.gexf:1: the element is read by a mapping that has no nodes and no links`},
		{"a.popolo", "7", "", "a.popolo:1: the record is no document of Popolo: it should begin with { or ["},
		{"a.popolo", "7", "", "a.popolo:1: the record is no document of Popolo"},
		{"a.popolo", "{}", "", "a.popolo:1: the record has no collection: a document of Popolo is "},
		{"a.popolo", "{\"persons\": [\n{\"id\":\"a\",\"name\":\"A\"},\n7]}", "", "a.popolo:3: the record persons[1] is no object"},
		{"a.popolo", "{\"persons\": [\n{\"id\":\"a\",\"name\":\"A\"},\n\n {\"id\":\"b\"\n,\"name\":\"B\",\"birth_date\":\"1970-13\"}]}", "", "a.popolo:4: the record persons[1] (b) has in born what is no date"},
		{"a.popolo", "{\"persons\": [\n{\"id\":\"a\",\"name\":\"A\"}\n", "", "a.popolo:3: the record ends within the document: is the file cut off?"},
		{"a.popolo", "{\"persons\": [\n{\"id\":\"a\",\"name\":\"A\"}\n\n{", "", "a.popolo:4: the record is no JSON: is a bracket or a comma missing, or is the file cut off?"},
		{"a.popolo", "{\"persons\": [\n{\"id\":\"a\",\n\"name\" \"A\"}]}", "", "a.popolo:3: the record is no JSON: is a bracket or a comma missing"},
		{"a.popolo", "{\"persons\": []}\n7", "", "a.popolo:2: the record stands behind the end of the document"},
		{"a.popolo", "{\"persons\": [{\"id\":\"a\",\"name\":\"Ren\xe9\"}]}", "", "a.popolo:1: the record is not UTF-8 at byte 35 (0xE9): save the file as UTF-8$"},
		{"a.popolo", `[{"id":"a"}]`, "", `a.popolo:1: the record says not what it is: write {"persons": […]}, or give records an @type, or the file a name such as persons.popolo.json$`},
		{"a.popolo", `{"memberships":[{"organization_id":"a"}]}`, "", `a.popolo:1: the record memberships[0] has no person_id and no member_id`},
		{"a.popolo", `{"memberships":[{"id":"m","person_id":"a"}]}`, "", `a.popolo:1: the record memberships[0] (m) has a member and no organization`},
		{"a.popolo", `{"persons":[{"id":"a","name":"A","memberships":7}]}`, "", `a.popolo:1: the record persons[0] (a) has in memberships what is no list`},
		{"a.popolo", `{"persons":[{"id":"a","name":"A"},{"id":"b"}]}`, "", `a.popolo:1: the record persons[1] (b) has no name`},
		{
			"a.popolo", `{"organizations":[{"id":"o","name":"O"}],"persons":[{"id":"a","name":"A","memberships":[{"organization_id":"o"},{"organization_id":"o","start_date":"soon"}]}]}`, "",
			`a.popolo:1: the record persons[0] (a).memberships[1] has in since what is no date`,
		},
		{"persons.popolo", `[{"id":"a","name":"A"},{"id":"b","name":"B","birth_date":"soon"}]`, "", `persons.popolo:1: the record persons[1] (b) has in born what is no date`},
	} {
		f := exchange.FromBytes(c.name, []byte(c.text))
		if c.mapping != "" {
			var err error
			if f.Terms.Mapping, err = exchange.ReadMapping([]byte(c.mapping)); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := read(t, cat, both.SQLite(cat), f)
		want, whole := strings.CutSuffix(c.want, "$") // all that is said
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 2000 || whole && err.Error() != want {
			t.Errorf("want %s\ngot  %v", c.want, err)
		}
	}
	for _, f := range []exchange.File{
		repeated("a.popolo", `{"persons":[{"id":"`, strings.Repeat("z", 1000), 1_000_000, ""),
		repeated("a.popolo", `{"meta":`, strings.Repeat("[", 1000), 1_000_000, ""),
		repeated("a.popolo", `{"meta":{"a":"`, strings.Repeat("z", 1000), 1_000_000, ""),
	} {
		_, _, err := read(t, cat, both.SQLite(cat), f)
		if err == nil || !strings.Contains(err.Error(), "a.popolo:1: the record ") || len(err.Error()) > 500 {
			t.Errorf("a record without an end: %v", err)
		}
	}
}

// TestIDsGoToFollowTheMoneyAndBack: whatever ids are, an export writes ids that FollowTheMoney can have, those that it has
// too as they are, and reading it gives the same graph.
func TestIDsGoToFollowTheMoneyAndBack(t *testing.T) {
	cat := both.Catalog(t)
	theirs := regexp.MustCompile(`^[0-9a-zA-Z]([0-9a-zA-Z.-]*[0-9a-zA-Z])?$`)
	ids := []string{
		"0a1b2c.9f8e7d", "org_1", "org.u1", "org..u1", "id..a", "id..org.u1", "id..id..org.u1", "id..a.h", "a-", "a.", "a.h", "a--", "a-b:c~d_e.f", "id.", "id..",
		strings.Repeat("_", kg.MaxID),
	}
	ids[len(ids)-1] = "a" + ids[len(ids)-1][1:]
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		id := []byte{"a7Z"[r.IntN(3)]}
		for range r.IntN(8) {
			id = append(id, "._:~-.udctha"[r.IntN(12)])
		}
		if r.IntN(3) == 0 {
			id = append([]byte("id.."), id...)
		}
		if s := string(id); !slices.Contains(ids, s) {
			ids = append(ids, s)
		}
	}
	var lines strings.Builder
	lines.WriteString(`{"source":"ARTICLE","id":"s_a","title":"A"}` + "\n" + `{"node":"INSTITUTION","id":"zzz_","name":"All"}` + "\n")
	for _, id := range ids {
		fmt.Fprintf(&lines, "{\"node\":\"PERSON\",\"id\":%q,\"name\":\"P\"}\n", id)
		fmt.Fprintf(&lines, "{\"link\":\"AFFILIATED_WITH\",\"from\":%q,\"to\":\"zzz_\",\"evidence\":[{\"source\":\"s_a\",\"excerpt\":\"A\"}]}\n", id)
	}
	open := both.SQLite(cat)
	s := open(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("a.jsonl", []byte(lines.String()))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := formatted(t, cat, s, exchange.FormatOf("ftm", ""))
	if err != nil {
		t.Fatal(err)
	}
	in, err := files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\{"id":"([^"]*)"`).FindAllSubmatch(text, -1) {
		if !theirs.Match(m[1]) {
			t.Errorf("%s is no id of FollowTheMoney", m[1])
		}
	}
	back, _, err := read(t, cat, open, files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if theirs.MatchString(id) && !strings.HasPrefix(id, "id..") && !strings.Contains(string(text), fmt.Sprintf("{\"id\":%q", id)) {
			t.Errorf("%s is written as another", id)
		}
		for _, want := range []string{fmt.Sprintf(`{"node":"PERSON","id":%q,`, id), fmt.Sprintf(`"from":%q,"to":"zzz_"`, id)} {
			if !strings.Contains(back, want) {
				t.Errorf("%s is not read back", want)
			}
		}
	}
	if n := strings.Count(back, `{"node"`); n != len(ids)+1 {
		t.Errorf("%d entities of %d", n, len(ids)+1)
	}
}

// TestIDsThatAreNoneHereAreToldApart: what has two ids in a file is two here, under the same ids at each import.
func TestIDsThatAreNoneHereAreToldApart(t *testing.T) {
	cat := both.Catalog(t)
	long := strings.Repeat("x", 140)
	for name, c := range map[string]struct{ text, member string }{
		"a.popolo": {`{"persons":[%s],"organizations":[{"id":"o","name":"O"}],"memberships":[%s]}`, `{"id":%q,"name":"Ann"}`},
		"a.ftm":    {"%s", `{"id":%q,"schema":"Person","properties":{"name":["Ann"]}}`},
	} {
		ids := []string{"p/1", "p-1", "p 1", "P/1", "/", "//", long + "1", long + "2", "s_p", "s-p"}
		var persons, memberships []string
		for _, id := range ids {
			persons = append(persons, fmt.Sprintf(c.member, id))
			memberships = append(memberships, fmt.Sprintf(`{"person_id":%q,"organization_id":"o"}`, id))
		}
		text := fmt.Sprintf(c.text, strings.Join(persons, ",\n"), strings.Join(memberships, ",\n"))
		links := len(ids)
		if name == "a.ftm" {
			text, links = strings.Join(persons, "\n"), 0
		}
		s := both.SQLite(cat)(t)
		var once string
		for range 2 {
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes(name, []byte(text))}, exchange.Options{}); err != nil {
				t.Fatal(err)
			}
			lines := exported(t, s)
			if n, l := strings.Count(lines, `{"node":"PERSON"`), strings.Count(lines, `{"link":`); n != len(ids) || l != links {
				t.Errorf("%s: %d persons of %d, %d links of %d:\n%s", name, n, len(ids), l, links, lines)
			}
			if !strings.Contains(lines, `"id":"p-1",`) || !strings.Contains(lines, `"id":"p-1-`+kg.Digest("p/1")+`",`) {
				t.Errorf("%s has other ids:\n%s", name, lines)
			}
			if once = cmp.Or(once, lines); once != lines {
				t.Errorf("%s is other at the second import:\n%s", name, lines)
			}
		}
	}
}

// TestExternalIDsGoToFollowTheMoneyAndBack: what is read as an external id is written under its own property.
func TestExternalIDsGoToFollowTheMoneyAndBack(t *testing.T) {
	cat := both.Catalog(t)
	open := both.SQLite(cat)
	text := `{"id":"acme","schema":"Company","properties":{"name":["Acme"],"wikidataId":["Q2"],"leiCode":["5493001KJTIIGC8Y1R12"],"cikCode":["0000320193","1"],"dunsCode":["150483782"],"imoNumber":["5544330"]}}
{"id":"ann","schema":"Person","properties":{"name":["Ann"],"wikidataId":["Q1"],"leiCode":["213800HR23PVCT8DLN37"],"dunsCode":["2"]}}
{"id":"fair","schema":"Event","properties":{"name":["Fair"],"wikidataId":["Q3"]}}
{"id":"org","schema":"Organization","properties":{"name":["Org"],"imoNumber":["7"]}}
{"id":"oslo","schema":"Address","properties":{"name":["Oslo"],"wikidataId":["Q4"]}}
`
	s := open(t)
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("a.ftm", []byte(text))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := formatted(t, cat, s, exchange.FormatOf("ftm", ""))
	if err != nil {
		t.Fatal(err)
	}
	in, err := files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	written, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(text, `["Oslo"],`, `["Oslo"],"full":["Oslo"],`)) {
		var want, got struct {
			ID, Schema string
			Properties map[string][]string
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		for out := range strings.Lines(string(written)) {
			if strings.HasPrefix(out, fmt.Sprintf("{\"id\":%q,", want.ID)) {
				if err := json.Unmarshal([]byte(out), &got); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v is written as %v", want, got)
		}
	}
	was := exported(t, s)
	back, _, err := read(t, cat, open, files[0])
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`"externalIds":\[[^]]*\]`)
	if got, want := ids.FindAllString(back, -1), ids.FindAllString(was, -1); !slices.Equal(got, want) || len(want) != 5 {
		t.Errorf("read back are %v, not %v", got, want)
	}
}

// TestEndsMayStandElsewhere: what one file says, cut into several in any order, or after the others are in the store, gives
// the graph of the whole. What is nowhere is counted.
func TestEndsMayStandElsewhere(t *testing.T) {
	cat := both.Catalog(t)
	for name, c := range map[string]struct {
		parts []string
		links int
		tells string
	}{
		".popolo.json": {[]string{
			`{"memberships":[{"person_id":"p/1","organization_id":"o1","role":"clerk"},{"member_id":"o2","organization_id":"o1","role":"a part"},{"person_id":"gone","organization_id":"o1"}]}`,
			`{"events":[{"id":"e","name":"E","organization_id":"o1","area_id":"a","attendees":[{"id":"p/1"},{"id":"o2"}]}]}`,
			`{"organizations":[{"id":"o1","name":"One","area_id":"a"},{"id":"o2","name":"Two","parent_id":"o1"}],"areas":[{"id":"a","name":"A"}]}`,
			`{"persons":[{"id":"p/1","name":"Ann"}]}`,
		}, 8, "memberships of what is not read 1"},
		".ftm.json": {[]string{
			`{"id":"ann","schema":"Person","properties":{"name":["Ann"]}}
{"id":"d","schema":"Directorship","properties":{"director":["ann"],"organization":["acme"]}}`,
			`{"id":"acme","schema":"Company","properties":{"name":["Acme"]}}
{"id":"m","schema":"Membership","properties":{"member":["bob_1","gone"],"organization":["acme"]}}
{"id":"x","schema":"Event","properties":{"name":["X"],"organizer":["org"],"involved":["ann","acme"]}}`,
			`{"id":"bob_1","schema":"Person","properties":{"name":["Bob"]}}
{"id":"org","schema":"Organization","properties":{"name":["Org"]}}
{"id":"n","schema":"Membership","properties":{"member":["org"],"organization":["acme"]}}`,
		}, 6, "Membership of what is not read 1"},
	} {
		both.Run(t, cat, func(t *testing.T, open both.Open) {
			var files []exchange.File
			for i, part := range c.parts {
				f := exchange.FromBytes(fmt.Sprint("part", i, name), []byte(part))
				f.Terms.Source = map[string]string{"kind": "DATASET", "title": "All"}
				files = append(files, f)
			}
			var want string
			check := func(how string, s store.Store, report exchange.Report) {
				t.Helper()
				lines := regexp.MustCompile(`,"(created|updated)At":"[^"]*"`).ReplaceAllString(exported(t, s), "")
				want = cmp.Or(want, lines)
				if n := strings.Count(lines, `{"link":`); n != c.links || lines != want {
					t.Errorf("%s %s: %d links of %d\n%s\nnot\n%s", how, name, n, c.links, lines, want)
				}
				says(t, "", report.Warnings, c.tells)
			}
			backwards := slices.Clone(files)
			slices.Reverse(backwards)
			for how, list := range map[string][]exchange.File{"forwards": files, "backwards": backwards} {
				s := open(t)
				tried, err := exchange.Import(t.Context(), cat, s, list, exchange.Options{DryRun: true})
				if err != nil {
					t.Fatal(err)
				}
				report, err := exchange.Import(t.Context(), cat, s, list, exchange.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if tried.Links != report.Links || report.Links != c.links {
					t.Errorf("%s %s: %d links, tried %d", how, name, report.Links, tried.Links)
				}
				check(how, s, report)
			}
			// one by one: the second time, all ends are in the store
			s := open(t)
			var warnings []exchange.Warning
			for range 2 {
				for _, f := range files {
					r, err := exchange.Import(t.Context(), cat, s, []exchange.File{f}, exchange.Options{})
					if err != nil {
						t.Fatal(err)
					}
					warnings = append(warnings, r.Warnings...)
				}
			}
			lines := exported(t, s)
			if n := strings.Count(lines, `{"link":`); n != c.links {
				t.Errorf("one by one %s: %d links of %d\n%s", name, n, c.links, lines)
			}
			says(t, "", warnings, c.tells, "what has no type or kind here is left out")
		})
	}
}

// TestEndsMayHaveFormerIDs: a link to an entity that was merged into another is one of the other.
func TestEndsMayHaveFormerIDs(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		s := open(t)
		for _, f := range []exchange.File{
			exchange.FromBytes("a.jsonl", []byte(`{"node":"PERSON","id":"ann","name":"Ann","formerIds":["anna"]}`)),
			exchange.FromBytes("a.popolo", []byte(`{"organizations":[{"id":"o","name":"O"}],"memberships":[{"person_id":"anna","organization_id":"o"}]}`)),
		} {
			if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{f}, exchange.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if lines := exported(t, s); !strings.Contains(lines, `"from":"ann","to":"o"`) {
			t.Error(lines)
		}
	})
}

// TestWhatIsLeftOutOfFollowTheMoneyDoesNotStopIt: a document may be longer than a line that is kept, and an address has the
// name that its parts make.
func TestWhatIsLeftOutOfFollowTheMoneyDoesNotStopIt(t *testing.T) {
	cat := both.Catalog(t)
	lines, warnings := readAs(t, cat, both.SQLite(cat), "a.ftm", `{"id":"d","schema":"Document","properties":{"bodyText":["`+strings.Repeat("x", 3<<20)+`"]}}
{"id":"v","schema":"Vessel","properties":{}}
{"id":"a","schema":"Address","properties":{"street":["Strandgata 1"],"postalCode":["0150"],"city":["Oslo"],"country":["no"]}}
{"id":"b","schema":"Address","properties":{"full":["Quay 2, Bergen"],"city":["Bergen"]}}
{"id":"c","schema":"Address","properties":{"country":["no"]}}
`, "")
	says(t, lines, warnings, `{"node":"PLACE","id":"a","name":"Strandgata 1, 0150, Oslo"`, `{"node":"PLACE","id":"b","name":"Quay 2, Bergen"`, `!"id":"c"`,
		`Document 1`, `Vessel 1`, `Address without words 1`, `left out: country`)
}

// TestLinesOfOneEntityOfFollowTheMoneyAreUnited: all values of all lines, under the narrowest schema, of links too.
func TestLinesOfOneEntityOfFollowTheMoneyAreUnited(t *testing.T) {
	cat := both.Catalog(t)
	open := both.SQLite(cat)
	twice := `{"id":"acme","schema":"Company","properties":{"name":["Acme Ltd","Acme"],"leiCode":["5493001KJTIIGC8Y1R12"],"incorporationDate":["1999"]}}`
	lines, warnings := readAs(t, cat, open, "a.ftm", `{"id":"acme","schema":"LegalEntity","properties":{"name":["Acme"],"wikidataId":["Q2"]}}
{"id":"d","schema":"Interest","properties":{"role":["chair"],"startDate":["2001"]}}
{"id":"d","schema":"Directorship","properties":{"director":["ann"]}}
{"id":"ann","schema":"Thing","properties":{"name":"Ann"}}
`+twice+"\n"+twice+`
{"id":"d","schema":"Directorship","properties":{"organization":["acme"],"endDate":["2003"]}}
{"id":"ann","schema":"Person","properties":{"birthDate":["1970"]}}
{"id":"thing","schema":"Thing","properties":{"name":"T"}}
`, "")
	says(t, lines, warnings,
		`{"node":"INSTITUTION","id":"acme","name":"Acme","aliases":["Acme Ltd"],"externalIds":[{"scheme":"lei","value":"5493001KJTIIGC8Y1R12"},{"scheme":"wikidata","value":"Q2"}],"founded":"1999"`,
		`{"node":"PERSON","id":"ann","name":"Ann","born":"1970"`, `"from":"ann","to":"acme","role":"chair","since":"2001","until":"2003"`, `Thing 1`, `!may be a person too`)
	_, _, err := read(t, cat, open, exchange.FromBytes("a.ftm", []byte(`{"id":"a","schema":"Person","properties":{"name":["A"]}}
{"id":"a","schema":"Company","properties":{"name":["A"]}}`)))
	if err == nil || !strings.Contains(err.Error(), "a.ftm:1: the line says of a that it is of the schema Person, and another line that it is of Company") {
		t.Error(err)
	}
}
