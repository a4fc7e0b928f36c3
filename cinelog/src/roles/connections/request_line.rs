//! The first line of a request: its three parts, and the four forms that an address may have (RFC 9112
//! sections 3 and 3.2).
//!
//! hyper reads more than these: `x:80` is an address to it, `ftp://x/` too, and a fragment is cut off in silence.
//! What it does not read it answers with an empty body. So whatever passes here is one of the four forms, and
//! hyper reads it.
//!
//! Pure: knows bytes and no sockets.

use http_kit::Unreadable;

/// What an address is, for whom has sent none.
const FORMS: &str = "The address of a request is a path that begins with a slash, a URL of http or https, or `*` \
                     with OPTIONS.";

/// Reads the line; gives whether it is HTTP/1.0.
pub(super) fn read(line: &[u8]) -> Result<bool, Unreadable> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (method, target, version) = (parts.next(), parts.next(), parts.next());
    let method = method.filter(|method| !method.is_empty() && method.iter().all(is_token));
    let target = target.filter(|target| !target.is_empty());
    let (Some(method), Some(target), None) = (method, target, parts.next()) else {
        return Err(malformed(
            "The request line is not a method, an address and a version with one space between them.",
        ));
    };
    let is_http_10 = match version {
        Some(b"HTTP/1.1") => false,
        Some(b"HTTP/1.0") => true,
        _ => return Err(malformed("This is not HTTP/1.1.")),
    };
    check_target(method, target).map(|()| is_http_10)
}

fn check_target(method: &[u8], target: &[u8]) -> Result<(), Unreadable> {
    match target {
        b"*" if method == b"OPTIONS" => Ok(()),
        _ if method == b"CONNECT" => {
            let has_port = target.contains(&b':') && target.last().is_some_and(u8::is_ascii_digit);
            match has_port && is_host_and_port(target) {
                true => Ok(()),
                false => Err(malformed("The address of a CONNECT is a host and a port.")),
            }
        }
        [b'/', ..] => check_path_and_query(target),
        _ => check_url(target),
    }
}

/// `http://host:port/path?query`, as it is sent to proxies. A server must take it too.
fn check_url(target: &[u8]) -> Result<(), Unreadable> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let (begins, rest) = target.split_at_checked(scheme.len())?;
        begins.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
    });
    let rest = rest.ok_or(malformed(FORMS))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let (host, rest) = rest.split_at(end.unwrap_or(rest.len()));
    // A user before the host is there to deceive (RFC 9110 section 4.2.4).
    if !is_host_and_port(host) {
        return Err(malformed("The URL of a request names a host, perhaps a port, and no user."));
    }
    check_path_and_query(rest)
}

/// Whether this is a name or an address of a host, perhaps with a port (RFC 3986 section 3.2). Names with
/// percent signs are none that can be looked up, and hyper reads none.
pub(super) fn is_host_and_port(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|&byte| byte == b':' || byte == b']') {
        Some(at) if text[at] == b':' => (&text[..at], &text[at + 1..]),
        _ => (text, [].as_slice()),
    };
    let is_host = match host {
        [b'[', address @ .., b']'] => {
            !address.is_empty()
                && address.iter().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte))
        }
        name => !name.is_empty() && name.iter().all(is_of_name),
    };
    is_host && port.iter().all(u8::is_ascii_digit)
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte)
}

/// More is taken than RFC 3986 has: clients send `[`, `{`, `|` and text in UTF-8 as they are, and hyper reads
/// them. No fragment: it is never sent, and hyper would cut it off.
fn check_path_and_query(text: &[u8]) -> Result<(), Unreadable> {
    let end = text.iter().position(|&byte| byte == b'?').unwrap_or(text.len());
    let (path, query) = text.split_at(end);
    let is_read = path.iter().all(|&byte| byte != b'`' && (byte == b'"' || is_anywhere(byte)))
        && query.iter().all(|&byte| is_anywhere(byte))
        && (text.is_ascii() || std::str::from_utf8(text).is_ok());
    match is_read {
        true => Ok(()),
        false => {
            Err(malformed("The address holds a character that must be percent-encoded, or a #."))
        }
    }
}

