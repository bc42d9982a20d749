package neo4jstore_test

import (
	"fmt"
	"math/rand"

	"github.com/throughline/throughline/internal/kg"
)

// The peer graph is what the benchmarks read and write: people, institutions, events, quotes and themes with skewed
// degrees, every link resting on one piece of evidence of one source.

// peerGraph makes the graph for a number of people.
func peerGraph(people int) (source *kg.Source, nodes []*kg.Node, links []*kg.Link) {
	r := rand.New(rand.NewSource(42))
	source = &kg.Source{ID: "s_peer", Title: "The peer graph", Kind: "DATASET", Text: "made up"}
	institutions, events, quotes, themes := max(2, people/20), max(2, people/10), people*2, 200
	zipf := func(v float64, n int) *rand.Zipf { return rand.NewZipf(r, 1.2, v, uint64(n-1)) }
	zi, ze, zt := zipf(20, institutions), zipf(20, events), zipf(5, themes)
	node := func(id, typ, name string, props map[string]any) {
		nodes = append(nodes, &kg.Node{ID: id, Type: typ, Name: name, Props: props})
	}
	link := func(kind, from, to, role string, since kg.PartialDate) {
		l := &kg.Link{
			ID: kg.LinkID(kind, from, to, role, since, ""), Kind: kind, From: from, To: to, Role: role, Since: since,
			Evidence: []kg.Evidence{{Source: source.ID, Excerpt: "made up", Stance: "SUPPORTS"}},
		}
		links = append(links, l)
	}
	distinct := func(n int, z *rand.Zipf, f func(int)) {
		seen := map[int]bool{}
		for t := 0; t < 4*n && len(seen) < n; t++ {
			if k := int(z.Uint64()); !seen[k] {
				seen[k] = true
				f(k)
			}
		}
	}
	id := func(p string, i int) string { return fmt.Sprintf("%s%07d", p, i) }
	pick := func(s ...string) string { return s[r.Intn(len(s))] }
	word := func() string {
		return pick("liberty", "labour", "harvest", "reform", "climate", "border", "memory", "science", "language",
			"river")
	}
	for i := range themes {
		node(id("t", i), "THEME", fmt.Sprintf("%s %s %d", pick("public", "modern", "rural"), word(), i), nil)
		if i > 9 {
			link("BROADER", id("t", i), id("t", i/10), "", "")
		}
	}
	for i := range institutions {
		node(id("i", i), "INSTITUTION", fmt.Sprintf("%s of %s %d", pick("University", "Institute", "Council"), word(),
			i), map[string]any{"founded": fmt.Sprint(1700 + r.Intn(320))})
	}
	for i := range events {
		node(id("e", i), "EVENT", fmt.Sprintf("%s congress %d", word(), i),
			map[string]any{"startsOn": fmt.Sprintf("%04d-%02d-%02d", 1900+r.Intn(125), 1+r.Intn(12), 1+r.Intn(28))})
		distinct(1+r.Intn(4), zt, func(k int) { link("ADDRESSED", id("e", i), id("t", k), "", "") })
		distinct(1+r.Intn(2), zi, func(k int) { link("ORGANIZED", id("i", k), id("e", i), "", "") })
	}
	for i := range people {
		node(id("p", i), "PERSON", pick("Ada", "Ben", "Clara", "David", "Elena", "Farid", "Grace", "Hugo", "Ines")+" "+
			pick("Al", "Ber", "Cor", "Dal", "El", "Far", "Gar", "Hal")+pick("acs", "berg", "cott", "dale", "enko",
			"ford", "gard", "holm"),
			map[string]any{"born": fmt.Sprint(1850 + r.Intn(150))})
		distinct(1+r.Intn(5), zi, func(k int) {
			link("AFFILIATED_WITH", id("p", i), id("i", k), pick("member", "director", "fellow", "founder"),
				kg.PartialDate(fmt.Sprint(1900+r.Intn(120))))
		})
		distinct(r.Intn(5), ze, func(k int) {
			link("PARTICIPATED_IN", id("p", i), id("e", k), pick("speaker", "attendee", "chair"), "")
		})
	}
	for i := range quotes {
		text := fmt.Sprintf("There is no %s without %s; every %s begins with %s.", word(), word(), word(), word())
		node(id("q", i), "QUOTE", text, map[string]any{"text": text, "saidOn": fmt.Sprintf("%04d-%02d-%02d",
			1900+r.Intn(125), 1+r.Intn(12), 1+r.Intn(28))})
		link("SAID", id("p", r.Intn(people)), id("q", i), "", "")
		distinct(1, ze, func(k int) { link("SAID_AT", id("q", i), id("e", k), "", "") })
		distinct(1+r.Intn(3), zt, func(k int) { link("ABOUT", id("q", i), id("t", k), "", "") })
	}
	return source, nodes, links
}
