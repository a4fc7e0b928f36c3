//! What a text is, by its name and its beginning.

use std::path::Path;

use serde_json::Value;

use super::{Dialect, Format};
use crate::import::input::Source;

/// What stands between cells, the likelier first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How a text is divided into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An object a line.
    Lines,
    /// An array, or an object with a member that is one.
    Elements {
        /// The member's name. `None`: the first array of objects.
        member: Option<String>,
    },
    /// Rows of cells.
    Rows(Dialect),
}

/// What was said of a text on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its format.
    pub(crate) format: Option<Format>,
    /// The member of an object that holds the films.
    pub(crate) member: Option<String>,
    /// What stands between cells.
    pub(crate) delimiter: Option<u8>,
    /// What stands around cells; inside, `None` for nothing.
    pub(crate) quote: Option<Option<u8>>,
}

/// What the text of `source` is that begins with `head`: what was said, else what its name says, else
/// what it looks like.
pub(crate) fn recognise(source: &Source, head: &[u8], said: &Said) -> Shape {
    let format = said.format.or_else(|| by_name(source));
    let is_json = matches!(first_byte(head), Some(b'{' | b'['));
    match format {
        Some(Format::Ndjson) => Shape::Lines,
        Some(Format::Json) if said.format.is_some() => elements(said),
        Some(Format::Csv) => Shape::Rows(dialect(head, said, None)),
        Some(Format::Tsv) => Shape::Rows(dialect(head, said, Some(b'\t'))),
        Some(Format::Json) => json(head, said),
        None if is_json => json(head, said),
        None => Shape::Rows(dialect(head, said, None)),
    }
}

fn by_name(source: &Source) -> Option<Format> {
    let Source::File(path) = source else { return None };
    let extension = |path: &Path| {
        path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase())
    };
    let known = match extension(path)?.as_str() {
        "gz" => extension(Path::new(path.file_stem()?))?,
        other => other.to_owned(),
    };
    match known.as_str() {
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        "tsv" | "tab" => Some(Format::Tsv),
        _ => None,
    }
}

fn first_byte(head: &[u8]) -> Option<u8> {
    head.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn elements(said: &Said) -> Shape {
    Shape::Elements { member: said.member.clone() }
}

/// JSON by its first line: a whole object with another line below it is one of many.
fn json(head: &[u8], said: &Said) -> Shape {
    if first_byte(head) != Some(b'{') || said.member.is_some() {
        return elements(said);
    }
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
    let text = &head[start..];
    let (line, rest) = match text.iter().position(|&byte| byte == b'\n') {
        Some(end) => text.split_at(end),
        None => (text, &[][..]),
    };
    match serde_json::from_slice::<Value>(line) {
        Ok(_) if first_byte(rest).is_some() => Shape::Lines,
        Ok(object) if holds_objects(&object) => elements(said),
        Ok(_) => Shape::Lines,
        // The object goes on in the next line, or is longer than what is looked at.
        Err(error) if error.is_eof() => elements(said),
        // One bad line, at the very beginning.
        Err(_) => Shape::Lines,
    }
}

/// Whether the object has no title, yet something that may be films.
fn holds_objects(object: &Value) -> bool {
    let Value::Object(members) = object else { return false };
    let is_film = members.keys().any(|name| name.to_ascii_lowercase().contains("title"));
    let is_list = |value: &Value| matches!(value, Value::Array(list) if list.first().is_some_and(Value::is_object));
    !is_film && members.values().any(is_list)
}

/// What stands between the cells of the first line most often.
fn dialect(head: &[u8], said: &Said, known: Option<u8>) -> Dialect {
    let quote = said.quote.unwrap_or(Some(b'"'));
    let header = head.split(|&byte| byte == b'\n' || byte == b'\r').find(|line| !line.is_empty());
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut in_quotes = false;
    for byte in header.unwrap_or_default() {
        in_quotes ^= Some(*byte) == quote;
        if let Some(index) = DELIMITERS.iter().position(|delimiter| delimiter == byte)
            && !in_quotes
        {
            counts[index] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    let likeliest = DELIMITERS.iter().zip(counts).find(|(_, count)| *count == most);
    let delimiter = said.delimiter.or(known);
    Dialect { delimiter: delimiter.or(likeliest.map(|(byte, _)| *byte)).unwrap_or(b','), quote }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(name: &str, head: &str) -> Shape {
        recognise(&Source::named(Path::new(name)), head.as_bytes(), &Said::default())
    }

    fn rows(delimiter: u8) -> Shape {
        Shape::Rows(Dialect { delimiter, quote: Some(b'"') })
    }

    const ELEMENTS: Shape = Shape::Elements { member: None };

    #[test]
    fn a_name_says_what_a_file_is() {
        assert_eq!(shape("a.ndjson", "rubbish"), Shape::Lines);
        assert_eq!(shape("a.JSONL.GZ", ""), Shape::Lines);
        assert_eq!(shape("a.tsv", "a,b\n"), rows(b'\t'));
        assert_eq!(shape("a.csv", "a;\"b,c,d\";e\n"), rows(b';'));
    }

    #[test]
    fn without_a_telling_name_the_beginning_says_it() {
        assert_eq!(shape("a", " [{\"a\": 1}"), ELEMENTS);
        assert_eq!(shape("-", "{\"a\": 1}\n{\"a\": 2}"), Shape::Lines);
        assert_eq!(shape("a.txt", "title|year\nRan|1985\n"), rows(b'|'));
        assert_eq!(shape("a.txt", "title\nRan\n"), rows(b','));
    }

    #[test]
    fn json_may_be_an_object_a_line_or_an_object_that_holds_films() {
        assert_eq!(shape("a.json", "{\"title\": \"A\"}\n{\"title\": \"B\"}"), Shape::Lines);
        assert_eq!(shape("a.json", "{\"title\": \"A\", \"genres\": [{\"id\": 1}]}"), Shape::Lines);
        assert_eq!(shape("a.json", "{\n  \"films\": ["), ELEMENTS);
        assert_eq!(shape("a.json", "{\"films\": [{\"title\": \"A\"}]}\n"), ELEMENTS);
        assert_eq!(shape("a.json", "{\"films\": [{\"title\": \"A"), ELEMENTS);
        assert_eq!(shape("a.json", "{\"title\": nope}\n{\"title\": \"B\"}"), Shape::Lines);
    }

    #[test]
    fn what_was_said_comes_first() {
        let said = Said {
            format: Some(Format::Csv),
            delimiter: Some(b':'),
            quote: Some(None),
            ..Said::default()
        };
        let shape = recognise(&Source::named(Path::new("a.json")), b"{}", &said);
        assert_eq!(shape, Shape::Rows(Dialect { delimiter: b':', quote: None }));
    }
}
