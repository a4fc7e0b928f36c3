//! What may be written for one group of requests, and what it means.

use std::{fmt, str::FromStr};

use http_kit::{RateCallers, access::RateGroup};
use rate_limit::{PolicyError, Rates, RatesError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::is_by_address;

/// What may be written for a group.
const EXPECTED: &str = "expected rates for everybody, such as \"100 per minute; 1000 per hour\" or \"unlimited\", \
                        or a table of them by anonymous, viewer, member, editor, admin, or \"with\" and another \
                        group";

/// How much is let in of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupLimit {
    /// The same for everybody.
    All(Rates),
    /// By role.
    ByRole(Box<ByRole>),
    /// Counted together with another group, under its rates.
    With(RateGroup),
}

/// Rates by role. Who is not named has what the role before has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByRole {
    #[serde(default, with = "rates", skip_serializing_if = "Option::is_none")]
    anonymous: Option<Rates>,
    #[serde(default, with = "rates", skip_serializing_if = "Option::is_none")]
    viewer: Option<Rates>,
    #[serde(default, with = "rates", skip_serializing_if = "Option::is_none")]
    member: Option<Rates>,
    #[serde(default, with = "rates", skip_serializing_if = "Option::is_none")]
    editor: Option<Rates>,
    #[serde(default, with = "rates", skip_serializing_if = "Option::is_none")]
    admin: Option<Rates>,
}

impl GroupLimit {
    /// What holds for whom; `None` where nothing does.
    pub(super) fn callers(&self, counter: RateGroup) -> Result<Option<RateCallers>, PolicyError> {
        let policy = |rates: &Rates| rates.policy(counter.as_str());
        Ok(match self {
            Self::All(rates) if is_by_address(counter) => policy(rates)?.map(RateCallers::Anybody),
            Self::All(rates) => {
                let all = policy(rates)?;
                let roles = std::array::from_fn(|_| all.clone());
                all.map(|policy| RateCallers::ByRole { anonymous: Some(policy), roles })
            }
            Self::ByRole(by) => {
                let mut last = None;
                let mut next = |own: &Option<Rates>| {
                    if let Some(rates) = own {
                        last = policy(rates)?;
                    }
                    Ok(last.clone())
                };
                let anonymous = next(&by.anonymous)?;
                let roles =
                    [next(&by.viewer)?, next(&by.member)?, next(&by.editor)?, next(&by.admin)?];
                Some(RateCallers::ByRole { anonymous, roles })
            }
            Self::With(_) => None,
        })
    }
}

impl FromStr for GroupLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let with = text.trim().split_once(char::is_whitespace);
        let Some((_, name)) = with.filter(|(with, _)| with.eq_ignore_ascii_case("with")) else {
            return Ok(Self::All(text.parse().map_err(|error: RatesError| error.to_string())?));
        };
        let name = name.trim();
        let limited = |group: &&RateGroup| **group != RateGroup::Exempt;
        let mut groups = RateGroup::ALL.iter().filter(limited);
        let group = groups.find(|group| group.as_str() == name);
        group.copied().map(Self::With).ok_or_else(|| {
            let names: Vec<_> =
                RateGroup::ALL.iter().filter(limited).map(|group| group.as_str()).collect();
            format!("{name:?} is no group, expected \"with\" and one of {}", names.join(", "))
        })
    }
}

impl fmt::Display for GroupLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(rates) => rates.fmt(f),
            Self::With(group) => write!(f, "with {group}"),
            Self::ByRole(_) => f.write_str("by role"),
        }
    }
}

impl Serialize for GroupLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ByRole(by) => by.serialize(serializer),
            text => serializer.collect_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for GroupLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = GroupLimit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED.trim_start_matches("expected "))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<GroupLimit, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<GroupLimit, A::Error> {
                let by = ByRole::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(GroupLimit::ByRole(Box::new(by)))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Rates as they are written.
mod rates {
    use rate_limit::Rates;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        rates: &Option<Rates>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match rates {
            Some(rates) => serializer.collect_str(rates),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Rates>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}
