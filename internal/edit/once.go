package edit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Once has an edit made once: asked for again under the same key, it is not made, and its outcome is that of the first
// time. The key stands in the log, with the change, so that it is there if and only if the change is. An edit that
// writes nothing leaves none.
type Once struct {
	Log store.Logger
	// Key is the client's name for the edit. The same key of another client, By of the About, is another.
	Key string
	// Input is all that is asked for, as text.
	Input string
	// Since is the time from which on keys count: those of earlier changes are forgotten.
	Since kg.Time
}

// digest returns a short text without a dot, the same for the same parts.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// prefix returns the beginning of this key in the log, whatever was asked for under it.
func (o *Once) prefix(by string) string { return digest(by, o.Key) + "." }

// logged returns the key as the log has it: with what was asked for, and the ids of the records that it was about.
func (o *Once) logged(by string, ids []string) string {
	return o.prefix(by) + digest(o.Input) + "." + strings.Join(ids, ",")
}

// before returns the outcome of the first time, nil where there was none. It is asked in the transaction that writes:
// whoever wrote before has committed then.
func (o *Once) before(ctx context.Context, by string) (*Outcome, error) {
	found, err := o.Log.Changes(ctx, &store.ChangesQuery{Key: o.prefix(by), From: o.Since, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	input, ids, _ := strings.Cut(strings.TrimPrefix(found[0].Key, o.prefix(by)), ".")
	if input != digest(o.Input) {
		return nil, problem(KeyReused, []string{"idempotencyKey"},
			"Something else was asked for under this key: take another one.")
	}
	out := &Outcome{IDs: strings.Split(ids, ","), Change: &found[0]}
	out.ID = out.IDs[len(out.IDs)-1]
	q := &store.ItemsQuery{Seq: found[0].Seq, Limit: itemsAtOnce}
	for {
		some, err := o.Log.Items(ctx, q)
		if err != nil {
			return nil, err
		}
		if out.Items = append(out.Items, some...); len(some) < q.Limit {
			return out, nil
		}
		q.After = some[len(some)-1].ID
	}
}

// loseAgain notes what a change that was made before has lost. The log does not say it: it follows from the texts.
func (x *applying) loseAgain(ctx context.Context, items []kg.ChangeItem) error {
	for i := range items {
		if items[i].Kind != x.cat.Source.Enum || items[i].Before == "" || items[i].After == "" {
			continue
		}
		was, _, err := exchange.Record(x.cat, []byte(items[i].Before))
		if err != nil {
			return err
		}
		is, _, err := exchange.Record(x.cat, []byte(items[i].After))
		if err != nil {
			return err
		}
		if err := x.lose(ctx, was, is); err != nil {
			return err
		}
	}
	return nil
}
