// Package client is the other end of the media plane, bare: one socket, one check, one handshake, and packets
// sealed and opened. It is for load and for tests that need a hand on every packet; it has no
// jitter buffer, no codec and no repair.
package client

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"

	"incamera/internal/wire"
)

// Payload types and extension ids of the client's offers.
const (
	Opus     = 111
	VP8      = 96
	RTX      = 97
	Mid      = 4
	Arrivals = 5
	Level    = 6
)

// Limits of connecting.
const (
	answerTime = 200 * time.Millisecond
	maxChecks  = 25
	shakeTime  = 10 * time.Second
)

// Client is one bare peer. It is owned by one goroutine, but for Send and reading, which may go on side by side.
type Client struct {
	Conn   *net.UDPConn
	Ufrag  string
	offer  wire.MediaOffer
	answer wire.MediaAnswer
	cert   tls.Certificate
	out    *srtp.Context
	in     *srtp.Context
	// Profiles to offer in the handshake; nil: AES-128-GCM.
	Profiles []dtls.SRTPProtectionProfile
}

// New makes a client with a microphone, a camera and pairs of slots.
func New(pairs int) (*Client, error) {
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	sum := sha256.Sum256(cert.Certificate[0])
	c := &Client{cert: cert, Ufrag: hex.EncodeToString(sum[:4])}
	extensions := []wire.MediaExtension{
		{URI: "urn:ietf:params:rtp-hdrext:sdes:mid", ID: Mid},
		{URI: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", ID: Arrivals},
	}
	sound := append(slices.Clone(extensions), wire.MediaExtension{URI: "urn:ietf:params:rtp-hdrext:ssrc-audio-level", ID: Level})
	c.offer = wire.MediaOffer{
		Ufrag: c.Ufrag, Fingerprint: hex.EncodeToString(sum[:]), Loopback: true,
		Codings: []wire.MediaCoding{
			{Kind: "audio", Codecs: []wire.MediaCodec{{Name: "opus", Payload: Opus, Primary: -1}}, Extensions: sound},
			{Kind: "video", Codecs: []wire.MediaCodec{
				{Name: "VP8", Payload: VP8, Primary: -1}, {Name: "rtx", Payload: RTX, Primary: VP8},
			}, Extensions: extensions},
		},
		Sections: []wire.MediaSection{{Mid: "0", Role: wire.RoleMicrophone}, {Mid: "1", Role: wire.RoleCamera, Coding: 1}},
	}
	for i := range pairs {
		c.offer.Sections = append(c.offer.Sections,
			wire.MediaSection{Mid: fmt.Sprint(2 + 2*i), Role: wire.RoleSlotAudio},
			wire.MediaSection{Mid: fmt.Sprint(3 + 2*i), Role: wire.RoleSlotVideo, Coding: 1})
	}
	return c, nil
}

// Offer gives the facts to open the connection with.
func (c *Client) Offer() wire.MediaOffer { return c.offer }

// Slot gives the server's numbers of slot i: its sound's and its picture's.
func (c *Client) Slot(i int) (audio, video wire.MediaSource) {
	return c.answer.Sections[2+2*i], c.answer.Sections[3+2*i]
}

// Connect proves itself to one of the server's addresses and shakes hands.
func (c *Client) Connect(ctx context.Context, answer wire.MediaAnswer, to netip.AddrPort) error {
	c.answer = answer
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	c.Conn = conn
	if err := c.prove(); err != nil {
		return err
	}
	return c.shake(ctx)
}

// Check makes a connectivity check with the given attributes besides the credentials.
func (c *Client) Check(more ...stun.Setter) *stun.Message {
	set := []stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.answer.Ufrag + ":" + c.Ufrag)}
	set = append(set, more...)
	set = append(set, stun.MessageIntegrity(c.answer.Password), stun.Fingerprint)
	return stun.MustBuild(set...)
}

// Nominate and Controlling are the attributes of a check that settles the path.
var (
	Nominate    = stun.RawAttribute{Type: stun.AttrUseCandidate}
	Controlling = stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)}
)

// Consent sends a check and does not wait for the answer; it keeps the connection alive (RFC 7675).
func (c *Client) Consent() error {
	_, err := c.Conn.Write(c.Check(Controlling, Nominate).Raw)
	return err
}

func (c *Client) prove() error {
	b := make([]byte, 1500)
	for range maxChecks {
		if err := c.Consent(); err != nil {
			return fmt.Errorf("client: %w", err)
		}
		c.Conn.SetReadDeadline(time.Now().Add(answerTime))
		n, err := c.Conn.Read(b)
		if err != nil {
			continue
		}
		if stun.IsMessage(b[:n]) {
			c.Conn.SetReadDeadline(time.Time{})
			return nil
		}
	}
	return errors.New("client: no answer to checks")
}

func (c *Client) shake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shakeTime)
	defer cancel()
	profiles := c.Profiles
	if profiles == nil {
		profiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM}
	}
	p := newPipe(c.Conn)
	conn, err := dtls.ClientWithOptions(p, c.Conn.RemoteAddr(),
		dtls.WithCertificates(c.cert), dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(profiles...),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret))
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	if err == nil {
		err = c.keys(conn)
	}
	p.mute()
	if conn != nil {
		conn.Close()
	}
	p.stop()
	if err != nil {
		return fmt.Errorf("client: handshake: %w", err)
	}
	return nil
}

func (c *Client) keys(conn *dtls.Conn) error {
	state, _ := conn.ConnectionState()
	profile, _ := conn.SelectedSRTPProtectionProfile()
	k := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := k.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	var err error
	if c.out, err = srtp.CreateContext(k.Keys.LocalMasterKey, k.Keys.LocalMasterSalt, k.Profile); err != nil {
		return err
	}
	c.in, err = srtp.CreateContext(k.Keys.RemoteMasterKey, k.Keys.RemoteMasterSalt, k.Profile, srtp.SRTPReplayProtection(1024))
	return err
}

// Seal protects a media packet.
func (c *Client) Seal(p *rtp.Packet) ([]byte, error) {
	raw, err := p.Marshal()
	if err != nil {
		return nil, err
	}
	return c.out.EncryptRTP(nil, raw, nil)
}

// Send seals and sends a media packet.
func (c *Client) Send(p *rtp.Packet) error {
	b, err := c.Seal(p)
	if err == nil {
		_, err = c.Conn.Write(b)
	}
	return err
}

// SendReports seals and sends a compound of reports.
func (c *Client) SendReports(plain []byte) error {
	b, err := c.out.EncryptRTCP(nil, plain, nil)
	if err == nil {
		_, err = c.Conn.Write(b)
	}
	return err
}

// Open opens a received media packet.
func (c *Client) Open(b []byte) (*rtp.Packet, error) {
	plain, err := c.in.DecryptRTP(nil, b, nil)
	if err != nil {
		return nil, err
	}
	p := &rtp.Packet{}
	return p, p.Unmarshal(plain)
}

// OpenReports opens a received compound of reports.
func (c *Client) OpenReports(b []byte) ([]byte, error) { return c.in.DecryptRTCP(nil, b, nil) }

// IsMedia tells a received media packet from reports, checks and records.
func IsMedia(b []byte) bool {
	return len(b) > 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223)
}
