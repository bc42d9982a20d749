package exchange_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// ldConference is a document as pages of the web have it.
const ldConference = `{
 "@graph": [
  {"@id": "https://example.org/people/ann", "@type": "Person", "name": ["Ann Berg", "Ann"], "alternateName": "A. Berg", "birthDate": "1970-05",
   "jobTitle": "Professor", "worksFor": {"@type": "CollegeOrUniversity", "@id": "https://example.org/lse", "name": "London School of Economics", "foundingDate": "1895"},
   "memberOf": {"@type": "OrganizationRole", "memberOf": {"@id": "_:panel", "@type": "NGO", "name": "The Panel"}, "roleName": "chair", "startDate": "2015", "endDate": "2018-02"},
   "alumniOf": "Somerville College", "sameAs": ["https://www.wikidata.org/wiki/Q1", "https://orcid.org/0000-0002-1825-0097", "https://example.org/ann"],
   "identifier": [{"@type": "PropertyValue", "propertyID": "isni", "value": "0000000121032683"}, "loose"], "knows": {"@type": "Person", "name": "Omar"}},
  {"@id": "_:b", "@type": ["BusinessEvent"], "name": "Security Days", "startDate": "2020-02-01T10:00:00+01:00", "endDate": "2020-02-03",
   "organizer": [{"@id": "https://example.org/lse"}, {"@id": "_:panel"}], "attendee": {"@id": "https://example.org/people/ann"}, "performer": "Lena Fischer",
   "location": {"@type": "City", "name": "Berlin", "geo": {"@type": "GeoCoordinates", "latitude": 52.5, "longitude": "13.4"}, "containedInPlace": {"@type": "Country", "name": "Germany"}},
   "about": ["human security", {"@type": "DefinedTerm", "@id": "#civilians", "name": "protection of civilians"}], "superEvent": {"@id": "https://example.org/nowhere"}},
  {"@type": "Quotation", "text": "Security is about  people.", "spokenByCharacter": {"@id": "https://example.org/people/ann"}, "inLanguage": "en", "dateCreated": "2020-02-02",
   "recordedAt": {"@id": "_:b"}, "about": {"@id": "#civilians"}, "mentions": {"@id": "https://example.org/lse"}, "isBasedOn": {"@id": "https://example.org/report"}},
  {"@type": "Quotation", "text": "No more.", "creator": {"@id": "https://example.org/people/ann"}, "citation": "The Guardian, 3 May 2020"},
  {"@id": "https://example.org/report", "@type": ["Report", "CreativeWork"], "headline": "A report", "publisher": {"@type": "Organization", "name": "Press"}, "author": [{"@type": "Person", "name": "W. Riter"}, "Co"],
   "datePublished": "2020-03"},
  {"@id": "https://example.org/lse", "@type": "Organization", "subOrganization": {"@type": "ResearchOrganization", "name": "Institute"}, "slogan": "x"},
  {"@type": "Vehicle", "name": "V", "owner": {"@type": "Person", "name": "Kim"}}
 ],
 "@context": "https://schema.org"
}`

