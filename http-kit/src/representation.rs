//! One resource, several representations: media type and content coding.
//!
//! A strong entity tag may stand for one sequence of bytes only (RFC 9110 section 8.8.3.3). So each
//! representation's tag ends in what it is: `"r5"`, `"r5;gzip"`, `"r5;v1"`, `"r5;v1;br"`. Handlers know
//! nothing of it: the endings are taken off conditions on their way in and put on tags on their way out.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{
    ETag, MEDIA_TYPE_V1,
    caching::vary,
    compression::{AcceptedCodings, Coding},
    etag::{Tags, read_tags},
    negotiation::{Accepted, accepted, is_negotiated},
};

/// The ending of tags of answers labelled [`MEDIA_TYPE_V1`].
const V1: &str = "v1";

/// Chooses the representation, and labels the answer with it. It stands around the compressing layer.
pub(crate) async fn represent(mut request: Request, next: Next) -> Response {
    let wanted = Wanted::of(request.uri().path(), request.headers());
    let reads = request.method() == Method::GET;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, wanted.codings.header_value());
    take_endings_off(headers, &header::IF_MATCH, |_| true);
    let offered = if reads { wanted.simplify_if_none_match(headers) } else { Vec::new() };
    let mut response = next.run(request).await;
    if !reads {
        vary(response.headers_mut(), []);
        return response;
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        wanted.label_not_modified(response.headers_mut(), &offered);
    } else if response.status().is_success() {
        wanted.label(response.headers_mut());
    }
    let negotiated = wanted.negotiated.then_some(header::ACCEPT);
    vary(response.headers_mut(), negotiated.into_iter().chain([header::ACCEPT_ENCODING]));
    response
}

/// The representation that a client wants.
pub(crate) struct Wanted {
    negotiated: bool,
    /// The media type of this version, by its name.
    pub(crate) v1: bool,
    pub(crate) codings: AcceptedCodings,
}

/// A tag without its endings, and the endings.
struct Variant {
    base: ETag,
    v1: bool,
    coding: Option<Coding>,
}

impl Variant {
    fn of(tag: &ETag) -> Self {
        let mut base = tag.opaque();
        let mut coding = None;
        if let Some((rest, ending)) = base.rsplit_once(';')
            && let Some(known) = Coding::named(ending)
        {
            (base, coding) = (rest, Some(known));
        }
        let stripped = base.strip_suffix(V1).and_then(|rest| rest.strip_suffix(';'));
        let base_tag = tag.with_opaque(stripped.unwrap_or(base));
        Self { base: base_tag, v1: stripped.is_some(), coding }
    }

    fn tag(&self) -> ETag {
        let mut opaque = self.base.opaque().to_owned();
        let endings = [self.v1.then_some(V1), self.coding.map(Coding::as_str)];
        for ending in endings.into_iter().flatten() {
            opaque.push(';');
            opaque.push_str(ending);
        }
        self.base.with_opaque(&opaque)
    }
}

