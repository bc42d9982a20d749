package main

import (
	"cmp"
	"slices"
	"time"
)

// percentile is the value that p of 100 values do not exceed (nearest rank); 0 of no values. It sorts them.
func percentile[T cmp.Ordered](values []T, p int) T {
	if len(values) == 0 {
		var none T
		return none
	}
	slices.Sort(values)
	rank := (len(values)*p + 99) / 100
	return values[max(rank, 1)-1]
}

// median is the middle value, the lower of two. It sorts them.
func median[T cmp.Ordered](values []T) T { return percentile(values, 50) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// figures are what several rounds of one query at one server with one number of clients gave.
type figures struct {
	Rate, P50, P99 float64            // requests a second, milliseconds: medians of the rounds
	Requests       int                // of all rounds
	Bytes          int64              // of one answer, the mean
	CPU            map[string]float64 // milliseconds a request, by process
}

// rounds gathers slices.
type rounds struct {
	rate, p50, p99 []float64
	requests       int
	bytes          int64
	cpu            map[string]time.Duration
}

func (r *rounds) add(s slice, cpu map[string]time.Duration) {
	r.rate = append(r.rate, float64(len(s.times))/s.took.Seconds())
	r.p50 = append(r.p50, ms(percentile(s.times, 50)))
	r.p99 = append(r.p99, ms(percentile(s.times, 99)))
	r.requests += len(s.times)
	r.bytes += s.bytes
	if r.cpu == nil {
		r.cpu = map[string]time.Duration{}
	}
	for k, v := range cpu {
		r.cpu[k] += v
	}
}

func (r *rounds) figures() figures {
	f := figures{
		Rate: median(r.rate), P50: median(r.p50), P99: median(r.p99), Requests: r.requests,
		CPU: map[string]float64{},
	}
	if r.requests > 0 {
		f.Bytes = r.bytes / int64(r.requests)
		for k, v := range r.cpu {
			f.CPU[k] = ms(v) / float64(r.requests)
		}
	}
	return f
}
