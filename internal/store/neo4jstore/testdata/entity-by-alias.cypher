CALL () {
  MATCH (n1:Entity {_name: $p0})
  RETURN n1
  UNION
  MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n1:Entity)
  RETURN n1
  }
WITH n1 WHERE n1:Person|Institution|Event|Quote|Theme|Place
WITH collect(n1) AS all, collect(CASE WHEN n1:Person|Institution|Event|Theme|Place THEN n1 END) AS others
WITH CASE WHEN size(others) > 0 THEN others ELSE all END AS found
UNWIND found AS n1
WITH n1, size(found) AS total,
COUNT { (n1)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() } AS degree
ORDER BY degree DESC, n1.id LIMIT 10
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.name, n1.description, degree, total, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1.aliases, n1.description, n1.externalIds, n1.createdAt, n1.updatedAt, n1.born, n1.founded, n1.text, n1.latitude] AS row
