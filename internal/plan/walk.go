package plan

// Walk is what a question about lines, surroundings or a pattern asks of the graph: which entities it names and which
// links may be used.
type Walk struct {
	// Refs are the entities named: first those the question is about, then those its filter names (see Query.Refs).
	// Each must name one.
	Refs  []Ref
	Asked int
	// Links says which links may be used; nil = all.
	Links *LinkFilter
	// Sources asks for the sources of each link, SourceDates for when they were published as well.
	Sources, SourceDates bool
	// Counts asks for how much there is of each type and kind.
	Counts bool
}
