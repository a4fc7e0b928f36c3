-- Signing in with an account at somebody else's. Times are microseconds since 1970-01-01T00:00:00Z; what is
-- hashed (SHA-256) cannot be used by who reads the table.

-- Whose account it is that a provider calls so.
CREATE TABLE cinelog_identity.provider_identity (
    issuer    text   COLLATE "C" NOT NULL,
    subject   text   COLLATE "C" NOT NULL,
    account   uuid   NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    linked_at bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX provider_identity_account ON cinelog_identity.provider_identity (account);

-- Sign-ins that were begun, and from which nobody has come back yet.
CREATE TABLE cinelog_identity.provider_login (
    -- A hash of the state, and one of what the browser's cookie holds.
    state      bytea  PRIMARY KEY CHECK (length(state) = 32),
    browser    bytea  NOT NULL CHECK (length(browser) = 32),
    provider   text   NOT NULL,
    -- Where an app wants to have its user back, and the challenge (PKCE, S256) that only it can meet.
    return_to  text,
    challenge  bytea  CHECK (length(challenge) = 32),
    expires_at bigint NOT NULL,
    CHECK ((return_to IS NULL) = (challenge IS NULL))
);

CREATE INDEX provider_login_expiry ON cinelog_identity.provider_login (expires_at);

-- What an app gets tokens for, once.
CREATE TABLE cinelog_identity.sign_in_code (
    hash       bytea  PRIMARY KEY CHECK (length(hash) = 32),
    account    uuid   NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    provider   text   NOT NULL,
    challenge  bytea  NOT NULL CHECK (length(challenge) = 32),
    expires_at bigint NOT NULL
);

CREATE INDEX sign_in_code_account ON cinelog_identity.sign_in_code (account);
CREATE INDEX sign_in_code_expiry ON cinelog_identity.sign_in_code (expires_at);
