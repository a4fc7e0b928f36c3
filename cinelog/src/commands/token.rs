//! `cinelog token`: print an access token.

use std::time::Duration;

use http_kit::Clock;
use identity::{Identity, Realm, Scopes, Signer};
use jiff::Timestamp;

use super::print;
use crate::{cli::TokenArgs, config::Config, data_dir::DataDir, error::Failure, keys};

/// Prints a token and nothing else. A running server believes it at once: both use the same key.
pub(crate) fn token(config: &Config, args: &TokenArgs) -> Result<(), Failure> {
    // With a key of its own nothing is kept in the folder.
    let data = match config.identity.signing_key_file {
        Some(_) => DataDir::named(&config.server.data),
        None => DataDir::open(&config.server.data)?,
    };
    let clock = Clock::system();
    let account = args.account.unwrap_or_else(|| clock.new_id());
    let mut identity = Identity::by_token(account, args.role, clock.new_id());
    if !args.scopes.is_empty() {
        let asked: Scopes = args.scopes.iter().copied().collect();
        identity.scopes = identity.scopes.and(asked);
    }
    let token = issue(config, &data, &identity, clock.now(), args.ttl)?;
    print(&format!("{token}\n"))
}

/// Makes a token for `identity`, good from `now` for `ttl`.
pub(crate) fn issue(
    config: &Config,
    data: &DataDir,
    identity: &Identity,
    now: Timestamp,
    ttl: Duration,
) -> Result<String, Failure> {
    let signer = Signer::new(realm(config), keys::signing(config, data)?);
    signer
        .issue(identity, now, ttl)
        .map_err(|error| Failure::Other(format!("no token can be made: {error}")))
}

/// Between whom tokens are valid.
pub(crate) fn realm(config: &Config) -> Realm {
    Realm { issuer: config.identity.issuer.clone(), audience: config.identity.audience.clone() }
}
