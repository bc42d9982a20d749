package exchange

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonDocument is JSON of others that is read value by value, with the lines at which they stand.
type jsonDocument struct {
	raw   *recorder
	dec   *jsontext.Decoder
	taken int64
	at    string // the record at hand, for messages: persons[3] (id)
}

// openJSON begins a document. What is wrong with a record is told with the place in the document.
func openJSON(in *reading) *jsonDocument {
	if head, _ := in.r.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		_, _ = in.r.Discard(len(byteOrderMark))
	}
	p := &jsonDocument{
		raw: &recorder{r: bufio.NewReaderSize(&checked{r: in.r, line: 1}, 64<<10), line: 1, remedy: "shorten what stands in it"},
	}
	p.dec = jsontext.NewDecoder(p.raw)
	fail := in.fail
	in.fail = func(line int, err error) error {
		if p.at != "" {
			err = fmt.Errorf("%s %w", p.at, err)
		}
		return fail(line, err)
	}
	return p
}

// pass returns what was read since the last time, and counts its lines.
func (p *jsonDocument) pass() string {
	s := p.raw.take(int(p.dec.InputOffset() - p.taken))
	p.taken = p.dec.InputOffset()
	p.raw.line += strings.Count(s, "\n")
	return s
}

// wrong says where the document is broken.
func (p *jsonDocument) wrong(err error) error {
	var syntax *jsontext.SyntacticError
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &LineError{Line: p.raw.line + strings.Count(string(p.raw.kept), "\n"), Err: errors.New("ends within the document: is the file cut off?")}
	case errors.As(err, &syntax):
		line := p.raw.line + strings.Count(string(p.raw.kept[:min(len(p.raw.kept), max(0, int(syntax.ByteOffset-p.taken)))]), "\n")
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return &LineError{Line: line, Err: fmt.Errorf("has %s twice", pointer(syntax.JSONPointer))}
		}
		return &LineError{Line: line, Err: errors.New("is no JSON: is a bracket or a comma missing, or is the file cut off?")}
	}
	return &LineError{Line: p.raw.line, Err: err}
}

// value reads a value, and returns it as it stands there, with its line.
func (p *jsonDocument) value() (printed string, line int, err error) {
	value, err := p.dec.ReadValue()
	if err != nil {
		return "", 0, p.wrong(err)
	}
	line, printed = p.raw.line, string(value)
	passed := p.pass()
	return printed, line + strings.Count(passed[:len(passed)-len(printed)], "\n"), nil
}

// list calls f with each value of a list, as it stands there, with its place and its line.
func (p *jsonDocument) list(f func(i, line int, printed string) error) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return p.wrong(err)
	}
	p.pass()
	for i := 0; p.dec.PeekKind() != ']'; i++ {
		p.at = ""
		printed, line, err := p.value()
		if err != nil {
			return err
		}
		if err := f(i, line, printed); err != nil {
			return err
		}
	}
	p.at = ""
	_, err := p.dec.ReadToken()
	return err
}
