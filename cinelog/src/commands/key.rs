//! `cinelog key`: the keys that sign access tokens.

use std::fmt::Write;

use http_kit::Clock;
use identity::{DatedKey, KeyPair, KeySetError, load_keys, replace_keys, retire, rotate, signing};
use jiff::Timestamp;

use super::print;
use crate::{
    cli::{KeyCommand, RetireArgs, RotateArgs},
    config::Config,
    data_dir::DataDir,
    error::Failure,
    keys,
};

/// Lists, rotates or retires keys. A running server notices within seconds.
pub(crate) fn key(config: &Config, command: &KeyCommand) -> Result<(), Failure> {
    let data = match config.identity.signing_key_file {
        Some(_) => DataDir::named(&config.server.data),
        None => DataDir::open(&config.server.data)?,
    };
    let clock = Clock::system();
    // The first key is made where there is none yet.
    keys::signing(config, &data)?;
    let change: Change = match command {
        KeyCommand::List => {
            let keys = load_keys(&keys::signing_file(config, &data)).map_err(failed)?;
            return print(&table(&keys, clock.now()));
        }
        KeyCommand::Rotate(args) => Box::new(|keys, now| rotated(args, keys, &clock, now)),
        KeyCommand::Retire(RetireArgs { id }) => Box::new(|keys, now| retire(keys, id, now)),
    };
    let keys = changed(config, &data, clock.now(), change)?;
    print(&table(&keys, clock.now()))
}

/// What is done with the keys at a time.
type Change<'a> = Box<dyn Fn(&[DatedKey], Timestamp) -> Result<Vec<DatedKey>, KeySetError> + 'a>;

/// Changes the file, while nobody else does.
fn changed(
    config: &Config,
    data: &DataDir,
    now: Timestamp,
    change: Change<'_>,
) -> Result<Vec<DatedKey>, Failure> {
    let path = keys::signing_file(config, data);
    let _lock = DataDir::lock_beside(&path)?;
    let keys = load_keys(&path).map_err(failed)?;
    let keys = change(&keys, now).map_err(failed)?;
    replace_keys(&path, &keys).map_err(failed)?;
    Ok(keys)
}

fn rotated(
    args: &RotateArgs,
    keys: &[DatedKey],
    clock: &Clock,
    now: Timestamp,
) -> Result<Vec<DatedKey>, KeySetError> {
    // Every 32 bytes are a key.
    let new = KeyPair::from_seed(&clock.new_secret())
        .map_err(|_| KeySetError::Unknown("that can be made".to_owned()))?;
    // Times are written for people: whole seconds.
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let signs_from = whole.saturating_add(args.after).unwrap_or(Timestamp::MAX);
    rotate(keys, new, now, signs_from, args.overlap)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

/// The keys as people read them.
fn table(keys: &[DatedKey], now: Timestamp) -> String {
    let signing = signing(keys, now).map(|key| key.pair.public().id());
    let mut text =
        format!("{:43}  {:9}  {:20}  {:20}\n", "KEY", "STATE", "SIGNS FROM", "BELIEVED UNTIL");
    for key in keys {
        let id = key.pair.public().id();
        let state = match (Some(id) == signing, key.is_believed(now), key.signs_from) {
            (true, ..) => "signs",
            (_, false, _) => "retired",
            (_, true, Some(from)) if from > now => "published",
            (_, true, _) => "believed",
        };
        let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{id:43}  {state:9}  {:20}  {:20}",
            time(key.signs_from),
            time(key.believed_until)
        );
    }
    text
}
