-- The read model: all of it can be made again from the log.

-- How far the log has been folded in. One row.
CREATE TABLE checkpoint (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL CHECK (generation >= 1),
    position   INTEGER NOT NULL CHECK (position >= 0)
) STRICT;

INSERT INTO checkpoint (one, generation, position) VALUES (1, 1, 0);

-- A film, deleted ones included (a film can be restored). `document` is the whole of it; the other
-- columns are what lists filter and sort by. An absent value is the smallest: 0 or ''.
CREATE TABLE movie (
    key             INTEGER PRIMARY KEY,            -- also the rowid in movie_search
    id              BLOB    NOT NULL UNIQUE,        -- 16 bytes
    document        TEXT    NOT NULL,               -- JSON of read_model::MovieDocument
    deleted         INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    title           TEXT    NOT NULL,               -- plain form: no case, no accents
    year            INTEGER NOT NULL,
    release_date    TEXT    NOT NULL,               -- YYYY-MM-DD
    runtime_minutes INTEGER NOT NULL,
    rating          REAL    NOT NULL,               -- average, 0 where nobody rated it
    rating_count    INTEGER NOT NULL,
    language        TEXT    NOT NULL,
    country         TEXT    NOT NULL,
    imdb            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,               -- microseconds since 1970-01-01T00:00:00Z
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX movie_title           ON movie (title, id)           WHERE deleted = 0;
CREATE INDEX movie_year            ON movie (year, id)            WHERE deleted = 0;
CREATE INDEX movie_release_date    ON movie (release_date, id)    WHERE deleted = 0;
CREATE INDEX movie_runtime_minutes ON movie (runtime_minutes, id) WHERE deleted = 0;
CREATE INDEX movie_rating          ON movie (rating, id)          WHERE deleted = 0;
CREATE INDEX movie_rating_count    ON movie (rating_count, id)    WHERE deleted = 0;
CREATE INDEX movie_created_at      ON movie (created_at, id)      WHERE deleted = 0;
CREATE INDEX movie_updated_at      ON movie (updated_at, id)      WHERE deleted = 0;
CREATE INDEX movie_language        ON movie (language, title, id) WHERE deleted = 0;
CREATE INDEX movie_country         ON movie (country, title, id)  WHERE deleted = 0;
CREATE INDEX movie_imdb            ON movie (imdb)                WHERE imdb <> '';

-- What a film belongs to: its genres, tags, platforms, directors, actors, people, studios.
-- Deleted films belong to nothing.
CREATE TABLE movie_facet (
    kind      TEXT    NOT NULL,                     -- read_model::FacetKind
    slug      TEXT    NOT NULL,
    movie_key INTEGER NOT NULL REFERENCES movie (key),
    PRIMARY KEY (kind, slug, movie_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX movie_facet_movie ON movie_facet (movie_key, kind);

-- The genres, tags, platforms and people there are, with how many films each has.
CREATE TABLE facet (
    kind        TEXT    NOT NULL,
    slug        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    movie_count INTEGER NOT NULL CHECK (movie_count >= 0),
    document    TEXT    NOT NULL,                   -- JSON of read_model::FacetDocument
    PRIMARY KEY (kind, slug)
) STRICT, WITHOUT ROWID;

CREATE INDEX facet_movie_count ON facet (kind, movie_count, slug);

-- One person's rating of one film.
CREATE TABLE rating (
    movie_id   BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    value      INTEGER NOT NULL CHECK (value BETWEEN 1 AND 10),
    rated_at   INTEGER NOT NULL,                    -- microseconds since 1970-01-01T00:00:00Z
    revision   INTEGER NOT NULL CHECK (revision >= 1), -- of the rating's stream
    PRIMARY KEY (movie_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX rating_rated_at ON rating (movie_id, rated_at, account_id);

-- How far the stream of a rating that was taken back has been folded in.
CREATE TABLE withdrawn_rating (
    movie_id   BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    revision   INTEGER NOT NULL CHECK (revision >= 1),
    PRIMARY KEY (movie_id, account_id)
) STRICT, WITHOUT ROWID;

-- Full text, prefixes indexed. Rows are those of films that are not deleted. The text is cut into
-- tokens in read_model::search, queries likewise; `ascii` leaves those tokens as they are.
CREATE VIRTUAL TABLE movie_search USING fts5 (
    title, people, other,
    content = '', contentless_delete = 1,
    tokenize = 'ascii',
    prefix = '2 3'
);

-- Streams that a poison event has stopped, and all events that were set aside: poison first, then
-- what stands behind it. Never the payload.
CREATE TABLE parked_stream (
    stream   TEXT    PRIMARY KEY,
    position INTEGER NOT NULL,                      -- of the poison event
    reason   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_event (
    position INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL REFERENCES parked_stream (stream)
) STRICT;

CREATE INDEX parked_event_stream ON parked_event (stream, position);
