//! Accounts: who somebody is to Cinelog.
//!
//! - [`Registrar`] is what people can do with theirs: register, show that an address is theirs, log in, change
//!   or forget a password. It needs no HTTP, and takes time and random numbers as [`Occasion`].
//! - [`Accounts`] is the port that it stands on, on SQLite and on Postgres.

mod account;
mod authority;
mod change;
mod email;
mod port;
mod registrar;
mod secret;
mod sql;

pub use account::{Account, Known, NewAccount};
pub(crate) use authority::still_holds;
pub use change::{Administered, Changed, Changes, Erased};
pub use email::{EmailAddress, NotAnAddress};
pub use port::Accounts;
pub use registrar::{
    LogIn, LoggedIn, LoginRefused, NotAName, NotChanged, NotRegistered, Occasion, Registered,
    Registrar, RegistrarOptions, Registration, ResetRefused, check_name,
};
pub use secret::{NewToken, Purpose};
pub(crate) use sql::{COLUMNS, account_of, may, stands};
