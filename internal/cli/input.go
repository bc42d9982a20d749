package cli

import (
	"context"
	"io"
)

// input is standard input for commands that read it: a read ends with the command's context, as a terminal or a pipe
// may have nothing to say for hours.
type input struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no place for one
	from   io.Reader
	chunks chan []byte
	end    error // why chunks was closed
	rest   []byte
}

const inputChunk = 256 << 10

func (w *world) input() io.Reader { return &input{ctx: w.ctx, from: w.stdin} }

// Read returns what has arrived, or the context's error.
func (in *input) Read(p []byte) (int, error) {
	if in.chunks == nil {
		in.chunks = make(chan []byte)
		go in.pump()
	}
	if len(in.rest) == 0 {
		select {
		case b, ok := <-in.chunks:
			if !ok {
				return 0, in.end
			}
			in.rest = b
		case <-in.ctx.Done():
			return 0, in.ctx.Err()
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// pump reads ahead by one chunk: while one of the two buffers is read from, the other is filled.
func (in *input) pump() {
	defer close(in.chunks)
	buffers := [2][]byte{make([]byte, inputChunk), make([]byte, inputChunk)}
	for i := 0; ; i = 1 - i {
		n, err := in.from.Read(buffers[i])
		if n > 0 {
			select {
			case in.chunks <- buffers[i][:n]:
			case <-in.ctx.Done():
				return
			}
		}
		if err != nil {
			in.end = err
			return
		}
	}
}
