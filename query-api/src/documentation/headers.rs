//! The headers that OpenAPI names for each answer.

use utoipa::openapi::{
    Header, HeaderBuilder, ObjectBuilder, RefOr, SchemaFormat, Type, path::Operation,
};

use super::text;

/// Adds the headers that each answer of an operation has.
pub(super) fn describe(path: &str, operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let reflects_events = !path.starts_with("/v1/schemas");
    let is_public = responses.contains_key("304");
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        let names: &[&str] = match status.as_str() {
            "200" | "304" if !reflects_events => &["Cache-Control", "ETag"],
            "200" if !is_public => &["Cache-Control", "Cinelog-Position"],
            "200" if path.ends_with('}') => {
                &["Cache-Control", "Cinelog-Position", "ETag", "Last-Modified"]
            }
            "200" | "206" => &[
                "Accept-Ranges",
                "Cache-Control",
                "Cinelog-Limit-Applied",
                "Cinelog-Position",
                "Link",
                "Preference-Applied",
            ],
            "304" => &["Cache-Control", "Cinelog-Position", "ETag"],
            "416" => &["Content-Range"],
            "503" => &["Retry-After"],
            _ => &[],
        };
        // The tag of a part would not be that of the list, so a part has none.
        let more = match status.as_str() {
            "200" if names.contains(&"Accept-Ranges") => Some("ETag"),
            "206" => Some("Content-Range"),
            _ => None,
        };
        let is_kept = matches!(status.as_str(), "200" | "206" | "304");
        let groups: &[&str] = match is_kept && is_public && reflects_events {
            true => &["Cache-Groups", "Surrogate-Key"],
            false => &[],
        };
        for name in names.iter().chain(groups).copied().chain(more) {
            response.headers.insert(name.to_owned(), header(name).into());
        }
    }
}

/// What a header is, by its name.
fn header(name: &str) -> Header {
    let number = |minimum: u32| {
        let integer = ObjectBuilder::new().schema_type(Type::Integer);
        integer.format(Some(SchemaFormat::Custom("int64".to_owned()))).minimum(Some(minimum))
    };
    let (schema, description) = match name {
        "Accept-Ranges" => (text(), "`items`: a `Range` of items may be asked for."),
        "Cache-Control" => (text(), "How long the answer may be kept, and by whom."),
        "Cache-Groups" => (text(), "By what names caches may forget the answer (RFC 9875)."),
        "Surrogate-Key" => (text(), "The same for CDNs, separated by spaces."),
        "Cinelog-Limit-Applied" => {
            (number(1), "How many items the page was limited to, where more were asked for.")
        }
        "Cinelog-Position" => (number(0), "The position in the log that the answer reflects."),
        "Content-Range" => (text(), "Which items these are, and of how many: `items 0-24/250`."),
        "ETag" => (text(), "Changes when the answer does."),
        "Last-Modified" => (text(), "When the film or its ratings last changed."),
        "Link" => (text(), "`self`, `first`, `prev` and `next` (RFC 8288)."),
        "Preference-Applied" => (text(), "The preferences that were followed (RFC 7240)."),
        _ => (number(0), "How many seconds to wait before asking again."),
    };
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}
