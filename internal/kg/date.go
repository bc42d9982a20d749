package kg

import (
	"fmt"
	"strconv"
	"time"
)

// PartialDate is a date known to the year, month or day: "2021", "2021-02" or "2021-02-25" (EDTF level 0,
// https://www.loc.gov/standards/datetime/). "" is no date. Years are 0000 to 9999.
type PartialDate string

// Day is a calendar day as the number yyyymmdd, so that days compare as integers: 20210225.
type Day int32

// Bounds of Day for intervals that are open on one side. They are also what a missing date sorts as:
// MaxDay in ascending order, MinDay in descending, so that "nothing known" comes last either way.
const (
	MinDay Day = 0
	MaxDay Day = 99999999
)

// ParseDate checks that s is a PartialDate that exists in the (proleptic Gregorian) calendar.
func ParseDate(s string) (PartialDate, error) {
	bad := func() error {
		return Errorf(BadUserInput, "%q is not a date: write 2021, 2021-02 or 2021-02-25", clip(s))
	}
	if len(s) != 4 && len(s) != 7 && len(s) != 10 {
		return "", bad()
	}
	for i := range len(s) {
		if i == 4 || i == 7 {
			if s[i] != '-' {
				return "", bad()
			}
		} else if s[i] < '0' || s[i] > '9' {
			return "", bad()
		}
	}
	layout := "2006-01-02"[:len(s)]
	if _, err := time.Parse(layout, s); err != nil {
		return "", bad()
	}
	return PartialDate(s), nil
}

// Interval is the first and the last day a date stands for: "2021-02" is 20210201, 20210228.
// For "" it returns MinDay, MaxDay.
func (d PartialDate) Interval() (from, to Day) {
	n := func(s PartialDate) Day { v, _ := strconv.Atoi(string(s)); return Day(v) }
	switch len(d) {
	case 4:
		return n(d)*10000 + 101, n(d)*10000 + 1231
	case 7:
		y, m := n(d[:4]), n(d[5:])
		last := time.Date(int(y), time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		return y*10000 + m*100 + 1, y*10000 + m*100 + Day(last)
	case 10:
		v := n(d[:4])*10000 + n(d[5:7])*100 + n(d[8:])
		return v, v
	}
	return MinDay, MaxDay
}

// Date returns the day as a date: 20210225 is "2021-02-25".
func (d Day) Date() PartialDate {
	return PartialDate(fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100))
}

// Begin returns the instant at which the day begins, in UTC.
func (d Day) Begin() time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, time.UTC)
}

// Precision returns how precisely a date is known: "YEAR", "MONTH" or "DAY"; "" of none.
func (d PartialDate) Precision() string {
	switch len(d) {
	case 4:
		return "YEAR"
	case 7:
		return "MONTH"
	case 10:
		return "DAY"
	}
	return ""
}

// DayOf is the day of an instant in UTC.
func DayOf(t time.Time) Day {
	year, month, day := t.UTC().Date()
	return Day(year*10000 + int(month)*100 + day)
}

// Period says from when to when something held: "since 1999", "until 2005", "1999–2005", "2021-02-25" when it began and
// ended on the same date, "" when neither date is known.
func Period(since, until PartialDate) string {
	switch {
	case since == until:
		return string(since)
	case until == "":
		return "since " + string(since)
	case since == "":
		return "until " + string(until)
	}
	return string(since + "–" + until)
}

// Time is an instant in milliseconds; 0 is none. It counts from the year before 0000, so that every instant that can be
// written, those of 1970 and before it too, is greater than 0.
type Time int64

// epoch is the first instant of 1970 UTC, from which stores count.
var epoch = Time(-time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())

// TimeOf truncates t to milliseconds.
func TimeOf(t time.Time) Time { return TimeAt(t.UnixMilli()) }

// TimeAt is the instant so many milliseconds after 1970 UTC, or before it.
func TimeAt(ms int64) Time { return Time(ms) + epoch }

// UnixMilli is t, which must not be 0, in milliseconds since 1970 UTC.
func (t Time) UnixMilli() int64 { return int64(t - epoch) }

// timeLayout is RFC 3339 with exactly three digits of fraction, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z"

// String is the DateTime of the contract: "2021-02-25T10:00:00.000Z".
func (t Time) String() string { return time.UnixMilli(t.UnixMilli()).UTC().Format(timeLayout) }

// ParseTime reads an RFC 3339 instant and truncates it to milliseconds.
func ParseTime(s string) (Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, Errorf(BadUserInput, "%q is not an instant: write 2021-02-25T10:00:00.000Z", clip(s))
	}
	return TimeOf(t), nil
}

// Clip returns the first characters of a text, with … behind them where there are more, so that no message grows with
// its input.
func Clip(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// clip shortens a name, an id or a date for a message.
func clip(s string) string { return Clip(s, 40) }

// Span is the interval of what began and ended on these dates: from the first day of its beginning to the last of its
// end, or, where only one of them is known, the interval of that one.
func Span(began, ended PartialDate) (from, to Day, known bool) {
	if began == "" {
		began = ended
	}
	if ended == "" {
		ended = began
	}
	from, _ = began.Interval()
	_, to = ended.Interval()
	return from, to, began != ""
}
