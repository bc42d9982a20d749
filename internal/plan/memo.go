package plan

import "sync"

// Memo keeps what a store compiled for the plans of one shape, by the store's own key. It belongs to a cached
// document, and goes with it.
type Memo struct{ m sync.Map }

// Load finds what was kept under key.
func (m *Memo) Load(key any) (any, bool) {
	if m == nil {
		return nil, false
	}
	return m.m.Load(key)
}

// Store keeps v under key.
func (m *Memo) Store(key, v any) {
	if m != nil {
		m.m.Store(key, v)
	}
}
