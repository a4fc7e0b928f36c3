-- Who did what, when, and what was refused. Ids, names of ours and an address; no e-mail, no password, no
-- token. Written once; only the address and the request's id are taken out again, when an account is erased.
CREATE TABLE cinelog_identity.audit_entry (
    id          uuid    NOT NULL PRIMARY KEY,
    at_us       bigint  NOT NULL,                         -- microseconds since 1970
    kind        text    NOT NULL,
    outcome     text    NOT NULL,
    account     uuid,                                     -- about whom
    actor       uuid,                                     -- by whom
    address     text,
    request_id  text,
    times       bigint  NOT NULL CHECK (times > 0),
    details     text    NOT NULL                          -- a JSON object
);

CREATE INDEX audit_entry_by_time ON cinelog_identity.audit_entry (at_us, id);
CREATE INDEX audit_entry_by_kind ON cinelog_identity.audit_entry (kind, at_us, id);
CREATE INDEX audit_entry_by_account ON cinelog_identity.audit_entry (account, at_us, id) WHERE account IS NOT NULL;
CREATE INDEX audit_entry_by_actor ON cinelog_identity.audit_entry (actor, at_us, id) WHERE actor IS NOT NULL;
