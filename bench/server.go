package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"incamera/internal/ident"
	"incamera/internal/sfu"
	"incamera/internal/wire"
)

// request is one line to the server.
type request struct {
	Open  *wire.MediaOffer      `json:"open,omitempty"`
	Who   ident.ParticipantID   `json:"who"`
	Route []ident.ParticipantID `json:"route,omitempty"`
	Trim  bool                  `json:"trim,omitempty"` // give memory back first, as the runtime does in time
}

// response is one line from the server.
type response struct {
	Fault   string            `json:"fault,omitempty"`
	Address string            `json:"address,omitempty"`
	Answer  *wire.MediaAnswer `json:"answer,omitempty"`
	Stats   sfu.Stats         `json:"stats"`
	Mallocs uint64            `json:"mallocs"`
}

// serve is the server's process: a plane on loopback, steered by lines on its standard input.
func serve(ctx context.Context, profile string) error {
	p, err := sfu.Listen(sfu.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	room := p.Room()
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var q request
		if in.Decode(&q) != nil { // the load has ended
			break
		}
		r := answer(p, room, q)
		if err := out.Encode(r); err != nil {
			break
		}
	}
	cancel()
	return <-done
}

func answer(p *sfu.Plane, room *sfu.Room, q request) response {
	r := response{Address: p.Addr().String()}
	switch {
	case q.Open != nil:
		a, err := room.Open(q.Who, *q.Open)
		if err != nil {
			r.Fault = err.Error()
		}
		r.Answer = &a
	case q.Route != nil:
		room.Route(q.Who, q.Route)
	case q.Trim:
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Stats, r.Mallocs = p.Stats(), m.Mallocs
	return r
}

// server is the load's hold on the server's process.
type server struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
	end func() error
}

func start(ctx context.Context, profile string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", "server", "-profile", profile)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end := func() error {
		stdin.Close()
		return cmd.Wait()
	}
	return &server{cmd, json.NewEncoder(stdin), json.NewDecoder(stdout), end}, nil
}

func (s *server) ask(q request) (response, error) {
	if err := s.in.Encode(q); err != nil {
		return response{}, err
	}
	var r response
	if err := s.out.Decode(&r); err != nil {
		return r, err
	}
	if r.Fault != "" {
		return r, fmt.Errorf("server: %s", r.Fault)
	}
	return r, nil
}
