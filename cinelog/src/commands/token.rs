//! `cinelog token`: print an access token.

use std::time::Duration;

use http_kit::Clock;
use identity::{Identity, Realm, Role, Signer};
use uuid::Uuid;

use super::print;
use crate::{cli::TokenArgs, config::Config, data_dir::DataDir, error::Failure, keys};

/// Prints a token and nothing else. A running server believes it at once: both use the same key.
pub(crate) fn token(config: &Config, args: &TokenArgs) -> Result<(), Failure> {
    // With a key of its own nothing is kept in the folder.
    let data = match config.identity.signing_key_file {
        Some(_) => DataDir::named(&config.server.data),
        None => DataDir::open(&config.server.data)?,
    };
    let token = issue(config, &data, &Clock::system(), args.role, args.ttl, args.account)?;
    print(&format!("{token}\n"))
}

/// Makes a token with `role`, good from now for `ttl`, for `account` or a new one.
pub(crate) fn issue(
    config: &Config,
    data: &DataDir,
    clock: &Clock,
    role: Role,
    ttl: Duration,
    account: Option<Uuid>,
) -> Result<String, Failure> {
    let identity = Identity {
        account: account.unwrap_or_else(|| clock.new_id()),
        role,
        token_id: clock.new_id(),
    };
    let signer = Signer::new(realm(config), keys::signing(config, data)?);
    signer
        .issue(&identity, clock.now(), ttl)
        .map_err(|error| Failure::Other(format!("no token can be made: {error}")))
}

/// Between whom tokens are valid.
pub(crate) fn realm(config: &Config) -> Realm {
    Realm { issuer: config.identity.issuer.clone(), audience: config.identity.audience.clone() }
}
