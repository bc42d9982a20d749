package exchange

import (
	"cmp"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// read reads a sheet.
func (b *book) read(i int, of func(rows) error) error {
	merged, err := b.merged(b.sheets[i].part)
	if err != nil {
		return err
	}
	p, ok, err := b.part(b.sheets[i].part, maxUnpacked)
	switch {
	case err != nil:
		return err
	case !ok:
		return bookErrorf("is damaged: the part of the sheet %s is missing", clip(strconv.Quote(b.sheets[i].name)))
	}
	defer p.from.Close() //nolint:errcheck // it was only read
	s := &sheetReader{book: b, xml: p, sheet: i, merged: merged, faults: map[int]string{}}
	values, err := s.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	for len(values) > 0 && strings.TrimSpace(values[len(values)-1]) == "" {
		values = values[:len(values)-1]
	}
	top := s.place()
	if len(s.faults) > 0 {
		column := slices.Min(slices.Collect(maps.Keys(s.faults)))
		return &LineError{Line: top, Err: fmt.Errorf("has for the name of column %d the error %s of a formula: mend it, or empty the cell",
			column+1, clip(s.faults[column]))}
	}
	if s.header, err = headerOf(values, top); err != nil {
		return err
	}
	s.merged = slices.DeleteFunc(s.merged, func(m merge) bool { return m.column >= len(s.header) })
	return of(s)
}

// merge is a run of joined cells in one column. The first of them has the value of all.
type merge struct {
	column   int
	from, to int // rows
	value    string
	fault    string
}

// merged returns the cells of a sheet that are joined over several rows, by their first. They stand behind the rows, so
// it is read twice where there are some.
func (b *book) merged(part string) ([]merge, error) {
	f := b.parts[strings.ToLower(part)]
	if f == nil || f.UncompressedSize64 > maxUnpacked {
		return nil, nil
	}
	r, err := b.unpack(f)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	// what is more than the part says is an error when it is read
	if some, err := contains(io.LimitReader(r, int64(f.UncompressedSize64)), "mergeCell"); err != nil || !some {
		return nil, err
	}
	var list []merge
	n := 0
	_, err = b.each(part, maxUnpacked, func(x *xml.StartElement) error {
		if x.Name.Local != "mergeCell" {
			return nil
		}
		if n++; n > maxMerges {
			return bookErrorf("has in %s more than %s joined cells", clip(part), grouped(maxMerges))
		}
		first, last, _ := strings.Cut(attr(x, "ref"), ":")
		column, from, ok := cellAt(first)
		if _, to, _ := cellAt(last); ok && to > from {
			list = append(list, merge{column: column, from: from, to: to})
		}
		return nil
	})
	b.unpacked -= f.UncompressedSize64 // it is counted once
	slices.SortStableFunc(list, func(x, y merge) int { return cmp.Compare(x.from, y.from) })
	last := map[int]int{} // row, by column
	list = slices.DeleteFunc(list, func(m merge) bool {
		if m.from <= last[m.column] {
			return true // no cell is joined twice
		}
		last[m.column] = m.to
		return false
	})
	return list, err
}

// cellAt reads the name of a cell, such as BC12: its column from 0, and its row from 1.
func cellAt(name string) (column, row int, ok bool) {
	i := 0
	for ; i < len(name) && i < 4 && name[i] >= 'A' && name[i] <= 'Z'; i++ {
		column = 26*column + int(name[i]-'A') + 1
	}
	row, err := strconv.Atoi(name[i:])
	return column - 1, row, i > 0 && err == nil && column <= maxSheetCol && row > 0 && row <= maxSheetRow
}

// sheetReader reads the rows of a sheet. Empty ones are passed over.
type sheetReader struct {
	*book
	xml    *bookPart
	sheet  int
	merged []merge // that begin at later rows
	open   []merge // that the row at hand is in, one for a column at most
	header []string
	row    int            // at hand
	values []string       // of it
	size   int            // bytes of them
	faults map[int]string // by the columns whose formulas have no value
}

func (s *sheetReader) columns() []string { return s.header }

func (s *sheetReader) place() int { return s.sheet<<rowBits | s.row }

// at returns the row as CSV has it.
func (s *sheetReader) at() (int, string) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	n := len(s.values)
	for n > 0 && s.values[n-1] == "" {
		n--
	}
	_ = w.Write(s.values[:n]) // a builder takes everything
	w.Flush()
	return s.place(), strings.TrimSuffix(b.String(), "\n")
}

func (s *sheetReader) wrong(column int) error {
	if f := s.faults[column]; f != "" {
		return fmt.Errorf("has in %s the error %s of a formula: mend it, or empty the cell", clip(strconv.Quote(s.header[column])), clip(f))
	}
	return nil
}

// next returns the values of the next row that has some.
func (s *sheetReader) next() ([]string, error) {
	for {
		t, err := s.xml.token()
		if err != nil {
			return nil, err // io.EOF behind the last row, when all of the part was read
		}
		x, ok := t.(xml.StartElement)
		if !ok || x.Name.Local != "row" {
			continue
		}
		was := s.row
		s.row++
		if r := attr(&x, "r"); r != "" {
			if s.row, err = strconv.Atoi(r); err != nil || s.row <= was {
				return nil, s.damaged("rows that are out of order")
			}
		}
		if s.row > maxSheetRow {
			return nil, s.damaged("more rows than a sheet can have")
		}
		s.values, s.size = s.values[:0], 0
		clear(s.faults)
		if err := s.cells(); err != nil {
			return nil, err
		}
		some := slices.ContainsFunc(s.values, func(v string) bool { return strings.TrimSpace(v) != "" })
		if !some && len(s.faults) == 0 {
			continue
		}
		if s.header == nil {
			return s.values, nil
		}
		return s.values, s.fill()
	}
}

