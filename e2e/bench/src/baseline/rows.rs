//! Rows of the log like those that commands leave there.

use std::fmt::Write;

use event_log::{Append, Expected};
use events::{AccountId, Event, EventId, Metadata, MovieRated, NewEvent, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
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
                let (movie_id, account_id) = (events::MovieId(movie), AccountId(actor));
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

    /// The same, to be appended over the port of the log.
    pub(crate) fn append(self) -> Append {
        let at = Timestamp::from_microsecond(self.recorded_at).expect("a time");
        let metadata = Metadata {
            actor: Some(AccountId(self.actor)),
            correlation_id: Some(self.correlation_id),
            traceparent: Some(self.traceparent),
            ..Metadata::at(at)
        };
        let event = NewEvent {
            id: EventId(self.id),
            event_type: self.event_type.to_owned(),
            schema_version: self.schema_version,
            metadata,
            data: RawValue::from_string(self.data).expect("events are JSON"),
        };
        let stream = StreamName::new(self.stream).expect("a stream's name");
        Append::new(stream, Expected::NoStream, vec![event])
    }

    /// The same as a line that `COPY … FROM STDIN` takes, in the order of [`COPIED`].
    pub(crate) fn write_copied(&self, into: &mut String) {
        let data = self.data.replace('\\', "\\\\");
        let Self { stream, id, event_type, schema_version, recorded_at, actor, .. } = self;
        let Self { correlation_id, traceparent, .. } = self;
        // Writing to a String does not fail.
        let _ = writeln!(
            into,
            "{stream}\t1\t{id}\t{event_type}\t{schema_version}\t{recorded_at}\t{actor}\t\
             {correlation_id}\t{traceparent}\t{data}"
        );
    }
}

/// The columns that [`Row::write_copied`] gives. The others are made by the table, or absent.
pub(crate) const COPIED: &str = "stream, revision, id, type, schema_version, recorded_at, actor, \
     correlation_id, traceparent, data";
