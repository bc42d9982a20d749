RETURN [[
COUNT {
  MATCH (n:Person) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (n:Institution) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (n:Event) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (n:Quote) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (n:Theme) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (n:Place) WHERE n._sort >= '' AND n.id >= '' }], [
COUNT { (:Entity)-[:AFFILIATED_WITH]->() },
COUNT { (:Entity)-[:PARTICIPATED_IN]->() },
COUNT { (:Entity)-[:REPRESENTED_AT]->() },
COUNT { (:Entity)-[:ORGANIZED]->() },
COUNT { (:Entity)-[:PRIORITIZES]->() },
COUNT { (:Entity)-[:ADDRESSED]->() },
COUNT { (:Entity)-[:SAID]->() },
COUNT { (:Entity)-[:SAID_AT]->() },
COUNT { (:Entity)-[:ABOUT]->() },
COUNT { (:Entity)-[:MENTIONS]->() },
COUNT { (:Entity)-[:BROADER]->() },
COUNT { (:Entity)-[:PART_OF]->() },
COUNT { (:Entity)-[:LOCATED_IN]->() },
COUNT { (:Entity)-[:HELD_IN]->() }],
COUNT {
  MATCH (n:Source) WHERE n._sort >= '' AND n.id >= '' },
COUNT {
  MATCH (:Entity)-[r:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN|REFUTED]->() WHERE coalesce(r.sourceCount, 0) = 0 },
COLLECT {
  MATCH (:Entity)-[r:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN|REFUTED]->()
  RETURN sum(r._unverified) }[0],
COUNT { (:Entity)-[:REFUTED]->() }] AS row
