package sqlitestore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

var _ store.Surveyor = (*Store)(nil)

// State is the number of the last load that the image holds.
func (s *Store) State(ctx context.Context) (string, int, error) {
	im, err := s.held(ctx)
	if err != nil {
		return "", 0, err
	}
	return strconv.FormatInt(im.seq, 10), 0, nil
}

// Whole reads the image through.
func (s *Store) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	im, err := s.held(ctx)
	if err != nil {
		return nil, err
	}
	out := &store.Whole{}
	g := &walk{x: fetch{im: im, q: &plan.Query{Refs: w.Refs}, ctx: ctx}}
	g.x.holdSlabs()
	err = g.guard(func() {
		g.x.resolve()
		order := slices.Clone(im.nodeOrder)
		slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(im.id(&im.nodes[a]), im.id(&im.nodes[b])) })
		g.x.step(len(order))
		out.Nodes = make([]store.WholeNode, len(order))
		place := make([]uint32, len(im.nodes))
		for i, k := range order {
			out.Nodes[i] = store.WholeNode{ID: im.id(&im.nodes[k]), Type: im.nodes[k].typ}
			place[k] = uint32(i)
		}
		named := w.Links.NamesRefuted()
		for k := 1; k < len(im.links); k++ {
			g.x.step(1)
			l := &im.links[k]
			if l.from == 0 || l.from == l.to || l.standing == kg.Refuted && !named || !g.x.linkFits(w.Links, uint32(k), l.from) || !g.x.linkFits(w.Links, uint32(k), l.to) {
				continue
			}
			if len(out.Links) == plan.MaxWhole {
				g.x.fail(store.TooLarge())
			}
			out.Links = append(out.Links, store.Pair{From: place[l.from], To: place[l.to]})
		}
	})
	if err != nil {
		return nil, storeError(ctx, err)
	}
	return out, nil
}

// unverifiedSQL looks at every link. What it finds may yet be all right: the words may be those of an excerpt.
const unverifiedSQL = `SELECT id, evidence, throughline_sum(` + wordsSummed + `) = wordsSum FROM link WHERE unverified > 0 AND instr(evidence, 'false]') > 0`

// Unverified reads the evidence of every link that has some.
func (s *Store) Unverified(ctx context.Context) (ids []string, trips int, err error) {
	err = scan(ctx, s.read, unverifiedSQL, func(rows *sql.Rows) error {
		var id string
		var raw sql.RawBytes
		var whole bool
		if err := rows.Scan(&id, &raw, &whole); err != nil {
			return storeError(ctx, err)
		}
		if !whole {
			return s.damaged("link", id)
		}
		all, err := parseEvidence(raw)
		if err != nil {
			return storeError(ctx, err)
		}
		for i := range all {
			if v := all[i].verified; v != nil && !*v {
				ids = append(ids, all[i].id(id))
			}
		}
		return nil
	})
	slices.Sort(ids)
	return ids, 1, err
}
