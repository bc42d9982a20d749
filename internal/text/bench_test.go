package text_test

import (
	"fmt"
	"testing"

	"github.com/throughline/throughline/internal/text"
)

// BenchmarkAppendJSON writes texts of the lengths that answers have, as AppendJSON does and byte by byte.
func BenchmarkAppendJSON(b *testing.B) {
	const words = "NATO said Human Security is a priority in efforts in the protection of civilians; it covers “the protection of civilians”. "
	byByte := func(dst []byte, s string) []byte {
		dst = append(dst, '"')
		from := 0
		for i := range len(s) {
			if c := s[i]; c >= ' ' && c != '"' && c != '\\' {
				continue
			}
			dst = append(append(dst, s[from:i]...), '\\', s[i])
			from = i + 1
		}
		return append(append(dst, s[from:]...), '"')
	}
	for _, n := range []int{12, 40, 100} {
		for _, way := range []struct {
			name string
			do   func([]byte, string) []byte
		}{{"eight", text.AppendJSON}, {"one", byByte}} {
			b.Run(fmt.Sprintf("%d/%s", n, way.name), func(b *testing.B) {
				dst, s := make([]byte, 0, 256), words[:n]
				for b.Loop() {
					dst = way.do(dst[:0], s)
				}
			})
		}
	}
}
