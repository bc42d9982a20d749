// Package reconcile_test asks /reconcile as OpenRefine and other clients of the Reconciliation API do, on both stores.
package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/reconcile"
	"github.com/throughline/throughline/internal/sample"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/served"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lines = `{"source":"ARTICLE","id":"s_gazette","title":"The Harbour","url":"https://example.org/harbour","publishedOn":"2001"}
{"source":"REPORT","id":"s_report","title":"A Report"}
{"node":"PERSON","id":"ann-berg","name":"Ann Berg","aliases":["A. Berg"],"description":"Chaired the board.","formerIds":["berg"],"born":"1950-03","externalIds":[{"scheme":"wikidata","value":"Q42"}]}
{"node":"PERSON","id":"ann-berg-2","name":"Ann Berg","born":"1980"}
{"node":"PERSON","id":"carl-dahl","name":"Carl Dahl"}
{"node":"INSTITUTION","id":"harbour-board","name":"Harbour Board","founded":"1990"}
{"node":"INSTITUTION","id":"cafe-nord","name":"Café Nord"}
{"node":"EVENT","id":"long-meeting","name":"Long Meeting","startsOn":"2001-05-03","attendance":7}
{"node":"PLACE","id":"oslo","name":"Oslo","latitude":59.9,"longitude":10.7}
{"link":"AFFILIATED_WITH","id":"l_1","from":"ann-berg","to":"harbour-board","role":"chair","since":"1999","until":"2001","evidence":[{"source":"s_gazette","excerpt":"Berg chaired the board"}]}
{"link":"AFFILIATED_WITH","id":"l_2","from":"ann-berg","to":"cafe-nord","role":"guest","evidence":[{"source":"s_report","excerpt":"Berg was a guest"}]}
{"link":"AFFILIATED_WITH","id":"l_3","from":"carl-dahl","to":"harbour-board","role":"member","since":"2005","evidence":[{"source":"s_report","excerpt":"Dahl joined"}]}
{"link":"PARTICIPATED_IN","id":"l_4","from":"carl-dahl","to":"long-meeting","evidence":[{"source":"s_report","excerpt":"Dahl came"}]}
`

// serve serves the graph of these tests, and returns its address.
func serve(t *testing.T, cat *catalog.Catalog, s store.Store, change func(*graph.Options, *server.Options, *reconcile.Options)) string {
	t.Helper()
	if _, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("lines", []byte(lines))}, exchange.Options{}); err != nil {
		t.Fatal(err)
	}
	g := graph.Options{Catalog: cat, Store: s, StoreKind: s.Kind(), Version: "test"}
	o := server.Options{Store: s, State: s.State, Grace: time.Second}
	r := reconcile.Options{Catalog: cat, Version: "test"}
	if change != nil {
		change(&g, &o, &r)
	}
	e, err := graph.New(g)
	if err != nil {
		t.Fatal(err)
	}
	r.Executor, o.Executor = e, e
	o.Reconcile = reconcile.Handler(r)
	return served.Serve(t, o)
}

// form posts a form, as OpenRefine does, and reads the answer, which must have no other fields than into has.
func form(t *testing.T, base, name, value string, into any) {
	t.Helper()
	status, _, answer := served.Do(t, "POST", base+"/reconcile", url.Values{name: {value}}.Encode(),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"})
	read(t, status, answer, into)
}

// post posts JSON, as clients of the draft do.
func post(t *testing.T, address, body string, into any) {
	t.Helper()
	status, _, answer := served.Do(t, "POST", address, body, map[string]string{"Content-Type": "application/json"})
	read(t, status, answer, into)
}

func get(t *testing.T, address string, into any) {
	t.Helper()
	status, _, answer := served.Do(t, "GET", address, "", nil)
	read(t, status, answer, into)
}

func read(t *testing.T, status int, answer string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(into); status != 200 || err != nil {
		t.Fatalf("%d %v: %s", status, err, answer)
	}
}

// The forms of answers, as the specification has them.
type (
	named struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
	}
	candidate struct {
		named
		Type     []named
		Score    *float64
		Match    *bool
		Features []struct {
			ID, Name string
			Value    any
		}
	}
	results struct {
		Result []candidate `json:"result"`
	}
	draftResults struct {
		Results []struct {
			Candidates []candidate `json:"candidates"`
		} `json:"results"`
	}
	extension struct {
		Meta []named                                `json:"meta"`
		Rows map[string]map[string][]map[string]any `json:"rows"`
	}
	draftExtension struct {
		Meta []named `json:"meta"`
		Rows []struct {
			ID         string
			Properties []struct {
				ID     string
				Values []map[string]any
			}
		} `json:"rows"`
	}
)

// told returns candidates with their scores, those that are a match with !, and checks what all must have.
func told(t *testing.T, list []candidate) string {
	t.Helper()
	var all []string
	last := 101.0
	for _, c := range list {
		if c.ID == "" || c.Name == "" || len(c.Type) != 1 || c.Type[0].ID == "" || c.Score == nil || c.Match == nil || *c.Score > last || *c.Score < 0 || *c.Score > 100 {
			t.Errorf("a candidate is %+v", c)
		}
		seen := map[string]bool{}
		for _, f := range c.Features {
			switch f.Value.(type) {
			case bool, float64:
			default:
				t.Errorf("%s has the feature %+v", c.ID, f)
			}
			if seen[f.ID] {
				t.Errorf("%s has the feature %s twice", c.ID, f.ID)
			}
			seen[f.ID] = true
		}
		last = *c.Score
		sure := ""
		if *c.Match {
			sure = "!"
		}
		all = append(all, fmt.Sprintf("%s%s %g", c.ID, sure, *c.Score))
	}
	return strings.Join(all, ", ")
}

// more stands between the conditions of a query of the draft and what else it has.
const more = " and "

// TestQueries: names are matched as search matches them, and properties tell namesakes apart; the two versions find the
// same.
func TestQueries(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		base := serve(t, cat, open(t), nil)
		for _, c := range []struct{ query, draft, want string }{
			{`"query":"carl dahl"`, `{"matchType":"name","propertyValue":"carl dahl"}`, "carl-dahl! 100"},
			{`"query":"Cafe NORD"`, `{"matchType":"name","propertyValue":"Cafe NORD"}`, "cafe-nord! 100"},
			{`"query":"\"Harbour Bord\""`, `{"matchType":"name","propertyValue":"\"Harbour Bord\""}`, "harbour-board 84"},
			{`"query":"Ann Berg"`, `{"matchType":"name","propertyValue":"Ann Berg"}`, "ann-berg 100, ann-berg-2 100"},
			{`"query":"A. Berg"`, `{"matchType":"name","propertyValue":"A. Berg"}`, "ann-berg! 100, ann-berg-2 96"},
			{`"query":"ann-berg-2"`, `{"matchType":"id","propertyValue":"ann-berg-2"}`, "ann-berg-2! 100"},
			{`"query":"wikidata:Q42"`, `{"matchType":"name","propertyValue":"wikidata:Q42"}`, "ann-berg 100"},
			{`"query":"Ann Berg","limit":1`, `{"matchType":"name","propertyValue":"Ann Berg"}` + more + `"limit":1,"lang":"en"`, "ann-berg 100"},
			{`"query":"xyzzy"`, `{"matchType":"name","propertyValue":"xyzzy"}`, ""},
			{`"query":"carl dahl","type":"INSTITUTION"`, `{"matchType":"name","propertyValue":"carl dahl"}` + more + `"type":"INSTITUTION"`, ""},
			{`"query":"carl dahl","type":"Q5"`, `{"matchType":"name","propertyValue":"carl dahl"}` + more + `"type":"Q5"`, ""},
			// what else is known
			{
				`"query":"Ann Berg","properties":[{"pid":"born","v":"1950"}]`,
				`{"matchType":"name","propertyValue":"Ann Berg"},{"matchType":"property","propertyId":"born","propertyValue":"1950"}`,
				"ann-berg! 100, ann-berg-2 15", // born in another year
			},
			{
				`"query":"Ann Berg","properties":[{"pid":"externalId","v":"wikidata:Q43"}]`,
				`{"matchType":"name","propertyValue":"Ann Berg"},{"matchType":"property","propertyId":"externalId","propertyValue":"wikidata:Q43"}`,
				"ann-berg-2 60, ann-berg 24", // which is another one there
			},
			{
				`"query":"A. Smith","properties":[{"pid":"externalId","v":"wikidata:Q42"}]`,
				`{"matchType":"name","propertyValue":"A. Smith"},{"matchType":"property","propertyId":"externalId","propertyValue":"wikidata:Q42"}`,
				"ann-berg! 96.4, ann-berg-2 21.6", // whatever it is called there
			},
			{
				`"query":"Ann Berg","properties":[{"pid":"AFFILIATED_WITH","v":"harbour board"},{"pid":"role","v":"chair"}]`,
				`{"matchType":"name","propertyValue":"Ann Berg"},{"matchType":"property","propertyId":"AFFILIATED_WITH","propertyValue":"harbour board"},{"matchType":"property","propertyId":"role","propertyValue":"chair"}`,
				"ann-berg! 100, ann-berg-2 60",
			},
			{
				`"query":"Ann Berg","properties":[{"pid":"AFFILIATED_WITH","v":[{"id":"oslo","name":"Oslo"},"Caf*"]}]`,
				`{"matchType":"name","propertyValue":"Ann Berg"},{"matchType":"property","propertyId":"AFFILIATED_WITH","propertyValue":[{"id":"oslo","name":"Oslo"},"Caf*"],"matchQualifier":"WildcardMatch"}`,
				"ann-berg! 100, ann-berg-2 60",
			},
			{
				`"query":"Ann Berg","properties":[{"pid":"nothing","v":true}]`,
				`{"matchType":"name","propertyValue":"Ann Berg"},{"matchType":"property","propertyId":"nothing","propertyValue":true}`,
				"ann-berg 60, ann-berg-2 60",
			},
			// without a name
			{`"properties":[{"pid":"externalId","v":"Q42"}]`, `{"matchType":"property","propertyId":"externalId","propertyValue":"Q42"}`, "ann-berg! 100"},
			{`"properties":[{"pid":"born","v":"1980"}]`, `{"matchType":"property","propertyId":"born","propertyValue":"1980"}`, "ann-berg-2! 100"},
			{`"properties":[{"pid":"attendance","v":7}]`, `{"matchType":"property","propertyId":"attendance","propertyValue":7}`, "long-meeting! 100"},
			{`"properties":[{"pid":"AFFILIATED_WITH","v":{"id":"cafe-nord"}}]`, `{"matchType":"property","propertyId":"AFFILIATED_WITH","propertyValue":{"id":"cafe-nord"}}`, "ann-berg! 100"},
			{`"properties":[{"pid":"AFFILIATED_WITH.role","v":"mem*"}],"type":"PERSON"`, `{"matchType":"property","propertyId":"AFFILIATED_WITH.role","propertyValue":"mem*"}` + more + `"type":"PERSON"`, "carl-dahl! 100"},
			{`"properties":[{"pid":"uid","v":"27eb"}]`, `{"matchType":"property","propertyId":"uid","propertyValue":"27eb"}`, ""},
		} {
			var got map[string]results
			form(t, base, "queries", `{"q0":{`+c.query+`}}`, &got)
			if s := told(t, got["q0"].Result); s != c.want || len(got) != 1 {
				t.Errorf("%s: %s, want %s", c.query, s, c.want)
			}
			conditions, rest, some := strings.Cut(c.draft, more)
			if some {
				rest = "," + rest
			}
			var draft draftResults
			post(t, base+reconcile.Draft+"/match", `{"queries":[{"conditions":[`+conditions+`]`+rest+`}]}`, &draft)
			if s := told(t, draft.Results[0].Candidates); s != c.want || len(draft.Results) != 1 {
				t.Errorf("%s: %s, want %s", c.draft, s, c.want)
			}
		}
		for _, c := range []struct{ condition, want string }{
			{`{"matchType":"property","propertyId":"born","propertyValue":"1950","required":true}`, "ann-berg! 100"},
			{`{"matchType":"property","propertyId":"born","propertyValue":["1950","1980"],"matchQuantifier":"all"}`, "ann-berg 60, ann-berg-2 60"},
			{`{"matchType":"property","propertyId":"born","propertyValue":["1950"],"matchQuantifier":"none"}`, "ann-berg-2! 100, ann-berg 60"},
			{`{"matchType":"property","propertyId":"AFFILIATED_WITH","propertyValue":"Caf*","matchQualifier":"ExactMatch"}`, "ann-berg 60, ann-berg-2 60"},
			{`{"matchType":"property","propertyId":"AFFILIATED_WITH","propertyValue":["harbour board","cafe nord"],"matchQuantifier":"all","required":true}`, "ann-berg! 100"},
		} {
			var draft draftResults
			post(t, base+reconcile.Draft+"/match", `{"queries":[{"type":"PERSON","conditions":[{"matchType":"name","propertyValue":"Ann Berg"},`+c.condition+`]}]}`, &draft)
			if s := told(t, draft.Results[0].Candidates); s != c.want {
				t.Errorf("%s: %s, want %s", c.condition, s, c.want)
			}
		}
		var batch map[string]results
		form(t, base, "queries", `{"q0":{"query":"Oslo","type":["PLACE","EVENT"],"type_strict":"any"},"q1":{"query":"long meeting"}}`, &batch)
		if told(t, batch["q0"].Result) != "oslo! 100" || told(t, batch["q1"].Result) != "long-meeting! 100" {
			t.Errorf("%+v", batch)
		}
		get(t, base+"/reconcile?queries="+url.QueryEscape(`{"q0":{"query":"Oslo"}}`), &batch)
		if told(t, batch["q0"].Result) != "oslo! 100" {
			t.Errorf("by GET: %+v", batch)
		}
	})
}

// TestExtend: what is known of entities comes in columns, those of one kind of link side by side.
func TestExtend(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		base := serve(t, cat, open(t), nil)
		properties := []string{
			"AFFILIATED_WITH", "AFFILIATED_WITH.role", "AFFILIATED_WITH.since", "AFFILIATED_WITH.until", "AFFILIATED_WITH.excerpt",
			"AFFILIATED_WITH.source", "born", "aliases", "externalId", "description", "role",
		}
		want := map[string]map[string]string{
			"ann-berg": {
				"AFFILIATED_WITH":         `[{"id":"cafe-nord","name":"Café Nord"},{"id":"harbour-board","name":"Harbour Board"}]`,
				"AFFILIATED_WITH.role":    `[{"str":"guest"},{"str":"chair"}]`,
				"AFFILIATED_WITH.since":   `[{},{"str":"1999"}]`,
				"AFFILIATED_WITH.until":   `[{},{"str":"2001"}]`,
				"AFFILIATED_WITH.excerpt": `[{"str":"Berg was a guest"},{"str":"Berg chaired the board"}]`,
				"AFFILIATED_WITH.source":  `[{"str":"A Report"},{"str":"The Harbour, https://example.org/harbour"}]`,
				"born":                    `[{"str":"1950-03"}]`, "aliases": `[{"str":"A. Berg"}]`, "externalId": `[{"str":"wikidata:Q42"}]`,
				"description": `[{"str":"Chaired the board."}]`, "role": `[{"str":"guest"},{"str":"chair"}]`,
			},
			"oslo": {}, "nobody": {}, "no id": {},
		}
		want["berg"] = want["ann-berg"] // was merged into her
		asked := map[string]any{"ids": []string{"ann-berg", "oslo", "nobody", "no id", "oslo", "berg"}}
		var list []any
		for _, p := range properties {
			list = append(list, map[string]any{"id": p})
		}
		asked["properties"] = list
		query, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		var got extension
		form(t, base, "extend", string(query), &got)
		var draft draftExtension
		post(t, base+reconcile.Draft+"/extend", string(query), &draft)
		if len(got.Rows) != len(want) || len(draft.Rows) != len(want) || len(got.Meta) != len(properties) || len(draft.Meta) != len(properties) {
			t.Fatalf("%+v %+v", got, draft)
		}
		for i, row := range draft.Rows {
			for j, cell := range row.Properties {
				expected := want[row.ID][properties[j]]
				if expected == "" {
					expected = "[]"
				}
				b, err := json.Marshal(cell.Values)
				c, wrong := json.Marshal(got.Rows[row.ID][properties[j]])
				if err != nil || wrong != nil || string(b) != expected || string(c) != expected || cell.ID != properties[j] || got.Meta[j].ID != properties[j] {
					t.Errorf("row %d, %s: %s and %s, want %s", i, properties[j], b, c, expected)
				}
			}
		}
		form(t, base, "extend", `{"ids":["ann-berg","long-meeting","oslo"],"properties":[{"id":"AFFILIATED_WITH","settings":{"limit":"1"}},{"id":"AFFILIATED_WITH.role","settings":{"asOf":"1998","limit":0}},{"id":"attendance"},{"id":"latitude"}]}`, &got)
		for cell, expected := range map[string]string{
			"ann-berg AFFILIATED_WITH":      `[{"id":"cafe-nord","name":"Café Nord"}]`,
			"ann-berg AFFILIATED_WITH.role": `[{"str":"guest"}]`,
			"long-meeting attendance":       `[{"int":7}]`,
			"oslo latitude":                 `[{"float":59.9}]`,
		} {
			id, property, _ := strings.Cut(cell, " ")
			if b, err := json.Marshal(got.Rows[id][property]); err != nil || string(b) != expected {
				t.Errorf("%s: %s, want %s", cell, b, expected)
			}
		}
		// every property can be fetched of every type, and is one that is proposed
		var proposed struct {
			Properties []named
			Type       string
			Limit      int
		}
		turn := both.Some(t, 6)
		for _, typ := range cat.Types {
			if !turn() {
				continue
			}
			get(t, base+"/reconcile/extend/propose?type="+typ.Enum, &proposed)
			for some := range slices.Chunk(proposed.Properties, 8) {
				list := []any{}
				for _, p := range some {
					list = append(list, map[string]any{"id": p.ID, "settings": map[string]any{"limit": 50}})
				}
				query, err := json.Marshal(map[string]any{"ids": []string{"ann-berg", "harbour-board", "long-meeting", "oslo"}, "properties": list})
				if err != nil {
					t.Fatal(err)
				}
				form(t, base, "extend", string(query), &got)
			}
		}
		get(t, base+reconcile.Draft+"/extend/propose?type=EVENT&limit=2", &proposed)
		if len(proposed.Properties) != 2 || proposed.Limit != 2 || proposed.Type != "EVENT" {
			t.Errorf("%+v", proposed)
		}
	})
}

// TestSuggest: entities, types and properties are found by how their names begin, and by their ids.
func TestSuggest(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		base := serve(t, cat, open(t), nil)
		for _, root := range []string{reconcile.Root, reconcile.Draft} {
			for path, want := range map[string]string{
				"entity?prefix=harb":                    "harbour-board",
				"entity?prefix=cafe":                    "cafe-nord",
				"entity?prefix=oslo":                    "oslo",
				"entity?prefix=ann-berg-2":              "ann-berg-2",
				"entity?prefix=berg&limit=1":            "ann-berg",
				"entity?prefix=berg&limit=1&offset=1":   "ann-berg-2",
				"entity?prefix=berg&limit=1&cursor=1":   "ann-berg-2",
				"entity?prefix=berg&offset=50":          "",
				"entity?prefix=":                        "",
				"entity?prefix=" + url.QueryEscape(`"`): "",
				"type?prefix=pers":                      "PERSON",
				"type?prefix=PLACE":                     "PLACE",
				"type?prefix=&limit=2":                  "PERSON INSTITUTION",
				"property?prefix=starts":                "startsOn",
				"property?prefix=founded":               "founded",
				"property?prefix=affiliated&limit=2":    "AFFILIATED_WITH AFFILIATED_WITH.role",
			} {
				var got struct {
					Result []struct {
						named
						Notable []named
					} `json:"result"`
				}
				get(t, base+root+"/suggest/"+path, &got)
				var ids []string
				for _, x := range got.Result {
					ids = append(ids, x.ID)
					if x.Name == "" || strings.HasPrefix(path, "entity") != (len(x.Notable) == 1) {
						t.Errorf("%s suggests %+v", path, x)
					}
				}
				if s := strings.Join(ids, " "); s != want {
					t.Errorf("%s/suggest/%s: %s, want %s", root, path, s, want)
				}
			}
			status, h, card := served.Do(t, "GET", base+root+"/preview?id=ann-berg", "", nil)
			if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
				!strings.Contains(card, "<h1>Ann Berg</h1>") || !strings.Contains(card, "<blockquote>Berg chaired the board</blockquote>") {
				t.Errorf("%d %v %s", status, h, card)
			}
			for _, id := range []string{"nobody", "", "s_gazette", "%3Cscript%3E"} {
				if status, _, card := served.Do(t, "GET", base+root+"/preview?id="+id, "", nil); status != 404 || !strings.Contains(card, "There is no such entity.") {
					t.Errorf("%s: %d %s", id, status, card)
				}
			}
		}
	})
}

