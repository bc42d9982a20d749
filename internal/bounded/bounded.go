// Package bounded is a cache that is bounded by the bytes of what it keeps, and not by how many things they are.
package bounded

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache keeps values by a key, up to a number of bytes together; the least recently used go first. It may be used by
// several goroutines at a time.
type Cache[K, V comparable] struct {
	mu    sync.Mutex
	most  int
	bytes int
	items *simplelru.LRU[K, *item[V]]
}

type item[V comparable] struct {
	value V
	size  int
}

// New returns a cache of at most so many bytes.
func New[K, V comparable](most int) *Cache[K, V] {
	c := &Cache[K, V]{most: most}
	// its one error is for a size below 1
	c.items, _ = simplelru.NewLRU(math.MaxInt, func(_ K, x *item[V]) { c.bytes -= x.size })
	return c
}

// Get returns what is kept under a key, and whether there is anything.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.items.Get(key)
	if ok {
		value = x.value
	}
	return value, ok
}

// Add keeps a value of so many bytes, unless there is one under its key.
func (c *Cache[K, V]) Add(key K, value V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.items.Contains(key) {
		x := &item[V]{value: value}
		c.items.Add(key, x)
		c.grow(x, size)
	}
}

// Grow notes that a value has become so many bytes larger, if it is the one that is kept under its key.
func (c *Cache[K, V]) Grow(key K, value V, more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x, ok := c.items.Peek(key); ok && x.value == value {
		c.grow(x, more)
	}
}

func (c *Cache[K, V]) grow(x *item[V], more int) {
	x.size += more
	for c.bytes += more; c.bytes > c.most; {
		c.items.RemoveOldest()
	}
}

// Size returns how many values are kept, and of how many bytes.
func (c *Cache[K, V]) Size() (values, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.items.Len(), c.bytes
}
