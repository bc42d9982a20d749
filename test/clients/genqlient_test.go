package clients_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/test/others"
)

// TestGenqlient has genqlient write a client in Go from the schema as it is printed for old parsers, with a fragment on an
// interface, filters and scalars. What it wrote compiles, and asks a server.
func TestGenqlient(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what compiles programs of others")
	}
	const module = "../../tools/genqlient" // it pins the version, and has what a client imports
	run := func(dir, name string, args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
		defer cancel()
		c := exec.CommandContext(ctx, name, args...)
		c.Dir = dir
		return c.CombinedOutput()
	}
	if out, err := run(module, "go", "mod", "download"); err != nil {
		others.Missing(t, "genqlient", fmt.Errorf("go mod download: %w\n%s", err, out))
	}
	bin := filepath.Join(t.TempDir(), "genqlient")
	if out, err := run(module, "go", "build", "-o", bin, "github.com/Khan/genqlient"); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	dir, err := os.MkdirTemp(module, "project-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, args := range map[string][]string{
		"genqlient.yaml": {"schema", "--client", "genqlient"}, "schema.graphql": {"schema", "--client", "sdl"},
	} {
		text, err := os.ReadFile(command(t, args...))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	write(t, filepath.Join(dir, "operations/people.graphql"), `
query People($name: String!, $first: Int) {
  people(where: {name: {contains: $name}}, first: $first) {
    nodes { id name born links(first: 1) { nodes { ...named } } }
  }
}
fragment named on Entity { id name updatedAt }
`)
	settings, err := os.ReadFile(filepath.Join(dir, "genqlient.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(settings), `"*.graphql"`, `"operations/*.graphql"`, 1) +
		"package: main\n"
	write(t, filepath.Join(dir, "genqlient.yaml"), own)
	if out, err := run(dir, bin, "genqlient.yaml"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write(t, filepath.Join(dir, "main.go"), `package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/Khan/genqlient/graphql"
)

func main() {
	got, err := People(context.Background(), graphql.NewClient(os.Args[1], http.DefaultClient), "kaldor", nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, p := range got.People.Nodes {
		fmt.Println(p.Name, len(p.Links.Nodes))
	}
}
`)
	out, err := run(dir, "go", "run", ".", newServer(t, nil))
	if err != nil || string(out) != "Mary Kaldor 1\n" {
		t.Errorf("%v %s", err, out)
	}
}
