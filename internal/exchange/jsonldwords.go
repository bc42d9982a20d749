package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/piprate/json-gold/ld"

	"github.com/throughline/throughline/internal/catalog"
)

// The words of JSON-LD that mean something here. A word of schema.org is called by its name alone, one of ours by a
// colon and its name, one of the vocabularies of ldSpaces by their prefix, and any other by all of it.

// ldSpaces are vocabularies, by their prefixes.
var ldSpaces = map[string]string{
	":":     ldVocab,
	"rdf:":  "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
	"prov:": "http://www.w3.org/ns/prov#",
	"oa:":   "http://www.w3.org/ns/oa#",
	"skos:": "http://www.w3.org/2004/02/skos/core#",
}

// ldSchemaOrg are what words of schema.org begin with: it is written in several ways.
var ldSchemaOrg = []string{"http://schema.org/", "https://schema.org/", "http://www.schema.org/", "https://www.schema.org/"}

// ldShort returns the short form of a word.
func ldShort(iri string) string {
	for _, space := range ldSchemaOrg {
		if rest, ok := strings.CutPrefix(iri, space); ok && !strings.ContainsAny(rest, ":/") {
			return rest
		}
	}
	for prefix, space := range ldSpaces {
		if rest, ok := strings.CutPrefix(iri, space); ok {
			return prefix + rest
		}
	}
	return iri
}

// ldTerms are the words that the terms of ldContext stand for.
var ldTerms = sync.OnceValue(func() map[string]string {
	var terms map[string]any
	if err := json.Unmarshal([]byte(ldContext), &terms); err != nil {
		panic(err)
	}
	out := map[string]string{}
	for term, is := range terms {
		if m, ok := is.(map[string]any); ok {
			is = m["@id"]
		}
		if word, ok := is.(string); ok {
			out[term] = strings.TrimPrefix(word, "schema:")
		}
	}
	return out
})

// ldWords are the words that a property of ours may stand under, the first that is there counts.
func ldWords(p *catalog.Prop) []string {
	words := []string{":" + p.Name}
	if term := ldTerms()[p.Name]; term != "" {
		words = append(words, term)
	}
	return append(words, ldOthers[p.Name]...)
}

// ldOthers are further words for properties of ours.
var ldOthers = map[string][]string{"saidOn": {"datePublished"}}

// ldBase returns what of schema.org's types a type is one of, "" for none that is read.
func ldBase(class string) string {
	if strings.HasSuffix(class, "Event") || strings.HasSuffix(class, "EventSeries") {
		return "Event"
	}
	return ldBases()[class]
}

// ldBases are the types of schema.org that are read, by those that they are of.
var ldBases = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for base, names := range map[string]string{
		"Person": "Person Patient",
		"Organization": `Organization Airline Consortium Cooperative Corporation EducationalOrganization CollegeOrUniversity ElementarySchool
			HighSchool MiddleSchool Preschool School FundingAgency GovernmentOrganization LibrarySystem LocalBusiness MedicalOrganization Hospital
			NGO NewsMediaOrganization OnlineBusiness OnlineStore PerformingGroup DanceGroup MusicGroup TheaterGroup PoliticalParty Project
			ResearchProject ResearchOrganization SearchRescueOrganization SportsOrganization SportsTeam WorkersUnion FinancialService
			BankOrCreditUnion InsuranceAgency GovernmentOffice LegalService Library RadioStation TelevisionStation Store Restaurant Hotel`,
		"Event": "Event Festival Hackathon CourseInstance",
		"Place": `Place AdministrativeArea City Country State Accommodation CivicStructure Airport Bridge CityHall Courthouse Embassy
			GovernmentBuilding LegislativeBuilding Museum Park PlaceOfWorship StadiumOrArena Landform BodyOfWater Continent Mountain
			LandmarksOrHistoricalBuildings Residence TouristAttraction`,
		"Quotation":   "Quotation",
		"DefinedTerm": "DefinedTerm CategoryCode",
		"ARTICLE": `Article NewsArticle AnalysisNewsArticle BackgroundNewsArticle OpinionNewsArticle ReportageNewsArticle ReviewNewsArticle
			ScholarlyArticle MedicalScholarlyArticle TechArticle SocialMediaPosting BlogPosting`,
		"REPORT":   "Report",
		"BOOK":     "Book Audiobook",
		"DATASET":  "Dataset DataFeed DataCatalog",
		"WEB_PAGE": "WebPage AboutPage CollectionPage FAQPage ItemPage ProfilePage QAPage WebSite",
		"OTHER":    "CreativeWork Blog Chapter Legislation Manuscript Message Movie Periodical Newspaper PresentationDigitalDocument Review Thesis",
	} {
		for _, name := range strings.Fields(names) {
			out[name] = base
		}
	}
	return out
})

