// Package protocol carries the files of the signalling language that the program itself needs:
// today the table of faults. The specification beside it is for people; the page reads the same files.
package protocol

import _ "embed"

// Faults is faults.json: for each stable code its kind, the sentence for people and what to do.
//
//go:embed faults.json
var Faults []byte
