RETURN [
COLLECT {
  MATCH (n1:Entity) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p0
  RETURN [CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1._sort, n1.id] }] AS row
