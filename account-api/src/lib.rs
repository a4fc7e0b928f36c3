//! Accounts, log-in and tokens over HTTP: `routes/<noun>/<verb>.rs`, a file for each endpoint.
//!
//! What an account is, what a password must be and how often may be guessed is said in `identity`; here
//! requests are turned into calls of it, and what it says into answers. Every node that answers the public
//! has all of these routes. This room knows nothing of films, events or the read model.

mod conditions;
mod failure;
mod openapi;
mod query;
mod representation;
mod routes;
mod state;
mod time;
mod tokens;

pub use routes::{access, openapi, routes};
pub use state::AccountState;
pub use tokens::Tokens;
