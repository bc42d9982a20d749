package exchange

import (
	"context"

	"github.com/throughline/throughline/internal/kg"
)

// owners knows which entity of an import has an external id, by the hashes of those: the ids stand in one piece of
// memory.
type owners struct {
	at  map[uint64]uint32
	ids []byte
}

func (o *owners) get(h uint64) string {
	i, ok := o.at[h]
	if !ok {
		return ""
	}
	return string(o.ids[i+1 : i+1+uint32(o.ids[i])])
}

func (o *owners) set(h uint64, id string) {
	if len(o.ids) > 1<<32-256 {
		return
	}
	if o.at == nil {
		o.at = map[uint64]uint32{}
	}
	o.at[h] = uint32(len(o.ids))
	o.ids = append(append(o.ids, byte(len(id))), id...)
}

// identify warns of an external id that two entities of the import have.
func (c *checks) identify(x *kg.Node) {
	for _, e := range x.ExternalIDs {
		h := c.hash(e.Scheme + "\x00" + e.Value)
		switch other := c.external.get(h); other {
		case "":
			c.external.set(h, x.ID)
		case x.ID:
		default:
			c.report.warn("the external id %s %s is of both %s and %s", clip(e.Scheme), clip(e.Value), other, x.ID)
		}
	}
}

// identified warns of an external id that an entity of the import has, and another of the store.
func (c *checks) identified(ctx context.Context) error {
	if c.none || len(c.external.at) == 0 {
		return nil
	}
	return c.store.ExternalIDs(ctx, func(id string, e kg.ExternalID) error {
		h := c.hash(id)
		if mine := c.external.get(c.hash(e.Scheme + "\x00" + e.Value)); mine != "" && mine != id && !c.gone.has(h) &&
			(!c.replace || !c.said(h)) {
			c.report.warn("the external id %s %s is of both %s, which is in the store, and %s", clip(e.Scheme),
				clip(e.Value), id, mine)
		}
		return nil
	})
}
