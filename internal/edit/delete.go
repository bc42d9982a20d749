package edit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Delete deletes an entity, a source or a link.
type Delete struct {
	ID string
	// Cascade has the links at an entity go too; those that rest on a source lose its evidence, and go where they have
	// no other.
	Cascade bool
	// IfVersion is the version in which the record was seen, "" for any: see Version.
	IfVersion string
}

func (*Delete) action() kg.ChangeAction { return kg.Deleted }

// linksNamed is how many links a problem names.
const linksNamed = 10

func (d *Delete) apply(ctx context.Context, x *applying) (string, error) {
	if strings.HasPrefix(d.ID, kg.EvidencePrefix) {
		return "", problem(InvalidValue, []string{"id"}, "%s is a piece of evidence: remove it from its link.", shown(d.ID))
	}
	was, err := x.record(ctx, d.ID, "id")
	if now := idOf(was); err == nil && now != d.ID {
		err = problem(NotFound, []string{"id"}, "%s was merged into %s: delete that one.", d.ID, now)
	}
	if err == nil {
		err = x.unchanged(was, d.ID, d.IfVersion)
	}
	if err != nil {
		return "", err
	}
	b := &store.Batch{}
	if !strings.HasPrefix(d.ID, kg.LinkPrefix) {
		ids, err := x.Resting(ctx, []string{d.ID})
		switch {
		case err != nil:
			return "", err
		case len(ids) > 0 && !d.Cascade:
			p := problem(DependentLinks, []string{"id"}, "%s on it.", hang(len(ids)))
			p.Links, p.LinkCount = ids[:min(len(ids), linksNamed)], len(ids)
			return "", p
		}
		links, err := x.Records(ctx, ids)
		if err != nil {
			return "", err
		}
		for _, l := range links.Links {
			left := *l
			left.UpdatedAt = 0
			left.Evidence = slices.DeleteFunc(slices.Clone(l.Evidence), func(e kg.Evidence) bool { return e.Source == d.ID })
			if l.From == d.ID || l.To == d.ID || len(left.Evidence) == 0 {
				b.Delete = append(b.Delete, l.ID)
			} else {
				b.Links = append(b.Links, &left)
			}
		}
	}
	b.Delete = append(b.Delete, d.ID)
	return d.ID, x.put(ctx, b)
}

func hang(n int) string {
	if n == 1 {
		return "1 link hangs"
	}
	return strconv.Itoa(n) + " links hang"
}
