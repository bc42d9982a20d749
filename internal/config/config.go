// Package config is every setting of the program: one struct is the flags, the environment, the help and the table in
// docs/config.md.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/throughline/throughline/internal/history"
	"github.com/throughline/throughline/internal/plan"
)

// Contract says what the graph can hold beside what is built in: it belongs to every command that reads the contract.
type Contract struct {
	Schema string `name:"schema" env:"THROUGHLINE_SCHEMA" placeholder:"FILE" help:"File of types, properties and kinds of link of your own, in the language of GraphQL schemas: see docs/own-types.md."`
}

// Store says where the graph is kept: it belongs to every command that opens one.
type Store struct {
	Contract `embed:""`
	Store    string `name:"store" env:"THROUGHLINE_STORE" placeholder:"WHERE" help:"Where the graph is kept: sqlite:PATH, memory:, or an address of Neo4j (neo4j://, neo4j+s://, bolt://, bolt+s://), with the name of a database behind the host where it is not the user's own (neo4j://host:7687/graph). Default: a file in the data folder."`
	DataDir  string `name:"data-dir" env:"THROUGHLINE_DATA_DIR" placeholder:"FOLDER" help:"Folder of the embedded store. Default: the user's data folder."`
	AtNeo4j  `embed:""`
}

// AtNeo4j is how a Neo4j is met: it belongs to every command that opens one.
type AtNeo4j struct {
	Neo4jUser     string        `name:"neo4j-user" env:"THROUGHLINE_NEO4J_USER" default:"neo4j" placeholder:"NAME" help:"User at Neo4j."`
	Neo4jPassword string        `name:"neo4j-password" env:"THROUGHLINE_NEO4J_PASSWORD" placeholder:"…" help:"Password at Neo4j; better set in the environment. Without one, none is sent."`
	Neo4jWait     time.Duration `name:"neo4j-wait" env:"THROUGHLINE_NEO4J_WAIT" default:"10s" help:"How long a command waits for a Neo4j that does not answer yet, at least 1s. The server starts without it and waits for as long as it takes."`
}

// Limits are what one operation may ask for.
type Limits struct {
	MaxDepth      int           `name:"max-depth" env:"THROUGHLINE_MAX_DEPTH" default:"12" help:"Levels of a document, not counting edges and leaves."`
	MaxCost       int           `name:"max-cost" env:"THROUGHLINE_MAX_COST" default:"10000" help:"Cost of an operation: about one for each field of each entry of a page."`
	MaxAliases    int           `name:"max-aliases" env:"THROUGHLINE_MAX_ALIASES" default:"50" help:"Aliases of a document."`
	MaxRootFields int           `name:"max-root-fields" env:"THROUGHLINE_MAX_ROOT_FIELDS" default:"20" help:"Fields of Query in one operation."`
	MaxTokens     int           `name:"max-tokens" env:"THROUGHLINE_MAX_TOKENS" default:"4000" help:"Tokens of a document."`
	MaxErrors     int           `name:"max-errors" env:"THROUGHLINE_MAX_ERRORS" default:"20" help:"Errors of one answer."`
	MaxRows       int           `name:"max-rows" env:"THROUGHLINE_MAX_ROWS" default:"50000" help:"Entries an operation may read over all levels."`
	MaxNodes      int           `name:"max-nodes" env:"THROUGHLINE_MAX_NODES" default:"500000" help:"Entities a search for paths or a match may look at."`
	MaxAnswer     int           `name:"max-answer" env:"THROUGHLINE_MAX_ANSWER" default:"8388608" help:"Bytes of an answer."`
	Timeout       time.Duration `name:"timeout" env:"THROUGHLINE_TIMEOUT" default:"10s" help:"Time an operation may take."`
}

// Plan returns the limits as the engine takes them.
func (l Limits) Plan() plan.Limits {
	return plan.Limits{
		MaxDepth: l.MaxDepth, MaxCost: l.MaxCost, MaxAliases: l.MaxAliases, MaxRootFields: l.MaxRootFields,
		MaxTokens: l.MaxTokens, MaxErrors: l.MaxErrors, MaxRows: l.MaxRows, MaxNodes: l.MaxNodes, MaxAnswer: l.MaxAnswer, Timeout: l.Timeout,
	}
}

