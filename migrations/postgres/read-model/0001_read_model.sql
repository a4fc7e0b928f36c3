-- The read model: all of it can be made again from the log. The same tables, columns and meanings as on
-- SQLite. A generation is a schema of its own: it is made before this runs and is the first of the
-- search path, so nothing here names it. An extension does not belong in it: it would go with the
-- generation.
--
-- Texts are compared by their bytes. What refers to another table is not declared: a fold writes what is
-- right, `cinelog verify` proves it, and looking up each reference would cost a quarter of the speed.

-- How far the log has been folded in, and the running count and hash of all events that were folded in
-- or parked (events::Digest). One row.
CREATE TABLE checkpoint (
    one          smallint PRIMARY KEY CHECK (one = 1),
    generation   bigint NOT NULL CHECK (generation >= 1),
    position     bigint NOT NULL CHECK (position >= 0),
    digest_count bigint NOT NULL CHECK (digest_count >= 0),
    digest_hash  bytea  NOT NULL CHECK (octet_length(digest_hash) = 32)
) WITH (fillfactor = 20);

INSERT INTO checkpoint (one, generation, position, digest_count, digest_hash)
VALUES (1, 1, 0, 0, decode(repeat('00', 32), 'hex'));

-- Which projector writes. Whoever takes the lead raises the epoch, and every batch asserts that its epoch
-- is the one here, so that a projector that was asleep can write nothing. `until` is the time of this
-- server, which is the only clock that counts. One row.
CREATE TABLE leader (
    one   smallint PRIMARY KEY CHECK (one = 1),
    epoch bigint NOT NULL CHECK (epoch >= 0),
    until timestamptz NOT NULL
) WITH (fillfactor = 20);

INSERT INTO leader (one, epoch, until) VALUES (1, 0, '-infinity');

-- A film, deleted ones included (a film can be restored). `document` is the whole of it; the other
-- columns are what lists filter and sort by. An absent value is the smallest: 0 or ''.
CREATE TABLE movie (
    key             bigint PRIMARY KEY,                -- where it was created in the log
    id              uuid   NOT NULL CONSTRAINT movie_id UNIQUE,
    deleted         boolean NOT NULL,
    rating          double precision NOT NULL,         -- average, 0 where nobody rated it
    rating_count    bigint NOT NULL,
    year            bigint NOT NULL,
    runtime_minutes bigint NOT NULL,
    created_at      bigint NOT NULL,                   -- microseconds since 1970-01-01T00:00:00Z
    updated_at      bigint NOT NULL,
    title           text COLLATE "C" NOT NULL,         -- plain form: no case, no accents
    release_date    text COLLATE "C" NOT NULL,         -- YYYY-MM-DD
    language        text COLLATE "C" NOT NULL,
    country         text COLLATE "C" NOT NULL,
    imdb            text COLLATE "C" NOT NULL,
    document        text COLLATE "C" NOT NULL          -- JSON of read_model::MovieDocument
);

-- What a film belongs to: its genres, tags, platforms, directors, actors, people, studios.
-- Deleted films belong to nothing.
CREATE TABLE movie_facet (
    kind      text COLLATE "C" NOT NULL,               -- read_model::FacetKind
    slug      text COLLATE "C" NOT NULL,
    movie_key bigint NOT NULL,
    PRIMARY KEY (kind, slug, movie_key)
);

-- The genres, tags, platforms and people there are, with how many films each has.
CREATE TABLE facet (
    kind        text COLLATE "C" NOT NULL,
    slug        text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    movie_count bigint NOT NULL CHECK (movie_count >= 0),
    document    text COLLATE "C" NOT NULL,             -- JSON of read_model::FacetDocument
    PRIMARY KEY (kind, slug)
) WITH (fillfactor = 80);

-- One person's rating of one film.
CREATE TABLE rating (
    movie_id   uuid   NOT NULL,
    account_id uuid   NOT NULL,
    rated_at   bigint NOT NULL,                        -- microseconds since 1970-01-01T00:00:00Z
    revision   bigint NOT NULL CHECK (revision >= 1),  -- of the rating's stream
    value      smallint NOT NULL CHECK (value BETWEEN 1 AND 10),
    PRIMARY KEY (movie_id, account_id)
);

-- How far the stream of a rating that was taken back has been folded in.
CREATE TABLE withdrawn_rating (
    movie_id   uuid   NOT NULL,
    account_id uuid   NOT NULL,
    revision   bigint NOT NULL CHECK (revision >= 1),
    PRIMARY KEY (movie_id, account_id)
);

-- Full text. Rows are those of films that are not deleted. The text is cut into tokens in
-- read_model::search, queries likewise; Postgres is given tokens with their places and parses nothing.
-- Titles weigh A, people B, all else nothing; no phrase spans two of them.
CREATE TABLE movie_search (
    movie_key bigint PRIMARY KEY,
    words     tsvector NOT NULL
);

-- Streams that a poison event has stopped, and all events that were set aside: poison first, then
-- what stands behind it. Never the payload.
CREATE TABLE parked_stream (
    stream   text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,                          -- of the poison event
    reason   text COLLATE "C" NOT NULL,
    retry    boolean NOT NULL DEFAULT false            -- whether somebody asked for it to be tried again
);

CREATE INDEX parked_stream_position ON parked_stream (position);
CREATE INDEX parked_stream_retry ON parked_stream (position) WHERE retry;

CREATE TABLE parked_event (
    position bigint PRIMARY KEY,
    stream   text COLLATE "C" NOT NULL
);

CREATE INDEX parked_event_stream ON parked_event (stream, position);
