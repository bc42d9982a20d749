package web

import (
	"context"
	"html/template"
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
	// Away says that the way to the issuer begins on the page by another name of this server, and Led that this is that page.
	Away, Led bool
	// Problem is what was wrong with the token before; "" for nothing.
	Problem string
	// Again has the browser ask once more by itself: where a page of another site led here, it did not send the cookie of
	// the session.
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

// loginScript is the script of the page for logging in, which keeps what stands behind # in the address of the page that
// somebody wanted.
var loginScript = sync.OnceValue(func() string {
	names := must(fs.Glob(dist, "dist/assets/login-*.js.gz"))
	return "/assets/" + strings.TrimSuffix(path.Base(names[0]), ".gz")
})

// accounts are the parts of pages that say who is there. They bring their style, and work without JavaScript.
var accounts = template.Must(template.New("").Funcs(template.FuncMap{"script": loginScript}).Parse(`
{{- define "account"}}<style>
.account { align-items: center; display: flex; flex-wrap: wrap; font: 14px/1.5 system-ui, sans-serif; gap: 0.25rem 0.75rem; justify-content: flex-end; padding: 0.25rem 1rem; }
.account form { margin: 0; }
.account button { background: none; border: 1px solid currentColor; border-radius: 4px; color: inherit; cursor: pointer; font: inherit; min-height: 28px; padding: 0 0.6rem; }
.account a { color: inherit; line-height: 28px; }
body:has(> #playground) { background: Canvas; color: CanvasText; display: flex; flex-direction: column; }
body:has(> #playground) > #playground { flex: 1; min-height: 0; }
</style>
<aside class="account" aria-label="Account">
{{- if .Subject}}<span>Logged in as <strong>{{.Subject}}</strong> ({{.Role}})</span>{{else}}<span>You may read</span>{{end}}
{{- if .LogsOut}}<form method="post" action="/logout"><button>Log out</button></form>
{{- else if not .Subject}}<a href="/login?next={{.Next}}">Log in</a>{{end -}}
</aside>{{end}}
{{- define "head"}}<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { margin: 12vh auto 0; max-width: 26rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
label { display: block; font-weight: 600; }
input { border: 1px solid; border-radius: 4px; box-sizing: border-box; font: inherit; margin: 0.25rem 0 1rem; min-height: 36px; padding: 0 0.5rem; width: 100%; }
button { font: inherit; min-height: 36px; padding: 0 1rem; }
.go { border: 1px solid; border-radius: 4px; display: inline-block; padding: 0.4rem 1rem; text-decoration: none; }
.problem { border-left: 4px solid; padding-left: 0.75rem; }
</style>
{{end}}
{{- define "login"}}{{template "head"}}{{if .Again}}<meta http-equiv="refresh" content="0">
{{end}}{{if .Led}}<noscript><meta http-equiv="refresh" content="0;url=/login/begin?here&amp;next={{.Next | urlquery}}"></noscript>
{{end}}<title>Log in · Throughline</title>
{{if not .Problem}}<script type="module" src="{{script}}"></script>
{{end}}</head>
<body>
<main>
<h1>Log in</h1>
{{with .Problem}}<p class="problem" role="alert" id="problem">{{.}}</p>
{{end}}{{if .In}}<p role="status">You are logged in. Go on in the window that you came from; this one can be closed.</p>
{{else}}{{if .Left}}<p role="status">You are logged out.</p>
{{end}}{{if .Issuer}}{{if not .Left}}<p>This server wants to know who asks.</p>
{{end}}<p><a class="go" href="/login/begin?{{if .Led}}here&amp;{{end}}next={{.Next}}"{{if .Led}} data-led{{else if .Away}} data-away{{end}} autofocus>Log in at {{.Issuer}}</a></p>
{{with .EndSession}}<p><a href="{{.}}">Log out there too</a></p>
{{end}}{{else}}<p>This server wants to know who asks. Whoever keeps it gives you a token, which begins with <code>tl_</code>.</p>
<form method="post" action="/login">
<input type="hidden" name="next" value="{{.Next}}">
<label for="token">Token</label>
<input type="password" id="token" name="token" required autofocus autocomplete="current-password" spellcheck="false"{{if .Problem}} aria-describedby="problem"{{end}}>
<button>Log in</button>
</form>
{{end}}{{end}}</main>
</body>
</html>{{end}}
{{- define "onward"}}{{template "head"}}<meta http-equiv="refresh" content="0;url={{.}}">
<title>Logged in · Throughline</title>
</head>
<body>
<main>
<h1>Logged in</h1>
<p><a href="{{.}}">Go on</a></p>
</main>
</body>
</html>{{end}}`))
