package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/throughline/throughline/internal/exchange"
)

type formatsCmd struct {
	JSON bool `name:"json" help:"As JSON, for scripts."`
}

// formatLine is a format in JSON.
type formatLine struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Extensions []string `json:"extensions"`
	MediaType  string   `json:"mediaType"`
	Reads      bool     `json:"reads"`
	Writes     bool     `json:"writes"`
	Holds      string   `json:"holds"`
	Lacks      string   `json:"lacks,omitempty"`
}

// Run lists the formats.
func (c *formatsCmd) Run(w *world) error {
	for _, f := range exchange.Formats() {
		if c.JSON {
			j, err := json.Marshal(formatLine{f.Name, f.Title, f.Extensions, f.Media, f.Reads(), f.Writes(), f.Holds, f.Lacks})
			if err != nil {
				return err
			}
			fmt.Fprintf(w.stdout, "%s\n", j)
			continue
		}
		s := w.style()
		fmt.Fprintf(w.stdout, "%s%s%s  %s  (%s; %s)\n", s.bold, f.Name, s.end, f.Title, f.Ways(), strings.Join(f.Extensions, " "))
		fmt.Fprintf(w.stdout, "  holds: %s\n", f.Holds)
		if f.Lacks != "" {
			fmt.Fprintf(w.stdout, "  cannot hold: %s\n", f.Lacks)
		}
	}
	return nil
}
