RETURN [[
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1, coalesce(n1._date, 0) AS key2 WHERE key2 <= $p0 AND (key2 < $p0 OR n1.id < $p1)
  WITH n1, key2
  ORDER BY key2 DESC, n1.id DESC LIMIT $p2
  RETURN [n1.id, n1.name, key2, n1.id] },
EXISTS {
  MATCH (n3:Person) WHERE n3._sort >= '' AND n3.id >= ''
  WITH n3, coalesce(n3._date, 0) AS key4 WHERE key4 >= $p0 AND (key4 > $p0 OR n3.id >= $p1)
  RETURN 1 AS one }]] AS row
