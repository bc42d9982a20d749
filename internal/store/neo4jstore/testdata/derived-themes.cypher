MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Person
CALL (n1) {
  RETURN
  COLLECT {
    CALL (n1) {
      MATCH (n1)-[r3:SAID]->()-[r4:ABOUT]->(n2:Theme)
      RETURN n2
      UNION ALL
      MATCH (n1)-[r3:PARTICIPATED_IN]->()-[r4:ADDRESSED]->(n2:Theme)
      RETURN n2 }
    WITH n2, count(*) AS weight5
    WITH n2, weight5
    ORDER BY weight5 DESC, n2._sort, n2.id LIMIT $p1
    RETURN [weight5, n2.id, n2.name, weight5, n2._sort, n2.id,
    COLLECT {
      CALL (n1, n2) {
        MATCH (n1)-[r6:SAID]->()-[r7:ABOUT]->(n2:Theme)
        RETURN r6, r7
        UNION ALL
        MATCH (n1)-[r6:PARTICIPATED_IN]->()-[r7:ADDRESSED]->(n2:Theme)
        RETURN r6, r7 }
      UNWIND [0, 1] AS hop9
      WITH CASE hop9 WHEN 0 THEN r6 ELSE r7 END AS r8, r6.id AS id1, r7.id AS id2, hop9
      ORDER BY id1, id2, hop9
      WITH DISTINCT r8 LIMIT $p2
      RETURN [r8.id, type(r8), startNode(r8).name, endNode(r8).name] }] } AS part10 }
CALL (n1) {
  RETURN
  COUNT {
    CALL (n1) {
      MATCH (n1)-[r12:SAID]->()-[r13:ABOUT]->(n11:Theme)
      RETURN n11
      UNION ALL
      MATCH (n1)-[r12:PARTICIPATED_IN]->()-[r13:ADDRESSED]->(n11:Theme)
      RETURN n11 }
    WITH n11, count(*) AS weight14
    RETURN 1 AS one } AS part15 }
RETURN [n1.id, n1.id, [part10, part15]] AS row
