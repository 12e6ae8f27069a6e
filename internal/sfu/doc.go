// Package sfu is the media plane: the server's own end of WebRTC connections. It opens what people
// send (transport encryption only; what they say stays sealed end to end), and passes it on to
// those whose slots show them. One goroutine per shard reads, forwards and keeps time; a
// connection costs no goroutine once its handshake is over.
//
// It is not for deciding who may see whom: the meeting does, and says so with Route. It never
// reads a payload beyond a codec's descriptor and VP8's first clear byte.
package sfu
