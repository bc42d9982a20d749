RETURN [
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p0
  RETURN [n1.id, n1.name,
  COLLECT {
    MATCH (n1)-[r3:AFFILIATED_WITH]->(n2)
    WITH r3, n2
    ORDER BY n2._sort, r3.id LIMIT $p1
    RETURN [n2.id, n2.name, r3.role, r3.since] }, n1._sort, n1.id] }] AS row
