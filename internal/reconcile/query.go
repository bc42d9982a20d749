package reconcile

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// query is one thing to reconcile, in either version.
type query struct {
	names, ids []string
	// types are those that a candidate may have; nil for all. none says that a type was asked for that there is not.
	types      []string
	none       bool
	limit      int
	conditions []condition
}

// condition is what else is known of an entity.
type condition struct {
	property string // its id
	values   []value
	required bool
	// all values must fit, or none may; otherwise one is enough.
	all, not bool
	// whole takes * in a value for itself.
	whole bool
}

// value is a text or an entity.
type value struct{ text, id string }

// Bounds of queries; what is longer fits nothing.
const (
	defaultLimit   = 5
	maxWords       = 60  // of a name that are searched for
	maxText        = 500 // characters of a name or value
	maxConditions  = 10
	maxComparisons = 40 // values of all conditions
)

// UnmarshalJSON reads a text, a number, true or false, or an entity.
func (v *value) UnmarshalJSON(raw []byte) error {
	var entity struct{ ID, Name string }
	switch raw[0] {
	case '{':
		if err := json.Unmarshal(raw, &entity); err != nil || entity.ID == "" {
			return kg.Errorf(kg.BadRequest, "an entity has an id")
		}
		v.id, v.text = entity.ID, entity.Name
		return nil
	case '"':
		return json.Unmarshal(raw, &v.text)
	case '[', 'n':
		return kg.Errorf(kg.BadRequest, "a value is a text, a number, true, false or an entity")
	}
	v.text = string(raw)
	return nil
}

// values are one value or several.
type values []value

// UnmarshalJSON reads them.
func (v *values) UnmarshalJSON(raw []byte) error {
	if raw[0] != '[' {
		*v = make(values, 1)
		return json.Unmarshal(raw, &(*v)[0])
	}
	return json.Unmarshal(raw, (*[]value)(v))
}

// names are one text or several.
type names []string

// UnmarshalJSON reads them.
func (n *names) UnmarshalJSON(raw []byte) error {
	if raw[0] != '[' {
		*n = make(names, 1)
		return json.Unmarshal(raw, &(*n)[0])
	}
	return json.Unmarshal(raw, (*[]string)(n))
}

// wire is a query of version 0.2.
type wire struct {
	Query      *string     `json:"query"`
	Type       names       `json:"type"`
	TypeStrict string      `json:"type_strict"`
	Limit      json.Number `json:"limit"`
	Properties []struct {
		PID string `json:"pid"`
		V   values `json:"v"`
	} `json:"properties"`
}

// query returns it as both versions have it.
func (s *service) query(w *wire) (*query, error) {
	q := &query{}
	if w.Query != nil && (len(w.Properties) == 0 || strings.TrimSpace(*w.Query) != "") {
		q.names = []string{*w.Query} // an empty cell finds nothing, and the others are answered
	}
	for _, p := range w.Properties {
		if p.PID == "" || len(p.V) == 0 {
			return nil, kg.Errorf(kg.BadRequest, "a property has a pid and a v")
		}
		q.conditions = append(q.conditions, condition{property: p.PID, values: p.V})
	}
	switch w.TypeStrict {
	case "", "any", "should", "all":
	default:
		return nil, kg.Errorf(kg.BadRequest, "type_strict is any, should or all")
	}
	return q, s.complete(q, w.Type, w.Limit)
}

// wireDraft is a query of the draft of 1.0.
type wireDraft struct {
	Type       *string     `json:"type"`
	Limit      json.Number `json:"limit"`
	Lang       string      `json:"lang"`
	Dir        string      `json:"dir"`
	Conditions []struct {
		MatchType       string `json:"matchType"`
		PropertyID      string `json:"propertyId"`
		PropertyValue   values `json:"propertyValue"`
		Required        bool   `json:"required"`
		MatchQuantifier string `json:"matchQuantifier"`
		MatchQualifier  string `json:"matchQualifier"`
		Lang            string `json:"lang"`
		Dir             string `json:"dir"`
	} `json:"conditions"`
}

