DELETE FROM upshot_kept
WHERE rowid IN (SELECT rowid FROM upshot_kept WHERE expires <= ?1 ORDER BY expires LIMIT ?2)
