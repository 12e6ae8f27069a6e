package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const canary = "canary-5f1c9a-in-the-coal-mine"

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, filepath.Join(dir, "store.key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, s) })
	return s
}

// closed may be called twice on one store, as the engine's own Shutdown may.
func closed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// holders are the files under dir with any of the needles in them or in their names.
func holders(t *testing.T, dir string, needles ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, needle := range needles {
			if bytes.Contains(text, []byte(needle)) || strings.Contains(path, needle) {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestValuesAreCreatedOnceReadReplacedAndDeleted(t *testing.T) {
	ctx, s := t.Context(), open(t, t.TempDir())
	if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrMissing) {
		t.Errorf("Get of nothing: %v", err)
	}
	if err := s.Create(ctx, "a", []byte("one"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, "a", []byte("two"), time.Hour); !errors.Is(err, ErrExists) {
		t.Errorf("Create on a live key: %v", err)
	}
	if err := s.Put(ctx, "a", []byte("three"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(ctx, "a"); err != nil || string(got) != "three" {
		t.Errorf("Get: %q, %v", got, err)
	}
	if err := s.Create(ctx, "b", nil, 0); err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(ctx)
	if slices.Sort(keys); err != nil || !slices.Equal(keys, []string{"a", "b"}) {
		t.Errorf("Keys: %v, %v", keys, err)
	}
	if err := errors.Join(s.Delete(ctx, "a"), s.Delete(ctx, "b")); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "a"); !errors.Is(err, ErrMissing) {
		t.Errorf("Delete of nothing: %v", err)
	}
	if keys, err := s.Keys(ctx); err != nil || len(keys) != 0 {
		t.Errorf("after Delete: %v, %v", keys, err)
	}
	if err := s.Create(ctx, "a", []byte("four"), 0); err != nil {
		t.Errorf("Create after Delete: %v", err)
	}
}

func TestKeysAndSizesAreBounded(t *testing.T) {
	ctx, s := t.Context(), open(t, t.TempDir())
	for _, key := range []string{"", "a.b", "*", ">", "a b", "é", strings.Repeat("a", 65)} {
		_, err := s.Get(ctx, key)
		if created := s.Create(ctx, key, nil, 0); !errors.Is(created, ErrKey) || !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v, %v", key, created, err)
		}
	}
	if err := s.Create(ctx, "a", make([]byte, maxValueBytes+1), 0); !errors.Is(err, ErrLarge) {
		t.Errorf("a byte too much: %v", err)
	}
	if err := s.Create(ctx, "a", make([]byte, maxValueBytes), 0); err != nil {
		t.Errorf("the largest value: %v", err)
	}
}

func TestValuesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Create(t.Context(), "a", []byte("kept"), time.Hour); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	began := time.Now()
	s = open(t, dir)
	t.Logf("opened again in %v", time.Since(began))
	if got, err := s.Get(t.Context(), "a"); err != nil || string(got) != "kept" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
}

func TestValuesExpire(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, key := range []string{"a", "b"} {
		if err := s.Create(t.Context(), key, []byte("short"), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(s *Store, key string) {
		t.Helper()
		// The engine counts real seconds in goroutines of its own, out of a bubble's reach.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if _, err := s.Get(ctx, key); errors.Is(err, ErrMissing) {
				return
			} else if err != nil {
				t.Fatalf("%s did not expire: %v", key, err)
			}
			<-tick.C
		}
	}
	gone(s, "a")
	closed(t, s)
	gone(open(t, dir), "b")
}

func TestNothingReadableReachesTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Create(t.Context(), canary, []byte("value "+canary), time.Hour); err != nil {
		t.Fatal(err)
	}
	if found := holders(t, dir, canary); len(found) > 0 {
		t.Errorf("while open, the canary is in %v", found)
	}
	closed(t, s)
	if found := holders(t, dir, canary); len(found) > 0 {
		t.Errorf("when closed, the canary is in %v", found)
	}
	key, err := os.ReadFile(filepath.Join(dir, "store.key"))
	if err != nil {
		t.Fatal(err)
	}
	if found := holders(t, filepath.Join(dir, engineFolder), strings.TrimSpace(string(key))); len(found) > 0 {
		t.Errorf("the store's own key is in %v", found)
	}
	// The search itself is tried on a store without a key.
	bare := t.TempDir()
	s, err = start(t.Context(), bare, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "a", []byte(canary), 0); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if found := holders(t, bare, canary); len(found) == 0 {
		t.Error("the search finds nothing in a store without encryption")
	}
}

func TestDeletedValuesAreOverwritten(t *testing.T) {
	bare := t.TempDir() // without encryption, to see what stays
	s, err := start(t.Context(), bare, "")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	if err := s.Create(t.Context(), "a", []byte(canary), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "b", []byte("other"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if found := holders(t, bare, canary); len(found) > 0 {
		t.Errorf("a deleted value is in %v", found)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := Open(t.Context(), dir, filepath.Join(dir, "store.key")); err == nil || !strings.Contains(err.Error(), "another incamera") {
		t.Errorf("a second store on one folder: %v", err)
	}
	closed(t, s)
	closed(t, open(t, dir))
}

func TestKeyFaultsChangeNothing(t *testing.T) {
	key := func(digit string) []byte { return []byte(strings.Repeat(digit, 64)) }
	for name, row := range map[string]struct {
		spoil func(dir, keyFile string) error
		says  string
	}{
		"another key": {func(_, k string) error { return os.WriteFile(k, key("0"), 0o600) }, "is not the one that sealed"},
		"no key":      {func(_, k string) error { return os.Remove(k) }, "is missing"},
		"half a key":  {func(_, k string) error { return os.Truncate(k, 32) }, "64 hexadecimal digits"},
		"open to all": {func(_, k string) error { return os.Chmod(k, 0o644) }, "chmod 600"},
		"no check":    {func(d, _ string) error { return os.Remove(filepath.Join(d, checkFile)) }, "has a store but no"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			keyFile := filepath.Join(dir, "store.key")
			s := open(t, dir)
			if err := s.Create(t.Context(), "a", []byte("kept"), 0); err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			right, err := os.ReadFile(keyFile)
			if err != nil {
				t.Fatal(err)
			}
			check, err := os.ReadFile(filepath.Join(dir, checkFile))
			if err := errors.Join(err, row.spoil(dir, keyFile)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), dir, keyFile); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Fatalf("opened with %v", err)
			}
			if err := errors.Join(os.WriteFile(keyFile, right, 0o600), os.Chmod(keyFile, 0o600),
				os.WriteFile(filepath.Join(dir, checkFile), check, 0o600)); err != nil {
				t.Fatal(err)
			}
			if got, err := open(t, dir).Get(t.Context(), "a"); err != nil || string(got) != "kept" {
				t.Errorf("with the right key again: %q, %v", got, err)
			}
		})
	}
}

func TestKeyLiesOutsideTheStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), dir, filepath.Join(dir, engineFolder, "key")); err == nil {
		t.Error("a key inside the store was taken")
	}
	s := open(t, dir)
	defer closed(t, s)
	info, err := os.Stat(filepath.Join(dir, "store.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key made at the first start: %v, %v", info, err)
	}
}

// TestTheEngineRefusesAnotherKey is the second lock: should the check ever be lost, nothing is read either.
func TestTheEngineRefusesAnotherKey(t *testing.T) {
	dir := t.TempDir()
	s, err := start(t.Context(), dir, strings.Repeat("a", 64))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "a", []byte(canary), 0); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if s, err = start(t.Context(), dir, strings.Repeat("b", 64)); err != nil {
		return
	}
	defer closed(t, s)
	if got, err := s.Get(t.Context(), "a"); err == nil {
		t.Errorf("another key read %q", got)
	}
}

func TestManyCreatorsOneWinner(t *testing.T) {
	s := open(t, t.TempDir())
	results := make(chan error)
	for i := range 8 {
		go func() { results <- s.Create(t.Context(), "a", fmt.Append(nil, i), 0) }()
	}
	wins := 0
	for range 8 {
		if err := <-results; err == nil {
			wins++
		} else if !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	if wins != 1 {
		t.Errorf("%d of 8 created the same key", wins)
	}
}
