MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Person|Institution|Event|Quote|Theme|Place
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, [
COLLECT {
  MATCH (n1)-[r3:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n2)
  WITH r3, n2
  ORDER BY n2._sort, r3.id LIMIT $p1
  RETURN [startNode(r3) = n1, CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.id, n2.name, n2.aliases, n2.description, n2.externalIds, n2.createdAt, n2.updatedAt, n2.born, n2.founded, n2.text, n2.latitude, r3.id, type(r3), r3.role, r3.since, r3.until, r3.sourceCount, r3.createdAt, r3.updatedAt, startNode(r3).name, endNode(r3).name,
  COLLECT {
    WITH startNode(r3) AS n4
    RETURN [CASE WHEN n4:Person THEN 1 WHEN n4:Institution THEN 2 WHEN n4:Event THEN 3 WHEN n4:Quote THEN 4 WHEN n4:Theme THEN 5 WHEN n4:Place THEN 6 END, n4.id] },
  COLLECT {
    WITH endNode(r3) AS n5
    RETURN [CASE WHEN n5:Person THEN 1 WHEN n5:Institution THEN 2 WHEN n5:Event THEN 3 WHEN n5:Quote THEN 4 WHEN n5:Theme THEN 5 WHEN n5:Place THEN 6 END, n5.id, n5.name] }, [r3.excerpts, r3.prefixes, r3.suffixes, r3.stances, r3.verified, coalesce(r3.evidenceSources, r3.sources), r3.id, CASE WHEN size(r3.sources) > 1 THEN
  COLLECT {
    UNWIND coalesce(r3.evidenceSources, r3.sources) AS id6
    OPTIONAL MATCH (s7:Source {id: id6})
    RETURN s7._date } END,
  COLLECT {
    UNWIND coalesce(r3.evidenceSources, r3.sources) AS id8
    OPTIONAL MATCH (s9:Source {id: id8})
    RETURN [s9.id, s9.title, s9.url, s9.kind, s9.publisher, s9.authors, s9.publishedOn, s9.contentHash] }], n2._sort, r3.id] },
COUNT { (n1)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() }]] AS row
