// Command incamera serves end-to-end encrypted video meetings and the page that people use.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"incamera/internal/config"
)

// Exit codes, as scripts and service managers see them.
const (
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // the command line or the configuration is wrong; nothing was started
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Meeting meetingCommand `cmd:"" help:"Make meetings from the command line."`
	Version versionCommand `cmd:"" help:"Say which build this is."`
}

func main() {
	parser := kong.Must(&commands{},
		kong.Name("incamera"),
		kong.Description("Video meetings that only the people you let in can see or hear."))
	chosen, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "incamera:", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "incamera:", err)
		os.Exit(codeOf(err))
	}
}

func codeOf(err error) int {
	if _, ok := errors.AsType[config.Problems](err); ok {
		return exitUsage
	}
	return exitFailed
}