impl Wanted {
    /// What a request for this path wants.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let negotiated = is_negotiated(path);
        Self {
            negotiated,
            v1: negotiated && accepted(headers) == Accepted::V1,
            codings: AcceptedCodings::of(headers),
        }
    }

    /// Of the tags that a client holds those that it could be answered with now.
    pub(crate) fn offered(&self, mut tags: Vec<ETag>) -> Vec<ETag> {
        tags.retain(|tag| self.includes(&Variant::of(tag)));
        tags
    }

    /// Whether the client could be answered with this variant now.
    fn includes(&self, variant: &Variant) -> bool {
        let readable = variant.coding.is_none_or(|coding| self.codings.includes(coding));
        readable && variant.v1 == self.v1
    }

    /// Leaves in `If-None-Match` the tags of representations that would do, without their endings, and
    /// gives them back whole. A client that holds none of those must get a whole answer, so all
    /// conditions are dropped.
    fn simplify_if_none_match(&self, headers: &mut HeaderMap) -> Vec<ETag> {
        let offered =
            take_endings_off(headers, &header::IF_NONE_MATCH, |variant| self.includes(variant));
        if offered.as_ref().is_some_and(Vec::is_empty) {
            headers.remove(header::IF_MODIFIED_SINCE);
        }
        offered.unwrap_or_default()
    }

    /// Puts the media type and the tag's endings on a whole answer.
    fn label(&self, headers: &mut HeaderMap) {
        let is_json =
            headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json");
        let v1 = self.v1 && is_json;
        if v1 {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE_V1));
        }
        let coding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let coding = coding.and_then(Coding::named);
        put_ending_on(headers, v1, coding);
    }

    /// Puts on a 304 the tag that it stands for.
    fn label_not_modified(&self, headers: &mut HeaderMap, offered: &[ETag]) {
        if let Some(current) = etag(headers) {
            headers.insert(header::ETAG, self.tag_of_not_modified(&current, offered));
        }
    }

    /// The tag on a 304: the one that the client holds. Where it did not say which (it asked by date or
    /// with `*`), that is the tag which a body worth compressing would have. `current` has no endings.
    pub(crate) fn tag_of_not_modified(&self, current: &ETag, offered: &[ETag]) -> HeaderValue {
        match held_of(current, offered) {
            Some(held) => current.with_opaque(held.opaque()),
            None => {
                let (base, coding) = (current.clone(), self.codings.chosen);
                Variant { base, v1: self.v1, coding }.tag()
            }
        }
        .header_value()
    }
}

/// The first of these tags that is `current` with endings.
pub(crate) fn held_of<'t>(current: &ETag, tags: &'t [ETag]) -> Option<&'t ETag> {
    tags.iter().find(|tag| Variant::of(tag).base.matches_weakly(current))
}

/// The tag in a header of an answer, without its endings.
pub(crate) fn base_tag(headers: &HeaderMap) -> Option<ETag> {
    etag(headers).map(|tag| Variant::of(&tag).base)
}

/// Takes the endings off the tags in a header and drops the tags that are not `kept`; gives those that
/// are, whole. `None` where the header holds no list: absent, `*`, or broken, which the handler will say.
fn take_endings_off(
    headers: &mut HeaderMap,
    name: &header::HeaderName,
    kept: impl Fn(&Variant) -> bool,
) -> Option<Vec<ETag>> {
    let Ok(Some(Tags::These(mut tags))) = read_tags(headers, name) else { return None };
    tags.retain(|tag| kept(&Variant::of(tag)));
    let bases: Vec<_> = tags.iter().map(|tag| Variant::of(tag).base.to_string()).collect();
    match HeaderValue::try_from(bases.join(", ")) {
        Ok(value) if !bases.is_empty() => headers.insert(name, value),
        _ => headers.remove(name),
    };
    Some(tags)
}

fn etag(headers: &HeaderMap) -> Option<ETag> {
    match read_tags(headers, &header::ETAG) {
        Ok(Some(Tags::These(mut tags))) if tags.len() == 1 => tags.pop(),
        _ => None,
    }
}

fn put_ending_on(headers: &mut HeaderMap, v1: bool, coding: Option<Coding>) {
    if let Some(base) = etag(headers) {
        headers.insert(header::ETAG, Variant { base, v1, coding }.tag().header_value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_taken_apart_and_put_together_again() {
        for (opaque, base, v1, coding) in [
            ("r5", "r5", false, None),
            ("r5;gzip", "r5", false, Some(Coding::Gzip)),
            ("r5;v1", "r5", true, None),
            ("r5;v1;br", "r5", true, Some(Coding::Brotli)),
            ("r5;deflate", "r5;deflate", false, None),
            ("r5v1", "r5v1", false, None),
        ] {
            for tag in [ETag::strong(opaque), ETag::weak(opaque)] {
                let variant = Variant::of(&tag);
                assert_eq!((variant.base.opaque(), variant.v1, variant.coding), (base, v1, coding));
                assert_eq!(variant.tag(), tag);
            }
        }
    }

    #[test]
    fn a_broken_condition_is_left_for_the_handler_to_refuse() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static("r5"));
        assert_eq!(take_endings_off(&mut headers, &header::IF_MATCH, |_| true), None);
        assert_eq!(headers[header::IF_MATCH], "r5");
    }
}
