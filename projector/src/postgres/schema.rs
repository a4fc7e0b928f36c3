//! The names of schemas.

use std::fmt;

use crate::port::Place;

/// The schema whose table says which generation is live.
pub(super) const CONTROL: &str = "cinelog_read_model";

/// What the name of a schema ends with while its generation is being built.
const BUILDING: &str = "_building";

/// The name of a schema that holds a read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schema(Place);

impl Schema {
    pub(super) fn of(place: Place) -> Self {
        Self(place)
    }

    /// The schema with this name. `None`: it is none of ours. Other spellings of a number do not count.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(CONTROL)?.strip_prefix('_')?;
        let place = match rest.strip_suffix(BUILDING) {
            Some(number) => Place::Building(number.parse().ok()?),
            None => Place::Generation(rest.parse().ok()?),
        };
        let schema = Self(place);
        (schema.to_string() == name).then_some(schema)
    }

    pub(super) fn place(&self) -> Place {
        self.0
    }

    /// Whether nobody needs its contents after a crash.
    pub(super) fn is_scratch(&self) -> bool {
        self.0 == Place::Scratch
    }

    /// The name as it is written in a statement.
    pub(super) fn quoted(&self) -> String {
        format!("\"{self}\"")
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Generation(number) => write!(f, "{CONTROL}_{number}"),
            Place::Building(number) => write!(f, "{CONTROL}_{number}{BUILDING}"),
            Place::Scratch => write!(f, "{CONTROL}_verify"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_spelled_as_we_do_is_ours() {
        for place in [Place::Generation(1), Place::Generation(20), Place::Building(3)] {
            assert_eq!(Schema::parse(&Schema::of(place).to_string()), Some(Schema::of(place)));
        }
        for name in [
            "cinelog_read_model",
            "cinelog_read_model_",
            "cinelog_read_model_02",
            "cinelog_read_model_+2",
            "cinelog_read_model_x",
            "cinelog_read_model_2_Building",
            "cinelog_log",
        ] {
            assert_eq!(Schema::parse(name), None, "{name}");
        }
    }
}
