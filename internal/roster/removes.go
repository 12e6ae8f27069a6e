package roster

import (
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// target names the leaf that a removal or leave is for.
type target struct {
	participant          ident.ParticipantID
	device, signatureKey [32]byte
}

func (t target) is(l Leaf) bool {
	return l.SignatureKey == t.signatureKey && l.Participant == t.participant && l.Device == t.device
}

// covered is why the leaves of a commit went, by index, and who of those away is so no more.
type covered struct {
	how       map[uint32]How
	forgotten []target
}

// coverRemoves finds a reason for each Remove; absence needs none.
func (t *trial) coverRemoves(added []newcomer) (covered, error) {
	c := covered{how: make(map[uint32]How, len(t.removed))}
	for i, s := range t.statements {
		if s.Kind != statement.KindRemoval && s.Kind != statement.KindLeave {
			continue
		}
		if err := t.coverRemove(i, s, &c); err != nil {
			return c, err
		}
	}
	if err := t.replaced(added); err != nil {
		return c, err
	}
	for _, m := range t.removed {
		if _, named := c.how[m.Index]; named {
			continue
		}
		c.how[m.Index] = Absent
		if slices.ContainsFunc(added, func(n newcomer) bool { return n.Participant == m.Participant && n.Device == m.Device }) {
			c.how[m.Index] = Back
		}
	}
	return c, nil
}

func (t *trial) coverRemove(i int, s statement.Statement, c *covered) error {
	who, how, err := t.leaving(s)
	if err != nil {
		return err
	}
	leaf := slices.IndexFunc(t.removed, func(m member) bool { return who.is(m.Leaf) })
	away := how == Removed && slices.ContainsFunc(t.away, who.is)
	if leaf < 0 && !away {
		return nil
	}
	t.use(i)
	if err := must(!t.back[who.signatureKey], "a rejoin of somebody removed"); err != nil {
		return err
	}
	if leaf < 0 {
		c.forgotten = append(c.forgotten, who)
	} else if at := t.removed[leaf].Index; c.how[at] != Removed {
		c.how[at] = how
	}
	return nil
}

// leaving checks a removal or a leave as it stands after the commit's policies.
func (t *trial) leaving(s statement.Statement) (target, How, error) {
	if s.Kind == statement.KindRemoval {
		body, err := t.removal(s)
		return target{body.Participant, body.Device, body.SignatureKey}, Removed, err
	}
	body, err := t.leave(s)
	return target{body.Participant, s.Signer, body.SignatureKey}, Left, err
}

func (t *trial) removal(s statement.Statement) (statement.Removal, error) {
	body, err := statement.ParseRemoval(s.Body)
	if err != nil {
		return body, form(err)
	}
	if err := must(t.signed(s), "a removal that no host signed"); err != nil {
		return body, err
	}
	after := t.after()
	_, ok := after.at(body.Under)
	if err := must(ok, "a removal under another policy"); err != nil || s.Signer == t.hostKey {
		return body, err
	}
	if err := must(rank(after.Policy(), s.Signer) != guest, "a removal that no host signed"); err != nil {
		return body, err
	}
	return body, must(!after.IsHost(body.Device), "a removal of a host")
}

func (p place) leave(s statement.Statement) (statement.Leave, error) {
	body, err := statement.ParseLeave(s.Body)
	if err != nil {
		return body, form(err)
	}
	return body, must(p.signed(s), "a leave with a bad signature")
}
