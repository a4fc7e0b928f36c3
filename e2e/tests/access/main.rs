//! Who may do what, as each of them finds out over HTTP: every route of the table that the program prints,
//! asked by everybody there is. What they are told is the table in `docs/access.md`, which is made here
//! (`scripts/generate`).

mod callers;
mod ground;
mod ownership;
mod page;
mod recipes;
mod recipes_of_accounts;
mod table;
mod walk;
