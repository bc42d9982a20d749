package writing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/edit"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// TestMutationsAreThoseOfTheCommands draws mutations, one after another, of a store, and has the oracle make the edit that
// each is: both say the same, hold the same and have the same log. Each is tried before: the trial answers what the
// mutation answers then, and writes nothing.
func TestMutationsAreThoseOfTheCommands(t *testing.T) {
	cat := both.Catalog(t)
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		both.Checks(t, 48, 480)
		rapid.Check(t, func(r *rapid.T) {
			oracle, s := filled(t, storetest.NewOracle(cat, storetest.Clock)), filled(t, open(t))
			e := writable(t, cat, s)
			d := &drawing{T: r, cat: cat, ids: []string{"ann", "club", "oslo", "begin", "s_article", "s_note", affiliated}}
			for range rapid.IntRange(1, 15).Draw(r, "mutations") {
				m := d.mutation(t.Context(), oracle)
				before := ""
				if rapid.IntRange(0, 4).Draw(r, "look") == 0 {
					before = export(t, cat, s)
				}
				tried := m.answer(t, e, true)
				if before != "" && before != export(t, cat, s) {
					r.Fatalf("%s %+v was tried, and something was written", m.name, m.input)
				}
				got := m.answer(t, e, false)
				if diff := cmp.Diff(tried, got); diff != "" {
					r.Fatalf("%s %+v is not what the trial says: %s", m.name, m.input, diff)
				}
				out, err := edit.Apply(t.Context(), cat, oracle, m.edit, edit.About{Note: m.note})
				if want := m.want(out, err); !strings.Contains(got, want) {
					r.Fatalf("%s %+v answers %s, want %s", m.name, m.input, got, want)
				}
				if diff := cmp.Diff(out.Items, items(t, got)); diff != "" {
					r.Fatalf("%s %+v made another thing of the records: %s", m.name, m.input, diff)
				}
				if out.ID != "" && !slices.Contains(d.ids, out.ID) {
					d.ids = append(d.ids, out.ID)
				}
			}
			if a, b := export(t, cat, oracle), export(t, cat, s); a != b {
				r.Fatalf("it holds otherwise: %s", cmp.Diff(a, b))
			}
			if a, b := do(t.Context(), writable(t, cat, oracle), everything, nil), do(t.Context(), e, everything, nil); a != b {
				r.Fatalf("it answers otherwise: %s", cmp.Diff(a, b))
			}
			if a, b := both.Log(t, oracle), both.Log(t, s); a != b {
				r.Fatalf("its log: %s", cmp.Diff(a, b))
			}
		})
	})
}

// everything asks for all there is, in lists and by words.
const everything = `{
	search(text: "berg club oslo new", first: 50) { totalCount nodes { id name } }
	links(first: 100) { totalCount nodes { id role since until sentence standing version evidence { nodes { id start verified } } } }
	refuted: links(first: 100, where: {standings: [REFUTED]}) { nodes { id } }
	people(first: 100) { totalCount nodes { id name aliases formerIds born died version links(first: 50) { totalCount edges { role direction node { id } } } } }
	institutions(first: 100, orderBy: [{field: LINK_COUNT, direction: DESC}]) { nodes { id linkCount version } }
	quotes(first: 100) { nodes { id text verified speakers { nodes { id } } } }
	sources(first: 100) { nodes { id title publisher version links(first: 50) { nodes { id } } } }
	stats { entities { key count } links { key count } sources refutedLinks unverifiedExcerpts linksWithoutEvidence }
}`

// mutation is a field of Mutation with its input, and the edit that it is.
type mutation struct {
	name, note string
	input      map[string]any
	edit       edit.Edit
}

// selections are what is read of the payload of a mutation.
var selections = map[string]string{
	"Person":      `person { id name aliases description born died version links { nodes { id name } edges { role } } externalIds { scheme value } }`,
	"Institution": `institution { id name aliases description version links { nodes { id } } }`,
	"Quote":       `quote { id name text verified version }`,
	"Source":      `source { id title text publisher version links { totalCount edges { link { id evidence { nodes { verified } } } } } }`,
	"Link":        `link { id sentence standing version from { id links { totalCount } } to { id } evidence { nodes { id excerpt start end verified } } }`,
	"Entities":    `survivor { id name formerIds links { nodes { id name } edges { role } } ... on Person { aliases born died version } }`,
	"Evidence":    `link { id sentence standing version evidence { nodes { id excerpt } } }`,
}

