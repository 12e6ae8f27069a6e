// Command bench measures what the media plane costs: one publisher (video of 260 packets a second of 1,200
// bytes in 30 bursts a second, sound of 50) and N receivers. The plane runs in a process of its own,
// whose CPU time is asked of the operating system. Figures of a shared machine move by 15 %.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	role := flag.String("role", "", "internal: server")
	profile := flag.String("profile", "", "write the server's CPU profile here, the last run's wins")
	seconds := flag.Int("seconds", 20, "length of the steady window")
	receivers := flag.String("receivers", "10,50,100,200", "numbers of receivers, one run each")
	out := flag.String("out", "latest.json", "where the figures go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *role == "server" {
		return serve(ctx, *profile)
	}
	var all []Figures
	fmt.Printf("%9s %10s %9s %9s %12s %10s %9s\n", "receivers", "us/packet", "lost", "packets", "packets/call", "KiB/recv", "allocs")
	for _, word := range strings.Split(*receivers, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("receivers: %q", word)
		}
		f, err := measure(ctx, n, time.Duration(*seconds)*time.Second, *profile)
		if err != nil {
			return err
		}
		fmt.Printf("%9d %10.2f %9.6f %9d %12.1f %10.1f %9.3f\n",
			f.Receivers, f.CPU, f.Lost, f.Packets, f.PerCall, f.RSS, f.Allocations)
		all = append(all, f)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*out, append(text, '\n'), 0o644)
}
