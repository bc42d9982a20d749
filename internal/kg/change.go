package kg

import (
	"crypto/rand"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ChangeAction says what a change did.
type ChangeAction string

// The actions.
const (
	Created  ChangeAction = "CREATED"
	Updated  ChangeAction = "UPDATED"
	Deleted  ChangeAction = "DELETED"
	Merged   ChangeAction = "MERGED"
	Reverted ChangeAction = "REVERTED"
	Imported ChangeAction = "IMPORTED"
	Applied  ChangeAction = "APPLIED" // several of the others
)

// Change is one commit as the log keeps it: a change of a few records, or an import.
type Change struct {
	Seq     int64  // in the order of commits, without gaps; from 1, unless the first were deleted
	ID      string // begins with ChangePrefix
	At      Time
	By      string // who made it, "" where that is not known
	Action  ChangeAction
	Note    string       // why, "" = not said
	Reverts string       // the id of the change that it takes back, "" = none
	Key     string       // by which a client knows that it has asked for this already, "" = none
	Files   []ChangeFile // of an import
	// Created, Changed and Removed count the records that are new by it, that it changed, and that went.
	Created, Changed, Removed int64
	// Open says that an import in several transactions has not ended, or was cut off.
	Open bool
}

// ChangeFile is a file that was imported.
type ChangeFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // of its bytes, in hexadecimal; "" until it was read to its end
}

// ChangeItem is what a change made of one record, which has one item at most in a change. Of what an import created
// there are none: that follows from the records.
type ChangeItem struct {
	ID   string // of the record
	Kind string // "SOURCE", an EntityType or a LinkKind
	// Before and After are the record's line in the format of an export, "" where it was not there or is no more. What
	// follows from the texts of sources, whether words are verified, is not in it.
	Before, After string
}

// Summary says what the change did: "imported a.jsonl: 3 created, 1 changed".
func (c *Change) Summary() string {
	s := strings.ToLower(string(c.Action))
	for i, f := range c.Files {
		s += [2]string{" ", ", "}[min(i, 1)] + f.Name
	}
	sep := ": "
	for _, n := range []struct {
		n    int64
		what string
	}{{c.Created, "created"}, {c.Changed, "changed"}, {c.Removed, "removed"}} {
		if n.n > 0 {
			s += sep + strconv.FormatInt(n.n, 10) + " " + n.what
			sep = ", "
		}
	}
	if c.Open {
		s += " (it has not ended, or was cut off)"
	}
	return s
}

// NewChangeID returns an id that no other change has.
func NewChangeID() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // it never fails
	return ChangePrefix + idEncoding.EncodeToString(b[:])
}

// MaxNote is the longest note of a change, in characters: it says why, and is read in lists.
const MaxNote = 4000

// CheckNote refuses a note that is longer.
func CheckNote(note string) error {
	if n := utf8.RuneCountInString(note); n > MaxNote {
		return Errorf(BadUserInput, "the note has %d characters; %d is the most: put what it says into a source, or shorten it", n, MaxNote)
	}
	return nil
}
