//! Identifiers. They are made outside (the command line, the HTTP edge) and only carried here.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
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