// answer runs the mutation.
func (m *mutation) answer(t *testing.T, e *graph.Engine, dry bool) string {
	t.Helper()
	selection := "deletedIds"
	for of, s := range selections {
		if strings.HasSuffix(m.name, of) {
			selection = s
		}
	}
	input := map[string]any{"dryRun": dry, "note": m.note}
	for k, v := range m.input {
		input[k] = v
	}
	typ := strings.ToUpper(m.name[:1]) + m.name[1:] + "Input!"
	return do(t.Context(), e, "mutation($input: "+typ+") { "+m.name+"(input: $input) { "+selection+
		" errors { code message path ... on StaleWriteError { current { id } } ... on DependentsError { linkCount links { id } } }"+
		" items { recordId kind before after } } }",
		map[string]any{"input": input})
}

// items returns the items in the answer to a mutation.
func items(t *testing.T, answer string) (out []kg.ChangeItem) {
	t.Helper()
	var got struct {
		Data map[string]struct {
			Items []struct{ RecordID, Kind, Before, After string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Data {
		for _, i := range m.Items {
			out = append(out, kg.ChangeItem{ID: i.RecordID, Kind: i.Kind, Before: i.Before, After: i.After})
		}
	}
	return out
}

// want is a part of the answer to a mutation that follows from what the edit says.
func (m *mutation) want(out edit.Outcome, err error) string {
	var p *edit.UserError
	switch {
	case errors.As(err, &p):
		var b strings.Builder
		j := json.NewEncoder(&b)
		j.SetEscapeHTML(false)
		_ = j.Encode(map[string]any{"code": p.Code})
		code := strings.Trim(b.String(), "{}\n")
		b.Reset()
		_ = j.Encode(p.Message)
		message := strings.TrimSpace(b.String())
		b.Reset()
		_ = j.Encode(append([]string{"input"}, p.Path...))
		return `"errors":[{` + code + `,"message":` + message + `,"path":` + strings.TrimSpace(b.String())
	case err != nil:
		return fmt.Sprintf(`"code":"%s"`, kg.CodeOf(err))
	case m.name == "delete":
		gone := []string{}
		for _, i := range out.Items {
			if i.After == "" {
				gone = append(gone, i.ID)
			}
		}
		slices.Sort(gone)
		b, _ := json.Marshal(gone)
		return `"deletedIds":` + string(b) + `,"errors":[]`
	}
	return `":{"id":"` + out.ID + `"`
}

// drawing draws mutations.
type drawing struct {
	*rapid.T
	cat *catalog.Catalog
	ids []string
}

func (d *drawing) of(what string, list ...string) string {
	return rapid.SampledFrom(list).Draw(d.T, what)
}

func (d *drawing) one(in int, what string) bool { return rapid.IntRange(0, in-1).Draw(d.T, what) == 0 }

func (d *drawing) id() string { return d.of("id", append(d.ids, "nobody")...) }

// version is that of a record, or another.
func (d *drawing) version(ctx context.Context, s store.Store, id string) string {
	if d.one(3, "another version") {
		return "another"
	}
	found, err := s.Records(ctx, []string{id})
	if r := found.ByID()[id]; err == nil && r != nil {
		return edit.Version(d.cat, r)
	}
	return "another"
}

func (d *drawing) evidence() (in []any, out []edit.Evidence) {
	for range rapid.IntRange(0, 2).Draw(d.T, "pieces") {
		e := edit.Evidence{
			Source:  d.of("source", "s_article", "s_article", "s_note", "s_new", "ann"),
			Excerpt: d.of("excerpt", "Ann Berg", "The Club is in Oslo", "the Club since 1998", "Ann Berg said", "nothing of the kind"),
			Stance:  d.of("stance", kg.Supports, kg.Supports, kg.Refutes),
		}
		m := map[string]any{"source": map[string]any{"id": e.Source}, "excerpt": e.Excerpt, "stance": e.Stance}
		if d.one(5, "placed") {
			start := rapid.IntRange(0, 60).Draw(d.T, "at")
			end := start + rapid.IntRange(0, 12).Draw(d.T, "length")
			e.Excerpt, e.Start, e.End = "", &start, &end
			delete(m, "excerpt")
			m["start"], m["end"] = json.Number(strconv.Itoa(start)), json.Number(strconv.Itoa(end))
		}
		in, out = append(in, m), append(out, e)
	}
	if in == nil {
		in = []any{}
	}
	return in, out
}

func (d *drawing) mutation(ctx context.Context, s store.Store) *mutation {
	m := &mutation{note: d.of("note", "", "so", "Zoë\n")}
	switch rapid.IntRange(0, 10).Draw(d.T, "mutation") {
	case 0:
		m.name, m.input = "createPerson", map[string]any{"name": d.of("name", "New", "Ann Berg", "Máry", "")}
		fields := map[string]any{"name": m.input["name"]}
		if d.one(2, "more") {
			fields["description"], fields["aliases"], fields["born"] = "so", []string{"Al", "Ias"}, d.of("born", "1990", "2001-05", "soon")
			m.input["description"], m.input["aliases"], m.input["born"] = "so", []any{"Al", "Ias"}, fields["born"]
		}
		if d.one(4, "with id") {
			m.input["id"] = d.of("new id", "new1", "ann", "l_x")
			fields["id"] = m.input["id"]
		}
		m.edit = &edit.Create{Type: "PERSON", Fields: fields}
	case 1:
		f := map[string]any{"kind": "BOOK", "title": d.of("title", "New", "Newer"), "text": d.of("text", article, "The Club is in Oslo")}
		m.name, m.input, m.edit = "createSource", f, &edit.Create{Type: "SOURCE", Fields: f}
	case 2, 3:
		u := &edit.Update{ID: d.id(), Set: map[string]any{}}
		of := d.of("type", "Person", "Source", "Link", "Quote")
		fields := map[string][]string{
			"Person": {"name", "description", "born", "died"}, "Source": {"title", "publisher", "text"}, "Link": {"role", "since", "until"},
			"Quote": {"text", "name"},
		}[of]
		u.Type = strings.ToUpper(of)
		field := d.of("field", fields...)
		u.Set[field] = d.of("value", "1999", "2005", "We begin", "Ann Berg", "The Club is in Oslo")
		if d.one(3, "clear") {
			u.Set[field] = nil
		}
		m.name, m.edit = "update"+of, u
		m.input = map[string]any{"id": u.ID, field: u.Set[field]}
		if d.one(3, "if") {
			u.IfVersion = d.version(ctx, s, u.ID)
			m.input["ifVersion"] = u.IfVersion
		}
		if of == "Person" && d.one(2, "lists") {
			add, remove := d.of("added", "Al", "A. Berg"), d.of("removed", "Al", "A. Berg")
			u.Add, u.Remove = map[string]any{"aliases": []string{add}}, map[string]any{"aliases": []string{remove}}
			m.input["addAliases"], m.input["removeAliases"] = []any{add}, []any{remove}
		}
	case 4, 5:
		c := &edit.CreateLink{
			Kind: d.of("kind", "AFFILIATED_WITH", "LOCATED_IN", "SAID", "ABOUT"), From: d.id(), To: d.id(), Role: d.of("role", "", "head"),
		}
		m.name, m.edit = "createLink", c
		m.input = map[string]any{"kind": c.Kind, "from": map[string]any{"id": c.From}, "to": map[string]any{"id": c.To}, "role": c.Role}
		m.input["evidence"], c.Evidence = d.evidence()
		if d.one(3, "dated") {
			c.Since, c.Until = d.of("since", "1990", "soon"), d.of("until", "2001-05", "1980")
			m.input["since"], m.input["until"] = c.Since, c.Until
		}
	case 6:
		a := &edit.AddEvidence{Link: d.id()}
		m.name, m.edit = "addEvidence", a
		m.input = map[string]any{"link": a.Link}
		m.input["evidence"], a.Evidence = d.evidence()
	case 7:
		pieces := []string{"e_nothing"}
		_ = s.Links(ctx, func(l *kg.Link) error {
			for i := range l.Evidence {
				pieces = append(pieces, kg.EvidenceID(l.ID, &l.Evidence[i]))
			}
			return nil
		})
		x := &edit.RemoveEvidence{Evidence: d.of("piece", pieces...)}
		m.name, m.edit, m.input = "removeEvidence", x, map[string]any{"evidence": x.Evidence}
	case 8, 9:
		x := &edit.Merge{Survivor: d.id()}
		absorbed := []any{}
		for range rapid.IntRange(0, 2).Draw(d.T, "absorbed") {
			id := d.id()
			x.Absorbed, absorbed = append(x.Absorbed, id), append(absorbed, map[string]any{"id": id})
		}
		m.name, m.edit = "mergeEntities", x
		m.input = map[string]any{"survivor": map[string]any{"id": x.Survivor}, "absorbed": absorbed}
		if d.one(3, "if") {
			x.IfVersion = d.version(ctx, s, x.Survivor)
			m.input["ifVersion"] = x.IfVersion
		}
	default:
		x := &edit.Delete{ID: d.id(), Cascade: rapid.Bool().Draw(d.T, "cascade")}
		m.name, m.edit, m.input = "delete", x, map[string]any{"id": x.ID, "cascade": x.Cascade}
	}
	return m
}
