//! A kept answer: a head and a body that are ready to be sent, and what tells whether they may be.

use axum::{body::Body, extract::MatchedPath, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, response::Parts};
use jiff::Timestamp;

use super::{Cacheable, Topic, question::Question};
use crate::{
    ETag,
    conditional::not_modified_since,
    context::ContextHeaders,
    edge::add_defaults,
    etag::NotTags,
    http_date,
    representation::{base_tag, held_of},
};

/// What an answer takes besides its body, in bytes, about: two heads and what they hang on.
const BYTES_BESIDES_BODY: u64 = 4096;

/// Headers that describe a body, and are not on a 304.
const OF_A_BODY: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];

/// An answer to everybody who asks the same.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The version that it shows, of which series, and the topics that it is about.
    pub(super) series: u64,
    pub(super) version: u64,
    pub(super) topics: Box<[Topic]>,
    /// The epoch in which it was made.
    pub(super) epoch: u64,
    head: HeaderMap,
    head_not_modified: HeaderMap,
    body: Bytes,
    /// Its tag, whatever the representation.
    tag: Option<ETag>,
    last_modified: Option<Timestamp>,
    /// The route that made it, which is recorded whenever it is given out.
    pub(super) route: Option<MatchedPath>,
}

/// What an answer was made of, and when.
pub(super) struct Made {
    pub(super) series: u64,
    pub(super) version: u64,
    pub(super) topics: Box<[Topic]>,
    pub(super) epoch: u64,
    pub(super) route: Option<MatchedPath>,
}

impl Answer {
    /// Makes one of a handler's whole answer. `version` is the header that tells the version.
    pub(super) fn new(
        parts: Parts,
        body: Bytes,
        cacheable: Cacheable,
        epoch: u64,
        version: &HeaderName,
    ) -> Self {
        let mut head = parts.headers;
        head.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        head.insert(version, HeaderValue::from(cacheable.version));
        add_defaults(&mut head);
        let made = Made {
            series: cacheable.series,
            version: cacheable.version,
            topics: cacheable.topics.into(),
            epoch,
            route: parts.extensions.get().cloned(),
        };
        Self::of(head, body, made)
    }

    /// One with these headers, which are all that it is sent with, but those of the request that it is sent to.
    pub(super) fn of(mut head: HeaderMap, body: Bytes, made: Made) -> Self {
        // Room for what is put in each time.
        ContextHeaders::reserve(&mut head);
        let mut head_not_modified = head.clone();
        for name in OF_A_BODY {
            head_not_modified.remove(name);
        }
        Self {
            series: made.series,
            version: made.version,
            topics: made.topics,
            epoch: made.epoch,
            tag: base_tag(&head),
            last_modified: head.get(header::LAST_MODIFIED).and_then(http_date::read),
            head_not_modified,
            head,
            body,
            route: made.route,
        }
    }

    /// Its headers and its body.
    pub(super) fn parts(&self) -> (&HeaderMap, &Bytes) {
        (&self.head, &self.body)
    }

    /// The answer to a question: whole, or 304 where the client has it already. It says that it shows
    /// `version`.
    ///
    /// # Errors
    /// [`NotTags`] where the condition cannot be read.
    pub(super) fn to(
        &self,
        question: &Question<'_>,
        version: (&HeaderName, u64),
    ) -> Result<Response, NotTags> {
        let (status, head, body) = match self.not_modified(question)? {
            Some(tag) => {
                let mut head = self.head_not_modified.clone();
                head.insert(header::ETAG, tag);
                (StatusCode::NOT_MODIFIED, head, Body::empty())
            }
            None if question.is_head => (StatusCode::OK, self.head.clone(), Body::empty()),
            None => (StatusCode::OK, self.head.clone(), Body::from(self.body.clone())),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = head;
        if version.1 != self.version {
            response.headers_mut().insert(version.0, HeaderValue::from(version.1));
        }
        if let Some(route) = &self.route {
            response.extensions_mut().insert(route.clone());
        }
        Ok(response)
    }

    /// The tag of the representation that the client has, where it is still what it would get; as
    /// [`crate::respond_conditional`] and [`crate::representation`] have it together.
    fn not_modified(&self, question: &Question<'_>) -> Result<Option<HeaderValue>, NotTags> {
        let Some(current) = &self.tag else { return Ok(None) };
        let Some(held) = question.headers.get(header::IF_NONE_MATCH) else {
            let is_as_before =
                self.last_modified.is_some_and(|time| not_modified_since(question.headers, time));
            return Ok(is_as_before.then(|| question.wanted.tag_of_not_modified(current, &[])));
        };
        // What nearly every client sends: the very tag that it was given.
        let ours = self.head.get(header::ETAG);
        let is_only = question.headers.get_all(header::IF_NONE_MATCH).iter().nth(1).is_none();
        if is_only && ours == Some(held) {
            return Ok(ours.cloned());
        }
        let Some(held) = question.held()? else {
            return Ok(Some(question.wanted.tag_of_not_modified(current, &[])));
        };
        let has_ours = held_of(current, &held).is_some();
        Ok(has_ours.then(|| question.wanted.tag_of_not_modified(current, &held)))
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        BYTES_BESIDES_BODY + self.body.len() as u64
    }

    #[cfg(test)]
    pub(super) fn body(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use axum::response::IntoResponse;

    use super::*;

    /// An answer with this body.
    pub(in crate::cache) fn answer(body: &str) -> Answer {
        let (parts, _) = ().into_response().into_parts();
        let cacheable = Cacheable { series: 1, version: 1, topics: Vec::new() };
        let version = HeaderName::from_static("version");
        Answer::new(parts, Bytes::copy_from_slice(body.as_bytes()), cacheable, 2, &version)
    }
}
