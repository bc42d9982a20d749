package kg

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// MaxID is the longest id, in bytes.
const MaxID = 128

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func digest(n int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return idEncoding.EncodeToString(h.Sum(nil))[:n]
}

// Digest returns eight letters and digits that follow from a text.
func Digest(s string) string { return digest(8, s) }

// LinkID is the id a link gets when none is given: the same statement always gets the same one, so that
// importing it again changes nothing.
func LinkID(kind, from, to, role string, since, until PartialDate) string {
	return LinkPrefix + digest(20, kind, from, to, role, string(since), string(until))
}

// EvidenceID is the id of a piece of evidence. It carries its link's id, so that finding it needs no index of
// its own. Two pieces of one link that say the same have the same id, and are one.
func EvidenceID(linkID string, e *Evidence) string {
	return EvidencePrefix + strings.TrimPrefix(linkID, LinkPrefix) + "." +
		digest(8, e.Source, e.Excerpt, e.Prefix, e.Suffix, e.Stance)
}

// LinkOfEvidence is the id of the link an evidence id belongs to, "" when the id is not of that form.
func LinkOfEvidence(id string) string {
	rest, ok := strings.CutPrefix(id, EvidencePrefix)
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot < 1 {
		return ""
	}
	return LinkPrefix + rest[:dot]
}

// SortIDs sorts ids by what they name, which their prefixes say. Ids of evidence are in none of the lists.
func SortIDs(ids []string) (sources, entities, links []string) {
	for _, id := range ids {
		switch {
		case strings.HasPrefix(id, LinkPrefix):
			links = append(links, id)
		case strings.HasPrefix(id, SourcePrefix):
			sources = append(sources, id)
		case !strings.HasPrefix(id, EvidencePrefix):
			entities = append(entities, id)
		}
	}
	return sources, entities, links
}

// CheckID reports whether id may stand in the graph: 1 to MaxID bytes of letters, digits and . _ : ~ -, beginning
// with a letter or digit.
func CheckID(id string) error {
	if id == "" || len(id) > MaxID {
		return Errorf(BadUserInput, "an id has 1 to %d characters", MaxID)
	}
	for i := range len(id) {
		c := id[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("._:~-", rune(c))) {
			return Errorf(BadUserInput, "%q is not an id: use letters, digits and . _ : ~ -", clip(id))
		}
	}
	return nil
}