/// Whether it may stand in a path and in a query.
fn is_anywhere(byte: u8) -> bool {
    byte > b' ' && !matches!(byte, b'"' | b'#' | b'<' | b'>' | 0x7f)
}

pub(super) fn malformed(what: &'static str) -> Unreadable {
    Unreadable::Malformed(what)
}

/// A character of names (RFC 9110 section 5.6.2).
pub(super) fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;

    use super::*;

    fn is_read(method: &str, target: &[u8]) -> bool {
        read(&[method.as_bytes(), b" ", target, b" HTTP/1.1"].concat()).is_ok()
    }

    #[test]
    fn an_address_has_one_of_four_forms() {
        for (method, target) in [
            ("GET", "/"),
            ("GET", "//v1/movies"),
            ("GET", "/v1/{\"a\"}?year[gte]=1990&q=été|`"),
            ("GET", "http://x"),
            ("GET", "HTTPS://films.example:8080/v1?q=1"),
            ("GET", "http://127.0.0.1:/v1"),
            ("GET", "http://[::1]:80?q=1"),
            ("OPTIONS", "*"),
            ("OPTIONS", "http://x"),
            ("CONNECT", "x:443"),
        ] {
            assert!(is_read(method, target.as_bytes()), "{method} {target}");
        }
        for (method, target) in [
            ("GET", "*"),
            ("OPTIONS", "**"),
            ("GET", "x:/v1"),
            ("GET", "x:80"),
            ("GET", "v1/movies"),
            ("GET", "?q"),
            ("GET", "#"),
            ("GET", "\\v1"),
            ("GET", "http:/v1"),
            ("GET", "http:x"),
            ("GET", "http:///v1"),
            ("GET", "http://:80/v1"),
            ("GET", "http://ann:secret@x/v1"),
            ("GET", "http://x:80:80/v1"),
            ("GET", "http://x:y/v1"),
            ("GET", "http://[::1/v1"),
            ("GET", "http://[]/v1"),
            ("GET", "http://é/v1"),
            ("GET", "http://x/v1#a"),
            ("GET", "ftp://x/v1"),
            ("GET", "://x/v1"),
            ("GET", "1http://x/v1"),
            ("CONNECT", "/v1"),
            ("CONNECT", "http://x/v1"),
            ("CONNECT", "*"),
            ("CONNECT", "x"),
            ("CONNECT", "[::1]"),
        ] {
            assert!(!is_read(method, target.as_bytes()), "{method} {target}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in ["x", "x:", "x:80", "a_b.c-d", "1.2.3.4:5", "[::1]", "[::ffff:1.2.3.4]:80"] {
            assert!(is_host_and_port(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a b", "a/b", "a@b", "a?b", "x:y", "é", "[::1", "::1", "[::1]x", "[x]",
            "x%41",
        ] {
            assert!(!is_host_and_port(host.as_bytes()), "{host}");
        }
    }

    proptest! {
        #[test]
        fn a_path_passes_where_hyper_reads_it_and_there_is_no_fragment(
            rest in prop::collection::vec(any::<u8>(), 0..12),
            text in "[ -~é?#]{0,12}",
        ) {
            for rest in [rest, text.into_bytes()] {
                let target = [b"/".as_slice(), &rest].concat();
                let read_by_hyper = Uri::try_from(&target[..]).is_ok();
                let is_in_pieces = rest.contains(&b' ') || rest.contains(&b'#') || rest.contains(&0x7f);
                prop_assert_eq!(is_read("GET", &target), read_by_hyper && !is_in_pieces);
            }
        }

        #[test]
        fn whatever_passes_hyper_reads(
            method in "GET|OPTIONS|CONNECT",
            target in "((https?|ftp|x)?:?/{0,3})([a-z0-9.:@%_!$&'()*+,;=~-]{0,9}|\\[[0-9a-f:.]{0,6}\\]?(:[0-9]{0,3})?)[/?]?[ -~é]{0,4}",
        ) {
            let is_read = is_read(&method, target.as_bytes());
            prop_assert!(!is_read || Uri::try_from(target.as_bytes()).is_ok(), "{}", target);
        }
    }
}
