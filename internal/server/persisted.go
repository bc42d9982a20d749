package server

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/throughline/throughline/graph"
)

// persistedQuery is Apollo's extension for automatic persisted queries
// (https://www.apollographql.com/docs/apollo-server/performance/apq).
type persistedQuery struct {
	Version    int    `json:"version"`
	Sha256Hash string `json:"sha256Hash"`
}

// persisted keeps texts by their hash, bounded in bytes; the least recently used go first.
type persisted struct {
	mu    sync.Mutex
	items map[string]*list.Element
	order *list.List
	bytes int
}

const (
	persistedBytes = 4 << 20
	maxPersisted   = 64 << 10
)

type persistedItem struct{ hash, text string }

func (p *persisted) init() { p.items, p.order = map[string]*list.Element{}, list.New() }

// resolve fills in the text of a request that only has a hash, and keeps the text of one that has both.
func (p *persisted) resolve(q *persistedQuery, r *graph.Request) *refusal {
	if q.Version != 1 || len(q.Sha256Hash) != 64 {
		return badRequest(`"extensions.persistedQuery" is not of the form {"version": 1, "sha256Hash": "…"}`)
	}
	hash := strings.ToLower(q.Sha256Hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Query == "" {
		e := p.items[hash]
		if e == nil {
			return &refusal{http.StatusOK, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"}
		}
		p.order.MoveToFront(e)
		r.Query = e.Value.(*persistedItem).text //nolint:forcetypeassert // nothing else is put in
		return nil
	}
	sum := sha256.Sum256([]byte(r.Query))
	if hex.EncodeToString(sum[:]) != hash {
		return badRequest("the hash is not that of the query; nothing was kept")
	}
	if p.items[hash] != nil || len(r.Query) > maxPersisted {
		return nil
	}
	p.items[hash] = p.order.PushFront(&persistedItem{hash, r.Query})
	for p.bytes += len(r.Query); p.bytes > persistedBytes; {
		old := p.order.Remove(p.order.Back()).(*persistedItem) //nolint:forcetypeassert // nothing else is put in
		delete(p.items, old.hash)
		p.bytes -= len(old.text)
	}
	return nil
}
