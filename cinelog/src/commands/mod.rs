//! What the command line can do, a file each.

mod account;
mod asyncapi;
mod backup;
mod build;
mod config;
mod copy;
mod generation;
mod health;
mod import;
mod key;
mod objects;
mod openapi;
mod parked;
mod rebuild;
mod redis;
mod restore;
mod routes;
mod serve;
mod token;
mod verify;

pub(crate) use self::{
    account::account,
    asyncapi::asyncapi,
    backup::backup,
    config::{config_check, config_reference},
    copy::copy,
    generation::generation,
    health::health,
    import::import,
    key::key,
    objects::objects,
    openapi::openapi,
    parked::parked,
    rebuild::rebuild,
    redis::redis,
    restore::restore,
    routes::routes,
    serve::serve,
    token::{issue, realm, token},
    verify::verify,
};

use std::io::{self, Write};

use crate::error::Failure;

/// Prints to standard output. A reader that went away (`cinelog openapi | head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Other(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}
