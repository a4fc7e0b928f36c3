//! Header fields that hold comma-separated lists (RFC 9110 section 5.6.1).

use http::{HeaderMap, HeaderName};

/// How many elements of a list are looked at. What a browser sends has a dozen; the work that a header
/// can make must not grow with its length.
const ELEMENTS_MAX: usize = 256;

/// The elements of a list, over all lines of the field, trimmed; empty ones are passed over. Commas
/// within quotes do not separate. A line that is not visible ASCII is one element that nothing will
/// understand, so it is passed over too; so is all that comes after the first [`ELEMENTS_MAX`].
pub(crate) fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| split_unquoted(line, ','))
        .take(ELEMENTS_MAX)
}

/// The parts of `text` between separators that stand outside quotes, trimmed, without empty ones.
pub(crate) fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        let separates = c == separator && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
    .map(str::trim)
    .filter(|element| !element.is_empty())
}

/// An element's name and its parameters, in lower case as far as they are names: `gzip;q=0.5`.
pub(crate) fn with_parameters(element: &str) -> (String, Vec<(String, &str)>) {
    let mut parts = split_unquoted(element, ';');
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let parameters = parts
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (name.trim().to_ascii_lowercase(), value.trim())
        })
        .collect();
    (name, parameters)
}

/// An element's name, as it stands, and its weight (RFC 9110 section 12.4.2), in thousandths: 1000 where
/// it has none, and 0 where that is malformed, since that wants nothing we can know.
pub(crate) fn weighted(element: &str) -> (&str, u16) {
    let mut parts = split_unquoted(element, ';');
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
    });
    (name, weight.unwrap_or(1000))
}

fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    let digits = fraction.bytes().map(|b| u16::from(b - b'0')).chain(std::iter::repeat(0));
    let fraction = digits.take(3).fold(0, |number, digit| number * 10 + digit);
    match whole {
        "0" => fraction,
        "1" if fraction == 0 => 1000,
        _ => 0,
    }
}

/// The weight of each of these names in a list of [`weighted`] elements, whatever their capitals; of a
/// name that is listed twice the first counts.
pub(crate) fn weights_of<const N: usize>(
    names: [&str; N],
    listed: impl Iterator<Item = (impl AsRef<str>, u16)>,
) -> [Option<u16>; N] {
    let mut weights = [None; N];
    for (name, weight) in listed {
        let at = names.iter().position(|known| known.eq_ignore_ascii_case(name.as_ref()));
        if let Some(known) = at.and_then(|at| weights.get_mut(at)) {
            known.get_or_insert(weight);
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    #[test]
    fn a_list_may_stand_on_several_lines() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("a, ,b"));
        headers.append(header::ACCEPT, HeaderValue::from_static(" c "));
        assert_eq!(elements(&headers, &header::ACCEPT).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn an_endless_list_is_looked_at_up_to_a_bound() {
        let mut headers = HeaderMap::new();
        for _ in 0..10 {
            headers.append(header::ACCEPT, HeaderValue::try_from("a,".repeat(10_000)).unwrap());
        }
        assert_eq!(elements(&headers, &header::ACCEPT).count(), ELEMENTS_MAX);
    }

    #[test]
    fn commas_within_quotes_do_not_separate() {
        let parts: Vec<_> = split_unquoted(r#"a="x,\"y,", b"#, ',').collect();
        assert_eq!(parts, [r#"a="x,\"y,""#, "b"]);
    }

    #[test]
    fn weights_are_thousandths() {
        let weight_of = |q: &str| weighted(&format!("x; a=b ;Q={q};q=0.7")).1;
        assert_eq!(weighted("x;a"), ("x", 1000));
        assert_eq!(
            ["1", "1.000", "0", "0.5", "0.123", "0."].map(weight_of),
            [1000, 1000, 0, 500, 123, 0]
        );
        assert_eq!(["2", "-1", "0.1234", "1.1", "", "0.x"].map(weight_of), [0; 6]);
    }
}
