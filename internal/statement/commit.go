package statement

import "errors"

// What ParseCommit refuses by name: proposals that no commit of ours carries.
var (
	ErrReference = errors.New("statement: a proposal by reference")
	ErrProposal  = errors.New("statement: a proposal of another type")
)

// Numbers of proposals and their parts (RFC 9420 12.1, 8.4).
const (
	byValue        = 1
	byReference    = 2
	proposalAdd    = 1
	proposalRemove = 3
	proposalPSK    = 4
	pskExternal    = 1
	pskResumption  = 2
)

// maxProposals bounds the proposals of one commit: each leaf of the largest group out and another in, and the PSK.
const maxProposals = 2*1024 + 1

// maxCommitStatements bounds the statements of one commit: 16 policies, everybody's consent, and what covers its people.
const maxCommitStatements = 16 + 1024 + 4*64

// CommitData is what a commit's authenticated_data says in clear.
type CommitData struct {
	Time       uint64 // milliseconds since 1970, by the committer's clock
	Statements []Statement
}

// ParseCommitData reads authenticated_data of a commit.
func ParseCommitData(b []byte) (CommitData, error) {
	c := cursor{rest: b}
	c.must(c.uint8() == 1)
	d := CommitData{Time: c.uint64()}
	list := c.vector4()
	if err := c.done(); err != nil {
		return d, err
	}
	var err error
	d.Statements, err = ParseAll(list, maxCommitStatements)
	return d, err
}

// PSK is a pre-shared key that a commit names (RFC 9420 8.4).
type PSK struct {
	External bool
	ID       []byte // of an external one
	Nonce    []byte
}

// CommitContent is what a commit does to the group (RFC 9420 12.4), its proposals by type and in order.
type CommitContent struct {
	Adds    []KeyPackage
	Removes []uint32
	PSKs    []PSK
	Path    *LeafNode // the leaf of the path, nil without a path
}

// ParseCommit reads the content of a PublicMessage with a commit, to its end: by-value proposals of types Add, Remove and PSK.
// Returns ErrReference, ErrProposal or ErrForm.
func ParseCommit(b []byte) (CommitContent, error) {
	c := cursor{rest: b}
	m := c.publicHeader()
	c.must(m.ContentType == Commit)
	proposals := cursor{rest: c.variable()}
	content, err := proposals.proposals()
	if c.bad || err != nil {
		return content, errors.Join(err, c.failed())
	}
	if c.below(2) == 1 {
		leaf := c.pathLeaf()
		c.pathNodes()
		content.Path = &leaf
	}
	c.must(len(c.variable()) == 64) // signature
	c.must(len(c.variable()) == 32) // confirmation tag
	if m.FromMember {
		c.must(len(c.variable()) == 32) // membership tag
	}
	return content, c.done()
}

func (c *cursor) failed() error {
	if c.bad {
		return ErrForm
	}
	return nil
}

func (c *cursor) proposals() (CommitContent, error) {
	var content CommitContent
	for n := 0; len(c.rest) > 0 && !c.bad; n++ {
		c.must(n < maxProposals)
		switch c.uint8() {
		case byValue:
		case byReference:
			return content, ErrReference
		default:
			return content, ErrForm
		}
		switch c.uint16() {
		case proposalAdd:
			content.Adds = append(content.Adds, c.keyPackage())
		case proposalRemove:
			content.Removes = append(content.Removes, c.uint32())
		case proposalPSK:
			content.PSKs = append(content.PSKs, c.psk())
		default:
			return content, ErrProposal
		}
	}
	return content, c.done()
}

func (c *cursor) psk() PSK {
	var p PSK
	switch c.uint8() {
	case pskExternal:
		p.External, p.ID = true, c.variable()
	case pskResumption:
		c.uint8()    // usage
		c.variable() // group
		c.uint64()   // epoch
	default:
		c.bad = true
	}
	p.Nonce = c.variable()
	return p
}

// pathNodes reads the nodes of a path: a key and what is sealed to those below it (RFC 9420 7.6).
func (c *cursor) pathNodes() {
	nodes := cursor{rest: c.variable()}
	for len(nodes.rest) > 0 && !nodes.bad {
		nodes.must(len(nodes.variable()) == 32) // encryption key
		sealed := cursor{rest: nodes.variable()}
		for len(sealed.rest) > 0 && !sealed.bad {
			sealed.variable() // KEM output
			sealed.variable() // ciphertext
		}
		nodes.must(!sealed.bad)
	}
	c.must(!nodes.bad)
}
