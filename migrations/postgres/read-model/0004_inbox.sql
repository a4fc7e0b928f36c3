-- What came from Kafka and is not folded in yet, and how far each partition was read: both are written in one
-- transaction, so that neither is ever ahead of the other. What is folded in goes with the batch that does it.
--
-- Unlogged, since the log has all of it: a server that crashed begins again with both of them empty, and
-- what is missing then is read from the log.

CREATE UNLOGGED TABLE inbox (
    position        bigint PRIMARY KEY,
    previous        bigint NOT NULL,                   -- the position of the event before it in the log
    partition       integer NOT NULL,
    bytes           integer NOT NULL,                  -- of `data`
    stream          text COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    id              uuid NOT NULL,
    event_type      text COLLATE "C" NOT NULL,
    schema_version  bigint NOT NULL,
    recorded_at     bigint NOT NULL,                   -- microseconds since 1970-01-01T00:00:00Z
    actor           uuid,
    correlation_id  text,
    causation_id    uuid,
    traceparent     text,
    idempotency_key text,
    data            text COLLATE "C" NOT NULL          -- as it was recorded, byte for byte
);

-- How far partitions were read. Whoever moves one says where it was: who has lost it moves nothing.
CREATE UNLOGGED TABLE inbox_partition (
    topic     text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    next      bigint NOT NULL CHECK (next >= 0),       -- the offset of the first record that was not read
    position  bigint NOT NULL CHECK (position >= 0),   -- of the last event that came of it; 0 where none has
    PRIMARY KEY (topic, partition)
);

-- Records that are no events of the log: the last ones of each partition, a slot for each. Never their content.
CREATE UNLOGGED TABLE inbox_refused (
    topic         text COLLATE "C" NOT NULL,
    partition     integer NOT NULL,
    slot          smallint NOT NULL,
    record_offset bigint NOT NULL,
    reason        text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, partition, slot)
);

-- What tells the readers of this generation from those of all others, wherever they read. One row.
CREATE TABLE inbox_name (
    one  smallint PRIMARY KEY CHECK (one = 1),
    name uuid NOT NULL
);

INSERT INTO inbox_name (one, name) VALUES (1, gen_random_uuid());
