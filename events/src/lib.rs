//! The language of Cinelog: what can happen to a catalogue, and how it is written down.
//!
//! Every other room speaks in these types. This one knows nothing of them: no clock, no random
//! numbers, no I/O, no async. Ids and times come in as values.
//!
//! - [`Event`] is what happened; [`NewEvent`] is an event ready to be appended, [`RecordedEvent`]
//!   one that the log holds.
//! - Stored events are never rewritten. [`decode`] reads every version that was ever written and
//!   gives back today's type ([`upcast`]).
//! - [`schema`] has the JSON Schema of every version, [`CloudEvent`] the form outsiders see.

mod cloud_event;
mod digest;
mod envelope;
mod event;
mod genre;
mod id;
mod movie;
mod names;
mod position;
mod rating;
pub mod schema;
mod slug;
mod stream;
pub mod text;
pub mod upcast;

pub use cloud_event::CloudEvent;
pub use digest::{Digest, InvalidDigest};
pub use envelope::{Metadata, NewEvent, RecordedEvent};
pub use event::{DecodeError, Event, decode};
pub use genre::GenreDescribed;
pub use id::{AccountId, EventId, MovieId, NotAnId};
pub use movie::{
    ExternalIds, MovieChanges, MovieCreated, MovieDeleted, MovieDetails, MovieDetailsChanged,
    MoviePlatformsAdded, MoviePlatformsRemoved, MovieRestored, MovieTagged, MovieUntagged,
};
pub use position::{Position, Revision};
pub use rating::{MovieRated, RatingWithdrawn};
pub use slug::Slug;
pub use stream::{InvalidStreamName, StreamName};
