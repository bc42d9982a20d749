RETURN [[
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= '' AND n1._sort >= $p0 AND (n1._sort > $p0 OR n1.id > $p1) AND n1._sort <= $p2 AND (n1._sort < $p2 OR n1.id < $p3)
  WITH n1
  ORDER BY n1._sort DESC, n1.id DESC LIMIT $p4
  RETURN [n1.id, n1.name, n1._sort, n1.id] },
EXISTS {
  MATCH (n2:Person) WHERE n2._sort >= '' AND n2.id >= '' AND n2._sort <= $p0 AND (n2._sort < $p0 OR n2.id <= $p1)
  RETURN 1 AS one },
EXISTS {
  MATCH (n3:Person) WHERE n3._sort >= '' AND n3.id >= '' AND n3._sort >= $p0 AND (n3._sort > $p0 OR n3.id > $p1) AND n3._sort >= $p2 AND (n3._sort > $p2 OR n3.id >= $p3)
  RETURN 1 AS one }]] AS row
