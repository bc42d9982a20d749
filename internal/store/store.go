package store

import (
	"context"
	"errors"

	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/plan"
)

// Reader answers plans.
type Reader interface {
	// Fetch answers q. It must see one consistent state of the graph, must end soon after ctx ends (and then stop its
	// statement on the store), and may be called by many goroutines at once. Errors: AmbiguousRef and NotFound with the
	// cause plan.RefError (see plan.Query.Refs), CostLimit (beyond q.MaxRows), Timeout, Cancelled, Unavailable;
	// anything else is a fault of the store. The caller may keep the result as long as it likes and must not change it.
	Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error)
}

// Scanner reads everything, for export. Each method must call f in bytewise order of id, on a state that does not
// change under it, and must stop with f's error. What f is given is valid until f returns.
type Scanner interface {
	Sources(ctx context.Context, f func(*kg.Source) error) error
	Nodes(ctx context.Context, f func(*kg.Node) error) error
	Links(ctx context.Context, f func(*kg.Link) error) error
	// ExternalIDs reads the external ids of all entities, those of one as they stand; their order among entities is by
	// id.
	ExternalIDs(ctx context.Context, f func(entity string, e kg.ExternalID) error) error
}

// Batch is a part of a load. A link's ends and its evidence's sources must stand in the same batch, in an earlier one
// of the same load, or in the store already.
type Batch struct {
	Sources []*kg.Source
	Nodes   []*kg.Node
	Links   []*kg.Link
	// Delete are the ids of records that go once the others are written. An entity at which a link ends, and a source
	// that evidence quotes, must not go: that is an error with code Conflict. An id that nothing has is no error.
	Delete []string
	// Distinct is the caller's word that no id stands twice in the batch, nor in an earlier one of the load.
	Distinct bool
	// Merge has each record add to what the store holds under its id instead of replacing it: see kg.MergeNode.
	Merge bool
	// Report, unless nil, is called for each record, in order, with the record as it was, nil where it is new, and as
	// it is then, nil where it went and the same pointer where nothing changed. Both are *kg.Source, *kg.Node or
	// *kg.Link, are not to be changed, and have no times that the load has still to give. A store that writes some
	// batches together calls the last one's.
	Report func(was, is any)
}

// ErrBusy is the cause of the error of a load that could not begin, as another process writes to the store.
var ErrBusy = errors.New("another process writes")

// Load writes much at once. Every record replaces what the store holds under its id, or adds to it, so that the same
// load run again ends in the same graph. A record without CreatedAt keeps the stored one or gets the time of the load;
// one without UpdatedAt keeps the stored one when nothing else differs, and otherwise gets the time of the load. What
// is read to write a record is read in the transaction that writes it, so that of two loads at once neither loses what
// the other adds.
type Load interface {
	// Put writes a batch. The caller has checked it (see internal/exchange); what still does not fit, such as an id
	// that the store holds under another type, is an error with code Conflict, after which only Rollback may be called.
	// A store may write some batches together, and so say so at a later Put or at Commit.
	Put(ctx context.Context, b *Batch) error
	// Describe says what the load is for. What was said last counts, at Commit; a load of which nothing was said is an
	// import.
	Describe(d *Deed)
	// Commit makes the load visible and durable, and ends it, also by an error. On a store whose Loader is not atomic,
	// most batches are so already.
	Commit(ctx context.Context) error
	// Rollback ends the load without the rest. It may be called after Commit, and then does nothing.
	Rollback() error
}

// Ahead is what work of a Writer foresees, as far as it does.
type Ahead struct {
	// IDs are those of the records that it will ask for or write; none says that nothing is foreseen.
	IDs []string
	// Absent says that none of them is supposed to be there, under its id or a former one.
	Absent bool
	// Says, unless nil, is the one link that it will ask for the strays of.
	Says *kg.Link
	// Read, unless nil, returns the plan by which what work has written is read as soon as it is committed. A store
	// that answers it as it commits hands the answer to Take.
	Read func() *plan.Query
	Take func(*kg.Result)
}

