//! JSON objects, one at a time.

use serde_json::{Map, Value, error::Category};

use super::{Complaint, checked_text};

/// Reads one object. A record that an earlier import has refused is read as what it was refused for.
pub(super) fn parse_object(text: &[u8]) -> Result<Map<String, Value>, Complaint> {
    let text = checked_text(text)?.trim_start_matches('\u{feff}');
    let mut object = object(text)?;
    // Each turn takes a layer off, so there are no more of them than the text has braces.
    while is_refused(&object) {
        object = refused(object)?;
    }
    Ok(object)
}

/// The innermost line of a file of rejects that a record is, if it is one: it says which file and line
/// was refused at first.
pub(in crate::import) fn first_refusal(text: &[u8]) -> Option<Map<String, Value>> {
    let mut line = object(checked_text(text).ok()?.trim_start_matches('\u{feff}')).ok()?;
    if !is_refused(&line) {
        return None;
    }
    loop {
        match refused(line.clone()) {
            Ok(inner) if is_refused(&inner) => line = inner,
            _ => return Some(line),
        }
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Complaint> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Complaint::whole("not a JSON object")),
        Err(error) => Err(Complaint::whole(explain(&error))),
    }
}

/// Whether this is a line of a file of rejects.
fn is_refused(object: &Map<String, Value>) -> bool {
    ["file", "line", "field", "reason", "text"].iter().all(|name| object.contains_key(*name))
}

/// What was refused: the fields that it was read as, or its text where that is an object by now.
fn refused(mut object: Map<String, Value>) -> Result<Map<String, Value>, Complaint> {
    match (object.remove("record"), object.remove("text")) {
        (Some(Value::Object(record)), _) => Ok(record),
        (_, Some(Value::String(text))) => self::object(&text),
        _ => Err(Complaint::whole("a rejected line without a record")),
    }
}

/// What is wrong with the JSON of a record, by column: its line is known to whoever reads it.
fn explain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    match error.classify() {
        Category::Data => "not a JSON object".to_owned(),
        _ => format!("not JSON: {what} at column {}", error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        let reason = |text: &[u8]| parse_object(text).unwrap_err().reason;
        assert!(reason(b"{\"title\": \xff}").starts_with("byte 11 (0xFF) is not UTF-8"));
        assert!(reason(b"{\"title\": \"a\0\"}").starts_with("byte 13 is NUL"));
        assert_eq!(reason(b"[1]"), "not a JSON object");
        assert_eq!(reason(b"{\"title\": "), "not JSON: EOF while parsing a value at column 10");
    }

    #[test]
    fn json_that_is_nested_too_deeply_is_refused() {
        let text = format!("{{\"a\": {}", "[".repeat(100_000));
        assert!(parse_object(text.as_bytes()).unwrap_err().reason.contains("recursion limit"));
    }

    #[test]
    fn a_line_that_was_refused_before_is_read_as_what_it_was() {
        let line = r#"{"file": "f", "line": 3, "field": "year", "reason": "…", "text": "A;x",
            "record": {"title": "A"}}"#;
        assert_eq!(parse_object(line.as_bytes()).unwrap()["title"], "A");
        let line = r#"{"file": "f", "line": 3, "field": null, "reason": "…",
            "text": "{\"title\": \"A\"}"}"#;
        assert_eq!(parse_object(line.as_bytes()).unwrap()["title"], "A");
    }
}
