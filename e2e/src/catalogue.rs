//! What clients know of each other's doings: films to change and to read, and how far the log has come.

use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::Random;

/// How many films are remembered, the newest.
const FILMS_MAX: usize = 512;

/// How many of them writers change: few, so that they meet.
const MEETING_MAX: usize = 8;

/// A film, as somebody was last told of it.
#[derive(Debug, Clone)]
pub(crate) struct KnownFilm {
    /// Its path.
    pub(crate) address: String,
    /// The revision that a command led to.
    pub(crate) revision: u64,
}

/// What all clients know.
pub(crate) struct Catalogue {
    begun: Instant,
    films: Mutex<Vec<KnownFilm>>,
    /// The furthest position of an acknowledged command.
    furthest: AtomicU64,
}

impl Catalogue {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), films: Mutex::default(), furthest: AtomicU64::new(0) }
    }

    /// Nanoseconds since the clients were started.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).expect("a short time")
    }

    /// The furthest position of an acknowledged command.
    pub(crate) fn furthest(&self) -> u64 {
        self.furthest.load(Ordering::SeqCst)
    }

    /// A command was acknowledged at this position.
    pub(crate) fn acknowledged(&self, position: u64) {
        self.furthest.fetch_max(position, Ordering::SeqCst);
    }

    /// A film is there, or has changed.
    pub(crate) fn learn(&self, address: &str, revision: u64) {
        let mut films = self.films();
        if let Some(known) = films.iter_mut().find(|film| film.address == address) {
            known.revision = known.revision.max(revision);
            return;
        }
        films.push(KnownFilm { address: address.to_owned(), revision });
        if films.len() > FILMS_MAX {
            films.remove(0);
        }
    }

    /// A film to change, one of the newest.
    pub(crate) fn to_change(&self, random: &mut Random) -> Option<KnownFilm> {
        let films = self.films();
        let newest = &films[films.len().saturating_sub(MEETING_MAX)..];
        (!newest.is_empty()).then(|| random.one_of(newest).clone())
    }

    /// A film to read.
    pub(crate) fn to_read(&self, random: &mut Random) -> Option<KnownFilm> {
        let films = self.films();
        (!films.is_empty()).then(|| random.one_of(&films).clone())
    }

    fn films(&self) -> MutexGuard<'_, Vec<KnownFilm>> {
        self.films.lock().expect("nobody panics with it")
    }
}