// Writer changes a few records, all or nothing.
type Writer interface {
	// Write runs work in a transaction, which it commits unless work fails. Nobody else writes meanwhile, so that what
	// work reads stays as it is until then. Work must be right however often it runs: a store may run it again when a
	// connection is lost, and then sees to it that nothing is written twice. The change is what the log has of it, nil
	// where nothing was written. The errors of work are returned as they are.
	//
	// Where work foresees what it will look at, a store may read that in one go. Work may ask for more: the store may
	// give it an error then, with which it must end, and run it again.
	Write(ctx context.Context, ahead Ahead, work func(ctx context.Context, tx Tx) error) (*kg.Change, error)
}

// Tx is a transaction that writes. It reads what it has written itself.
type Tx interface {
	// Types, Records, Resting, Strays and Merged are those of a Loader.
	Types(ctx context.Context, ids []string) (map[string]string, error)
	Records(ctx context.Context, ids []string) (*Batch, error)
	Resting(ctx context.Context, ids []string) ([]string, error)
	Strays(ctx context.Context, links []*kg.Link) ([]string, error)
	Merged(ctx context.Context, ids []string) (map[string]string, error)
	// Put writes a batch at once.
	Put(ctx context.Context, b *Batch) error
	// Fetch is that of a Reader, of what the transaction sees: also what it has written, and may never be committed. It
	// does not search.
	Fetch(ctx context.Context, q *plan.Query) (*kg.Result, error)
	// Describe is that of a Load.
	Describe(d *Deed)
}

// Deed is what is said of a load for the log.
type Deed struct {
	ID      string // of the change; "" has one made
	By      string
	Action  kg.ChangeAction // "" = kg.Imported
	Note    string
	Reverts string
	Key     string
	Files   []kg.ChangeFile
	// Whole has the log keep what the load created too. Without it, that follows from the records.
	Whole bool
	// Log, unless nil, is the log of the store that the records come from, all of them and as they are there. It
	// becomes that of this store, which held nothing, in place of a change that the load is.
	Log Logger
}

// Loader begins loads; one load runs at a time, a second must wait or fail with Conflict.
type Loader interface {
	Load(ctx context.Context) (Load, error)
	// Atomic reports whether a load that is rolled back, or cut off, leaves nothing. Where it does not, what was
	// written is right as far as it goes, and running the load again completes it.
	Atomic() bool
	// Types finds the types of records by id ("PERSON", "SOURCE", "LINK"), those that exist.
	Types(ctx context.Context, ids []string) (map[string]string, error)
	Finder
	// Resting finds the links that end at one of some entities, or whose evidence quotes one of some sources: their
	// ids, in order. It may look at every link.
	Resting(ctx context.Context, ids []string) ([]string, error)
	// Strays finds the links that say what one of some says (kg.SameStatement), and whose ids do not follow from it
	// (kg.LinkID), as they were given one or were corrected since: their ids, in order. Where there are none, it takes
	// next to no time.
	Strays(ctx context.Context, links []*kg.Link) ([]string, error)
	// Merged finds the entities whose former ids these are: their ids by the former ones, those that are. nil asks for
	// all.
	Merged(ctx context.Context, ids []string) (map[string]string, error)
}

// Finder finds records.
type Finder interface {
	// Records finds records by id, whole, those that exist: sources with their texts, entities, and links with their
	// evidence. Ids of evidence find nothing. The caller may change what it is given.
	Records(ctx context.Context, ids []string) (*Batch, error)
}

// Logger reads the log of changes. Every load that wrote something has left one change, written in the same transaction
// as the records; on a store whose Loader is not atomic, in the same transaction as the first of them.
type Logger interface {
	// Changes returns the changes that q names, the latest first.
	Changes(ctx context.Context, q *ChangesQuery) ([]kg.Change, error)
	// CountChanges returns how many changes q names, whatever its limit.
	CountChanges(ctx context.Context, q *ChangesQuery) (int64, error)
	// Items returns what a change did, by id.
	Items(ctx context.Context, q *ItemsQuery) ([]kg.ChangeItem, error)
	// CountItems returns how many items q names, whatever its limit.
	CountItems(ctx context.Context, q *ItemsQuery) (int64, error)
	// Departed returns the imports that created what a change deleted, by the ids of the records.
	Departed(ctx context.Context, seq int64) (map[string]int64, error)
	// Later returns what the first change after one made of each record that later changes have touching items of, by
	// id.
	Later(ctx context.Context, q *LaterQuery) ([]LaterItem, error)
	// Made returns the changes that created some records, by the records' ids: only imports after a change, and of the
	// records that are there.
	Made(ctx context.Context, ids []string, after int64) (map[string]int64, error)
	// Kept says where the log begins.
	Kept(ctx context.Context) (Kept, error)
}