// Serve is the server's own settings.
type Serve struct {
	Addr               string `name:"addr" env:"THROUGHLINE_ADDR" default:"127.0.0.1:8080" help:"Address to answer on. Port 0 takes any free one."`
	Auth               string `name:"auth" env:"THROUGHLINE_AUTH" placeholder:"HOW" help:"How to know who asks: none, tokens:FILE, a file of throughline token create, which is read again on SIGHUP, or oidc, an issuer of tokens such as Keycloak. Default: none on a loopback address, where everybody may everything; where others than this machine can ask, it must be said, and with none they may only read. See docs/auth.md."`
	Anonymous          string `name:"anonymous" env:"THROUGHLINE_ANONYMOUS" default:"" enum:",READER,none" placeholder:"ROLE" help:"What somebody may who shows no token: READER, or none. Default: none with tokens."`
	OIDC               `embed:""`
	PublicURL          string        `name:"public-url" env:"THROUGHLINE_PUBLIC_URL" placeholder:"URL" help:"Address by which browsers reach the server, such as https://graph.example.org: an issuer of tokens sends them back to /login/back there. Default: the address that a browser asks."`
	Sample             bool          `name:"sample" env:"THROUGHLINE_SAMPLE" default:"true" negatable:"" help:"Load the sample graph when the store is new."`
	CORSOrigin         []string      `name:"cors-origin" env:"THROUGHLINE_CORS_ORIGIN" placeholder:"ORIGIN" help:"Origin whose pages may ask from a browser, with any request header, such as https://app.example.org, or https://*.example.org for all names below it; repeatable; * for all, without credentials."`
	CORSHeader         []string      `name:"cors-header" env:"THROUGHLINE_CORS_HEADER" placeholder:"NAME" help:"Request header that pages may send with --cors-origin *, in addition to those that docs/http.md lists; repeatable; * for any."`
	CacheControl       string        `name:"cache-control" env:"THROUGHLINE_CACHE_CONTROL" default:"no-cache" placeholder:"VALUE" help:"Header Cache-Control of answers to GET without errors, such as \"public, max-age=60\": caches may then answer for that long without asking. By default they ask each time whether the answer still holds (ETag)."`
	Documents          []string      `name:"documents" env:"THROUGHLINE_DOCUMENTS" placeholder:"FILE" help:"Manifest of documents that can be asked for by id (documentId, id, doc_id): the client preset's or Relay's object of ids and texts, or Apollo's persisted query manifest; repeatable. Each must fit the schema."`
	DocumentsOnly      bool          `name:"documents-only" env:"THROUGHLINE_DOCUMENTS_ONLY" help:"Run no other documents than those of --documents, and introspection unless --no-introspection."`
	Introspection      bool          `name:"introspection" env:"THROUGHLINE_INTROSPECTION" default:"true" negatable:"" help:"Let clients ask for the schema."`
	ServeTexts         bool          `name:"serve-texts" env:"THROUGHLINE_SERVE_TEXTS" help:"Let clients read the texts of sources (Source.text). Off by default: most texts are somebody's copyright."`
	Writable           bool          `name:"writable" env:"THROUGHLINE_WRITABLE" help:"Let clients change the graph by mutations, those whose role is EDITOR or more: see --auth. Without it, mutations are refused."`
	KeepHistory        time.Duration `name:"keep-history" env:"THROUGHLINE_KEEP_HISTORY" default:"0s" placeholder:"TIME" help:"How long the log of changes is kept, such as 90d: earlier changes are deleted at the start and each hour, but never the latest, and of what was before no question is answered. At least 24h. 0: for ever."`
	Export             bool          `name:"export" env:"THROUGHLINE_EXPORT" default:"true" negatable:"" help:"Let clients fetch the whole graph as a file, at /export. Never with --documents-only."`
	MCP                bool          `name:"mcp" env:"THROUGHLINE_MCP" default:"true" negatable:"" help:"Let assistants ask over the Model Context Protocol, at /mcp: see docs/assistants.md. Never with --documents-only."`
	Assist             `embed:""`
	Reconcile          bool          `name:"reconcile" env:"THROUGHLINE_RECONCILE" default:"true" negatable:"" help:"Answer the Reconciliation API of OpenRefine and others, at /reconcile: see docs/reconcile.md. Never with --documents-only."`
	Explorer           bool          `name:"explorer" env:"THROUGHLINE_EXPLORER" default:"true" negatable:"" help:"Serve the explorer at /."`
	Playground         bool          `name:"playground" env:"THROUGHLINE_PLAYGROUND" default:"true" negatable:"" help:"Serve the playground."`
	Explain            string        `name:"explain" env:"THROUGHLINE_EXPLAIN" default:"auto" enum:"auto,on,off" help:"Whether requests with the header X-Throughline-Explain: 1 get to know how they were answered (plan, statements, times): ${enum}. auto: only when --addr is a loopback address; behind a proxy on the same machine, set off."`
	MaxBody            int64         `name:"max-body" env:"THROUGHLINE_MAX_BODY" default:"1048576" help:"Bytes of a request's body."`
	MaxImport          int64         `name:"max-import" env:"THROUGHLINE_MAX_IMPORT" default:"67108864" help:"Bytes of the files that clients may import at once, at /import of a server with --writable."`
	MaxConcurrent      int           `name:"max-concurrent" env:"THROUGHLINE_MAX_CONCURRENT" default:"0" help:"Operations under way, an eighth of them searches, measures and others that take long; of each client as many again may wait, what is beyond gets a 503. 0: 32 for each core."`
	ArrivalQueue       bool          `name:"arrival-queue" env:"THROUGHLINE_ARRIVAL_QUEUE" default:"true" negatable:"" help:"Answer requests with a 503 that have waited too long for a processor before anybody could read them, as long as most have. Linux alone says how long that is."`
	TrustedProxy       []string      `name:"trusted-proxy" env:"THROUGHLINE_TRUSTED_PROXY" placeholder:"ADDRESS" help:"Address or network (10.0.0.0/8) of a proxy in front of the server; repeatable. Clients share places and measures fairly, each by its address: of requests from there it is what X-Forwarded-For names last that is not a trusted proxy. Off by default: all that come through a proxy are one client."`
	MaxMemory          int64         `name:"max-memory" env:"THROUGHLINE_MAX_MEMORY" default:"0" help:"Bytes of memory the server aims to stay within; operations that would need more get a 503. 0: GOMEMLIMIT, or else three quarters of what the container or the machine has."`
	MaxOperationMemory int64         `name:"max-operation-memory" env:"THROUGHLINE_MAX_OPERATION_MEMORY" default:"268435456" help:"Bytes of memory one operation may hold while it is answered, about."`
	AllowedHost        []string      `name:"allowed-host" env:"THROUGHLINE_ALLOWED_HOST" placeholder:"NAME" help:"Name by which clients may address a server on a loopback address, in addition to localhost, 127.0.0.1 and [::1], such as that of a proxy on the same machine; repeatable. Requests that name another host are refused."`
	Adjacency          int64         `name:"adjacency-links" env:"THROUGHLINE_ADJACENCY_LINKS" default:"5000000" help:"Links of a Neo4j that tracing may keep in memory, about 120 bytes each, for as long as nobody writes; a larger graph is walked in Neo4j. 0 keeps none."`
	Grace              time.Duration `name:"grace" env:"THROUGHLINE_GRACE" default:"6s" help:"Time requests under way get when the server stops; what is left then gets an error that says so, and the process ends within three seconds more."`
	Share              bool          `name:"share-statements" env:"THROUGHLINE_SHARE_STATEMENTS" default:"true" negatable:"" help:"Let requests of one shape that are under way together share a statement at Neo4j."`
	MetricsAddr        string        `name:"metrics-addr" env:"THROUGHLINE_METRICS_ADDR" placeholder:"ADDR" help:"Address of /metrics (Prometheus). Off by default."`
	OTLPEndpoint       string        `name:"otlp-endpoint" env:"THROUGHLINE_OTLP_ENDPOINT" placeholder:"URL" help:"Send OpenTelemetry traces there (OTLP over HTTP). Off by default."`
	LogLevel           string        `name:"log-level" env:"THROUGHLINE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"What to log: ${enum}."`
	LogFormat          string        `name:"log-format" env:"THROUGHLINE_LOG_FORMAT" default:"text" enum:"text,json" help:"How to log: ${enum}."`
	Limits             `embed:""`
}

