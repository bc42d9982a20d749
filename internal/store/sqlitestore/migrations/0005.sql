-- sources are those that support the link, and refuters those that speak against it: what a link's standing follows from.
ALTER TABLE link ADD COLUMN refuters TEXT NOT NULL DEFAULT '';
UPDATE link SET
  sources = coalesce((SELECT group_concat(k, ' ') FROM (SELECT DISTINCT s.k FROM json_each(link.evidence) e
    JOIN source s ON s.id = e.value ->> 0 WHERE e.value ->> 4 <> 'REFUTES' ORDER BY s.k)), ''),
  refuters = coalesce((SELECT group_concat(k, ' ') FROM (SELECT DISTINCT s.k FROM json_each(link.evidence) e
    JOIN source s ON s.id = e.value ->> 0 WHERE e.value ->> 4 = 'REFUTES' ORDER BY s.k)), '')
WHERE evidence LIKE '%"REFUTES"%';
