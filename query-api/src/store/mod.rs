//! Where the read model is read from. Nothing here knows of HTTP, and nothing here writes.

mod error;
mod live;
pub(crate) mod sqlite;

pub use error::StoreError;
pub use live::LiveStore;
