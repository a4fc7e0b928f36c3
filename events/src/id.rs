//! Identifiers. They are made outside (the command line, the HTTP edge) and only carried here.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The length of `67e55044-10b1-426f-9247-bb680e5fe0c8`, in bytes. No other form of a UUID has it.
const HYPHENATED_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID of 36 characters, such as 67e55044-10b1-426f-9247-bb680e5fe0c8")]
pub struct NotAnId;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(try_from = "String", into = "Uuid")]
        #[schemars(with = "Uuid")]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                // One thing has one address: no braces, no `urn:uuid:`, no missing dashes.
                match Uuid::parse_str(text) {
                    Ok(id) if text.len() == HYPHENATED_LENGTH => Ok(Self(id)),
                    _ => Err(NotAnId),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

uuid_id!(
    /// One event; unique in the whole log. A UUIDv7, so that ids sort roughly by time (RFC 9562).
    EventId
);
uuid_id!(
    /// One film.
    MovieId
);
uuid_id!(
    /// One person or machine, opaque: names and e-mail addresses never enter the log.
    AccountId
);

impl MovieId {
    /// The id of the film that an outside source knows as `key`, such as `imdb:tt0111161`.
    ///
    /// The same key always gives the same id (UUIDv5, RFC 9562 section 5.5), which is what makes an
    /// import that runs twice find its own films again.
    #[must_use]
    pub fn from_source(key: &str) -> Self {
        /// The namespace of Cinelog's own names.
        const NAMESPACE: Uuid = Uuid::from_u128(0x6369_6e65_6c6f_672d_6d6f_7669_652d_6964);
        Self(Uuid::new_v5(&NAMESPACE, key.as_bytes()))
    }
}
