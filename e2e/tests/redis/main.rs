//! Query nodes that share what they can do without, on a Redis of their own; about Postgres, whatever store
//! the others run on.

mod checking;
mod failing;
mod ground;
mod sharing;
