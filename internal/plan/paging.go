package plan

import (
	"sort"

	"github.com/throughline/throughline/internal/kg"
)

// Paging is which part of a list is wanted: the window [i, j) of the whole filtered list in its order. Forward: i is
// the first entry behind After (0 without), j the smaller of i+N and the first entry at or behind Before (the end
// without). Backward: j is the first entry at or behind Before, i the larger of j-N and the first behind After. Entries
// keep the list's order either way. HasPrev is i > 0, HasNext is j < the length of the list.
type Paging struct {
	N        int  // entries wanted: 0 to MaxPageSize
	Given    bool // N was asked for, and is not the default
	Backward bool
	After    []kg.Value // keys as in kg.Edge.Keys; nil = from the beginning
	Before   []kg.Value
}

// Cut returns the window [i, j) of a list of n entries. at compares the entry at a place with a cursor's keys.
func (p *Paging) Cut(n int, at func(place int, keys []kg.Value) int) (i, j int) {
	i, j = 0, n
	if p.After != nil {
		i = sort.Search(n, func(k int) bool { return at(k, p.After) > 0 })
	}
	if p.Before != nil {
		j = sort.Search(n, func(k int) bool { return at(k, p.Before) >= 0 })
	}
	return p.Window(i, j)
}

// Window narrows what lies between the cursors, [i, j), to the entries that are wanted.
func (p *Paging) Window(i, j int) (int, int) {
	j = max(i, j)
	if p.Backward {
		return max(i, j-p.N), j
	}
	return i, min(j, i+p.N)
}
