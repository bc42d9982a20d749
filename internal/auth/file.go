package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A token is tl_, its id, _ and its secret: 256 random bits. The id is no secret: a token is found, listed and revoked
// by it. By the tl_ in front, programs that look for secrets in published files know a token.
const (
	prefix    = "tl_"
	idLen     = 10
	secretLen = 43 // 32 bytes in base64url without padding
	tokenLen  = len(prefix) + idLen + 1 + secretLen
	idLetters = "abcdefghijkmnpqrstuvwxyz23456789" // none that looks like another, and 32 of them
)

// Bounds of a file of tokens.
const (
	maxFile    = 16 << 20
	maxSubject = 200
)

// Token is a token as its file keeps it: a line of JSON.
type Token struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Role    string `json:"role"`
	// Hash is the SHA-256 of the whole token. The token holds 256 random bits, which nobody finds by trying, however
	// quick each try is; a slow hash with a salt is for passwords, which people choose.
	Hash    string    `json:"sha256"`
	Created time.Time `json:"created"`
	// Expires is when it ends; the zero time for never.
	Expires time.Time `json:"expires,omitzero"`
}

// FileError says what is wrong with a file of tokens, and what to do.
type FileError struct {
	Line    int // 0 for the file as a whole
	Problem string
	Hint    string
}

// Error returns the line, the problem and the hint.
func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s: %s", e.Line, e.Problem, e.Hint)
	}
	return e.Problem + ": " + e.Hint
}

// Hints for lines that are damaged.
const (
	hintLine  = "mend the line, or delete it and make a new token"
	hintRoles = "write READER, EDITOR, CURATOR or ADMIN"
)

// readFile returns a file's bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errMissing
	case err != nil:
		return nil, errUnreadable
	}
	defer f.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, errUnreadable
	case len(raw) > maxFile:
		return nil, &FileError{
			Problem: fmt.Sprintf("the file has more than %d bytes", maxFile), Hint: "name a file of `throughline token create`",
		}
	}
	return raw, nil
}

var (
	errMissing    = &FileError{Problem: "there is no such file", Hint: "make one by `throughline token create`"}
	errUnreadable = &FileError{
		Problem: "the file cannot be read", Hint: "name one that this user may read, and no folder",
	}
)

// line is a line of a file of tokens. Its token is nil where it is blank or a comment.
type line struct {
	text  []byte
	token *Token
}

// parse reads the lines of a file. A blank line, and one that begins with #, holds no token.
func parse(raw []byte) ([]line, error) {
	var out []line
	ids := map[string]int{}
	n := 0
	for text := range bytes.Lines(raw) {
		n++
		t := bytes.TrimSpace(text)
		if n == 1 {
			t = bytes.TrimPrefix(t, []byte("\ufeff"))
		}
		if len(t) == 0 || t[0] == '#' {
			out = append(out, line{text: text})
			continue
		}
		token, err := parseToken(t)
		if err == nil && ids[token.ID] > 0 {
			err = &FileError{Problem: fmt.Sprintf("the id %s stands in line %d too", token.ID, ids[token.ID]), Hint: "delete one of them"}
		}
		if err != nil {
			err.Line = n
			return nil, err
		}
		ids[token.ID] = n
		out = append(out, line{text, token})
	}
	return out, nil
}

// parseToken reads the token of a line. An unknown name is an error: a token whose "expires" is misspelled would never
// end.
func parseToken(text []byte) (*Token, *FileError) {
	bad := func(hint, format string, args ...any) (*Token, *FileError) {
		return nil, &FileError{Problem: fmt.Sprintf(format, args...), Hint: hint}
	}
	if !utf8.Valid(text) {
		return bad("save the file as UTF-8", "it is not UTF-8")
	}
	var t Token
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil || d.More() {
		return bad(hintLine, `it is no object of "id", "subject", "role", "sha256", "created" and, where it ends, "expires", `+
			`the last two as 2026-01-31T00:00:00Z`)
	}
	if !isID(t.ID) {
		return bad(hintLine, `"id" is not that of a token`)
	}
	if err := CheckSubject(t.Subject); err != nil {
		return bad(hintLine, `"subject" %v`, err)
	}
	if _, ok := ParseRole(t.Role); !ok {
		return bad(hintRoles, `"role" is no role`)
	}
	if b, err := hex.DecodeString(t.Hash); err != nil || len(b) != sha256.Size {
		return bad(hintLine, `"sha256" is not 64 digits of hex`)
	}
	return &t, nil
}

