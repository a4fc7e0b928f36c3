-- The event log. Rows are inserted and never changed or removed. The schema is made before this runs.
CREATE TABLE cinelog_log.event (
    position        bigint PRIMARY KEY,              -- global order, gap-free, from 1
    revision        bigint NOT NULL CHECK (revision >= 1),
    schema_version  bigint NOT NULL CHECK (schema_version BETWEEN 1 AND 4294967295),
    recorded_at     bigint NOT NULL,                 -- microseconds since 1970-01-01T00:00:00Z
    id              uuid   NOT NULL,                 -- UUIDv7
    actor           uuid,                            -- account id
    causation_id    uuid,
    stream          text   COLLATE "C" NOT NULL,
    type            text   COLLATE "C" NOT NULL,
    correlation_id  text   COLLATE "C",
    traceparent     text   COLLATE "C",
    idempotency_key text   COLLATE "C",
    data            text   COLLATE "C" NOT NULL,     -- JSON of that type and version, byte for byte
    CONSTRAINT event_stream_revision UNIQUE (stream, revision),
    CONSTRAINT event_id UNIQUE (id)
);

-- The digest of the log at the end of each commit: a running hash over all events up to there. Its
-- count is the position, which has no gaps; so the last row tells where the log ends.
CREATE TABLE cinelog_log.digest (
    position bigint PRIMARY KEY,                     -- of the commit's last event
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32)
);

-- What was answered to requests that carried an Idempotency-Key, until it is forgotten.
CREATE TABLE cinelog_log.idempotency (
    key         text   COLLATE "C" PRIMARY KEY,
    fingerprint text   COLLATE "C" NOT NULL,
    answer      text   COLLATE "C" NOT NULL,         -- JSON
    revision    bigint NOT NULL,
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL                      -- microseconds since 1970-01-01T00:00:00Z
);

CREATE INDEX idempotency_recorded_at ON cinelog_log.idempotency (recorded_at);

-- What is written to find out whether the log can be written again after that has failed.
CREATE TABLE cinelog_log.probe (filling text COLLATE "C" NOT NULL);
ALTER TABLE cinelog_log.probe ALTER COLUMN filling SET STORAGE PLAIN;

-- The functions say where they look for names, so that nobody can put one in front of the server's own.

-- Writes a row that fills a page, which is a new one: a full disk is not mistaken for one that has room in
-- old pages. What was written before goes, unless somebody holds the table, as a dump does: nobody is waited
-- for.
CREATE FUNCTION cinelog_log.write_probe() RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    BEGIN
        LOCK TABLE cinelog_log.probe IN ACCESS EXCLUSIVE MODE NOWAIT;
        TRUNCATE cinelog_log.probe;
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
    INSERT INTO cinelog_log.probe (filling)
    VALUES (repeat('x', current_setting('block_size')::integer - 512));
END $$;

-- Makes a commit that the disk, and the standby where one is waited for, has only with all that can be seen
-- now. It touches no table, and is in nobody's way.
CREATE FUNCTION cinelog_log.settle() RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_read_only')::boolean THEN
        RAISE EXCEPTION 'a read-only transaction makes nothing durable'
            USING ERRCODE = 'read_only_sql_transaction';
    END IF;
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM pg_logical_emit_message(true, 'cinelog_log'::text, ''::text);
END $$;

CREATE FUNCTION cinelog_log.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what % holds is never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE ON cinelog_log.event
    FOR EACH ROW EXECUTE FUNCTION cinelog_log.refuse_change();
CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON cinelog_log.event
    FOR EACH STATEMENT EXECUTE FUNCTION cinelog_log.refuse_change();
CREATE TRIGGER digest_is_never_changed BEFORE UPDATE OR DELETE ON cinelog_log.digest
    FOR EACH ROW EXECUTE FUNCTION cinelog_log.refuse_change();
CREATE TRIGGER digest_is_never_emptied BEFORE TRUNCATE ON cinelog_log.digest
    FOR EACH STATEMENT EXECUTE FUNCTION cinelog_log.refuse_change();

-- What whoever writes to the log locks until the commit: an advisory lock of this database.
-- 'cinelogl' as a number. It looks for no name.
CREATE FUNCTION cinelog_log.lock_key() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 7163378064199477100;

