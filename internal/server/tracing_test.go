package server_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/throughline/throughline/graph"
	"github.com/throughline/throughline/internal/server"
)

// TestTraces: a request is a span, and the operation in it one below, without the values of either.
func TestTraces(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	p := sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept))
	x := server.Traced(answering(func(context.Context, *graph.Request) *graph.Response {
		return &graph.Response{Data: []byte("{}"), Began: true, Operation: "Find", Kind: "query"}
	}), p)
	h := newServer(t, server.Options{Executor: x, Tracing: p}).Handler()
	send(h, "POST", "/graphql", `{"query":"query Find { a(name: \"Mary Kaldor\") }"}`, "Content-Type",
		"application/json")
	send(h, "GET", "/livez", "") // health checks are no spans
	spans := kept.GetSpans()
	if len(spans) != 2 || spans[0].Name != "graphql.operation" ||
		spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() {
		t.Fatalf("spans %+v", spans)
	}
	got := map[string]string{}
	for _, a := range spans[0].Attributes {
		got[string(a.Key)] = a.Value.String()
	}
	if got["graphql.operation.name"] != "Find" || got["graphql.operation.type"] != "query" || len(got) != 2 {
		t.Errorf("attributes %v", got)
	}
}
