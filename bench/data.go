package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A graph of people, institutions, events, quotes, themes and sources, the same for the same size and seed. Whom people
// belong to, what they attend and what is talked about is drawn with a Zipf skew, so that real hubs exist: the most
// discussed theme has a sixth of all quotes. What an answer of one person holds does not grow with the graph.

// node is a node of the generated graph; a value that is "" or 0 is not there.
type node struct {
	Type, ID, Name string
	Text           string // of a quote
	Description    string // of a person
	Date           string // of an event or quote
	Year           int    // a person's birth, an institution's founding
}

// evidence is the words of a source that a link rests on.
type evidence struct{ Source, Excerpt string }

// link is a link of the generated graph.
type link struct {
	Kind, From, To, Role string
	Since                int
	Evidence             []evidence
}

// source is where evidence stands.
type source struct{ ID, Title string }

// sink takes the graph: sources first, then nodes, then links.
type sink interface {
	source(source) error
	node(node) error
	link(link) error
}

// size says how many there are of each.
type size struct{ people, institutions, events, quotes, themes, sources int }

// island is how many people belong to one institution that nobody else has anything to do with: no line leads there.
const island = 10

func sizeOf(people int) size {
	return size{people, max(10, people/20), max(20, people/10), 2 * people, 200, max(20, people/100)}
}

var (
	givenNames = []string{
		"Aino", "Bela", "Carla", "Dmitri", "Edith", "Faris", "Gwen", "Hanna", "Igor", "Juno",
		"Katya", "Lorenz", "Mina", "Nikos", "Oskar", "Paula", "Quentin", "Rita", "Stefan", "Thea", "Ulla", "Vera", "Walid", "Xaver", "Yara", "Zeno", "Amina", "Boris", "Chloe", "Denis", "Esra", "Felix",
	}
	familyHeads = []string{
		"Ab", "Bran", "Cald", "Dor", "Eck", "Fjor", "Grim", "Holt", "Isk", "Jask", "Kell", "Lund",
		"Mord", "Nyk", "Ost", "Pryd", "Rav", "Stern", "Thorn", "Ulv", "Vint", "Wend", "Ysk", "Zab", "Quar",
	}
	familyTails = []string{
		"aine", "ber", "croft", "dell", "endo", "fell", "gate", "hurst", "inen", "jov", "kamp",
		"lies", "mont", "nova", "over", "pool", "rup", "sen", "tova", "wick",
	}
	adjectives = []string{
		"civic", "coastal", "common", "early", "federal", "global", "human", "joint", "local",
		"open",
	}
	subjects = []string{
		"security", "harvest", "migration", "climate", "border", "heritage", "health", "language",
		"river", "trade", "schooling", "justice", "craft", "labour", "energy", "water", "culture", "peace", "transport", "memory",
	}
	bodies = []string{
		"University", "Institute", "Council", "Foundation", "Museum", "Society", "Ministry",
		"Academy",
	}
	memberRoles = []string{"member", "director", "fellow", "professor", "founder", "advisor"}
	eventRoles  = []string{"speaker", "organizer", "attendee", "chair", "witness"}
)

// personID and its like return the id of the nth record of a type.
func personID(n int) string      { return fmt.Sprintf("p%07d", n) }
func institutionID(n int) string { return fmt.Sprintf("i%07d", n) }
func eventID(n int) string       { return fmt.Sprintf("e%07d", n) }
func quoteID(n int) string       { return fmt.Sprintf("q%07d", n) }
func themeID(n int) string       { return fmt.Sprintf("t%07d", n) }
func sourceID(n int) string      { return fmt.Sprintf("s_%07d", n) }

// generator makes the graph; the first error of the sink ends it.
type generator struct {
	r    *rand.Rand
	size size
	to   sink
	err  error

	names map[string]bool // full names given away
	count struct{ nodes, links int }
}

// generate writes the graph to a sink and returns how many nodes and links there were.
func generate(people int, seed uint64, to sink) (nodes, links int, err error) {
	g := &generator{
		r: rand.New(rand.NewPCG(seed, uint64(people))), size: sizeOf(people), to: to,
		names: map[string]bool{},
	}
	g.sources()
	// links are kept until every node is out
	var later []link
	g.nodes(func(l link) { later = append(later, l) })
	for _, l := range later {
		g.link(&l) // a copy: the evidence is given to the sink and kept nowhere
	}
	return g.count.nodes, g.count.links, g.err
}

func (g *generator) pick(of []string) string { return of[g.r.IntN(len(of))] }

func (g *generator) date() string {
	return fmt.Sprintf("%04d-%02d-%02d", 1900+g.r.IntN(125), 1+g.r.IntN(12), 1+g.r.IntN(28))
}

func (g *generator) sources() {
	for i := range g.size.sources {
		if g.err == nil {
			g.err = g.to.source(source{sourceID(i), fmt.Sprintf("Report %d on %s %s", i, g.pick(adjectives),
				g.pick(subjects))})
		}
	}
}

func (g *generator) node(n node) {
	g.count.nodes++
	if g.err == nil {
		g.err = g.to.node(n)
	}
}

