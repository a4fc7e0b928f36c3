//! What a film looks like in JSON.

use read_model::{MovieDocument, RatingSummary};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema, Type,
        schema::{AdditionalProperties, SchemaFormat},
    },
};
use uuid::Uuid;

use crate::average;

/// A film.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Movie {
    /// Its id.
    id: Uuid,
    /// The revision of its catalogue entry: what `If-Match` and `expected_version` compare with.
    #[schema(minimum = 1)]
    revision: u64,
    /// The title it is listed under.
    #[schema(example = "Seven Samurai")]
    title: String,
    /// The title in the language it was made in, where that is another.
    #[schema(required, example = "七人の侍")]
    original_title: Option<String>,
    /// Year of first release.
    #[schema(required, example = 1954)]
    year: Option<i16>,
    /// Day of first release.
    #[schema(required, value_type = Option<String>, format = "date", example = "1954-04-26")]
    release_date: Option<jiff::civil::Date>,
    /// Length in minutes.
    #[schema(required, minimum = 1, example = 207)]
    runtime_minutes: Option<u32>,
    /// What it is about.
    #[schema(required)]
    synopsis: Option<String>,
    /// Names of its genres.
    genres: Vec<String>,
    /// Free labels.
    tags: Vec<String>,
    /// Where it can be watched.
    platforms: Vec<String>,
    /// Names of its directors, in order of credit.
    directors: Vec<String>,
    /// Names of its actors, in order of billing.
    cast: Vec<String>,
    /// Names of the studios that made it.
    studios: Vec<String>,
    /// Its main language, a BCP 47 tag.
    #[schema(required, example = "ja")]
    language: Option<String>,
    /// Its main country, an ISO 3166-1 alpha-2 code.
    #[schema(required, example = "JP")]
    country: Option<String>,
    /// What other catalogues call it.
    external_ids: ExternalIds,
    /// What people think of it.
    rating: MovieRating,
    /// When it entered the catalogue.
    #[schema(value_type = String, format = "date-time")]
    created_at: jiff::Timestamp,
    /// When its catalogue entry last changed. Ratings do not count.
    #[schema(value_type = String, format = "date-time")]
    updated_at: jiff::Timestamp,
    /// Where to go from here.
    links: MovieLinks,
}

/// What other catalogues call a film.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovieExternalIds)]
struct ExternalIds {
    /// IMDb's id.
    #[schema(required, example = "tt0047478")]
    imdb: Option<String>,
    /// TMDB's id.
    #[schema(required, minimum = 1, example = 346)]
    tmdb: Option<u32>,
}

/// What people think of a film.
#[derive(Debug, Serialize, ToSchema)]
struct MovieRating {
    /// The mean of all ratings, rounded to two places; null where there are none.
    #[schema(required, minimum = 1, maximum = 10, example = 8.66)]
    average: Option<f64>,
    /// How many people rated it.
    #[schema(minimum = 0)]
    count: u64,
    /// How many gave each value. Only where a single film is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    histogram: Option<RatingHistogram>,
}

/// How many people gave each value, "1" to "10".
#[derive(Debug, Clone, Copy)]
struct RatingHistogram([u64; 10]);

/// Where to go from a film.
#[derive(Debug, Serialize, ToSchema)]
struct MovieLinks {
    /// The film itself.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference")]
    this: String,
    /// Who rated it, and how.
    #[schema(format = "uri-reference")]
    ratings: String,
    /// Its genres, with how many films each has.
    #[schema(format = "uri-reference")]
    genres: String,
    /// Its tags, likewise.
    #[schema(format = "uri-reference")]
    tags: String,
    /// Its platforms, likewise.
    #[schema(format = "uri-reference")]
    platforms: String,
    /// Its directors and actors, likewise.
    #[schema(format = "uri-reference")]
    people: String,
}

impl Movie {
    /// The names of all fields, as `fields=` knows them.
    pub(crate) const FIELDS: [&'static str; 21] = [
        "id",
        "revision",
        "title",
        "original_title",
        "year",
        "release_date",
        "runtime_minutes",
        "synopsis",
        "genres",
        "tags",
        "platforms",
        "directors",
        "cast",
        "studios",
        "language",
        "country",
        "external_ids",
        "rating",
        "created_at",
        "updated_at",
        "links",
    ];

    /// The number of this shape, for tags. To be raised with every change of what a film looks like,
    /// or caches would keep the old shape of films that did not change.
    pub(crate) const REPRESENTATION: u32 = 1;

