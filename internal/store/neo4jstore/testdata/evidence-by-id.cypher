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
RETURN ['e_' + n1.id, [n1.excerpts, n1.prefixes, n1.suffixes, n1.stances, n1.verified, coalesce(n1.evidenceSources, n1.sources), n1.id,
COLLECT {
  UNWIND coalesce(n1.evidenceSources, n1.sources) AS id2
  OPTIONAL MATCH (s3:Source {id: id2})
  RETURN [s3.id, s3.title, s3.url, s3.kind, s3.publisher, s3.authors, s3.publishedOn, s3.contentHash] }]] AS row
