//! Which request this is: its id and its place in a trace.
//!
//! The outermost layer of the edge takes `X-Request-Id` and `traceparent` in, or makes them, and sends
//! both back, so that a client, this server's log and the event log can speak of the same request.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use trace_kit::{Span, is_traceparent};
use uuid::Uuid;

use crate::{Clock, Problem};

/// The request's id, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context, in both directions.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is known of a request besides what it asks. An extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// `X-Request-Id`, the client's or one made here: 1 to 128 visible ASCII characters.
    pub request_id: String,
    /// W3C Trace Context: the span of this request where it is recorded, else the client's, or one made
    /// here. Behind [`crate::edge`] it is always there.
    pub traceparent: Option<String>,
}

/// A handler asks for the context, and no layer has made one.
#[derive(Debug, thiserror::Error)]
#[error("the route is not behind http_kit::edge")]
pub(crate) struct NotBehindEdge;

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(NotBehindEdge))
    }
}

/// The context as it is sent back.
#[derive(Debug)]
pub(crate) struct ContextHeaders {
    request_id: HeaderValue,
    traceparent: HeaderValue,
}

impl ContextHeaders {
    /// Takes the context in, makes what is missing of it, and begins the span of the request.
    pub(crate) fn of(headers: &HeaderMap, clock: &Clock) -> (Self, Span) {
        let request_id = only(headers, &REQUEST_ID).filter(|id| is(id, is_request_id));
        let given = only(headers, &TRACEPARENT).filter(|text| is(text, is_traceparent));
        let span = Span::serving(given.and_then(|text| text.to_str().ok()));
        let traceparent = match span.traceparent() {
            Some(own) => ascii(own.as_bytes()),
            None => given.cloned().unwrap_or_else(|| new_traceparent(clock)),
        };
        let request_id = request_id.cloned().unwrap_or_else(|| new_request_id(clock));
        (Self { request_id, traceparent }, span)
    }

    /// The context as handlers see it.
    pub(crate) fn context(&self) -> RequestContext {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        RequestContext {
            request_id: text(&self.request_id),
            traceparent: Some(text(&self.traceparent)),
        }
    }

    /// Both, as they are written to the log.
    pub(crate) fn texts(&self) -> (&str, &str) {
        let [id, trace] = [&self.request_id, &self.traceparent];
        (id.to_str().unwrap_or_default(), trace.to_str().unwrap_or_default())
    }

    /// Sends them back.
    pub(crate) fn put_into(self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.request_id);
        headers.insert(TRACEPARENT, self.traceparent);
    }

    /// Makes room for them in headers that will be sent many times.
    pub(crate) fn reserve(headers: &mut HeaderMap) {
        for name in [REQUEST_ID, TRACEPARENT] {
            headers.insert(name, HeaderValue::from_static(""));
        }
    }
}

/// The value of a header that may stand in a request once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn is(value: &HeaderValue, rule: fn(&str) -> bool) -> bool {
    value.to_str().is_ok_and(rule)
}

fn is_request_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn new_request_id(clock: &Clock) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    ascii(clock.new_id().hyphenated().encode_lower(&mut text).as_bytes())
}

/// A new trace that starts here. It is not sampled: nobody records spans of it.
fn new_traceparent(clock: &Clock) -> HeaderValue {
    let trace = clock.new_trace();
    // The only span of its trace: any number but 0 will do, and this one is nearly as random.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
    let span = (trace as u64).rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    write_hex(&mut text[3..35], trace);
    write_hex(&mut text[36..52], span.into());
    ascii(&text)
}

/// Writes the last digits of a number, as many as there is room for.
fn write_hex(into: &mut [u8], mut number: u128) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for digit in into.iter_mut().rev() {
        *digit = DIGITS[usize::from(number as u8 & 15)];
        number >>= 4;
    }
}

fn ascii(text: &[u8]) -> HeaderValue {
    // Hexadecimal digits and hyphens, which a header holds.
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn context_of(headers: &[(HeaderName, &str)]) -> RequestContext {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        ContextHeaders::of(&map, &Clock::fixed(Timestamp::UNIX_EPOCH)).0.context()
    }

    #[test]
    fn what_the_client_sends_is_kept() {
        let context = context_of(&[(REQUEST_ID, "abc-123"), (TRACEPARENT, GIVEN)]);
        assert_eq!(context.request_id, "abc-123");
        assert_eq!(context.traceparent.as_deref(), Some(GIVEN));
    }

    #[test]
    fn a_request_id_that_is_empty_long_odd_or_double_is_replaced() {
        let made = context_of(&[]).request_id;
        assert_eq!(made.len(), 36);
        for id in ["", "a b", "é", &"x".repeat(129)] {
            assert_eq!(context_of(&[(REQUEST_ID, id)]).request_id, made, "{id}");
        }
        assert_eq!(context_of(&[(REQUEST_ID, "a"), (REQUEST_ID, "b")]).request_id, made);
        assert_eq!(context_of(&[(REQUEST_ID, &"x".repeat(128))]).request_id.len(), 128);
    }

    #[test]
    fn a_traceparent_is_made_where_there_is_no_valid_one() {
        let made = context_of(&[]).traceparent.unwrap();
        assert!(is_traceparent(&made), "{made}");
        assert_eq!(context_of(&[(TRACEPARENT, "garbage")]).traceparent, Some(made));
    }
}
