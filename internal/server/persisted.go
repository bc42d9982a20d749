package server

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/bounded"
	"github.com/throughline/throughline/internal/kg"
)

// persistedQuery is Apollo's extension for automatic persisted queries
// (https://www.apollographql.com/docs/apollo-server/performance/apq).
type persistedQuery struct {
	Version    int    `json:"version"`
	Sha256Hash string `json:"sha256Hash"`
}

// persisted keeps texts by their hash.
type persisted = bounded.Cache[string, string]

const (
	persistedBytes = 4 << 20
	maxPersisted   = 64 << 10
)

// resolve fills in the text of a request that only has a hash, and keeps the text of one that has both.
func (s *Server) resolve(q *persistedQuery, r *graph.Request) *refusal {
	if r.Query == "" && q.Version == 1 { // Apollo's link for manifests sends their ids so
		if text, ok := s.o.Documents.text(q.Sha256Hash); ok {
			r.Query = text
			return nil
		}
		if s.o.DocumentsOnly {
			return unknownDocument // with another code the client would send the text
		}
	}
	if q.Version != 1 || len(q.Sha256Hash) != 64 {
		return badRequest(`"extensions.persistedQuery" is not of the form {"version": 1, "sha256Hash": "…"}`)
	}
	hash := strings.ToLower(q.Sha256Hash)
	if r.Query == "" {
		text, ok := s.persisted.Get(hash)
		if !ok {
			return &refusal{http.StatusOK, kg.PersistedUnknown, "PersistedQueryNotFound"}
		}
		r.Query = text
		return nil
	}
	sum := sha256.Sum256([]byte(r.Query))
	if hex.EncodeToString(sum[:]) != hash {
		return badRequest("the hash is not that of the query; nothing was kept")
	}
	if len(r.Query) <= maxPersisted && !s.o.DocumentsOnly {
		s.persisted.Add(hash, r.Query, len(r.Query))
	}
	return nil
}
