//go:build race

package testkit

// raced stories are slow: rapid's own number of them is played.
const raced = true
