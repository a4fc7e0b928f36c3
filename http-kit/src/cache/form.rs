//! The form that a shared answer has on its way: bytes, read strictly. What cannot be read is no answer.

use axum::extract::MatchedPath;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Topic,
    answer::{Answer, Made},
    shared::Routes,
};

/// What it begins with. Another form is another number.
const FORM: u8 = 1;

/// The most headers that are read of an answer.
const HEADERS_MAX: u16 = 64;

/// An answer as bytes: its form, version, topics, route, headers, body. `None` where it has a part that is
/// longer than there is a number for.
pub(super) fn write(answer: &Answer, route: &MatchedPath) -> Option<Bytes> {
    let (head, body) = answer.parts();
    let mut bytes = Vec::with_capacity(body.len() + 1_024);
    bytes.push(FORM);
    bytes.extend(answer.version.to_be_bytes());
    length(&mut bytes, answer.topics.len())?;
    answer.topics.iter().for_each(|topic| bytes.extend(topic.number().to_be_bytes()));
    text(&mut bytes, route.as_str().as_bytes())?;
    length(&mut bytes, head.len())?;
    for (name, value) in head {
        text(&mut bytes, name.as_str().as_bytes())?;
        text(&mut bytes, value.as_bytes())?;
    }
    bytes.extend_from_slice(body);
    Some(bytes.into())
}

/// The answer that bytes are of, as one of this series and epoch; `None` where they are of none, or of a
/// route that has answered nothing here yet.
pub(super) fn read(bytes: &Bytes, series: u64, epoch: u64, routes: &Routes) -> Option<Answer> {
    let mut rest = Rest(bytes);
    if rest.take(1)? != [FORM] {
        return None;
    }
    let version = u64::from_be_bytes(rest.take(8)?.try_into().ok()?);
    let count = rest.number()?;
    let topics: Option<Vec<Topic>> =
        (0..count).map(|_| Some(Topic::numbered(rest.number()?))).collect();
    let route = routes.find(std::str::from_utf8(rest.text()?).ok()?)?;
    let count = rest.number()?;
    if count > HEADERS_MAX {
        return None;
    }
    let mut head = HeaderMap::with_capacity(usize::from(count) + 8);
    for _ in 0..count {
        let name = HeaderName::from_bytes(rest.text()?).ok()?;
        head.append(name, HeaderValue::from_bytes(rest.text()?).ok()?);
    }
    let body = bytes.slice_ref(rest.0);
    if head.get(header::CONTENT_LENGTH)? != HeaderValue::from(body.len()) {
        return None;
    }
    let made = Made { series, version, topics: topics?.into(), epoch, route: Some(route) };
    Some(Answer::of(head, body, made))
}

fn length(bytes: &mut Vec<u8>, length: usize) -> Option<()> {
    bytes.extend(u16::try_from(length).ok()?.to_be_bytes());
    Some(())
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    length(bytes, text.len())?;
    bytes.extend_from_slice(text);
    Some(())
}

/// What has not been read yet.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use axum::{Extension, Router, body::Body, routing::get};
    use http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::cache::answer::tests::answer;

    async fn route(pattern: &str) -> MatchedPath {
        let tell = async |route: MatchedPath| Extension(route);
        let router: Router = Router::new().route(pattern, get(tell));
        let request = Request::get(pattern).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().extensions().get::<MatchedPath>().unwrap().clone()
    }

    /// An answer as bytes, and the routes of a node that reads it.
    async fn written() -> (Bytes, Routes) {
        let (route, routes) = (route("/films").await, Routes::default());
        routes.learn(&route);
        (write(&answer("A film."), &route).unwrap(), routes)
    }

    #[tokio::test]
    async fn what_is_read_is_what_was_written() {
        let (bytes, routes) = written().await;
        let (read, before) = (read(&bytes, 7, 4, &routes).unwrap(), answer("A film."));
        assert_eq!(read.parts(), before.parts());
        assert_eq!((read.version, &read.topics), (before.version, &before.topics));
        assert_eq!((read.series, read.epoch), (7, 4));
        assert_eq!(read.route.unwrap().as_str(), "/films");
    }

    #[tokio::test]
    async fn what_is_not_whole_is_no_answer() {
        let (bytes, routes) = written().await;
        for length in 0..bytes.len() {
            assert!(read(&bytes.slice(..length), 1, 2, &routes).is_none(), "{length} bytes");
            assert!(length == 0 || read(&bytes.slice(length..), 1, 2, &routes).is_none());
        }
        let longer: Bytes = [&bytes[..], b"x"].concat().into();
        assert!(read(&longer, 1, 2, &routes).is_none());
    }

    #[tokio::test]
    async fn an_answer_of_another_form_or_of_a_route_that_is_not_known_is_none() {
        let (bytes, routes) = written().await;
        let mut other = bytes.to_vec();
        other[0] += 1;
        assert!(read(&other.into(), 1, 2, &routes).is_none());
        assert!(read(&bytes, 1, 2, &Routes::default()).is_none());
    }
}
