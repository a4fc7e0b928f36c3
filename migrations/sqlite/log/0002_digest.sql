-- The digest of the log at the end of each commit: a running hash over all events up to there. Its
-- count is the position, which has no gaps. Written with the events, in one transaction.
CREATE TABLE digest (
    position INTEGER PRIMARY KEY,                   -- of the commit's last event
    hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER digest_is_never_changed BEFORE UPDATE ON digest
BEGIN SELECT raise(ABORT, 'a digest is never changed'); END;

CREATE TRIGGER digest_is_never_removed BEFORE DELETE ON digest
BEGIN SELECT raise(ABORT, 'a digest is never removed'); END;

-- What is written to find out whether the file can be written again after that has failed.
CREATE TABLE probe (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    written INTEGER NOT NULL                        -- how often
) STRICT;

INSERT INTO probe (id, written) VALUES (1, 0);
