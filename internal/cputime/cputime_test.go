package cputime_test

import (
	"testing"
	"time"

	"github.com/throughline/throughline/internal/cputime"
)

func TestUsedCountsWorkOfThisProcess(t *testing.T) {
	before := cputime.Used()
	end := time.Now().Add(time.Minute)
	for cputime.Used()-before < 20*time.Millisecond {
		if time.Now().After(end) {
			t.Fatal("a minute of work counts for less than 20 ms")
		}
	}
}
