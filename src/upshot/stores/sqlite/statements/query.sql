SELECT id, ord, document, state, attempt, created, started, done, updated,
       name, worker, queue, grp, parent, labels, expires, gone
FROM upshot_records
WHERE updated >= ?1
  AND updated < ?2
  AND (updated, id) < (?3, ?4)
  AND (expires IS NULL OR expires > ?5)
  AND (?6 IS NULL OR state IN (SELECT value FROM json_each(?6)))
  AND (?7 IS NULL OR name = ?7)
  AND (?8 IS NULL OR worker = ?8)
  AND (?9 IS NULL OR queue = ?9)
  AND (?10 IS NULL OR grp = ?10)
ORDER BY updated DESC, id DESC
LIMIT ?11
