//! What is refused, and that nothing else is, however the bytes come.

use proptest::prelude::*;

use super::*;

const GOOD: &str = "GET /films HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";

/// What is found where all of it comes at once.
fn all_at_once(text: &str) -> Found {
    Framing::default().follow(text.as_bytes())
}

/// What is found where it comes in pieces: the sum of it.
fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Found {
    let (mut framing, mut kept, mut sizes) = (Framing::default(), Vec::new(), sizes.iter().cycle());
    let mut sum = Found { whole: 0, heads: 0, refused: None };
    let mut rest = bytes;
    while !rest.is_empty() && sum.refused.is_none() {
        let (piece, more) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        kept.extend_from_slice(piece);
        let found = framing.follow(&kept);
        kept.drain(..found.whole);
        sum.whole += found.whole;
        sum.heads += found.heads;
        sum.refused = found.refused;
        rest = more;
    }
    sum
}

fn refused(text: &str) -> Option<u16> {
    let found = all_at_once(text);
    let why = found.refused?;
    assert_eq!(in_pieces(text.as_bytes(), &[1]).refused, Some(why), "byte by byte");
    // What came before is served, and what comes after is not.
    let after = all_at_once(&format!("{GOOD}{text}"));
    assert_eq!((after.whole, after.heads, after.refused), (GOOD.len(), 1, Some(why)));
    Some(why.status().as_u16())
}

fn with(line: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n")
}

#[test]
fn what_two_servers_would_read_differently_is_refused() {
    for lines in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4\r\nContent-Length: 4",
        "Content-Length: 4, 4",
        "Content-Length: +4",
        "Content-Length: -1",
        "Content-Length: 0x4",
        "Content-Length: ",
        "Content-Length: 18446744073709551615",
        "Content-Length: 99999999999999999999",
        "Content-Length : 4",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:\u{b}chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "A: b\r\n\tTransfer-Encoding: chunked",
        "A: b\nTransfer-Encoding: chunked",
        "A: b\rTransfer-Encoding: chunked",
        "A: b\0",
        "A\0: b",
        ": b",
        "no colon",
        "Host: y",
    ] {
        assert_eq!(refused(&with(lines)), Some(400), "{lines:?}");
    }
}

#[test]
fn a_request_line_is_three_parts() {
    for line in [
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        "GET / HTTP/1.1\u{b}",
        "G(T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET * HTTP/1.1",
        "GET x:/ HTTP/1.1",
        "GET ftp://x/ HTTP/1.1",
    ] {
        assert_eq!(refused(&format!("{line}\r\nHost: x\r\n\r\n")), Some(400), "{line:?}");
    }
    assert_eq!(refused("GET / HTTP/1.1\nHost: x\r\n\r\n"), Some(400));
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), Some(400), "no Host");
    for host in ["a b", "a/b", "ann@x", "x:y"] {
        assert_eq!(
            refused(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")),
            Some(400),
            "{host}"
        );
    }
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: \r\n\r\n"), None, "no name for it");
    assert_eq!(refused("GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n"), None);
    assert_eq!(refused("GET / HTTP/1.0\r\n\r\n"), None);
    assert_eq!(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Some(400));
}

#[test]
fn what_is_too_large_is_said_by_what_it_is() {
    let long = "x".repeat(HEAD_BYTES_MAX);
    assert_eq!(refused(&format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n")), Some(414));
    assert_eq!(refused(&format!("GET /{long}")), Some(414), "also where it has no end");
    assert_eq!(refused(&with(&format!("A: {long}"))), Some(431));
    let fields = |count: usize| with("A: b\r\n".repeat(count).trim_end());
    assert_eq!(refused(&fields(HEADERS_MAX - 1)), None);
    assert_eq!(refused(&fields(HEADERS_MAX)), Some(431));
}

#[test]
fn a_head_is_whole_at_its_last_byte_and_not_before() {
    let one = GOOD.len();
    assert_eq!(all_at_once(&GOOD[..one - 1]), Found { whole: 0, heads: 0, refused: None });
    let two = format!("{GOOD}\r\n{GOOD}");
    assert_eq!(all_at_once(&two), Found { whole: two.len(), heads: 2, refused: None });
}

/// Requests as they may be, with bodies that look like requests.
fn request() -> impl Strategy<Value = (String, u64)> {
    let body = prop_oneof![Just(String::new()), Just(GOOD.to_owned()), "[a-z\r\n: ]{0,80}"];
    let chunks = prop::collection::vec(("[ -~\r\n]{1,40}", "(;[a-z]{1,5}=\"[a-z]{0,5}\")?"), 0..4);
    let plain = body.prop_map(|body| {
        let length = body.len();
        format!("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
    });
    let chunked = (chunks, "(X-Sum: [a-z]{1,9}\r\n){0,2}").prop_map(|(chunks, trailers)| {
        let chunk = |(data, extension): &(String, String)| {
            format!("{:x}{extension}\r\n{data}\r\n", data.len())
        };
        let chunks: String = chunks.iter().map(chunk).collect();
        format!(
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n{chunks}0\r\n{trailers}\r\n"
        )
    });
    prop_oneof![plain, chunked, Just(GOOD.to_owned())].prop_map(|text| (text, 1))
}

proptest! {
    #[test]
    fn good_requests_pass_whole_however_they_are_cut(
        requests in prop::collection::vec(request(), 1..5),
        sizes in prop::collection::vec(1_usize..60, 1..6),
    ) {
        let text: String = requests.iter().map(|(text, _)| text.as_str()).collect();
        let found = in_pieces(text.as_bytes(), &sizes);
        let heads = requests.iter().map(|(_, heads)| heads).sum();
        prop_assert_eq!(found, Found { whole: text.len(), heads, refused: None });
        prop_assert_eq!(all_at_once(&text).whole, text.len());
    }

    #[test]
    fn no_bytes_make_it_panic_or_run_past_their_end(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        size in 1_usize..40,
    ) {
        let found = Framing::default().follow(&bytes);
        prop_assert!(found.whole <= bytes.len());
        prop_assert_eq!(in_pieces(&bytes, &[size]).refused, found.refused);
    }
}
