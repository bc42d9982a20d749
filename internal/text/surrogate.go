package text

import (
	"bytes"
	"strconv"
)

// LoneSurrogate finds an escaped half of a surrogate pair (\uD800 to \uDFFF), as JSON and GraphQL write escapes. It is
// no character, and decoders quietly put U+FFFD in its place.
func LoneSurrogate(b []byte) bool {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '\\')
		if j < 0 || i+j+1 >= len(b) {
			return false
		}
		i += j
		if b[i+1] != 'u' {
			i += 2
			continue
		}
		r, ok := escape(b[i:])
		i += 6
		switch {
		case !ok:
		case r >= 0xdc00 && r < 0xe000:
			return true
		case r >= 0xd800 && r < 0xdc00:
			low, ok := escape(b[min(i, len(b)):])
			if !ok || low < 0xdc00 || low >= 0xe000 {
				return true
			}
			i += 6
		}
		if i >= len(b) {
			return false
		}
	}
}

// escape reads \uXXXX at the beginning of b.
func escape(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return n, err == nil
}
