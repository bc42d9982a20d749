OPTIONAL MATCH (ref0:Entity {id: $p0}) WHERE ref0._sort IS NOT NULL AND ref0:Person|Institution|Event|Quote|Theme|Place
RETURN [null] AS candidates,
COLLECT {
  RETURN [
  COLLECT {
    MATCH (ref0)-[:AFFILIATED_WITH|PARTICIPATED_IN|ORGANIZED|SAID|MENTIONS]-(n1)
    WITH DISTINCT n1 WHERE n1:Person AND (true)
    WITH n1
    ORDER BY n1._sort, n1.id LIMIT $p1
    RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
  } AS rows
