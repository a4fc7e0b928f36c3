-- People. Times are microseconds since 1970-01-01T00:00:00Z. The schema is made before this runs.
CREATE TABLE cinelog_identity.account (
    id                uuid PRIMARY KEY,
    -- As the person writes it; and the form in which two addresses are compared. Neither where a provider
    -- of OpenID Connect told none.
    email             text COLLATE "C",
    email_key         text COLLATE "C",
    -- When it was shown that mail to the address reaches this person.
    email_verified_at bigint,
    -- What the person wants to be called.
    name              text COLLATE "C",
    -- A PHC string. None: there is no password to log in with.
    password          text COLLATE "C",
    role              text COLLATE "C" NOT NULL CHECK (role IN ('viewer', 'member', 'editor', 'admin')),
    -- Whether the address is this account's own. One that is not is a registration that waits: several may
    -- name the same address, and nobody can log in to it.
    active            boolean NOT NULL,
    disabled_at       bigint,
    -- Grows with every change.
    revision          bigint NOT NULL DEFAULT 1,
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL))
);

CREATE UNIQUE INDEX account_email ON cinelog_identity.account (email_key) WHERE active;
-- Who logs in is looked for by address, whether they have it or wait for it.
CREATE INDEX account_by_address ON cinelog_identity.account (email_key, active, created_at);
CREATE INDEX account_waiting_since ON cinelog_identity.account (created_at) WHERE NOT active;

-- What a mail gave somebody to show, once. Hashed: who reads the table cannot use it.
CREATE TABLE cinelog_identity.one_time_token (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account    uuid NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    purpose    text COLLATE "C" NOT NULL CHECK (purpose IN ('verification', 'password_reset')),
    -- The address that it was sent to.
    email      text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX one_time_token_account ON cinelog_identity.one_time_token (account, purpose, expires_at);
CREATE INDEX one_time_token_expiry ON cinelog_identity.one_time_token (expires_at);

-- Devices that somebody has logged in from. Hashed, as above.
CREATE TABLE cinelog_identity.device (
    hash    bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account uuid NOT NULL REFERENCES cinelog_identity.account (id) ON DELETE CASCADE,
    used_at bigint NOT NULL
);

CREATE INDEX device_account ON cinelog_identity.device (account, used_at);
CREATE INDEX device_used ON cinelog_identity.device (used_at);

-- Tries to log in that have failed, whether there is such an account or not.
CREATE TABLE cinelog_identity.login_attempt (
    -- A hash of the name.
    name          bytea NOT NULL CHECK (octet_length(name) = 32),
    -- The hash of the device that is known; empty for all others together.
    device        bytea NOT NULL CHECK (octet_length(device) IN (0, 32)),
    failures      bigint NOT NULL,
    blocked_until bigint NOT NULL,
    forget_at     bigint NOT NULL,
    PRIMARY KEY (name, device)
);

CREATE INDEX login_attempt_forget ON cinelog_identity.login_attempt (forget_at);
