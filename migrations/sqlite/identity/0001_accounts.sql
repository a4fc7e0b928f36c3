-- People. Times are microseconds since 1970-01-01T00:00:00Z; ids are the 16 bytes of a UUID.
CREATE TABLE account (
    id                BLOB PRIMARY KEY CHECK (length(id) = 16),
    -- As the person writes it; and the form in which two addresses are compared. Neither where a provider
    -- of OpenID Connect told none.
    email             TEXT,
    email_key         TEXT,
    -- When it was shown that mail to the address reaches this person.
    email_verified_at INTEGER,
    -- What the person wants to be called.
    name              TEXT,
    -- A PHC string. None: there is no password to log in with.
    password          TEXT,
    role              TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'editor', 'admin')),
    -- Whether the address is this account's own. One that is not is a registration that waits: several may
    -- name the same address, and nobody can log in to it.
    active            INTEGER NOT NULL CHECK (active IN (0, 1)),
    disabled_at       INTEGER,
    -- Grows with every change.
    revision          INTEGER NOT NULL DEFAULT 1,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX account_email ON account (email_key) WHERE active = 1;
-- Who logs in is looked for by address, whether they have it or wait for it.
CREATE INDEX account_by_address ON account (email_key, active, created_at);
CREATE INDEX account_waiting_since ON account (created_at) WHERE active = 0;

-- What a mail gave somebody to show, once. Hashed: who reads the table cannot use it.
CREATE TABLE one_time_token (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account    BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose IN ('verification', 'password_reset')),
    -- The address that it was sent to.
    email      TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_token_account ON one_time_token (account, purpose, expires_at);
CREATE INDEX one_time_token_expiry ON one_time_token (expires_at);

-- Devices that somebody has logged in from. Hashed, as above.
CREATE TABLE device (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX device_account ON device (account, used_at);
CREATE INDEX device_used ON device (used_at);

-- Tries to log in that have failed, whether there is such an account or not.
CREATE TABLE login_attempt (
    -- A hash of the name.
    name          BLOB NOT NULL CHECK (length(name) = 32),
    -- The hash of the device that is known; empty for all others together.
    device        BLOB NOT NULL CHECK (length(device) IN (0, 32)),
    failures      INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    forget_at     INTEGER NOT NULL,
    PRIMARY KEY (name, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_attempt_forget ON login_attempt (forget_at);
