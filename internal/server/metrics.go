package server

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/throughline/throughline/graph"
)

// Metrics are what /metrics shows, on an address of its own.
type Metrics struct {
	registry   *prometheus.Registry
	operations *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	trips      *prometheus.HistogramVec
	store      *prometheus.HistogramVec
	refused    prometheus.Counter

	mu    sync.Mutex
	names map[string]bool
}

// maxNames bounds the operations that get a label of their own: names are the clients', and could be endless.
const maxNames = 200

// notModified is the code of operations whose answer the client had.
const notModified = "NOT_MODIFIED"

// NewMetrics makes metrics with a registry of their own.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), names: map[string]bool{}}
	m.operations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "throughline_operations_total",
		Help: "Operations answered, by name and by code of the first error: OK for none, " + notModified +
			" for 304, when nothing was run.",
	}, []string{"operation", "code"})
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "throughline_operation_seconds", Help: "Time an operation took, without reading and writing it.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 13),
	}, []string{"operation"})
	m.trips = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "throughline_store_round_trips",
		Help: "Statements sent to the store for an operation.", Buckets: []float64{
			0, 1, 2, 3, 5, 8, 13,
			21,
		},
	}, []string{"operation"})
	m.store = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "throughline_store_seconds", Help: "Time an operation waited for the store.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 13),
	}, []string{"operation"})
	m.refused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "throughline_shed_total",
		Help: "Requests turned away because too many were under way.",
	})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "throughline_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.operations, m.latency, m.trips, m.store, m.refused, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe counts one operation; it is graph.Options.Observe.
func (m *Metrics) Observe(o graph.Observation) {
	name := m.label(o.Operation)
	if o.Held { // it took no time worth knowing, and would hide what others take
		m.operations.WithLabelValues(name, notModified).Inc()
		return
	}
	code := o.Code
	if code == "" {
		code = "OK"
	}
	m.operations.WithLabelValues(name, code).Inc()
	m.latency.WithLabelValues(name).Observe(o.Duration.Seconds())
	m.store.WithLabelValues(name).Observe(o.Store.Seconds())
	m.trips.WithLabelValues(name).Observe(float64(o.RoundTrips))
}

func (m *Metrics) label(name string) string {
	if name == "" {
		return "unnamed"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.names[name] {
		if len(m.names) >= maxNames {
			return "other"
		}
		m.names[name] = true
	}
	return name
}

func (m *Metrics) shed() {
	if m != nil {
		m.refused.Inc()
	}
}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
