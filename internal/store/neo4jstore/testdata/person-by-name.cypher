CALL () {
  MATCH (n1:Entity {_name: $p0})
  RETURN n1
  UNION
  MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n1:Entity)
  RETURN n1
  }
WITH n1 WHERE n1:Person
WITH collect(n1) AS found
UNWIND found AS n1
WITH n1, size(found) AS total,
COUNT { (n1)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() } AS degree
ORDER BY degree DESC, n1.id LIMIT 10
RETURN [n1.id, 1, n1.name, n1.description, degree, total, n1.id, n1.name] AS row
