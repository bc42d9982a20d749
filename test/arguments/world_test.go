// Package arguments_test asks every field of the contract with every argument it takes, alone and in pairs, and holds
// the answers against what the contract's descriptions say, read by nobody but this package: a naive reading of the
// arguments themselves over the records of a small graph. The stores and the engine's binding of arguments are held by
// it alike. What is asked is made from the schema: an argument, or a field of an input, that is added to it fails here
// until it has a meaning.
package arguments_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// record is an entity or a source, as filters, orders and references see it.
type record struct {
	id, typ, name string
	names         []string // folded: name and aliases, or a source's title
	body          []string // folded: what else text looks at
	from, to      kg.Day
	dated         bool
	updated       kg.Time
	links         []*kg.Link // what touches it, or rests on it, without what is refuted
	node          *kg.Node   // nil for a source
	source        *kg.Source
	hash          string // of the text of a source, "" without one
}

// world is the graph of these tests, and what the arguments mean in it.
type world struct {
	cat     *catalog.Catalog
	batch   *store.Batch
	records map[string]*record
	order   []*record // by id
	links   map[string]*kg.Link
	byLink  []*kg.Link // by id
	sources map[string]*kg.Source
	means   meanings
	known   map[string]known // answers, as they are asked for often
}

// fold is what names are compared by, for the letters that these tests have.
func fold(s string) string {
	return strings.Join(strings.Fields(letters.Replace(strings.ToLower(s))), " ")
}

var letters = strings.NewReplacer("é", "e", "ö", "o", "ü", "u", "’", "'")

// names are what the entities of a type are called; the last has no links.
var names = map[string][]string{
	"PERSON":      {"Ada Lovelace", "Böhm", "Cléo", "Dr. Who", "Mercury", "Émile Zola", "ada byron", "Niemand"},
	"INSTITUTION": {"Royal Society", "Académie", "Union of Makers", "Alone Inc"},
	"EVENT":       {"Opening", "Second Meeting", "Über-Congress", "Never"},
	"QUOTE":       {"On engines", "On stars", "On bread", "Unsaid"},
	"THEME":       {"Computing", "Security", "Food", "Nothing"},
	"PLACE":       {"London", "Mercury", "Zürich", "Nowhere"},
}

var (
	roles  = []string{"", "chair", "Chair", "Vice chair", "membre d’honneur", ""}
	starts = []kg.PartialDate{"", "2010", "2012-06", "2014-02-28", "2010-01-01", "1999"}
	ends   = []kg.PartialDate{"", "2012", "2014-02-28", "2016-07", "", "2021"}
)

