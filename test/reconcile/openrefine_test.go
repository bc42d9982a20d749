package reconcile_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/reconcile"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/storetest/both"
	"github.com/throughline/throughline/test/served"
)

// refine sends requests as OpenRefine 3.10 does: its server posts forms, its pages ask for JSON or load scripts from
// their own origin, and show previews in frames.
type refine struct {
	t    *testing.T
	base string
}

// refineOrigin is where OpenRefine's pages come from.
const refineOrigin = "http://127.0.0.1:3333"

// post is a request of OpenRefine's server: one field, in UTF-8. Answers that are no 2xx are the error of a whole batch.
func (r refine) post(name string, value, into any) {
	r.t.Helper()
	sent, err := json.Marshal(value)
	if err != nil {
		r.t.Fatal(err)
	}
	status, h, answer := served.Do(r.t, "POST", r.base+"/reconcile", url.Values{name: {string(sent)}}.Encode(), map[string]string{
		"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "User-Agent": "OpenRefine/3.10.1 [TRUNK]",
		"Accept-Encoding": "gzip, x-gzip, deflate", "Connection": "keep-alive",
	})
	if status != 200 {
		r.t.Fatalf("%s: %d %s", sent, status, answer)
	}
	var body io.Reader = strings.NewReader(answer)
	if h.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := json.NewDecoder(body).Decode(into); err != nil {
		r.t.Fatalf("%s: %v: %s", sent, err, answer)
	}
}

// page is a request of one of OpenRefine's pages, which may read the answer because its origin is named.
func (r refine) page(address string, into any) {
	r.t.Helper()
	status, h, answer := served.Do(r.t, "GET", address, "", map[string]string{
		"Accept": "application/json, text/javascript, */*; q=0.01", "Origin": refineOrigin, "Referer": refineOrigin + "/",
		"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
	})
	if status != 200 || h.Get("Access-Control-Allow-Origin") != refineOrigin {
		r.t.Fatalf("%s: %d %v %s", address, status, h, answer)
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		r.t.Fatalf("%s: %v: %s", address, err, answer)
	}
}

// manifest is what OpenRefine reads of one.
type manifest struct {
	IdentifierSpace, SchemaSpace string
	DefaultTypes                 []named
	BatchSize                    int
	View                         struct{ URL string }
	Preview                      struct {
		URL           string
		Width, Height int
	}
	Suggest map[string]service
	Extend  struct {
		Propose  service `json:"propose_properties"`
		Settings []struct {
			Name, Label, Type string
			Default           any
		} `json:"property_settings"`
	}
}

type service struct {
	URL  string `json:"service_url"`
	Path string `json:"service_path"`
}

// ask is a query as OpenRefine writes it: a type always with type_strict "should", a limit only where one was chosen.
type ask struct {
	Query      string `json:"query"`
	Type       string `json:"type,omitempty"`
	TypeStrict string `json:"type_strict,omitempty"`
	Properties []pv   `json:"properties,omitempty"`
	Limit      int    `json:"limit,omitempty"`
}

type object = map[string]any

// pv is a cell of another column: a text, a number, true or false, a date as a time in UTC, or what was matched there.
type pv struct {
	PID string `json:"pid"`
	V   any    `json:"v"`
}

