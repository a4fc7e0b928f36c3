//! The configuration reference, made from the types: `docs/configuration.md`.

use schemars::schema_for;
use serde_json::Value;

use super::Config;

const INTRODUCTION: &str = "# Configuration

One file, `cinelog.toml` in the working folder or wherever `--config` says. Every key is also an
environment variable, `CINELOG__SECTION__KEY`; the common ones are flags too. Later wins: defaults,
file, environment, flags. An unknown key or a bad value is an error that names the key;
`cinelog config check` prints the effective values with secrets masked.

Durations are written like `5s`, `10m`, `24h`.

This page is made from the code by `cinelog config reference`.
";

/// The reference as Markdown: a section each, with key, default and meaning.
pub(crate) fn reference() -> Result<String, serde_json::Error> {
    let schema = schema();
    let defaults = serde_json::to_value(Config::default())?;
    let mut page = INTRODUCTION.to_owned();
    for (section, value) in entries(&schema["properties"]) {
        let definition = resolve(&schema, value);
        page.push_str(&format!("\n## `[{section}]`\n\n{}\n\n", prose(value, definition)));
        page.push_str("| key | default | meaning |\n|---|---|---|\n");
        for (key, value) in entries(&definition["properties"]) {
            let default = match &defaults[section.as_str()][key.as_str()] {
                Value::Null => "unset".to_owned(),
                Value::String(text) if text.is_empty() => "unset".to_owned(),
                default => format!("`{default}`"),
            };
            let meaning = prose(value, resolve(&schema, value)).replace('\n', " ");
            page.push_str(&format!("| `{key}` | {default} | {meaning} |\n"));
            page.push_str(&named(&schema, key, value));
        }
    }
    Ok(page)
}

/// A row for each key that things have which anybody may name, such as `[identity.providers.NAME]`.
fn named(schema: &Value, key: &str, value: &Value) -> String {
    let things = resolve(schema, &resolve(schema, value)["additionalProperties"]);
    let row = |(name, value): (&String, &Value)| {
        let is_needed =
            things["required"].as_array().is_some_and(|all| all.contains(&name.as_str().into()));
        let default = match &value["default"] {
            _ if is_needed => "needed".to_owned(),
            Value::Null => "unset".to_owned(),
            Value::String(text) if text.is_empty() => "unset".to_owned(),
            default => format!("`{default}`"),
        };
        let meaning = prose(value, resolve(schema, value)).replace('\n', " ");
        format!("| `{key}.NAME.{name}` | {default} | {meaning} |\n")
    };
    entries(&things["properties"]).map(row).collect()
}

/// What sections there are, with the types of their keys, as JSON Schema.
pub(super) fn schema() -> Value {
    schema_for!(Config).to_value()
}

fn entries(properties: &Value) -> impl Iterator<Item = (&String, &Value)> {
    properties.as_object().into_iter().flatten()
}

/// Follows `$ref` to the definition.
pub(super) fn resolve<'a>(schema: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|reference| schema.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

fn prose<'a>(value: &'a Value, definition: &'a Value) -> &'a str {
    value["description"].as_str().or_else(|| definition["description"].as_str()).unwrap_or_default()
}
