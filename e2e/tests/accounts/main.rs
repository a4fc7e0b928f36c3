//! Accounts: registering, logging in, forgetting a password, being erased. Against the running binary, with a
//! real mail server.

mod bodies;
mod by_admins;
mod erasing;
mod ground;
mod mails;
mod passwords;
mod registering;
mod strictness;
mod telling_nothing;
