package gate

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// TokenFile is the name, in the data folder, of the secret that Create token asks for.
const TokenFile = "create.token"

// ReadToken gives the creation token of a data folder and makes it at the first call, readable by the owner alone.
func ReadToken(dir string) (string, error) {
	name := filepath.Join(dir, TokenFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh [16]byte
		rand.Read(fresh[:])
		b = []byte(hex.EncodeToString(fresh[:]) + "\n")
		err = os.WriteFile(name, b, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("the creation token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if len(token) < 16 {
		return "", fmt.Errorf("%s is shorter than 16 characters: delete it and start again", name)
	}
	return token, nil
}