// Assist says what assistants may do.
type Assist struct {
	MCPWrites bool `name:"mcp-writes" env:"THROUGHLINE_MCP_WRITES" help:"Let assistants write the links that they propose, those whose role is EDITOR or more. Without it, what they propose is tried and taken back. Needs --writable."`
}

// Check returns what is wrong, given whether the graph may be changed at all.
func (a *Assist) Check(writable bool) error {
	if a.MCPWrites && !writable {
		return &UsageError{"--mcp-writes, and nothing may be written", "add --writable"}
	}
	return nil
}

// leastMemory is the smallest memory that a server can be bounded to.
const leastMemory = 64 << 20

// Logger makes the logger these settings ask for. Errors of one kind are logged once a second, with their number.
func (s *Serve) Logger(w interface{ Write([]byte) (int, error) }) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // kong has checked it
	o := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(newSparing(slog.NewJSONHandler(w, o)))
	}
	return slog.New(newSparing(slog.NewTextHandler(w, o)))
}

// UsageError is an error in a setting: what is wrong, and what to write instead.
type UsageError struct{ Problem, Hint string }

// Error is both.
func (u *UsageError) Error() string { return u.Problem + ": " + u.Hint }

// Explains reports whether a server on this address explains its answers.
func (s *Serve) Explains(addr net.Addr) bool {
	t, ok := addr.(*net.TCPAddr)
	return s.Explain == "on" || s.Explain == "auto" && ok && t.IP.IsLoopback()
}

