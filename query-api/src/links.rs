//! Links of a list, in its body and in `Link` (RFC 8288).
//!
//! They are relative to the server, and go on by cursor however the page was asked for: a cursor
//! costs the same on every page and stays right while films come and go.

use http::HeaderValue;
use http_kit::encode_component;
use serde::Serialize;
use utoipa::ToSchema;

/// Where this page, the first, the previous and the next one are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ListLinks {
    /// This page.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference", example = "/v1/movies?sort=-rating")]
    this: String,
    /// The first page.
    #[schema(format = "uri-reference")]
    first: String,
    /// The page before this one.
    #[schema(required, format = "uri-reference")]
    prev: Option<String>,
    /// The page after this one.
    #[schema(required, format = "uri-reference")]
    next: Option<String>,
}

impl ListLinks {
    /// The links of a page of the list at `path` (encoded), asked with `pairs`. `prev` and `next` are
    /// sealed cursors.
    pub(crate) fn new(
        path: &str,
        pairs: &[(String, String)],
        prev: Option<&str>,
        next: Option<&str>,
    ) -> Self {
        let each = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let list = || each().filter(|(name, _)| !["cursor", "page"].contains(name));
        let to = |cursor| address(path, list().chain([("cursor", cursor)]));
        Self {
            this: address(path, each()),
            first: address(path, list()),
            prev: prev.map(to),
            next: next.map(to),
        }
    }

    /// The links as the value of `Link`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let links = [
            ("self", Some(&self.this)),
            ("first", Some(&self.first)),
            ("prev", self.prev.as_ref()),
            ("next", self.next.as_ref()),
        ];
        let links: Vec<_> = links
            .into_iter()
            .filter_map(|(rel, address)| Some(format!("<{}>; rel=\"{rel}\"", address?)))
            .collect();
        HeaderValue::from_str(&links.join(", ")).ok()
    }
}

fn address<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut address = path.to_owned();
    for (at, (name, value)) in pairs.enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(&encode_component(name));
        address.push('=');
        address.push_str(&encode_component(value));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn links_keep_filters_and_order_and_go_on_by_cursor() {
        let asked = pairs(&[("year[gte]", "1950"), ("page", "2"), ("sort", "-rating,title")]);
        let links = ListLinks::new("/v1/movies", &asked, Some("P"), Some("N"));
        assert_eq!(links.this, "/v1/movies?year%5Bgte%5D=1950&page=2&sort=-rating%2Ctitle");
        assert_eq!(links.first, "/v1/movies?year%5Bgte%5D=1950&sort=-rating%2Ctitle");
        let next = "/v1/movies?year%5Bgte%5D=1950&sort=-rating%2Ctitle&cursor=N";
        assert_eq!(links.next.as_deref(), Some(next));
    }

    #[test]
    fn the_header_names_only_the_links_there_are() {
        let links = ListLinks::new("/v1/genres", &[], None, Some("N"));
        let header = links.header().unwrap();
        assert_eq!(
            header.to_str().unwrap(),
            "</v1/genres>; rel=\"self\", </v1/genres>; rel=\"first\", \
             </v1/genres?cursor=N>; rel=\"next\""
        );
    }

    #[test]
    fn nothing_in_a_value_can_end_the_link() {
        let links =
            ListLinks::new("/v1/movies", &pairs(&[("q", "a>; rel=\"next\"\r\n ü")]), None, None);
        assert_eq!(links.this, "/v1/movies?q=a%3E%3B%20rel%3D%22next%22%0D%0A%20%C3%BC");
    }
}
