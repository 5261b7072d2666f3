CREATE TABLE upshot_meta (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
);

-- Times are microseconds since 1970, UTC. The document stands last, so that reading the other
-- columns of a large record does not read its overflow pages.
--   expires: from then on the record counts as absent; NULL keeps it, 0 once it is reduced.
--   gone:    until then an expired id is remembered.
--   due:     when the clean-up next has to do something here; NULL is never.
CREATE TABLE upshot_records (
    id       TEXT    NOT NULL COLLATE BINARY PRIMARY KEY,
    ord      INTEGER NOT NULL,
    state    TEXT,
    attempt  INTEGER,
    created  INTEGER,
    started  INTEGER,
    done     INTEGER,
    updated  INTEGER,
    name     TEXT,
    worker   TEXT,
    queue    TEXT,
    grp      TEXT,
    parent   TEXT,
    labels   TEXT,
    expires  INTEGER,
    gone     INTEGER,
    due      INTEGER,
    document BLOB    NOT NULL
);

CREATE INDEX upshot_records_due ON upshot_records (due) WHERE due IS NOT NULL;

CREATE INDEX upshot_records_updated ON upshot_records (updated, id);

CREATE TABLE upshot_kept (
    kind    TEXT    NOT NULL COLLATE BINARY,
    key     TEXT    NOT NULL COLLATE BINARY,
    version INTEGER NOT NULL,
    expires INTEGER,
    data    BLOB    NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE INDEX upshot_kept_expires ON upshot_kept (expires) WHERE expires IS NOT NULL;