// Proxies returns the networks of proxies that are trusted.
func (s *Serve) Proxies() ([]netip.Prefix, error) {
	all := make([]netip.Prefix, len(s.TrustedProxy))
	for i, text := range s.TrustedProxy {
		var err error
		if all[i], err = netip.ParsePrefix(text); err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(text); err == nil {
				all[i], err = a.Unmap().Prefix(a.Unmap().BitLen())
			}
		}
		if err != nil {
			return nil, &UsageError{
				fmt.Sprintf("--trusted-proxy %q is not an address or network", text),
				"write it as 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32",
			}
		}
	}
	return all, nil
}

// Validate checks what kong cannot.
func (s *Serve) Validate() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"max-depth", s.MaxDepth},
		{"max-cost", s.MaxCost},
		{"max-tokens", s.MaxTokens},
		{"max-errors", s.MaxErrors},
		{"max-root-fields", s.MaxRootFields},
		{"max-rows", s.MaxRows},
		{"max-nodes", s.MaxNodes},
		{"max-answer", s.MaxAnswer},
		{"max-operation-memory", int(s.MaxOperationMemory)},
		{"max-body", int(s.MaxBody)},
		{"max-import", int(s.MaxImport)},
		{"timeout", int(s.Timeout)},
		{"grace", int(s.Grace)},
	} {
		if n.value < 1 {
			return &UsageError{"--" + n.name + " is less than 1", "leave it out for the default"}
		}
	}
	if s.KeepHistory != 0 && s.KeepHistory < history.Least {
		return &UsageError{
			"--keep-history is less than 24h, for which clients may ask whether their changes were made",
			"give more, such as 90d, or leave it out to keep all",
		}
	}
	if s.MaxAliases < 0 {
		return &UsageError{"--max-aliases is less than 0", "leave it out for the default"}
	}
	if s.MaxMemory != 0 && s.MaxMemory < leastMemory {
		return &UsageError{
			fmt.Sprintf("--max-memory is less than %d bytes", leastMemory),
			"give it in bytes, or leave it out for three quarters of what there is",
		}
	}
	if _, err := s.Proxies(); err != nil {
		return err
	}
	if err := s.checkAuth(); err != nil {
		return err
	}
	if s.PublicURL != "" && !isAddress(s.PublicURL) {
		return &UsageError{
			fmt.Sprintf("--public-url %q is not the address of a server", shown(s.PublicURL)),
			"write it as https://graph.example.org, without a path",
		}
	}
	if err := s.Assist.Check(s.Writable); err != nil {
		return err
	}
	for _, h := range s.AllowedHost {
		if h == "" || strings.ContainsAny(h, "/: \t") {
			return &UsageError{
				fmt.Sprintf("--allowed-host %q is not a name", h),
				"write it as graph.example.org, without scheme and port",
			}
		}
	}
	if s.MaxConcurrent < 0 {
		return &UsageError{"--max-concurrent is less than 0", "leave it out for the default"}
	}
	for _, o := range s.CORSOrigin {
		if !isOrigin(o) {
			return &UsageError{
				fmt.Sprintf("--cors-origin %q is not an origin", shown(o)),
				"write it as https://app.example.org, without a path, https://*.example.org for all names below one, or *",
			}
		}
	}
	if s.DocumentsOnly && len(s.Documents) == 0 {
		return &UsageError{"--documents-only leaves nothing to run", "name a manifest with --documents"}
	}
	if !isCacheControl(s.CacheControl) {
		return &UsageError{
			fmt.Sprintf("--cache-control %q is not a value of Cache-Control", s.CacheControl),
			`write it as "public, max-age=60", with seconds as whole numbers`,
		}
	}
	for _, h := range s.CORSHeader {
		if !httpguts.ValidHeaderFieldName(h) {
			return &UsageError{
				fmt.Sprintf("--cors-header %q is not the name of a header", h),
				"write it as X-My-Header, or * for any",
			}
		}
	}
	return nil
}

