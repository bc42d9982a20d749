package plan

import "time"

// Limits are what one operation may ask for. Each has a test that hits it.
type Limits struct {
	// MaxDepth bounds nested selection sets; `edges` and leaves do not count, so that the usual
	// `affiliations { edges { node { …` is two levels.
	MaxDepth int
	// MaxCost bounds the cost of an operation, see Cost in package graph.
	MaxCost int
	// MaxAliases bounds aliases in a document: each can multiply work that its size does not show.
	MaxAliases int
	// MaxRootFields bounds the fields of Query in one operation, as each is a statement on the store.
	MaxRootFields int
	// MaxTokens bounds a document before it is parsed.
	MaxTokens int
	// MaxErrors bounds the errors of one answer.
	MaxErrors int
	// MaxRows bounds what one operation reads over all levels: it catches what default page sizes multiply to.
	MaxRows int
	// MaxNodes bounds the entities that a search for lines may see.
	MaxNodes int
	// MaxAnswer bounds the bytes of an answer.
	MaxAnswer int
	// Timeout bounds an operation's time, on our side and on the store.
	Timeout time.Duration
}

// Page sizes are part of the contract and cannot be set.
const (
	DefaultPageSize = 20
	MaxPageSize     = 100
	// MaxIDs bounds the ids of one `nodes` call and of a list in a filter.
	MaxIDs = 100
	// MaxFilterDepth and MaxFilterParts bound one filter: levels of and/or/not/other, and conditions in all.
	MaxFilterDepth = 8
	MaxFilterParts = 100
	// MaxText is the longest string in a filter, reference or search, in bytes.
	MaxText = 4096
	// MaxPathLength is the longest path that can be asked for, in hops.
	MaxPathLength = 8
	// MaxSeeds bounds the entities a timeline is of, MaxSubgraph the nodes of a subgraph and the entities it begins at,
	// MaxSubgraphDepth how far it goes, and LinksPerNode how many links it has for each node.
	MaxSeeds         = 20
	MaxSubgraph      = 1000
	MaxSubgraphDepth = 4
	LinksPerNode     = 10
	// MaxWhole bounds the links that a measure of the whole graph looks at.
	MaxWhole = 10_000_000
	// MaxHubPenalty is the largest hubPenalty.
	MaxHubPenalty = 10
	// MaxPivots is from how many nodes lines may be asked to be counted: about a minute in a graph of 100,000.
	MaxPivots = 10_000
)

// DefaultLimits are what a server allows unless it is told otherwise.
func DefaultLimits() Limits {
	return Limits{
		MaxDepth: 12, MaxCost: 10_000, MaxAliases: 50, MaxRootFields: 20, MaxTokens: 4_000,
		MaxErrors: 20, MaxRows: 50_000, MaxNodes: 500_000, MaxAnswer: 8 << 20, Timeout: 10 * time.Second,
	}
}
