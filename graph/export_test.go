package graph

import "context"

// ForceGenerated makes Do answer with the generated executor.
func ForceGenerated(ctx context.Context) context.Context {
	return context.WithValue(ctx, forceKey{}, true)
}

// CachedBytes is how many bytes an engine's cache of documents counts.
func CachedBytes(e *Engine) int {
	_, bytes := e.documents.Size()
	return bytes
}
