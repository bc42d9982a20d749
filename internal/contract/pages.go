package contract

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// pageDirective is @page. On a connection or an edge it adds the fields that all have, before
// its own, except those that it declares itself; on a field, the arguments of a page, behind its own.
const pageDirective = "page"

func field(description, name string, t *ast.Type, args ...*ast.ArgumentDefinition) *ast.FieldDefinition {
	return &ast.FieldDefinition{Description: description, Name: name, Type: t, Arguments: args}
}

func argument(description, name string, t *ast.Type) *ast.ArgumentDefinition {
	return &ast.ArgumentDefinition{Description: description, Name: name, Type: t}
}

// listOf is a list of a type without nulls.
func listOf(name string) *ast.Type {
	return ast.NonNullListType(ast.NonNullNamedType(name, nil), nil)
}

// filtered is for a list that takes a filter or an order: the descriptions of its pages say so.
const filtered = true

// pageFields are those that every connection has, with facets by an enum unless that is "".
func pageFields(name, node string, isFiltered bool, facets string) ast.FieldList {
	total := "How many there are on all pages."
	if isFiltered {
		total = "How many there are on all pages, with the filter applied."
	}
	out := ast.FieldList{
		field("The entries of this page, in order.", "edges", listOf(name+"Edge")),
		field("Just the nodes of `edges`.", "nodes", listOf(node)),
		field("Where this page stands in the list.", "pageInfo", ast.NonNullNamedType("PageInfo", nil)),
		field(total, "totalCount", ast.NonNullNamedType("Int", nil)),
	}
	if facets != "" {
		out = append(out,
			field("How the whole list (not the page) divides; at most 100 buckets a facet, largest first.", "facets",
				listOf("Facet"), argument("What to count by.", "by", listOf(facets))))
	}
	return out
}

func cursorField(isFiltered bool) *ast.FieldDefinition {
	description := "Opaque position in this list."
	if isFiltered {
		description = "Opaque position in this list, bound to its ordering."
	}
	return field(description, "cursor", ast.NonNullNamedType("String", nil))
}

// page completes a connection or an edge that has @page.
func (e *expander) page(d *ast.Definition) error {
	for _, f := range d.Fields {
		if f.Directives.ForName(pageDirective) != nil {
			f.Arguments = append(f.Arguments,
				paging("How many from the start of the list, 0–100. Default 20 when neither `first` nor `last` is given; more is an error.",
					"Continue after this cursor.", "Stop before this cursor.")...)
		}
	}
	page := d.Directives.ForName(pageDirective)
	if page == nil {
		return nil
	}
	isFiltered, facets := false, ""
	if a := page.Arguments.ForName("filtered"); a != nil {
		isFiltered = a.Value.Raw == "true"
	}
	if a := page.Arguments.ForName("facets"); a != nil {
		facets = a.Value.Raw
	}
	if strings.HasSuffix(d.Name, "Edge") {
		d.Fields = append(ast.FieldList{cursorField(isFiltered)}, d.Fields...)
		return nil
	}
	name := strings.TrimSuffix(d.Name, "Connection")
	edge := e.names[name+"Edge"]
	if edge == nil || edge.Fields.ForName("node") == nil {
		return gqlerror.ErrorPosf(d.Position, "%s has no %sEdge with a node", d.Name, name)
	}
	own := d.Fields
	d.Fields = nil
	for _, f := range pageFields(name, edge.Fields.ForName("node").Type.Name(), isFiltered, facets) {
		if i := slices.IndexFunc(own, func(o *ast.FieldDefinition) bool { return o.Name == f.Name }); i >= 0 {
			f = own[i] // it says so itself
			own = slices.Delete(own, i, i+1)
		}
		d.Fields = append(d.Fields, f)
	}
	d.Fields = append(d.Fields, own...)
	return nil
}

// paging are the arguments of a list that can be read from both ends.
func paging(first, after, before string) ast.ArgumentDefinitionList {
	return ast.ArgumentDefinitionList{
		argument(first, "first", ast.NamedType("Int", nil)),
		argument(after, "after", ast.NamedType("String", nil)),
		argument("How many from the end of the list, 0–100; not together with `first`.", "last",
			ast.NamedType("Int", nil)),
		argument(before, "before", ast.NamedType("String", nil)),
	}
}

const (
	afterPage  = "Continue after this cursor: `pageInfo.endCursor` of the page before."
	beforePage = "Stop before this cursor: `pageInfo.startCursor` of the page after."
)

func orders(name string) *ast.Type { return ast.ListType(ast.NonNullNamedType(name, nil), nil) }

var (
	// linkArguments are those of a field that follows links.
	linkArguments = append(paging("How many from the start of the list, 0–100. Default 20 when neither `first` nor `last` is given; more is an error, never cut silently.",
		afterPage, beforePage),
		argument("Only links that fit, for example `{role: {contains: \"moderator\"}}` or `{asOf: \"2021\"}`.", "where",
			ast.NamedType("LinkFilter", nil)),
		argument("Order of the list; ties end at the link's id. Default: by the name at the other end.", "orderBy",
			orders("LinkOrder")))
	// derivedArguments are those of a field that follows chains of links.
	derivedArguments = append(paging("How many from the start of the list, 0–100. Default 20 when neither `first` nor `last` is given; more is an error.",
		afterPage, beforePage),
		argument("Rest only on links that fit, every hop, for example `{asOf: \"2021\"}`; `other` is where a hop leads.",
			"where", ast.NamedType("LinkFilter", nil)),
	)
)

// rootArguments are those of a list of all nodes of a type, whose filter has this name.
func rootArguments(filter string) ast.ArgumentDefinitionList {
	return append(paging("How many from the start of the list, 0–100. Default 20 when neither `first` nor `last` is given; more is an error.",
		afterPage, beforePage),
		argument("Only those that fit, for example `{name: {contains: \"security\"}}`.", "where", ast.NamedType(filter, nil)),
		argument("Order of the list; ties end at the id. Default: by name.", "orderBy", orders("EntityOrder")))
}