// TestSchemaOrgIsRead: people, organizations, events, quotations and works, in one file, whatever comes first.
func TestSchemaOrgIsRead(t *testing.T) {
	cat := both.Catalog(t)
	ann, lse := "ann-"+kg.Digest("https://example.org/people/ann"), "lse-"+kg.Digest("https://example.org/lse")
	civilians, report := "civilians-"+kg.Digest("#civilians"), "s_report-"+kg.Digest("https://example.org/report")
	guardian := "s_the-guardian-3-may-2020-" + kg.Digest("The Guardian, 3 May 2020")
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for _, head := range []string{`"https://schema.org"`, `"http://schema.org/"`, `{"@vocab": "https://schema.org/"}`, `[{"x": "https://example.org/"}, "https://www.schema.org/"]`} {
			lines, warnings := readAs(t, cat, open, "a.jsonld", strings.Replace(ldConference, `"https://schema.org"`, head, 1), "")
			says(t, lines, warnings,
				`{"node":"PERSON","id":"`+ann+`","name":"Ann Berg","aliases":["Ann","A. Berg"],"externalIds":[{"scheme":"isni","value":"0000000121032683"},`+
					`{"scheme":"wikidata","value":"Q1"},{"scheme":"orcid","value":"0000-0002-1825-0097"},{"scheme":"url","value":"https://example.org/ann","url":"https://example.org/ann"}],"born":"1970-05"`,
				`{"node":"INSTITUTION","id":"`+lse+`","name":"London School of Economics","founded":"1895"`,
				`"from":"`+ann+`","to":"`+lse+`","role":"Professor","evidence":[{"source":"s_a-jsonld","excerpt":"{\"@id\": \"https://example.org/people/ann\", \"@type\": \"Person\",`,
				`"from":"`+ann+`","to":"the-panel","role":"chair","since":"2015","until":"2018-02"`,
				`"from":"`+ann+`","to":"somerville-college","role":"alumnus"`,
				`{"node":"EVENT","id":"security-days","name":"Security Days","startsOn":"2020-02-01","endsOn":"2020-02-03"`,
				`"from":"`+lse+`","to":"security-days"`, `"from":"the-panel","to":"security-days"`, `"from":"lena-fischer","to":"security-days","role":"performer"`,
				`{"node":"PLACE","id":"berlin","name":"Berlin","latitude":52.5,"longitude":13.4`, `"from":"berlin","to":"germany"`, `"from":"security-days","to":"berlin"`,
				`"from":"security-days","to":"human-security"`, `"from":"security-days","to":"`+civilians+`"`,
				`"name":"Security is about people.","text":"Security is about  people.","language":"en","saidOn":"2020-02-02"`,
				`"to":"security-is-about-people","evidence":[{"source":"`+report+`","excerpt":"Security is about  people."`,
				`"from":"security-is-about-people","to":"security-days"`, `"from":"security-is-about-people","to":"`+civilians+`"`, `"from":"security-is-about-people","to":"`+lse+`"`,
				`"to":"no-more","evidence":[{"source":"`+guardian+`","excerpt":"No more."`,
				`{"source":"OTHER","id":"`+guardian+`","title":"The Guardian, 3 May 2020"}`,
				`{"source":"REPORT","id":"`+report+`","title":"A report","url":"https://example.org/report","publisher":"Press","authors":["W. Riter","Co"],"publishedOn":"2020-03"}`,
				`"from":"institute","to":"`+lse+`"`, `{"node":"PERSON","id":"omar","name":"Omar"`, `{"node":"PERSON","id":"kim"`,
				`Vehicle 1`, `superEvent of what is not read 1`, `identifier without a propertyID 1`, `properties that mean nothing here are left out: knows, slogan`,
				`dates in other forms are read as ours`, `!"name":"V"`)
		}
	})
}

