INSERT INTO upshot_kept (kind, key, version, expires, data)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (kind, key) DO UPDATE SET
    version = excluded.version,
    expires = excluded.expires,
    data = excluded.data
