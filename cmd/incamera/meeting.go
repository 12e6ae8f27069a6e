package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"incamera/internal/seal"
	"incamera/internal/wire"
)

const (
	askLimit       = 10 * time.Second
	maxAnswerBytes = 64 << 10
)

type meetingCommand struct {
	New newMeetingCommand `cmd:"" help:"Make a meeting on a running server. Its secrets are made here and leave this machine in the links alone."`
}

type newMeetingCommand struct {
	Title     string `required:"" help:"What people see before they ask to join. The server gets it sealed."`
	JSON      bool   `name:"json" help:"Print one JSON object: id, hostLink, guestLink, accessCode, expires."`
	Server    string `default:"http://localhost:8080" help:"The running server." placeholder:"URL"`
	TokenFile string `help:"File with the creation token, if the server asks for one (create.token in its data folder)." default:"./incamera-data/create.token" placeholder:"FILE"`
}

// madeMeeting is what whoever makes a meeting needs. It is printed and kept nowhere.
type madeMeeting struct {
	ID         string    `json:"id"`
	HostLink   string    `json:"hostLink"`
	GuestLink  string    `json:"guestLink"`
	AccessCode string    `json:"accessCode"`
	Expires    time.Time `json:"expires"` // unless a host comes before
}

// Run makes the meeting and prints it.
func (c *newMeetingCommand) Run(ctx context.Context) error {
	made, err := c.make(ctx)
	if err != nil {
		return err
	}
	return made.print(os.Stdout, c.JSON)
}

func (c *newMeetingCommand) make(ctx context.Context) (madeMeeting, error) {
	origin, err := originOf(c.Server)
	if err != nil {
		return madeMeeting{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var offered wire.NonceAnswer
	if err := ask(ctx, http.MethodGet, origin+"/api/nonce", "", nil, &offered); err != nil {
		return madeMeeting{}, err
	}
	token := ""
	if !offered.Create {
		b, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return madeMeeting{}, fmt.Errorf("the server asks for its creation token: name the file with --token-file: %w", err)
		}
		token = strings.TrimSpace(string(b))
	}
	m, err := seal.NewMeeting(c.Title, offered.Nonce)
	if err != nil {
		return madeMeeting{}, fmt.Errorf("title: %w", err)
	}
	body, err := json.Marshal(wire.CreateRequest{HostKey: m.HostKey, Booking: m.Booking})
	if err != nil {
		return madeMeeting{}, err
	}
	var created wire.CreateAnswer
	if err := ask(ctx, http.MethodPost, origin+"/api/meetings", token, body, &created); err != nil {
		return madeMeeting{}, err
	}
	return madeMeeting{
		ID: m.ID.Text(), HostLink: m.HostLink(origin), GuestLink: m.GuestLink(origin),
		AccessCode: m.Code.Text(), Expires: time.UnixMilli(created.Expires).UTC(),
	}, nil
}

// originOf takes scheme and host of an address, which must have nothing else.
func originOf(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("--server is an address such as http://localhost:8080")
	}
	return u.Scheme + "://" + u.Host, nil
}

// ask makes one request and reads its JSON answer; what the server refuses is said in its own words.
func ask(ctx context.Context, method, address, token string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers there: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read to its end
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		var refused wire.FaultAnswer
		if json.Unmarshal(text, &refused) != nil || refused.Code == "" {
			return fmt.Errorf("%s answers %s: %s", address, response.Status, strings.TrimSpace(string(text)))
		}
		return fmt.Errorf("%s %s (%s)", refused.Text, refused.Todo, refused.Code)
	}
	return json.Unmarshal(text, answer)
}

func (m madeMeeting) print(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(m)
	}
	_, err := fmt.Fprintf(out, "For you, to start the meeting (keep it to yourself):\n  %s\nFor your guests:\n  %s\nAccess code:\n  %s\nIf nobody starts it, it is forgotten on %s.\n",
		m.HostLink, m.GuestLink, m.AccessCode, m.Expires.Local().Format("2 January 2006, 15:04"))
	return err
}
