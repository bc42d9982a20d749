// Command throughline serves a graph of people, institutions, events, quotes and themes over GraphQL.
package main

import (
	"os"

	"github.com/throughline/throughline/internal/cli"
)

func main() { os.Exit(cli.Process()) }
