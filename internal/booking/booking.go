// Package booking holds meetings that are to come: who made them, with which public keys, until when. It sees the
// sealed title, never a code or a name. It is not for running meetings: those live in memory.
package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Store is what a desk needs of the place where records lie. Missing tells whether an error means that there is no
// such key, Taken that there is one already.
type Store interface {
	Create(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Get(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context) ([]string, error)
}

// Errors tells a desk what its store's errors mean.
type Errors struct{ Missing, Taken error }

// Record is a booked meeting: all that is kept of it before it starts.
type Record struct {
	HostKey   [32]byte  `json:"hostKey"`
	Statement []byte    `json:"statement"` // of kind booking, as the organiser signed it
	Entry     [32]byte  `json:"entry"`     // proves knowledge of the access code
	Expires   time.Time `json:"expires"`   // if nobody starts it
}

// Meeting is the address that belongs to the record.
func (r Record) Meeting() ident.MeetingID { return ident.MeetingOf(r.HostKey) }

// Desk books meetings. It is safe for use by many goroutines.
type Desk struct {
	store  Store
	means  Errors
	nonces *nonces
	life   time.Duration
	most   int
}

// NewDesk opens a desk over a store. A booking that is not started within life expires; at most most are kept.
func NewDesk(store Store, means Errors, life time.Duration, most int) *Desk {
	return &Desk{store: store, means: means, nonces: newNonces(), life: life, most: most}
}

// Nonce is what the organiser's next booking must carry; it is good once, for two minutes.
func (d *Desk) Nonce() [32]byte { return d.nonces.issue(time.Now()) }

// Make books a meeting from the organiser's signed statement. Faults: create_bad, create_busy, server_full.
func (d *Desk) Make(ctx context.Context, hostKey [32]byte, signed []byte) (Record, error) {
	record, err := d.read(hostKey, signed)
	if err != nil {
		return Record{}, fault.New(fault.CreateBad).With(err)
	}
	keys, err := d.store.Keys(ctx)
	if err != nil {
		return Record{}, fault.New(fault.Internal).With(err)
	}
	if len(keys) >= d.most {
		return Record{}, fault.New(fault.ServerFull)
	}
	value, err := json.Marshal(record)
	if err != nil {
		return Record{}, fault.New(fault.Internal).With(err)
	}
	switch err := d.store.Create(ctx, record.Meeting().Text(), value, d.life); {
	case errors.Is(err, d.means.Taken):
		return Record{}, fault.New(fault.CreateBusy)
	case err != nil:
		return Record{}, fault.New(fault.Internal).With(err)
	}
	return record, nil
}

func (d *Desk) read(hostKey [32]byte, signed []byte) (Record, error) {
	s, err := statement.Parse(signed)
	if err != nil {
		return Record{}, err
	}
	if s.Kind != statement.KindBooking || s.Signer != hostKey || !s.Verify(ident.MeetingOf(hostKey), statement.GroupID{}) {
		return Record{}, errors.New("booking: not signed by the host key")
	}
	body, err := statement.ParseBooking(s.Body)
	if err != nil {
		return Record{}, err
	}
	now := time.Now()
	if !d.nonces.spend(body.Nonce, now) {
		return Record{}, errors.New("booking: the nonce is not ours, too old or used")
	}
	return Record{HostKey: hostKey, Statement: signed, Entry: body.Entry, Expires: now.Add(d.life).UTC()}, nil
}

// Find gives the record of a meeting; the fault is meeting_unknown for one that is over as for one that never was.
func (d *Desk) Find(ctx context.Context, id ident.MeetingID) (Record, error) {
	value, err := d.store.Get(ctx, id.Text())
	if errors.Is(err, d.means.Missing) {
		return Record{}, fault.New(fault.MeetingUnknown)
	}
	if err != nil {
		return Record{}, fault.New(fault.Internal).With(err)
	}
	var record Record
	if err := json.Unmarshal(value, &record); err != nil || record.Meeting() != id {
		return Record{}, fault.New(fault.Internal).With(fmt.Errorf("booking: a record does not fit its key: %w", err))
	}
	return record, nil
}

// Start keeps the record of a meeting that a host has opened for as long as it may run.
func (d *Desk) Start(ctx context.Context, record Record, age time.Duration) error {
	value, err := json.Marshal(record)
	if err == nil {
		err = d.store.Put(ctx, record.Meeting().Text(), value, age)
	}
	if err != nil {
		return fault.New(fault.Internal).With(err)
	}
	return nil
}

// Strike forgets a meeting; to forget what is not there is no fault.
func (d *Desk) Strike(ctx context.Context, id ident.MeetingID) error {
	if err := d.store.Delete(ctx, id.Text()); err != nil && !errors.Is(err, d.means.Missing) {
		return fault.New(fault.Internal).With(err)
	}
	return nil
}
