// Package neo4jstore keeps the graph in Neo4j, so that several servers can share it and anybody who knows Cypher can
// read it. What is kept how, and why, is in docs/decisions/0002-neo4j-layout.md. It is the only package that knows the
// driver.
package neo4jstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/notifications"

	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/kg"
	"github.com/throughline/throughline/internal/store"
)

// Options are what Open needs.
type Options struct {
	URL      string // bolt://, neo4j://, or either with +s or +ssc; a database's name may stand behind the host
	User     string
	Password string
	Catalog  *catalog.Catalog
	Now      func() time.Time // nil = time.Now
	Logger   *slog.Logger     // nil = none
	// AdjacencyLinks is how many links tracing may keep in memory, about 120 bytes each; a larger graph is walked in
	// Neo4j. 0 keeps none.
	AdjacencyLinks int64
	// Share is how many statements of one shape may be under way before the requests that come meanwhile share one: see
	// share.go. 0 = every request has its own.
	Share int
}

// Store is a graph in Neo4j.
type Store struct {
	layout   *layout
	conns    *conns
	session  neo4j.SessionConfig
	now      func() time.Time
	log      *slog.Logger
	loads    chan struct{} // holds one token while a load runs
	stop     context.CancelFunc
	stopped  chan struct{} // closed when connecting has ended
	state    atomic.Pointer[state]
	settled  chan struct{} // closed when the store is ready or was refused
	readied  chan struct{} // closed when it is ready
	address  string        // of the server, without a database
	closing  sync.Once
	texts    atomic.Int64 // statements sent, for tests
	views    views
	survey   atomic.Pointer[survey] // nil: what there is beside ours is not known
	layouts  [2][2]*layout          // by survey.links, survey.nodes
	behind   *layout                // of transactions that have written
	counting counting
	marks    marks
	share    int
	batch    int             // records of a transaction of a load
	lifetime context.Context //nolint:containedctx // until Close: for shared statements, which no single caller waits for
	sharing  group           // of shared statements
	ownMu    sync.Mutex
	own      store.OwnNames // that the database keeps, as far as this store wrote them
}

var _ store.Store = (*Store)(nil)

// state is how far connecting has come.
type state struct {
	answered bool // the server is there, whatever it still has to do
	ready    bool
	err      *kg.Error
}

// SetupError is the error for a store that cannot be used as it is set up and that waiting does not help: its message
// is one sentence for whoever set it up.
type SetupError struct {
	Message string
	Err     error
}

// Error is the sentence.
func (e *SetupError) Error() string { return e.Message }

// Unwrap returns the cause, for the log.
func (e *SetupError) Unwrap() error { return e.Err }

func setupErrorf(cause error, format string, args ...any) *SetupError {
	return &SetupError{Message: fmt.Sprintf(format, args...), Err: cause}
}

const (
	// acquireTimeout bounds the wait for a connection: a full pool is better told than waited for.
	acquireTimeout = 3 * time.Second
	// livenessAfter is how long a connection may be idle before it is tried before use: firewalls cut silent ones, and
	// nobody notices that Neo4j was away when nobody asked.
	livenessAfter = 2 * time.Second
	// connsPerCore keeps Neo4j busy while answers travel: measured, 8 connections on 2 cores give 1.6 times what 2
	// give.
	connsPerCore = 8
	minConns     = 32
	// pageOfRecords is how many records travel at once; an answer of ours has fewer.
	pageOfRecords = 1000
)

// mostConns is how many connections there are at most.
func mostConns() int { return max(minConns, connsPerCore*runtime.GOMAXPROCS(0)) }