// TestOpenRefine walks through a project of OpenRefine: the service is added, the type of a column is guessed, ten
// cells are matched at once with what other columns say, columns are fetched, and a person searches and looks at cards.
func TestOpenRefine(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		r := refine{t: t, base: serve(t, cat, open(t), func(_ *graph.Options, o *server.Options, c *reconcile.Options) {
			o.CORSOrigins, c.Explorer = []string{refineOrigin}, true
		})}
		var m manifest
		r.page(r.base+"/reconcile", &m)
		if m.IdentifierSpace == "" || m.SchemaSpace == "" || len(m.DefaultTypes) == 0 || m.BatchSize < 10 || len(m.Extend.Settings) != 2 {
			t.Fatalf("the manifest is %+v", m)
		}

		// the type of a column: the first ten cells, three candidates of each
		names := []string{"Ann Berg", "Carl Dahl", "Dahl, Carl", "A. Berg", "Nobody At All", "carl dahl", "ann berg", "Carl  Dahl ", "Dr. Carl Dahl", "Ann"}
		guess := object{}
		for i, name := range names {
			guess[fmt.Sprintf("q%d", i)] = object{"query": name, "limit": 3}
		}
		var answers map[string]results
		r.post("queries", guess, &answers)
		people := 0
		for i := range names {
			a, ok := answers[fmt.Sprintf("q%d", i)]
			if !ok || a.Result == nil || len(a.Result) > 3 {
				t.Errorf("%s: %+v", names[i], a)
			}
			told(t, a.Result)
			if len(a.Result) > 0 && a.Result[0].Type[0].ID == "PERSON" {
				people++
			}
		}
		if people < 8 || len(answers) != 10 {
			t.Errorf("%d of the names are people's: %+v", people, answers)
		}

		// a batch of ten cells
		batch := []struct {
			ask
			best string // the best candidate, with ! where OpenRefine takes it by itself
		}{
			{ask{Query: "Ann Berg", Type: "PERSON", Properties: []pv{{"born", "1950"}}}, "ann-berg!"},
			{ask{Query: "Ann Berg", Type: "PERSON", Properties: []pv{{"born", 1980}}}, "ann-berg-2!"},
			{ask{Query: "Ann Berg", Type: "PERSON", Properties: []pv{{"born", "1950-03-01T00:00:00Z"}}}, "ann-berg!"}, // a cell that is a date
			{ask{Query: "Ann Berg", Type: "PERSON", Properties: []pv{{"AFFILIATED_WITH", object{"id": "cafe-nord", "name": "Café Nord"}}}, Limit: 1}, "ann-berg!"},
			{ask{Query: "Ann Berg", Type: "PERSON", Properties: []pv{{"externalId", "Q42"}, {"AFFILIATED_WITH.role", "chair"}}}, "ann-berg!"},
			{ask{Query: "Carl Dahl", Type: "PERSON"}, "carl-dahl!"},
			{ask{Query: "Long Meeting", Type: "EVENT", Properties: []pv{{"attendance", 7}, {"startsOn", "2001-05-03T00:00:00Z"}}}, "long-meeting!"},
			{ask{Query: "Oslo", Type: "PLACE", Properties: []pv{{"latitude", 59.9}}}, "oslo!"},
			{ask{Query: "Carl Dahl", Type: "PERSON", Properties: []pv{{"nothing of the kind", true}}}, "carl-dahl"},
			{ask{Query: "café nörd & sons <b>", Type: "INSTITUTION"}, "cafe-nord"},
		}
		queries := object{}
		for i, c := range batch {
			c.TypeStrict = "should"
			queries[fmt.Sprintf("q%d", i)] = c.ask
		}
		answers = nil
		r.post("queries", queries, &answers)
		for i, c := range batch {
			list := answers[fmt.Sprintf("q%d", i)].Result
			told(t, list)
			best := ""
			if len(list) > 0 {
				best = list[0].ID
				if *list[0].Match {
					best += "!"
				}
			}
			if best != c.best || c.Limit > 0 && len(list) > c.Limit {
				t.Errorf("%+v: %s, want %s", c.ask, best, c.best)
			}
		}
		// where the service says that it takes more than ten, as many cells as it says are sent for a long table
		queries = object{}
		for i := range m.BatchSize {
			queries[fmt.Sprintf("q%d", i)] = ask{Query: "Carl Dahl"}
		}
		answers = nil
		if r.post("queries", queries, &answers); len(answers) != m.BatchSize {
			t.Errorf("%d cells are answered: %d", m.BatchSize, len(answers))
		}

		// more columns: what there is, then ten rows; settings are the texts of a form
		var proposed struct{ Properties []named }
		for _, typ := range []string{"", "PERSON"} {
			r.page(m.Extend.Propose.URL+m.Extend.Propose.Path+"?type="+typ, &proposed)
			if !slices.ContainsFunc(proposed.Properties, func(p named) bool { return p.ID == "AFFILIATED_WITH.role" && p.Name != "" }) {
				t.Errorf("of type %q is proposed %+v", typ, proposed)
			}
		}
		settings := object{}
		for _, s := range m.Extend.Settings {
			settings[s.Name] = fmt.Sprint(s.Default)
		}
		var more struct {
			Meta []struct{ ID, Name string }
			Rows map[string]map[string][]map[string]any
		}
		r.post("extend", object{
			"ids": []string{"ann-berg", "ann-berg-2", "carl-dahl", "harbour-board", "cafe-nord", "long-meeting", "oslo", "gone-1", "gone-2", "Q42"},
			"properties": []any{
				object{"id": "AFFILIATED_WITH", "settings": settings}, object{"id": "AFFILIATED_WITH.role"}, object{"id": "born"}, object{"id": "attendance"},
			},
		}, &more)
		if len(more.Rows) != 10 || len(more.Meta) != 4 || more.Meta[3].ID != "attendance" || more.Meta[3].Name == "" {
			t.Fatalf("%+v", more)
		}
		told := func(id, property string) string {
			var all []string
			for _, v := range more.Rows[id][property] { // in this order OpenRefine looks
				switch {
				case v["id"] != nil:
					all = append(all, fmt.Sprintf("%v (%v)", v["name"], v["id"]))
				case v["str"] != nil:
					all = append(all, fmt.Sprint(v["str"]))
				case v["int"] != nil:
					all = append(all, fmt.Sprintf("%v", v["int"]))
				default:
					all = append(all, "")
				}
			}
			return strings.Join(all, ", ")
		}
		for cell, want := range map[string]string{
			"ann-berg AFFILIATED_WITH": "Café Nord (cafe-nord), Harbour Board (harbour-board)", "ann-berg AFFILIATED_WITH.role": "guest, chair",
			"carl-dahl AFFILIATED_WITH": "Harbour Board (harbour-board)", "ann-berg-2 born": "1980", "long-meeting attendance": "7", "oslo born": "",
		} {
			id, property, _ := strings.Cut(cell, " ")
			if got := told(id, property); got != want {
				t.Errorf("%s: %s, want %s", cell, got, want)
			}
		}

		// a person searches: what the widget sends beside the words is of another service of old, and means nothing here
		var suggested struct {
			Result []struct {
				named
				Notable []named
			}
		}
		for kind, c := range map[string][3]string{
			"entity":   {"Carl Da", "", "carl-dahl"},
			"type":     {"pers", "&scoring=schema", "PERSON"},
			"property": {"affil", "&scoring=schema", "AFFILIATED_WITH"},
		} {
			address := m.Suggest[kind].URL + m.Suggest[kind].Path + "?" + "prefix=" + url.QueryEscape(c[0]) + "&spell=always&exact=false" + c[1] + "&prefixed=true"
			suggested.Result = nil
			if r.page(address, &suggested); len(suggested.Result) == 0 || suggested.Result[0].ID != c[2] || suggested.Result[0].Name == "" {
				t.Errorf("%s: %+v", address, suggested)
			}
		}

		// and looks at the card in a frame, or opens the entity
		card := strings.ReplaceAll(m.Preview.URL, "{{id}}", "ann-berg")
		status, h, body := served.Do(t, "GET", card, "", map[string]string{
			"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Referer": refineOrigin + "/",
			"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe",
		})
		if status != http.StatusOK || !strings.Contains(body, "<h1>Ann Berg</h1>") || h.Get("X-Frame-Options") != "" ||
			strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors") || m.Preview.Width < 100 || m.Preview.Height < 100 {
			t.Errorf("%s in a frame: %d %v %s", card, status, h, body)
		}
		if !strings.HasPrefix(m.View.URL, m.IdentifierSpace) || !strings.Contains(m.View.URL, "{{id}}") {
			t.Errorf("an entity is seen at %s", m.View.URL)
		}
	})
}