// TestManifests: each version has its own, and what stands in it leads somewhere.
func TestManifests(t *testing.T) {
	cat := both.Catalog(t)
	base := serve(t, cat, both.SQLite(cat)(t), func(_ *graph.Options, _ *server.Options, r *reconcile.Options) { r.Explorer = true })
	type path struct {
		URL  string `json:"service_url"`
		Path string `json:"service_path"`
	}
	var m struct {
		Versions                                           []string
		Name, ServiceVersion, IdentifierSpace, SchemaSpace string
		DefaultTypes                                       []named
		BatchSize                                          int
		View                                               struct{ URL string }
		Preview                                            struct {
			URL           string
			Width, Height int
		}
		Suggest struct{ Entity, Type, Property path }
		Extend  struct {
			Propose  path `json:"propose_properties"`
			Settings []struct {
				Name, Label, Type string
				HelpText          string `json:"help_text"`
				Default           any
			} `json:"property_settings"`
		}
	}
	get(t, base+"/reconcile", &m)
	if !slices.Equal(m.Versions, []string{"0.2"}) || m.Name == "" || m.IdentifierSpace != base+"/e/" || m.SchemaSpace == "" || len(m.DefaultTypes) != len(cat.Types) ||
		m.BatchSize != 20 || m.View.URL != base+"/e/{{id}}" || len(m.Extend.Settings) != 2 || m.ServiceVersion != "test" || m.Preview.Width < 1 || m.Preview.Height < 1 {
		t.Errorf("%+v", m)
	}
	for _, address := range []string{
		strings.ReplaceAll(m.Preview.URL, "{{id}}", "oslo"), m.Suggest.Entity.URL + m.Suggest.Entity.Path + "?prefix=o", m.Suggest.Type.URL + m.Suggest.Type.Path,
		m.Suggest.Property.URL + m.Suggest.Property.Path, m.Extend.Propose.URL + m.Extend.Propose.Path + "?type=PLACE",
	} {
		if status, _, answer := served.Do(t, "GET", address, "", nil); status != 200 {
			t.Errorf("%s: %d %s", address, status, answer)
		}
	}
	var d struct {
		Versions             []string
		Name, ServiceVersion string
		DefaultTypes         []named
		BatchSize            int
		StandardizedScore    bool
		View                 struct{ URL string }
		Preview              struct{ Width, Height int }
		Suggest              struct{ Entity, Type, Property bool }
		Extend               struct {
			ProposeProperties bool
			PropertySettings  []struct {
				ID, Name, Type, HelpText string
				Default                  any
			}
		}
	}
	get(t, base+reconcile.Draft, &d)
	if !slices.Equal(d.Versions, []string{"1.0-draft"}) || d.View.URL != base+"/e/{id}" || !d.Suggest.Entity || !d.Extend.ProposeProperties || !d.StandardizedScore ||
		len(d.Extend.PropertySettings) != 2 || d.Preview.Width < 1 || d.BatchSize != 20 {
		t.Errorf("%+v", d)
	}
}

