package sfu

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"incamera/internal/ident"
	"incamera/internal/wire"
)

// person makes a participant id.
func person(n byte) ident.ParticipantID { return ident.ParticipantID{n, 1} }

// running starts a plane on an address of loopback and proves at the end that nothing of it is left.
func running(t *testing.T, address string) *Plane {
	t.Helper()
	p, err := Listen(Config{Listen: address})
	if err != nil {
		t.Skipf("no address %s here: %v", address, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Run did not return")
		}
		if h := p.Stats().Health; h != (Health{}) {
			t.Errorf("left alive: %+v", h)
		}
	})
	return p
}

// until waits for a condition, at most ten seconds.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.Now().Add(10 * time.Second)
	for !is() {
		if time.Now().After(limit) {
			t.Fatalf("never happened: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// browser is a stock pion peer with a microphone, a camera and pairs of slots.
type browser struct {
	t   *testing.T
	pc  *webrtc.PeerConnection
	mic *webrtc.TrackLocalStaticRTP
	cam *webrtc.TrackLocalStaticRTP

	mu   sync.Mutex
	got  map[string][]*rtp.Packet // by stream id, "a0" or "v0"
	keys int                      // requests for key frames
	drop func(*rtp.Packet) bool   // what the way down loses

	level uint8 // id of the level of sound in the offer
}

// lossy drops packets on their way into the client, before it could ask for them again.
type lossy struct {
	interceptor.NoOp
	c *browser
}

func (l *lossy) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *lossy) BindRemoteStream(_ *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, a, err := r.Read(b, a)
			if err != nil {
				return n, a, err
			}
			p := &rtp.Packet{}
			if p.Unmarshal(b[:n]) == nil && l.c.lose(p) {
				continue
			}
			return n, a, nil
		}
	})
}

func (c *browser) lose(p *rtp.Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drop != nil && c.drop(p)
}

func codec(mime string, clock uint32, channels uint16, fmtp string, payload uint8, fb ...webrtc.RTCPFeedback) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: clock, Channels: channels, SDPFmtpLine: fmtp, RTCPFeedback: fb},
		PayloadType:        webrtc.PayloadType(payload),
	}
}

func newBrowser(t *testing.T, pairs int) *browser {
	t.Helper()
	c := &browser{t: t, got: map[string][]*rtp.Packet{}}
	m := &webrtc.MediaEngine{}
	nack := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "transport-cc"}}
	check(t, m.RegisterCodec(codec(webrtc.MimeTypeOpus, 48000, 2, "minptime=10", 111, webrtc.RTCPFeedback{Type: "transport-cc"}), webrtc.RTPCodecTypeAudio))
	check(t, m.RegisterCodec(codec(webrtc.MimeTypeVP8, 90000, 0, "", 96, nack...), webrtc.RTPCodecTypeVideo))
	check(t, m.RegisterCodec(codec(webrtc.MimeTypeRTX, 90000, 0, "apt=96", 97), webrtc.RTPCodecTypeVideo))
	for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, u := range []string{uriMid, uriArrivals} {
			check(t, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: u}, k))
		}
	}
	check(t, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uriLevel}, webrtc.RTPCodecTypeAudio))
	r := &interceptor.Registry{}
	r.Add(&lossy{c: c}) // first: below the interceptor that asks for what is missing
	check(t, webrtc.ConfigureNack(m, r))
	check(t, webrtc.ConfigureRTCPReports(r))
	check(t, webrtc.ConfigureTWCCHeaderExtensionSender(m, r))
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(n string) bool { return n == "lo" })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	check(t, err)
	t.Cleanup(func() { pc.Close() })
	c.pc = pc
	c.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "a", "me")
	check(t, err)
	c.cam, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "me")
	check(t, err)
	for _, tr := range []*webrtc.TrackLocalStaticRTP{c.mic, c.cam} {
		x, err := pc.AddTransceiverFromTrack(tr, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		check(t, err)
		go c.listen(x.Sender())
	}
	for range pairs {
		for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			_, err := pc.AddTransceiverFromKind(k, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			check(t, err)
		}
	}
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.receive(tr) })
	return c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *browser) listen(s *webrtc.RTPSender) {
	for {
		ps, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range ps {
			if strings.Contains(fmt.Sprintf("%T", p), "PictureLoss") {
				c.mu.Lock()
				c.keys++
				c.mu.Unlock()
			}
		}
	}
}

