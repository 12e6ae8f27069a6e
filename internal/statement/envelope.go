package statement

import "encoding/binary"

// Envelope names one commit. A statement of kind commit by its author and one of kind order by the server have it as their body.
type Envelope struct {
	Epoch  uint64   // before the commit
	Commit [32]byte // SHA-256 of its bytes
}

// ParseEnvelope reads the body of a commit or an order.
func ParseEnvelope(body []byte) (Envelope, error) {
	c := cursor{rest: body}
	e := c.envelope()
	return e, c.done()
}

func (c *cursor) envelope() Envelope { return Envelope{Epoch: c.uint64(), Commit: c.key()} }

// Encode gives the body.
func (e Envelope) Encode() []byte {
	return append(binary.BigEndian.AppendUint64(nil, e.Epoch), e.Commit[:]...)
}

// Why says what is wrong with a commit that a member refuses.
type Why uint8

// The reasons of a refusal.
const (
	WhyGate  Why = 1 // it breaks a rule
	WhyOpens Why = 2 // it does not open
)

// Refusal says that a member does not take an ordered commit; the device key signs it.
type Refusal struct {
	Envelope
	Why Why
}

// ParseRefusal reads a refusal's body.
func ParseRefusal(body []byte) (Refusal, error) {
	c := cursor{rest: body}
	r := Refusal{Envelope: c.envelope(), Why: Why(c.uint8())}
	c.must(r.Why == WhyGate || r.Why == WhyOpens)
	return r, c.done()
}

// Encode gives the body.
func (r Refusal) Encode() []byte { return append(r.Envelope.Encode(), byte(r.Why)) }

// Consent agrees to a policy that lowers the label; the device key signs it.
type Consent struct {
	Policy [32]byte // hash of the statement
}

// ParseConsent reads a consent's body.
func ParseConsent(body []byte) (Consent, error) {
	c := cursor{rest: body}
	agreed := Consent{Policy: c.key()}
	return agreed, c.done()
}

// Encode gives the body.
func (a Consent) Encode() []byte { return append([]byte(nil), a.Policy[:]...) }
