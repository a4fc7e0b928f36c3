//! Who shows what: log-in, refresh and log-out, keys for machines, what is revoked, and the keys that sign; and
//! every forged token that we could think of, shown to the real server.

mod away;
mod demoting;
mod forged;
mod ground;
mod machines;
mod refreshing;
mod rotating;
mod sessions;
mod two_nodes;
