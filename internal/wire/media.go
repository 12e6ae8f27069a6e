package wire

// The one exchange of facts per join. No SDP travels: the browser sends what the server needs
// of its offer and builds the answer from a template with what the server says (protocol/README.md, Media).

// Roles of a media section, in the order in which the sections stand in the offer: microphone,
// camera, screen, screen audio, then for each slot its audio and its video.
const (
	RoleMicrophone  = "microphone"
	RoleCamera      = "camera"
	RoleScreen      = "screen"
	RoleScreenAudio = "screen-audio"
	RoleSlotAudio   = "slot-audio"
	RoleSlotVideo   = "slot-video"
)

// MediaOffer is the facts of a browser's offer.
type MediaOffer struct {
	Ufrag       string         `json:"ufrag"`       // ICE user fragment, 4 to 64 ice-chars (RFC 8445 5.3)
	Fingerprint string         `json:"fingerprint"` // SHA-256 of the DTLS certificate, 64 lower-case hex digits
	Codings     []MediaCoding  `json:"codings"`     // 1 to 16 distinct tables, referred to by index
	Sections    []MediaSection `json:"sections"`    // 1 to 128, in the offer's order; mids distinct
	Loopback    bool           `json:"loopback"`    // the page was loaded from a loopback address: offer loopback candidates too
}

// MediaCoding is what one or more sections of an offer have in common.
type MediaCoding struct {
	Kind       string           `json:"kind"`       // audio or video
	Codecs     []MediaCodec     `json:"codecs"`     // 1 to 32
	Extensions []MediaExtension `json:"extensions"` // at most 16
	Rids       []string         `json:"rids"`       // simulcast layers, at most 4, empty for one layer
}

// MediaCodec is one rtpmap of a section with its fmtp.
type MediaCodec struct {
	Name    string `json:"name"`    // opus, red, VP8, VP9, AV1, H264, rtx; others are left out of the facts
	Payload int    `json:"payload"` // 0 to 127, not 64 to 95 (RFC 5761 4); distinct in the coding
	Format  string `json:"format"`  // fmtp parameters, at most 256 printable characters
	Primary int    `json:"primary"` // rtx only: the payload type that it repairs; else -1
}

// MediaExtension is one header extension of a section.
type MediaExtension struct {
	URI string `json:"uri"`
	ID  int    `json:"id"` // 1 to 255 (RFC 8285 two-byte form)
}

// MediaSection is one m-section: what it is for and which coding it uses.
type MediaSection struct {
	Mid    string `json:"mid"` // 1 to 16 characters of a token
	Role   string `json:"role"`
	Coding int    `json:"coding"` // index into Codings
}

// MediaAnswer is the server's end: what the browser needs to build the answer.
type MediaAnswer struct {
	Ufrag       string           `json:"ufrag"`
	Password    string           `json:"password"`
	Fingerprint string           `json:"fingerprint"` // SHA-256 of the server's certificate, 64 lower-case hex digits
	Candidates  []MediaCandidate `json:"candidates"`  // 1 to 8
	Codings     []MediaAccept    `json:"codings"`     // one for each of the offer's codings
	Sections    []MediaSource    `json:"sections"`    // one for each of the offer's sections
}

// MediaCandidate is one address at which the server takes media.
type MediaCandidate struct {
	Address string `json:"address"` // IPv4 or IPv6 literal
	Port    int    `json:"port"`
}

// MediaAccept names the payload types and extension ids, out of one coding, that the server takes.
type MediaAccept struct {
	Payloads   []int `json:"payloads"`
	Extensions []int `json:"extensions"`
}

// MediaSource is the server's part of one section: the SSRCs of a slot, or zeros where the server only receives.
type MediaSource struct {
	Active bool   `json:"active"` // false: the section is rejected or not used yet (a=inactive)
	SSRC   uint32 `json:"ssrc"`
	RTX    uint32 `json:"rtx"` // repair stream of a slot's video (RFC 4588)
}