// ldEntities are the types of entities that types of schema.org are.
var ldEntities = map[string]string{
	"Person": "PERSON", "Organization": "INSTITUTION", "Event": "EVENT", "Place": "PLACE", "Quotation": "QUOTE", "DefinedTerm": "THEME",
}

// ldLink is a property that is a link here.
type ldLink struct {
	kinds []string // the first that can join the two is meant
	back  bool     // it leads from where the link ends to where it begins
	named string   // the type of what a text alone names at its other end; "" where that is nothing
	role  string   // the role that the property itself says
}

// ldLinks are the properties that are links.
var ldLinks = map[string]ldLink{
	"affiliation":        {kinds: []string{"AFFILIATED_WITH", "PART_OF"}, named: "INSTITUTION"},
	"memberOf":           {kinds: []string{"AFFILIATED_WITH", "PART_OF"}, named: "INSTITUTION"},
	"worksFor":           {kinds: []string{"AFFILIATED_WITH"}, named: "INSTITUTION"},
	"alumniOf":           {kinds: []string{"AFFILIATED_WITH"}, named: "INSTITUTION", role: "alumnus"},
	"member":             {kinds: []string{"AFFILIATED_WITH", "PART_OF"}, back: true, named: "PERSON"},
	"employee":           {kinds: []string{"AFFILIATED_WITH"}, back: true, named: "PERSON"},
	"founder":            {kinds: []string{"AFFILIATED_WITH"}, back: true, named: "PERSON", role: "founder"},
	"alumni":             {kinds: []string{"AFFILIATED_WITH"}, back: true, named: "PERSON", role: "alumnus"},
	"parentOrganization": {kinds: []string{"PART_OF"}, named: "INSTITUTION"},
	"subOrganization":    {kinds: []string{"PART_OF"}, back: true, named: "INSTITUTION"},
	"department":         {kinds: []string{"PART_OF"}, back: true, named: "INSTITUTION"},
	"superEvent":         {kinds: []string{"PART_OF"}},
	"subEvent":           {kinds: []string{"PART_OF"}, back: true},
	"organizer":          {kinds: []string{"ORGANIZED"}, back: true, named: "INSTITUTION"},
	"attendee":           {kinds: []string{"PARTICIPATED_IN", "REPRESENTED_AT"}, back: true, named: "PERSON"},
	"performer":          {kinds: []string{"PARTICIPATED_IN", "REPRESENTED_AT"}, back: true, named: "PERSON", role: "performer"},
	"performerIn":        {kinds: []string{"PARTICIPATED_IN", "REPRESENTED_AT"}, role: "performer"},
	"location":           {kinds: []string{"HELD_IN", "LOCATED_IN"}, named: "PLACE"},
	"containedInPlace":   {kinds: []string{"LOCATED_IN"}, named: "PLACE"},
	"containsPlace":      {kinds: []string{"LOCATED_IN"}, back: true, named: "PLACE"},
	"about":              {kinds: []string{"ABOUT", "ADDRESSED"}, named: "THEME"},
	"mentions":           {kinds: []string{"MENTIONS"}},
	"spokenByCharacter":  {kinds: []string{"SAID"}, back: true, named: "PERSON"},
	"creator":            {kinds: []string{"SAID"}, back: true, named: "PERSON"},
	"author":             {kinds: []string{"SAID"}, back: true, named: "PERSON"},
	"recordedAt":         {kinds: []string{"SAID_AT"}},
	"skos:broader":       {kinds: []string{"BROADER"}},
}

// ldRead are the properties that are read beside those.
var ldRead = []string{
	"name", "headline", "legalName", "alternateName", "givenName", "familyName", "description", "identifier", "sameAs", "url", "geo",
	"prov:generatedAtTime", ":updatedAt", ":verified", "rdf:type",
}

// ldRegisters are the registers whose addresses say an id.
var ldRegisters = []struct {
	scheme string
	form   *regexp.Regexp
}{
	{"wikidata", regexp.MustCompile(`^https?://(?:www\.|m\.)?wikidata\.org/(?:wiki|entity)/(Q\d+)$`)},
	{"orcid", regexp.MustCompile(`^https?://orcid\.org/(\d{4}-\d{4}-\d{4}-\d{3}[\dX])$`)},
	{"viaf", regexp.MustCompile(`^https?://(?:www\.)?viaf\.org/viaf/(\d+)/?$`)},
	{"isni", regexp.MustCompile(`^https?://(?:www\.)?isni\.org/(?:isni/)?(\d{15}[\dX])$`)},
	{"ror", regexp.MustCompile(`^https?://ror\.org/(0[a-z0-9]{8})$`)},
	{"gnd", regexp.MustCompile(`^https?://d-nb\.info/gnd/([0-9X-]+)$`)},
	{"geonames", regexp.MustCompile(`^https?://(?:www\.|sws\.)?geonames\.org/(\d+)/?.*$`)},
}

