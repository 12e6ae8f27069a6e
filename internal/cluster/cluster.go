// Package cluster keeps what must outlive a restart, sealed, in an embedded NATS that no network
// reaches. It is the only importer of NATS. It is not for state of running meetings: that lives in
// the memory of its owner and is never written.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What a caller can expect to go wrong; everything else is a failing disk or a closed store.
var (
	ErrExists  = errors.New("cluster: the key exists already")
	ErrMissing = errors.New("cluster: no such key")
	ErrKey     = errors.New("cluster: a key is 1 to 64 letters, digits, - and _")
	ErrLarge   = errors.New("cluster: the value is too large")
)

const (
	bucket        = "bookings"
	maxValueBytes = 64 << 10 // a booking is under 2 KiB
	maxStoreBytes = 4 << 30  // 64 KiB for each of the most meetings there may be, and some
	readyLimit    = 10 * time.Second
)

var keyForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Store is a small map on disk, safe for use by many goroutines. One process at a time holds its folder.
type Store struct {
	lock   *os.File
	engine *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
	values jetstream.Stream
}

// Open takes the data folder dir, which is made if it is not there, and starts the engine in it. keyFile
// holds the sealing key and is made at the first start; without it, or with another, nothing opens.
func Open(ctx context.Context, dir, keyFile string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cluster: data folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	key, err := openKey(dir, keyFile)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s, err := start(ctx, filepath.Join(dir, engineFolder), key)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

// start runs the engine on folder; an empty key leaves the folder readable, which only tests want.
func start(ctx context.Context, folder, key string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("cluster: store folder: %w", err)
	}
	engine, err := server.NewServer(&server.Options{
		ServerName:             "incamera",
		DontListen:             true,
		NoLog:                  true,
		NoSigs:                 true,
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               folder,
		JetStreamKey:           key,
		JetStreamCipher:        server.AES,
		JetStreamMaxMemory:     1 << 20, // no stream lives in memory; the engine wants a number
		JetStreamMaxStore:      maxStoreBytes,
		SyncAlways:             true, // a booking that was answered survives a power cut
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: store: %w", err)
	}
	engine.Start()
	s := &Store{engine: engine}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context) error {
	limit := readyLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	if !s.engine.ReadyForConnections(limit) {
		return errors.New("cluster: the store did not start in time")
	}
	var err error
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.engine), nats.Name("incamera")); err != nil {
		return fmt.Errorf("cluster: store: %w", err)
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return fmt.Errorf("cluster: store: %w", err)
	}
	s.values, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:              bucket,
		Subjects:          []string{bucket + ".*"},
		MaxMsgsPerSubject: 1,
		MaxMsgSize:        maxValueBytes + 1<<10, // room for headers
		Storage:           jetstream.FileStorage,
		AllowMsgTTL:       true,
	})
	if err != nil {
		return fmt.Errorf("cluster: store cannot be opened with this key: %w", err)
	}
	return nil
}

// Create writes a value under a key that has none, else ErrExists. ttl is rounded up to whole seconds;
// zero keeps the value until it is deleted.
func (s *Store) Create(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := s.publish(ctx, key, value, ttl, jetstream.WithExpectLastSequencePerSubject(0))
	if refused, ok := errors.AsType[*jetstream.APIError](err); ok && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return ErrExists
	}
	return err
}

// Put writes a value in the place of any other; ttl is as for Create and starts anew. The old bytes stay
// on disk, sealed, until the engine compacts; Delete first where that matters.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.publish(ctx, key, value, ttl)
}

func (s *Store) publish(ctx context.Context, key string, value []byte, ttl time.Duration, opts ...jetstream.PublishOpt) error {
	if !keyForm.MatchString(key) {
		return ErrKey
	}
	if len(value) > maxValueBytes {
		return ErrLarge
	}
	if ttl > 0 {
		opts = append(opts, jetstream.WithMsgTTL((ttl + time.Second - 1).Truncate(time.Second)))
	}
	_, err := s.js.Publish(ctx, subject(key), value, opts...)
	return err
}

// Get gives the value, or ErrMissing.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	msg, err := s.last(ctx, key)
	if err != nil {
		return nil, err
	}
	return msg.Data, nil
}

// Delete overwrites the value on disk and forgets the key; no marker stays. ErrMissing if there is none.
func (s *Store) Delete(ctx context.Context, key string) error {
	msg, err := s.last(ctx, key)
	if err != nil {
		return err
	}
	err = s.values.SecureDeleteMsg(ctx, msg.Sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ErrMissing
	}
	return err
}

// Keys lists what there is, in no order.
func (s *Store) Keys(ctx context.Context) ([]string, error) {
	info, err := s.values.Info(ctx, jetstream.WithSubjectFilter(subject("*")))
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for name := range info.State.Subjects {
		keys = append(keys, name[len(bucket)+1:])
	}
	return keys, nil
}

// Close stops the engine and lets go of the folder when all of it has stopped.
func (s *Store) Close() error {
	if s.conn != nil {
		s.conn.Close()
	}
	s.engine.Shutdown()
	s.engine.WaitForShutdown()
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

func (s *Store) last(ctx context.Context, key string) (*jetstream.RawStreamMsg, error) {
	if !keyForm.MatchString(key) {
		return nil, ErrKey
	}
	msg, err := s.values.GetLastMsgForSubject(ctx, subject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, ErrMissing
	}
	return msg, err
}

func subject(key string) string { return bucket + "." + key }
