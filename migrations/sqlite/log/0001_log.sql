-- The event log. Rows are inserted and never changed or removed.
CREATE TABLE event (
    position        INTEGER PRIMARY KEY,            -- global order, gap-free, from 1
    stream          TEXT    NOT NULL,
    revision        INTEGER NOT NULL CHECK (revision >= 1),
    id              BLOB    NOT NULL,               -- UUIDv7, 16 bytes
    type            TEXT    NOT NULL,
    schema_version  INTEGER NOT NULL CHECK (schema_version >= 1),
    recorded_at     INTEGER NOT NULL,               -- microseconds since 1970-01-01T00:00:00Z
    actor           BLOB,                           -- account id, 16 bytes
    correlation_id  TEXT,
    causation_id    BLOB,
    traceparent     TEXT,
    idempotency_key TEXT,
    data            TEXT    NOT NULL                -- JSON of that type and version
) STRICT;

CREATE UNIQUE INDEX event_stream_revision ON event (stream, revision);
CREATE UNIQUE INDEX event_id ON event (id);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'an event is never changed'); END;

CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'an event is never removed'); END;

-- What was answered to requests that carried an Idempotency-Key, until it is forgotten.
CREATE TABLE idempotency (
    key         TEXT    PRIMARY KEY,
    fingerprint TEXT    NOT NULL,
    answer      TEXT    NOT NULL,                   -- JSON
    revision    INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL                    -- microseconds since 1970-01-01T00:00:00Z
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_recorded_at ON idempotency (recorded_at);
