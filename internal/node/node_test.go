package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/internal/config"
	"incamera/internal/fault"
	"incamera/internal/node"
	"incamera/internal/seal"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// freeAddress is a TCP address of localhost that nobody uses now.
func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close() //nolint:errcheck // it was never used
	return "localhost:" + port
}

// running is a whole server on free ports of this machine, in one process with the test; more are keys and values of its configuration.
func running(t *testing.T, more ...string) (address string, stop func()) {
	t.Helper()
	address = freeAddress(t)
	flags := map[string]string{"listen": address, "media": "127.0.0.1:0", "data": t.TempDir()}
	for choice := range slices.Chunk(more, 2) {
		flags[choice[0]] = choice[1]
	}
	cfg, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(15 * time.Second):
			t.Error("the server did not stop")
		}
	}
	t.Cleanup(stop)
	return address, stop
}

// book makes a meeting over HTTP.
func book(t *testing.T, address string) *testkit.Invite {
	t.Helper()
	var offered wire.NonceAnswer
	answer, err := http.Get("http://" + address + "/api/nonce")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // a test's answer
	if err := json.NewDecoder(answer.Body).Decode(&offered); err != nil {
		t.Fatal(err)
	}
	m, err := seal.NewMeeting("A talk", offered.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(wire.CreateRequest{HostKey: m.HostKey, Booking: m.Booking})
	if err != nil {
		t.Fatal(err)
	}
	made, err := http.Post("http://"+address+"/api/meetings", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Body.Close() //nolint:errcheck // a test's answer
	if made.StatusCode != http.StatusCreated {
		t.Fatalf("making a meeting is answered %s", made.Status)
	}
	return &testkit.Invite{Meeting: m, Keys: m.Code.Keys(m.ID)}
}

func TestAWholeMeetingOverTheNetwork(t *testing.T) {
	address, stop := running(t)
	in := book(t, address)
	host, guest := testkit.RealPerson(t, "host", address), testkit.RealPerson(t, "guest", address)
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	answer := guest.Do(wire.Media{Offer: testkit.Offer(4)}).(wire.OkMedia).Answer
	if answer.Ufrag == "" || len(answer.Candidates) == 0 || len(answer.Sections) != 12 {
		t.Errorf("media answer %+v", answer)
	}
	if slots := testkit.Next[wire.Slots](guest).Slots; len(slots) != 4 {
		t.Errorf("%d slots", len(slots))
	}
	host.Do(wire.Media{Offer: testkit.Offer(4)})
	if slots := testkit.Next[wire.Slots](host).Slots; slots[0] != wire.Slot(guest.ID) {
		t.Errorf("the host's slots %v", slots)
	}
	guest.Do(guest.Message(g, 1, false))
	testkit.Next[wire.AppPush](host)
	guest.Hang()
	if testkit.Next[wire.Presence](host).Connected {
		t.Error("the guest hung up")
	}
	if _, ok := guest.Resume(in).(wire.Ok); !ok {
		t.Error("resume was refused")
	}
	testkit.Next[wire.Presence](host)
	stop()
	for _, p := range []*testkit.Person{host, guest} {
		for {
			if f, ok := testkit.Next[wire.Reply](p).(wire.Fault); ok {
				if f.Code != fault.ServerClosing {
					t.Errorf("%s: %s", p.Name, f.Code)
				}
				break
			}
		}
		p.Gone()
	}
}

func TestAPortThatIsTakenIsAFaultAndNothingStaysOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a test's port
	address := strings.Replace(taken.Addr().String(), "127.0.0.1", "localhost", 1)
	data := t.TempDir()
	cfg, err := config.Load(config.Sources{Flags: map[string]string{"listen": address, "media": "127.0.0.1:0", "data": data}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time shows that the first let go of the data folder
		if _, err := node.Open(t.Context(), cfg, io.Discard); err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Fatalf("opened on a taken port: %v", err)
		}
	}
}
