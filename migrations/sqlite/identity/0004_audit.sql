-- Who did what, when, and what was refused. Ids, names of ours and an address; no e-mail, no password, no
-- token. Written once; only the address and the request's id are taken out again, when an account is erased.
CREATE TABLE audit_entry (
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    at_us       INTEGER NOT NULL,                         -- microseconds since 1970
    kind        TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    account     BLOB             CHECK (length(account) = 16), -- about whom
    actor       BLOB             CHECK (length(actor) = 16),   -- by whom
    address     TEXT,
    request_id  TEXT,
    times       INTEGER NOT NULL CHECK (times > 0),
    details     TEXT    NOT NULL,                         -- a JSON object
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_entry_by_time ON audit_entry (at_us, id);
CREATE INDEX audit_entry_by_kind ON audit_entry (kind, at_us, id);
CREATE INDEX audit_entry_by_account ON audit_entry (account, at_us, id) WHERE account IS NOT NULL;
CREATE INDEX audit_entry_by_actor ON audit_entry (actor, at_us, id) WHERE actor IS NOT NULL;
