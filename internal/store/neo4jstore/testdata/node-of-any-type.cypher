MATCH (n1:Entity) WHERE n1.id = $p0 AND n1:Person|Institution|Event|Quote|Theme|Place
RETURN [n1.id, CASE WHEN n1:Person THEN 1 WHEN n1:Institution THEN 2 WHEN n1:Event THEN 3 WHEN n1:Quote THEN 4 WHEN n1:Theme THEN 5 WHEN n1:Place THEN 6 END, n1.id, n1.name, n1.aliases, n1.description, n1.externalIds, n1.createdAt, n1.updatedAt, n1.born, n1.founded, n1.text, n1.latitude] AS row
