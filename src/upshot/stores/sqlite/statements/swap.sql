UPDATE upshot_kept
SET version = ?3, expires = ?4, data = ?5
WHERE kind = ?1 AND key = ?2 AND version = ?7 AND (expires IS NULL OR expires > ?6)
