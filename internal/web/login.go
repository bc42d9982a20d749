package web

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// Account is who a page is shown to.
type Account struct {
	// Subject and Role are who asks; the subject is "" for nobody in particular.
	Subject, Role string
	// LogsOut says that there is a session to end.
	LogsOut bool
}

// Login is the page on which a person shows a token, or from which they go to an issuer of tokens.
type Login struct {
	Status int
	// Issuer is the name of where a person logs in; "" where they show a token here.
	Issuer string
	// Next is the address of the page that is shown afterwards.
	Next string
	// Away says that the way to the issuer begins on the page by another name of this server, and Led that this is that
	// page.
	Away, Led bool
	// Problem is what was wrong with the token before; "" for nothing.
	Problem string
	// Again has the browser ask once more by itself: where a page of another site led here, it did not send the cookie
	// of the session.
	Again bool
	// In says that who is here is logged in, and may go back to another window.
	In bool
	// Left says that who is here has just logged out, and EndSession is where they log out at the issuer too; "" for
	// nowhere.
	Left       bool
	EndSession string
}

// Serve answers with the page.
func (l *Login) Serve(w http.ResponseWriter, r *http.Request) {
	sendLogin(w, r, l.Status, "login", l)
}

// Onward answers with a page that leads on to another of this server by itself. A browser that an issuer has sent here
// sends the cookie of the session with what this page leads to, and not with what a redirect would.
func Onward(w http.ResponseWriter, r *http.Request, next string) {
	sendLogin(w, r, http.StatusOK, "onward", next)
}

func sendLogin(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	setHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, inserted(name, data)) // who reads has gone
	}
}

type accountKey struct{}

// WithAccount returns a context that says who a page is shown to: pages then say so.
func WithAccount(ctx context.Context, a *Account) context.Context {
	return context.WithValue(ctx, accountKey{}, a)
}

// accountOf returns who a page is shown to; nil on a server that asks nobody.
func accountOf(r *http.Request) *Account {
	a, _ := r.Context().Value(accountKey{}).(*Account)
	return a
}

// withAccount puts into a page who it is shown to.
func withAccount(r *http.Request, page string) string {
	a := accountOf(r)
	if a == nil {
		return page
	}
	return strings.Replace(page, "<body>", "<body>\n"+inserted("account", struct {
		*Account
		Next string
	}{a, r.URL.RequestURI()}), 1)
}

func inserted(name string, data any) string {
	var b strings.Builder
	if err := accounts.ExecuteTemplate(&b, name, data); err != nil {
		panic("embedded pages: " + err.Error()) // strings and a builder give no reason
	}
	return b.String()
}

// loginScript is the script of the page for logging in, which keeps what stands behind # in the address of the page
// that somebody wanted.
var loginScript = sync.OnceValue(func() string {
	names := must(fs.Glob(dist, "dist/assets/login-*.js.gz"))
	return "/assets/" + strings.TrimSuffix(path.Base(names[0]), ".gz")
})
