//! Reading `X-Forwarded-For` and `Forwarded` (RFC 7239), from the last to the first. Whatever is not an address
//! is told as such: whoever reads stops there.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderValue};

use super::ForwardedHeader;

/// Who came to each proxy, the last first. `None` where that cannot be read, or is not said.
pub(super) fn backwards(
    headers: &HeaderMap,
    header: ForwardedHeader,
) -> impl Iterator<Item = Option<IpAddr>> {
    // Lines of one name are one list (RFC 9110 section 5.3).
    let lines = headers.get_all(header.name()).iter().rev();
    lines.flat_map(move |line| {
        let elements = elements(line, header);
        elements.into_iter().rev()
    })
}

/// The elements of one line.
fn elements(line: &HeaderValue, header: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let Ok(text) = line.to_str() else { return vec![None] };
    match header {
        ForwardedHeader::XForwardedFor => text.split(',').map(|part| node(part.trim())).collect(),
        ForwardedHeader::Forwarded => match split_quoted(text, ',') {
            Some(elements) => elements.into_iter().map(for_of).collect(),
            None => vec![None],
        },
    }
}

/// The address in the one `for` of an element of `Forwarded`.
fn for_of(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split_quoted(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            found = Some(node(unquoted(value.trim())?)?);
        }
    }
    found
}

/// The value of a token or a quoted string. No address has a character that would have to be escaped.
fn unquoted(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.contains(['"', '\\'])).then_some(inner)
}

/// Splits at a separator that stands outside quotes; `None` where quotes are not closed.
fn split_quoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// The address of a node: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
                return None;
            }
            address.parse::<Ipv6Addr>().ok()?.into()
        }
        None => match text.split_once(':') {
            Some((address, port)) if address.contains('.') && is_port(port) => {
                IpAddr::V4(address.parse().ok()?)
            }
            _ => text.parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

/// Whether it is a port, or RFC 7239's name of one.
fn is_port(text: &str) -> bool {
    let name = text.strip_prefix('_').filter(|name| !name.is_empty());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.parse::<u16>().is_ok_and(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        || name.is_some_and(|name| name.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: ForwardedHeader, line: &str) -> Vec<Option<String>> {
        let mut headers = HeaderMap::new();
        headers.append(header.name(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        backwards(&headers, header).map(|said| said.map(|address| address.to_string())).collect()
    }

    fn some(addresses: &[&str]) -> Vec<Option<String>> {
        addresses.iter().map(|address| Some((*address).to_owned())).collect()
    }

    #[test]
    fn the_examples_of_rfc_7239_are_read() {
        let forwarded = |line| read(ForwardedHeader::Forwarded, line);
        assert_eq!(forwarded("for=\"_gazonk\""), [None]);
        assert_eq!(forwarded("For=\"[2001:db8:cafe::17]:4711\""), some(&["2001:db8:cafe::17"]));
        assert_eq!(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43"), some(&["192.0.2.60"]));
        let two = some(&["198.51.100.17", "192.0.2.43"]);
        assert_eq!(forwarded("for=192.0.2.43, for=198.51.100.17"), two);
        assert_eq!(forwarded("for=\"192.0.2.43:47011\""), some(&["192.0.2.43"]));
        assert_eq!(forwarded("for=unknown"), [None]);
    }

    #[test]
    fn a_comma_or_semicolon_in_quotes_parts_nothing() {
        let line = "for=192.0.2.43;host=\"a,b;for=1.1.1.1\\\"\", for=198.51.100.17";
        let read = read(ForwardedHeader::Forwarded, line);
        assert_eq!(read, some(&["198.51.100.17", "192.0.2.43"]));
    }

    #[test]
    fn quotes_that_are_not_closed_make_the_line_unreadable() {
        assert_eq!(read(ForwardedHeader::Forwarded, "for=1.1.1.1, for=\"2.2.2.2"), [None]);
    }

    #[test]
    fn ports_are_left_out_and_what_is_none_makes_it_no_address() {
        let read = |line| read(ForwardedHeader::XForwardedFor, line);
        assert_eq!(read("192.0.2.1:80"), some(&["192.0.2.1"]));
        assert_eq!(read("[2001:db8::1]:80"), some(&["2001:db8::1"]));
        assert_eq!(read("2001:db8::1"), some(&["2001:db8::1"]));
        for odd in ["192.0.2.1:", "192.0.2.1:99999", "192.0.2.1:+8", "[::1", "[::1]80", "[1.2.3.4]"]
        {
            assert_eq!(read(odd), [None], "{odd}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_writes_what_its_proxy_appends_is_read_first(written in "[ -~]{0,60}") {
            let line = format!("{written}, 203.0.113.9");
            let first = read(ForwardedHeader::XForwardedFor, &line).remove(0);
            prop_assert_eq!(first, Some("203.0.113.9".to_owned()));
        }

        #[test]
        fn no_line_of_forwarded_makes_an_address_of_what_another_line_says(written in "[ -~]{0,60}") {
            let mut headers = HeaderMap::new();
            for line in [&*written, "for=203.0.113.9"] {
                headers.append(http::header::FORWARDED, HeaderValue::from_str(line).unwrap());
            }
            let first = backwards(&headers, ForwardedHeader::Forwarded).next();
            prop_assert_eq!(first, Some("203.0.113.9".parse().ok()));
        }
    }
}
