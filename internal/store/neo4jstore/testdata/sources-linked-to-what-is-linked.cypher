CALL () {
  MATCH (n4:Entity) WHERE n4._sort >= '' AND n4.id >= '' AND ((any(text IN coalesce(n4._texts, []) WHERE (text CONTAINS $p0))))
  WITH n4
  MATCH (n4)-[r5:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n6)
  RETURN collect(DISTINCT n6) AS set7 }
CALL (set7) {
  MATCH (n8:Entity) WHERE n8._sort >= '' AND n8.id >= '' AND (any(label IN labels(n8) WHERE label IN $p1))
  WITH n8
  MATCH (n8)-[r9:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n10)
  RETURN collect(DISTINCT n10) AS set11 }
CALL (set7, set11) {
  CALL (set7, set11) {
    RETURN
    COLLECT {
      MATCH (n16:Source) WHERE n16._sort >= '' AND n16.id >= '' AND (
      EXISTS {
        CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n16.id + '"') YIELD relationship AS r19
        UNWIND [startNode(r19), endNode(r19)] AS n20
        WITH r19, n20 WHERE true AND (((n20 IN set7) OR (n20 IN set11)))
        RETURN 1 AS one })
      WITH n16.kind AS key17, count(*) AS count18
      ORDER BY count18 DESC, key17 LIMIT 100
      RETURN [key17, count18] } AS part21 }
  CALL (set7, set11) {
    RETURN
    COLLECT {
      MATCH (n22:Source) WHERE n22._sort >= '' AND n22.id >= '' AND (
      EXISTS {
        CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n22.id + '"') YIELD relationship AS r25
        UNWIND [startNode(r25), endNode(r25)] AS n26
        WITH r25, n26 WHERE true AND (((n26 IN set7) OR (n26 IN set11)))
        RETURN 1 AS one }) AND n22._date IS NOT NULL
      WITH n22._date / 1000000000000 AS key23, count(*) AS count24
      ORDER BY count24 DESC, key23 LIMIT 100
      RETURN [key23, count24] } AS part27 }
  CALL (set7, set11) {
    RETURN
    COLLECT {
      MATCH (n28:Source) WHERE n28._sort >= '' AND n28.id >= '' AND (
      EXISTS {
        CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n28.id + '"') YIELD relationship AS r31
        UNWIND [startNode(r31), endNode(r31)] AS n32
        WITH r31, n32 WHERE true AND (((n32 IN set7) OR (n32 IN set11)))
        RETURN 1 AS one })
      WITH n28.id AS key29, count(*) AS count30
      ORDER BY count30 DESC, key29 LIMIT 100
      RETURN [key29, count30] } AS part33 }
  CALL (set7, set11) {
    RETURN
    COLLECT {
      MATCH (n34:Source) WHERE n34._sort >= '' AND n34.id >= '' AND (
      EXISTS {
        CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n34.id + '"') YIELD relationship AS r37
        UNWIND [startNode(r37), endNode(r37)] AS n38
        WITH r37, n38 WHERE true AND (((n38 IN set7) OR (n38 IN set11)))
        RETURN 1 AS one })
      WITH n34
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n34.id + '"') YIELD relationship AS r39
      UNWIND [startNode(r39), endNode(r39)] AS at40
      WITH DISTINCT n34, at40 AS key35 WHERE key35:Theme
      WITH key35, count(*) AS count36
      ORDER BY count36 DESC, key35.id LIMIT 100
      RETURN [key35.id, count36] } AS part41 }
  RETURN [[
  COLLECT {
    MATCH (n1:Source) WHERE n1._sort >= '' AND n1.id >= '' AND (
    EXISTS {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r2
      UNWIND [startNode(r2), endNode(r2)] AS n3
      WITH r2, n3 WHERE true AND (((n3 IN set7) OR (n3 IN set11)))
      RETURN 1 AS one })
    WITH n1
    ORDER BY n1._sort, n1.id LIMIT $p2
    RETURN [n1.id, n1.title, [
    COLLECT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r13
      WITH r13, endNode(r13) AS n12
      WITH r13, n12
      ORDER BY n12._sort, r13.id LIMIT $p3
      RETURN [CASE WHEN n12:Person THEN 1 WHEN n12:Institution THEN 2 WHEN n12:Event THEN 3 WHEN n12:Quote THEN 4 WHEN n12:Theme THEN 5 WHEN n12:Place THEN 6 END, n12.name, type(r13), startNode(r13).name, n12._sort, r13.id] },
    COUNT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r15
      WITH r15, endNode(r15) AS n14
      RETURN 1 AS one }], n1._sort, n1.id] }, part21, part27, part33, part41]] AS row
  }
RETURN row
