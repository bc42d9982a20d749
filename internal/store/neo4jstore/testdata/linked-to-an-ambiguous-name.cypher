CALL () {
  CALL () {
    MATCH (n:Entity {_name: $p0})
    RETURN n
    UNION
    MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n:Entity)
    RETURN n
    }
  WITH n WHERE n:Person|Institution|Event|Quote|Theme|Place
  WITH collect(n) AS all, collect(CASE WHEN n:Person|Institution|Event|Theme|Place THEN n END) AS others
  WITH CASE WHEN size(others) > 0 THEN others ELSE all END AS found
  CALL (found) {
    UNWIND CASE WHEN size(found) > 1 THEN found ELSE [] END AS n
    WITH n, size(found) AS total,
    COUNT { (n)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() } AS degree
    ORDER BY degree DESC, n.id LIMIT 10
    RETURN collect([n.id, CASE WHEN n:Person THEN 1 WHEN n:Institution THEN 2 WHEN n:Event THEN 3 WHEN n:Quote THEN 4 WHEN n:Theme THEN 5 WHEN n:Place THEN 6 END, n.name, n.description, degree, total]) AS candidates
    }
  RETURN CASE WHEN size(found) = 1 THEN head(found) END AS ref0, CASE WHEN size(candidates) > 0 THEN candidates END AS candidatesref0
  }
RETURN [candidatesref0] AS candidates,
COLLECT {
  RETURN [
  COLLECT {
    MATCH (ref0)-[:AFFILIATED_WITH|PARTICIPATED_IN|ORGANIZED|SAID|MENTIONS]-(n1)
    WITH DISTINCT n1 WHERE n1:Person AND (true)
    WITH n1
    ORDER BY n1._sort, n1.id LIMIT $p1
    RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
  } AS rows
