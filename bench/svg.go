package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plots are bars of requests a second by 16 clients, one picture for each size.
func (r *results) plots() map[string]string {
	out := map[string]string{}
	for _, n := range r.sizes() {
		if s := r.Sizes[n]; len(s.Queries) > 0 {
			out[fmt.Sprintf("bench-%d.svg", n)] = plot(n, s)
		}
	}
	return out
}

// The picture has no script and no font of its own, and its text takes the reader's colours.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.small{font-size:10px}.quiet{fill:#59636e}line{stroke:#d1d9e0}
.peer{fill:#8c959f}.neo4j{fill:#0969da}.byhand{fill:#bf8700}.embedded{fill:#1a7f37}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}line{stroke:#3d444d}
.peer{fill:#767e87}.neo4j{fill:#4493f8}.byhand{fill:#d29922}.embedded{fill:#3fb950}}
</style>`

const (
	plotLeft, plotWidth = 300, 560 // the bars' place
	plotTop, barHeight  = 64, 11
	groupHeight         = 4*barHeight + 14
)

func plot(people int, s *sizeResult) string {
	least, most := math.Inf(1), 0.0
	for i := range s.Queries {
		for _, by := range s.Queries[i].Figures {
			if f := by[16]; f.Rate > 0 {
				least, most = min(least, f.Rate), max(most, f.Rate)
			}
		}
	}
	if most == 0 {
		least, most = 1, 10
	}
	from, to := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	if from == to {
		to++
	}
	x := func(rate float64) float64 { return plotLeft + plotWidth*(math.Log10(rate)-from)/(to-from) }
	height := plotTop + groupHeight*len(s.Queries) + 16
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Requests a second by 16 clients at %s people">`+"\n%s\n",
		plotLeft+plotWidth+70, height, count(people), style)
	fmt.Fprintf(&b, `<text x="8" y="18">Requests a second, 16 clients, %s people, %s links (logarithmic)</text>`+"\n",
		count(people), count(s.Links))
	for i, t := range targets {
		at := 8 + 200*i
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="30" width="10" height="10"/><text class="small" x="%d" y="39">%s</text>`+"\n",
			t, at, at+15, html.EscapeString(called[t]))
	}
	for e := from; e <= to; e++ {
		at := x(math.Pow(10, e))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="small quiet" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			at, plotTop-4, at, height-8, at, plotTop-8, count(int(math.Pow(10, e))))
	}
	for i := range s.Queries {
		q := &s.Queries[i]
		top := plotTop + groupHeight*i + 4
		fmt.Fprintf(&b, `<text class="small" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", plotLeft-8,
			top+2*barHeight+4, html.EscapeString(q.Title))
		for j, t := range targets {
			f := q.Figures[t][16]
			y := top + barHeight*j
			if f.Rate == 0 {
				fmt.Fprintf(&b, `<text class="small quiet" x="%d" y="%d">–</text>`+"\n", plotLeft+4, y+barHeight-2)
				continue
			}
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/><text class="small quiet" x="%.1f" y="%d">%s</text>`+"\n",
				t, plotLeft, y, max(1, x(f.Rate)-plotLeft), barHeight-1, x(f.Rate)+4, y+barHeight-2, num(f.Rate))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
