package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const secretFile = "server.secret"

// Secret gives the 32 random bytes from which the keys of this server's meetings are made. They are made at the first start.
func (s *Store) Secret() (secret [32]byte, err error) {
	path := filepath.Join(filepath.Dir(s.lock.Name()), secretFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		rand.Read(secret[:]) // never fails
		return secret, writeNew(path, secret[:])
	}
	if err != nil {
		return secret, fmt.Errorf("cluster: server secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return secret, fmt.Errorf("cluster: others can read the server secret %s: chmod 600 it", path)
	}
	if info.Size() != int64(len(secret)) {
		return secret, fmt.Errorf("cluster: the server secret %s is not %d bytes: bring it back from the backup of the folder, or delete it when no meeting runs", path, len(secret))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return secret, fmt.Errorf("cluster: server secret: %w", err)
	}
	copy(secret[:], text)
	return secret, nil
}
