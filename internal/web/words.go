package web

import "html/template"

// All words of the pages that this package writes itself stand in this file, so that they can be translated: those
// without JavaScript, and those for logging in. Those of the scripts stand in src/explorer/words.ts, and in what
// GraphiQL brings.
const (
	product      = "Throughline"
	titleMissing = "Not found"
	titleFailed  = "No answer"
	unknownFault = "something went wrong on the server"
)

// pages are what the explorer's pages hold before their script runs.
var pages = template.Must(template.New("").Funcs(template.FuncMap{"spell": spell}).Parse(`
{{- define "start"}}<main><h1>Throughline</h1>
<p class="claim">People, institutions, events, quotes and themes, and the words that connect them.</p>
<noscript><p>The explorer needs JavaScript. What is known of an entity or a source can be read without it, at /e/ID and /s/ID.</p></noscript></main>{{end}}
{{- define "missing"}}<main><h1>There is nothing here</h1>
<p>The address may be mistyped, or what it named was removed. <a href="/">Begin at the start</a>.</p></main>{{end}}
{{- define "failed"}}<main><h1>This cannot be shown now</h1>
<p>The server says: {{.}}.</p></main>{{end}}
{{- define "head"}}{{with .Description}}<meta name="description" content="{{.}}">
{{end}}<script type="application/ld+json">{{.About}}</script>
{{end}}
{{- define "words"}}{{range .Evidence.Nodes}}
<blockquote>{{.Excerpt}}</blockquote>{{template "stance" .Stance}}
<p class="quiet"><a href="/s/{{.Source.ID}}">{{.Source.Title}}</a>{{with .Source.Publisher}}, {{.}}{{end}}{{with .Source.PublishedOn}}, {{.}}{{end}}</p>
{{- end}}{{end}}
{{- define "stance"}}{{if eq . "REFUTES"}}
<p><strong>speaks against it</strong></p>{{end}}{{end}}
{{- define "links"}}<ul class="sentences">{{range .Edges}}
<li><p>{{.Link.Sentence}} <a href="/e/{{.Node.ID}}">{{.Node.Name}}</a></p>{{template "words" .Link}}</li>{{end}}
</ul>
{{template "rest" .}}{{end}}
{{- define "rest"}}{{if gt .TotalCount (len .Edges)}}<p class="quiet">The first {{len .Edges}} of {{.TotalCount}} can be read without JavaScript.</p>
{{end}}{{end}}
{{- define "damaged"}}{{with .Damaged}}<div class="damaged"><p>Something in the store is damaged, and is left out of this page:</p>
<ul>{{range .}}
<li>{{.}}</li>{{end}}
</ul></div>
{{end}}{{end}}
{{- define "entity"}}<main><h1>{{.Name}}</h1>
{{template "damaged" .}}<p class="quiet">{{spell .Type}}</p>
{{with .Description}}<p>{{.}}</p>
{{end}}{{with .Aliases}}<p class="quiet">Also known as {{range $i, $a := .}}{{if $i}}, {{end}}{{$a}}{{end}}</p>
{{end}}<h2>Links ({{.Links.TotalCount}})</h2>
{{template "links" .Links}}{{if .Denied.TotalCount}}<h2>What sources only deny ({{.Denied.TotalCount}})</h2>
{{template "links" .Denied}}{{end}}</main>{{end}}
{{- define "source"}}<main><h1>{{.Title}}</h1>
{{template "damaged" .}}<p class="quiet">{{range .Authors}}{{.}}, {{end}}{{.Publisher}} {{.PublishedOn}}</p>
{{with .URL}}<p><a href="{{.}}">Read the original</a></p>
{{end}}<h2>What it is quoted for ({{.Links.TotalCount}})</h2>
<ul class="sentences">{{range .Links.Edges}}
<li><p><a href="/e/{{.Link.From.ID}}">{{.Link.From.Name}}</a>, <a href="/e/{{.Link.To.ID}}">{{.Link.To.Name}}</a>: {{.Link.Sentence}}</p>
{{- range .Link.Evidence.Nodes}}{{if eq .Source.ID $.ID}}
<blockquote>{{.Excerpt}}</blockquote>{{template "stance" .Stance}}{{end}}{{end}}</li>{{end}}
</ul>
{{template "rest" .Links}}</main>{{end}}`))

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
