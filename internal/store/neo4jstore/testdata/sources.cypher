CALL () {
  RETURN
  COLLECT {
    MATCH (n6:Source) WHERE n6._sort >= '' AND n6.id >= ''
    WITH n6.kind AS key7, count(*) AS count8
    ORDER BY count8 DESC, key7 LIMIT 100
    RETURN [key7, count8] } AS part9 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n10:Source) WHERE n10._sort >= '' AND n10.id >= '' AND n10._date IS NOT NULL
    WITH n10._date / 1000000000000 AS key11, count(*) AS count12
    ORDER BY count12 DESC, key11 LIMIT 100
    RETURN [key11, count12] } AS part13 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n14:Source) WHERE n14._sort >= '' AND n14.id >= ''
    WITH n14.id AS key15, count(*) AS count16
    ORDER BY count16 DESC, key15 LIMIT 100
    RETURN [key15, count16] } AS part17 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n18:Source) WHERE n18._sort >= '' AND n18.id >= ''
    WITH n18
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n18.id + '"') YIELD relationship AS r21
    UNWIND [startNode(r21), endNode(r21)] AS at22
    WITH DISTINCT n18, at22 AS key19 WHERE key19:Theme
    WITH key19, count(*) AS count20
    ORDER BY count20 DESC, key19.id LIMIT 100
    RETURN [key19.id, count20] } AS part23 }
RETURN [[
COLLECT {
  MATCH (n1:Source) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p0
  RETURN [n1.id, n1.title, [
  COLLECT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r3
    WITH r3, endNode(r3) AS n2
    WITH r3, n2
    ORDER BY n2._sort, r3.id LIMIT $p1
    RETURN [CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.name, type(r3), startNode(r3).name, n2._sort, r3.id] },
  COUNT {
    CALL db.index.fulltext.queryRelationships('throughline_link_sources', 'sources:"' + n1.id + '"') YIELD relationship AS r5
    WITH r5, endNode(r5) AS n4
    RETURN 1 AS one }], n1._sort, n1.id] }, part9, part13, part17, part23]] AS row
