package clients_test

import (
	"encoding/json"
	"testing"
)

// TestGraphQLOverHTTP has graphql-http's audit ask what the specification says a server must, should and may do: every
// answer is as it wants.
func TestGraphQLOverHTTP(t *testing.T) {
	var audits []struct{ ID, Name, Status, Reason string }
	if err := json.Unmarshal(node(t, "audit.mjs", newServer(t, nil)), &audits); err != nil {
		t.Fatal(err)
	}
	if len(audits) < 60 {
		t.Errorf("there are %d audits, of about 61", len(audits))
	}
	for _, a := range audits {
		if a.Status != "ok" {
			t.Errorf("%s %s: %s: %s", a.ID, a.Name, a.Status, a.Reason)
		}
	}
}
