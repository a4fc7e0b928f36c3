//! Rows of the log like those that commands leave there.

use events::{Event, MovieRated};
use uuid::Uuid;

use crate::{films, random::Random};

/// What is written for one command.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) stream: String,
    pub(crate) id: Uuid,
    pub(crate) event_type: &'static str,
    pub(crate) schema_version: u32,
    pub(crate) recorded_at: i64,
    pub(crate) actor: Uuid,
    pub(crate) correlation_id: String,
    pub(crate) traceparent: String,
    pub(crate) data: String,
}

/// Which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `PUT /v1/movies/{id}/ratings/me`
    Rating,
    /// `POST /v1/movies`
    Film,
}

impl Row {
    /// A row of this kind; each is another stream.
    pub(crate) fn of(kind: Kind, random: &mut Random) -> Self {
        let milliseconds = films::BEGINNING_MS + random.below(1 << 34);
        let (movie, actor, id) =
            (random.id(milliseconds), random.id(milliseconds), random.id(milliseconds));
        let (stream, event) = match kind {
            Kind::Rating => {
                let value = 1 + (random.below(10) as u8);
                let (movie_id, account_id) = (events::MovieId(movie), events::AccountId(actor));
                let event = MovieRated { movie_id, account_id, value };
                (format!("rating-{movie}-{actor}"), Event::from(event))
            }
            Kind::Film => {
                let mut film = films::film(random.next());
                film.movie_id = events::MovieId(movie);
                (format!("movie-{movie}"), Event::from(film))
            }
        };
        Self {
            stream,
            id,
            event_type: event.event_type(),
            schema_version: event.schema_version(),
            recorded_at: i64::try_from(milliseconds * 1_000).unwrap_or_default(),
            actor,
            correlation_id: id.to_string(),
            traceparent: format!("00-{}-{:016x}-01", movie.simple(), random.next()),
            data: event.to_data().expect("events are JSON").get().to_owned(),
        }
    }
}
