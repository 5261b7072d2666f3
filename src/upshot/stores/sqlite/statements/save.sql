INSERT INTO upshot_records (
    id, ord, document, state, attempt, created, started, done, updated,
    name, worker, queue, grp, parent, labels, expires, gone, due
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?16)
ON CONFLICT (id) DO UPDATE SET
    ord = excluded.ord,
    document = excluded.document,
    state = excluded.state,
    attempt = excluded.attempt,
    created = excluded.created,
    started = excluded.started,
    done = excluded.done,
    updated = excluded.updated,
    name = excluded.name,
    worker = excluded.worker,
    queue = excluded.queue,
    grp = excluded.grp,
    parent = excluded.parent,
    labels = excluded.labels,
    expires = excluded.expires,
    gone = excluded.gone,
    due = excluded.due
-- The number is 1 << 40, from which on orders belong to finished states.
WHERE excluded.ord > upshot_records.ord
   OR (excluded.ord = upshot_records.ord AND excluded.ord < 1099511627776)
   OR upshot_records.expires <= ?18
   OR typeof(upshot_records.ord) <> 'integer'
   OR typeof(upshot_records.document) <> 'blob'
