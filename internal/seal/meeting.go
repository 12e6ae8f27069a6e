package seal

import (
	"crypto/ed25519"
	"crypto/rand"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Meeting is a new meeting with all its secrets, as its maker holds them.
type Meeting struct {
	ID      ident.MeetingID
	HostKey [32]byte
	Booking []byte // Statement for the server
	Code    Code
	Seed    Seed
}

// NewMeeting makes a meeting and signs its booking over the server's nonce.
func NewMeeting(title string, nonce [32]byte) (Meeting, error) {
	var seed Seed
	var code Code
	rand.Read(seed[:])
	rand.Read(code[:])
	keys := code.Keys(seed.Meeting())
	sealed, err := keys.SealTitle(title)
	if err != nil {
		return Meeting{}, err
	}
	return book(seed, code, keys, nonce, sealed), nil
}

func book(seed Seed, code Code, keys Keys, nonce [32]byte, sealedTitle []byte) Meeting {
	body := statement.Booking{
		Nonce:       nonce,
		Entry:       publicOf(keys.Entry()),
		Knock:       [32]byte(seed.KnockKey().PublicKey().Bytes()),
		SealedTitle: sealedTitle,
	}.Encode()
	host := seed.HostKey()
	return Meeting{
		ID:      keys.Meeting,
		HostKey: publicOf(host),
		Booking: statement.Sign(host, statement.KindBooking, keys.Meeting, statement.GroupID{}, body),
		Code:    code,
		Seed:    seed,
	}
}

// EntryProof is the signed entry of whoever knows the code (statement of kind entry).
func (k Keys) EntryProof(e statement.Entry) []byte {
	return statement.Sign(k.Entry(), statement.KindEntry, k.Meeting, statement.GroupID{}, e.Encode())
}

// HostProof says that a device is the host's (statement of kind host).
func (s Seed) HostProof(h statement.Host) []byte {
	return statement.Sign(s.HostKey(), statement.KindHost, s.Meeting(), statement.GroupID{}, h.Encode())
}

func publicOf(key ed25519.PrivateKey) [32]byte { return [32]byte(key.Public().(ed25519.PublicKey)) }
