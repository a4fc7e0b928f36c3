//! All that can happen, and how it is written to and read from the log.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    GenreDescribed, MovieCreated, MovieDeleted, MovieDetailsChanged, MoviePlatformsAdded,
    MoviePlatformsRemoved, MovieRated, MovieRestored, MovieTagged, MovieUntagged, RatingWithdrawn,
    RecordedEvent, upcast,
};

/// Why a stored event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing here knows this type or version: it was written by a newer Cinelog.
    #[error("unknown event {event_type} version {version}")]
    Unknown {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        version: u32,
    },
    /// The stored data is not what its type and version promise.
    #[error("malformed {event_type} version {version}: {reason}")]
    Malformed {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        version: u32,
        /// What is wrong, without the data itself.
        reason: String,
    },
}

/// Declares [`Event`] once: each type, and the version that is written today.
macro_rules! events {
    ($($name:ident = $version:literal),+ $(,)?) => {
        /// Something that happened. Facts are in the past tense, and are never changed.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is documented at the type it holds")]
        pub enum Event {
            $($name($name)),+
        }

        impl Event {
            /// Every type of event, with the version that is written today.
            pub const TYPES: &'static [(&'static str, u32)] = &[$((stringify!($name), $version)),+];

            /// The type's name, as stored.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),+ }
            }

            /// The schema version that is written today.
            #[must_use]
            pub fn schema_version(&self) -> u32 {
                match self { $(Self::$name(_) => $version),+ }
            }

            /// The data, as stored.
            ///
            /// # Errors
            /// None for the events of this crate: all of them are maps with text keys.
            pub fn to_data(&self) -> Result<Box<RawValue>, serde_json::Error> {
                match self { $(Self::$name(data) => serde_json::value::to_raw_value(data)),+ }
            }

            /// The JSON Schema of today's version of a type.
            pub(crate) fn schema(event_type: &str) -> Option<schemars::Schema> {
                match event_type {
                    $(stringify!($name) => Some(schemars::schema_for!($name)),)+
                    _ => None,
                }
            }

            fn from_data<'de, D>(event_type: &str, data: D) -> Option<Result<Self, D::Error>>
            where
                D: serde::Deserializer<'de>,
            {
                match event_type {
                    $(stringify!($name) => Some($name::deserialize(data).map(Self::$name)),)+
                    _ => None,
                }
            }
        }

        $(impl From<$name> for Event {
            fn from(data: $name) -> Self {
                Self::$name(data)
            }
        })+
    };
}

events! {
    MovieCreated = 2,
    MovieDetailsChanged = 1,
    MovieTagged = 1,
    MovieUntagged = 1,
    MoviePlatformsAdded = 1,
    MoviePlatformsRemoved = 1,
    MovieDeleted = 1,
    MovieRestored = 1,
    MovieRated = 1,
    RatingWithdrawn = 1,
    GenreDescribed = 1,
}

/// Reads a stored event of any version as today's type.
///
/// # Errors
/// [`DecodeError`] where the type or version is unknown or the data does not fit: a poison event,
/// which the caller parks rather than skips.
pub fn decode(recorded: &RecordedEvent) -> Result<Event, DecodeError> {
    decode_data(&recorded.event_type, recorded.schema_version, &recorded.data)
}

pub(crate) fn decode_data(
    event_type: &str,
    version: u32,
    data: &RawValue,
) -> Result<Event, DecodeError> {
    let malformed = |error: serde_json::Error| DecodeError::Malformed {
        event_type: event_type.to_owned(),
        version,
        reason: without_values(&error.to_string()),
    };
    let unknown = || DecodeError::Unknown { event_type: event_type.to_owned(), version };
    let (_, current) =
        Event::TYPES.iter().find(|(name, _)| *name == event_type).ok_or_else(unknown)?;
    if version == *current {
        let mut json = serde_json::Deserializer::from_str(data.get());
        return Event::from_data(event_type, &mut json).ok_or_else(unknown)?.map_err(malformed);
    }
    if version == 0 || version > *current {
        return Err(unknown());
    }
    let old = serde_json::from_str(data.get()).map_err(malformed)?;
    let new = upcast::to_current(event_type, version, old).ok_or_else(unknown)?;
    Event::from_data(event_type, new).ok_or_else(unknown)?.map_err(malformed)
}

/// What serde says of malformed data, without the values that it quotes: those may be anything, and
/// reasons are logged.
fn without_values(message: &str) -> String {
    // Names of fields stand between backticks only, and come from the types here.
    let place = message.rfind(" at line ").map_or("", |at| &message[at..]);
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    let kind = message.split([':', ',']).next().unwrap_or_default();
    match kind {
        "invalid type" | "invalid value" | "invalid length" => format!("{kind}{place}"),
        _ => format!("unexpected data{place}"),
    }
}
