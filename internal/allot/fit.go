package allot

// none is nothing for every wish.
func none(wishes []wish) []int {
	rungs := make([]int, len(wishes))
	for i := range rungs {
		rungs[i] = -1
	}
	return rungs
}

// ceiling holds those that have something to it, and lets the others have what they like.
func ceiling(wishes []wish) []int {
	rungs := make([]int, len(wishes))
	for i, w := range wishes {
		rungs[i] = w.most
		if w.known {
			rungs[i] = w.have
		}
	}
	return rungs
}

// rate is what a rung of a wish takes.
func (w *wish) rate(rung int) Bitrate {
	if rung < 0 {
		return 0
	}
	return w.layers[rung].Rate
}

// cost is what rungs take in all.
func cost(wishes []wish, rungs []int) Bitrate {
	sum := Bitrate(0)
	for i := range wishes {
		sum += wishes[i].rate(rungs[i])
	}
	return sum
}

// more tells whether any wish gets a higher rung than before.
func more(before, after []int) bool {
	for i := range before {
		if after[i] > before[i] {
			return true
		}
	}
	return false
}

func part(b Bitrate, of float64) Bitrate { return Bitrate(float64(b) * of) }

// fit gives the wishes, most important first, rungs from floor to most within a budget: a screen all it can use, then
// everybody the least there is, then the active speaker all, then the rest a rung each in turn.
func fit(wishes []wish, floor, most []int, budget Bitrate) []int {
	got := append([]int(nil), floor...)
	left := budget - cost(wishes, got)
	raise := func(i int) bool { // by as little as there is
		w := &wishes[i]
		for next := got[i] + 1; next <= most[i]; next++ {
			if more := w.rate(next) - w.rate(got[i]); more <= left {
				got[i], left = next, left-more
				return true
			}
		}
		return false
	}
	fill := func(rank int) {
		for i := range wishes {
			for wishes[i].rank == rank && raise(i) {
			}
		}
	}
	fill(0)
	for i := range wishes {
		if got[i] < 0 {
			raise(i)
		}
	}
	fill(1)
	for again := true; again; {
		again = false
		for i := range wishes {
			again = raise(i) || again
		}
	}
	return got
}
