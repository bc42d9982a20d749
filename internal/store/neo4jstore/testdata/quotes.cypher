MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Person
RETURN [n1.id, n1.id, n1.name,
COLLECT {
  MATCH (n1)-[r3:SAID]->(n2)
  WITH r3, n2
  ORDER BY n2._sort, r3.id LIMIT $p1
  RETURN [n2.id, n2.text,
  COLLECT {
    MATCH (n2)-[r5:ABOUT]->(n4)
    WITH r5, n4
    ORDER BY n4._sort, r5.id LIMIT $p2
    RETURN [n4.id, n4.name] },
  COLLECT {
    MATCH (n2)-[r7:SAID_AT]->(n6)
    WITH r7, n6
    ORDER BY n6._sort, r7.id LIMIT $p3
    RETURN [n6.id, n6.name, n6.startsOn] }] }] AS row
