//! What an object is, by the ending of its name. A local folder has no place to note a type: so the name
//! is the one place for it, in every store.

/// What is known by no better name.
pub(crate) const BYTES: &str = "application/octet-stream";

/// Each ending that a name may have, and what it says. One ending for each type.
const ENDINGS: [(&str, &str); 9] = [
    ("avif", "image/avif"),
    ("bin", BYTES),
    ("csv", "text/csv; charset=utf-8"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("ndjson", "application/x-ndjson"),
    ("parquet", "application/vnd.apache.parquet"),
    ("png", "image/png"),
    ("webp", "image/webp"),
];

/// What the name of a file says that it is. `None`: nothing.
pub(crate) fn content_type_of(name: &str) -> Option<&'static str> {
    let (before, ending) = name.rsplit_once('.')?;
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    known.filter(|_| !before.is_empty()).map(|(_, content_type)| *content_type)
}

/// The ending for a content type, as it is written in names; `None` where such objects are not kept.
pub fn ending_of(content_type: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(_, known)| *known == content_type).map(|(ending, _)| *ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_ending_and_every_ending_one_type() {
        for (ending, content_type) in ENDINGS {
            assert_eq!(ending_of(content_type), Some(ending));
            assert_eq!(content_type_of(&format!("a.{ending}")), Some(content_type));
        }
        assert_eq!(ending_of("image/svg+xml"), None, "it may hold scripts");
    }
}
