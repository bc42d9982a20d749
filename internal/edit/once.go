package edit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Once has an edit made once: asked for again under the same key, it is not made, and its outcome is that of the first
// time. The key stands in the log, with the change, so that it is there if and only if the change is. An edit that writes
// nothing leaves none.
type Once struct {
	Log store.Logger
	// Key is by which whoever asks, By of the About, knows what they have asked for.
	Key string
	// Input is all that is asked for, as text.
	Input string
	// Since is from when on keys count.
	Since kg.Time
}

// digest returns a short text that follows from others, without a dot.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// prefix is how the keys in the log begin that are this one.
func (o *Once) prefix(by string) string { return digest(by, o.Key) + "." }

// logged is the key as the log has it: with what was asked for, and the ids of the records that it was about.
func (o *Once) logged(by string, ids []string) string {
	return o.prefix(by) + digest(o.Input) + "." + strings.Join(ids, ",")
}

// itemsAgain is how many items of a change are read for an outcome.
const itemsAgain = 10_000

// before returns the outcome of the first time, nil where there was none. It is asked in the transaction that writes, when
// whoever wrote before has committed.
func (o *Once) before(ctx context.Context, by string) (*Outcome, error) {
	found, err := o.Log.Changes(ctx, &store.ChangesQuery{Key: o.prefix(by), From: o.Since, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	input, ids, _ := strings.Cut(strings.TrimPrefix(found[0].Key, o.prefix(by)), ".")
	if input != digest(o.Input) {
		return nil, problem(KeyReused, []string{"idempotencyKey"}, "Something else was asked for under this key: take another one.")
	}
	out := &Outcome{IDs: strings.Split(ids, ","), Change: &found[0]}
	out.ID = out.IDs[len(out.IDs)-1]
	out.Items, err = o.Log.Items(ctx, &store.ItemsQuery{Seq: found[0].Seq, Limit: itemsAgain})
	return out, err
}
