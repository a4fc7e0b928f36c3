-- The running count and hash of all events that have been folded in or parked (events::Digest), so
-- that an event which was skipped is found by comparing with the log.
ALTER TABLE checkpoint ADD COLUMN digest_count INTEGER NOT NULL DEFAULT 0 CHECK (digest_count >= 0);
ALTER TABLE checkpoint ADD COLUMN digest_hash  BLOB    NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000'
    CHECK (length(digest_hash) = 32);

-- Whether somebody asked for the stream to be tried again. The projector looks here.
ALTER TABLE parked_stream ADD COLUMN retry INTEGER NOT NULL DEFAULT 0 CHECK (retry IN (0, 1));

CREATE INDEX parked_stream_retry ON parked_stream (position) WHERE retry = 1;

-- From here on `movie.key` is the position of the film's creation in the log, the same in every
-- build, and a facet's document counts how its name is spelled. What an earlier version has folded in
-- has neither, nor a digest, so the log is folded in anew.
DELETE FROM movie_facet;
DELETE FROM movie;
DELETE FROM facet;
DELETE FROM rating;
DELETE FROM withdrawn_rating;
DELETE FROM parked_event;
DELETE FROM parked_stream;
INSERT INTO movie_search (movie_search) VALUES ('delete-all');
UPDATE checkpoint SET position = 0;
