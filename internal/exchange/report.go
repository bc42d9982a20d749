package exchange

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/text"
)

// Report is the effect of an import, or of a dry run. Each line of a file counts as one record.
type Report struct {
	Counts
	Records  []Tally `json:"records"` // sources, then each type and kind that was met, in the order of the schema
	Evidence int     `json:"evidence"`
	// Unverified counts the evidence, and the quotations, that lines of the import give and whose words do not stand in
	// the texts they are taken from.
	Unverified int `json:"unverified"`
	// MadeUnverified counts the evidence, and the quotations, of the store that were not unverified before: a text was
	// corrected, or what they rested on was removed.
	MadeUnverified int       `json:"madeUnverified"`
	Warnings       []Warning `json:"warnings"`
	// MoreWarnings counts those beyond the ones that are listed.
	MoreWarnings int `json:"moreWarnings"`
}

// Tally counts what became of the records of one type.
type Tally struct {
	Type      string `json:"type"` // SOURCE, an EntityType or a LinkKind
	New       int    `json:"new"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Removed   int    `json:"removed"`
}

// Warning is a remark for a person to look at. It is no reason to refuse an import.
type Warning string

// FieldChange is a field of a record before and after an import, as the format writes it; "" where it is not there.
type FieldChange struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// reporting makes a report as records are taken in.
type reporting struct {
	cat      *catalog.Catalog
	diff     func(FieldChange)
	sources  Tally
	types    []Tally // by the catalogue's index
	kinds    []Tally
	evidence int
	warnings []Warning
	more     int
	quiet    bool // warnings are there already, but for those of records
	// ofRecords are the first warnings about single records. They are sorted, since stores do not keep the order of
	// lines. ofRecordsAll is the number of all.
	ofRecords    []Warning
	ofRecordsAll int
	// minted are the ids of links that were made from what they say, where the store may hold them otherwise by now.
	minted  sharedHashes
	was, is []byte // lines
}

// sharedHashes are written by those who read lines, and read by those who write records.
type sharedHashes struct {
	mu   sync.Mutex
	seed maphash.Seed
	of   hashes
}

func (s *sharedHashes) add(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of.add(maphash.String(s.seed, id))
}

func (s *sharedHashes) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of.n > 0 && s.of.has(maphash.String(s.seed, id))
}

func newReporting(cat *catalog.Catalog, diff func(FieldChange)) *reporting {
	return &reporting{
		cat: cat, diff: diff, minted: sharedHashes{seed: maphash.MakeSeed()}, types: make([]Tally, len(cat.Types)+1),
		kinds: make([]Tally, len(cat.Kinds)),
	}
}

// warn adds a warning, up to a bound.
func (r *reporting) warn(format string, args ...any) {
	if r.quiet {
		return
	}
	if len(r.warnings) == maxErrors {
		r.more++
		return
	}
	r.warnings = append(r.warnings, Warning(fmt.Sprintf(format, args...)))
}

// take counts a record: see store.Batch.Report.
func (r *reporting) take(was, is any) {
	one := is
	if is == nil {
		one = was
	}
	var t *Tally
	var typ, id string
	switch x := one.(type) {
	case *kg.Source:
		t, typ, id = &r.sources, "SOURCE", x.ID
	case *kg.Node:
		t, typ, id = &r.types[r.cat.TypeOf(x.Type).Index], x.Type, x.ID
	case *kg.Link:
		t, typ, id = &r.kinds[r.cat.Kind(x.Kind).Index], x.Kind, x.ID
		if is != nil {
			n := len(x.Evidence)
			if w, ok := was.(*kg.Link); ok {
				n -= len(w.Evidence)
				r.stays(x)
			}
			r.evidence += max(n, 0)
		}
	}
	switch {
	case was == nil:
		t.New++
	case is == nil:
		t.Removed++
	case was == is:
		t.Unchanged++
	default:
		t.Changed++
		r.rename(was, is)
		r.compare(typ, id, was, is)
	}
}

// rename warns of an entity that is given a name which has no word of what it was called: files of others number their
// entities, and those of two files are seldom the same.
func (r *reporting) rename(was, is any) {
	w, _ := was.(*kg.Node)
	x, _ := is.(*kg.Node)
	if w == nil || x == nil || w.Name == x.Name {
		return
	}
	called := text.Words(strings.Join(append([]string{w.Name}, w.Aliases...), " "))
	if common(called, text.Words(x.Name)) {
		return
	}
	r.warnOfRecord("the entity %s was called %s and is now %s: if they are two, give each an id of its own", x.ID,
		clip(strconv.Quote(w.Name)), clip(strconv.Quote(x.Name)))
}

// stays warns of a link that was corrected since a line like the one at hand made it: the correction stays.
func (r *reporting) stays(x *kg.Link) {
	if !r.minted.has(x.ID) || x.ID == x.StatedID() {
		return
	}
	r.warnOfRecord("the link %s was corrected since it was made, and stays as it is now: %s %s %s%s; "+
		"give its line that id to set what it says", x.ID, x.From, x.Kind, x.To, said(x))
}

// said returns the role and the dates of a link, each behind a comma.
func said(x *kg.Link) (s string) {
	for _, f := range [][2]string{{"role", x.Role}, {"since", string(x.Since)}, {"until", string(x.Until)}} {
		if f[1] != "" {
			s += ", " + f[0] + " " + clip(strconv.Quote(f[1]))
		}
	}
	return s
}

// warnOfRecord adds a warning of what became of a record, once.
func (r *reporting) warnOfRecord(format string, args ...any) {
	warning := Warning(fmt.Sprintf(format, args...))
	at, told := slices.BinarySearch(r.ofRecords, warning)
	if told { // a transaction was tried again
		return
	}
	r.ofRecordsAll++
	if r.ofRecords = slices.Insert(r.ofRecords, at, warning); len(r.ofRecords) > maxErrors {
		r.ofRecords = r.ofRecords[:maxErrors]
	}
}

// compare reports the fields that differ.
func (r *reporting) compare(typ, id string, was, is any) {
	if r.diff == nil {
		return
	}
	r.was, r.is = r.line(r.was[:0], was), r.line(r.is[:0], is)
	for _, d := range jsonl.Diff(string(r.was), string(r.is)) {
		if d.Name == "updatedAt" && d.After == "" {
			continue // it is the time of the load
		}
		r.diff(FieldChange{Type: typ, ID: id, Field: d.Name, Before: d.Before, After: d.After})
	}
}

// line appends the line of a record.
func (r *reporting) line(b []byte, x any) []byte {
	switch x := x.(type) {
	case *kg.Source:
		return jsonl.AppendSource(b, x)
	case *kg.Node:
		c := *x
		c.Verified = nil // it is no field of a record
		return jsonl.AppendNode(b, r.cat, &c)
	case *kg.Link:
		return jsonl.AppendLink(b, x)
	}
	return b
}

// report is the finished report.
func (r *reporting) report(counts Counts) Report {
	listed := r.ofRecords[:min(len(r.ofRecords), maxErrors-len(r.warnings))]
	out := Report{
		Counts: counts, Records: []Tally{}, Evidence: r.evidence, Warnings: slices.Concat(r.warnings, listed),
		MoreWarnings: r.more + r.ofRecordsAll - len(listed),
	}
	add := func(t Tally, name string) {
		if t != (Tally{}) {
			t.Type = name
			out.Records = append(out.Records, t)
		}
	}
	add(r.sources, "SOURCE")
	for _, t := range r.cat.Types {
		add(r.types[t.Index], t.Enum)
	}
	for _, k := range r.cat.Kinds {
		add(r.kinds[k.Index], k.Name)
	}
	return out
}
