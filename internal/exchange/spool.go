package exchange

import (
	"errors"
	"io"
	"os"
)

// spool holds bytes one behind the other, the last of them in memory and the others in a file.
type spool struct {
	file    *os.File
	written int64  // bytes in the file
	tail    []byte // those behind them
}

// maxTail bounds the bytes in memory.
const maxTail = 4 << 20

// add appends bytes and returns where they begin.
func (s *spool) add(text string) (from int64, err error) {
	from = s.written + int64(len(s.tail))
	s.tail = append(s.tail, text...)
	if len(s.tail) < maxTail {
		return from, nil
	}
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "throughline-*.texts"); err != nil {
			return 0, err
		}
	}
	_, err = s.file.WriteAt(s.tail, s.written)
	s.written += int64(len(s.tail))
	s.tail = s.tail[:0]
	return from, err
}

// at returns bytes that were added.
func (s *spool) at(from int64, size int) (string, error) {
	if from >= s.written {
		i := int(from - s.written)
		return string(s.tail[i : i+size]), nil
	}
	b := make([]byte, size)
	_, err := s.file.ReadAt(b, from)
	return string(b), err
}

// copy writes all bytes.
func (s *spool) copy(to io.Writer) error {
	if s.file != nil {
		if _, err := io.Copy(to, io.NewSectionReader(s.file, 0, s.written)); err != nil {
			return err
		}
	}
	_, err := to.Write(s.tail)
	return err
}

// reset forgets all bytes.
func (s *spool) reset() { s.written, s.tail = 0, s.tail[:0] }

// close removes the file.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	return errors.Join(s.file.Close(), os.Remove(name))
}
