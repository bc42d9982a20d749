package cli

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// measuring is what the commands about the whole graph share.
type measuring struct {
	asking
	Type []string `placeholder:"TYPE" help:"List only these types, for example PERSON,INSTITUTION."`
	Kind []string `placeholder:"KIND" help:"Look only at links of these kinds, for example SAID,ABOUT."`
	AsOf string   `placeholder:"DATE" help:"Look only at links that may have held then."`
	standings
	Parallel string `default:"COUNT" enum:"COUNT,ONCE" help:"Whether several links between the same two count each, or as one (${enum})."`
}

// vars are the variables they share.
func (m *measuring) vars() map[string]any {
	where := map[string]any{}
	if len(m.Kind) > 0 {
		where["kinds"] = upper(m.Kind)
	}
	if m.AsOf != "" {
		where["asOf"] = m.AsOf
	}
	m.narrow(where)
	vars := map[string]any{"where": where, "parallel": m.Parallel}
	if len(m.Type) > 0 {
		vars["types"] = upper(m.Type)
	}
	return vars
}

// upper writes names of the schema's values as it does, for a variable of a query.
func upper(list []string) []any { return anys(capitals(list)) }

// capitals writes names of the schema's values as it does.
func capitals(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToUpper(s)
	}
	return out
}

// anys returns a list as variables of a query have it.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

type centralCmd struct {
	measuring
	By     string `default:"PAGE_RANK" enum:"DEGREE,PAGE_RANK,BETWEENNESS" help:"What makes an entity central (${enum})."`
	Pivots *int   `placeholder:"N" help:"For BETWEENNESS: count the lines of so many entities, 1 to 10000, for a minute at the most. Otherwise of as many as 5 seconds allow, or half of the server's time limit."`
	First  int    `short:"n" default:"20" help:"How many, 0 to 100."`
}

const centralQuery = `query Central($by: CentralityMeasure!, $types: [EntityType!], $where: LinkFilter, $parallel: Parallel, $pivots: Int, $first: Int) {
  centrality(by: $by, types: $types, where: $where, parallel: $parallel, pivots: $pivots, first: $first) { totalCount sampled pivots edges { rank score error certain node { id type name } } }
}`

// Run prints the most central entities.
func (c *centralCmd) Run(w *world) error {
	vars := c.vars()
	vars["by"], vars["first"] = c.By, c.First
	if c.Pivots != nil {
		vars["pivots"] = *c.Pivots
		c.timeout = time.Minute // nobody else waits, and the next command would begin anew
	}
	var got struct {
		Centrality struct {
			TotalCount, Pivots int
			Sampled            bool
			Edges              []struct {
				Rank    int
				Score   float64
				Error   *float64
				Certain bool
				Node    struct{ ID, Type, Name string }
			}
		}
	}
	if done, err := c.answer(w, centralQuery, vars, &got); done || err != nil {
		return err
	}
	s := w.style()
	for _, e := range got.Centrality.Edges {
		doubt := ""
		if !e.Certain {
			doubt = ", rank not certain"
		}
		fmt.Fprintf(w.stdout, "%3d. %s%s%s  %s %s(%s, id:%s)%s%s\n", e.Rank, s.bold, e.Node.Name, s.end,
			estimate(e.Score, e.Error), s.dim, strings.ToLower(e.Node.Type), e.Node.ID, doubt, s.end)
	}
	if got.Centrality.TotalCount == 0 {
		fmt.Fprintln(w.stdout, "No entity here has a link.")
	}
	w.more("", got.Centrality.TotalCount-len(got.Centrality.Edges))
	if got.Centrality.Sampled {
		fmt.Fprintf(w.stdout, "%sestimated from the lines of %d entities, ± the standard error%s\n", s.dim,
			got.Centrality.Pivots, s.end)
	}
	return nil
}

// estimate writes a score, and behind it the standard error to whose first digit it is rounded.
func estimate(score float64, e *float64) string {
	if e == nil || *e == 0 {
		return fmt.Sprintf("%.6g", score)
	}
	return fmt.Sprintf("%.*f ± %g", max(0, -int(math.Floor(math.Log10(*e)))), score, *e)
}

type communitiesCmd struct {
	measuring
	Resolution float64 `default:"1" help:"Above 1 more and smaller communities, below 1 fewer and larger ones."`
	Seed       int     `default:"1" help:"Where the algorithm begins."`
	MinSize    int     `default:"2" help:"Leave out communities with fewer members."`
	First      int     `short:"n" default:"10" help:"How many communities, 0 to 100."`
	Members    int     `default:"8" help:"How many members of each to show, 0 to 100."`
}

const communitiesQuery = `query Communities($types: [EntityType!], $where: LinkFilter, $parallel: Parallel, $seed: Int, $resolution: Float, $min: Int, $first: Int, $members: Int) {
  communities(types: $types, where: $where, parallel: $parallel, seed: $seed, resolution: $resolution, minSize: $min, first: $first) {
    totalCount modularity nodes { label size internalLinks externalLinks members(first: $members) { nodes { name } } }
  }
}`

// Run prints communities and their members.
func (c *communitiesCmd) Run(w *world) error {
	vars := c.vars()
	vars["seed"], vars["resolution"], vars["min"], vars["first"], vars["members"] = c.Seed, c.Resolution, c.MinSize, c.First, c.Members
	var got struct {
		Communities struct {
			TotalCount int
			Modularity float64
			Nodes      []struct {
				Label                              string
				Size, InternalLinks, ExternalLinks int
				Members                            struct{ Nodes []struct{ Name string } }
			}
		}
	}
	if done, err := c.answer(w, communitiesQuery, vars, &got); done || err != nil {
		return err
	}
	s := w.style()
	for i, g := range got.Communities.Nodes {
		fmt.Fprintf(w.stdout, "%d. %s%s%s %s(%s, %s within, %d out)%s\n", i+1, s.bold, g.Label, s.end, s.dim,
			count(g.Size, "member"), count(g.InternalLinks, "link"), g.ExternalLinks, s.end)
		for _, m := range g.Members.Nodes {
			fmt.Fprintf(w.stdout, "   %s\n", m.Name)
		}
		w.more("   ", g.Size-len(g.Members.Nodes))
	}
	if got.Communities.TotalCount == 0 {
		fmt.Fprintln(w.stdout, "There is no community of that size.")
		return nil
	}
	w.more("", got.Communities.TotalCount-len(got.Communities.Nodes))
	fmt.Fprintf(w.stdout, "%smodularity %.4f%s\n", s.dim, got.Communities.Modularity, s.end)
	return nil
}
