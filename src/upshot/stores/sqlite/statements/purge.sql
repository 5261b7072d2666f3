DELETE FROM upshot_records
WHERE gone <= ?1
  AND id IN (SELECT id FROM upshot_records WHERE due <= ?1 ORDER BY due LIMIT ?2)
