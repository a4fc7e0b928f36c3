//! Histories for tests: sequences of events such as the domain would record them.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    AccountId, Event, EventId, GenreDescribed, Metadata, MovieChanges, MovieCreated, MovieDeleted,
    MovieDetails, MovieDetailsChanged, MovieId, MoviePlatformsAdded, MoviePlatformsRemoved,
    MovieRated, MovieRestored, MovieTagged, MovieUntagged, Position, RatingWithdrawn,
    RecordedEvent, Revision, Slug, StreamName,
};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::value::RawValue;
use uuid::Uuid;

pub(crate) fn film(number: u8) -> MovieId {
    MovieId(Uuid::from_u128(0xf000 + u128::from(number)))
}

pub(crate) fn person(number: u8) -> AccountId {
    AccountId(Uuid::from_u128(0xa000 + u128::from(number)))
}

pub(crate) fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// What was recorded so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) events: Vec<RecordedEvent>,
    revisions: BTreeMap<StreamName, Revision>,
    films: BTreeSet<u8>,
    rated: BTreeSet<(u8, u8)>,
}

impl History {
    /// Records what the stream that it belongs to has next.
    pub(crate) fn record(&mut self, event: impl Into<Event>) -> &mut Self {
        let event = event.into();
        let stream = match &event {
            Event::MovieRated(e) => StreamName::rating(e.movie_id, e.account_id),
            Event::RatingWithdrawn(e) => StreamName::rating(e.movie_id, e.account_id),
            Event::GenreDescribed(e) => StreamName::genre(&e.slug),
            Event::MovieCreated(e) => StreamName::movie(e.movie_id),
            Event::MovieDetailsChanged(e) => StreamName::movie(e.movie_id),
            Event::MovieTagged(e) => StreamName::movie(e.movie_id),
            Event::MovieUntagged(e) => StreamName::movie(e.movie_id),
            Event::MoviePlatformsAdded(e) => StreamName::movie(e.movie_id),
            Event::MoviePlatformsRemoved(e) => StreamName::movie(e.movie_id),
            Event::MovieDeleted(e) => StreamName::movie(e.movie_id),
            Event::MovieRestored(e) => StreamName::movie(e.movie_id),
        };
        self.record_in(stream, event)
    }

    /// Records an event in any stream.
    pub(crate) fn record_in(&mut self, stream: StreamName, event: impl Into<Event>) -> &mut Self {
        let event = event.into();
        let data = event.to_data().unwrap();
        self.record_raw(stream, event.event_type(), event.schema_version(), data)
    }

