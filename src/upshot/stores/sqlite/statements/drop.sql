DELETE FROM upshot_kept
WHERE kind = ?1 AND key = ?2
