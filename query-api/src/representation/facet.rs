//! What a genre, tag, platform or person looks like in JSON.

use http_kit::encode_component;
use read_model::FacetDocument;
use serde::Serialize;
use utoipa::ToSchema;

use crate::noun::Noun;

/// A genre, tag, platform or person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Facet {
    /// Its name in addresses.
    #[schema(min_length = 1, max_length = 100, example = "science-fiction")]
    slug: String,
    /// How it is written.
    #[schema(example = "Science Fiction")]
    name: String,
    /// How many films have it.
    #[schema(minimum = 0)]
    movie_count: u64,
    /// What it is. Only genres have one.
    #[schema(required)]
    description: Option<String>,
    /// Where to go from here.
    links: FacetLinks,
}

/// Where to go from a genre, tag, platform or person.
#[derive(Debug, Serialize, ToSchema)]
struct FacetLinks {
    /// The thing itself.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference")]
    this: String,
    /// Its films.
    #[schema(format = "uri-reference")]
    movies: String,
}

impl Facet {
    /// A facet, as the things of this noun are shown.
    pub(crate) fn new(document: FacetDocument, noun: Noun) -> Self {
        let this = format!("/v1/{}/{}", noun.plural, encode_component(document.slug.as_str()));
        Self {
            slug: document.slug.to_string(),
            name: document.name,
            movie_count: document.movie_count,
            description: document.description,
            links: FacetLinks { movies: format!("{this}/movies"), this },
        }
    }
}
