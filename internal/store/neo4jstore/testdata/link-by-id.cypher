CALL () {
  MATCH ()-[n1:AFFILIATED_WITH]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:PARTICIPATED_IN]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:REPRESENTED_AT]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:ORGANIZED]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:PRIORITIZES]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:ADDRESSED]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:SAID]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:SAID_AT]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:ABOUT]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:MENTIONS]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:BROADER]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:PART_OF]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:LOCATED_IN]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:HELD_IN]->() WHERE n1.id = $p0
  RETURN n1
  UNION ALL
  MATCH ()-[n1:REFUTED]->() WHERE n1.id = $p0
  RETURN n1
  }
RETURN [n1.id, n1.id, coalesce(n1.kind, type(n1)), n1.role, n1.since, n1.until, n1.sourceCount, n1.createdAt, n1.updatedAt, startNode(n1).name, endNode(n1).name,
COLLECT {
  WITH startNode(n1) AS n2
  RETURN [CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.id] },
COLLECT {
  WITH endNode(n1) AS n3
  RETURN [CASE WHEN n3:Person THEN 1 WHEN n3:Institution THEN 2 WHEN n3:Event THEN 3 WHEN n3:Quote THEN 4 WHEN n3:Theme THEN 5 WHEN n3:Place THEN 6 END, n3.id, n3.name] }, [n1.excerpts, n1.prefixes, n1.suffixes, n1.stances, n1.verified, coalesce(n1.evidenceSources, n1.sources), n1.id, CASE WHEN size(n1.sources) > 1 THEN
COLLECT {
  UNWIND coalesce(n1.evidenceSources, n1.sources) AS id4
  OPTIONAL MATCH (s5:Source {id: id4})
  RETURN s5._date } END,
COLLECT {
  UNWIND coalesce(n1.evidenceSources, n1.sources) AS id6
  OPTIONAL MATCH (s7:Source {id: id6})
  RETURN [s7.id, s7.title, s7.url, s7.kind, s7.publisher, s7.authors, s7.publishedOn, s7.contentHash] }]] AS row