-- Writes a batch of appends, if all is as its caller presumes; one statement, one transaction. Gives the
-- position before them. NULL: something is not so, and nothing was written.
--
-- Presumed is of each stream that is written to that it is where its first event follows: the caller has
-- seen it there in this session, so only that it has not gone on can be wrong, and that is what the index
-- finds. Of streams that are not written to, or that the caller has not seen, `heads` says where they are
-- presumed to be. No id and no key that is written may be known, which indexes find too; nor may `ids` and
-- `keys`.
--
-- Positions are taken under one lock that is held to the commit, so they become visible in their order.
-- Each statement below sees all that was committed before the lock was had, since the function is VOLATILE
-- and the transaction READ COMMITTED.
CREATE FUNCTION cinelog_log.append(
    streams text[], heads bigint[], ids uuid[], keys text[],
    -- The events, in their order.
    event_stream text[], event_revision bigint[], event_id uuid[], event_type text[],
    event_schema_version bigint[], event_recorded_at bigint[], event_actor uuid[],
    event_correlation_id text[], event_causation_id uuid[], event_traceparent text[],
    event_idempotency_key text[], event_data text[],
    -- What is hashed of each, as events/src/digest.rs has it.
    event_form bytea[],
    -- The keys to remember. A position is told as the number of events of this batch up to it.
    entry_key text[], entry_fingerprint text[], entry_answer text[], entry_revision bigint[],
    entry_ordinal bigint[], entry_recorded_at bigint[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head bigint;
    running bytea;
    form bytea;
    written bigint;
    violated text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'appends need READ COMMITTED, not %', current_setting('transaction_isolation');
    END IF;
    -- What is answered is on the disk. A stronger setting of the server's stands.
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    PERFORM pg_advisory_xact_lock(cinelog_log.lock_key());
    SELECT d.position, d.hash INTO head, running
    FROM cinelog_log.digest d ORDER BY d.position DESC LIMIT 1;
    IF NOT FOUND THEN
        head := 0;
        running := decode(repeat('00', 32), 'hex');
    END IF;

    -- OFFSET 0 keeps the planner from joining otherwise than from the few to the index.
    IF cardinality(streams) > 0 AND EXISTS (
        SELECT FROM unnest(streams, heads) AS s(stream, head)
        WHERE s.head <> coalesce(
            (SELECT max(e.revision) FROM cinelog_log.event e WHERE e.stream = s.stream), 0)
    ) THEN
        RETURN NULL;
    END IF;
    IF cardinality(ids) > 0 AND EXISTS (
        SELECT FROM unnest(ids) AS i(id)
        CROSS JOIN LATERAL (SELECT FROM cinelog_log.event e WHERE e.id = i.id OFFSET 0) AS e
    ) THEN
        RETURN NULL;
    END IF;
    IF cardinality(keys) > 0 AND EXISTS (
        SELECT FROM unnest(keys) AS i(key)
        CROSS JOIN LATERAL (SELECT FROM cinelog_log.idempotency k WHERE k.key = i.key OFFSET 0) AS k
    ) THEN
        RETURN NULL;
    END IF;

    IF cardinality(event_id) > 0 THEN
        INSERT INTO cinelog_log.event (position, stream, revision, id, type, schema_version, recorded_at,
            actor, correlation_id, causation_id, traceparent, idempotency_key, data)
        SELECT head + e.n, e.stream, e.revision, e.id, e.type, e.schema_version, e.recorded_at,
            e.actor, e.correlation_id, e.causation_id, e.traceparent, e.idempotency_key, e.data
        FROM unnest(event_stream, event_revision, event_id, event_type, event_schema_version,
                event_recorded_at, event_actor, event_correlation_id, event_causation_id,
                event_traceparent, event_idempotency_key, event_data) WITH ORDINALITY
            AS e(stream, revision, id, type, schema_version, recorded_at, actor, correlation_id,
                causation_id, traceparent, idempotency_key, data, n);
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(event_id) OR written <> cardinality(event_form) THEN
            RAISE EXCEPTION '% events were written, not %', written, cardinality(event_id);
        END IF;
        FOREACH form IN ARRAY event_form LOOP
            running := sha256(running || form);
        END LOOP;
        INSERT INTO cinelog_log.digest (position, hash) VALUES (head + written, running);
    END IF;

    IF cardinality(entry_key) > 0 THEN
        INSERT INTO cinelog_log.idempotency (key, fingerprint, answer, revision, position, recorded_at)
        SELECT k.key, k.fingerprint, k.answer, k.revision, head + k.ordinal, k.recorded_at
        FROM unnest(entry_key, entry_fingerprint, entry_answer, entry_revision, entry_ordinal,
                entry_recorded_at)
            AS k(key, fingerprint, answer, revision, ordinal, recorded_at);
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(entry_key) THEN
            RAISE EXCEPTION '% keys were remembered, not %', written, cardinality(entry_key);
        END IF;
    END IF;
    RETURN head;
EXCEPTION WHEN unique_violation THEN
    -- What was written is undone. That a position is there twice is nobody's presumption.
    GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
    IF violated IN ('event_stream_revision', 'event_id', 'idempotency_pkey') THEN
        RETURN NULL;
    END IF;
    RAISE;
END $$;