// newWorld makes a graph in which few records are alike: random ones, the same in every run, and some that stand for
// what is odd.
func newWorld(cat *catalog.Catalog) *world {
	w := &world{
		cat: cat, batch: &store.Batch{}, records: map[string]*record{}, links: map[string]*kg.Link{},
		sources: map[string]*kg.Source{}, known: map[string]known{},
	}
	r := rand.New(rand.NewPCG(49, 12))
	kinds := cat.Schema.Types["SourceKind"].EnumValues
	for i, s := range []*kg.Source{
		{
			ID: "s_a", Title: "Annals", PublishedOn: "2011", URL: "https://example.org/a",
			Text: "the very words stand here, and the engine weaves. Bread is what it is.", Publisher: "Press",
		},
		{
			ID: "s_b", Title: "Béatrice’s Letters", PublishedOn: "2015-03", Text: "other words altogether",
			URL: "https://example.org/b",
		},
		{ID: "s_c", Title: "Chronicle", URL: "https://example.org/b"},
		{ID: "s_d", Title: "annals", PublishedOn: "2015-03-09", Authors: []string{"Some body", "Somebody  else"}},
		{ID: "s_e", Title: "Empty", PublishedOn: "1999-12-31", Text: "nothing rests on this"},
	} {
		s.Kind = kinds[i%3].Name
		w.batch.Sources = append(w.batch.Sources, s)
	}
	of := map[uint8][]string{}
	for _, typ := range cat.Types {
		for i, name := range append(slices.Clone(names[typ.Enum]), "Spare "+typ.Name) {
			n := &kg.Node{
				ID: fmt.Sprintf("%s-%d", strings.ToLower(typ.Name), (i*5)%9), Type: typ.Enum, Name: name,
				Props: map[string]any{},
			}
			n.UpdatedAt = kg.TimeAt(int64(1_600_000_000_000 + 1000*((i*3)%7)))
			n.CreatedAt = kg.TimeAt(1_500_000_000_000)
			if i%3 == 1 {
				n.Aliases = []string{"The " + name, "Also " + name}
			}
			if i%2 == 0 {
				n.Description = fmt.Sprintf("Known for the %s of %s", []string{"engine", "bread", "Größe"}[i%3], name)
			}
			if i%3 == 0 {
				n.ExternalIDs = []kg.ExternalID{{Scheme: "wikidata", Value: fmt.Sprintf("Q%d%d", typ.Index, i)}}
			}
			one, day := i%3 == 2, i%4 // somebody has the third, sixth and so on down as one
			if one {
				n.ExternalIDs, day = []kg.ExternalID{{Scheme: "isni", Value: fmt.Sprint(typ.Index)}}, 2
			}
			if p := typ.DateProp; p != nil && day != 3 {
				n.Props[p.Name] = string([]kg.PartialDate{"1815-12-10", "1840", "2012-06"}[day])
			}
			if p := typ.UntilProp; p != nil && i%2 == 1 && !one {
				n.Props[p.Name] = string([]kg.PartialDate{"2013-01", "1901-02-03"}[i/2%2])
			}
			for _, p := range typ.Props {
				switch must := cat.Schema.Types[typ.Name].Fields.ForName(p.Name).Type.NonNull; {
				case must:
					n.Props[p.Name] = []string{"the engine weaves", "Bread is not enough", "stars", "words"}[i%4]
				case i%4 == 3 || n.Props[p.Name] != nil || p == typ.DateProp || p == typ.UntilProp:
				case p.Kind == catalog.Date:
					n.Props[p.Name] = string([]kg.PartialDate{"1852-11", "1901", "2013-01-31"}[day])
				case p.Kind == catalog.Int:
					n.Props[p.Name] = []int64{0, 7, 500}[i%4]
				case p.Kind == catalog.Float:
					n.Props[p.Name] = []float64{51.5, 0, -3.25}[i%4]
				case p.Kind == catalog.Text:
					n.Props[p.Name] = []string{"en", "de-CH", "EN"}[i%4]
				}
			}
			w.batch.Nodes = append(w.batch.Nodes, n)
			if i != len(names[typ.Enum])-1 {
				of[typ.Index] = append(of[typ.Index], n.ID)
			}
		}
	}
	for _, k := range cat.Kinds {
		for _, from := range cat.Types {
			for _, to := range cat.Types {
				if !k.From.Has(from.Index) || !k.To.Has(to.Index) {
					continue
				}
				// one of each side has three, so that every field has pages
				near, far := of[from.Index], of[to.Index]
				f, t := near[int(k.Index)%3], far[int(k.Index)%3+1]
				ends := [][2]string{{f, t}, {f, t}}
				for range 2 {
					ends = append(ends, [2]string{f, far[r.IntN(len(far))]}, [2]string{near[r.IntN(len(near))], t})
				}
				for _, e := range ends {
					if e[0] != e[1] {
						w.join(r, k.Name, e[0], e[1])
					}
				}
				if k.Name == "BROADER" {
					w.join(r, k.Name, f, f) // the oddest thing a link does
				}
			}
		}
	}
	w.learn()
	return w
}

// join makes a link with evidence, unlike those that there are.
func (w *world) join(r *rand.Rand, kind, from, to string) {
	piece := func(stance string) kg.Evidence {
		return kg.Evidence{Source: w.batch.Sources[r.IntN(4)].ID, Excerpt: []string{
			"the very words", "other words",
			"words that stand nowhere",
		}[r.IntN(3)], Stance: stance}
	}
	for {
		l := &kg.Link{
			Kind: kind, From: from, To: to, Role: roles[r.IntN(len(roles))],
			Since: starts[r.IntN(len(starts))],
		}
		if e := ends[r.IntN(len(ends))]; l.Since == "" || e == "" || e > l.Since {
			l.Until = e
		}
		l.ID = l.StatedID()
		if w.links[l.ID] != nil {
			continue
		}
		for i := range 1 + r.IntN(3) {
			l.Evidence = kg.UniteEvidence(l.Evidence, piece(kg.Supports))
			if i == 1 && r.IntN(2) == 0 {
				l.Evidence = kg.UniteEvidence(l.Evidence, piece(kg.Refutes))
			}
		}
		if r.IntN(9) == 0 { // nothing but denials
			l.Evidence = []kg.Evidence{piece(kg.Refutes)}
		}
		l.CreatedAt, l.UpdatedAt = kg.TimeAt(1), kg.TimeAt(2)
		w.links[l.ID] = l
		w.batch.Links = append(w.batch.Links, l)
		return
	}
}

