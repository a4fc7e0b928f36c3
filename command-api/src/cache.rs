//! The states of streams that were used lately, so that a command reads of its stream only the news.
//!
//! A state in here may be behind the log and is never ahead of it: nothing is put in that was not read
//! from there, or acknowledged by it. So whoever decides on one has the log see to it that it was the
//! last, or reads the rest of the stream first; and it does not matter which process wrote that.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domain::{
    Aggregate,
    genre::Genre,
    movie::{Movie, MovieAction, MovieCommand, MovieContent},
    rating::{Rating, RatingCommand},
};
use events::StreamName;

use crate::loaded::Loaded;

/// How much the states of one kind hold at most, in bytes as [`Cached::bytes`] counts them.
const BYTES_MAX: u64 = 64 << 20;

/// What an entry costs besides its state, in bytes; it bounds their number as well.
const ENTRY_BYTES: usize = 512;

/// The states of one kind of stream; those that are used least are forgotten. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cache<A> {
    states: moka::sync::Cache<StreamName, Arc<Loaded<A>>>,
    /// Whether the last stream of this kind that was not in here had no events. An import into an empty
    /// log meets nothing else, one that is repeated never does: so it is a good guess for the next.
    is_next_new: Arc<AtomicBool>,
}

impl<A: Cached> Cache<A> {
    fn new(bytes_max: u64, is_next_new: bool) -> Self {
        let states = moka::sync::Cache::builder().max_capacity(bytes_max).weigher(weigh).build();
        Self { states, is_next_new: Arc::new(AtomicBool::new(is_next_new)) }
    }

    pub(crate) fn get(&self, stream: &StreamName) -> Option<Arc<Loaded<A>>> {
        self.states.get(stream)
    }

    pub(crate) fn insert(&self, stream: &StreamName, loaded: Arc<Loaded<A>>) {
        self.states.insert(stream.clone(), loaded);
    }

    /// Whether a stream that is not in here is likely to have no events.
    pub(crate) fn is_next_new(&self) -> bool {
        self.is_next_new.load(Ordering::Relaxed)
    }

    /// Whether one that was not in here had none.
    pub(crate) fn was_new(&self, was_new: bool) {
        self.is_next_new.store(was_new, Ordering::Relaxed);
    }
}

/// What is kept of each kind of stream.
pub(crate) struct Caches {
    movies: Cache<Movie>,
    ratings: Cache<Rating>,
    genres: Cache<Genre>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            movies: Cache::new(BYTES_MAX, false),
            // Most people rate a film once.
            ratings: Cache::new(BYTES_MAX, true),
            genres: Cache::new(BYTES_MAX, false),
        }
    }
}

fn weigh<A: Cached>(_: &StreamName, loaded: &Arc<Loaded<A>>) -> u32 {
    u32::try_from(loaded.state.bytes().saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX)
}

/// An aggregate whose states are kept.
pub(crate) trait Cached: Aggregate + Clone + Send + Sync + 'static {
    /// Roughly what it holds.
    fn bytes(&self) -> usize;

    /// Where its kind is kept.
    fn cache(caches: &Caches) -> &Cache<Self>;

    /// Whether a command is about a stream that cannot have events yet.
    fn is_new(_: &Self::Command) -> bool {
        false
    }

    /// The film that a command depends upon, where that is another stream.
    fn film(_: &Self::Command) -> Option<StreamName> {
        None
    }

    /// The command with what it depends upon, where it does.
    fn informed(_: &Self::Command, _: &Movie) -> Option<Self::Command> {
        None
    }
}

impl Cached for Movie {
    fn bytes(&self) -> usize {
        match self {
            Self::Unknown => 0,
            Self::Listed(content) | Self::Deleted(content) => movie_bytes(content),
        }
    }

    fn cache(caches: &Caches) -> &Cache<Self> {
        &caches.movies
    }

    fn is_new(command: &MovieCommand) -> bool {
        matches!(command.action, MovieAction::Create(_))
    }
}

impl Cached for Rating {
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn cache(caches: &Caches) -> &Cache<Self> {
        &caches.ratings
    }

    fn film(command: &RatingCommand) -> Option<StreamName> {
        Some(StreamName::movie(command.movie))
    }

    fn informed(command: &RatingCommand, film: &Movie) -> Option<RatingCommand> {
        Some(RatingCommand { standing: film.standing(), ..command.clone() })
    }
}

impl Cached for Genre {
    fn bytes(&self) -> usize {
        let text = self.described.as_ref().and_then(|genre| genre.description.as_ref());
        size_of::<Self>() + text.map_or(0, String::len)
    }

    fn cache(caches: &Caches) -> &Cache<Self> {
        &caches.genres
    }
}

/// The bytes of a film's names, and of the one text that may be long.
fn movie_bytes(MovieContent { details, tags, platforms }: &MovieContent) -> usize {
    let people = details.cast.iter().chain(&details.directors).chain(&details.studios);
    let names = people.chain(&details.genres).chain(tags).chain(platforms);
    let text = details.synopsis.as_ref().map_or(0, String::len);
    let names: usize = names.map(|name| size_of::<String>() + name.len()).sum();
    size_of::<MovieContent>() + text + names
}

#[cfg(test)]
mod tests {
    use events::{GenreDescribed, Revision, Slug};

    use super::*;

    fn stream(number: usize) -> StreamName {
        StreamName::genre(&Slug::of(&format!("g{number}")))
    }

    fn at(revision: u64, description: usize) -> Arc<Loaded<Genre>> {
        let described = GenreDescribed {
            slug: Slug::of("g"),
            name: "G".to_owned(),
            description: Some("x".repeat(description)),
        };
        let state = Genre { described: Some(described) };
        Arc::new(Loaded { state, revision: Revision(revision), ..Loaded::default() })
    }

    #[test]
    fn the_last_that_was_put_in_is_there() {
        let cache = Cache::new(BYTES_MAX, false);
        cache.insert(&stream(1), at(1, 0));
        cache.insert(&stream(1), at(2, 0));
        assert_eq!(cache.get(&stream(1)).unwrap().revision, Revision(2));
        assert!(cache.get(&stream(2)).is_none());
    }

    #[test]
    fn no_more_bytes_are_kept_than_allowed() {
        let cache = Cache::new(10_000, false);
        for number in 0..100 {
            cache.insert(&stream(number), at(1, 1000));
        }
        cache.insert(&stream(100), at(1, 10_000));
        cache.states.run_pending_tasks();
        let count = cache.states.entry_count();
        assert!((1..10).contains(&count), "{count}");
        assert!(cache.get(&stream(100)).is_none(), "larger than the whole cache");
    }

    #[test]
    fn the_next_is_taken_to_be_as_the_last_was() {
        let cache = Cache::<Genre>::new(BYTES_MAX, true);
        assert!(cache.is_next_new());
        cache.clone().was_new(false);
        assert!(!cache.is_next_new());
    }
}
