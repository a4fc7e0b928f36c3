//! Types of values that more than one section has.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is never shown. Empty means: not set.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The value itself, `None` where it is not set.
    pub(crate) fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    fn mask(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "********" }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mask())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.mask())
    }
}

/// Texts as they may be written: a list, or one text with commas, as an environment variable has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a list of texts, or one text with commas")]
pub(super) enum Texts {
    /// Each by itself.
    List(Vec<String>),
    /// All in one, with commas between them.
    Text(String),
}

impl Texts {
    /// Each, none where the text is empty.
    pub(super) fn parts(self) -> Vec<String> {
        match self {
            Self::List(parts) => parts,
            Self::Text(text) if text.trim().is_empty() => Vec::new(),
            Self::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        }
    }

    /// For a field that keeps what was written.
    pub(super) fn deserialize_parts<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        Self::deserialize(deserializer).map(Self::parts)
    }
}

/// Durations as people write them, with an error that shows how.
pub(super) mod duration {
    use std::time::Duration;

    use jiff::fmt::serde::unsigned_duration::friendly::compact::required;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        required::serialize(duration, serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let expected =
            || D::Error::custom("expected a duration such as \"5s\", \"10m\" or \"24h\"");
        let text = String::deserialize(deserializer).map_err(|_| expected())?;
        let duration: jiff::SignedDuration = text.parse().map_err(|_| expected())?;
        Duration::try_from(duration).map_err(|_| expected())
    }
}

/// The same, where there may be none.
pub(super) mod option_duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Written(#[serde(with = "super::duration")] Duration);

    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(Written).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let written = Option::<Written>::deserialize(deserializer)?;
        Ok(written.map(|Written(duration)| duration))
    }
}

/// Notes a number that is out of range.
pub(super) fn within<T: PartialOrd + fmt::Display>(
    wrong: &mut Vec<String>,
    key: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) {
    if !range.contains(&value) {
        wrong.push(format!(
            "{key}: {value} is out of range, expected {} to {}",
            range.start(),
            range.end()
        ));
    }
}
