CALL () {
  CALL () {
    MATCH (n:Entity {_name: $p0})
    RETURN n
    UNION
    MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n:Entity)
    RETURN n
    }
  WITH n WHERE n:Person|Institution|Event|Quote|Theme|Place
  WITH n
  ORDER BY n.id LIMIT 10
  RETURN collect(n) AS foundref0
  }
WITH *, CASE WHEN size(foundref0) = 1 THEN head(foundref0) END AS ref0,
CASE WHEN size(foundref0) > 1 THEN [n IN foundref0 | [n.id, CASE WHEN n:Person THEN 1 WHEN n:Institution THEN 2 WHEN n:Event THEN 3 WHEN n:Quote THEN 4 WHEN n:Theme THEN 5 WHEN n:Place THEN 6 END, n.name]] END AS candidatesref0
RETURN [candidatesref0] AS candidates,
COLLECT {
  RETURN [
  COLLECT {
    MATCH (ref0)-[:AFFILIATED_WITH]-(n1)
    WITH DISTINCT n1 WHERE n1:Person|Institution|Event|Quote|Theme|Place AND (true)
    WITH n1
    ORDER BY n1._sort, n1.id LIMIT $p1
    RETURN [CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1._sort, n1.id] }] AS row
  } AS rows
