//! A recorded event together with what it says, read once.

use events::{
    AccountId, DecodeError, Event, GenreDescribed, MovieId, RecordedEvent, StreamName, decode,
};
use uuid::Uuid;

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

    /// The stream that must have begun before it, other than its own: a rating's film. `None` where
    /// there is none, or where the event cannot be read.
    #[must_use]
    pub fn depends_on(&self) -> Option<StreamName> {
        match self.subject()? {
            Subject::Rating(movie, ..) => Some(StreamName::movie(movie)),
            Subject::Movie(_) | Subject::Genre(_) => None,
        }
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

    /// Whether `stream` is the one that its events stand in.
    pub(crate) fn is_in(self, stream: &StreamName) -> bool {
        let name = stream.as_str();
        let mut buffer = Uuid::encode_buffer();
        match self {
            Self::Movie(movie) => {
                name.strip_prefix("movie-") == Some(movie.0.hyphenated().encode_lower(&mut buffer))
            }
            Self::Rating(movie, account, _) => name
                .strip_prefix("rating-")
                .and_then(|rest| {
                    rest.strip_prefix(&*movie.0.hyphenated().encode_lower(&mut buffer))
                })
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|rest| rest == account.0.hyphenated().encode_lower(&mut buffer)),
            Self::Genre(_) => self.stream() == *stream,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_knows_its_stream_without_spelling_it() {
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let subjects = [
            Subject::Movie(MovieId(one)),
            Subject::Movie(MovieId(other)),
            Subject::Rating(MovieId(one), AccountId(one), None),
            Subject::Rating(MovieId(one), AccountId(other), Some(3)),
            Subject::Rating(MovieId(other), AccountId(one), None),
        ];
        for (index, subject) in subjects.iter().enumerate() {
            for (place, stream) in subjects.map(Subject::stream).iter().enumerate() {
                assert_eq!(subject.is_in(stream), index == place, "{subject:?} in {stream}");
            }
        }
    }
}
