package forward

// Codec is how a video is packed.
type Codec uint8

// The codecs that a slot passes on.
const (
	VP8 Codec = iota
	VP9
	AV1
	H264
)

// Scanner reads what the packets of one video say in clear of themselves: from the dependency descriptor, where
// there is one, else from the codec's own. One goroutine owns it; it takes no memory but its own.
type Scanner struct {
	codec       Codec
	descriptors descriptors
	ids         unroller
	sizes       uint8 // spatial layers of VP9, since the last key frame
}

// NewScanner is for a video of one SSRC.
func NewScanner(c Codec) Scanner { return Scanner{codec: c, sizes: 1} }

// Read fills in a packet's Picture, Frame and Enters; its Index has to be there. The payload is the packet's own
// without padding, descriptor the content of its header extension, nil if there is none. False: the payload is cut
// short and the packet is to be refused.
func (s *Scanner) Read(p *Packet, payload, descriptor []byte) bool {
	p.Frame, p.Picture, p.Enters = Frame{}, Picture{}, false
	ok := true
	switch s.codec {
	case VP8:
		ok = s.readVP8(p, payload)
	case VP9:
		ok = s.readVP9(p, payload)
	case AV1:
		p.Frame.Key = av1Key(payload)
	case H264:
		p.Frame.Key = h264Key(payload)
	}
	if !ok {
		return false
	}
	var f Frame
	if s.descriptors.read(p.Index, descriptor, &f) {
		f.dense = s.codec == VP8 && p.Picture.IDAt != 0
		p.Frame = f
	}
	p.Enters = p.Frame.Key
	return true
}

func (s *Scanner) readVP8(p *Packet, payload []byte) bool {
	picture, ok := ParseVP8(payload)
	if !ok {
		return false
	}
	p.Picture = picture
	f := &p.Frame
	f.Key, f.Begins = picture.Key(payload), picture.Begins
	rate, sync, ok := vp8Rate(payload)
	if !ok || picture.IDAt == 0 {
		return true
	}
	*f = Frame{
		Order: s.ids.take(picture.ID, picture.idBits()), Layer: Layer{0, rate}, active: grid(Layer{0, MaxTemporal}),
		Layered: true, Begins: f.Begins, Key: f.Key, loose: true, dense: true,
	}
	for c := cell(rate); c <= MaxTemporal; c++ {
		f.is.set(c, required)
		if f.Key || sync && c == cell(rate) {
			f.is.set(c, enterable)
		}
	}
	return true
}

func (s *Scanner) readVP9(p *Packet, payload []byte) bool {
	v, ok := parseVP9(payload)
	if !ok {
		return false
	}
	p.Picture = v.picture
	p.Frame.Key, p.Frame.Begins, p.Frame.Ends = v.key(), v.begins, v.ends
	if v.picture.IDAt == 0 || !v.layered {
		return true
	}
	if v.key() {
		s.sizes = 1
	}
	s.sizes = max(s.sizes, v.sizes, v.layer.Spatial+1)
	v.frame(s.ids.take(v.picture.ID, v.picture.idBits()), s.sizes, &p.Frame)
	return true
}