// link adds evidence: one piece, and a second for every eighth link.
func (g *generator) link(l *link) {
	g.count.links++
	for range 1 + btoi(g.r.IntN(8) == 0) {
		l.Evidence = append(l.Evidence, evidence{
			sourceID(g.r.IntN(g.size.sources)),
			fmt.Sprintf("as the minutes of %d have it, %s of %s %s", 1900+g.r.IntN(125), g.pick(memberRoles),
				g.pick(adjectives), g.pick(subjects)),
		})
	}
	if g.err == nil {
		g.err = g.to.link(*l)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *generator) zipf(v float64, n int) *rand.Zipf {
	return rand.NewZipf(g.r, 1.2, v, uint64(n-1))
}

// few draws up to n different values. It gives up on repeats, so there can be fewer.
func few(n int, z *rand.Zipf, f func(int)) {
	seen := make([]int, 0, 8)
draw:
	for try := 0; try < 4*n && len(seen) < n; try++ {
		k := int(z.Uint64())
		for _, s := range seen {
			if s == k {
				continue draw
			}
		}
		seen = append(seen, k)
		f(k)
	}
}

func (g *generator) nodes(add func(link)) {
	n := g.size
	members := g.zipf(20, n.institutions-1) // the last institution is the island's
	visitors := g.zipf(20, n.events)
	talk := g.zipf(2, n.themes)
	hosts := g.zipf(float64(n.institutions)/4, n.institutions-1) // scale-free: every host has a handful at any size
	for i := range n.themes {
		g.node(node{Type: "THEME", ID: themeID(i), Name: fmt.Sprintf("%s %s %d", g.pick(adjectives),
			subjects[i%len(subjects)], i)})
		if i > 9 {
			add(link{Kind: "BROADER", From: themeID(i), To: themeID(i / 10)})
		}
	}
	for i := range n.institutions {
		g.node(node{Type: "INSTITUTION", ID: institutionID(i), Name: fmt.Sprintf("%s of %s %s %d", g.pick(bodies),
			g.pick(adjectives), g.pick(subjects), i), Year: 1700 + g.r.IntN(320)})
		if i > 9 && i < n.institutions-1 && g.r.IntN(3) == 0 {
			add(link{Kind: "PART_OF", From: institutionID(i), To: institutionID(g.r.IntN(i))})
		}
	}
	for i := range n.events {
		g.node(node{Type: "EVENT", ID: eventID(i), Name: fmt.Sprintf("%s %s congress %d", g.pick(adjectives),
			g.pick(subjects), i), Date: g.date()})
		few(1+g.r.IntN(4), talk, func(k int) { add(link{Kind: "ADDRESSED", From: eventID(i), To: themeID(k)}) })
		few(1+g.r.IntN(4), hosts, func(k int) { add(link{Kind: "ORGANIZED", From: institutionID(k), To: eventID(i)}) })
	}
	for i := range n.people {
		g.node(node{
			Type: "PERSON", ID: personID(i), Name: g.fullName(), Year: 1850 + g.r.IntN(150),
			Description: fmt.Sprintf("Worked on %s %s and %s.", g.pick(adjectives), g.pick(subjects),
				g.pick(subjects)),
		})
		if i >= n.people-island {
			add(link{
				Kind: "AFFILIATED_WITH", From: personID(i), To: institutionID(n.institutions - 1), Role: "member",
				Since: 1900,
			})
			continue
		}
		few(1+g.r.IntN(5), members, func(k int) {
			add(link{
				Kind: "AFFILIATED_WITH", From: personID(i), To: institutionID(k), Role: g.pick(memberRoles),
				Since: 1900 + g.r.IntN(120),
			})
		})
		few(g.r.IntN(5), visitors, func(k int) {
			add(link{Kind: "PARTICIPATED_IN", From: personID(i), To: eventID(k), Role: g.pick(eventRoles)})
		})
	}
	for i := range n.quotes {
		text := fmt.Sprintf("There is no %s without %s; every %s %s begins with %s, and with %s.", g.pick(subjects),
			g.pick(subjects), g.pick(adjectives), g.pick(subjects), g.pick(subjects), g.pick(subjects))
		g.node(node{Type: "QUOTE", ID: quoteID(i), Name: fmt.Sprintf("No. %d: %s", i,
			text[:strings.IndexByte(text, ';')]), Text: text, Date: g.date()})
		add(link{Kind: "SAID", From: personID(g.r.IntN(n.people - island)), To: quoteID(i)})
		few(1, visitors, func(k int) { add(link{Kind: "SAID_AT", From: quoteID(i), To: eventID(k)}) })
		few(1+g.r.IntN(3), talk, func(k int) { add(link{Kind: "ABOUT", From: quoteID(i), To: themeID(k)}) })
	}
}

// fullName is a name that nobody else has: a page of people in the order of names then begins at a name, on every
// server.
func (g *generator) fullName() string {
	for {
		name := g.pick(givenNames) + " " + g.pick(givenNames) + " " + g.pick(familyHeads) + g.pick(familyTails)
		if !g.names[name] {
			g.names[name] = true
			return name
		}
	}
}
