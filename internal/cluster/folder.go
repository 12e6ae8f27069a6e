package cluster

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	lockFile     = "lock"
	checkFile    = "store.check" // a keyed hash, by which a wrong key is known before the store is touched
	engineFolder = "nats"
	keyBytes     = 32
)

// lockFolder holds the folder until the file is closed or the process ends.
func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cluster: data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("cluster: another incamera uses the data folder %s: stop it or choose another folder", dir)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// openKey gives the sealing key as the engine wants it, made at the first start. A missing or other key
// on a folder that has a store is refused.
func openKey(dir, keyFile string) (string, error) {
	if rel, err := filepath.Rel(filepath.Join(dir, engineFolder), keyFile); err == nil && filepath.IsLocal(rel) {
		return "", fmt.Errorf("cluster: the store key %s lies inside the store that it seals: move it out", keyFile)
	}
	wanted, err := os.ReadFile(filepath.Join(dir, checkFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return "", fmt.Errorf("cluster: data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, engineFolder)); fresh && err == nil {
		return "", fmt.Errorf("cluster: %s has a store but no %s: restore it from the backup of the folder", dir, checkFile)
	}
	key, err := readKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return "", fmt.Errorf("cluster: the store key %s is missing: bring it back, or start with an empty data folder", keyFile)
		}
		key, err = makeKey(keyFile)
	}
	if err != nil {
		return "", err
	}
	check := checkOf(key)
	if fresh {
		return hex.EncodeToString(key), writeNew(filepath.Join(dir, checkFile), check)
	}
	if !hmac.Equal(bytes.TrimSpace(wanted), bytes.TrimSpace(check)) {
		return "", fmt.Errorf("cluster: the store key %s is not the one that sealed %s: nothing was opened or changed", keyFile, dir)
	}
	return hex.EncodeToString(key), nil
}

func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cluster: store key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("cluster: others can read the store key %s: chmod 600 it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cluster: store key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("cluster: the store key %s is not %d hexadecimal digits", path, 2*keyBytes)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	return key, writeNew(path, []byte(hex.EncodeToString(key)+"\n"))
}

func checkOf(key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("incamera/1 store check"))
	return []byte(hex.EncodeToString(mac.Sum(nil)) + "\n")
}

// writeNew writes a small private file that does not exist yet, and waits until the disk has it.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("cluster: writing %s: %w", path, err)
	}
	return nil
}
