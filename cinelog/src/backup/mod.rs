//! Backups: one archive with the event log at one moment, the accounts of a moment later and the keys of the
//! data folder, and the way back. Knows nothing of the command line.
//!
//! An archive is a plain tar: `manifest.json`, `signing-key.pem`, `cursor-key`, `identity.db`, `log.db`. The manifest
//! has the SHA-256 of every file, and count and hash of the events ([`events::Digest`]), which are
//! counted and hashed anew when the backup is made and when it is restored.

mod archive;
mod error;
mod examine;
mod make;
mod manifest;
mod places;
mod progress;
mod restore;
mod scratch;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    error::BackupError,
    make::{Made, make},
    places::{Places, log_file},
    restore::{Accounts, check, restore},
};
