//! The states of streams that were used lately, so that a command reads of its stream only the news.
//!
//! A state in here may be behind the log and is never ahead of it: nothing is put in that was not read
//! from there. So whoever takes one reads the rest of the stream before deciding on it, and it does not
//! matter which process wrote that.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    Aggregate,
    genre::Genre,
    movie::{Movie, MovieContent},
    rating::Rating,
};
use events::StreamName;

use crate::loaded::Loaded;

/// How many streams of one kind are kept at most.
const STREAMS_MAX: usize = 10_000;

/// How much their states hold at most, by [`Cached::bytes`].
const BYTES_MAX: usize = 64 << 20;

/// What is kept of each kind of stream. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Caches(Arc<Kinds>);

#[derive(Default)]
struct Kinds {
    movies: Cache<Movie>,
    ratings: Cache<Rating>,
    genres: Cache<Genre>,
}

/// An aggregate whose states are kept.
pub(crate) trait Cached: Aggregate + Clone {
    /// Roughly what it holds.
    fn bytes(&self) -> usize;

    /// Where its kind is kept.
    fn cache(caches: &Caches) -> &Cache<Self>;
}

impl Cached for Movie {
    fn bytes(&self) -> usize {
        match self {
            Self::Unknown => 0,
            Self::Listed(content) | Self::Deleted(content) => movie_bytes(content),
        }
    }

    fn cache(Caches(kinds): &Caches) -> &Cache<Self> {
        &kinds.movies
    }
}

impl Cached for Rating {
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn cache(Caches(kinds): &Caches) -> &Cache<Self> {
        &kinds.ratings
    }
}

impl Cached for Genre {
    fn bytes(&self) -> usize {
        let text = self.described.as_ref().and_then(|genre| genre.description.as_ref());
        size_of::<Self>() + text.map_or(0, String::len)
    }

    fn cache(Caches(kinds): &Caches) -> &Cache<Self> {
        &kinds.genres
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

/// A bounded number of states, the ones used last. They are kept in two generations: what is used
/// moves to the young one, and when that is full the old one is forgotten and it takes its place.
pub(crate) struct Cache<A> {
    generations: Mutex<Generations<A>>,
    /// Of one generation.
    streams_max: usize,
    /// Of one generation.
    bytes_max: usize,
}

struct Generations<A> {
    young: Generation<A>,
    old: Generation<A>,
}

struct Generation<A> {
    states: HashMap<StreamName, Kept<A>>,
    bytes: usize,
}

struct Kept<A> {
    loaded: Arc<Loaded<A>>,
    bytes: usize,
}

impl<A> Default for Cache<A> {
    fn default() -> Self {
        Self::new(STREAMS_MAX, BYTES_MAX)
    }
}

impl<A> Cache<A> {
    fn new(streams_max: usize, bytes_max: usize) -> Self {
        let generations = Generations { young: Generation::new(), old: Generation::new() };
        Self {
            generations: Mutex::new(generations),
            streams_max: streams_max / 2,
            bytes_max: bytes_max / 2,
        }
    }

    /// What was last put in for `stream`, if it has not been forgotten.
    pub(crate) fn get(&self, stream: &StreamName) -> Option<Arc<Loaded<A>>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = generations.young.states.get(stream) {
            return Some(Arc::clone(&kept.loaded));
        }
        let kept = generations.old.remove(stream)?;
        let loaded = Arc::clone(&kept.loaded);
        let forgotten = self.insert(&mut generations, stream, kept);
        drop(generations);
        drop(forgotten);
        Some(loaded)
    }

    fn insert(
        &self,
        Generations { young, old }: &mut Generations<A>,
        stream: &StreamName,
        kept: Kept<A>,
    ) -> Option<Generation<A>> {
        young.remove(stream);
        old.remove(stream);
        let is_full = young.states.len() >= self.streams_max
            || young.bytes.saturating_add(kept.bytes) > self.bytes_max;
        let forgotten = is_full.then(|| mem::replace(old, mem::replace(young, Generation::new())));
        young.bytes += kept.bytes;
        young.states.insert(stream.clone(), kept);
        forgotten
    }
}

impl<A: Cached> Cache<A> {
    /// Keeps what was read of `stream`. A state too large to be kept beside others is not.
    pub(crate) fn put(&self, stream: &StreamName, loaded: Arc<Loaded<A>>) {
        let kept = Kept { bytes: loaded.state.bytes(), loaded };
        if kept.bytes > self.bytes_max {
            return;
        }
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = self.insert(&mut generations, stream, kept);
        // A whole generation goes at once: nobody waits for that.
        drop(generations);
        drop(forgotten);
    }
}

impl<A> Generation<A> {
    fn new() -> Self {
        Self { states: HashMap::new(), bytes: 0 }
    }

    fn remove(&mut self, stream: &StreamName) -> Option<Kept<A>> {
        let kept = self.states.remove(stream)?;
        self.bytes -= kept.bytes;
        Some(kept)
    }
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

    fn streams_in(cache: &Cache<Genre>, of: usize) -> usize {
        (0..of).filter(|number| cache.get(&stream(*number)).is_some()).count()
    }

    #[test]
    fn the_last_that_was_put_in_is_there() {
        let cache = Cache::default();
        cache.put(&stream(1), at(1, 0));
        cache.put(&stream(1), at(2, 0));
        assert_eq!(cache.get(&stream(1)).unwrap().revision, Revision(2));
        assert!(cache.get(&stream(2)).is_none());
    }

    #[test]
    fn no_more_streams_are_kept_than_allowed() {
        let cache = Cache::new(10, usize::MAX);
        (0..100).for_each(|number| cache.put(&stream(number), at(1, 0)));
        assert!((5..=10).contains(&streams_in(&cache, 100)));
    }

    #[test]
    fn no_more_bytes_are_kept_than_allowed() {
        let cache = Cache::new(1000, 10_000);
        (0..100).for_each(|number| cache.put(&stream(number), at(1, 1000)));
        assert!((3..10).contains(&streams_in(&cache, 100)));
        cache.put(&stream(100), at(1, 10_000));
        assert!(cache.get(&stream(100)).is_none());
    }

    #[test]
    fn one_stream_that_changes_pushes_no_other_out() {
        let cache = Cache::new(10, 10_000);
        cache.put(&stream(0), at(1, 1000));
        (1..100).for_each(|revision| cache.put(&stream(1), at(revision, 1000)));
        assert_eq!(streams_in(&cache, 2), 2);
    }

    #[test]
    fn what_is_used_stays() {
        let cache = Cache::new(10, usize::MAX);
        cache.put(&stream(0), at(1, 0));
        for number in 1..100 {
            cache.put(&stream(number), at(1, 0));
            assert!(cache.get(&stream(0)).is_some(), "{number}");
        }
    }
}
