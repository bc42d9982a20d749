CALL () {
  RETURN
  COLLECT {
    MATCH (n3:Person) WHERE n3._sort >= '' AND n3.id >= ''
    WITH 1 AS key4, count(*) AS count5
    ORDER BY count5 DESC, key4
    RETURN [key4, count5] } AS part6 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n7:Person) WHERE n7._sort >= '' AND n7.id >= '' AND n7._date IS NOT NULL
    WITH n7._date / 1000000000000 AS key8, count(*) AS count9
    ORDER BY count9 DESC, key8 LIMIT 100
    RETURN [key8, count9] } AS part10 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n11:Person) WHERE n11._sort >= '' AND n11.id >= ''
    MATCH (n11)-[r15:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-()
    UNWIND coalesce(r15.supporters, r15.sources, []) AS source14
    WITH DISTINCT n11, source14
    WITH source14 AS key12, count(*) AS count13
    ORDER BY count13 DESC, key12 LIMIT 100
    RETURN [key12, count13] } AS part16 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n17:Person) WHERE n17._sort >= '' AND n17.id >= ''
    CALL (n17) {
      MATCH (n17)-[:SAID]->()-[:ABOUT]->(key18:Theme) WHERE n17:Person
      RETURN key18
      UNION
      MATCH (n17)-[:PARTICIPATED_IN]->()-[:ADDRESSED]->(key18:Theme) WHERE n17:Person
      RETURN key18 }
    WITH key18, count(*) AS count19
    ORDER BY count19 DESC, key18.id LIMIT 100
    RETURN [key18.id, count19, key18.name] } AS part22 }
CALL () {
  RETURN
  COLLECT {
    MATCH (n23:Person) WHERE n23._sort >= '' AND n23.id >= ''
    CALL (n23) {
      MATCH (n23)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(key24:Institution) WHERE n23:Person
      RETURN DISTINCT key24 }
    WITH key24, count(*) AS count25
    ORDER BY count25 DESC, key24.id LIMIT 100
    RETURN [key24.id, count25] } AS part28 }
RETURN [[
COLLECT {
  MATCH (n1:Person) WHERE n1._sort >= '' AND n1.id >= ''
  WITH n1
  ORDER BY n1._sort, n1.id LIMIT $p0
  RETURN [n1.id, n1.name, n1._sort, n1.id] },
COUNT {
  MATCH (n2:Person) WHERE n2._sort >= '' AND n2.id >= ''
  RETURN 1 AS one }, part6, part10, part16, part22, part28]] AS row
