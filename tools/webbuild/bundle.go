package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const assets = "assets" // the folder in dist, and its address

// metafile is the part of esbuild's account of a build that is needed here.
type metafile struct {
	Inputs map[string]struct {
		Format  string `json:"format"`
		Imports []struct {
			Path string `json:"path"`
			Kind string `json:"kind"`
		} `json:"imports"`
	} `json:"inputs"`
	Outputs map[string]struct {
		EntryPoint string `json:"entryPoint"`
		CSSBundle  string `json:"cssBundle"`
		Imports    []struct {
			Path     string `json:"path"`
			Kind     string `json:"kind"`
			External bool   `json:"external"`
		} `json:"imports"`
	} `json:"outputs"`
}

// bundler gathers the files of all bundles and the packages they are made of.
type bundler struct {
	src    string
	files  map[string][]byte   // by path in dist, not yet compressed
	inputs map[string]struct{} // paths below src that went into a bundle
}

// build makes every file of dist.
func build(src, tour string) (map[string][]byte, error) {
	b := &bundler{src: src, files: map[string][]byte{}, inputs: map[string]struct{}{}}
	names := map[string]string{}
	for def, entry := range map[string]string{
		"EDITOR_WORKER":  "node_modules/monaco-editor/esm/vs/editor/editor.worker.js",
		"JSON_WORKER":    "node_modules/monaco-editor/esm/vs/language/json/json.worker.js",
		"GRAPHQL_WORKER": "node_modules/monaco-graphql/esm/graphql.worker.js",
		"REFINE_WORKER":  "explorer/refine.worker.ts",
	} {
		js, _, _, err := b.bundle(entry, strings.TrimSuffix(path.Base(entry), path.Ext(entry)),
			api.BuildOptions{Format: api.FormatIIFE})
		if err != nil {
			return nil, err
		}
		name, err := json.Marshal("./" + js)
		if err != nil {
			return nil, err
		}
		names[def] = string(name)
	}
	script, style, preloads, err := b.bundle("playground.tsx", "playground", api.BuildOptions{
		Format: api.FormatESModule, Splitting: true, JSX: api.JSXAutomatic, Define: names, Plugins: []api.Plugin{tourPlugin(tour), mendPlugin()},
		// GraphiQL imports these two by their old names, which lead to CommonJS (see split)
		Alias: map[string]string{
			"prettier/parser-graphql": "prettier/plugins/graphql",
			"prettier/parser-babel":   "prettier/plugins/babel",
			// ours say why they stand in for these
			"monaco-editor/esm/vs/editor/edcore.main.js": "./monaco.js",
			"framer-motion": "./reorder.tsx",
		},
	})
	if err != nil {
		return nil, err
	}
	if _, _, _, err = b.bundle("login.ts", "login", api.BuildOptions{Format: api.FormatESModule}); err != nil {
		return nil, err
	}
	favicon, err := b.copy("favicon.svg")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if out["index.html"], err = page(filepath.Join(src, "index.html"), favicon, style, script, preloads); err != nil {
		return nil, err
	}
	script, style, preloads, err = b.bundle("explorer/main.tsx", "explorer", api.BuildOptions{
		Format: api.FormatESModule, Splitting: true, JSX: api.JSXAutomatic, Define: names,
	})
	if err != nil {
		return nil, err
	}
	explorer := filepath.Join(src, "explorer", "explorer.html")
	if out["explorer.html"], err = page(explorer, favicon, style, script, preloads); err != nil {
		return nil, err
	}
	if out["THIRD_PARTY_NOTICES.txt"], err = notices(src, b.inputs); err != nil {
		return nil, err
	}
	for name, body := range b.files {
		if out[assets+"/"+name+".gz"], err = gz(body); err != nil {
			return nil, err
		}
		if out[assets+"/"+name+".br"], err = br(body); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// page names the files of a bundle in the page that loads them.
func page(path, favicon, style, script string, preloads []string) ([]byte, error) {
	html, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var preload strings.Builder
	for _, name := range preloads {
		fmt.Fprintf(&preload, "<link rel=\"modulepreload\" href=\"%s\">\n", address(name))
	}
	return []byte(strings.NewReplacer("%FAVICON%", address(favicon), "%STYLE%", address(style), "%SCRIPT%", address(script),
		"%PRELOADS%", preload.String()).Replace(string(html))), nil
}

func address(name string) string { return "/" + assets + "/" + name }

// bundle builds one entry point and keeps what can be reached from it. It returns the names of its script, its style
// ("" for none) and the scripts it imports at once.
func (b *bundler) bundle(entry, name string, o api.BuildOptions) (script, style string, imports []string, err error) {
	o.EntryPointsAdvanced = []api.EntryPoint{{InputPath: entry, OutputPath: name}}
	o.AbsWorkingDir = b.src
	o.Outdir = "out" // a name only: nothing is written
	o.Bundle, o.Write, o.Metafile = true, false, true
	o.EntryNames, o.ChunkNames, o.AssetNames = "[name]-[hash]", "[name]-[hash]", "[name]-[hash]"
	o.MinifyWhitespace, o.MinifyIdentifiers, o.MinifySyntax = true, true, true
	o.Target = api.ES2022
	o.Platform = api.PlatformBrowser
	o.Charset = api.CharsetUTF8
	o.LegalComments = api.LegalCommentsNone // they are in THIRD_PARTY_NOTICES.txt, from each package's own file
	o.Loader = map[string]api.Loader{".ttf": api.LoaderFile, ".woff2": api.LoaderFile, ".svg": api.LoaderFile}
	o.LogLevel = api.LogLevelSilent
	if o.Define == nil {
		o.Define = map[string]string{}
	}
	o.Define["process.env.NODE_ENV"] = `"production"`

	result := api.Build(o)
	if len(result.Errors) > 0 {
		return "", "", nil, errors.New(strings.Join(api.FormatMessages(result.Errors,
			api.FormatMessagesOptions{Kind: api.ErrorMessage}), "\n"))
	}
	for _, w := range api.FormatMessages(result.Warnings, api.FormatMessagesOptions{Kind: api.WarningMessage}) {
		fmt.Fprint(os.Stderr, w)
	}
	var meta metafile
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return "", "", nil, err
	}
	for in := range meta.Inputs {
		b.inputs[in] = struct{}{}
	}
	if o.Splitting {
		if err := split(meta); err != nil {
			return "", "", nil, err
		}
	}
	contents := map[string][]byte{}
	for _, f := range result.OutputFiles {
		contents[filepath.Base(f.Path)] = f.Contents
	}
	main := ""
	for out, info := range meta.Outputs {
		if info.EntryPoint == entry {
			main = out
		}
	}
	if main == "" {
		return "", "", nil, fmt.Errorf("%s: no output", entry)
	}
	// The styles of chunks are left out: no browser would ask for them, and the entry's style holds them all.
	todo, seen := []string{main}, map[string]bool{main: true}
	if css := meta.Outputs[main].CSSBundle; css != "" {
		style = path.Base(css)
		todo, seen[css] = append(todo, css), true
	}
	for len(todo) > 0 {
		out := todo[0]
		todo = todo[1:]
		body, ok := contents[path.Base(out)]
		if !ok {
			return "", "", nil, fmt.Errorf("%s: %s was not built", entry, out)
		}
		b.files[path.Base(out)] = body
		for _, i := range meta.Outputs[out].Imports {
			if i.External || seen[i.Path] {
				continue
			}
			seen[i.Path] = true
			todo = append(todo, i.Path)
			if out == main && i.Kind == "import-statement" {
				imports = append(imports, path.Base(i.Path))
			}
		}
	}
	return path.Base(main), style, imports, nil
}

// split refuses what esbuild splits off wrongly: of a CommonJS module that is imported dynamically, only the default
// export can be seen, and the page breaks where it uses another, long after it was loaded.
func split(meta metafile) error {
	for in, info := range meta.Inputs {
		for _, i := range info.Imports {
			if i.Kind == "dynamic-import" && meta.Inputs[i.Path].Format == "cjs" {
				return fmt.Errorf("%s imports %s, which is CommonJS, dynamically: name its ES module in Alias", in,
					i.Path)
			}
		}
	}
	return nil
}

// copy takes a file as it is, under a name with its hash.
func (b *bundler) copy(name string) (string, error) {
	body, err := os.ReadFile(filepath.Join(b.src, name))
	if err != nil {
		return "", err
	}
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "-" + shortHash(body) + ext
	b.files[hashed] = body
	return hashed, nil
}