    /// Records what no reader here can make sense of.
    pub(crate) fn record_poison(&mut self, stream: StreamName) -> &mut Self {
        let data = RawValue::from_string(r#"{"secret": "s3cr3t"}"#.to_owned()).unwrap();
        self.record_raw(stream, "MovieTagged", 1, data)
    }

    fn record_raw(
        &mut self,
        stream: StreamName,
        event_type: &str,
        schema_version: u32,
        data: Box<RawValue>,
    ) -> &mut Self {
        let position = Position(self.events.len() as u64 + 1);
        let revision = self.revisions.entry(stream.clone()).or_default();
        *revision = revision.next();
        let second = i64::try_from(position.0).unwrap();
        self.events.push(RecordedEvent {
            position,
            stream,
            revision: *revision,
            id: EventId(Uuid::from_u128(u128::from(position.0))),
            event_type: event_type.to_owned(),
            schema_version,
            metadata: Metadata::at(Timestamp::from_second(second).unwrap()),
            data,
        });
        self
    }

    pub(crate) fn create(&mut self, movie: u8, details: MovieDetails) -> &mut Self {
        self.films.insert(movie);
        let movie_id = film(movie);
        let (tags, platforms) = (Vec::new(), Vec::new());
        self.record(MovieCreated { movie_id, details, tags, platforms })
    }

    /// Creates a film of which only genres matter.
    pub(crate) fn create_with_genres<const N: usize>(
        &mut self,
        movie: u8,
        genres: [&str; N],
    ) -> &mut Self {
        let title = format!("Film {movie}");
        self.create(movie, MovieDetails { title, genres: names(genres), ..<_>::default() })
    }

    pub(crate) fn change(&mut self, movie: u8, changes: MovieChanges) -> &mut Self {
        self.record(MovieDetailsChanged { movie_id: film(movie), changes })
    }

    pub(crate) fn delete(&mut self, movie: u8) -> &mut Self {
        self.record(MovieDeleted { movie_id: film(movie) })
    }

    pub(crate) fn restore(&mut self, movie: u8) -> &mut Self {
        self.record(MovieRestored { movie_id: film(movie) })
    }

    pub(crate) fn rate(&mut self, movie: u8, account: u8, value: u8) -> &mut Self {
        self.rated.insert((movie, account));
        self.record(MovieRated { movie_id: film(movie), account_id: person(account), value })
    }

    pub(crate) fn withdraw(&mut self, movie: u8, account: u8) -> &mut Self {
        self.rated.remove(&(movie, account));
        self.record(RatingWithdrawn { movie_id: film(movie), account_id: person(account) })
    }

    pub(crate) fn describe(&mut self, name: &str, description: &str) -> &mut Self {
        let (slug, name) = (Slug::of(name), name.to_owned());
        self.record(GenreDescribed { slug, name, description: Some(description.to_owned()) })
    }

    /// Records what `step` leads to; nothing where the domain would refuse it.
    fn take(&mut self, step: Step) {
        let (movie, movie_id) = (step.movie, film(step.movie));
        match step.what {
            What::Describe(name) => {
                self.describe(&name, "in prose");
            }
            What::Create(..) | What::PoisonedCreation if self.films.contains(&movie) => {}
            What::Create(details, tags) => {
                self.films.insert(movie);
                let platforms = tags.clone();
                self.record(MovieCreated { movie_id, details, tags, platforms });
            }
            What::PoisonedCreation => {
                self.films.insert(movie);
                self.record_poison(StreamName::movie(movie_id));
            }
            _ if !self.films.contains(&movie) => {}
            What::Change(changes) => {
                self.change(movie, changes);
            }
            What::Tag(tags) => {
                self.record(MovieTagged { movie_id, tags });
            }
            What::Untag(tags) => {
                self.record(MovieUntagged { movie_id, tags });
            }
            What::AddPlatforms(platforms) => {
                self.record(MoviePlatformsAdded { movie_id, platforms });
            }
            What::RemovePlatforms(platforms) => {
                self.record(MoviePlatformsRemoved { movie_id, platforms });
            }
            What::Delete => {
                self.delete(movie);
            }
            What::Restore => {
                self.restore(movie);
            }
            What::Rate(account, value) => {
                self.rate(movie, account, value);
            }
            What::Withdraw(account) => {
                if self.rated.contains(&(movie, account)) {
                    self.withdraw(movie, account);
                }
            }
            What::Poison => {
                self.record_poison(StreamName::movie(movie_id));
            }
            What::PoisonedRating(account) => {
                self.record_poison(StreamName::rating(movie_id, person(account)));
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Step {
    movie: u8,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Create(MovieDetails, Vec<String>),
    Change(MovieChanges),
    Tag(Vec<String>),
    Untag(Vec<String>),
    AddPlatforms(Vec<String>),
    RemovePlatforms(Vec<String>),
    Delete,
    Restore,
    Rate(u8, u8),
    Withdraw(u8),
    Describe(String),
    Poison,
    PoisonedCreation,
    PoisonedRating(u8),
}

/// Few names, several spellings of each, so that films share them.
fn name() -> impl Strategy<Value = String> {
    select(vec!["Drama", "drama", "DRÁMA", "Sci-Fi", "sci fi", "黒澤 明", "Noir"])
        .prop_map(str::to_owned)
}

fn some_names() -> impl Strategy<Value = Vec<String>> {
    vec(name(), 0..4)
}

fn details() -> impl Strategy<Value = MovieDetails> {
    (name(), some_names(), some_names(), some_names(), some_names()).prop_map(
        |(title, genres, directors, cast, studios)| MovieDetails {
            title,
            genres,
            directors,
            cast,
            studios,
            ..MovieDetails::default()
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        4 => (details(), some_names()).prop_map(|(details, tags)| What::Create(details, tags)),
        2 => (details(), details())
            .prop_map(|(old, new)| What::Change(MovieChanges::between(&old, &new))),
        1 => some_names().prop_map(What::Tag),
        1 => some_names().prop_map(What::Untag),
        1 => some_names().prop_map(What::AddPlatforms),
        1 => some_names().prop_map(What::RemovePlatforms),
        2 => Just(What::Delete),
        2 => Just(What::Restore),
        4 => (0u8..3, 1u8..=10).prop_map(|(account, value)| What::Rate(account, value)),
        2 => (0u8..3).prop_map(What::Withdraw),
        1 => name().prop_map(What::Describe),
    ];
    (0u8..4, what).prop_map(|(movie, what)| Step { movie, what })
}

fn poison() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        Just(What::Poison),
        Just(What::PoisonedCreation),
        (0u8..3).prop_map(What::PoisonedRating),
    ];
    (0u8..4, what).prop_map(|(movie, what)| Step { movie, what })
}

fn recorded(steps: Vec<Step>) -> Vec<RecordedEvent> {
    let mut history = History::default();
    steps.into_iter().for_each(|step| history.take(step));
    history.events
}

/// Any history that the domain could have recorded.
pub(crate) fn histories() -> impl Strategy<Value = Vec<RecordedEvent>> {
    vec(step(), 0..40).prop_map(recorded)
}

/// Any such history with events among it that cannot be read.
pub(crate) fn poisoned_histories() -> impl Strategy<Value = Vec<RecordedEvent>> {
    vec(prop_oneof![12 => step(), 1 => poison()], 0..40).prop_map(recorded)
}
