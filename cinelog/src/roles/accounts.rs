//! Accounts on a node that answers the public: the threads that hash passwords, the postman, and what is
//! forgotten when it has been kept long enough.

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use http_kit::Clock;
use identity::{
    Ports,
    accounts::{Registrar, RegistrarOptions},
    mail::post,
    passwords::Hasher,
    store::StoreError,
};
use jiff::Timestamp;

use super::{Tasks, ticks::each};
use crate::{
    config::{Config, Verification},
    error::Failure,
    shutdown::Shutdown,
    wire,
};

/// How often what is old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// How many rows are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: u32 = 1_000;

/// How many such transactions there are at a time: a minute has room for more tries than can be made.
const TRANSACTIONS_MAX: usize = 100;

/// How long a device is known from which nobody logs in.
const DEVICE_KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// Starts what goes on beside requests; gives what these do with accounts.
pub(super) fn start(
    config: &Config,
    ports: &Ports,
    clock: &Clock,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Result<Registrar, Failure> {
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let hasher = Hasher::start(processors).map_err(|error| {
        Failure::Other(format!("no threads to hash passwords on can be started: {error}"))
    })?;
    let (post, postman) = post(wire::mail(config)?);
    let is_verification_required = config.identity.verification == Verification::Required;
    if is_verification_required && config.mail.host.is_none() {
        tracing::warn!(
            "no [mail] is configured: what mails would say, tokens that verify addresses and set passwords \
             among it, is written to this log"
        );
    }
    let stop = stages.stop_working.clone();
    tasks.spawn(async move {
        postman.run(stop.cancelled()).await;
        Ok(())
    });
    let waiting_kept = config.identity.registration_kept();
    let (identity, clock) = (ports.clone(), clock.clone());
    tasks.spawn(each(FORGET_EVERY, stages.stop_working.clone(), async move || {
        forget(&identity, clock.now(), waiting_kept).await;
    }));
    let options = RegistrarOptions {
        is_verification_required,
        verification_ttl: config.identity.verification_ttl,
        password_reset_ttl: config.identity.password_reset_ttl,
    };
    let (accounts, attempts) = (Arc::clone(&ports.accounts), Arc::clone(&ports.attempts));
    Ok(Registrar::new(accounts, attempts, hasher, post, options))
}

/// Forgets what is old. A failure is logged, and tried again the next time.
async fn forget(ports: &Ports, now: Timestamp, waiting_kept: Duration) {
    if let Err(error) = forget_now(ports, now, waiting_kept).await {
        tracing::warn!(%error, "what is old in the identity store could not be forgotten");
    }
}

async fn forget_now(
    ports: &Ports,
    now: Timestamp,
    waiting_kept: Duration,
) -> Result<(), StoreError> {
    let before = |kept| now.checked_sub::<Duration>(kept).unwrap_or(Timestamp::MIN);
    let (waiting, devices) = (before(waiting_kept), before(DEVICE_KEPT));
    for _ in 0..TRANSACTIONS_MAX {
        let forgotten = ports.accounts.forget_old(now, waiting, devices, FORGOTTEN_AT_ONCE).await?
            + ports.attempts.forget_old_tries(now, FORGOTTEN_AT_ONCE).await?;
        if forgotten == 0 {
            break;
        }
    }
    Ok(())
}
