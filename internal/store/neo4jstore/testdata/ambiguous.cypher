CALL () {
  MATCH (n1:Entity {_name: $p0})
  RETURN n1
  UNION
  MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n1:Entity)
  RETURN n1
  }
WITH n1 WHERE n1:Person|Institution|Event|Quote|Theme|Place
WITH n1
ORDER BY n1.id LIMIT 10
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.name, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name] AS row
