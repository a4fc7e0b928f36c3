//! The response cache: answers that every caller may get, kept as ready bytes and given out before any
//! route is looked for.
//!
//! **What is kept.** Whole answers (200) that their handler marked as [`Cacheable`], to requests for
//! addresses that are public ([`ResponseCacheOptions::is_public`]). An answer is kept by its address
//! and by all that chooses its representation: media type, content coding, `Prefer: count`. A kept
//! answer is made from a request that holds nothing else, so no other header can leave a trace in it.
//!
//! **How long.** A handler names the version that its answer shows and the topics that it is about.
//! Whoever follows the source of truth calls [`advance`](ResponseCache::advance) with each version and
//! the topics that it changed. An answer is given out only while none of its topics has changed since
//! its version, and only if the version followed so far has reached whatever the request must see.
//! Versions are those of one series; when another one is followed, everything begins anew.
//! Which of the two comes first, the change or the answer, does not matter: both are compared when
//! somebody asks.
//!
//! **Elsewhere.** Where nodes share answers ([`SharedAnswers`]), whoever has none looks there before it
//! goes to the handler, and puts there what the handler makes. Such an answer is judged as one of this node's
//! own: it is given out only where it was made of the same life of the same series, and where all changes
//! since its version are known here. So what is shared may be old, lost or put there late, and no answer is
//! out of date for longer than it could be without.
//!
//! **At once.** Of several requests for an answer that is not there, one goes to the handler; the
//! others wait for what it brings ([`flights`]).
//!
//! Nothing here knows of films or positions; versions are numbers that grow, topics are hashes.

mod answer;
mod flights;
mod form;
mod kept;
mod lookup;
mod measure;
mod question;
mod shared;
mod topics;

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::HeaderName;
use tokio::sync::Notify;

pub use shared::SharedAnswers;
pub use topics::Topic;

use self::{flights::Flights, kept::Kept, measure::Measure, shared::Routes, topics::Stamps};

/// What a handler says of an answer that every caller may get. Put among the extensions of a 200.
#[derive(Debug, Clone)]
pub struct Cacheable {
    /// Whose version it is: another source of truth, or another build of it, has another series. Answers of
    /// a series that nobody tells the cache about are not kept.
    pub series: u64,
    /// The version that the answer shows.
    pub version: u64,
    /// What the answer is about: it is out of date once one of these has changed.
    pub topics: Vec<Topic>,
}

/// How a cache is set up.
pub struct ResponseCacheOptions {
    /// The most bytes that kept answers take, with what is remembered about each.
    pub bytes_max: u64,
    /// Whether all that this path answers to GET is the same for every caller.
    pub is_public: fn(path: &str) -> bool,
    /// On answers: the version that they show.
    pub version: HeaderName,
    /// On requests: the version that the answer shall show at least.
    pub version_min: HeaderName,
    /// The version that every answer must show from now on, wherever it comes from.
    pub required: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Where nodes share answers, if they do.
    pub shared: Option<Arc<dyn SharedAnswers>>,
}

/// Keeps answers. Clones share them.
#[derive(Clone)]
pub struct ResponseCache(Arc<Inner>);

struct Inner {
    options: ResponseCacheOptions,
    kept: Kept,
    flights: Arc<Flights>,
    /// When each topic last changed.
    stamps: Stamps,
    /// Which series is told about. It stays the same while an epoch lasts.
    series: AtomicU64,
    /// The version of it up to which all changes are known. It only grows while an epoch lasts.
    known: AtomicU64,
    /// The version of it after which all changes are known.
    since: AtomicU64,
    /// Which life of the series it is that answers are shared of. `None` while none are.
    life: RwLock<Option<u64>>,
    /// The routes that answers come from.
    routes: Routes,
    /// The newest version that somebody was shown.
    shown: AtomicU64,
    /// Raised whenever all is forgotten. While it is odd, nothing is known and nothing given out.
    epoch: AtomicU64,
    /// Wakes those who wait for `known` to grow.
    advanced: Notify,
    measure: Measure,
}