// Kept is where a log begins. What was there right before its first change follows from what is there and from the
// changes.
type Kept struct {
	First int64   // seq of the first change: 1 unless earlier ones were deleted
	Since kg.Time // when the last of those was made, 0 where there were none
}

// SinceMilli is Since as stores write it, in milliseconds since 1970; 0 stays 0.
func (k Kept) SinceMilli() int64 {
	if k.Since == 0 {
		return 0
	}
	return k.Since.UnixMilli()
}

// KeptFrom is where a log begins as stores have written it.
func KeptFrom(first, sinceMilli int64) Kept {
	k := Kept{First: first}
	if sinceMilli != 0 {
		k.Since = kg.TimeAt(sinceMilli)
	}
	return k
}

// Compactor forgets what was long ago.
type Compactor interface {
	// Compact deletes changes before one, the earliest first, but for the latest of all, and what they did: so many of
	// each at most, in one transaction. It reports whether there may be more to delete. What calls have left, the next
	// goes on with, whatever it is asked for.
	Compact(ctx context.Context, first int64, most int) (more bool, err error)
}

// ChangesQuery names changes. What is left out does not narrow.
type ChangesQuery struct {
	// Touching are ids of records. A change touches what it has items of, the ends of links that it has items of, as
	// they were and as they are then, and the records that an import created, as long as they are there.
	Touching []string
	IDs      []string // of changes
	// Reverting are ids of changes: only changes that take one of them back.
	Reverting []string
	By        *string
	Key       string  // of changes whose Key begins with it
	From, To  kg.Time // at From or later, before To; 0 = open
	Before    int64   // only changes with a smaller seq; 0 = all
	After     int64   // only changes with a larger seq
	Limit     int     // at least 1
	// Earliest has the earliest come first.
	Earliest bool
}

// All reports whether q names all changes, but for where the list begins and ends.
func (q *ChangesQuery) All() bool {
	return q.Touching == nil && q.IDs == nil && q.Reverting == nil && q.By == nil && q.Key == "" && q.From == 0 && q.To == 0
}

// ItemsQuery names items of one change.
type ItemsQuery struct {
	Seq      int64
	Touching []string // as in ChangesQuery; nil = all
	After    string   // only ids behind this one
	Before   string   // only ids ahead of this one; "" = all
	Limit    int      // at least 1
	// Last has the last id come first.
	Last bool
}

// LaterQuery names first items after a change.
type LaterQuery struct {
	Seq      int64    // of the change that they come after: one that is kept, or the last that is not
	Touching []string // as in ChangesQuery
	After    string   // only ids behind this one
	Limit    int      // at least 1
}

// LaterItem is an item, and the seq of its change.
type LaterItem struct {
	Seq int64
	// Made is the first import after the change asked about that created a record of this id which went since, 0 for
	// none.
	Made int64
	kg.ChangeItem
}

// Answerer answers everything that can be asked.
type Answerer interface {
	Reader
	Walker
	Surveyor
	Logger
	Finder
}

// Store is a whole store.
type Store interface {
	Answerer
	Scanner
	Checker
	Loader
	Writer
	Compactor
	// Kind is what serverInfo says: "sqlite", "neo4j".
	Kind() string
	// Ready reports whether the store can answer now: nil, or Unavailable with a sentence that says what is missing.
	Ready(ctx context.Context) error
	// Empty reports whether the store holds nothing of ours.
	Empty(ctx context.Context) (bool, error)
	// Close ends every use; it may be called twice.
	Close() error
}