    /// The field that comes along whatever is asked for.
    pub(crate) const ALWAYS: &'static str = "id";

    /// A film as it stands in a list.
    pub(crate) fn in_list(document: MovieDocument) -> Self {
        let to = |what: &str| format!("/v1/movies/{}{what}", document.id);
        let details = document.details;
        Self {
            id: document.id.0,
            revision: document.revision.0,
            title: details.title,
            original_title: details.original_title,
            year: details.year,
            release_date: details.release_date,
            runtime_minutes: details.runtime_minutes,
            synopsis: details.synopsis,
            genres: details.genres,
            tags: document.tags,
            platforms: document.platforms,
            directors: details.directors,
            cast: details.cast,
            studios: details.studios,
            language: details.language,
            country: details.country,
            external_ids: ExternalIds {
                imdb: details.external_ids.imdb,
                tmdb: details.external_ids.tmdb,
            },
            rating: MovieRating::of(&document.rating),
            created_at: document.created_at,
            updated_at: document.updated_at,
            links: MovieLinks {
                this: to(""),
                ratings: to("/ratings"),
                genres: to("/genres"),
                tags: to("/tags"),
                platforms: to("/platforms"),
                people: to("/people"),
            },
        }
    }

    /// A film that was asked for by itself.
    pub(crate) fn alone(document: MovieDocument) -> Self {
        let histogram = RatingHistogram(document.rating.histogram);
        let mut film = Self::in_list(document);
        film.rating.histogram = Some(histogram);
        film
    }
}

impl MovieRating {
    fn of(summary: &RatingSummary) -> Self {
        Self {
            average: summary.average().map(average::shown),
            count: summary.count,
            histogram: None,
        }
    }
}

impl Serialize for RatingHistogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((1..).map(|value: u8| value.to_string()).zip(self.0))
    }
}

impl PartialSchema for RatingHistogram {
    fn schema() -> RefOr<Schema> {
        let count = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::Custom("int64".to_owned())))
            .minimum(Some(0))
            .build();
        let object = ObjectBuilder::new()
            .description(Some("How many people gave each value."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        (1..=10_u8)
            .fold(object, |object, value| {
                object.property(value.to_string(), count.clone()).required(value.to_string())
            })
            .into()
    }
}

impl ToSchema for RatingHistogram {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{listing::short_hash, testing::film};

    fn properties(schema: RefOr<Schema>) -> (BTreeSet<String>, BTreeSet<String>) {
        let RefOr::T(Schema::Object(object)) = schema else { panic!("not an object") };
        (object.properties.keys().cloned().collect(), object.required.into_iter().collect())
    }

    #[test]
    fn a_film_has_every_field_that_its_schema_names_even_where_nothing_is_known() {
        let json = serde_json::to_value(Movie::in_list(film("Ran"))).unwrap();
        let sent: BTreeSet<_> = json.as_object().unwrap().keys().cloned().collect();
        let (declared, required) = properties(Movie::schema());
        assert_eq!(sent, declared);
        assert_eq!(sent, required);
        assert_eq!(sent, Movie::FIELDS.map(str::to_owned).into());
    }

    #[test]
    fn a_new_shape_has_a_new_number() {
        let json = serde_json::to_vec(&Movie::alone(film("Ran"))).unwrap();
        let shape = (Movie::REPRESENTATION, short_hash(&json));
        assert_eq!(
            shape,
            (1, "d78447b763f4495c".to_owned()),
            "raise the number, then write the new hash here"
        );
    }

    #[test]
    fn the_average_is_rounded_to_two_places_and_null_without_ratings() {
        let mut document = film("Ran");
        assert_eq!(
            serde_json::to_value(Movie::in_list(document.clone())).unwrap()["rating"],
            serde_json::json!({"average": null, "count": 0})
        );
        document.rating.sum = 26;
        document.rating.count = 3;
        let json = serde_json::to_value(Movie::in_list(document)).unwrap();
        assert_eq!(json["rating"]["average"], 8.67);
    }

    #[test]
    fn a_film_alone_has_a_histogram() {
        let mut document = film("Ran");
        document.rating.histogram[7] = 4;
        let json = serde_json::to_value(Movie::alone(document)).unwrap();
        assert_eq!(json["rating"]["histogram"]["8"], 4);
        assert_eq!(json["rating"]["histogram"].as_object().unwrap().len(), 10);
        let (declared, required) = properties(RatingHistogram::schema());
        assert_eq!(declared, required);
    }
}
