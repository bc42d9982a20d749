CALL () {
  RETURN
  COLLECT {
    MATCH (n7:Source) WHERE n7._sort >= '' AND n7.id >= '' AND ((n7._date IS NOT NULL AND n7._date / 100000000 <= $p6 AND n7._date % 100000000 >= $p5) AND (
    COUNT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n7.id + '"') YIELD relationship
      RETURN relationship } >= $p7))
    WITH n7.kind AS key8, count(*) AS count9
    ORDER BY count9 DESC, key8 LIMIT 100
    RETURN [key8, count9] } AS part10 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n11:Source) WHERE n11._sort >= '' AND n11.id >= '' AND ((n11._date IS NOT NULL AND n11._date / 100000000 <= $p9 AND n11._date % 100000000 >= $p8) AND (
    COUNT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n11.id + '"') YIELD relationship
      RETURN relationship } >= $p10)) AND n11._date IS NOT NULL
    WITH n11._date / 1000000000000 AS key12, count(*) AS count13
    ORDER BY count13 DESC, key12 LIMIT 100
    RETURN [key12, count13] } AS part14 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n15:Source) WHERE n15._sort >= '' AND n15.id >= '' AND ((n15._date IS NOT NULL AND n15._date / 100000000 <= $p12 AND n15._date % 100000000 >= $p11) AND (
    COUNT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n15.id + '"') YIELD relationship
      RETURN relationship } >= $p13))
    WITH n15.id AS key16, count(*) AS count17
    ORDER BY count17 DESC, key16 LIMIT 100
    RETURN [key16, count17] } AS part18 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n19:Source) WHERE n19._sort >= '' AND n19.id >= '' AND ((n19._date IS NOT NULL AND n19._date / 100000000 <= $p15 AND n19._date % 100000000 >= $p14) AND (
    COUNT {
      CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n19.id + '"') YIELD relationship
      RETURN relationship } >= $p16))
    WITH n19
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n19.id + '"') YIELD relationship AS r22
    UNWIND [startNode(r22), endNode(r22)] AS at23
    WITH DISTINCT n19, at23 AS key20 WHERE key20:Theme
    WITH key20, count(*) AS count21
    ORDER BY count21 DESC, key20.id LIMIT 100
    RETURN [key20.id, count21] } AS part24 }
RETURN [[
COLLECT {
  MATCH (n1:Source) WHERE n1._sort >= '' AND n1.id >= '' AND ((n1._date IS NOT NULL AND n1._date / 100000000 <= $p1 AND n1._date % 100000000 >= $p0) AND (
  COUNT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship
    RETURN relationship } >= $p2))
  WITH n1,
  COUNT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship
    RETURN relationship } AS key2
  WITH n1, key2
  ORDER BY key2 DESC, n1.id DESC LIMIT $p3
  RETURN [n1.id, n1.title, [
  COLLECT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r4
    WITH r4, endNode(r4) AS n3
    WITH r4, n3
    ORDER BY n3._sort, r4.id LIMIT $p4
    RETURN [CASE WHEN n3:Person THEN 1 WHEN n3:Institution THEN 2 WHEN n3:Event THEN 3 WHEN n3:Quote THEN 4 WHEN n3:Theme THEN 5 WHEN n3:Place THEN 6 END, n3.name, type(r4), startNode(r4).name, n3._sort, r4.id] },
  COUNT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r6
    WITH r6, endNode(r6) AS n5
    RETURN 1 AS one }], key2, n1.id] }, part10, part14, part18, part24]] AS row
