package rules

import (
	"fmt"

	"github.com/throughline/throughline/internal/kg"
)

// Quoted is what comparing the words of a quotation with the texts that it is quoted from has found. Of several links
// by which something is quoted, the largest counts.
type Quoted uint8

// The values of Quoted.
const (
	Unheld    Quoted = iota // there is no text to compare with
	Misquoted               // there is, and the words do not stand in it
	Verbatim                // they stand in one of the texts
)

// Verified is kg.Node's.
func (q Quoted) Verified() *bool {
	switch q {
	case Misquoted:
		return &no
	case Verbatim:
		return &yes
	}
	return nil
}

// Quote compares the words of a quotation with the texts of the sources that support a link by which it is quoted. text
// returns the text of a source.
func Quote(words string, evidence []kg.Evidence, text func(source string) (*Text, error)) (q Quoted, err error) {
	for i := range evidence {
		if q == Verbatim || evidence[i].Stance == kg.Refutes {
			continue
		}
		t, err := text(evidence[i].Source)
		if err != nil {
			return Unheld, err
		}
		switch {
		case t.String() == "":
		case t.Has(words):
			q = Verbatim
		default:
			q = Misquoted
		}
	}
	return q, nil
}

// UnquotedError is the error of a quotation whose words do not stand in the texts that it is quoted from. It is an
// error of the line that has the words or of one that says by whom they were said.
type UnquotedError struct {
	ID, Type string // of the quotation
	Field    string // what holds the words
	Words    string
	Link     bool   // the line is a link
	Source   string // one that it is quoted from
	Text     *Text  // of that source
}

// Error says what is wrong and what to do.
func (e *UnquotedError) Error() string {
	missing, _ := e.Text.Missing(e.Words)
	what, knowingly := "has words in "+e.Field+" that do", `write "verified": false next to them`
	if e.Link {
		what, knowingly = "is a link to "+e.ID+", words in whose "+e.Field+" do", fmt.Sprintf(`write {"node":%q,"id":%q,"verified":false}`,
			e.Type, e.ID)
	}
	return fmt.Sprintf("%s not occur in the text of %s, which it is quoted from: %s; %s; correct them, or %s to take them as they are",
		what, e.Source, clip(missing, 60), e.Text.nearest(missing), knowingly)
}
