package graph

import "context"

// ForceGenerated makes Do answer with the generated executor.
func ForceGenerated(ctx context.Context) context.Context {
	return context.WithValue(ctx, forceKey{}, true)
}
