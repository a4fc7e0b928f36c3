-- Signing in with an account at somebody else's. Times are microseconds since 1970-01-01T00:00:00Z; what is
-- hashed (SHA-256) cannot be used by who reads the table.

-- Whose account it is that a provider calls so.
CREATE TABLE provider_identity (
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    account   BLOB    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX provider_identity_account ON provider_identity (account);

-- Sign-ins that were begun, and from which nobody has come back yet.
CREATE TABLE provider_login (
    -- A hash of the state, and one of what the browser's cookie holds.
    state      BLOB    PRIMARY KEY CHECK (length(state) = 32),
    browser    BLOB    NOT NULL CHECK (length(browser) = 32),
    provider   TEXT    NOT NULL,
    -- Where an app wants to have its user back, and the challenge (PKCE, S256) that only it can meet.
    return_to  TEXT,
    challenge  BLOB    CHECK (length(challenge) = 32),
    expires_at INTEGER NOT NULL,
    CHECK ((return_to IS NULL) = (challenge IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX provider_login_expiry ON provider_login (expires_at);

-- What an app gets tokens for, once.
CREATE TABLE sign_in_code (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    account    BLOB    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    provider   TEXT    NOT NULL,
    challenge  BLOB    NOT NULL CHECK (length(challenge) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_code_account ON sign_in_code (account);
CREATE INDEX sign_in_code_expiry ON sign_in_code (expires_at);
