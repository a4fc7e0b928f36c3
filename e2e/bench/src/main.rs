//! Measures Cinelog against the bare thing, and prints a table in Markdown.
//!
//! Each figure is a ratio: what the released binary does over HTTP on a data folder, against the same
//! work without Cinelog around it. The two sides take turns on the same machine, so that noise meets
//! both; absolute numbers say little, ratios a lot. Knows nothing of the binary's insides but the
//! format of its log, which it fills with films.

mod arguments;
mod bare;
mod baseline;
mod connection;
mod dataset;
mod figure;
mod films;
mod kafka;
mod load;
mod machine;
mod measure;
mod names;
mod postgres;
mod process;
mod random;
mod sections;
mod server;

use clap::Parser;

use crate::arguments::{Arguments, Task};

/// The same as in the binary under test: what is compared differs in nothing else.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    match &arguments.task {
        Some(Task::BareBytes { folder }) => bare::serve_bytes(folder).await,
        Some(Task::BareRows { read_model }) => bare::serve_rows(read_model).await,
        Some(Task::PostgresRows { url }) => bare::serve_postgres_rows(url).await,
        None => sections::run(&arguments).await,
    }
}
