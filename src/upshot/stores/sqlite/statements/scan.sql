SELECT id, ord, document, state, attempt, created, started, done, updated,
       name, worker, queue, grp, parent, labels, expires, gone
FROM upshot_records
WHERE id > ?1 AND (expires IS NULL OR expires > ?2)
ORDER BY id
LIMIT ?3
