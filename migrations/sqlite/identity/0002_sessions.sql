-- Sessions, keys for machines, and what is revoked. Times are microseconds since 1970-01-01T00:00:00Z; ids are
-- the 16 bytes of a UUID; secrets are kept as the SHA-256 of them.

-- A session is a family of refresh tokens, of which one is good. It is there for as long as it lives.
CREATE TABLE session (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- The token that is good.
    current    BLOB    NOT NULL CHECK (length(current) = 32),
    -- How often it was rotated.
    generation INTEGER NOT NULL,
    -- The token before, and what the good one was made with from it: who shows it again at once gets the very
    -- same answer.
    previous   BLOB    CHECK (length(previous) = 32),
    salt       BLOB    CHECK (length(salt) = 32),
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    idle_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- By what its owner may know it again.
    user_agent TEXT,
    address    TEXT,
    CHECK ((previous IS NULL) = (salt IS NULL) AND (previous IS NULL) = (rotated_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX session_account ON session (account, created_at);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_idle ON session (idle_until);

-- Tokens of a session that were used before the previous one.
CREATE TABLE used_refresh_token (
    session    BLOB    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    generation INTEGER NOT NULL,
    PRIMARY KEY (session, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX used_refresh_token_generation ON used_refresh_token (session, generation);

-- Keys for machines. One that was revoked is gone.
CREATE TABLE api_key (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    name       TEXT    NOT NULL,
    -- Names with spaces between them.
    scopes     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_account ON api_key (account, created_at);
CREATE INDEX api_key_expiry ON api_key (expires_at) WHERE expires_at IS NOT NULL;

-- What nodes must not believe any more, in the order in which it was revoked. A row is there for as long as
-- anything that it concerns could be believed otherwise.
CREATE TABLE revocation (
    seq        INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('session', 'account', 'api_key',
                                           'was_viewer', 'was_member', 'was_editor', 'was_admin')),
    subject    BLOB    NOT NULL CHECK (length(subject) = 16),
    revoked_at INTEGER NOT NULL,
    forget_at  INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT;

CREATE INDEX revocation_forget ON revocation (forget_at);

-- The last number given out. Whoever takes one keeps the row until its commit, so that numbers become visible
-- in their order.
CREATE TABLE revocation_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;

INSERT INTO revocation_clock (one, seq) VALUES (1, 0);
