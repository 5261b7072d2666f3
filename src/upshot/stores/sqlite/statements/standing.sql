SELECT ord
FROM upshot_records
WHERE id = ?1 AND (expires IS NULL OR expires > ?2)
