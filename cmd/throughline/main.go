// Command throughline serves a graph of people, institutions, events, quotes and themes over GraphQL.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/throughline/throughline/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
