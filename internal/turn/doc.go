// Package turn is the embedded relay (RFC 8656) for people whose network lets nothing through but a web
// connection: over UDP, TCP and TLS, the last two on the port of the page (Split). It relays to our own media
// addresses and to nothing else, so it is no proxy, and it is not for media: packets pass unread.
//
// One goroutine serves each UDP socket, each stream and each allocation; the tables are guarded by one
// mutex, an allocation's routes by its own. All of them end with Close.
package turn
