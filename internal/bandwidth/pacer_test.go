package bandwidth

import (
	"testing"

	"pgregory.net/rapid"
)

// burstOf counts how many packets of 1,200 bytes may leave at once.
func burstOf(p *Pacer, class Class, now int64) int {
	n := 0
	for n < 1000 && p.Take(class, 1200, now) {
		n++
	}
	return n
}

func TestAudioNeverWaits(t *testing.T) {
	var p Pacer
	if n := burstOf(&p, Audio, sec); n != 1000 {
		t.Errorf("%d packets before there was a rate", n)
	}
	p.Pace(1_000_000, sec)
	if p.Take(Video, 1200, sec) || p.Take(Resend, 1200, sec) || !p.Take(Audio, 120, sec) {
		t.Error("audio must leave, and the rest wait for its debt")
	}
	if !p.Take(Video, 1200, 2*sec) {
		t.Error("audio's debt holds video back for more than half a second")
	}
}

func TestRepairsGoBeforeVideo(t *testing.T) {
	var p Pacer
	p.Pace(1_000_000, sec)
	video, repairs := burstOf(&p, Video, sec), burstOf(&p, Resend, sec)
	if video != 6 || repairs != 5 {
		t.Errorf("%d packets of video, then %d repairs", video, repairs)
	}
}

// TestTheRateIsKept: with more to send than may leave, two and a half times the estimate leaves.
func TestTheRateIsKept(t *testing.T) {
	var p Pacer
	p.Pace(2_000_000, sec)
	bytes := 0
	for now := sec; now < 11*sec; now += 5 * ms {
		bytes += 1200 * burstOf(&p, Video, now)
	}
	if rate := bytes * 8 / 10; rate < 4_900_000 || rate > 5_100_000 {
		t.Errorf("%d bits a second", rate)
	}
}

func TestWaitIsLongEnoughAndNoLonger(t *testing.T) {
	var p Pacer
	p.Pace(500_000, sec)
	burstOf(&p, Video, sec)
	wait := p.Wait(Video, sec)
	early, late := p, p
	if wait <= 0 || early.Take(Video, 1200, sec+wait-ms) || !late.Take(Video, 1200, sec+wait) {
		t.Errorf("wait %d ms", wait/ms)
	}
}

func TestAProbeIsFilledAtItsRate(t *testing.T) {
	var p Pacer
	p.Pace(300_000, sec)
	probe := Probe{Rate: 2_000_000, Packets: 6, Bytes: 6250, Deadline: sec + 150*ms}
	p.Begin(probe, sec)
	bytes, packets, ended := 0, 0, int64(0)
	for now := sec; now < sec+200*ms; now += ms {
		for due := p.Due(now); due > 0; {
			size := min(due, probe.Bytes/probe.Packets)
			p.Take(Padding, size, now)
			bytes, packets, ended, due = bytes+size, packets+1, now, due-size
		}
	}
	if bytes < probe.Bytes || bytes > probe.Bytes+2400 || packets < probe.Packets || ended < sec+12*ms || ended > sec+35*ms {
		t.Errorf("%d bytes in %d packets within %d ms", bytes, packets, (ended-sec)/ms)
	}
}

func TestAProbeEndsAtItsDeadline(t *testing.T) {
	var p Pacer
	p.Begin(Probe{Rate: 1_000_000, Packets: 6, Bytes: 4000, Deadline: sec + 150*ms}, sec)
	if due := p.Due(sec + 151*ms); due != 0 {
		t.Errorf("%d bytes after the deadline", due)
	}
	if due := p.Due(sec + 100*ms); due != 0 {
		t.Errorf("%d bytes once it was over", due)
	}
}

// TestKeyFramesTakeTurns: a hundred receivers of a frame of 60 kB over 1 Gbit/s are spread, none waits beyond 100 ms.
func TestKeyFramesTakeTurns(t *testing.T) {
	var s Spread
	before := int64(0)
	for i := range 1000 {
		at := s.Turn(60_000, 1_000_000_000, sec)
		if at < before || at > sec+spreadMost {
			t.Fatalf("turn %d at %d us", i, (at-sec)/1000)
		}
		if want := sec + min(int64(i)*480_000, spreadMost); at != want {
			t.Fatalf("turn %d after %d us, want %d", i, (at-sec)/1000, (want-sec)/1000)
		}
		before = at
	}
	if at := s.Turn(60_000, 1_000_000_000, 2*sec); at != 2*sec {
		t.Error("a turn later is not at once")
	}
}

// TestPacerNeverExceeds walks at random: in any stretch of time video is at most the rate's share and one burst, and a
// wait that was told is enough.
func TestPacerNeverExceeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := Bitrate(rapid.IntRange(50_000, 20_000_000).Draw(t, "rate"))
		var p Pacer
		now, bytes := sec, int64(0)
		p.Pace(rate, now)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += rapid.Int64Range(0, 20*ms).Draw(t, "later")
			size := rapid.IntRange(1, 1400).Draw(t, "size")
			if p.Take(Video, size, now) {
				bytes += int64(size)
			} else if wait := p.Wait(Video, now); wait <= 0 {
				t.Fatalf("refused, and told to wait %d", wait)
			} else if rapid.Bool().Draw(t, "waits") {
				now += wait
				if !p.Take(Video, size, now) {
					t.Fatal("refused after the wait")
				}
				bytes += int64(size)
			}
			share := int64(paceFactor * float64(rate) / 8 * float64(now-sec+videoBurst) / 1e9)
			if bytes > max(share, int64(paceFactor*float64(rate)/8*float64(now-sec)/1e9)+leastBurst)+1400 {
				t.Fatalf("%d bytes in %d ms at %d", bytes, (now-sec)/ms, rate)
			}
		}
	})
}
