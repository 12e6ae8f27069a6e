package wire

import (
	"reflect"

	"incamera/internal/fault"
)

// MaxBytesCreate bounds the body of a request that makes a meeting; a booking is under 2 KiB.
const MaxBytesCreate = 8 << 10

// NonceAnswer answers GET /api/nonce. Create tells whether the asker may make a meeting.
type NonceAnswer struct {
	Nonce  Bytes32 `json:"nonce"`
	Create bool    `json:"create"`
}

// CreateRequest is the body of POST /api/meetings.
type CreateRequest struct {
	HostKey Bytes32 `json:"hostKey"`
	Booking Bytes   `json:"booking" size:"1-4096"`
}

// CreateAnswer answers POST /api/meetings.
type CreateAnswer struct {
	ID      Meeting `json:"id"`
	Expires int64   `json:"expires"` // ms since 1970, unless a host comes before
}

// FaultAnswer is the body of every HTTP answer that says no.
type FaultAnswer struct {
	Code fault.Code `json:"code"`
	Text string     `json:"text"`
	Todo string     `json:"todo"`
}

// ParseCreate reads the body of POST /api/meetings as strictly as a message.
func ParseCreate(data []byte) (CreateRequest, error) {
	var r CreateRequest
	o, err := parse(data)
	if err == nil {
		err = fillStruct(reflect.ValueOf(&r).Elem(), o)
	}
	if err != nil {
		return CreateRequest{}, fault.New(fault.CreateBad).With(err)
	}
	return r, nil
}