func (s *sheetReader) damaged(what string) error {
	return bookErrorf("is damaged: its sheet %s has %s, behind row %d", clip(strconv.Quote(s.sheets[s.sheet].name)), what, s.row)
}

// cells reads the cells of a row.
func (s *sheetReader) cells() error {
	column := -1
	for {
		t, err := s.xml.token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch x := t.(type) {
		case xml.EndElement:
			if x.Name.Local == "row" {
				return nil
			}
		case xml.StartElement:
			if x.Name.Local != "c" {
				continue
			}
			column++
			if r := attr(&x, "r"); r != "" {
				at, _, ok := cellAt(r)
				if !ok || at < column {
					return s.damaged("a cell " + clip(strconv.Quote(r)) + " that is out of its place")
				}
				column = at
			}
			if column >= maxSheetCol {
				return s.damaged("more columns than a sheet can have")
			}
			v, fault, err := s.cell(&x)
			if err == nil {
				err = s.has(v)
			}
			switch {
			case err != nil:
				return err
			case v == "" && fault == "":
			case s.header != nil && column >= len(s.header):
				s.in.lenient("values in columns without a name are left out, first in %s", s.in.where(s.place()))
			default:
				for len(s.values) <= column {
					s.values = append(s.values, "")
				}
				if s.values[column] = v; fault != "" {
					s.faults[column] = fault
				}
			}
		}
	}
}

// has counts a value of the row at hand.
func (s *sheetReader) has(v string) error {
	s.size += len(v)
	s.rowBytes += len(v)
	switch {
	case s.size > MaxLine:
		return &LineError{Line: s.place(), Err: fmt.Errorf("has more than %d bytes", MaxLine)}
	case s.rowBytes > maxUnpacked:
		return bookErrorf("has rows of more than %s bytes: save each sheet as CSV, and name that", grouped(maxUnpacked))
	}
	return nil
}

// fill makes a row as wide as the header, and repeats what joined cells have.
func (s *sheetReader) fill() error {
	for len(s.values) < len(s.header) {
		s.values = append(s.values, "")
	}
	for len(s.merged) > 0 && s.merged[0].from <= s.row {
		s.open = append(s.open, s.merged[0])
		s.merged = s.merged[1:]
	}
	s.open = slices.DeleteFunc(s.open, func(m merge) bool { return m.to < s.row })
	for i := range s.open {
		switch j := &s.open[i]; {
		case j.from == s.row:
			j.value, j.fault = s.values[j.column], s.faults[j.column]
		case s.values[j.column] == "":
			if s.values[j.column] = j.value; j.fault != "" {
				s.faults[j.column] = j.fault
			}
			if err := s.has(j.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell reads a cell: the value that it shows, or the error of its formula.
func (s *sheetReader) cell(x *xml.StartElement) (value, fault string, err error) {
	kind, style := attr(x, "t"), attr(x, "s")
	var text cellText
	var raw strings.Builder
	computed, within := false, false
	for {
		t, err := s.xml.token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", "", err
		}
		switch x := t.(type) {
		case xml.StartElement:
			within = x.Name.Local == "v"
			computed = computed || x.Name.Local == "f"
		case xml.CharData:
			if within {
				if raw.Len()+len(x) > MaxLine {
					return "", "", bookErrorf("has a text of more than %d bytes in a cell", MaxLine)
				}
				raw.Write(x)
			}
		case xml.EndElement:
			within = false
			if x.Name.Local != "c" {
				break
			}
			if kind == "inlineStr" {
				return text.text(), "", nil
			}
			v := raw.String()
			if v == "" && computed && kind != "str" {
				s.in.lenient("formulas whose value the file does not have are read as empty, first in %s: open it in a spreadsheet and save it",
					s.in.where(s.place()))
			}
			return s.shown(kind, style, v)
		}
		if kind == "inlineStr" {
			if err := text.take(t); err != nil {
				return "", "", err
			}
		}
	}
}

// shown returns a value of a kind of cell as people see it.
func (s *sheetReader) shown(kind, style, v string) (value, fault string, err error) {
	switch kind {
	case "s":
		if v == "" {
			return "", "", nil
		}
		i, err := strconv.Atoi(v)
		if err != nil || i < 0 || i >= len(s.ends) {
			return "", "", s.damaged("a cell whose text is missing")
		}
		value, err = s.shared(i)
		return value, "", err
	case "str":
		return unescaped(v), "", nil
	case "b":
		if v == "" {
			return "", "", nil
		}
		return strconv.FormatBool(yes(v)), "", nil
	case "e":
		return "", v, nil
	}
	var d display
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(s.displays) {
		d = s.displays[i]
	}
	if kind == "d" {
		return d.text(v), "", nil
	}
	return d.number(v, s.from1904), "", nil
}
