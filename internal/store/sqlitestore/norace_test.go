//go:build !race

package sqlitestore_test

const poolsForget = false
