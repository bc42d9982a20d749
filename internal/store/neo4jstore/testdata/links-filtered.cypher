MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Person|Institution|Event|Quote|Theme|Place
CALL (n1) {
  RETURN
  COLLECT {
    MATCH (n1)-[r9:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n8) WHERE (((coalesce(r9.sourceCount, 0) >= $p18) OR (any(source IN coalesce(r9.supporters, r9.sources, []) WHERE source IN $p19)) OR (coalesce(r9._since / 100000000, 0) <= $p20 AND coalesce(r9._until % 100000000, 99999999) >= $p21)) AND NOT (type(r9) IN $p22) AND ((r9.role IS NOT NULL) AND (r9._role IS NOT NULL AND (r9._role CONTAINS $p23))) AND (coalesce(r9._since / 100000000, 0) <= $p24 AND coalesce(r9._until % 100000000, 99999999) >= $p25))
    WITH type(r9) AS key10, count(*) AS count11
    ORDER BY count11 DESC, key10 LIMIT 100
    RETURN [key10, count11] } AS part12 }
CALL (n1) {
  RETURN
  COLLECT {
    MATCH (n1)-[r14:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n13) WHERE (((coalesce(r14.sourceCount, 0) >= $p26) OR (any(source IN coalesce(r14.supporters, r14.sources, []) WHERE source IN $p27)) OR (coalesce(r14._since / 100000000, 0) <= $p28 AND coalesce(r14._until % 100000000, 99999999) >= $p29)) AND NOT (type(r14) IN $p30) AND ((r14.role IS NOT NULL) AND (r14._role IS NOT NULL AND (r14._role CONTAINS $p31))) AND (coalesce(r14._since / 100000000, 0) <= $p32 AND coalesce(r14._until % 100000000, 99999999) >= $p33)) AND r14.role IS NOT NULL
    WITH r14.role AS key15, count(*) AS count16
    ORDER BY count16 DESC, key15 LIMIT 100
    RETURN [key15, count16] } AS part17 }
CALL (n1) {
  RETURN
  COLLECT {
    MATCH (n1)-[r19:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n18) WHERE (((coalesce(r19.sourceCount, 0) >= $p34) OR (any(source IN coalesce(r19.supporters, r19.sources, []) WHERE source IN $p35)) OR (coalesce(r19._since / 100000000, 0) <= $p36 AND coalesce(r19._until % 100000000, 99999999) >= $p37)) AND NOT (type(r19) IN $p38) AND ((r19.role IS NOT NULL) AND (r19._role IS NOT NULL AND (r19._role CONTAINS $p39))) AND (coalesce(r19._since / 100000000, 0) <= $p40 AND coalesce(r19._until % 100000000, 99999999) >= $p41))
    WITH CASE WHEN n18:Person THEN 1 WHEN n18:Institution THEN 2 WHEN n18:Event THEN 3 WHEN n18:Quote THEN 4 WHEN n18:Theme THEN 5 WHEN n18:Place THEN 6 END AS key20, count(*) AS count21
    ORDER BY count21 DESC, key20
    RETURN [key20, count21] } AS part22 }
CALL (n1) {
  RETURN
  COLLECT {
    MATCH (n1)-[r24:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n23) WHERE (((coalesce(r24.sourceCount, 0) >= $p42) OR (any(source IN coalesce(r24.supporters, r24.sources, []) WHERE source IN $p43)) OR (coalesce(r24._since / 100000000, 0) <= $p44 AND coalesce(r24._until % 100000000, 99999999) >= $p45)) AND NOT (type(r24) IN $p46) AND ((r24.role IS NOT NULL) AND (r24._role IS NOT NULL AND (r24._role CONTAINS $p47))) AND (coalesce(r24._since / 100000000, 0) <= $p48 AND coalesce(r24._until % 100000000, 99999999) >= $p49))
    UNWIND coalesce(r24.supporters, r24.sources, []) AS source27
    WITH source27 AS key25, count(*) AS count26
    ORDER BY count26 DESC, key25 LIMIT 100
    RETURN [key25, count26] } AS part28 }
CALL (n1) {
  RETURN
  COLLECT {
    MATCH (n1)-[r30:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n29) WHERE (((coalesce(r30.sourceCount, 0) >= $p50) OR (any(source IN coalesce(r30.supporters, r30.sources, []) WHERE source IN $p51)) OR (coalesce(r30._since / 100000000, 0) <= $p52 AND coalesce(r30._until % 100000000, 99999999) >= $p53)) AND NOT (type(r30) IN $p54) AND ((r30.role IS NOT NULL) AND (r30._role IS NOT NULL AND (r30._role CONTAINS $p55))) AND (coalesce(r30._since / 100000000, 0) <= $p56 AND coalesce(r30._until % 100000000, 99999999) >= $p57)) AND r30._since IS NOT NULL
    WITH r30._since / 1000000000000 AS key31, count(*) AS count32
    ORDER BY count32 DESC, key31 LIMIT 100
    RETURN [key31, count32] } AS part33 }
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, [
COLLECT {
  MATCH (n1)-[r3:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n2) WHERE (((coalesce(r3.sourceCount, 0) >= $p1) OR (any(source IN coalesce(r3.supporters, r3.sources, []) WHERE source IN $p2)) OR (coalesce(r3._since / 100000000, 0) <= $p3 AND coalesce(r3._until % 100000000, 99999999) >= $p4)) AND NOT (type(r3) IN $p5) AND ((r3.role IS NOT NULL) AND (r3._role IS NOT NULL AND (r3._role CONTAINS $p6))) AND (coalesce(r3._since / 100000000, 0) <= $p7 AND coalesce(r3._until % 100000000, 99999999) >= $p8))
  WITH r3, n2
  ORDER BY n2._sort, r3.id LIMIT $p9
  RETURN [startNode(r3) = n1, CASE WHEN n2:Person THEN 1 WHEN n2:Institution THEN 2 WHEN n2:Event THEN 3 WHEN n2:Quote THEN 4 WHEN n2:Theme THEN 5 WHEN n2:Place THEN 6 END, n2.id, r3.id, n2._sort, r3.id] },
COUNT {
  MATCH (n1)-[r7:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-(n6) WHERE (((coalesce(r7.sourceCount, 0) >= $p10) OR (any(source IN coalesce(r7.supporters, r7.sources, []) WHERE source IN $p11)) OR (coalesce(r7._since / 100000000, 0) <= $p12 AND coalesce(r7._until % 100000000, 99999999) >= $p13)) AND NOT (type(r7) IN $p14) AND ((r7.role IS NOT NULL) AND (r7._role IS NOT NULL AND (r7._role CONTAINS $p15))) AND (coalesce(r7._since / 100000000, 0) <= $p16 AND coalesce(r7._until % 100000000, 99999999) >= $p17)) }, part12, part17, part22, part28, part33]] AS row