// Open prepares a store and returns at once: connecting and migrating goes on behind it, for as long as it takes until
// the server is there. See Ready and Wait. Its only errors are a *SetupError for an address or catalogue that cannot
// be used.
func Open(ctx context.Context, o Options) (*Store, error) {
	l, err := newLayout(o.Catalog)
	if err != nil {
		return nil, &SetupError{Message: err.Error()}
	}
	server, database, err := address(o.URL)
	if err != nil {
		return nil, err
	}
	auth := neo4j.NoAuth()
	if o.User != "" {
		auth = neo4j.BasicAuth(o.User, o.Password, "")
	}
	connect := func() (neo4j.DriverWithContext, error) {
		return neo4j.NewDriverWithContext(server, auth, func(c *config.Config) {
			c.MaxConnectionPoolSize = mostConns()
			c.ConnectionAcquisitionTimeout = acquireTimeout
			c.ConnectionLivenessCheckTimeout = livenessAfter
			c.SocketConnectTimeout = acquireTimeout
			c.MaxTransactionRetryTime = 15 * time.Second
			c.NotificationsMinSeverity = notifications.DisabledLevel
			c.TelemetryDisabled = true
			c.UserAgent = "throughline"
		})
	}
	s := &Store{
		own:    store.OwnNames{},
		layout: l, address: server, now: o.Now, log: o.Logger, share: o.Share, batch: batchSize, loads: make(chan struct{}, 1),
		stopped: make(chan struct{}), settled: make(chan struct{}), readied: make(chan struct{}),
		session: neo4j.SessionConfig{DatabaseName: database, FetchSize: pageOfRecords},
	}
	if strings.HasPrefix(o.URL, "neo4j") {
		// one for the whole store, so that whoever wrote through it reads what they wrote, whichever member of a
		// cluster answers; with bolt:// there is but one
		s.session.BookmarkManager = neo4j.NewBookmarkManager(neo4j.BookmarkManagerConfig{})
	}
	s.layouts = layouts(l)
	s.behind = behindLayout(s.layouts)
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.state.Store(&state{err: kg.Errorf(kg.Unavailable, "Neo4j has not answered yet; it is tried again until it does")})
	// connecting outlives the call; Close ends it
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	if s.conns, err = newConns(background, s.log, connect); err != nil {
		stop()
		return nil, setupErrorf(err, "the address of Neo4j cannot be used: write bolt://host:7687 or neo4j://host:7687")
	}
	s.stop, s.lifetime = stop, background
	s.views.open(background, o.AdjacencyLinks)
	go s.connect(background)
	return s, nil
}

// address takes an address apart: the server's, and the name of the database behind it, "" for the user's own.
func address(given string) (server, database string, err error) {
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || !slices.Contains([]string{
		"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s",
		"neo4j+ssc",
	}, u.Scheme) {
		return "", "", &SetupError{Message: "that is not an address of Neo4j: write bolt://host:7687 or neo4j://host:7687, with +s behind the first word for TLS"}
	}
	if u.User != nil {
		return "", "", &SetupError{Message: "user and password do not belong in the address of Neo4j: set them on their own"}
	}
	database = strings.Trim(u.Path, "/")
	if database != "" && !databaseName.MatchString(database) || u.RawQuery != "" || u.Fragment != "" {
		return "", "", &SetupError{Message: "what stands behind the host in the address of Neo4j is not the name of a database: write neo4j://host:7687, or neo4j://host:7687/name for one that is not the user's own"}
	}
	u.Path, u.RawPath = "", ""
	return u.String(), database, nil
}

