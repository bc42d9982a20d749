package kg

//go:generate go run ../gen/codesdoc

// Code is the machine-readable kind of an error; it reaches clients as extensions.code.
type Code string

// The codes: each is explained in Codes. Whatever is not an *Error is Internal.
const (
	BadUserInput     Code = "BAD_USER_INPUT"
	BadCursor        Code = "BAD_CURSOR"
	AmbiguousRef     Code = "AMBIGUOUS_REF"
	NotFound         Code = "NOT_FOUND"
	Conflict         Code = "CONFLICT"
	NotKept          Code = "HISTORY_NOT_KEPT"
	ReadOnly         Code = "READ_ONLY"
	Unauthenticated  Code = "UNAUTHENTICATED"
	Forbidden        Code = "FORBIDDEN"
	ParseFailed      Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed Code = "GRAPHQL_VALIDATION_FAILED"
	NoIntrospection  Code = "INTROSPECTION_DISABLED"
	DepthLimit       Code = "DEPTH_LIMIT"
	AliasLimit       Code = "ALIAS_LIMIT"
	CostLimit        Code = "COST_LIMIT"
	Timeout          Code = "TIMEOUT"
	Unavailable      Code = "UNAVAILABLE"
	StorageFull      Code = "STORAGE_FULL"
	Corrupt          Code = "CORRUPT"
	Internal         Code = "INTERNAL"
	Cancelled        Code = "CANCELLED"
	BadRequest       Code = "BAD_REQUEST"
	MethodNotAllowed Code = "METHOD_NOT_ALLOWED"
	NotAcceptable    Code = "NOT_ACCEPTABLE"
	UnsupportedMedia Code = "UNSUPPORTED_MEDIA_TYPE"
	Misdirected      Code = "MISDIRECTED_REQUEST"
	PersistedUnknown Code = "PERSISTED_QUERY_NOT_FOUND"
	DocumentUnknown  Code = "DOCUMENT_NOT_FOUND"
	DocumentRefused  Code = "DOCUMENT_NOT_TRUSTED"
)

// CodeMeaning says what a code means to a client.
type CodeMeaning struct {
	Code Code
	// Means is what happened, and what to do: a sentence without its full stop.
	Means string
	// Extensions are what stands beside the code in extensions, where there is more.
	Extensions []string
}

// Codes are all codes and what they mean, those that most clients meet first. The table in the documentation and the
// list in the schema's description are made of it.
func Codes() []CodeMeaning {
	return []CodeMeaning{
		{BadUserInput, "a value cannot be meant: out of bounds, of another type, or at odds with another", []string{"argument", "variable"}},
		{NotFound, "an argument, or a reference in a filter, names nothing; looking up what is not there is null without an error", []string{"argument", "suggestions"}},
		{AmbiguousRef, "a name fits several entities: name one of the candidates by id", []string{"argument", "candidates", "candidateCount"}},
		{NotKept, "the history of that time was deleted: `since` says from when on it is kept", []string{"argument", "since"}},
		{BadCursor, "a cursor is damaged or of another list: take it from the same field, order and arguments", nil},
		{CostLimit, "more is asked for at once than may be: ask for less, first of what `argument` names", []string{"argument", "cost", "limit"}},
		{DepthLimit, "fields are nested deeper than may be", nil},
		{AliasLimit, "the document has more aliases than may be", nil},
		{Timeout, "the operation took longer than may be: ask for less at once", nil},
		{Unavailable, "the store cannot be reached, or the server has more to do than it can: try again in a second", nil},
		{ParseFailed, "the document is not GraphQL, or has more tokens than may be; `locations` say where", nil},
		{ValidationFailed, "the document does not fit the schema; `locations` say where", nil},
		{NoIntrospection, "the operation asks for the schema, which this server does not show", nil},
		{ReadOnly, "the server only reads: it was started without `--writable`, or its store may not be written", nil},
		{StorageFull, "the store's disk is full: nothing of the change was written, and reads go on; try again when the operator has made room", nil},
		{Unauthenticated, "the request shows no token where one is needed, or one that is not known or has expired", nil},
		{Forbidden, "the field needs a higher role than the request's: `requires` names it; with status 403, a page of another origin would use a session, or the token gives no role here", []string{"requires", "argument"}},
		{Conflict, "the store holds something else under this id", nil},
		{Corrupt, "what the store holds is damaged: the operator finds out by `throughline check`", nil},
		{Internal, "something went wrong in the server, and is in its log", nil},
		{Cancelled, "the client went away before the answer", nil},
		{BadRequest, "the request is not one of GraphQL over HTTP, or asks for what there is not, such as a subscription", nil},
		{MethodNotAllowed, "the method is not for this: queries by GET or POST, mutations by POST", nil},
		{NotAcceptable, "none of the media types that `Accept` names is one of answers", nil},
		{UnsupportedMedia, "the body is not `application/json` in UTF-8", nil},
		{Misdirected, "the server does not answer to this host: see `--allowed-host`", nil},
		{PersistedUnknown, "the hash of a persisted query is not known yet: send the document with it", nil},
		{DocumentUnknown, "the id of a document is in none of the server's manifests", nil},
		{DocumentRefused, "the server runs only the documents of its manifests", nil},
	}
}
