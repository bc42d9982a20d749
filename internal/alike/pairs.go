package alike

import (
	"cmp"
	"context"
	"slices"
)

// Pair is two entities that may be one, by their places in a list. Node is the one that would go into Other, which has
// more links, or as many and the earlier id.
type Pair struct {
	Node, Other uint32
	Score       int
	Why         []Reason
}

// Few is how many entities of one type may have a word of a name in common, for that to be looked at: a word that more
// have says nothing alone.
const Few = 50

// Pairs finds the entities that may be one, the likeliest first, equal ones by id. Entities are compared that have an
// external id in common, a name, or a word of a name and the first letter of another, or a word that few have.
// neighbours returns the places of the entities that one is linked to, ascending.
func Pairs(ctx context.Context, list []Entity, neighbours func(i uint32) []uint32) ([]Pair, error) {
	blocks := map[string][]uint32{}
	add := func(e *Entity, key string, i uint32) {
		key = string(rune(e.Type)) + key
		if b := blocks[key]; len(b) == 0 || b[len(b)-1] != i {
			blocks[key] = append(b, i)
		}
	}
	for i := range list {
		e, at := &list[i], uint32(i)
		for _, x := range e.External {
			add(e, "x"+x[0]+"\x00"+x[1], at)
		}
		for _, f := range e.formed() {
			add(e, "n"+f.folded, at)
			for _, w := range f.words {
				if initial(w) {
					continue
				}
				add(e, "w"+w, at)
				for _, o := range f.words {
					if o != w {
						add(e, "i"+w+"\x00"+string([]rune(o)[:1]), at)
					}
				}
			}
		}
	}
	var out []Pair
	seen := map[uint64]bool{}
	for _, b := range blocks {
		if len(b) < 2 || len(b) > Few {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for j, y := range b {
			for _, x := range b[:j] {
				key := uint64(x)<<32 | uint64(y)
				if x == y || seen[key] {
					continue
				}
				seen[key] = true
				if p, ok := pair(list, x, y, neighbours); ok {
					out = append(out, p)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(list[a.Other].ID, list[b.Other].ID), cmp.Compare(list[a.Node].ID, list[b.Node].ID))
	})
	return out, nil
}

// pair compares two entities, and reports whether they may be one.
func pair(list []Entity, x, y uint32, neighbours func(i uint32) []uint32) (Pair, bool) {
	a, b := &list[x], &list[y]
	if score, _ := Compare(a, b, 0); score == 0 {
		return Pair{}, false
	}
	score, why := Compare(a, b, common(neighbours(x), neighbours(y)))
	if score < Least {
		return Pair{}, false
	}
	p := Pair{y, x, score, why}
	if b.Links > a.Links || b.Links == a.Links && b.ID < a.ID {
		p.Node, p.Other = x, y
	}
	return p, true
}

// common counts what two ascending lists have in common.
func common(a, b []uint32) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			n++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return n
}
