package sqlitestore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
	"github.com/throughline/throughline/internal/store"
)

// State is the number of the last load that the graph in memory holds.
func (s *Store) State(ctx context.Context) (string, int, error) {
	graph, err := s.held(ctx)
	if err != nil {
		return "", 0, err
	}
	return strconv.FormatInt(graph.Seq(), 10), 0, nil
}

// Whole reads the graph through.
func (s *Store) Whole(ctx context.Context, w *plan.Walk) (*store.Whole, error) {
	graph, err := s.held(ctx)
	if err != nil {
		return nil, err
	}
	return graph.Whole(ctx, w)
}

// unverifiedSQL looks at every link. What it finds may yet be all right: the words may be those of an excerpt.
const unverifiedSQL = `SELECT id, evidence, throughline_sum(` + wordsSummed +
	`) = wordsSum FROM link WHERE unverified > 0 AND instr(evidence, 'false]') > 0`

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
			if v := all[i].Verified; v != nil && !*v {
				ids = append(ids, kg.EvidenceID(id, &all[i]))
			}
		}
		return nil
	})
	slices.Sort(ids)
	return ids, 1, err
}
