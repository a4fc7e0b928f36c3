//! Whom this node believes: it looks at the file of keys, hears what others have revoked, and forgets what is
//! over.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http_kit::Clock;
use identity::{
    KeyError, KeyRing, Ports, RevocationList, load_keys, store::StoreError, write_keys,
};
use jiff::Timestamp;
use metrics::{Unit, describe_gauge, gauge};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Tasks, ticks::each};

/// How often is asked what others have revoked.
const HEAR_EVERY: Duration = Duration::from_secs(1);

/// How long one answer is waited for.
const HEAR_PATIENCE: Duration = Duration::from_secs(10);

/// How often the file of keys is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often is forgotten what is over.
const FORGET_EVERY: Duration = Duration::from_secs(10 * 60);

/// How much is forgotten of each kind at a time.
const FORGOTTEN_AT_ONCE: u32 = 10_000;

/// How long a key for machines that is over stays in its owner's list.
const KEYS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How old what this node knows of revocations is.
const AGE: &str = "cinelog_identity_revocations_age_seconds";
/// How much is revoked.
const REVOKED: &str = "cinelog_identity_revocations";

/// What whom to believe depends on.
#[derive(Clone)]
pub(super) struct Belief {
    pub(super) ports: Ports,
    pub(super) revocations: Arc<RevocationList>,
    pub(super) keys: KeyRing,
    /// The file that the keys are from.
    pub(super) key_file: PathBuf,
    pub(super) clock: Clock,
}

/// How it stands with hearing.
struct Hearing {
    heard_at: Instant,
    was_well: bool,
}

/// Starts to look, to hear and to forget, until told to stop.
pub(super) fn start(belief: Belief, stop: &CancellationToken, tasks: &mut Tasks) {
    describe_gauge!(AGE, Unit::Seconds, "How old what this node knows of revocations is.");
    describe_gauge!(
        REVOKED,
        "Sessions, accounts and keys whose tokens are refused though they look good."
    );
    let (looking, hearing, forgetting) = (belief.clone(), belief.clone(), belief);
    let mut complained = None;
    tasks.spawn(each(LOOK_EVERY, stop.clone(), async move || {
        complained = look(&looking, complained.take()).await;
    }));
    let mut state = Hearing { heard_at: Instant::now(), was_well: true };
    tasks.spawn(each(HEAR_EVERY, stop.clone(), async move || hear(&hearing, &mut state).await));
    tasks.spawn(each(FORGET_EVERY, stop.clone(), async move || forget(&forgetting).await));
}

/// Hears what is revoked. What is known stays known where the store cannot be asked.
async fn hear(belief: &Belief, state: &mut Hearing) {
    let asked_at = Instant::now();
    let asked = belief.revocations.catch_up(belief.ports.revocations.as_ref(), belief.clock.now());
    let failed = match tokio::time::timeout(HEAR_PATIENCE, asked).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the identity store does not answer".to_owned()),
    };
    match &failed {
        None => state.heard_at = asked_at,
        Some(reason) if state.was_well => {
            tracing::error!(%reason, "what other nodes revoke is not heard of");
        }
        Some(_) => {}
    }
    if failed.is_none() && !state.was_well {
        tracing::info!("what other nodes revoke is heard of again");
    }
    state.was_well = failed.is_none();
    gauge!(AGE).set(state.heard_at.elapsed().as_secs_f64());
    gauge!(REVOKED).set(belief.revocations.len() as f64);
}

/// Looks whether other keys are in the file, by what it holds: a time of change tells nothing of a file that
/// was put in place of another. Takes and gives what was complained about, so that it is said once.
async fn look(belief: &Belief, complained: Option<String>) -> Option<String> {
    let path = belief.key_file.clone();
    match tokio::task::spawn_blocking(move || load_keys(&path)).await {
        Ok(read) => take(belief, read, complained),
        Err(_) => complained,
    }
}

/// Takes the keys that were read, where they are others. Gives what was complained about, so that it is said
/// once.
fn take(
    belief: &Belief,
    read: Result<Vec<identity::DatedKey>, KeyError>,
    complained: Option<String>,
) -> Option<String> {
    match read {
        Ok(keys) => {
            if write_keys(&keys) != write_keys(&belief.keys.keys()) {
                let ids: Vec<_> = keys.iter().map(|key| key.pair.public().id()).collect();
                tracing::info!(?ids, "the keys of access tokens have changed");
                belief.keys.replace(keys);
            }
            None
        }
        Err(error) => {
            let reason = error.to_string();
            if complained.as_ref() != Some(&reason) {
                let file = belief.key_file.display();
                tracing::error!(%file, %reason, "the keys of access tokens stay as they are");
            }
            Some(reason)
        }
    }
}

/// Forgets sessions and keys that are over, and revocations that nobody needs any more.
async fn forget(belief: &Belief) {
    match forget_now(&belief.ports, belief.clock.now()).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "sessions, keys and revocations forgotten"),
        Err(error) => tracing::warn!(%error, "what is over could not be forgotten"),
    }
}

async fn forget_now(ports: &Ports, now: Timestamp) -> Result<u64, StoreError> {
    let keys_over = now.saturating_sub(KEYS_KEPT).unwrap_or(Timestamp::MIN);
    Ok(ports.sessions.forget_sessions(now, FORGOTTEN_AT_ONCE).await?
        + ports.api_keys.forget_keys(keys_over, FORGOTTEN_AT_ONCE).await?
        + ports.revocations.forget_revocations(now, FORGOTTEN_AT_ONCE).await?)
}
