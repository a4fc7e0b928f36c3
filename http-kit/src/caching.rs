//! Headers that speak to caches.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Adds `names` to `Vary` and joins all of its lines into one, with each name once, in alphabetical order
/// (RFC 9110 section 12.5.5).
pub fn vary(headers: &mut HeaderMap, names: impl IntoIterator<Item = HeaderName>) {
    let lines: Vec<_> = headers.get_all(header::VARY).iter().cloned().collect();
    let present =
        lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let mut joined: Vec<String> = Vec::new();
    for name in present.map(train_case).chain(names.into_iter().map(|n| train_case(n.as_str()))) {
        if !name.is_empty() && !joined.contains(&name) {
            joined.push(name);
        }
    }
    joined.sort_unstable();
    match HeaderValue::try_from(joined.join(", ")) {
        Ok(value) if !joined.is_empty() => headers.insert(header::VARY, value),
        _ => headers.remove(header::VARY),
    };
}

/// A header's name as people write it: `Accept-Encoding`.
fn train_case(name: &str) -> String {
    let mut starts_word = true;
    let letter = |c: char| {
        let c = if starts_word { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        starts_word = c == '-';
        c
    };
    name.trim().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_in_vary_once() {
        let mut headers = HeaderMap::new();
        headers.append(header::VARY, HeaderValue::from_static("accept, Prefer"));
        headers.append(header::VARY, HeaderValue::from_static("ACCEPT-ENCODING,,accept"));
        vary(&mut headers, [header::ACCEPT_ENCODING, header::RANGE]);
        let lines: Vec<_> = headers.get_all(header::VARY).iter().collect();
        assert_eq!(lines, ["Accept, Accept-Encoding, Prefer, Range"]);
    }

    #[test]
    fn without_a_name_there_is_no_vary() {
        let mut headers = HeaderMap::new();
        vary(&mut headers, []);
        assert!(headers.is_empty());
    }
}
