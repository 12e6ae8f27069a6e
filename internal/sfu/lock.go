package sfu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrLocked means that another server uses the same data folder.
var ErrLocked = errors.New("sfu: another server is running with this data folder")

// lockFile keeps a second server of the same data folder from sharing the port in silence and stealing packets.
// The lock ends with the process, however it ends.
type lockFile struct{ file *os.File }

func lock(dir string) (lockFile, error) {
	if dir == "" {
		return lockFile{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return lockFile{}, fmt.Errorf("sfu: data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "media.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return lockFile{}, fmt.Errorf("sfu: lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return lockFile{}, ErrLocked
		}
		return lockFile{}, fmt.Errorf("sfu: lock: %w", err)
	}
	return lockFile{f}, nil
}

func (l lockFile) release() {
	if l.file != nil {
		l.file.Close()
	}
}
