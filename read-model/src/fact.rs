//! A recorded event together with what it says, read once.

use events::{
    AccountId, DecodeError, Event, GenreDescribed, MovieId, RecordedEvent, StreamName, decode,
};

/// A recorded event, decoded; or why it cannot be.
#[derive(Debug)]
pub struct Fact<'a> {
    pub(crate) recorded: &'a RecordedEvent,
    pub(crate) event: Result<Event, DecodeError>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    Movie(MovieId),
    /// A rating, with its new value; `None` where it is withdrawn.
    Rating(MovieId, AccountId, Option<u8>),
    Genre(&'a GenreDescribed),
}

impl<'a> Fact<'a> {
    /// Reads a recorded event of any version.
    #[must_use]
    pub fn read(recorded: &'a RecordedEvent) -> Self {
        Self { recorded, event: decode(recorded) }
    }

    /// The event as it was recorded.
    #[must_use]
    pub fn recorded(&self) -> &'a RecordedEvent {
        self.recorded
    }

    /// What it is about. `None` where it cannot be read.
    pub(crate) fn subject(&self) -> Option<Subject<'_>> {
        self.event.as_ref().ok().map(Subject::of)
    }
}

impl<'a> Subject<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        match event {
            Event::MovieCreated(e) => Self::Movie(e.movie_id),
            Event::MovieDetailsChanged(e) => Self::Movie(e.movie_id),
            Event::MovieTagged(e) => Self::Movie(e.movie_id),
            Event::MovieUntagged(e) => Self::Movie(e.movie_id),
            Event::MoviePlatformsAdded(e) => Self::Movie(e.movie_id),
            Event::MoviePlatformsRemoved(e) => Self::Movie(e.movie_id),
            Event::MovieDeleted(e) => Self::Movie(e.movie_id),
            Event::MovieRestored(e) => Self::Movie(e.movie_id),
            Event::MovieRated(e) => Self::Rating(e.movie_id, e.account_id, Some(e.value)),
            Event::RatingWithdrawn(e) => Self::Rating(e.movie_id, e.account_id, None),
            Event::GenreDescribed(e) => Self::Genre(e),
        }
    }

    /// The stream that its events stand in.
    pub(crate) fn stream(self) -> StreamName {
        match self {
            Self::Movie(movie) => StreamName::movie(movie),
            Self::Rating(movie, account, _) => StreamName::rating(movie, account),
            Self::Genre(genre) => StreamName::genre(&genre.slug),
        }
    }
}
