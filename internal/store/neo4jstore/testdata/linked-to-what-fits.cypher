RETURN [
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= '' AND (
  EXISTS {
    MATCH (n1)-[r2:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n3) WHERE true AND type(r2) IN $p0 AND ((any(text IN coalesce(n3._names, []) WHERE (text CONTAINS $p1)))) })
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p2
  RETURN [n1.id, n1.name, n1._sort, n1.id] }] AS row
