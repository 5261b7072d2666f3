SELECT id
FROM upshot_records
WHERE id IN (SELECT value FROM json_each(?1)) AND expires <= ?2 AND gone > ?2
