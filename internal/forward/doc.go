// Package forward decides what happens to one packet of a source on its way to one receiver:
// whether it goes, and under which sequence number, timestamp and picture numbers, so that a
// receiver sees one unbroken stream while the sources behind its slot change. It also keeps
// the books of what arrived from a source.
//
// Of a video it chooses the layer: among streams of several sizes (Ladder), and among the sizes and rates within
// one (Pair.Limit), from what each packet says in clear of its frame (Scanner): the dependency descriptor of
// the AV1 RTP specification's appendix A, else the descriptor of VP8, VP9, AV1 or H264.
//
// It is pure: no goroutine, clock, network or log; time comes in as nanoseconds of the
// server's wall clock. It is not for codecs, keys or sockets, and it never sees a payload
// beyond its descriptor.
package forward