// TestShapesOfJSONLDAreRead: one object, lists, lines, contexts of records, names of its own, what leads back, lists and
// values in full.
func TestShapesOfJSONLDAreRead(t *testing.T) {
	cat := both.Catalog(t)
	const joined = `"from":"ann","to":"acme"`
	for name, text := range map[string]string{
		"one object":     `{"@context": "https://schema.org", "@type": "Person", "name": "Ann", "worksFor": {"@type": "Organization", "name": "Acme"}}`,
		"a list":         `[{"@context": "https://schema.org", "@type": "Person", "name": "Ann", "worksFor": {"name": "Acme"}}]`,
		"lines":          `{"@context":"https://schema.org","@id":"acme","@type":"Organization","name":"Acme"}` + "\n" + `{"@context":"https://schema.org","@id":"ann","@type":"Person","name":"Ann","worksFor":{"@id":"acme"}}` + "\n",
		"expanded":       `[{"@id": "ann", "@type": ["http://schema.org/Person"], "http://schema.org/name": [{"@value": "Ann", "@language": "en"}], "http://schema.org/worksFor": [{"@list": [{"@id": "acme"}]}]}, {"@id": "acme", "@type": "https://schema.org/Organization", "https://schema.org/name": "Acme"}]`,
		"leads back":     `{"@context": "https://schema.org", "@type": "Organization", "name": "Acme", "@reverse": {"worksFor": {"@type": "Person", "name": "Ann"}}}`,
		"from the other": `{"@context": "https://schema.org", "@type": "Organization", "name": "Acme", "employee": ["Ann"]}`,
		"terms":          `{"@context": {"s": "https://schema.org/", "Mensch": "s:Person", "heisst": "s:name", "bei": {"@id": "s:affiliation", "@type": "@id"}, "was": "@graph"}, "was": [{"@id": "ann", "@type": "Mensch", "heisst": "Ann", "bei": "acme"}, {"@id": "acme", "@type": "s:NGO", "heisst": "Acme"}]}`,
		"apart":          `{"@context": "https://schema.org", "@graph": [{"@id": "ann", "worksFor": {"@id": "acme"}}, {"@id": "ann", "@type": "Person", "name": "Ann"}, {"@id": "acme", "@type": "Corporation", "name": "Acme"}]}`,
		"ours, by hand":  `{"@context": {"@vocab": "urn:throughline:vocab:", "name": "https://schema.org/name"}, "@graph": [{"@id": "ann", "@type": "PERSON", "name": "Ann", "AFFILIATED_WITH": {"@id": "acme"}}, {"@id": "acme", "@type": "INSTITUTION", "name": "Acme"}]}`,
		"a mark":         "\ufeff" + `{"@context": "https://schema.org", "@type": "Person", "name": "Ann", "worksFor": {"@type": "Organization", "name": "Acme"}}`,
	} {
		for _, file := range []string{"a.jsonld", "a.json"} {
			lines, warnings := readAs(t, cat, both.SQLite(cat), file, text, "")
			if !strings.Contains(lines, joined) || strings.Count(lines, `{"node"`) != 2 || strings.Count(lines, `{"link"`) != 1 {
				t.Errorf("%s in %s is\n%s%v", name, file, lines, warnings)
			}
		}
	}
	// a zero keeps its sign
	zero, warned := readAs(t, cat, both.SQLite(cat), "a.jsonld", `{"@context": "https://schema.org", "@type": "Place", "name": "Null", "geo": {"@type": "GeoCoordinates", "latitude": -0.0, "longitude": 100}}`, "")
	says(t, zero, warned, `"latitude":-0,"longitude":100`)
	// a mapping says what has no type, and types of one's own are found by their names
	lines, warnings := readAs(t, cat, both.SQLite(cat), "a.jsonld", ldConference, `{"values":{"type":{"Vehicle":"THEME","NGO":""}}}`)
	says(t, lines, warnings, `{"node":"THEME","id":"v","name":"V"`, `!{"node":"INSTITUTION","id":"the-panel"`, `memberOf of what is not read 1`)
	own := withParties(t)
	lines, warnings = readAs(t, own, both.SQLite(own), "a.jsonld", `{"@context": "https://schema.org", "@type": "Party", "name": "Greens", "foundingDate": "1980"}`, "")
	says(t, lines, warnings, `{"node":"PARTY","id":"greens","name":"Greens","founded":"1980"`)
}

