package plan

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"

	"github.com/throughline/throughline/internal/kg"
)

// A cursor is base64url of: 4 bytes that bind it to its list, then each key: 's' + uvarint length + bytes, or
// 'i' + varint. It names a position by value (keyset paging), so it stays right when entries come and go.

// Binding is what a cursor is bound to: the field (such as "Person.affiliations" or "Query.people") and its order.
func Binding(field string, order []Order) uint32 {
	h := fnv.New32a()
	h.Write([]byte(field))
	for _, o := range order {
		b := [2]byte{byte(o.By) + 1}
		if o.Desc {
			b[1] = 1
		}
		h.Write(b[:])
	}
	return h.Sum32()
}

// AppendCursor appends the cursor of an edge with these keys.
func AppendCursor(dst []byte, binding uint32, keys []kg.Value) []byte {
	var stack [160]byte
	raw := binary.BigEndian.AppendUint32(stack[:0], binding)
	for i := range keys {
		if keys[i].Kind == kg.String {
			raw = append(raw, 's')
			raw = binary.AppendUvarint(raw, uint64(len(keys[i].Str)))
			raw = append(raw, keys[i].Str...)
		} else {
			raw = append(raw, 'i')
			raw = binary.AppendVarint(raw, keys[i].Int)
		}
	}
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// maxCursor is the longest cursor that is looked at, in bytes: the longest name key and id with room to spare.
const maxCursor = 4096

// ParseCursor reads a cursor; its keys must be of the kinds that keys has. Its only error is BadCursor.
func ParseCursor(s string, binding uint32, kinds []kg.ValueKind) ([]kg.Value, error) {
	bad := kg.Errorf(kg.BadCursor,
		"that is not a cursor of this list in this order: take pageInfo.endCursor or an edge's cursor of the same field and orderBy")
	if len(s) > maxCursor {
		return nil, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < 4 || binary.BigEndian.Uint32(raw) != binding {
		return nil, bad
	}
	raw = raw[4:]
	keys := make([]kg.Value, len(kinds))
	for i, kind := range kinds {
		if len(raw) < 2 {
			return nil, bad
		}
		tag := raw[0]
		raw = raw[1:]
		switch {
		case tag == 's' && kind == kg.String:
			n, w := binary.Uvarint(raw)
			if w <= 0 || n > uint64(len(raw)-w) {
				return nil, bad
			}
			keys[i] = kg.Value{Kind: kg.String, Str: string(raw[w : w+int(n)])}
			raw = raw[w+int(n):]
		case tag == 'i' && kind == kg.Int:
			n, w := binary.Varint(raw)
			if w <= 0 {
				return nil, bad
			}
			keys[i] = kg.IntValue(n)
			raw = raw[w:]
		default:
			return nil, bad
		}
	}
	if len(raw) > 0 {
		return nil, bad
	}
	return keys, nil
}

// KeyKinds are the kinds of the keys of an order with its tie-break, an id.
func KeyKinds(order []Order) []kg.ValueKind {
	kinds := make([]kg.ValueKind, 0, len(order)+1)
	for _, o := range order {
		if o.By == ByName {
			kinds = append(kinds, kg.String)
		} else {
			kinds = append(kinds, kg.Int)
		}
	}
	return append(kinds, kg.String)
}

// WeightKinds are the kinds of the keys of Search and Derived: score or weight (descending), name, id.
func WeightKinds() []kg.ValueKind { return []kg.ValueKind{kg.Int, kg.String, kg.String} }

// PositionKinds are the kinds of the keys of EvidenceOf: position, id.
func PositionKinds() []kg.ValueKind { return []kg.ValueKind{kg.Int, kg.String} }