// learn makes the records of the batch.
func (w *world) learn() {
	w.byLink = slices.SortedFunc(slices.Values(w.batch.Links), func(a, b *kg.Link) int {
		return strings.Compare(a.ID,
			b.ID)
	})
	for _, s := range w.batch.Sources {
		w.sources[s.ID] = s
		x := &record{id: s.ID, typ: "SOURCE", name: s.Title, names: []string{fold(s.Title)}, source: s}
		if s.Text != "" {
			x.hash = fmt.Sprintf("%x", sha256.Sum256([]byte(s.Text)))
		}
		x.from, x.to = s.PublishedOn.Interval()
		x.dated = s.PublishedOn != ""
		w.records[s.ID] = x
	}
	for _, n := range w.batch.Nodes {
		typ := w.cat.TypeOf(n.Type)
		x := &record{id: n.ID, typ: n.Type, name: n.Name, node: n, updated: n.UpdatedAt}
		for _, a := range append([]string{n.Name}, n.Aliases...) {
			x.names = append(x.names, fold(a))
		}
		if n.Description != "" {
			x.body = append(x.body, fold(n.Description))
		}
		for _, p := range typ.Props {
			if s, _ := n.Props[p.Name].(string); s != "" && p.Searchable {
				x.body = append(x.body, fold(s))
			}
		}
		var began, ended kg.PartialDate
		if p := typ.DateProp; p != nil {
			s, _ := n.Props[p.Name].(string)
			began = kg.PartialDate(s)
		}
		if p := typ.UntilProp; p != nil {
			s, _ := n.Props[p.Name].(string)
			ended = kg.PartialDate(s)
		}
		x.dated = began != "" || ended != ""
		x.from, _ = cmp.Or(began, ended).Interval()
		_, x.to = cmp.Or(ended, began).Interval()
		w.records[n.ID] = x
	}
	for _, l := range w.byLink {
		if refuted(l) {
			continue
		}
		touched := []string{l.From, l.To}
		for _, e := range l.Evidence {
			touched = append(touched, e.Source)
		}
		slices.Sort(touched)
		for _, id := range slices.Compact(touched) {
			w.records[id].links = append(w.records[id].links, l)
		}
	}
	for _, x := range w.records {
		w.order = append(w.order, x)
	}
	slices.SortFunc(w.order, func(a, b *record) int { return strings.Compare(a.id, b.id) })
	w.means = w.meanings()
}

// refuted reports whether all that is said of a link is said against it.
func refuted(l *kg.Link) bool {
	return len(l.Evidence) > 0 &&
		!slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return e.Stance == kg.Supports })
}

func standing(l *kg.Link) string {
	denied := slices.ContainsFunc(l.Evidence, func(e kg.Evidence) bool { return e.Stance == kg.Refutes })
	switch {
	case refuted(l):
		return "REFUTED"
	case denied:
		return "DISPUTED"
	}
	return "SUPPORTED"
}

// supporters are the sources that support a link, each once, in the order of its evidence.
func supporters(l *kg.Link) (ids []string) {
	for _, e := range l.Evidence {
		if e.Stance == kg.Supports && !slices.Contains(ids, e.Source) {
			ids = append(ids, e.Source)
		}
	}
	return ids
}

// stands reports whether words are in the stored text of their source, and whether one is stored.
func (w *world) stands(e *kg.Evidence) (is, known bool) {
	text := w.sources[e.Source].Text
	return text != "" && strings.Contains(text, e.Excerpt), text != ""
}

// verified reports whether the words of a quotation stand in the text of a source that supports a link by which somebody
// said it, and whether there is such a text.
func (w *world) verified(x *record) (is, known bool) {
	words, _ := x.node.Props["text"].(string)
	for _, l := range w.byLink {
		if l.Kind != "SAID" || l.To != x.id {
			continue
		}
		for _, id := range supporters(l) {
			if text := w.sources[id].Text; text != "" {
				is, known = is || strings.Contains(text, words), true
			}
		}
	}
	return is, known
}

// oldest lists the evidence of a link as it is listed: by when its source was published, those without a date last.
func (w *world) oldest(l *kg.Link) []kg.Evidence {
	list := slices.Clone(l.Evidence)
	slices.SortStableFunc(list, func(a, b kg.Evidence) int {
		x, y := w.records[a.Source], w.records[b.Source]
		return compareDates(x.from, x.to, x.dated, y.from, y.to, y.dated, false)
	})
	return list
}
