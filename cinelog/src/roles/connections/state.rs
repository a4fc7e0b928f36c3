//! What is known of one connection by those who share it: who reads and writes it, who answers its requests,
//! and who looks for one to close when there are too many.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http_kit::Unreadable;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When counting began: times are kept as milliseconds since, which fit an atomic number.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A connection.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Since when the server waits for the client to send, and to take. 0: it does not.
    waits: [AtomicU64; 2],
    /// Whether a request is under way.
    is_busy: AtomicBool,
    /// Whether more of a body is to come.
    is_in_body: AtomicBool,
    /// Whether its TLS is not there yet.
    pub(super) is_shaking_hands: AtomicBool,
    /// How many requests came to be answered.
    requests: AtomicU64,
    is_refused: AtomicBool,
    /// Which request cannot be read, counted from 0, and why.
    refusal: Mutex<Option<(u64, Unreadable)>>,
    /// It shall be closed at once: others need its place.
    pub(super) closed: CancellationToken,
}

/// What the server may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// That the client sends.
    Sending,
    /// That the client takes.
    Taking,
}

impl State {
    /// The server waits for the client; gives nothing to do to one that waits already.
    pub(super) fn waits(&self, wait: Wait) {
        let since = &self.waits[wait as usize];
        if since.load(Ordering::Relaxed) == 0 {
            since.store(now(), Ordering::Relaxed);
        }
    }

    /// The client has done something.
    pub(super) fn goes_on(&self, wait: Wait) {
        self.waits[wait as usize].store(0, Ordering::Relaxed);
    }

    /// For how long the client has kept the server waiting. `None` where it does not.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let since = self.waits.iter().map(|since| since.load(Ordering::Relaxed));
        let since = since.filter(|&since| since > 0).min()?;
        Some(Duration::from_millis(now().saturating_sub(since)))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    /// So much has come: whether more of a body is to come after it.
    pub(super) fn came(&self, is_in_body: bool) {
        self.is_in_body.store(is_in_body, Ordering::Relaxed);
    }

    pub(super) fn is_in_body(&self) -> bool {
        self.is_in_body.load(Ordering::Relaxed)
    }

    /// The request with this number cannot be read.
    pub(super) fn refuse(&self, request: u64, why: Unreadable) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some((request, why));
        self.is_refused.store(true, Ordering::Release);
    }

    /// A request is answered from now on, until what is given is dropped; and why it cannot be, if it stands
    /// for one that cannot be read.
    pub(super) fn begins(self: &Arc<Self>) -> (Busy, Option<Unreadable>) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_busy.store(true, Ordering::Relaxed);
        self.goes_on(Wait::Sending);
        let refusal = match self.is_refused.load(Ordering::Acquire) {
            true => *self.refusal.lock().unwrap_or_else(PoisonError::into_inner),
            false => None,
        };
        let refusal = refusal.filter(|(refused, _)| *refused == number).map(|(_, why)| why);
        (Busy(Arc::clone(self)), refusal)
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy(Arc<State>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Relaxed);
        self.0.waits(Wait::Sending);
    }
}

/// Milliseconds since the beginning, never 0.
fn now() -> u64 {
    let since = u64::try_from(BEGIN.elapsed().as_millis()).unwrap_or(u64::MAX);
    since.saturating_add(1)
}
