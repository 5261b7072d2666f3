SELECT key
FROM upshot_kept
WHERE kind = ?1
  AND key >= ?2
  AND (?3 IS NULL OR key > ?3)
  AND key < ?4
  AND (expires IS NULL OR expires > ?5)
ORDER BY key
LIMIT ?6
