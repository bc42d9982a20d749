package cli

import (
	"errors"
	"io"
)

// output is a stream that remembers that it could not be written: a command that says something to nobody has failed.
type output struct {
	to     io.Writer
	failed error
}

// errOutput is the error for standard output that cannot be written.
var errOutput = errors.New("standard output cannot be written: is its disk full, or was it closed?")

// Write writes, as long as all went well before.
func (o *output) Write(b []byte) (int, error) {
	if o.failed != nil {
		return 0, o.failed
	}
	n, err := o.to.Write(b)
	o.failed = err
	return n, err
}
