// Package seal makes and reads what a link carries: host seed, access code, the keys derived from them, booking, entry proof
// and sealed title (protocol/README.md section 1). It serves the command line and tests; the server's rooms may not import it,
// so that the server cannot hold a code even by mistake.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"unicode/utf8"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// ErrTitle is returned for a title that is no UTF-8 or longer than TitleBytes, and for one that does not open.
var ErrTitle = errors.New("seal: bad title")

const (
	// TitleBytes is how long a title may be in UTF-8.
	TitleBytes = 510

	paddedTitle = 512
	rounds      = 600_000 // PBKDF2; makes each guess of a code cost about as much as opening the page
)

// Code is an access code. It prints as nothing.
type Code [10]byte

// Seed is a host seed. It prints as nothing.
type Seed [32]byte

// String never shows the code.
func (Code) String() string { return "access code" }

// LogValue never shows the code.
func (Code) LogValue() slog.Value { return slog.StringValue("access code") }

// String never shows the seed.
func (Seed) String() string { return "host seed" }

// LogValue never shows the seed.
func (Seed) LogValue() slog.Value { return slog.StringValue("host seed") }

// HostKey is the Ed25519 key whose fingerprint is the meeting's address.
func (s Seed) HostKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(s[:]) }

// Meeting is the address that belongs to the seed.
func (s Seed) Meeting() ident.MeetingID {
	return ident.MeetingOf([32]byte(s.HostKey().Public().(ed25519.PublicKey)))
}

// KnockKey is the X25519 key to which names at the door are sealed.
func (s Seed) KnockKey() *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey(derive(s[:], s.Meeting(), "incamera/1 knock"))
	if err != nil {
		panic("seal: 32 bytes are an X25519 key: " + err.Error())
	}
	return key
}

// Keys are what the access code opens in one meeting.
type Keys struct {
	Meeting ident.MeetingID
	Root    [32]byte
}

// Keys derives the root of a code; slow on purpose.
func (c Code) Keys(meeting ident.MeetingID) Keys {
	salt := append([]byte("incamera/1 code"), meeting[:]...)
	root, err := pbkdf2.Key(sha256.New, string(c[:]), salt, rounds, 32)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return Keys{Meeting: meeting, Root: [32]byte(root)}
}

// String never shows the keys.
func (Keys) String() string { return "code keys" }

// LogValue never shows the keys.
func (Keys) LogValue() slog.Value { return slog.StringValue("code keys") }

// Entry signs the server's challenge, so that it can refuse whoever lacks the code without knowing it.
func (k Keys) Entry() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(derive(k.Root[:], k.Meeting, "incamera/1 entry"))
}

// PSK is the external pre-shared key of the MLS group; its id is the meeting id.
func (k Keys) PSK() []byte { return derive(k.Root[:], k.Meeting, "incamera/1 psk") }

func (k Keys) sealKey() []byte { return derive(k.Root[:], k.Meeting, "incamera/1 seal") }

// SealTitle hides a title from whoever lacks the code; its length does not show.
func (k Keys) SealTitle(title string) ([]byte, error) {
	nonce := make([]byte, 12)
	rand.Read(nonce)
	return k.sealTitle(title, nonce)
}

func (k Keys) sealTitle(title string, nonce []byte) ([]byte, error) {
	if len(title) > TitleBytes || !utf8.ValidString(title) {
		return nil, ErrTitle
	}
	padded := make([]byte, paddedTitle)
	binary.BigEndian.PutUint16(padded, uint16(len(title)))
	copy(padded[2:], title)
	return k.titleCipher().Seal(nonce, nonce, padded, k.titleData()), nil
}

// OpenTitle opens a sealed title.
func (k Keys) OpenTitle(sealed []byte) (string, error) {
	if len(sealed) != statement.SealedTitleLen {
		return "", ErrTitle
	}
	padded, err := k.titleCipher().Open(nil, sealed[:12], sealed[12:], k.titleData())
	if err != nil {
		return "", ErrTitle
	}
	n := int(binary.BigEndian.Uint16(padded))
	if n > TitleBytes || !utf8.Valid(padded[2:2+n]) {
		return "", ErrTitle
	}
	for _, b := range padded[2+n:] {
		if b != 0 {
			return "", ErrTitle
		}
	}
	return string(padded[2 : 2+n]), nil
}

func (k Keys) titleCipher() cipher.AEAD {
	block, err := aes.NewCipher(k.sealKey())
	if err != nil {
		panic("seal: 32 bytes are an AES key: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return aead
}

func (k Keys) titleData() []byte { return append([]byte("incamera/1 title"), k.Meeting[:]...) }

func derive(secret []byte, meeting ident.MeetingID, info string) []byte {
	key, err := hkdf.Key(sha256.New, secret, meeting[:], info, 32)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return key
}
