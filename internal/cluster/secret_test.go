package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheServerSecretIsMadeOnceAndPrivate(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	first, err := s.Secret()
	if err != nil || first == [32]byte{} {
		t.Fatalf("made %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, secretFile))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Errorf("the file is %v, %v", info, err)
	}
	closed(t, s)
	again, err := open(t, dir).Secret()
	if err != nil || again != first {
		t.Errorf("after a restart it is another, %v", err)
	}
}

func TestAServerSecretThatIsSpoiltStopsTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		mode os.FileMode
		says string
	}{
		"short":               {31, 0o600, "is not 32 bytes"},
		"long":                {33, 0o600, "is not 32 bytes"},
		"empty":               {0, 0o600, "is not 32 bytes"},
		"readable for others": {32, 0o644, "others can read"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, secretFile)
			if err := os.WriteFile(path, make([]byte, c.size), c.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := open(t, dir).Secret(); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("said %v", err)
			}
		})
	}
}
