MATCH (n1:Source {_name: $p0})
WITH collect(n1) AS found
UNWIND found AS n1
WITH n1, size(found) AS total,
COUNT {
  CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship
  RETURN relationship } AS degree
ORDER BY degree DESC, n1.id LIMIT 10
RETURN [n1.id, 7, n1.title, n1.description, degree, total, n1.id, n1.title] AS row
