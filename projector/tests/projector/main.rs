//! The projector on real stores: a real log, a real read model. What holds for every store is compiled
//! once for each: `suite/` is the behaviour of the ports.

#![expect(clippy::duplicate_mod, reason = "the same behaviour, on each store")]

#[cfg(test)]
mod contents;
#[cfg(test)]
mod files;
#[cfg(test)]
mod ground;
#[cfg(test)]
#[path = "../../../read-model/tests/read_model/history.rs"]
mod history;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod leading;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod server;
#[cfg(test)]
mod words;
#[cfg(test)]
mod wrapped_log;

#[cfg(test)]
#[path = "suite"]
mod on_sqlite {
    use crate::ground::Store;

    const STORE: Store = Store::Sqlite;

    mod failing;
    mod finding;
    mod generations;
    mod rebuilding;
    mod retrying;
    mod running;
    mod searching;
    mod storing;
    mod verifying;
    mod watching;
}

#[cfg(test)]
#[path = "suite"]
mod on_postgres {
    use crate::ground::Store;

    const STORE: Store = Store::Postgres;

    mod failing;
    mod finding;
    mod generations;
    mod rebuilding;
    mod retrying;
    mod running;
    mod searching;
    mod storing;
    mod verifying;
    mod watching;
}
