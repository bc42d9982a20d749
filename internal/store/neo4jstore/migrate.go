package neo4jstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/text"
)

// migrations bring the layout from each version to the next; the database records how far it is. Every statement can
// run again, so a migration that was cut off is simply run again. The indexes are not in here but in indexes.go: those
// that are missing are made at every start.
var migrations = [][]string{
	{},
	{}, // excerpts are compared with their texts again
	{}, // links have a standing
	{}, // the words of quotations are compared with texts
	// sources are searched too: their words are made with those that are folded anew
	{"DROP INDEX throughline_search IF EXISTS"},
	{}, // properties that are text are kept folded too
	{}, // there is a log of changes: a program that does not write it would leave gaps
	// the full-text indexes are behind the commits: a program that does not wait for them would not find what was just
	// written
	{},
	{}, // the log may begin later: a program that does not know would answer for what is not kept
	{}, // the full-text indexes are behind the commits again
	{}, // words that begin or end within a word of their text are not verified
}

// standingLayout is the layout before which links had no standing.
const standingLayout = 3

// standings are the statements that give links their standing, and those that are REFUTED their own type of
// relationship. Like all of a migration they can run again.
func (l *layout) standings() []string {
	const different = "reduce(list = [], i IN range(0, size(of) - 1) | CASE WHEN (r.stances[i] = 'REFUTES') = %s OR of[i] IN list THEN list ELSE list + of[i] END)"
	return []string{
		"MATCH (:Entity)-[r:" + l.allKinds +
			"]->(:Entity) WHERE 'REFUTES' IN r.stances CALL (r) { WITH r, coalesce(r.evidenceSources, r.sources) AS of WITH r, " +
			fmt.Sprintf(different, "true") + " AS supporters, size(" + fmt.Sprintf(different,
			"false") + ") AS refuteCount " +
			"SET r.supporters = supporters, r.sourceCount = size(supporters), r.refuteCount = refuteCount, " +
			"r.standing = CASE WHEN size(supporters) = 0 THEN 'REFUTED' ELSE 'DISPUTED' END } IN TRANSACTIONS OF 10000 ROWS",
		"MATCH (a:Entity)-[r:" + l.allKinds + "]->(b:Entity) WHERE r.standing = 'REFUTED' " +
			"CALL (a, r, b) { CREATE (a)-[x:REFUTED]->(b) SET x = properties(r), x.kind = type(r) DELETE r } IN TRANSACTIONS OF 10000 ROWS",
	}
}

// verifyingLayout is the layout before which excerpts, or the words of quotations, were not compared with texts as they
// are now.
const verifyingLayout = 11

// foldingLayout is the layout before which the text of properties was not kept folded.
const foldingLayout = 6

// metaConstraint makes the record of the version single, so that servers that start together wait for each other at it.
var metaConstraint = index{name: "throughline_meta_id", unique: true, of: []string{metaLabel}, on: []string{"id"}}

// migrate brings the layout up to date. Servers that start together take turns: each holds the lock on the record of
// the version until all indexes stand.
func (s *Store) migrate(ctx context.Context) (err error) {
	if err := s.schema(ctx, metaConstraint.create()); err != nil {
		return err
	}
	u, err := s.conns.enter(ctx, endless)
	if err != nil {
		return err
	}
	defer func() { err = u.leave(err) }()
	ctx = u.ctx
	session := u.session(s.session)
	defer u.end(session)
	tx, err := session.BeginTransaction(ctx, neo4j.WithTxTimeout(time.Hour))
	if err != nil {
		return err
	}
	defer tx.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the commit has told
	res, err := tx.Run(ctx,
		"MERGE (m:ThroughlineMeta {id: 'layout'}) ON CREATE SET m.version = 0 SET m.lockedAt = timestamp() RETURN m.version, m.text, coalesce(m.unfinished, false)", nil)
	if err != nil {
		return err
	}
	rec, err := res.Single(ctx)
	if err != nil {
		return err
	}
	version, _ := rec.Values[0].(int64)
	if version > int64(len(migrations)) {
		return &SetupError{Message: fmt.Sprintf("this database was written by a newer version of the program (its layout is %d, this one knows %d): update the program, or use another database",
			version, len(migrations))}
	}
	var todo []string
	for _, m := range migrations[version:] {
		todo = append(todo, m...)
	}
	again := version > 0 && version < verifyingLayout
	if version > 0 && version < standingLayout {
		todo = append(todo, s.layout.standings()...)
	}
	if rec.Values[2] == true {
		todo = append(todo, noSupporters)
	}
	have, err := s.indexes(ctx)
	if err != nil {
		return err
	}
	missing, err := s.layout.missing(have)
	if err != nil {
		return err
	}
	for _, statement := range append(todo, missing...) {
		if err := s.schema(ctx, statement); err != nil {
			return err
		}
	}
	if err := s.schema(ctx, "CALL db.awaitIndexes(3600)"); err != nil {
		return err
	}
	if again {
		if err := s.verifyAll(ctx); err != nil {
			return err
		}
	}
	if rules, _ := rec.Values[1].(string); rules != text.Rules() || version < foldingLayout {
		if err := s.refold(ctx); err != nil {
			return err
		}
	}
	if res, err = tx.Run(ctx,
		"MATCH (m:ThroughlineMeta {id: 'layout'}) SET m.version = $version, m.text = $text REMOVE m.lockedAt, m.unfinished", map[string]any{
			"version": int64(len(migrations)),
			"text":    text.Rules(),
		}); err == nil {
		_, err = res.Consume(ctx)
	}
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		return err
	}
	s.logOthers(ctx, version)
	return nil
}

// schema runs one statement on indexes or constraints, again when another server's got in its way.
func (s *Store) schema(ctx context.Context, text string) error {
	for try := 1; ; try++ {
		err := s.alone(ctx, text, nil)
		var e *neo4j.Neo4jError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &e) && (e.Code == "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists" ||
			e.Code == "Neo.ClientError.Schema.IndexAlreadyExists" ||
			e.Code == "Neo.ClientError.Schema.ConstraintAlreadyExists"):
			return nil
		case try == 10 || !passing(err):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		}
	}
}

// logOthers says once how much else the database holds.
func (s *Store) logOthers(ctx context.Context, version int64) {
	rows, err := s.once(ctx, `RETURN COUNT { MATCH (n) } - COUNT { MATCH (n:Entity) WHERE n.id >= '' } - COUNT { MATCH (n:Source) WHERE n.id >= '' }
  - COUNT { MATCH (n:Alias) WHERE n._name >= '' } - COUNT { MATCH (n:ExternalId) WHERE n.scheme >= '' AND n.value >= '' } - COUNT { MATCH (n:ThroughlineMeta) }
  - COUNT { MATCH (n:ThroughlineChange) } - COUNT { MATCH (n:ThroughlineChangeItem) } - COUNT { MATCH (n:ThroughlineLog) } AS others`, nil)
	if err != nil || len(rows) != 1 {
		return
	}
	s.log.InfoContext(ctx, "neo4j is ready", "layoutBefore", version, "layout", len(migrations), "otherNodesLeftAlone",
		asInt(rows[0][0]))
}
