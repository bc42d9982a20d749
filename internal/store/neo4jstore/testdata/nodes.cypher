MATCH (n1:Entity) WHERE n1.id IN $p0 AND n1._sort IS NOT NULL AND n1:Person|Institution|Event|Quote|Theme|Place
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id,
COUNT { (n1)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() }] AS row
UNION ALL
CALL () {
  MATCH ()-[n2:AFFILIATED_WITH]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:PARTICIPATED_IN]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:REPRESENTED_AT]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:ORGANIZED]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:PRIORITIZES]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:ADDRESSED]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:SAID]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:SAID_AT]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:ABOUT]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:MENTIONS]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:BROADER]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:PART_OF]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:LOCATED_IN]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:HELD_IN]->() WHERE n2.id = $p1
  RETURN n2
  UNION ALL
  MATCH ()-[n2:REFUTED]->() WHERE n2.id = $p1
  RETURN n2
  }
RETURN [n2.id, n2.id, coalesce(n2.kind, type(n2))] AS row
UNION ALL
CALL () {
  MATCH ()-[n3:AFFILIATED_WITH]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:PARTICIPATED_IN]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:REPRESENTED_AT]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:ORGANIZED]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:PRIORITIZES]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:ADDRESSED]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:SAID]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:SAID_AT]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:ABOUT]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:MENTIONS]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:BROADER]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:PART_OF]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:LOCATED_IN]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:HELD_IN]->() WHERE n3.id = $p2
  RETURN n3
  UNION ALL
  MATCH ()-[n3:REFUTED]->() WHERE n3.id = $p2
  RETURN n3
  }
RETURN ['e_' + n3.id, [n3.excerpts, n3.prefixes, n3.suffixes, n3.stances, coalesce(n3.evidenceSources, n3.sources), n3.id]] AS row
UNION ALL
MATCH (n4:Source) WHERE n4.id = $p3 AND n4._sort IS NOT NULL
RETURN [n4.id, n4.id, n4.title, n4.kind] AS row
