//! Headers that speak to caches.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Adds `name` to `Vary` and joins all of its lines into one, each name once (RFC 9110 section 12.5.5).
pub fn vary(headers: &mut HeaderMap, name: &HeaderName) {
    let mut names: Vec<String> = Vec::new();
    let present: Vec<_> = headers.get_all(header::VARY).iter().cloned().collect();
    let present = present.iter().filter_map(|value| value.to_str().ok());
    for listed in present.flat_map(|value| value.split(',')).chain([name.as_str()]) {
        let listed = listed.trim().to_ascii_lowercase();
        if !listed.is_empty() && !names.contains(&listed) {
            names.push(listed);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        headers.insert(header::VARY, value);
    }
}
