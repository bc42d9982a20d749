package clients_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheSchemaIsLinted: the schema as it is printed passes the rules of graphql-eslint that it recommends for schemas
// and has for Relay, but for those that testdata/eslint.config.mjs names with a reason.
func TestTheSchemaIsLinted(t *testing.T) {
	dir := project(t)
	config, err := os.ReadFile("testdata/eslint.config.mjs")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile(command(t, "schema"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "eslint.config.mjs"), string(config))
	write(t, filepath.Join(dir, "schema.graphql"), string(schema))
	packages(t, "eslint", dir, "--max-warnings", "0", "schema.graphql")
}
