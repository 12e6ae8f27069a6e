// Package wire is the signalling language: one struct for each message of protocol/README.md section 6,
// strict parsing, encoding and limits. The TypeScript types are made from these structs. It knows forms
// only: whether a message is allowed at a moment, and what a statement says, is decided elsewhere.
package wire
