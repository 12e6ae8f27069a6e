// Package node is one running server: it builds the parts, starts them, and stops them in order. It is
// the only room that knows all others; nothing but commands and tests imports it.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"incamera/internal/booking"
	"incamera/internal/cluster"
	"incamera/internal/config"
	"incamera/internal/gate"
	"incamera/internal/lobby"
	"incamera/internal/meeting"
	"incamera/internal/sfu"
)

// farewell is how long people's pages have to hear that the server closes down.
const farewell = 2 * time.Second

// Node is one server, built and listening; Run makes it work.
type Node struct {
	store     *cluster.Store
	plane     *sfu.Plane
	relay     *relay // nil without one
	live      *gate.Live
	signal    *gate.Signal
	server    *http.Server
	listeners []net.Listener
	cfg       config.Config
}

// Run serves with cfg until ctx ends and returns when every part has stopped. What an operator should
// know goes to out.
func Run(ctx context.Context, cfg config.Config, out io.Writer) error {
	n, err := Open(ctx, cfg, out)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "In Camera is ready: %s\n", n.URL()); err != nil {
		return errors.Join(err, n.close())
	}
	return n.Run(ctx)
}

// Open builds all parts and takes their ports. After a fault nothing is left open.
func Open(ctx context.Context, cfg config.Config, out io.Writer) (n *Node, err error) {
	n = &Node{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	log := slog.New(slog.NewTextHandler(out, nil))
	if n.store, err = cluster.Open(ctx, cfg.Data, cfg.StoreKeyFile); err != nil {
		return n, err
	}
	if n.plane, err = sfu.Listen(sfu.Config{Listen: cfg.Media, Announce: cfg.MediaAddress, DataDir: cfg.Data, Logger: log}); err != nil {
		return n, err
	}
	if cfg.Relay {
		if n.relay, err = newRelay(n.URL(), n.plane, log); err != nil {
			return n, err
		}
	}
	token := ""
	if cfg.Create == config.CreateToken {
		if token, err = gate.ReadToken(cfg.Data); err != nil {
			return n, err
		}
	}
	secret, err := n.store.Secret()
	if err != nil {
		return n, err
	}
	means := booking.Errors{Missing: cluster.ErrMissing, Taken: cluster.ErrExists}
	desk := booking.NewDesk(n.store, means, cfg.BookingLife, cfg.MaxMeetings)
	limits := lobby.Limits{Members: cfg.MaxMembers, Knocks: cfg.MaxKnocks, MaxAge: cfg.MaxAge}
	n.live = gate.NewLive(desk, limits, secret, n.rooms(), log)
	n.signal = gate.NewSignal(n.live)
	door, err := gate.New(cfg, token, desk, n.signal)
	if err != nil {
		return n, err
	}
	n.server = gate.Server(door.Handler())
	var cert *tls.Certificate
	if cfg.TLSCertificate != "" {
		loaded, err := tls.LoadX509KeyPair(cfg.TLSCertificate, cfg.TLSKey)
		if err != nil {
			return n, fmt.Errorf("certificate: %w", err)
		}
		cert = &loaded
	}
	n.listeners, err = gate.Listen(cfg.HTTPAddresses(), cert)
	return n, err
}

// rooms makes what each meeting has of the media plane and the relay.
func (n *Node) rooms() gate.Rooms {
	plane := n.plane
	rooms := gate.Rooms{Media: func() meeting.Media { return plane.Room() }}
	if n.relay != nil {
		rooms.Relay = n.relay.room
	}
	return rooms
}

// URL is where people go.
func (n *Node) URL() string {
	if n.cfg.PublicURL != "" {
		return n.cfg.PublicURL
	}
	scheme := "http://"
	if n.cfg.TLSCertificate != "" {
		scheme = "https://"
	}
	_, port, err := net.SplitHostPort(n.cfg.Listen)
	if err != nil {
		return scheme + n.cfg.Listen
	}
	return scheme + net.JoinHostPort("localhost", port)
}

// Run works until ctx ends or a part fails. Then everybody is told, and the parts stop from the door inwards.
func (n *Node) Run(ctx context.Context) error {
	planeCtx, stopPlane := context.WithCancel(context.Background())
	defer stopPlane()
	parts := make(chan error, 2*len(n.listeners)+1)
	for _, l := range n.listeners {
		n.serve(l, parts)
	}
	planeDone := make(chan struct{})
	go func() {
		defer close(planeDone)
		parts <- n.plane.Run(planeCtx)
	}()
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-parts:
	}
	last, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	n.live.Stop()
	n.signal.Close(last)
	err := errors.Join(gate.Close(last, n.server), n.closeRelay())
	stopPlane()
	<-planeDone
	n.plane = nil // Run has closed it
	return errors.Join(failed, err, n.close())
}

// serve answers what comes to a listener: the page, and the relay on the same port.
func (n *Node) serve(l net.Listener, parts chan<- error) {
	if n.relay != nil {
		page, relayed := n.relay.server.Split(l)
		go func() { parts <- n.relay.server.ServeListener(relayed) }()
		l = page
	}
	go func() { parts <- serveHTTP(n.server, l) }()
}

// closeRelay ends what is relayed. It is called after the web server was shut down, which has the other half of the listeners.
func (n *Node) closeRelay() error {
	if n.relay == nil || n.relay.server == nil {
		return nil
	}
	return n.relay.server.Close()
}

func serveHTTP(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// close lets go of what Open took and Run has not closed.
func (n *Node) close() error {
	var faults []error
	for _, l := range n.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	faults = append(faults, n.closeRelay())
	if n.plane != nil {
		stopped, stop := context.WithCancel(context.Background())
		stop()
		faults = append(faults, n.plane.Run(stopped))
	}
	if n.store != nil {
		faults = append(faults, n.store.Close())
	}
	return errors.Join(faults...)
}
