package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"incamera/internal/config"
)

// asProgram makes this test binary be the program itself, so that exit codes are the real ones.
const asProgram = "TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func program(t *testing.T, env []string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(env, asProgram+"=1")
	text, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text), 0
}

func TestBadConfigurationEndsWithTwoAndEveryFault(t *testing.T) {
	out, code := program(t, []string{"INCAMERA_MAX_MEMBERS=one"}, "serve", "--listen", "nowhere", "--public-url", "https://meet.example.org")
	if code != 2 {
		t.Errorf("ended with %d", code)
	}
	for _, field := range []string{"listen (nowhere)", "max-members (one, from INCAMERA_MAX_MEMBERS)", "create: a public URL is set"} {
		if !strings.Contains(out, field) {
			t.Errorf("%s is not in the message:\n%s", field, out)
		}
	}
}

func TestWrongUsageEndsWithTwo(t *testing.T) {
	for _, args := range [][]string{{}, {"dance"}, {"serve", "--loud"}} {
		if out, code := program(t, nil, args...); code != 2 || out == "" {
			t.Errorf("%q ended with %d and said %q", args, code, out)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	if out, code := program(t, nil, "version"); code != 0 || !strings.HasPrefix(out, "incamera unknown go1.") {
		t.Errorf("version: %d %q", code, out)
	}
	if out, code := program(t, nil, "serve", "--help"); code != 0 || !strings.Contains(out, "--public-url") {
		t.Errorf("help: %d %q", code, out)
	}
}

func TestEveryFlagIsAField(t *testing.T) {
	all := "x"
	c := serveCommand{Listen: &all, Media: &all, MediaAddress: &all, Data: &all, PublicURL: &all, Create: &all, TLSCertificate: &all, TLSKey: &all}
	keys := strings.Join(config.Keys(), " ")
	for key := range c.given() {
		if !strings.Contains(" "+keys+" ", " "+key+" ") {
			t.Errorf("--%s sets no field", key)
		}
	}
	if len((&serveCommand{}).given()) != 0 {
		t.Error("flags that were not given are handed on")
	}
}
