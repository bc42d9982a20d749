package exchange

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A sheet keeps a date as a number of days, and beside it how it is shown. What is read is what is shown: "Feb 2021" is
// 2021-02.

// display is what of a number is shown.
type display struct {
	year, month, day, clock bool
	digits                  int // at least so many: 00042
}

// builtIn returns what the formats show that need not stand in a file, and whether there is one of this number.
func builtIn(id int) (display, bool) {
	switch {
	case id == 17:
		return display{year: true, month: true}, true // mmm-yy
	case id >= 14 && id <= 16, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return display{year: true, month: true, day: true}, true
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return display{clock: true}, true
	case id == 22:
		return display{year: true, month: true, day: true, clock: true}, true
	}
	return display{}, id < 164 // those above are of the file
}

// unsaid matches what is no letter of a date in a format: texts, characters by themselves, colours and conditions.
var unsaid = regexp.MustCompile(`"[^"]*"?|[\\_*].|\[[^\]]*\]|(?i:general|am/pm|a/p)`)

// elapsed matches hours, minutes or seconds that count on beyond their clock: they are no time of a day.
var elapsed = regexp.MustCompile(`(?i)\[(h+|m+|s+)\]`)

// displayOf reads a format as a file has it.
func displayOf(code string) (d display) {
	if elapsed.MatchString(code) {
		return d
	}
	code = strings.ToLower(unsaid.ReplaceAllString(strings.TrimSpace(code), ""))
	code, _, _ = strings.Cut(code, ";") // what is behind is for negative numbers
	if strings.Trim(code, "0") == "" {
		d.digits = len(code)
		return d
	}
	d.clock = strings.ContainsAny(code, "hs")
	d.day = strings.Contains(code, "d")
	d.year = strings.Contains(code, "y") || d.day && strings.Contains(code, "e") // of a ruler, in Japan
	d.month = strings.Contains(code, "m") && (d.year || d.day || !d.clock)       // or else it is minutes
	if d.day || d.month && !d.year {
		d.year, d.month, d.day = true, true, true // a birthday without its year has one
	}
	return d
}

// number writes a number, or the date that it stands for.
func (d display) number(v string, from1904 bool) string {
	f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return v
	}
	const (
		last     = 2958465 // 9999-12-31
		feb29    = 60      // of 1900, which there never was
		dayOf    = 24 * 60 * 60
		leapDays = 1462 // from the beginning of 1900 to that of 1904
	)
	if d.year || d.clock {
		if from1904 {
			f += leapDays
		}
		seconds := math.Round(f * dayOf)
		switch days := math.Floor(seconds / dayOf); {
		case f < 0 || days > last:
		case days == feb29:
			return d.part("1900-02-29")
		default:
			if days < feb29 {
				days++
			}
			t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days)).Add(time.Duration(math.Mod(seconds, dayOf)) * time.Second)
			return d.time(t, f < 1)
		}
	}
	whole := strings.TrimSpace(v)
	if strings.ContainsAny(whole, ".eE") {
		// fifteen digits are shown: 0.1 + 0.2 is 0.3
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64) // it is a number
		whole = strconv.FormatFloat(rounded, 'f', -1, 64)
		if a := math.Abs(rounded); a >= 1e21 || a != 0 && a < 1e-9 {
			whole = strconv.FormatFloat(rounded, 'g', -1, 64)
		}
	}
	for len(whole) < d.digits && !strings.ContainsAny(whole, "-.") {
		whole = "0" + whole
	}
	return whole
}

// text writes a date that a cell has as text.
func (d display) text(v string) string {
	if !d.year && !d.clock { // it is shown as a number, or as it is
		d = display{year: true, month: true, day: true, clock: true}
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(form, v); err == nil {
			return d.time(t, false)
		}
	}
	return v
}

// time writes as much of a time as is shown. Of a time alone, no day is known.
func (d display) time(t time.Time, alone bool) string {
	clock := t.Format("15:04")
	if t.Second() > 0 {
		clock = t.Format(time.TimeOnly)
	}
	switch {
	case !d.year, alone:
		return clock
	case d.clock && t != t.Truncate(24*time.Hour):
		return t.Format(time.DateOnly) + "T" + clock
	}
	return d.part(t.Format(time.DateOnly))
}

// part returns as much of a day as is shown.
func (d display) part(day string) string {
	n := len("2006-01-02")
	switch {
	case !d.month:
		n = len("2006")
	case !d.day:
		n = len("2006-01")
	}
	return day[:n]
}
