package exchange

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/throughline/throughline/internal/text"
)

// object is JSON that is being written. It begins with "{", or with "[" for a list of objects.
type object []byte

// begin begins an object of a list. Whoever writes it ends it.
func (o *object) begin() {
	if (*o)[len(*o)-1] == '}' {
		*o = append(*o, ',')
	}
	*o = append(*o, '{')
}

// key begins a member.
func (o *object) key(name string) {
	if (*o)[len(*o)-1] != '{' {
		*o = append(*o, ',')
	}
	*o = append(text.AppendJSON(*o, name), ':')
}

func (o *object) text(name, s string) {
	o.key(name)
	*o = text.AppendJSON(*o, s)
}

// known writes a text unless it is "", which stands for one that is not known.
func (o *object) known(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}

// raw writes a value that is JSON already.
func (o *object) raw(name, s string) {
	o.key(name)
	*o = append(*o, s...)
}

// number writes a number. What is none becomes a text, which the import refuses.
func (o *object) number(name, s string) {
	if v := jsontext.Value(s); v.IsValid() && v.Kind() == '0' {
		o.raw(name, s)
		return
	}
	o.text(name, s)
}

func (o *object) texts(name string, list []string) {
	o.key(name)
	*o = text.AppendJSONList(*o, list)
}
