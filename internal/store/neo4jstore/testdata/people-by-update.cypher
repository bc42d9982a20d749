RETURN [
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1, coalesce(n1.updatedAt, 0) AS key2
  WITH n1, key2
  ORDER BY key2, n1.id LIMIT $p0
  RETURN [n1.id, n1.name, key2, n1.id] }] AS row
