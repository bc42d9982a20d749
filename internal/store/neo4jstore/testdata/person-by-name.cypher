CALL () {
  MATCH (n1:Entity {_name: $p0})
  RETURN n1
  UNION
  MATCH (:Alias {_name: $p0})-[:ALIAS_OF]->(n1:Entity)
  RETURN n1
  }
WITH n1 WHERE n1:Person
WITH n1
ORDER BY n1.id LIMIT 10
RETURN [n1.id, 1, n1.name, n1.id, n1.name] AS row