// TestWrongRequests: what cannot be read, and what is too much, is a coded error; the forms of both specifications'
// examples of what is not valid are among it.
func TestWrongRequests(t *testing.T) {
	cat := both.Catalog(t)
	base := serve(t, cat, both.SQLite(cat)(t), func(_ *graph.Options, o *server.Options, _ *reconcile.Options) { o.MaxBody = 20_000 })
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	batch := make([]string, 21)
	for i := range batch {
		batch[i] = fmt.Sprintf(`"q%d":{"query":"a"}`, i)
	}
	for _, c := range []struct {
		name, value string
		status      int
		code        string
	}{
		{"queries", ``, 400, "BAD_REQUEST"},
		{"queries", `[]`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":null}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"limit":1}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"properties":[]}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","props":[{"pid":"born","v":"1950"}]}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","properties":[{"pid":"born"}]}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","properties":[{"pid":"born","v":{"name":"x"}}]}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","properties":[{"pid":"born","v":null}]}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","limit":0}}`, 400, "BAD_USER_INPUT"},
		{"queries", `{"q0":{"query":"a","limit":"many"}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","type_strict":"no"}}`, 400, "BAD_REQUEST"},
		{"queries", `{"q0":{"query":"a","properties":[` + many(11, `{"pid":"born","v":"1950"}`) + `]}}`, 400, "BAD_USER_INPUT"},
		{"queries", `{"q0":{"query":"a","properties":[{"pid":"born","v":[` + many(41, `"1"`) + `]}]}}`, 400, "BAD_USER_INPUT"},
		{"queries", `{"q0":{"query":"a"}} {}`, 400, "BAD_REQUEST"},
		{"queries", `{` + strings.Join(batch, ",") + `}`, 413, "BAD_REQUEST"},
		{"queries", strings.Repeat(" ", 20_000), 413, "BAD_REQUEST"},
		{"extend", `{}`, 400, "BAD_REQUEST"},
		{"extend", `{"ids":["a"],"properties":[{"id":"nothing"}]}`, 400, "BAD_USER_INPUT"},
		{"extend", `{"ids":["a"],"properties":[{"id":"born","settings":{"limit":51}}]}`, 400, "BAD_USER_INPUT"},
		{"extend", `{"ids":["a"],"properties":[{"id":"role","settings":{"asOf":"soon"}}]}`, 400, "BAD_USER_INPUT"},
		{"extend", `{"ids":[` + many(101, `"a"`) + `],"properties":[]}`, 413, "BAD_REQUEST"},
		{"extend", `{"ids":[],"properties":[` + many(61, `{"id":"born"}`) + `]}`, 413, "BAD_REQUEST"},
		{"nothing", `{}`, 400, "BAD_REQUEST"},
	} {
		status, h, answer := served.Do(t, "POST", base+"/reconcile", url.Values{c.name: {c.value}}.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		check(t, c.name+"="+c.value, status, h, answer, c.status, c.code)
	}
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{``, 400, "BAD_REQUEST"},
		{`{}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"limit":1}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"props":[{"propertyValue":"a"}]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"propertyValue":"a"}]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"matchType":"name"}]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"matchType":"property","propertyValue":"a"}]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"matchType":"name","propertyValue":"a"}],"type":["PERSON","EVENT"]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"matchType":"property","propertyId":"born","propertyValue":"a","matchQuantifier":"some"}]}]}`, 400, "BAD_REQUEST"},
		{`{"queries":[{"conditions":[{"matchType":"property","propertyId":"born","propertyValue":"a","matchQualifier":"RegexMatch"}]}]}`, 400, "BAD_USER_INPUT"},
		{`[{"conditions":[{"matchType":"name","propertyValue":"a"}]}]`, 400, "BAD_REQUEST"},
		{`{"q0":{"query":"a"}}`, 400, "BAD_REQUEST"},
		{`{"queries":[` + many(21, `{"conditions":[{"matchType":"name","propertyValue":"a"}]}`) + `]}`, 413, "BAD_REQUEST"},
	} {
		status, h, answer := served.Do(t, "POST", base+reconcile.Draft+"/match", c.body, map[string]string{"Content-Type": "application/json"})
		check(t, c.body, status, h, answer, c.status, c.code)
	}
	for _, c := range []struct {
		method, path, contentType string
		status                    int
		code                      string
	}{
		{"POST", "/reconcile", "application/json", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"POST", reconcile.Draft + "/match", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"POST", reconcile.Draft + "/extend", "", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"GET", reconcile.Draft + "/match", "", 405, "METHOD_NOT_ALLOWED"},
		{"PUT", "/reconcile", "", 405, "METHOD_NOT_ALLOWED"},
		{"POST", "/reconcile/suggest/entity", "", 405, "METHOD_NOT_ALLOWED"},
		{"GET", "/reconcile/nothing", "", 404, "NOT_FOUND"},
		{"GET", "/reconcile/suggest/entity?prefix=a&limit=-1", "", 400, "BAD_USER_INPUT"},
		{"GET", "/reconcile/suggest/type?cursor=x", "", 400, "BAD_USER_INPUT"},
		{"GET", "/reconcile/extend/propose?type=Q5", "", 400, "BAD_USER_INPUT"},
		{"GET", "/reconcile?callback=f", "", 403, "FORBIDDEN"},
		{"GET", "/reconcile?callback=f()", "", 400, "BAD_REQUEST"},
	} {
		status, h, answer := served.Do(t, c.method, base+c.path, "", map[string]string{"Content-Type": c.contentType})
		check(t, c.method+" "+c.path, status, h, answer, c.status, c.code)
		if (status == 405) != (h.Get("Allow") != "") {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, h.Get("Allow"))
		}
	}
	// a cell that no name can be fits nothing, and the others are answered
	query, err := json.Marshal(map[string]any{
		"long": map[string]any{"query": strings.Repeat("word ", 300)}, "nul": map[string]any{"query": "a\x00b"}, "ok": map[string]any{"query": "Oslo"},
		"words": map[string]any{"query": strings.Repeat("w ", 70)}, "empty": map[string]any{"query": ""}, "blank": map[string]any{"query": " \t"}, "value": map[string]any{"properties": []any{map[string]any{"pid": "born", "v": "soon"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]results
	form(t, base, "queries", string(query), &got)
	if len(got) != 7 || told(t, got["ok"].Result) != "oslo! 100" ||
		len(got["long"].Result)+len(got["value"].Result)+len(got["empty"].Result)+len(got["blank"].Result) != 0 {
		t.Errorf("%+v", got)
	}
}

func check(t *testing.T, what string, status int, h http.Header, answer string, wants int, code string) {
	t.Helper()
	if status != wants || !strings.Contains(answer, `"code":"`+code+`"`) || !strings.HasPrefix(h.Get("Content-Type"), "application/json") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%.120s: %d %v %.200s, want %d %s", what, status, h, answer, wants, code)
	}
}

// TestOtherOrigins: pages may ask where their origin is named, by scripts (JSONP) only where all are.
func TestOtherOrigins(t *testing.T) {
	cat := both.Catalog(t)
	const queries = `{"q0":{"query":"Oslo"}}`
	for _, c := range []struct {
		origins []string
		jsonp   bool
		allowed string
		status  int
	}{
		{nil, false, "", 403},
		{[]string{"http://127.0.0.1:3333"}, false, "http://127.0.0.1:3333", 200},
		{[]string{"*"}, true, "*", 200},
	} {
		base := serve(t, cat, both.SQLite(cat)(t), func(_ *graph.Options, o *server.Options, r *reconcile.Options) {
			o.CORSOrigins, r.JSONP = c.origins, c.jsonp
		})
		origin := map[string]string{"Origin": "http://127.0.0.1:3333", "Content-Type": "application/x-www-form-urlencoded"}
		for _, path := range []string{"/reconcile", "/reconcile/suggest/entity?prefix=os", reconcile.Draft} {
			if status, h, _ := served.Do(t, "GET", base+path, "", origin); status != 200 || h.Get("Access-Control-Allow-Origin") != c.allowed {
				t.Errorf("%v %s: %d %v", c.origins, path, status, h)
			}
		}
		if status, _, answer := served.Do(t, "POST", base+"/reconcile", url.Values{"queries": {queries}}.Encode(), origin); status != c.status {
			t.Errorf("%v: %d %s", c.origins, status, answer)
		}
		status, h, script := served.Do(t, "GET", base+"/reconcile?callback=jQuery_1.f&queries="+url.QueryEscape(queries), "", nil)
		if c.jsonp {
			body, ok := strings.CutPrefix(script, "/**/jQuery_1.f(")
			var got map[string]results
			if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&got); status != 200 || !ok || err != nil || !strings.HasSuffix(script, ");") ||
				!strings.HasPrefix(h.Get("Content-Type"), "text/javascript") || told(t, got["q0"].Result) != "oslo! 100" {
				t.Errorf("%d %v %s", status, h, script)
			}
		} else if status != 403 {
			t.Errorf("%v: a script is answered: %d", c.origins, status)
		}
	}
}

// TestGuide: what docs/reconcile.md shows is what is answered.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/reconcile.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindAllSubmatch(guide, -1)
	if len(blocks) != 2 {
		t.Fatalf("the guide has %d blocks", len(blocks))
	}
	cat := both.Catalog(t)
	s := both.SQLite(cat)(t)
	if _, err := sample.Load(t.Context(), cat, s); err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(blocks[1][1], &want); err != nil {
		t.Fatal(err)
	}
	form(t, serve(t, cat, s, nil), "queries", string(blocks[0][1]), &got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestWhoMayAsk: with tokens, all but the manifests needs one; limits are those of any operation.
func TestWhoMayAsk(t *testing.T) {
	cat := both.Catalog(t)
	file := filepath.Join(t.TempDir(), "tokens")
	token, _, err := auth.Create(file, "reader", auth.Reader, time.Now(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.Open(file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	base := serve(t, cat, both.SQLite(cat)(t), func(_ *graph.Options, o *server.Options, _ *reconcile.Options) { o.Verifier = tokens })
	for path, open := range map[string]bool{
		"/reconcile": true, reconcile.Draft: true, "/reconcile?queries={}": false, "/reconcile?extend={}": false, "/reconcile/suggest/entity?prefix=o": false,
		"/reconcile/suggest/type": false, "/reconcile/preview?id=oslo": false, reconcile.Draft + "/extend/propose": false,
	} {
		status, h, answer := served.Do(t, "GET", base+path, "", nil)
		if (status == 200) != open || (status == 401) == open || strings.Contains(answer, "Oslo") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Authorization") {
			t.Errorf("%s without a token: %d %s", path, status, answer)
		}
		if status, _, _ := served.Do(t, "GET", base+path, "", map[string]string{"Authorization": "Bearer " + token}); status == 401 {
			t.Errorf("%s with one: %d", path, status)
		}
	}
	small := serve(t, cat, both.SQLite(cat)(t), func(g *graph.Options, _ *server.Options, _ *reconcile.Options) {
		g.Limits = plan.DefaultLimits()
		g.Limits.MaxCost = 3
	})
	if status, _, answer := served.Do(t, "GET", small+"/reconcile/suggest/entity?prefix=o", "", nil); status != 400 || !strings.Contains(answer, "COST_LIMIT") {
		t.Errorf("%d %s", status, answer)
	}
	if status, _, _ := served.Do(t, "GET", small+"/reconcile", "", map[string]string{"Host": "evil.example"}); status != 421 {
		t.Errorf("another host: %d", status)
	}
}
