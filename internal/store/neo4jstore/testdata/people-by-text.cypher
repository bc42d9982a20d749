RETURN [
COLLECT {
  MATCH (n1:Entity) WHERE n1._sort >= '' AND n1.id >= '' AND (NOT ((any(text IN coalesce(n1._names, []) WHERE (text STARTS
  WITH $p0)))) AND ((n1.description IS NOT NULL OR n1.text IS NOT NULL) AND any(text IN coalesce(n1._texts, []) WHERE (text CONTAINS $p1))))
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p2
  RETURN [CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1._sort, n1.id] }] AS row
