package ice

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v4"
)

var from = netip.MustParseAddrPort("[2001:db8::1]:777")

// checkOf makes a check under the credentials; tail is what somebody adds behind the protected part.
func checkOf(c Credentials, more ...stun.Setter) *stun.Message {
	set := []stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag + ":" + c.Remote)}
	return stun.MustBuild(append(append(set, more...), stun.MessageIntegrity(c.Password), stun.Fingerprint)...)
}

func verified(c Credentials, raw []byte) (Check, bool) {
	var r Responder
	ufrag, ok := r.Read(raw)
	if !ok || string(ufrag) != c.Ufrag {
		return Check{}, false
	}
	return r.Verify(c, from)
}

func TestCheckIsAnsweredWithTheAddressItCameFrom(t *testing.T) {
	c := NewCredentials("peer")
	check, ok := verified(c, checkOf(c).Raw)
	if !ok || check.Nominates || check.Conflict {
		t.Fatalf("%+v %v", check, ok)
	}
	m := &stun.Message{Raw: check.Answer}
	var mapped stun.XORMappedAddress
	if m.Decode() != nil || m.Type != stun.BindingSuccess || mapped.GetFrom(m) != nil || mapped.Port != 777 || mapped.IP.String() != "2001:db8::1" {
		t.Errorf("%v", m)
	}
	if stun.MessageIntegrity(c.Password).Check(m) != nil || stun.Fingerprint.Check(m) != nil {
		t.Error("the answer proves nothing")
	}
	if len(check.Answer) > len(checkOf(c).Raw)*12/10 {
		t.Errorf("amplifies: %d bytes for %d", len(check.Answer), len(checkOf(c).Raw))
	}
}

func TestNominationCountsOnlyUnderTheSignature(t *testing.T) {
	c := NewCredentials("peer")
	use := stun.RawAttribute{Type: stun.AttrUseCandidate}
	if check, ok := verified(c, checkOf(c, use).Raw); !ok || !check.Nominates {
		t.Error("a nomination was not seen")
	}
	added := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":peer"),
		stun.MessageIntegrity(c.Password), use, stun.Fingerprint)
	if check, ok := verified(c, added.Raw); ok && check.Nominates {
		t.Error("an attribute that somebody added was believed")
	}
}

func TestControlledPeerIsToldOfTheConflict(t *testing.T) {
	c := NewCredentials("peer")
	check, ok := verified(c, checkOf(c, stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}).Raw)
	m := &stun.Message{Raw: check.Answer}
	var code stun.ErrorCodeAttribute
	if !ok || !check.Conflict || m.Decode() != nil || code.GetFrom(m) != nil || code.Code != stun.CodeRoleConflict {
		t.Errorf("%+v %v", check, m)
	}
}

func TestSilenceForAllOthers(t *testing.T) {
	c := NewCredentials("peer")
	wrong, other := c, c
	wrong.Password += "x"
	other.Remote = "else"
	good := checkOf(c).Raw
	for name, raw := range map[string][]byte{
		"wrong password": checkOf(wrong).Raw,
		"wrong remote":   checkOf(other).Raw,
		"no fingerprint": stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":peer"), stun.MessageIntegrity(c.Password)).Raw,
		"no integrity":   stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":peer"), stun.Fingerprint).Raw,
		"no username":    stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.MessageIntegrity(c.Password), stun.Fingerprint).Raw,
		"no colon":       stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag), stun.MessageIntegrity(c.Password), stun.Fingerprint).Raw,
		"a response":     stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.NewUsername(c.Ufrag+":peer"), stun.MessageIntegrity(c.Password), stun.Fingerprint).Raw,
		"cut":            good[:len(good)-3],
	} {
		if _, ok := verified(c, raw); ok {
			t.Errorf("%s: answered", name)
		}
	}
	for i := range good {
		b := append([]byte(nil), good...)
		b[i] ^= 1
		if _, ok := verified(c, b); ok {
			t.Errorf("byte %d was changed and nobody noticed", i)
		}
	}
}

func TestCredentialsAreLongAndUnprinted(t *testing.T) {
	a, b := NewCredentials("x"), NewCredentials("x")
	if len(a.Ufrag) != ufragLength || len(a.Password) != passwordLength || a.Ufrag == b.Ufrag || a.Password == b.Password {
		t.Errorf("%d %d", len(a.Ufrag), len(a.Password))
	}
	if a.String() != b.String() {
		t.Error("credentials print themselves")
	}
}

func FuzzResponderNeverPanicsNorAnswersTheUnsigned(f *testing.F) {
	c := Credentials{Ufrag: "abcdefgh", Password: "secret-of-the-test", Remote: "peer"}
	f.Add(checkOf(Credentials{Ufrag: c.Ufrag, Password: "other", Remote: c.Remote}).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcdefgh:peer"), stun.RawAttribute{Type: stun.AttrMessageIntegrity, Value: []byte{1}}, stun.Fingerprint).Raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		Is(b)
		if _, ok := verified(c, b); ok {
			t.Fatalf("answered %x", b)
		}
	})
}