func (c *browser) receive(tr *webrtc.TrackRemote) {
	for {
		p, _, err := tr.ReadRTP()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.got[tr.ID()] = append(c.got[tr.ID()], p)
		c.mu.Unlock()
	}
}

// packets gives what came on a slot, "a0" or "v0".
func (c *browser) packets(id string) []*rtp.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*rtp.Packet(nil), c.got[id]...)
}

func (c *browser) keyRequests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys
}

// offer makes the offer and its facts.
func (c *browser) offer() (wire.MediaOffer, *sdp.SessionDescription) {
	c.t.Helper()
	o, err := c.pc.CreateOffer(nil)
	check(c.t, err)
	check(c.t, c.pc.SetLocalDescription(o))
	d := &sdp.SessionDescription{}
	check(c.t, d.UnmarshalString(o.SDP))
	return factsOf(c.t, d), d
}

// join opens the connection with the given answer template.
func (c *browser) join(r *Room, who ident.ParticipantID) {
	c.t.Helper()
	facts, d := c.offer()
	for _, x := range facts.Codings[0].Extensions {
		if x.URI == uriLevel {
			c.level = uint8(x.ID)
		}
	}
	answer, err := r.Open(who, facts)
	check(c.t, err)
	c.accept(d, facts, answer)
	until(c.t, "connected", func() bool { return c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected })
}

func (c *browser) accept(d *sdp.SessionDescription, facts wire.MediaOffer, answer wire.MediaAnswer) {
	c.t.Helper()
	check(c.t, c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: template(d, facts, answer)}))
}

// factsOf reads the facts out of an offer, as the browser's code does.
func factsOf(t *testing.T, d *sdp.SessionDescription) wire.MediaOffer {
	t.Helper()
	o := wire.MediaOffer{Loopback: true}
	roles := []string{wire.RoleMicrophone, wire.RoleCamera}
	for i, m := range d.MediaDescriptions {
		role := ""
		switch {
		case i < len(roles):
			role = roles[i]
		case m.MediaName.Media == "audio":
			role = wire.RoleSlotAudio
		default:
			role = wire.RoleSlotVideo
		}
		mid, _ := m.Attribute("mid")
		if o.Ufrag == "" {
			o.Ufrag, _ = m.Attribute("ice-ufrag")
			fp, ok := m.Attribute("fingerprint")
			if !ok {
				fp, _ = d.Attribute("fingerprint")
			}
			o.Fingerprint = strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(fp, "sha-256 "), ":", ""))
		}
		o.Sections = append(o.Sections, wire.MediaSection{Mid: mid, Role: role, Coding: codingOf(t, &o, m)})
	}
	return o
}

func codingOf(t *testing.T, o *wire.MediaOffer, m *sdp.MediaDescription) int {
	t.Helper()
	c := wire.MediaCoding{Kind: m.MediaName.Media}
	for _, a := range m.Attributes {
		k, v, _ := strings.Cut(a.Value, " ")
		n, _ := strconv.Atoi(k)
		switch a.Key {
		case "rtpmap":
			name, _, _ := strings.Cut(v, "/")
			c.Codecs = append(c.Codecs, wire.MediaCodec{Name: name, Payload: n, Primary: -1})
		case "fmtp":
			for i := range c.Codecs {
				if c.Codecs[i].Payload == n {
					c.Codecs[i].Format = v
					if apt, ok := strings.CutPrefix(v, "apt="); ok {
						c.Codecs[i].Primary, _ = strconv.Atoi(apt)
					}
				}
			}
		case "extmap":
			c.Extensions = append(c.Extensions, wire.MediaExtension{URI: v, ID: n})
		}
	}
	for i := range o.Codings {
		if fmt.Sprint(o.Codings[i]) == fmt.Sprint(c) {
			return i
		}
	}
	o.Codings = append(o.Codings, c)
	return len(o.Codings) - 1
}

