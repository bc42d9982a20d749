RETURN [
COLLECT {
  MATCH (n1:Event) WHERE n1._sort >= '' AND n1.id >= '' AND ((((n1._date IS NOT NULL AND n1._date / 100000000 >= $p0 AND n1._date % 100000000 <= $p1)) OR ((n1._date IS NULL))) AND (n1._date IS NOT NULL AND n1._date / 100000000 <= $p3 AND n1._date % 100000000 >= $p2))
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p4
  RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