func isID(s string) bool {
	return len(s) == idLen && strings.Trim(s, idLetters) == ""
}

// CheckSubject returns what is wrong with the name of a subject.
func CheckSubject(s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("is empty")
	case s != strings.TrimSpace(s):
		return errors.New("begins or ends with white space")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("has characters that cannot be printed")
	case utf8.RuneCountInString(s) > maxSubject:
		return fmt.Errorf("has more than %d characters", maxSubject)
	}
	return nil
}

// List returns the tokens of a file, in its order.
func List(path string) ([]Token, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	lines, err := parse(raw)
	if err != nil {
		return nil, err
	}
	tokens := []Token{}
	for _, l := range lines {
		if l.token != nil {
			tokens = append(tokens, *l.token)
		}
	}
	return tokens, nil
}

// Create makes a token and adds it to a file, which need not be there. The file keeps the hash of the secret alone:
// only whoever gets the secret has it.
func Create(path, subject string, role Role, now, expires time.Time) (secret string, token Token, err error) {
	if err := CheckSubject(subject); err != nil {
		return "", Token{}, err
	}
	random := make([]byte, idLen+sha256.Size)
	_, _ = rand.Read(random) // never fails
	id := make([]byte, idLen)
	for i := range id {
		id[i] = idLetters[random[i]%byte(len(idLetters))]
	}
	secret = prefix + string(id) + "_" + base64.RawURLEncoding.EncodeToString(random[idLen:])
	sum := sha256.Sum256([]byte(secret))
	token = Token{
		ID: string(id), Subject: subject, Role: role.String(), Hash: hex.EncodeToString(sum[:]),
		Created: now.UTC().Truncate(time.Second), Expires: expires,
	}
	err = change(path, true, func(lines []line) ([]byte, error) {
		text, err := json.Marshal(&token)
		if err != nil {
			return nil, err
		}
		out := join(lines)
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, '\n')
		}
		return append(append(out, text...), '\n'), nil
	})
	return secret, token, err
}

// Revoke deletes the tokens of a file that fit, and returns them.
func Revoke(path string, fits func(Token) bool) (gone []Token, err error) {
	err = change(path, false, func(lines []line) ([]byte, error) {
		var rest []line
		for _, l := range lines {
			if l.token != nil && fits(*l.token) {
				gone = append(gone, *l.token)
				continue
			}
			rest = append(rest, l)
		}
		if len(gone) == 0 {
			return nil, errNone
		}
		return join(rest), nil
	})
	return gone, err
}

var errNone = errors.New("no token of the file fits: `throughline token list` shows them")

func join(lines []line) (out []byte) {
	for _, l := range lines {
		out = append(out, l.text...)
	}
	return out
}

// change writes a file anew, as edit makes it of its lines. The new file is written beside the old one and then takes
// its place, so that the file is whole at any time. While the new one is there, nobody else can change the file.
func change(path string, create bool, edit func([]line) ([]byte, error)) (err error) {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to // the link stays
	}
	beside := path + ".new"
	f, err := os.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there: another command changes the file, or was stopped while it did; delete it then", beside)
	case err != nil:
		return errUnwritable
	}
	defer func() {
		_ = f.Close() // what counts was synced
		if err != nil {
			_ = os.Remove(beside)
		}
	}()
	raw, err := readFile(path)
	if err != nil && (!create || !errors.Is(err, errMissing)) {
		return err
	}
	lines, err := parse(raw)
	if err != nil {
		return err
	}
	text, err := edit(lines)
	if err != nil {
		return err
	}
	if was, err := os.Stat(path); err == nil {
		_ = f.Chmod(was.Mode().Perm()) // a file that the server reads by its group stays so, where the system has groups
	}
	if _, err := f.Write(text); err != nil {
		return errUnwritable
	}
	if f.Sync() != nil || f.Close() != nil || os.Rename(beside, path) != nil {
		return errUnwritable
	}
	return nil
}

var errUnwritable = errors.New("the file cannot be written: name one in a folder that this user may write to")
