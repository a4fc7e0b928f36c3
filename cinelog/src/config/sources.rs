//! Where values come from that are no defaults: the file and the environment. What the sections are is
//! not known here; of what type a key is, is read from their schema.

use std::{
    fs,
    path::{Path, PathBuf},
};

use figment::{
    Metadata, Profile, Provider,
    providers::{Env, Format, Toml},
    util::nest,
    value::{Dict, Map, Value},
};

use super::reference::{resolve, schema};

/// What the names of our environment variables begin with.
const PREFIX: &str = "CINELOG__";

/// The file of the configuration, read.
pub(super) struct ConfigFile {
    path: PathBuf,
    values: Dict,
}

impl ConfigFile {
    /// Reads the file.
    ///
    /// # Errors
    /// A line that says where it is wrong and what was expected there. What stands there is not shown: it may
    /// be a password.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let values = Toml::from_str::<Dict>(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let (line, column) = position(&text, start);
            let reason = error.message().trim().replace('\n', ", ");
            format!("{}, line {line}, column {column}: {reason}", path.display())
        })?;
        Ok(Self { path: path.to_path_buf(), values })
    }
}

impl Provider for ConfigFile {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML file", self.path.as_path())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Line and column of a byte, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Keys (such as `kafka.password`) and what the environment says of them.
#[derive(Debug, Default)]
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    /// That of this process.
    pub(super) fn of_process() -> Self {
        let variables = variables();
        Self(variables.iter().map(|(key, text)| (key.to_string(), text)).collect())
    }

    /// These variables.
    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect())
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        variables().metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let schema = schema();
        let mut sections = Dict::new();
        for (name, text) in &self.0 {
            // A name without a section would be a section itself, which no text is.
            let Some((section, key)) = name.split_once('.') else {
                sections.insert(name.clone(), text.as_str().into());
                continue;
            };
            let kind = kind_of(&schema, name);
            let entry = sections.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
            if let Value::Dict(_, keys) = entry {
                put(keys, nest(key, value(text, kind)).into_dict().unwrap_or_default());
            }
        }
        Ok(Profile::Default.collect(sections))
    }
}

fn variables() -> Env {
    Env::prefixed(PREFIX).split("__")
}

/// The type of a key, such as `identity.providers.google.scopes`: where any name may stand, the schema says
/// what all of them have.
fn kind_of<'a>(schema: &'a serde_json::Value, key: &str) -> &'a serde_json::Value {
    let mut place = schema;
    for part in key.split('.') {
        let known = &place["properties"][part];
        let next = if known.is_null() { &place["additionalProperties"] } else { known };
        place = resolve(schema, next);
    }
    &place["type"]
}

/// Puts values beside those that are there, table by table.
fn put(values: &mut Dict, new: Dict) {
    for (key, value) in new {
        match (values.get_mut(&key), value) {
            (Some(Value::Dict(_, old)), Value::Dict(_, new)) => put(old, new),
            (_, value) => drop(values.insert(key, value)),
        }
    }
}

/// What a text is for a key of this type of JSON Schema. A text that looks like something else, such as a
/// password of digits, is a text all the same where a text is expected.
fn value(text: &str, kind: &serde_json::Value) -> Value {
    let is = |name: &str| {
        kind == name || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == name))
    };
    let Ok(guess) = text.parse::<Value>();
    let is_meant = match &guess {
        Value::String(..) => true,
        Value::Num(..) => is("integer") || is("number"),
        Value::Bool(..) => is("boolean"),
        Value::Array(..) => is("array"),
        _ => false,
    };
    if is_meant { guess } else { text.trim().into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_mistake_of_form_is_placed_and_what_stands_there_is_not_shown() {
        for (toml, place) in [
            ("[kafka]\npassword = \"s3cret\n", "line 2, column 19"),
            ("[kafka]\npassword = s3cret\n", "line 2, column 12"),
            ("[kafka]\npassword s3cret\n", "line 2, column 10"),
            ("s3cret\n", "line 1, column 7"),
            ("[kafka]\npassword = \"a\\s3cret\"\n", "line 2, column 16"),
            ("[kafka]\npassword = \"a\" s3cret\n", "line 2, column 16"),
            ("[log]\nurl = postgres://u:s3cret@h/d\n", "line 2, column 7"),
            ("[kafka]\npassword = \"s3cret\"\npassword = \"s3cret\"\n", "line 3, column 1"),
            ("[kafka\npassword = \"s3cret\"\n", "line 1, column 7"),
            ("[gateway]\npurge = [\"http://u:s3cret@x/\"\n", "line"),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(toml.as_bytes()).unwrap();
            let error = ConfigFile::read(file.path()).map(drop).unwrap_err();
            assert!(error.contains(&format!(", {place}")), "{toml}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_column_is_counted_in_characters() {
        assert_eq!(position("é = \n", 5), (1, 5));
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\nb", 99), (2, 2));
    }
}
