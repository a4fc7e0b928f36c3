-- Sessions, keys for machines, and what is revoked. Times are microseconds since 1970-01-01T00:00:00Z; secrets
-- are kept as the SHA-256 of them.

-- A session is a family of refresh tokens, of which one is good. It is there for as long as it lives.
CREATE TABLE cinelog_identity.session (
    id         uuid   PRIMARY KEY,
    account    uuid   NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    -- The token that is good.
    current    bytea  NOT NULL CHECK (octet_length(current) = 32),
    -- How often it was rotated.
    generation bigint NOT NULL,
    -- The token before, and what the good one was made with from it: who shows it again at once gets the very
    -- same answer.
    previous   bytea  CHECK (octet_length(previous) = 32),
    salt       bytea  CHECK (octet_length(salt) = 32),
    rotated_at bigint,
    created_at bigint NOT NULL,
    used_at    bigint NOT NULL,
    idle_until bigint NOT NULL,
    expires_at bigint NOT NULL,
    -- By what its owner may know it again.
    user_agent text COLLATE "C",
    address    text COLLATE "C",
    CHECK ((previous IS NULL) = (salt IS NULL) AND (previous IS NULL) = (rotated_at IS NULL))
);

CREATE INDEX session_account ON cinelog_identity.session (account, created_at);
CREATE INDEX session_expiry ON cinelog_identity.session (expires_at);
CREATE INDEX session_idle ON cinelog_identity.session (idle_until);

-- Tokens of a session that were used before the previous one.
CREATE TABLE cinelog_identity.used_refresh_token (
    session    uuid   NOT NULL REFERENCES cinelog_identity.session (id) ON DELETE CASCADE,
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32),
    generation bigint NOT NULL,
    PRIMARY KEY (session, hash)
);

CREATE INDEX used_refresh_token_generation ON cinelog_identity.used_refresh_token (session, generation);

-- Keys for machines. One that was revoked is gone.
CREATE TABLE cinelog_identity.api_key (
    id         uuid   PRIMARY KEY,
    account    uuid   NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32),
    name       text   COLLATE "C" NOT NULL,
    -- Names with spaces between them.
    scopes     text   COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    used_at    bigint
);

CREATE INDEX api_key_account ON cinelog_identity.api_key (account, created_at);
CREATE INDEX api_key_expiry ON cinelog_identity.api_key (expires_at) WHERE expires_at IS NOT NULL;

-- What nodes must not believe any more, in the order in which it was revoked. A row is there for as long as
-- anything that it concerns could be believed otherwise.
CREATE TABLE cinelog_identity.revocation (
    seq        bigint PRIMARY KEY,
    kind       text   COLLATE "C" NOT NULL CHECK (kind IN ('session', 'account', 'api_key',
                                           'was_viewer', 'was_member', 'was_editor', 'was_admin')),
    subject    uuid   NOT NULL,
    revoked_at bigint NOT NULL,
    forget_at  bigint NOT NULL,
    UNIQUE (kind, subject)
);

CREATE INDEX revocation_forget ON cinelog_identity.revocation (forget_at);

-- The last number given out. Whoever takes one keeps the row until its commit, so that numbers become visible
-- in their order.
CREATE TABLE cinelog_identity.revocation_clock (
    one integer PRIMARY KEY CHECK (one = 1),
    seq bigint  NOT NULL
);

INSERT INTO cinelog_identity.revocation_clock (one, seq) VALUES (1, 0);
