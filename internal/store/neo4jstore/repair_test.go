package neo4jstore_test

import (
	"testing"

	"github.com/throughline/throughline/internal/store"
	"github.com/throughline/throughline/internal/store/storetest"
)

// damagesOf are the damages of a database.
func damagesOf(db *outside) []storetest.Damaging {
	var all []storetest.Damaging
	damage := func(kind store.Fault, id, name, statement string) *storetest.Damaging {
		all = append(all, storetest.Damaging{
			Name: name, Kind: kind, ID: id, Do: func(t *testing.T) { t.Helper(); db.run(statement, nil) },
		})
		return &all[len(all)-1]
	}
	link := func(id string) string { return "MATCH ()-[r {id: '" + id + "'}]->() " }
	damage(store.FaultyExcerpts, "l_said", "an excerpt that stands is marked as one that does not", link("l_said")+"SET r.verified = ['false'], r._unverified = 1 REMOVE r.starts, r.ends")
	damage(store.FaultyExcerpts, "l_said", "an excerpt is said to stand elsewhere", link("l_said")+"SET r.starts = [7], r.ends = [15]")
	damage(store.FaultyExcerpts, "l_ann", "an excerpt of nowhere is said to stand", link("l_ann")+"SET r.verified = ['true', '', 'true'], r.starts = [0, 0, 0], r.ends = [3, 3, 3]")
	damage(store.FaultyCounts, "l_said", "too many excerpts are said not to be verified", link("l_said")+"SET r._unverified = 7")
	damage(store.FaultyCounts, "l_ann", "a disputed link is said to be supported", link("l_ann")+"REMOVE r.standing, r.refuteCount, r.supporters")
	damage(store.FaultyCounts, "l_bob", "a denied link is a relationship of its kind", "MATCH (a)-[r:REFUTED {id: 'l_bob'}]->(b) CREATE (a)-[x:AFFILIATED_WITH]->(b) SET x = properties(r) REMOVE x.kind, x.standing DELETE r")
	damage(store.FaultyCounts, "l_cat", "a link that nothing denies is REFUTED", "MATCH (a)-[r:ABOUT {id: 'l_cat'}]->(b) CREATE (a)-[x:REFUTED]->(b) SET x = properties(r), x.kind = 'ABOUT' DELETE r")
	damage(store.FaultyCounts, "l_said", "a quotation is said not to stand in its source", link("l_said")+"SET r._quoted = false")
	damage(store.FaultyTerms, "l_ann", "a role is folded otherwise", link("l_ann")+"SET r._role = 'hed'")
	damage(store.FaultyTerms, "ann", "an entity has other search terms", "MATCH (n:Entity {id: 'ann'}) SET n._words = ' nnobody '")
	damage(store.FaultyTerms, "bob", "an entity is ordered by a date that it has not", "MATCH (n:Entity {id: 'bob'}) SET n._date = 2021010120211231")
	damage(store.FaultyTerms, "club", "an entity is not found by an alias", "MATCH (a:Alias)-[:ALIAS_OF]->(:Entity {id: 'club'}) DETACH DELETE a")
	damage(store.FaultyTerms, "ann", "an entity is found by another id", "MATCH (x:ExternalId {value: '1'})-[:IDENTIFIES]->(:Entity {id: 'ann'}) SET x.value = '2'")
	damage(store.FaultyTerms, "s_c", "a source is ordered otherwise", "MATCH (s:Source {id: 's_c'}) SET s._sort = 'z'")
	damage(store.FaultyTerms, "l_cat", "a change is not found by an end that a link had", "MATCH (i:ThroughlineChangeItem {id: 'l_cat'}) REMOVE i.wasB")
	damage(store.FaultyIndexes, "", "an index is gone", "DROP INDEX throughline_entity_updated")
	damage(store.FaultyIndexes, "", "a constraint is gone", "DROP CONSTRAINT throughline_source_id")

	damage(store.FaultyRecords, "ann", "an entity has no name", "MATCH (n:Entity {id: 'ann'}) REMOVE n.name").Left = true
	damage(store.FaultyRecords, "s_a", "a text is not as it was written", "MATCH (s:Source {id: 's_a'}) SET s.text = 'Ann said nothing.'").Left = true
	damage(store.FaultyRecords, "l_ann", "evidence lacks a stance", link("l_ann")+"SET r.stances = ['SUPPORTS']").Left = true
	damage(store.FaultyMissing, "l_bob", "a source that is quoted is not there", link("l_bob")+"SET r.sources = ['s_z']").Left = true
	damage(store.FaultyMissing, "l_cat", "an end is not there", "MATCH (:Entity {id: 'sea'})-[r:ABOUT]->(b) MATCH (a:Entity {id: 'sea'}) CREATE (x:Theme {name: 'Theirs'}), (a)-[n:ABOUT]->(x) WITH r, n, properties(r) AS p DELETE r SET n = p").Left = true
	damage(store.FaultyLog, "bob", "what a change did is not as it was written", "MATCH (i:ThroughlineChangeItem {id: 'bob'}) SET i.after = '{'").Left = true
	damage(store.FaultyLog, "", "a change is lost", "MATCH (c:ThroughlineChange {seq: 1}) DELETE c").Left = true
	damage(store.FaultyLog, "", "the log does not say where it begins", "CREATE (:ThroughlineLog {first: 0, since: 0})").Left = true
	return all
}