// ldAddress is the scheme of an external id that is an address of no register.
const ldAddress = "url"

// ldSchemaContext matches the addresses under which schema.org has its context.
var ldSchemaContext = regexp.MustCompile(`^https?://(?:www\.)?schema\.org/?(?:#|docs/jsonldcontext\.jsonl?d?|version/[\w.]+/schemaorg-(?:all|current)-https?\.jsonld)?$`)

// ldLoader knows the context of schema.org, and fetches nothing.
type ldLoader struct{ refused string }

// LoadDocument returns the one document that is known.
func (l *ldLoader) LoadDocument(address string) (*ld.RemoteDocument, error) {
	if !ldSchemaContext.MatchString(address) {
		l.refused = address
		return nil, fmt.Errorf("%s is not known", address)
	}
	return &ld.RemoteDocument{DocumentURL: address, Document: map[string]any{"@context": map[string]any{
		"@vocab": "http://schema.org/", "schema": "http://schema.org/", "id": "@id", "type": "@type",
		"url": map[string]any{"@type": "@id"}, "sameAs": map[string]any{"@type": "@id"},
	}}}, nil
}

// ldNode is an object after expansion.
type ldNode struct {
	id      string
	types   []string
	props   map[string][]ldValue
	reverse map[string][]ldValue // those of others that lead here
	within  []*ldNode            // what stands in it as a graph
}

// ldValue is a value: a text, or another object.
type ldValue struct {
	text string
	node *ldNode
}

// ldNodes returns the objects of an expansion.
func ldNodes(expanded any) (list []*ldNode) {
	for _, v := range ldValues(expanded) {
		if v.node != nil {
			list = append(list, v.node)
		}
	}
	return list
}

func ldValues(x any) (list []ldValue) {
	switch x := x.(type) {
	case []any:
		for _, v := range x {
			list = append(list, ldValues(v)...)
		}
	case map[string]any:
		if v, ok := x["@value"]; ok {
			return []ldValue{{text: ldText(v)}}
		}
		if v, ok := x["@list"]; ok {
			return ldValues(v)
		}
		if v, ok := x["@set"]; ok {
			return ldValues(v)
		}
		n := &ldNode{props: map[string][]ldValue{}, reverse: map[string][]ldValue{}}
		for key, v := range x {
			switch key {
			case "@id":
				n.id, _ = v.(string)
			case "@type":
				types, _ := v.([]any)
				for _, t := range types {
					if s, ok := t.(string); ok {
						n.types = append(n.types, ldShort(s))
					}
				}
			case "@graph", "@included":
				n.within = append(n.within, ldNodes(v)...)
			case "@reverse":
				of, _ := v.(map[string]any)
				for word, v := range of {
					n.reverse[ldShort(word)] = append(n.reverse[ldShort(word)], ldValues(v)...)
				}
			default:
				if !strings.HasPrefix(key, "@") {
					n.props[ldShort(key)] = append(n.props[ldShort(key)], ldValues(v)...)
				}
			}
		}
		return []ldValue{{node: n}}
	}
	return list
}

// ldText writes a value as a text.
func ldText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		if whole := int64(v); float64(whole) == v && max(whole, -whole) < 1<<53 {
			return strconv.FormatFloat(v, 'f', -1, 64) // which keeps the sign of zero
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// bare reports whether an object is a reference: it has an id, and no properties.
func (n *ldNode) bare() bool { return len(n.props)+len(n.reverse)+len(n.within) == 0 }

// texts returns the values of properties that are texts, or what objects are called: by a name, or their addresses.
func (n *ldNode) texts(words ...string) (list []string) {
	for _, word := range words {
		for _, v := range n.props[word] {
			s := v.text
			if v.node != nil {
				s = cmp.Or(firstOf(v.node.texts("name", "headline")), v.node.id)
			}
			if s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}

// text returns the first of them, "" for none.
func (n *ldNode) text(words ...string) string { return firstOf(n.texts(words...)) }

// node returns the first value of a property that is an object; one without anything where there is none.
func (n *ldNode) node(word string) *ldNode {
	for _, v := range n.props[word] {
		if v.node != nil {
			return v.node
		}
	}
	return &ldNode{}
}

// role reports whether an object stands between two others, and says in which role they are joined.
func (n *ldNode) role() bool {
	return slices.ContainsFunc(n.types, func(t string) bool { return strings.HasSuffix(t, "Role") && !strings.Contains(t, ":") })
}
