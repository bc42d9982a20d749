MATCH (n1:Source {_name: $p0})
WITH n1
ORDER BY n1.id LIMIT 10
RETURN [n1.id, 7, n1.title, n1.id, n1.title] AS row
