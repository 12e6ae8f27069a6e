package forward

import (
	"reflect"
	"testing"
)

// TestSizesStayBounded holds what every receiver pays for each pair of slots, and every video for each remembered packet.
func TestSizesStayBounded(t *testing.T) {
	for _, row := range []struct {
		name      string
		size, max uintptr
	}{
		{"pair", reflect.TypeFor[Pair]().Size(), 640},
		{"packet", reflect.TypeFor[Packet]().Size(), 112},
		{"scanner", reflect.TypeFor[Scanner]().Size(), 4096},
		{"meter", reflect.TypeFor[Meter]().Size(), 1536},
	} {
		t.Logf("%s: %d bytes", row.name, row.size)
		if row.size > row.max {
			t.Errorf("%s: %d bytes, at most %d", row.name, row.size, row.max)
		}
	}
}
