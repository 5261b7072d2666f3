UPDATE upshot_records
SET expires = 0, due = gone, updated = 0, document = x'', state = NULL, name = NULL, worker = NULL,
    queue = NULL, grp = NULL, parent = NULL, labels = NULL
WHERE gone > ?1
  AND id IN (SELECT id FROM upshot_records WHERE due <= ?1 ORDER BY due LIMIT ?2)