impl ResponseCache {
    /// An empty cache. It keeps nothing until [`restart`](Self::restart) says what is known.
    #[must_use]
    pub fn new(options: ResponseCacheOptions) -> Self {
        let measure = Measure::new();
        Self(Arc::new(Inner {
            kept: Kept::new(options.bytes_max, measure.evictions()),
            options,
            flights: Arc::default(),
            stamps: Stamps::new(),
            series: AtomicU64::new(0),
            known: AtomicU64::new(0),
            since: AtomicU64::new(0),
            life: RwLock::new(None),
            routes: Routes::default(),
            shown: AtomicU64::new(0),
            epoch: AtomicU64::new(1),
            advanced: Notify::new(),
            measure,
        }))
    }

    /// All changes up to `version` are known, and these topics are what the latest of them changed.
    ///
    /// Call it for each version of the series, in order. Where some were missed, call [`pause`](Self::pause) and
    /// [`restart`](Self::restart).
    pub fn advance(&self, version: u64, changed: impl IntoIterator<Item = Topic>) {
        // Before `known`: whoever reads the new version there finds the stamps that belong to it.
        changed.into_iter().for_each(|topic| self.0.stamps.stamp(topic, version));
        self.0.known.fetch_max(version, Ordering::AcqRel);
        self.0.advanced.notify_waiters();
    }

    /// Changes may have been missed: nothing is given out, and nothing kept, until
    /// [`restart`](Self::restart).
    pub fn pause(&self) {
        self.0.epoch.fetch_or(1, Ordering::AcqRel);
    }

    /// Forgets everything; all changes after `version` of this series will be told from now on. That may
    /// be an older version than was known of another series.
    ///
    /// One caller at a time calls this, [`advance`](Self::advance) and [`pause`](Self::pause).
    pub fn restart(&self, series: u64, version: u64) {
        // Between two epochs: what is known in one of them is never taken for what is known in the other.
        self.pause();
        self.0.kept.clear();
        self.live(None);
        self.0.series.store(series, Ordering::Release);
        self.0.since.store(version, Ordering::Release);
        self.0.known.store(version, Ordering::Release);
        let next = |epoch: u64| Some((epoch | 1) + 1);
        let _ = self.0.epoch.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        self.0.advanced.notify_waiters();
    }

    /// Answers are shared from now on, until all is forgotten the next time: with those who say the same
    /// `life` of the series. Of two lives with one number no version may have been told apart.
    ///
    /// To be called by who calls [`restart`](Self::restart).
    pub fn share(&self, life: u64) {
        self.live(Some(life));
    }

    fn live(&self, life: Option<u64>) {
        *self.0.life.write().unwrap_or_else(PoisonError::into_inner) = life;
    }

    /// Somebody was shown this version: nobody is shown an older one from now on.
    pub fn shows(&self, version: u64) {
        self.0.shown.fetch_max(version, Ordering::AcqRel);
    }

    /// Does the housekeeping that requests are spared, and tells the metrics. Call it now and then.
    pub fn tidy(&self) {
        self.0.kept.settle();
        self.0.measure.bytes(self.0.kept.bytes());
    }

    /// The version up to which all changes are known; `None` while nothing is.
    #[must_use]
    pub fn known(&self) -> Option<u64> {
        let epoch = self.0.epoch.load(Ordering::Acquire);
        self.known_in(epoch).map(|(_, known)| known)
    }

    /// The series, and the version of it up to which all changes are known, if this is the epoch still and
    /// anything is known in it.
    fn known_in(&self, epoch: u64) -> Option<(u64, u64)> {
        let series = self.0.series.load(Ordering::Acquire);
        let known = self.0.known.load(Ordering::Acquire);
        // After both: they are of this epoch, as it has not ended.
        let is_still = self.0.epoch.load(Ordering::Acquire) == epoch;
        (is_open(epoch) && is_still).then_some((series, known))
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache")
            .field("bytes_max", &self.0.options.bytes_max)
            .field("bytes", &self.0.kept.bytes())
            .field("known", &self.known())
            .finish_non_exhaustive()
    }
}

/// Whether anything may be given out in this epoch.
fn is_open(epoch: u64) -> bool {
    epoch.is_multiple_of(2)
}
