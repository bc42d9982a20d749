package kg

import (
	"maps"
	"reflect"
	"slices"
)

// MergeSource returns the source that was becomes by what x says: what x has is set, what it leaves out stays, authors
// are united, and what x.Clear names goes.
func MergeSource(was, x *Source) *Source {
	c := *was
	set(&c.Title, x.Title)
	set(&c.URL, x.URL)
	set(&c.Kind, x.Kind)
	set(&c.Publisher, x.Publisher)
	set(&c.PublishedOn, x.PublishedOn)
	set(&c.Text, x.Text)
	c.Authors = unite(c.Authors, x.Authors)
	for _, name := range x.Clear {
		switch name {
		case "url":
			c.URL = ""
		case "publisher":
			c.Publisher = ""
		case "authors":
			c.Authors = nil
		case "publishedOn":
			c.PublishedOn = ""
		case "text":
			c.Text = ""
		}
	}
	return &c
}

// MergeNode returns the entity that was becomes by what x says: what x has is set, what it leaves out stays, aliases
// and external ids are united, and what x.Clear names goes.
func MergeNode(was, x *Node) *Node {
	c := *was
	set(&c.Name, x.Name)
	set(&c.Description, x.Description)
	c.Aliases = unite(c.Aliases, x.Aliases)
	c.ExternalIDs = uniteIDs(c.ExternalIDs, x.ExternalIDs)
	c.FormerIDs = unite(c.FormerIDs, x.FormerIDs)
	if len(x.Props) > 0 || len(x.Clear) > 0 && len(c.Props) > 0 {
		c.Props = make(map[string]any, len(was.Props)+len(x.Props))
		maps.Copy(c.Props, was.Props)
		maps.Copy(c.Props, x.Props)
	}
	for _, name := range x.Clear {
		switch name {
		case "description":
			c.Description = ""
		case "aliases":
			c.Aliases = nil
		case "externalIds":
			c.ExternalIDs = nil
		default:
			delete(c.Props, name)
		}
	}
	if len(c.Props) == 0 {
		c.Props = nil
	}
	c.CreatedAt, c.UpdatedAt = x.CreatedAt, x.UpdatedAt
	return &c
}

// Absorb returns the entity that was becomes when x is merged into it: names of x become aliases, what was has stays,
// and what it has not is taken from x. The id of x is a former one then.
func Absorb(was, x *Node) *Node {
	c := *was
	names := append([]string{x.Name}, x.Aliases...)
	c.Aliases = unite(c.Aliases, slices.DeleteFunc(names, func(s string) bool { return s == "" || s == was.Name }))
	if c.Description == "" {
		c.Description = x.Description
	}
	c.ExternalIDs = slices.Clone(c.ExternalIDs)
	for _, e := range x.ExternalIDs {
		if !slices.ContainsFunc(c.ExternalIDs, func(o ExternalID) bool { return o.Scheme == e.Scheme && o.Value == e.Value }) {
			c.ExternalIDs = append(c.ExternalIDs, e)
		}
	}
	former := x.FormerIDs
	if x.ID != was.ID {
		former = append([]string{x.ID}, former...)
	}
	c.FormerIDs = unite(c.FormerIDs, former)
	c.Props = maps.Clone(was.Props)
	for name, v := range x.Props {
		if _, there := c.Props[name]; there {
			continue
		}
		if c.Props == nil {
			c.Props = map[string]any{}
		}
		c.Props[name] = v
	}
	c.UpdatedAt = 0
	return &c
}

// MergeLink returns the link that was becomes by what x says: what x has is set, what it leaves out stays, evidence is
// united, and what x.Clear names goes.
func MergeLink(was, x *Link) *Link {
	c := *was
	if !x.Minted {
		set(&c.From, x.From)
		set(&c.To, x.To)
		set(&c.Role, x.Role)
		set(&c.Since, x.Since)
		set(&c.Until, x.Until)
	}
	c.Evidence = UniteEvidence(slices.Clip(c.Evidence), x.Evidence...)
	for _, name := range x.Clear {
		switch name {
		case "role":
			c.Role = ""
		case "since":
			c.Since = ""
		case "until":
			c.Until = ""
		}
	}
	c.CreatedAt, c.UpdatedAt = x.CreatedAt, x.UpdatedAt
	return &c
}

func set[T ~string](to *T, s T) {
	if s != "" {
		*to = s
	}
}

// unite appends those of more that list does not hold.
func unite(list, more []string) []string {
	list = slices.Clip(list)
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// uniteIDs appends those of more that list does not hold. One that it holds gets the other's address, if that has one.
func uniteIDs(list, more []ExternalID) []ExternalID {
	list = slices.Clone(list)
	for _, x := range more {
		i := slices.IndexFunc(list, func(o ExternalID) bool { return o.Scheme == x.Scheme && o.Value == x.Value })
		switch {
		case i < 0:
			list = append(list, x)
		case x.URL != "":
			list[i].URL = x.URL
		}
	}
	return list
}

// SameSource reports whether two sources say the same.
func SameSource(a, b *Source) bool {
	return a.ID == b.ID && a.Title == b.Title && a.URL == b.URL && a.Kind == b.Kind && a.Publisher == b.Publisher &&
		a.PublishedOn == b.PublishedOn &&
		a.Text == b.Text && slices.Equal(a.Authors, b.Authors)
}

// SameNode reports whether two entities say the same, whenever they were written.
func SameNode(a, b *Node) bool {
	return a.ID == b.ID && a.Type == b.Type && a.Name == b.Name && a.Description == b.Description &&
		slices.Equal(a.Aliases, b.Aliases) && slices.Equal(a.FormerIDs, b.FormerIDs) &&
		slices.Equal(a.ExternalIDs, b.ExternalIDs) && len(a.Props) == len(b.Props) &&
		(len(a.Props) == 0 || reflect.DeepEqual(a.Props, b.Props))
}

// StatedID returns the id that follows from what the link says. Its own may be another: one that it was given, or that it
// has kept since it was corrected.
func (l *Link) StatedID() string { return LinkID(l.Kind, l.From, l.To, l.Role, l.Since, l.Until) }

// SameStatement reports whether two links say the same, whatever they rest on.
func SameStatement(a, b *Link) bool {
	return a.Kind == b.Kind && a.From == b.From && a.To == b.To && a.Role == b.Role && a.Since == b.Since && a.Until == b.Until
}

// SameLink reports whether two links say the same and rest on the same evidence in the same order, whenever they were
// written.
func SameLink(a, b *Link) bool {
	return a.ID == b.ID && SameStatement(a, b) &&
		slices.EqualFunc(a.Evidence, b.Evidence, func(x, y Evidence) bool { return x.Same(&y) })
}
