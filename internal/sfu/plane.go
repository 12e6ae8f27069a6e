package sfu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"incamera/internal/ident"
	"incamera/internal/sfu/dtls"
	"incamera/internal/sfu/udp"
)

// DefaultListen is every address of both families.
const DefaultListen = ":7882"

// Config is what the plane needs to know.
type Config struct {
	Listen   string   // UDP address, default ":7882": all addresses of both families
	Announce []string // HOST[:PORT] offered instead of the interfaces' addresses (NAT, container)
	DataDir  string   // holds the lock file against a second server; empty: no lock
	Logger   *slog.Logger
}

// batchConn is a datagram socket that is read and written in batches: the kernel's, or a test's in memory.
type batchConn interface {
	ReadBatch(dst []udp.Datagram, deadline time.Time) (int, error)
	WriteBatch(messages []udp.Message) error
	LocalAddr() netip.AddrPort
	Close() error
}

// Plane is the media plane of one server. Its methods may be called from any goroutine.
type Plane struct {
	conn     batchConn
	announce announcer
	lock     lockFile
	shard    *shard
}

// Listen opens the port. The plane works once Run runs.
func Listen(cfg Config) (*Plane, error) {
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	locked, err := lock(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	conn, err := udp.Listen(cfg.Listen)
	if err != nil {
		locked.release()
		return nil, fmt.Errorf("sfu: %w", err)
	}
	p, err := newPlane(conn, cfg)
	if err != nil {
		conn.Close()
		locked.release()
		return nil, err
	}
	p.lock = locked
	return p, nil
}

func newPlane(conn batchConn, cfg Config) (*Plane, error) {
	announce, err := newAnnouncer(conn.LocalAddr(), cfg.Announce)
	if err != nil {
		return nil, err
	}
	identity, err := dtls.NewIdentity()
	if err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Plane{conn: conn, announce: announce, shard: newShard(conn, identity, log)}, nil
}

// Addr is the address bound to.
func (p *Plane) Addr() netip.AddrPort { return p.conn.LocalAddr() }

// Announced gives the addresses that browsers may be told now, those of this machine for pages from loopback included.
func (p *Plane) Announced() ([]netip.AddrPort, error) {
	list, err := p.announce.candidates(true)
	if err != nil {
		return nil, err
	}
	out := make([]netip.AddrPort, 0, len(list))
	for _, c := range list {
		ip, err := netip.ParseAddr(c.Address)
		if err != nil {
			return nil, fmt.Errorf("sfu: %w", err)
		}
		out = append(out, netip.AddrPortFrom(ip, uint16(c.Port)))
	}
	return out, nil
}

// Run works until ctx ends and returns when every goroutine of the plane has: all connections are
// closed, their keys and histories wiped, and the port is free. It is called once.
func (p *Plane) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.shard.begin(ctx)
	stop := context.AfterFunc(ctx, func() { p.conn.Close() })
	defer stop()
	err := p.shard.run()
	p.shard.end()
	p.conn.Close()
	p.lock.release()
	if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		return nil
	}
	return err
}

// Room makes the media room of one meeting.
func (p *Plane) Room() *Room {
	r := &Room{shard: p.shard, announce: p.announce, seats: map[ident.ParticipantID]*seat{}}
	p.shard.mu.Lock()
	p.shard.rooms[r] = struct{}{}
	p.shard.mu.Unlock()
	return r
}

// Stats are totals since the start, without ids, and Health.
type Stats struct {
	PacketsIn, BytesIn     uint64 // media and reports, authenticated
	PacketsOut, BytesOut   uint64 // media and repair
	Resent                 uint64 // of PacketsOut
	KeyFramesAsked         uint64
	SendCalls, Messages    uint64
	HandshakesFailed       uint64
	FingerprintsMismatched uint64 // of HandshakesFailed
	Dropped                Dropped
	Health                 Health
}

// Dropped counts what was not taken or not sent, by reason.
type Dropped struct {
	Forged, Replayed uint64 // packets that did not open
	Unknown          uint64 // datagrams of nobody, or of no kind
	Refused          uint64 // authentic packets that the offer did not announce, or that are malformed
	Flood            uint64 // packets and checks beyond a connection's budget
	Unanswered       uint64 // requests for packets, beyond the budget or the history
	Messages         uint64 // the socket's buffer stayed full, or the system refused them
}

// Health counts what is alive. After every room is closed all are zero.
type Health struct {
	Rooms, Links, Ready, Handshakes, Addresses, Streams, Slots int
}

// Stats takes the totals of now.
func (p *Plane) Stats() Stats { return p.shard.snapshot() }
