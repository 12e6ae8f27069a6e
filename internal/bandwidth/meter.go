package bandwidth

import "time"

// The meter's window, in parts.
const (
	meterPart  = int64(50 * time.Millisecond)
	meterParts = 10
)

// meter measures what arrives, by the receiver's clock. The zero value is ready.
type meter struct {
	parts  [meterParts]int32 // bytes
	part   int64             // the newest
	filled int               // parts that are over, at most meterParts-1
}

// take notes bytes that came; those from before the window, or before zero, are ignored. Its clock going back begins anew.
func (m *meter) take(at int64, size int) {
	if at < 0 {
		return
	}
	part := at / meterPart
	if m.part == 0 || part < m.part-10*meterParts || part > m.part+10*meterParts {
		*m = meter{part: part}
	}
	for ; m.part < part; m.part++ {
		m.parts[(m.part+1)%meterParts] = 0
		m.filled = min(m.filled+1, meterParts-1)
	}
	if part > m.part-meterParts {
		m.parts[part%meterParts] += int32(size)
	}
}

// rate is in bits a second, over the parts that are over; 0 until half the window is.
func (m *meter) rate() float64 {
	if m.filled < meterParts/2 {
		return 0
	}
	var sum int64
	for i := 1; i <= m.filled; i++ {
		sum += int64(m.parts[(m.part-int64(i)+meterParts)%meterParts])
	}
	return float64(sum) * 8 / (float64(int64(m.filled)*meterPart) / 1e9)
}
