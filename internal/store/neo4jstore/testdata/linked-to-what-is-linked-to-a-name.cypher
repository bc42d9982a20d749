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
CALL (ref0) {
  WITH ref0
  MATCH (ref0)-[r5:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n6) WHERE type(r5) IN $p3
  RETURN collect(DISTINCT n6) AS set7 }
RETURN [candidatesref0] AS candidates,
COLLECT {
  RETURN [
  COLLECT {
    CALL () {
      MATCH (n1:Entity) WHERE n1._name IN $p1
      RETURN n1
      UNION
      MATCH (a2:Alias)-[:ALIAS_OF]->(n1:Entity) WHERE a2._name IN $p1
      RETURN n1 }
    WITH n1 WHERE n1:Person AND ((any(text IN coalesce(n1._names, []) WHERE (text IN $p2))) AND
    EXISTS {
      MATCH (n1)-[r3:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n4) WHERE true AND (n4 IN set7) })
    WITH n1
    ORDER BY n1._sort, n1.id LIMIT $p4
    RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
  } AS rows