// isAddress reports whether a text is the address of a server, as browsers name an origin.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && text == u.Scheme+"://"+u.Host
}

// isOrigin reports whether o is an origin, all names below one of at least two parts, or *.
func isOrigin(o string) bool {
	if o == "*" {
		return true
	}
	u, err := url.Parse(o)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || !strings.EqualFold(o, u.Scheme+"://"+u.Host) {
		return false
	}
	below, some := strings.CutPrefix(u.Hostname(), "*.")
	wide := some && below != "localhost" && !strings.Contains(strings.Trim(below, "."), ".")
	return !wide && !strings.Contains(below, "*")
}

// cacheDirectives are the directives of Cache-Control in answers, and whether they have a number of seconds (RFC 9111,
// RFC 5861, RFC 8246).
var cacheDirectives = map[string]bool{
	"max-age": true, "s-maxage": true, "stale-while-revalidate": true, "stale-if-error": true,
	"public": false, "private": false, "no-cache": false, "no-store": false, "no-transform": false, "must-revalidate": false,
	"proxy-revalidate": false, "must-understand": false, "immutable": false,
}

// isCacheControl reports whether a text is a list of known directives: a cache passes over what it does not know, and a
// misspelled no-store would have it keep everything.
func isCacheControl(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		name, seconds, some := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "=")
		counts, known := cacheDirectives[name]
		if !known || counts != some {
			return false
		}
		if _, err := strconv.ParseUint(seconds, 10, 31); some && err != nil {
			return false
		}
	}
	return true
}

// Kind is what a Store setting chooses.
type Kind int

// The kinds of store.
const (
	SQLite Kind = iota
	Memory
	Neo4j
)

// Choose reads the setting: the kind of store, and its path or address.
func (s *Store) Choose(getenv func(string) string) (Kind, string, error) {
	scheme, rest, _ := strings.Cut(s.Store, ":")
	switch {
	case s.Store == "":
		dir := s.DataDir
		if dir == "" {
			var err error
			if dir, err = DataDir(getenv); err != nil {
				return 0, "", &UsageError{"there is no data folder", "name one with --data-dir"}
			}
		}
		return SQLite, filepath.Join(dir, "throughline.db"), nil
	case s.Store == "memory:" || s.Store == "memory":
		return Memory, "", nil
	case scheme == "sqlite" && rest != "":
		return SQLite, strings.TrimPrefix(rest, "//"), nil
	case scheme == "neo4j" || scheme == "bolt" || strings.HasPrefix(scheme, "neo4j+") ||
		strings.HasPrefix(scheme, "bolt+"):
		u, err := url.Parse(s.Store)
		if err != nil || u.Host == "" {
			return 0, "", &UsageError{
				fmt.Sprintf("--store %q is not an address", shown(s.Store)),
				"write it as neo4j://localhost:7687",
			}
		}
		if u.User != nil {
			return 0, "", &UsageError{
				"--store holds a user or password",
				"set THROUGHLINE_NEO4J_USER and THROUGHLINE_NEO4J_PASSWORD instead, where no list of processes shows them",
			}
		}
		return Neo4j, s.Store, nil
	}
	return 0, "", &UsageError{
		fmt.Sprintf("--store %q is no store", s.Store),
		"write sqlite:PATH, memory: or neo4j://localhost:7687",
	}
}

// DataDir is the folder for the user's data on this system.
func DataDir(getenv func(string) string) (string, error) {
	if d := getenv("XDG_DATA_HOME"); d != "" && filepath.IsAbs(d) {
		return filepath.Join(d, "throughline"), nil
	}
	if runtime.GOOS == "windows" {
		if d := getenv("LocalAppData"); d != "" {
			return filepath.Join(d, "throughline"), nil
		}
	}
	home := getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", err
		}
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "throughline"), nil
	}
	return filepath.Join(home, ".local", "share", "throughline"), nil
}
