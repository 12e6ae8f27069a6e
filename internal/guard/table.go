package guard

import (
	"container/list"
	"time"
)

// table keeps values for Forget after each was last put, in a bounded number. Full means: the one that was put
// longest ago goes.
type table[K comparable, V any] struct {
	most int
	rows map[K]*list.Element
	age  *list.List // of *row, the newest in front
}

type row[K comparable, V any] struct {
	key   K
	value V
	put   time.Time
}

func newTable[K comparable, V any](most int) *table[K, V] {
	return &table[K, V]{most: most, rows: map[K]*list.Element{}, age: list.New()}
}

// get gives a value, or the zero value if there is none that stands.
func (t *table[K, V]) get(key K, now time.Time) V {
	if e := t.rows[key]; e != nil {
		if r := e.Value.(*row[K, V]); now.Sub(r.put) < Forget {
			return r.value
		}
	}
	var none V
	return none
}

// put keeps a value and lets go of those whose time has come.
func (t *table[K, V]) put(key K, value V, now time.Time) {
	if e := t.rows[key]; e != nil {
		e.Value = &row[K, V]{key, value, now}
		t.age.MoveToFront(e)
	} else {
		t.rows[key] = t.age.PushFront(&row[K, V]{key, value, now})
	}
	for e := t.age.Back(); e != nil; e = t.age.Back() {
		r := e.Value.(*row[K, V])
		if len(t.rows) <= t.most && now.Sub(r.put) < Forget {
			return
		}
		t.age.Remove(e)
		delete(t.rows, r.key)
	}
}