// queryDraft returns it as both versions have it.
func (s *service) queryDraft(w *wireDraft) (*query, error) {
	q := &query{}
	for i := range w.Conditions {
		x := &w.Conditions[i]
		if len(x.PropertyValue) == 0 {
			return nil, kg.Errorf(kg.BadRequest, "a condition has a propertyValue")
		}
		switch x.MatchType {
		case "name", "id":
			for _, v := range x.PropertyValue {
				if x.MatchType == "id" && v.id == "" {
					v.id = v.text
				}
				if v.id != "" {
					q.ids = append(q.ids, v.id)
				} else {
					q.names = append(q.names, v.text)
				}
			}
		case "property":
			c := condition{property: x.PropertyID, values: x.PropertyValue, required: x.Required}
			switch x.MatchQuantifier {
			case "", "any":
			case "all":
				c.all = true
			case "none":
				c.not = true
			default:
				return nil, kg.Errorf(kg.BadRequest, "matchQuantifier is any, all or none")
			}
			switch x.MatchQualifier {
			case "", "WildcardMatch":
			case "ExactMatch":
				c.whole = true
			default:
				return nil, kg.Errorf(kg.BadUserInput, "matchQualifier is ExactMatch or WildcardMatch")
			}
			if c.property == "" {
				return nil, kg.Errorf(kg.BadRequest, "a condition of matchType property has a propertyId")
			}
			q.conditions = append(q.conditions, c)
		default:
			return nil, kg.Errorf(kg.BadRequest, "matchType is name, id or property")
		}
	}
	var types names
	if w.Type != nil {
		types = names{*w.Type}
	}
	return q, s.complete(q, types, w.Limit)
}

// complete checks a query and fills in the rest.
func (s *service) complete(q *query, types names, limit json.Number) error {
	if len(q.names)+len(q.ids)+len(q.conditions) == 0 {
		return kg.Errorf(kg.BadRequest, "a query has something to look for: a name, or properties")
	}
	compared := 0
	for _, c := range q.conditions {
		compared += len(c.values)
	}
	if len(q.conditions) > maxConditions || compared > maxComparisons || len(q.names)+len(q.ids) > maxConditions {
		return kg.Errorf(kg.BadUserInput, "a query has at most %d names, %d properties and %d values of them",
			maxConditions, maxConditions, maxComparisons)
	}
	if q.limit = defaultLimit; limit != "" {
		n, err := strconv.ParseFloat(limit.String(), 64)
		if err != nil || n < 1 {
			return kg.Errorf(kg.BadUserInput, "limit is a number, 1 or more")
		}
		q.limit = int(min(n, maxLimit))
	}
	for _, name := range types {
		if t := s.o.Catalog.TypeOf(name); t != nil && t.IsEntity() {
			q.types = append(q.types, t.Enum)
		}
	}
	q.none = len(types) > 0 && len(q.types) == 0
	return nil
}

// sought returns the words of a name that are searched for: without marks that mean something in a search, "" where it
// is too long to be a name.
func sought(name string) string {
	if utf8.RuneCountInString(name) > maxText {
		return ""
	}
	all := strings.Fields(strings.Map(func(r rune) rune {
		if r == '"' || r == '“' || r == '”' {
			return ' '
		}
		return r
	}, name))
	return strings.Join(all[:min(len(all), maxWords)], " ")
}

// timed fits a day with a time behind it, as OpenRefine sends cells that are dates.
var timed = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}`)

// date returns the date that a value is.
func (v value) date() (kg.PartialDate, error) {
	s := v.text
	if f := timed.FindStringSubmatch(s); f != nil {
		s = f[1]
	}
	return kg.ParseDate(s)
}

// filter returns a StringFilter for a value: * at its ends stands for anything.
func (c *condition) filter(v value) object {
	switch begins, ends := strings.HasPrefix(v.text, "*"), strings.HasSuffix(v.text, "*"); {
	case c.whole || !begins && !ends:
		return object{"eq": v.text}
	case begins:
		return object{"contains": strings.Trim(v.text, "*")}
	}
	return object{"startsWith": strings.Trim(v.text, "*")}
}

// fits reports whether a text of the graph is a value.
func (c *condition) fits(v value, is string) bool {
	is = text.Fold(is)
	for how, want := range c.filter(v) {
		want, _ := want.(string)
		switch want = text.Fold(want); how {
		case "eq":
			return is == want
		case "contains":
			return strings.Contains(is, want)
		}
		return strings.HasPrefix(is, want)
	}
	return false
}
