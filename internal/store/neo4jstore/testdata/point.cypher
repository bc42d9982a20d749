MATCH (n1:Entity) WHERE n1.id = $p0 AND n1._sort IS NOT NULL AND n1:Person
RETURN [n1.id, n1.id, n1.name, n1.born] AS row
