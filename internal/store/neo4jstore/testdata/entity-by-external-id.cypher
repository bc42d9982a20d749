MATCH (:ExternalId {scheme: $p0, value: $p1})-[:IDENTIFIES]->(n1:Entity)
WITH DISTINCT n1 WHERE n1:Person|Institution|Event|Quote|Theme|Place
WITH collect(n1) AS found
UNWIND found AS n1
WITH n1, size(found) AS total,
COUNT { (n1)-[:AFFILIATED_WITH|PARTICIPATED_IN|REPRESENTED_AT|ORGANIZED|PRIORITIZES|ADDRESSED|SAID|SAID_AT|ABOUT|MENTIONS|BROADER|PART_OF|LOCATED_IN|HELD_IN]-() } AS degree
ORDER BY degree DESC, n1.id LIMIT 10
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.name, n1.description, degree, total, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name] AS row
