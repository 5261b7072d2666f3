SELECT data, version
FROM upshot_kept
WHERE kind = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)
