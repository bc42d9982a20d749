package server

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/throughline/throughline/graph"
)

// NewTracing sends spans to an OTLP endpoint over HTTP ("http://localhost:4318"). Shut it down to send the last.
func NewTracing(ctx context.Context, endpoint, version string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "throughline"), attribute.String("service.version", version)))), nil
}

// traced puts a span around each operation.
type traced struct {
	next   Executor
	tracer trace.Tracer
}

// Traced wraps an executor so that each operation is a span.
func Traced(next Executor, p trace.TracerProvider) Executor {
	return &traced{next, p.Tracer("github.com/throughline/throughline")}
}

// Do runs the request inside a span.
func (t *traced) Do(ctx context.Context, r *graph.Request) *graph.Response {
	ctx, span := t.tracer.Start(ctx, "graphql.operation")
	defer span.End()
	resp := t.next.Do(ctx, r)
	span.SetAttributes(attribute.String("graphql.operation.name", resp.Operation),
		attribute.String("graphql.operation.type", resp.Kind))
	if code := resp.Code(); code != "" {
		span.SetAttributes(attribute.String("error.type", code))
	}
	return resp
}