// TestBadJSONLDIsToldWithItsPlace: nothing is written, and the message says what to do.
func TestBadJSONLDIsToldWithItsPlace(t *testing.T) {
	cat := both.Catalog(t)
	deep := strings.Repeat(`{"@type":"Person","knows":`, 103) + `"x"` + strings.Repeat(`}`, 103)
	for _, c := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"a context elsewhere", `{"@context": "https://example.org/c.jsonld",` + "\n" + `"@graph": []}`, 1, `has the context https://example.org/c.jsonld, and nothing is fetched: put what stands there in its place, or name https://schema.org`},
		{"one of several", `[` + "\n" + `{"@context": ["https://schema.org", "http://127.0.0.1:1/x"], "@type": "Person"}]`, 2, `has the context http://127.0.0.1:1/x, and nothing is fetched`},
		{"within a record", `{"@context": "https://schema.org", "@graph": [{"@type": "Person", "worksFor": {"@context": "x.jsonld", "name": "A"}}]}`, 1, `has the context x.jsonld, and nothing`},
		{"an import", `{"@context": {"@version": 1.1, "@import": "https://example.org/i"}, "@type": "Person"}`, 1, `has the context https://example.org/i, and nothing`},
		{"a circle of terms", `{"@context": {"a": "b:x", "b": "a:y"}, "a": "x"}`, 1, `is no JSON-LD: cyclic IRI mapping`},
		{"a context that is none", `{"@context": 7, "a": "x"}`, 1, `is no JSON-LD: invalid local context`},
		{"a type that is none", `{"@context": "https://schema.org", "@graph": [` + "\n\n" + `{"@type": 5, "name": "x"}]}`, 3, `@graph[0] is no JSON-LD: invalid type value`},
		{"an id that is none", `[{"@context": "https://schema.org", "@id": 5, "name": "x"}]`, 1, `[0] is no JSON-LD: invalid @id value`},
		{"nesting", `{"@context": "https://schema.org", "@graph": [` + "\n" + deep + `]}`, 2, `has objects or lists in more than 100 others`},
		{"nesting in one", "\n" + strings.Replace(deep, "{", `{"@context": "https://schema.org",`, 1), 2, `has objects or lists in more than 100 others`},
		{"no UTF-8", "{\"@context\": \"https://schema.org\",\n \"name\": \"caf\xe9\"}", 2, `is not UTF-8 at byte 14 (0xE9)`},
		{"cut off", `{"@context": "https://schema.org", "@graph": [{"@type": "Person"`, 1, `ends within the document`},
		{"no JSON", `{"@context": "https://schema.org", "@graph": [}`, 1, `is no JSON`},
		{"a name twice", `{"@context": "https://schema.org", "@graph": [{"name": "a", "name": "b"}]}`, 1, `has "@graph.0.name" twice`},
		{"no object", `{"@context": "https://schema.org", "@graph": ["x"]}`, 1, `@graph[0] is no object, where a record should stand`},
		{"a text", `"x"`, 1, `is no JSON-LD: it should begin with { or [`},
		{"nothing more", "[", 1, `ends within the document`},
		{"a record that is too long", `{"@context": "https://schema.org", "@graph": [{"name": "` + strings.Repeat("x", 2<<20) + `"}]}`, 1, `has more than 1048576 bytes: shorten what stands in it`},
		{"no name", `{"@context": "https://schema.org", "@graph": [{"@id": "ann", "@type": "Person", "birthDate": "1970"}]}`, 1, `has no name`},
		{"a date", `{"@context": "https://schema.org", "@type": "Person", "name": "Ann", "birthDate": "May"}`, 1, `born`},
		{"two types", `[{"@id": "a", "@type": "https://schema.org/Person", "https://schema.org/name": "A"},` + "\n" + `{"@id": "a", "@type": "https://schema.org/Place", "https://schema.org/name": "A"}]`, 2, `says of a that its type is PLACE`},
	} {
		_, _, err := read(t, cat, both.SQLite(cat), exchange.FromBytes("a.jsonld", []byte(c.text)))
		var bad *exchange.BadLinesError
		if !errors.As(err, &bad) || bad.Lines[0].Line != c.line || !strings.Contains(bad.Lines[0].Error(), c.want) {
			t.Errorf("%s: want line %d, %s, got %v", c.name, c.line, c.want, err)
		}
	}
	lines, warnings := readAs(t, cat, both.SQLite(cat), "a.jsonld", `{"name": "x"}`, "")
	says(t, lines, warnings, `records of which no word is known (is there a context?) 1`, `!"node"`)
}

// FuzzLinkedData: any bytes are refused or read as whole records.
func FuzzLinkedData(f *testing.F) {
	cat := both.Catalog(f)
	f.Add([]byte(ldConference))
	f.Add([]byte(`[{"@context":{"a":"@graph","b":{"@id":"http://schema.org/name","@container":"@language"}},"a":[{"@type":"http://schema.org/Person","b":{"en":"x"}}]}]`))
	f.Add([]byte(`{"@context":{"@vocab":"urn:throughline:vocab:","rdf":"http://www.w3.org/1999/02/22-rdf-syntax-ns#"},"@type":"rdf:Statement","rdf:predicate":{"@id":"urn:throughline:vocab:SAID"},"rdf:subject":{"@id":"a"},"rdf:object":{"@id":"b"},"evidence":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) { readable(t, cat, "a.jsonld", b, exchange.Terms{}) })
}
