//! What an object is, by the ending of its name. A local folder has no other place to note the type, so the name
//! says it in every store.

/// The type of objects that have no better one.
pub(crate) const BYTES: &str = "application/octet-stream";

/// Each ending that a name may have, and its type. Each type has one ending.
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

/// The type that the name of a file says. `None`: it says none.
pub(crate) fn content_type_of(name: &str) -> Option<&'static str> {
    let (before, ending) = name.rsplit_once('.')?;
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    known.filter(|_| !before.is_empty()).map(|(_, content_type)| *content_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ending of names for a content type. `None`: objects of this type are not kept.
    fn ending_of(content_type: &str) -> Option<&'static str> {
        ENDINGS.iter().find(|(_, known)| *known == content_type).map(|(ending, _)| *ending)
    }

    #[test]
    fn every_type_has_one_ending_and_every_ending_one_type() {
        for (ending, content_type) in ENDINGS {
            assert_eq!(ending_of(content_type), Some(ending));
            assert_eq!(content_type_of(&format!("a.{ending}")), Some(content_type));
        }
        assert_eq!(ending_of("image/svg+xml"), None, "it may hold scripts");
    }
}
