MATCH (n1:Source) WHERE n1.id = $p0 AND n1._sort IS NOT NULL
RETURN [n1.id, n1.id, n1.title, n1.contentHash, [
COLLECT {
  CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r3
  WITH r3, endNode(r3) AS n2
  WITH r3, n2
  ORDER BY n2._sort, r3.id LIMIT $p1
  RETURN [CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.name, r3.id, type(r3), r3.role, r3.since, r3.until, r3.sourceCount, r3.createdAt, r3.updatedAt, startNode(r3).name, n2.name,
  COLLECT {
    WITH startNode(r3) AS n4
    RETURN [CASE WHEN n4:Person THEN 1 WHEN n4:Institution THEN 2 WHEN n4:Event THEN 3 WHEN n4:Quote THEN 4 WHEN n4:Theme THEN 5 WHEN n4:Place THEN 6 END, n4.id] }, [CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.id, n2.name], [r3.excerpts, r3.prefixes, r3.suffixes, r3.stances, r3.verified, coalesce(r3.evidenceSources, r3.sources), r3.id, CASE WHEN size(r3.sources) > 1 THEN
  COLLECT {
    UNWIND coalesce(r3.evidenceSources, r3.sources) AS id5
    OPTIONAL MATCH (s6:Source {id: id5})
    RETURN s6._date } END,
  COLLECT {
    UNWIND coalesce(r3.evidenceSources, r3.sources) AS id7
    OPTIONAL MATCH (s8:Source {id: id7})
    RETURN [s8.id, s8.title, s8.url, s8.kind, s8.publisher, s8.authors, s8.publishedOn, s8.contentHash] }], n2._sort, r3.id] },
COUNT {
  CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r10
  WITH r10, endNode(r10) AS n9
  RETURN 1 AS one }]] AS row
