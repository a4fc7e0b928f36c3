//! `fields=`: a film or a rating with some of its fields only.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::arguments::Arguments;
use crate::parameter::{Form, Parameter};

/// Which fields are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fields {
    /// All that there are.
    All,
    /// These, in alphabetical order, each once; the one that always comes along is among them.
    Some(Vec<String>),
}

impl Fields {
    /// The parameter `fields`, where `names` are all fields and `always` comes along.
    pub(crate) fn parameter(names: &[&str], always: &str) -> Parameter {
        let of = names.iter().map(|name| (*name).to_owned()).collect();
        let description =
            format!("Only these fields, between commas. `{always}` always comes along.");
        Parameter::new("fields", Form::Words { of, most: names.len() }, description)
    }

    /// What a request asked for, and `always`.
    pub(crate) fn asked(arguments: &Arguments, always: &str) -> Self {
        arguments.list("fields").map_or(Self::All, |names| {
            let mut names = names.to_vec();
            names.push(always.to_owned());
            names.sort();
            names.dedup();
            Self::Some(names)
        })
    }

    /// Takes away what is not wanted.
    pub(crate) fn keep(&self, mut whole: Value) -> Value {
        if let (Self::Some(names), Value::Object(fields)) = (self, &mut whole) {
            fields.retain(|name, _| names.contains(name));
        }
        whole
    }

    /// What it adds to an ETag, so that a part is never taken for the whole.
    pub(crate) fn tag_suffix(&self) -> String {
        let Self::Some(names) = self else { return String::new() };
        let hash = Sha256::digest(names.join(","));
        hash[..4].iter().fold(".f".to_owned(), |suffix, byte| format!("{suffix}{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn some(names: &[&str]) -> Fields {
        Fields::Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn only_the_wanted_fields_stay() {
        let film = json!({"id": 1, "title": "Ran", "year": 1985});
        assert_eq!(some(&["id", "title"]).keep(film.clone()), json!({"id": 1, "title": "Ran"}));
        assert_eq!(Fields::All.keep(film.clone()), film);
    }

    #[test]
    fn the_tag_tells_parts_from_each_other_and_from_the_whole() {
        let suffix = some(&["id", "title"]).tag_suffix();
        assert_eq!(suffix.len(), 10);
        assert_ne!(suffix, some(&["id", "year"]).tag_suffix());
        assert_eq!(Fields::All.tag_suffix(), "");
    }
}
