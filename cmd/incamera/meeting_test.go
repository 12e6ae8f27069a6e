package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"incamera/internal/seal"
)

// serving runs the program as a server on free ports until the test ends, and gives its address.
func serving(t *testing.T, dir string, args ...string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "localhost:" + strings.TrimPrefix(free.Addr().String(), "127.0.0.1:")
	free.Close() //nolint:errcheck // it was never used
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	args = append([]string{"serve", "--listen", address, "--media", "127.0.0.1:0", "--data", dir}, args...)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = []string{asProgram + "=1"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may be gone
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		cancel()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "In Camera is ready: http://"+address+"\n" {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return "http://" + address
}

func TestAMeetingIsMadeFromTheCommandLine(t *testing.T) {
	server := serving(t, t.TempDir())
	out, code := program(t, nil, "meeting", "new", "--title", "A talk", "--json", "--server", server)
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, out)
	}
	var made madeMeeting
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	host, err := seal.ParseLink(made.HostLink)
	if err != nil || host.Seed == nil || host.Code == nil || host.Meeting.Text() != made.ID {
		t.Errorf("host link %v", err)
	}
	guest, err := seal.ParseLink(made.GuestLink)
	if err != nil || guest.Seed != nil || guest.Code == nil || guest.Code.Text() != made.AccessCode {
		t.Errorf("guest link %v", err)
	}
	if life := time.Until(made.Expires); life < 6*24*time.Hour || life > 8*24*time.Hour {
		t.Errorf("expires in %v", life)
	}
}

func TestAServerWithATokenWantsIt(t *testing.T) {
	data := t.TempDir()
	server := serving(t, data, "--create", "token")
	file := filepath.Join(data, "create.token")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("token file %v, %v", info, err)
	}
	if out, code := program(t, nil, "meeting", "new", "--title", "x", "--server", server); code != 1 || !strings.Contains(out, "--token-file") {
		t.Errorf("without the token: %d, %s", code, out)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("0123456789abcdef0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := program(t, nil, "meeting", "new", "--title", "x", "--server", server, "--token-file", wrong); code != 1 || !strings.Contains(out, "create_refused") {
		t.Errorf("with a wrong token: %d, %s", code, out)
	}
	if out, code := program(t, nil, "meeting", "new", "--title", "x", "--server", server, "--token-file", file); code != 0 || !strings.Contains(out, "/m/") {
		t.Errorf("with the token: %d, %s", code, out)
	}
}
