CALL () {
  CALL db.index.fulltext.queryNodes('throughline_words', $p0) YIELD node
  RETURN collect(node) AS hits1 }
CALL (hits1) {
  UNWIND CASE WHEN size(hits1) = 0 THEN [$p1] ELSE [] END AS query
  CALL db.index.fulltext.queryNodes('throughline_words', query) YIELD node
  RETURN collect(node) AS hits3 }
CALL (hits3) {
  UNWIND hits3 AS node
  WITH node, node._words AS terms WHERE all(word IN $p2 WHERE terms CONTAINS word[0] OR terms CONTAINS word[1] OR any(key IN word[2] WHERE terms CONTAINS key) OR terms CONTAINS word[3] OR terms CONTAINS word[4] OR terms CONTAINS word[5] OR terms CONTAINS word[8])
  RETURN collect(node) AS hits2 }
WITH CASE WHEN size(hits2) > 0 THEN hits2 ELSE hits1 + hits3 END AS hits, size(hits1) = 0 AS fuzzy
RETURN [[
COLLECT {
  UNWIND hits AS n1
  WITH n1, n1._nameWords AS count, n1._words AS terms
  WITH n1, count, terms CONTAINS $p3 AS identified, [word IN $p2 | CASE WHEN terms CONTAINS word[0] THEN 10 WHEN terms CONTAINS word[1] THEN 8 WHEN fuzzy AND any(key IN word[2] WHERE terms CONTAINS key) THEN 6 WHEN terms CONTAINS word[3] THEN 5 WHEN terms CONTAINS word[4] THEN 4 WHEN terms CONTAINS word[8] THEN 5 WHEN fuzzy AND terms CONTAINS word[5] THEN 3 ELSE 0 END] AS grades
  WITH n1, CASE WHEN identified THEN 100 ELSE reduce(sum = 0, g IN grades | sum + g) * 80 / (10 * size(grades)) + CASE WHEN all(g IN grades WHERE g >= 6) THEN 20 * CASE WHEN size(grades) < count THEN size(grades) ELSE count END / count ELSE 0 END END AS score2
  WITH n1, score2
  ORDER BY score2 DESC, n1._sort, n1.id LIMIT $p4
  RETURN [score2, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1:Source, n1.id, score2, n1._sort, n1.id, CASE WHEN n1:Source THEN [n1.title, n1.text] ELSE [n1.name, n1.aliases, n1.description, n1.text] END] }, size(hits)]] AS row
