package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// mends are faults of packages that cannot be mended from outside: in the file that ends so, the one text becomes the
// other. A version that has the text no longer ends the build.
var mends = []struct{ file, is, becomes string }{
	// a button whose name does not have in it what stands on it cannot be called by voice (WCAG 2.5.3)
	{"@graphiql/plugin-history/dist/components.js", `"aria-label": "Set active"`, `"data-sets": "active"`},
	// comments in the dark editor have too little contrast (WCAG 1.4.3)
	{"@graphiql/react/dist/constants.js", `foreground: "#908aff"`, `foreground: "#a5a0ff" }, { token: "comment", foreground: "#8fbf7a"`},
}

// mendPlugin makes the mends.
func mendPlugin() api.Plugin {
	return api.Plugin{Name: "mend", Setup: func(build api.PluginBuild) {
		build.OnLoad(api.OnLoadOptions{Filter: `@graphiql[/\\][a-z-]+[/\\]dist[/\\](components|constants)\.js$`},
			func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				b, err := os.ReadFile(a.Path)
				if err != nil {
					return api.OnLoadResult{}, err
				}
				text := string(b)
				for _, m := range mends {
					if !strings.HasSuffix(filepath.ToSlash(a.Path), m.file) {
						continue
					}
					if !strings.Contains(text, m.is) {
						return api.OnLoadResult{}, fmt.Errorf("%s: %s is not there any more: see tools/webbuild/mend.go",
							m.file, m.is)
					}
					text = strings.ReplaceAll(text, m.is, m.becomes)
				}
				return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
			})
	}}
}
