RETURN [
COLLECT {
  CALL () {
    MATCH (n1:Entity) WHERE n1._name = $p0
    RETURN n1
    UNION
    MATCH (a2:Alias)-[:ALIAS_OF]->(n1:Entity) WHERE a2._name = $p0
    RETURN n1 }
  WITH n1 WHERE n1:Person AND ((any(text IN coalesce(n1._names, []) WHERE (text = $p1))))
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p2
  RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
