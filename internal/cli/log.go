package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/jsonl"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/text"
)

// author is the flag of commands that write: who it is, for the log.
type author struct {
	By   string `name:"by" env:"THROUGHLINE_BY" placeholder:"NAME" help:"Who this is, for the log of changes. Default: the name of the account. A server knows it by the token."`
	Note string `placeholder:"TEXT" help:"Why, for the log of changes."`
}

// name is who it is, "" where the account has no name.
func (a *author) name() string {
	if a.By != "" {
		return a.By
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

type logCmd struct {
	config.Store
	remote
	JSON  bool   `name:"json" help:"Print each change with all that it did as a line of JSON, for scripts."`
	Name  string `arg:"" optional:"" placeholder:"NAME" help:"Name of an entity, title of a source, or id of any record (id:ITS-ID of one that is gone): only changes of it and of links at it."`
	At    string `placeholder:"TIME" help:"Print the record named, and the links at it, as they were at this time, as lines of an export: an instant, or a day, which stands for its end in UTC."`
	First int    `short:"n" default:"20" help:"How many changes, 1 to 1000."`
}

// mostChanges is how many changes are shown at most.
const mostChanges = 1000

// itemsShown is how many items are shown of a change to a person.
const itemsShown = 20

// changeJSON is a change with its items, as --json prints it.
type changeJSON struct {
	Seq     int64           `json:"seq"`
	ID      string          `json:"id"`
	At      string          `json:"at"`
	By      string          `json:"by,omitempty"`
	Action  kg.ChangeAction `json:"action"`
	Note    string          `json:"note,omitempty"`
	Reverts string          `json:"reverts,omitempty"`
	Files   []kg.ChangeFile `json:"files,omitempty"`
	Created int64           `json:"created"`
	Changed int64           `json:"changed"`
	Removed int64           `json:"removed"`
	Open    bool            `json:"open,omitempty"`
	Items   []itemJSON      `json:"items"`
}

type itemJSON struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

func newItemJSON(i *kg.ChangeItem) itemJSON {
	return itemJSON{i.ID, i.Kind, json.RawMessage(i.Before), json.RawMessage(i.After)}
}

// Run prints changes, the latest first.
func (c *logCmd) Run(w *world) error {
	if c.First < 1 || c.First > mostChanges {
		return &config.UsageError{Problem: fmt.Sprintf("-n is %d", c.First), Hint: fmt.Sprintf("write a number from 1 to %d", mostChanges)}
	}
	of := asking{Store: c.Store, remote: c.remote}
	end, err := of.hold(w)
	if err != nil {
		return err
	}
	defer end()
	in := of.keeper(w)
	q := &store.ChangesQuery{Limit: c.First + 1}
	if c.Name != "" {
		id, err := of.record(w, c.Name)
		if err != nil {
			return err
		}
		former, err := in.former(id)
		if err != nil {
			return err
		}
		q.Touching = append([]string{id}, former...)
		if c.At != "" {
			return c.recorded(w, in, id)
		}
	} else if c.At != "" {
		return &config.UsageError{Problem: "--at needs a record", Hint: "name one: throughline log NAME --at TIME"}
	}
	changes, err := in.changes(q)
	if err != nil {
		return err
	}
	shown := changes[:min(len(changes), c.First)]
	reverted, err := c.reverted(in, shown)
	if err != nil {
		return err
	}
	for i := range shown {
		if err := c.change(w, in, &shown[i], reverted[shown[i].Reverts], q.Touching); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	switch {
	case len(changes) == 0 && q.Touching != nil:
		fmt.Fprintln(w.stdout, "The log has no change of it: what was imported before there was a log has none, nor what was changed longer ago than it is kept.")
	case len(changes) == 0:
		fmt.Fprintln(w.stdout, "The log is empty: nothing was written since there is one.")
	case len(changes) > c.First:
		fmt.Fprintln(w.stdout, "… and earlier ones: -n shows more.")
	}
	return nil
}

// instant reads the time of --at.
func (c *logCmd) instant() (kg.Time, error) {
	if day, err := kg.ParseDate(c.At); err == nil && len(day) == len("2006-01-02") {
		_, to := day.Interval()
		return kg.TimeOf(to.Begin().AddDate(0, 0, 1)) - 1, nil
	}
	at, err := kg.ParseTime(c.At)
	if err != nil {
		return 0, &config.UsageError{
			Problem: fmt.Sprintf("--at is %q", kg.Clip(c.At, 40)), Hint: "write 2024-03-05, or 2024-03-05T12:00:00Z",
		}
	}
	return at, nil
}

// recorded prints a record and the links at it as they were at a time.
func (c *logCmd) recorded(w *world, in keeper, id string) error {
	at, err := c.instant()
	if err != nil {
		return err
	}
	out := &jsonPrinter{to: w.stdout}
	was, err := in.recorded(id, at, func(line string) error {
		_, err := fmt.Fprintln(out, line)
		return err
	})
	if err == nil && !was && !c.JSON {
		fmt.Fprintln(w.stdout, "It was not there then, as far as the log says.")
	}
	return err
}

// reverted returns the numbers of the changes that some changes take back, by id, as a person reads them.
func (c *logCmd) reverted(in keeper, changes []kg.Change) (map[string]int64, error) {
	q := &store.ChangesQuery{}
	for i := range changes {
		if id := changes[i].Reverts; id != "" && !c.JSON {
			q.IDs = append(q.IDs, id)
		}
	}
	if q.Limit = len(q.IDs); q.Limit == 0 {
		return nil, nil //nolint:nilnil // nothing is asked about
	}
	found, err := in.changes(q)
	seqs := make(map[string]int64, len(found))
	for i := range found {
		seqs[found[i].ID] = found[i].Seq
	}
	return seqs, err
}

// change prints a change; reverts is the number of the one that it takes back, 0 for none.
func (c *logCmd) change(w *world, in keeper, x *kg.Change, reverts int64, touching []string) error {
	most := itemsShown + 1
	if c.JSON {
		most = math.MaxInt
	}
	items, err := in.items(x, touching, most)
	if err != nil {
		return err
	}
	if c.JSON {
		return changeLine(w, x, items)
	}
	st := w.style()
	by, takesBack := "", ""
	if x.By != "" {
		by = " by " + printable(x.By)
	}
	if reverts != 0 {
		takesBack = " (takes back change " + strconv.FormatInt(reverts, 10) + ")"
	}
	fmt.Fprintf(w.stdout, "%s%d  %s%s%s  %s%s\n", st.bold, x.Seq, time.UnixMilli(x.At.UnixMilli()).Format("2006-01-02 15:04:05"),
		by, st.end, printable(x.Summary())+takesBack, st.end)
	if x.Note != "" {
		fmt.Fprintf(w.stdout, "   %s\n", text.Quote(printable(x.Note)))
	}
	for i := range items[:min(len(items), itemsShown)] {
		item(w.stdout, &items[i])
	}
	if len(items) > itemsShown {
		fmt.Fprintln(w.stdout, "   … and more: --json shows all")
	}
	return nil
}

// item prints what a change made of a record.
func item(to io.Writer, i *kg.ChangeItem) {
	what := i.Kind + " " + i.ID
	var link struct{ From, To string }
	if json.Unmarshal([]byte(cmp.Or(i.After, i.Before)), &link) == nil && link.From != "" {
		what = fmt.Sprintf("%s %s → %s (%s)", i.Kind, link.From, link.To, i.ID)
	}
	switch {
	case i.Before == "":
		fmt.Fprintf(to, "   + %s\n", what)
	case i.After == "":
		fmt.Fprintf(to, "   - %s\n", what)
	default:
		fmt.Fprintf(to, "   %s\n", what)
		for _, d := range jsonl.Diff(i.Before, i.After) {
			if d.Name != "updatedAt" {
				fmt.Fprintf(to, "     %s: %s\n", d.Name, shownChange(d.Before, d.After))
			}
		}
	}
}

// shownChange is what became of a field, for a person: of a list what came and what went.
func shownChange(before, after string) string {
	var was, is []json.RawMessage
	if json.Unmarshal([]byte(before), &was) != nil || json.Unmarshal([]byte(after), &is) != nil {
		return shownValue(before) + " → " + shownValue(after)
	}
	var out []string
	beyond := func(sign string, list, other []json.RawMessage) {
		for _, x := range list {
			if !slices.ContainsFunc(other, func(y json.RawMessage) bool { return bytes.Equal(x, y) }) {
				out = append(out, sign+" "+shownValue(string(x)))
			}
		}
	}
	beyond("-", was, is)
	beyond("+", is, was)
	if len(out) == 0 {
		return "in another order"
	}
	return strings.Join(out, ", ")
}

// shownValue is a value of a line for a person.
func shownValue(s string) string {
	if s == "" {
		return "none"
	}
	return printable(kg.Clip(s, 200))
}

// changeLine prints a change with all its items, on a line.
func changeLine(w *world, x *kg.Change, items []kg.ChangeItem) error {
	out := changeJSON{
		Seq: x.Seq, ID: x.ID, At: x.At.String(), By: x.By, Action: x.Action, Note: x.Note, Reverts: x.Reverts, Files: x.Files,
		Created: x.Created, Changed: x.Changed, Removed: x.Removed, Open: x.Open, Items: make([]itemJSON, len(items)),
	}
	for i := range items {
		out.Items[i] = newItemJSON(&items[i])
	}
	j, err := json.Marshal(out)
	if err == nil {
		_, err = fmt.Fprintf(&jsonPrinter{to: w.stdout}, "%s\n", j)
	}
	return err
}
