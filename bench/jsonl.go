package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
)

// fileSink writes the graph as the lines that `throughline import` reads (docs/format-jsonl.md).
type fileSink struct{ enc *json.Encoder }

func (s fileSink) source(v source) error {
	return s.enc.Encode(struct {
		Source string `json:"source"`
		ID     string `json:"id"`
		Title  string `json:"title"`
	}{"REPORT", v.ID, v.Title})
}

func (s fileSink) node(n node) error {
	line := struct {
		Node        string `json:"node"` // the first key says what the line is
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Born        string `json:"born,omitempty"`
		Founded     string `json:"founded,omitempty"`
		StartsOn    string `json:"startsOn,omitempty"`
		SaidOn      string `json:"saidOn,omitempty"`
		Text        string `json:"text,omitempty"`
	}{Node: n.Type, ID: n.ID, Name: n.Name, Description: n.Description, Text: n.Text}
	switch n.Type {
	case "PERSON":
		line.Born = year(n.Year)
	case "INSTITUTION":
		line.Founded = year(n.Year)
	case "EVENT":
		line.StartsOn = n.Date
	case "QUOTE":
		line.SaidOn = n.Date
	}
	return s.enc.Encode(line)
}

func (s fileSink) link(l link) error {
	type piece struct {
		Source  string `json:"source"`
		Excerpt string `json:"excerpt"`
	}
	line := struct {
		Link     string  `json:"link"`
		From     string  `json:"from"`
		To       string  `json:"to"`
		Role     string  `json:"role,omitempty"`
		Since    string  `json:"since,omitempty"`
		Evidence []piece `json:"evidence"`
	}{Link: l.Kind, From: l.From, To: l.To, Role: l.Role, Since: year(l.Since)}
	for _, e := range l.Evidence {
		line.Evidence = append(line.Evidence, piece(e))
	}
	return s.enc.Encode(line)
}

func year(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// writeGraph writes a generated graph to a file, and notes names.
func writeGraph(path string, people int, seed uint64, note *names) (nodes, links int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	s, flush := newFileSink(f)
	nodes, links, err = generate(people, seed, noting{s, note})
	return nodes, links, errors.Join(err, flush(), f.Close())
}

// newFileSink makes a sink that must be flushed at the end.
func newFileSink(f io.Writer) (s fileSink, flush func() error) {
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return fileSink{enc}, w.Flush
}
