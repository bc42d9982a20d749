MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Theme
CALL (n1) {
  RETURN
  COLLECT {
    CALL (n1) {
      MATCH (n1)<-[r3:ABOUT]-()<-[r4:SAID]-(n2:Person)
      RETURN n2
      UNION ALL
      MATCH (n1)<-[r3:ADDRESSED]-()<-[r4:PARTICIPATED_IN]-(n2:Person)
      RETURN n2 }
    WITH n2, count(*) AS weight5
    WITH n2, weight5
    ORDER BY weight5 DESC, n2._sort, n2.id LIMIT $p1
    RETURN [weight5, n2.id, weight5, n2._sort, n2.id,
    COLLECT {
      CALL (n1, n2) {
        MATCH (n1)<-[r6:ABOUT]-()<-[r7:SAID]-(n2:Person)
        RETURN r6, r7
        UNION ALL
        MATCH (n1)<-[r6:ADDRESSED]-()<-[r7:PARTICIPATED_IN]-(n2:Person)
        RETURN r6, r7 }
      UNWIND [0, 1] AS hop9
      WITH CASE hop9 WHEN 0 THEN r6 ELSE r7 END AS r8, r6.id AS id1, r7.id AS id2, hop9
      ORDER BY id1, id2, hop9
      WITH DISTINCT r8 LIMIT $p2
      RETURN [r8.id] }] } AS part10 }
CALL (n1) {
  RETURN
  COUNT {
    CALL (n1) {
      MATCH (n1)<-[r12:ABOUT]-()<-[r13:SAID]-(n11:Person)
      RETURN n11
      UNION ALL
      MATCH (n1)<-[r12:ADDRESSED]-()<-[r13:PARTICIPATED_IN]-(n11:Person)
      RETURN n11 }
    WITH n11, count(*) AS weight14
    RETURN 1 AS one } AS part15 }
RETURN [n1.id, n1.id, [part10, part15]] AS row
