//! Who may do what: a table with a row for each route, which names what it takes.
//!
//! Each API gives its rows, beside its routes; whoever serves the routes makes one [`AccessTable`] of
//! them, and [`crate::edge`] enforces it before a handler runs. What has no row is refused. [`Caller`]
//! gives a handler who was let in, and [`Standing`] whether they may still do it; [`Recall`] gives that again after
//! a restart. The OpenAPI document says of each operation what its row says ([`describe`]).
//!
//! Rows know of roles and scopes, not of things: whose something is, its handler says.

mod caller;
mod enforcement;
mod openapi;
mod recall;
mod row;
mod standing;
mod table;

pub use caller::Caller;
pub(crate) use enforcement::enforce;
pub use openapi::describe;
pub use recall::Recall;
pub use row::{RateGroup, Row, Takes};
pub use standing::Standing;
pub use table::{AccessTable, AccessTableError};

// What rows are made of, for APIs that need nothing else of that room.
pub use identity::{Recollection, Role, Scope};
