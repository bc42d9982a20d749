RETURN [
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1
  ORDER BY n1._sort DESC, n1.id DESC LIMIT $p0
  RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