// template builds the answer out of the offer's facts and the server's, as the browser's code does.
func template(d *sdp.SessionDescription, o wire.MediaOffer, a wire.MediaAnswer) string {
	var b, mids strings.Builder
	raw, _ := hex.DecodeString(a.Fingerprint)
	fp := strings.ReplaceAll(fmt.Sprintf("% X", raw), " ", ":")
	for i, s := range o.Sections {
		mids.WriteString(" " + s.Mid)
		section(&b, d.MediaDescriptions[i].MediaName.Media, i, &o, &a)
	}
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE" + mids.String() +
		"\r\na=extmap-allow-mixed\r\na=ice-lite\r\na=ice-ufrag:" + a.Ufrag + "\r\na=ice-pwd:" + a.Password +
		"\r\na=fingerprint:sha-256 " + fp + "\r\na=setup:passive\r\n" + b.String()
}

func section(b *strings.Builder, kind string, i int, o *wire.MediaOffer, a *wire.MediaAnswer) {
	s, src := o.Sections[i], a.Sections[i]
	coding, taken := o.Codings[s.Coding], a.Codings[s.Coding]
	fmt.Fprintf(b, "m=%s 9 UDP/TLS/RTP/SAVPF", kind)
	for _, p := range taken.Payloads {
		fmt.Fprintf(b, " %d", p)
	}
	fmt.Fprintf(b, "\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", s.Mid)
	if i == 0 {
		for n, c := range a.Candidates {
			fmt.Fprintf(b, "a=candidate:%d 1 udp %d %s %d typ host\r\n", n+1, 2130706431-n, c.Address, c.Port)
		}
		b.WriteString("a=end-of-candidates\r\na=setup:passive\r\n")
	}
	for _, id := range taken.Extensions {
		for _, x := range coding.Extensions {
			if x.ID == id {
				fmt.Fprintf(b, "a=extmap:%d %s\r\n", id, x.URI)
			}
		}
	}
	for _, p := range taken.Payloads {
		for _, k := range coding.Codecs {
			switch {
			case k.Payload != p:
			case k.Name == "opus":
				fmt.Fprintf(b, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%d %s\r\na=rtcp-fb:%d transport-cc\r\n", p, p, k.Format, p)
			case k.Name == "rtx":
				fmt.Fprintf(b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d %s\r\n", p, p, k.Format)
			default:
				fmt.Fprintf(b, "a=rtpmap:%d %s/90000\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack pli\r\na=rtcp-fb:%d transport-cc\r\n", p, k.Name, p, p, p)
			}
		}
	}
	switch {
	case !src.Active:
		b.WriteString("a=inactive\r\n")
	case src.SSRC == 0:
		b.WriteString("a=recvonly\r\n")
	default:
		n := (i - 2) / 2
		fmt.Fprintf(b, "a=sendonly\r\na=msid:s%d %c%d\r\na=ssrc:%d cname:incamera\r\n", n, kind[0], n, src.SSRC)
		if src.RTX != 0 {
			fmt.Fprintf(b, "a=ssrc:%d cname:incamera\r\na=ssrc-group:FID %d %d\r\n", src.RTX, src.SSRC, src.RTX)
		}
	}
}

// film is a made-up camera and microphone: frames of two packets, key frames when asked for.
type film struct {
	c      *browser
	seq    uint16
	ts     uint32
	voice  uint16
	id     uint16
	served int
	mark   byte // tells whose film it is
}

// frame sends one frame of two packets and one of sound.
func (f *film) frame() {
	key := byte(1)
	if n := f.c.keyRequests(); n > f.served || f.id == 0 {
		f.served, key = n, 0
	}
	f.id++
	f.ts += 3000
	for i := range 2 {
		head := []byte{0x90, 0x80, 0x80 | byte(f.id>>8), byte(f.id), key, f.mark}
		if i == 1 {
			head[0] = 0x80
		}
		f.seq++
		p := &rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: f.seq, Timestamp: f.ts, Marker: i == 1},
			Payload: append(head, make([]byte, 800)...),
		}
		_ = f.c.cam.WriteRTP(p)
	}
	f.voice++
	sound := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: f.voice, Timestamp: uint32(f.voice) * 960},
		Payload: []byte{f.mark, 1, 2, 3, 4, 5, 6, 7},
	}
	_ = sound.SetExtension(f.c.level, []byte{f.mark | 0x80})
	_ = f.c.mic.WriteRTP(sound)
}

// roll films until the test ends.
func (f *film) roll() {
	done := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				f.frame()
			}
		}
	}()
	f.c.t.Cleanup(func() { close(done); <-over })
}
