package neo4jstore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIndexesComeBack: what was dropped is made again at start; what stands in the way is told, with the statement that
// helps, and left alone.
func TestIndexesComeBack(t *testing.T) {
	srv, db := database(t)
	cat := parse(t)
	const all = "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint WHERE type <> 'LOOKUP' RETURN * ORDER BY name"
	close := func() {
		t.Helper()
		if err := open(t, srv, cat).Close(); err != nil {
			t.Fatal(err)
		}
	}
	close()
	want := db.run(all, nil)
	for _, statement := range []string{
		"DROP CONSTRAINT throughline_entity_id", "DROP CONSTRAINT throughline_said_id", "DROP INDEX throughline_words",
		"DROP INDEX throughline_link_sources", "DROP INDEX throughline_person_order", "DROP INDEX throughline_alias_name",
	} {
		db.run(statement, nil)
	}
	close()
	if diff := cmp.Diff(want, db.run(all, nil)); diff != "" {
		t.Errorf("after a start: %s", diff)
	}
	for _, c := range []struct {
		name    string
		changes []string
		says    []string
		mend    string
	}{
		{
			"another index under our name",
			[]string{
				"DROP INDEX throughline_entity_name",
				"CREATE INDEX throughline_entity_name FOR (n:Thing) ON (n.x)",
			},
			[]string{"throughline_entity_name"},
			"DROP INDEX throughline_entity_name",
		},
		{
			"another constraint under our name",
			[]string{
				"DROP INDEX throughline_alias_name",
				"CREATE CONSTRAINT throughline_alias_name FOR (n:Alias) REQUIRE n._name IS UNIQUE",
			},
			[]string{"throughline_alias_name"},
			"DROP CONSTRAINT throughline_alias_name",
		},
		{
			"a full-text index of another analyzer",
			[]string{
				"DROP INDEX throughline_words",
				"CREATE FULLTEXT INDEX throughline_words FOR (n:Entity|Source) ON EACH [n._words]",
			},
			[]string{"throughline_words"},
			"DROP INDEX throughline_words",
		},
		{
			"an index where our constraint must stand",
			[]string{"DROP CONSTRAINT throughline_source_id", "CREATE INDEX theirs FOR (n:Source) ON (n.id)"},
			[]string{"theirs", "throughline_source_id"},
			"DROP INDEX theirs",
		},
		{
			"nodes with ids that are not unique",
			[]string{"DROP CONSTRAINT throughline_entity_id", "CREATE (:Entity {id: 'x'}), (:Entity {id: 'x'})"},
			[]string{"not unique"},
			"MATCH (n:Entity {id: 'x'}) DELETE n",
		},
		{
			"links with ids that are not unique",
			[]string{
				"DROP CONSTRAINT throughline_said_id",
				"CREATE (:Thing)-[:SAID {id: 'x'}]->(:Thing)-[:SAID {id: 'x'}]->(:Thing)",
			},
			[]string{"not unique"},
			"MATCH (n:Thing) DETACH DELETE n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, statement := range c.changes {
				db.run(statement, nil)
			}
			before := db.run(all, nil)
			got := refusal(t, srv.URL, srv, cat)
			for _, word := range c.says {
				if !strings.Contains(got, word) {
					t.Errorf("it is refused with %q, which lacks %q", got, word)
				}
			}
			if strings.HasPrefix(c.mend, "DROP") && !strings.Contains(got, c.mend) {
				t.Errorf("it is refused with %q, which does not say %q", got, c.mend)
			}
			if strings.HasPrefix(c.mend, "DROP") {
				if diff := cmp.Diff(before, db.run(all, nil)); diff != "" {
					t.Errorf("something was touched: %s", diff)
				}
			}
			db.run(c.mend, nil)
		})
	}
	close()
	if diff := cmp.Diff(want, db.run(all, nil)); diff != "" {
		t.Errorf("after all is mended: %s", diff)
	}
}
