package exchange

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/throughline/throughline/internal/kg"
)

// listed reads a list that is one value: "a; b", or JSON.
func listed(s string) (list []string, err error) {
	if strings.HasPrefix(s, "[") {
		if err := json.Unmarshal([]byte(s), &list); err != nil {
			return nil, errors.New(`is no list: write a; b, or ["a", "b"]`)
		}
		return list, nil
	}
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list, nil
}

// listedIDs reads external ids that are one value: "wikidata:Q1; ror:2", or JSON.
func listedIDs(s string) (ids []kg.ExternalID, err error) {
	if strings.HasPrefix(s, "[") {
		if err := json.Unmarshal([]byte(s), &ids); err != nil {
			return nil, errors.New(`has no external ids: write wikidata:Q1, or [{"scheme": "wikidata", "value": "Q1"}]`)
		}
		return ids, nil
	}
	list, _ := listed(s)
	for _, part := range list {
		scheme, value, ok := strings.Cut(part, ":")
		if !ok || scheme == "" || value == "" {
			return nil, errors.New("has an external id without a scheme: write wikidata:Q1")
		}
		ids = append(ids, kg.ExternalID{Scheme: scheme, Value: value})
	}
	return ids, nil
}
