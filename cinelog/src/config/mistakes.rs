//! What is said of a configuration that cannot be used: all that is wrong at once, and no value, which may be
//! a password. Knows not what is right.

use figment::{
    Figment,
    error::{Actual, Kind},
};
use serde::de::DeserializeOwned;

use super::Config;

/// A configuration that cannot be used. One line for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{}", .0.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))]
pub(crate) struct ConfigError(pub(super) Vec<String>);

impl ConfigError {
    /// The mistakes of all sections, with the one at which reading the whole has stopped.
    pub(super) fn of(figment: &Figment, first: figment::Error) -> Self {
        let mut lines: Vec<String> = first.into_iter().map(|error| describe(&error)).collect();
        macro_rules! sections {
            ($($section:ident),+) => {{
                // Here they are all of them, or this does not compile.
                let Config { $($section),+ } = Config::default();
                $(lines.extend(of_section(figment, stringify!($section), &$section));)+
            }};
        }
        sections!(
            server, log, kafka, read_model, redis, command, bulk, projector, query, gateway,
            objects, identity, limits, mail, logging, telemetry
        );
        lines.sort();
        lines.dedup();
        Self(lines)
    }
}

/// The mistakes of the section with this name and the type of `_section`.
fn of_section<T: DeserializeOwned>(figment: &Figment, name: &str, _section: &T) -> Vec<String> {
    let Err(error) = figment.extract_inner::<T>(name) else { return Vec::new() };
    let placed = error.into_iter().map(|mut error| {
        // A part that is read alone has its own name last.
        error.path.retain(|part| part != name);
        error.path.insert(0, name.to_owned());
        describe(&error)
    });
    placed.collect()
}

/// One line: which key, where it was set, what was wrong with it.
fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let mut line = if key.is_empty() { String::new() } else { format!("{key}: ") };
    line.push_str(&reason(&error.kind));
    if let Some(metadata) = &error.metadata {
        match &metadata.source {
            Some(source) => line.push_str(&format!(" (in {source})")),
            None => line.push_str(&format!(" (in the {})", metadata.name)),
        }
    }
    line
}

/// What was wrong. A value of the wrong type is not repeated: it may be a password, or hold one.
fn reason(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("found {}, expected {expected}", kind_of(found))
        }
        other => other.to_string(),
    }
}

fn kind_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}