// databaseName is what a database can be called:
// https://neo4j.com/docs/operations-manual/current/database-administration/.
var databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]{2,62}$`)

const (
	// A server that does not answer is asked again after firstPause, then after twice as long, up to longPause. After a
	// refusal, which somebody has to mend, the pauses are those of refusedPause: a wrong password given three times
	// within five seconds would lock the user out for everybody.
	firstPause   = 100 * time.Millisecond
	longPause    = 2 * time.Second
	mostRefused  = time.Minute
	refusedPause = 5 * time.Second
)

// connect tries until the store is ready.
func (s *Store) connect(ctx context.Context) {
	defer close(s.stopped)
	var once sync.Once
	settle := func() { once.Do(func() { close(s.settled) }) }
	defer settle()
	pause, after, said := firstPause, refusedPause, ""
	for {
		err := s.setUp(ctx)
		if err == nil {
			s.state.Store(&state{answered: true, ready: true})
			s.count()
			close(s.readied)
			return
		}
		if ctx.Err() != nil {
			return
		}
		var refused *SetupError
		wait := pause
		if errors.As(err, &refused) {
			if said != refused.Message {
				said = refused.Message
				s.log.ErrorContext(ctx, "neo4j cannot be used; it is tried again", "reason", refused.Message, "cause",
					fmt.Sprint(refused.Err))
			}
			s.state.Store(&state{err: kg.Wrap(kg.Unavailable, refused, "%s", refused.Message)})
			settle()
			wait, after = after, min(2*after, mostRefused)
		} else {
			why := unreachable(ctx, s.address)
			if said != why.Reason {
				said = why.Reason
				s.log.WarnContext(ctx, "neo4j does not answer; it is tried again", "reason", why.Reason, "cause",
					err.Error())
			}
			s.state.Store(&state{err: kg.Wrap(kg.Unavailable, why,
				"Neo4j does not answer (%s); it is tried again until it does", why.Reason)})
			pause = min(2*pause, longPause)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// setUp connects once, checks the server and brings the layout up to date.
func (s *Store) setUp(ctx context.Context) error {
	info, err := s.info(ctx)
	if err != nil {
		return refusal(err)
	}
	if err := checkVersion(info.Agent()); err != nil {
		return err
	}
	s.state.Store(&state{answered: true, err: kg.Errorf(kg.Unavailable,
		"Neo4j is making its indexes; that takes a while the first time")})
	if err := s.migrate(ctx); err != nil {
		return refusal(err)
	}
	return s.checkOwn(ctx)
}

// info asks the server what it is.
func (s *Store) info(ctx context.Context) (info neo4j.ServerInfo, err error) {
	u, err := s.conns.enter(ctx, endless)
	if err != nil {
		return nil, err
	}
	defer func() { err = u.leave(err) }()
	return u.pool.driver.GetServerInfo(u.ctx)
}

// Answered reports whether the server has been reached: what it is waited for from then on is its indexes.
func (s *Store) Answered() bool { return s.state.Load().answered }

// refusal turns an error that will not go away by itself into a SetupError.
func refusal(err error) error {
	var e *neo4j.Neo4jError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == "Neo.ClientError.Security.AuthenticationRateLimit":
		return setupErrorf(err,
			"Neo4j refuses to be asked after too many wrong passwords: wait a few seconds, and check user and password")
	case e.Code == "Neo.ClientError.Security.CredentialsExpired":
		return setupErrorf(err,
			"Neo4j wants a new password for this user before it may be used: set one with ALTER CURRENT USER SET PASSWORD")
	case e.Code == "Neo.ClientError.Security.Forbidden":
		return setupErrorf(err, "this user of Neo4j may not write or create indexes: use one that may")
	case strings.HasPrefix(e.Code, "Neo.ClientError.Security.") &&
		e.Code != "Neo.ClientError.Security.AuthorizationExpired":
		return setupErrorf(err, "Neo4j refuses user and password: check both")
	case e.Code == "Neo.ClientError.Database.DatabaseNotFound":
		return setupErrorf(err, "Neo4j has no database of that name")
	case strings.HasSuffix(e.Code, ".Schema.ConstraintCreationFailed"):
		return setupErrorf(err,
			"other data in this database has the label %s or %s, or the type of a link, with ids that are not unique: use another database", entityLabel, sourceLabel)
	case strings.HasSuffix(e.Code, "WithNameAlreadyExists"):
		return setupErrorf(err,
			"an index or a constraint in this database has a name that begins with throughline_ and is not of this program: drop it")
	}
	return err
}

// Scoped subqueries, CALL (n) { … }, came with 5.23.
const minMajor, minMinor = 5, 23

// checkVersion looks at what the server calls itself: "Neo4j/5.26.20", "Neo4j/2025.10.1".
func checkVersion(agent string) error {
	version, _ := strings.CutPrefix(agent, "Neo4j/")
	parts := strings.Split(version, ".")
	if len(parts) >= 2 {
		major, e1 := strconv.Atoi(parts[0])
		minor, e2 := strconv.Atoi(parts[1])
		if e1 == nil && e2 == nil {
			if major > minMajor || major == minMajor && minor >= minMinor {
				return nil
			}
			return &SetupError{Message: fmt.Sprintf("Neo4j %s is too old: version %d.%d or newer is needed, 5.26 is the one with long support",
				version, minMajor, minMinor)}
		}
	}
	return &SetupError{Message: "the server at that address is not a Neo4j of version 5.23 or newer"}
}

// Kind is "neo4j".
func (s *Store) Kind() string { return "neo4j" }

// Wait waits until the store is ready, or cannot be used as it is set up (then the error holds a *SetupError), or ctx
// ends (then it is what Ready says).
func (s *Store) Wait(ctx context.Context) error {
	select {
	case <-s.settled:
	case <-ctx.Done():
	}
	return s.usable()
}

// Await waits until the store is ready, however often it is refused before, or ctx ends.
func (s *Store) Await(ctx context.Context) error {
	select {
	case <-s.readied:
	case <-ctx.Done():
	}
	return s.usable()
}

// usable reports how far connecting has come.
func (s *Store) usable() error {
	if st := s.state.Load(); !st.ready {
		return st.err
	}
	return nil
}

// readyTimeout bounds a look at whether the server is there: who asks wants to know soon.
const readyTimeout = 2 * time.Second

// Ready asks the server whether it answers, and whether the schema declares what the database holds.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	// a connection that broke while it was idle says nothing about the server: read tries another
	_, _, err := s.read(ctx, "RETURN 1 AS one", nil)
	if err != nil && (ctx.Err() != nil || kg.CodeOf(err) == kg.Unavailable) {
		return kg.Wrap(kg.Unavailable, err, "Neo4j does not answer")
	}
	if err != nil {
		return err
	}
	err = s.checkOwn(ctx) // others may have written what our schema lacks
	if setup := (*SetupError)(nil); errors.As(err, &setup) {
		return kg.Errorf(kg.Unavailable, "%s", setup.Message)
	}
	return err
}

// Close ends connecting and the statements under way, and closes all connections. It takes at most two seconds.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stop()
		<-s.stopped
		s.state.Store(&state{err: kg.Errorf(kg.Unavailable, "the store is closed")})
		s.views.close()
		s.conns.close() // first: what is shared waits for statements
		s.sharing.close()
	})
	return nil
}
