//! What the routes' OpenAPI descriptions have in common: parameters, refusals, headers.

use std::collections::BTreeMap;

use events::Slug;
use http_kit::{ProblemDocument, ProblemType};
use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
        Response, ResponseBuilder, Schema, SchemaFormat, Type,
        path::{Operation, Parameter as OpenApiParameter, ParameterBuilder, ParameterIn},
        schema::{AdditionalProperties, Components},
    },
};

use crate::{
    collections::{Facets, Movies, Ratings},
    parameter::{Parameter, TEXT_PATTERN},
    routes::{film_parameters, my_rating_parameters},
};

/// Declares types that stand for the parameters of a route.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = $parameters:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<OpenApiParameter> {
                $parameters
            }
        }
    )+};
}

parameters! {
    /// Of lists of films.
    MovieListParameters = documented(Movies::parameters());
    /// Of lists of genres, tags, platforms and people.
    FacetListParameters = documented(Facets::parameters());
    /// Of lists of ratings.
    RatingListParameters = documented(Ratings::parameters());
    /// Of a single film.
    FilmParameters = documented(film_parameters());
    /// Of the caller's own rating.
    MyRatingParameters = documented(my_rating_parameters());
    /// A slug in the path.
    SlugParameter = {
        let slug = text().min_length(Some(1)).max_length(Some(Slug::MAX_CHARS));
        let slug = slug.pattern(Some(TEXT_PATTERN));
        vec![in_path("slug", slug, "The slug, or the name that it was made of.")]
    };
    /// Which event schema.
    SchemaParameters = vec![
        in_path("type", text().min_length(Some(1)).max_length(Some(64)), "The type of event."),
        in_path(
            "version",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::Custom("int64".to_owned())))
                .minimum(Some(1))
                .maximum(Some(u32::MAX)),
            "The version of that type.",
        ),
    ];
}

fn documented(parameters: &[Parameter]) -> Vec<OpenApiParameter> {
    parameters.iter().filter(|each| each.documented).map(Parameter::openapi).collect()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn in_path(name: &str, schema: ObjectBuilder, description: &str) -> OpenApiParameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// Declares types that stand for what else a route may answer: problems, and 304 where it is so.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $may_be_unchanged:literal, $problems:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let unchanged = $may_be_unchanged
                    .then(|| ("304".to_owned(), Response::new("The client has it already.").into()));
                problems(&$problems).chain(unchanged).collect()
            }
        }
    )+};
}

use ProblemType::{
    Internal, InvalidParameter, NotAcceptable, NotCaughtUp, NotFound, RangeNotSatisfiable,
    UriTooLong,
};

refusals! {
    /// Of a list that is always there.
    ListProblems = true,
        [InvalidParameter, NotAcceptable, UriTooLong, RangeNotSatisfiable, Internal, NotCaughtUp];
    /// Of a list that belongs to something.
    ListOfProblems = true,
        [InvalidParameter, NotFound, NotAcceptable, UriTooLong, RangeNotSatisfiable, Internal, NotCaughtUp];
    /// Of a single thing.
    ItemProblems = true,
        [InvalidParameter, NotFound, NotAcceptable, UriTooLong, Internal, NotCaughtUp];
    /// Of what is the caller's own.
    PrivateProblems = false,
        [InvalidParameter, NotFound, NotAcceptable, UriTooLong, Internal, NotCaughtUp];
    /// Of the list of event schemas.
    SchemaListProblems = true, [InvalidParameter, NotAcceptable, UriTooLong, Internal, NotCaughtUp];
    /// Of an event schema.
    SchemaProblems = true,
        [InvalidParameter, NotFound, NotAcceptable, UriTooLong, Internal, NotCaughtUp];
}

fn problems(types: &[ProblemType]) -> impl Iterator<Item = (String, RefOr<Response>)> {
    types.iter().map(|problem| {
        let schema = Ref::from_schema_name(ProblemDocument::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description(problem.title())
            .content(ProblemDocument::MEDIA_TYPE, content);
        (problem.status().as_u16().to_string(), response.into())
    })
}

/// An event's JSON Schema: any object, as far as this document is concerned.
pub(crate) struct EventSchema;

impl PartialSchema for EventSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A JSON Schema (draft 2020-12)."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .into()
    }
}

impl ToSchema for EventSchema {}

/// Adds what the routes' own descriptions leave out: the schema of problems, and response headers.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    let problem = (ProblemDocument::name().into_owned(), ProblemDocument::schema());
    let mut schemas = vec![problem];
    ProblemDocument::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = &mut item.get {
            describe_headers(path, operation);
        }
    }
}

fn describe_headers(path: &str, operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let reflects_events = !path.starts_with("/v1/schemas");
    let is_public = responses.contains_key("304");
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        let names: &[&str] = match status.as_str() {
            "200" | "304" if !reflects_events => &["Cache-Control", "ETag"],
            "200" if !is_public => &["Cache-Control", "Cinelog-Position"],
            "200" if path.ends_with('}') => {
                &["Cache-Control", "Cinelog-Position", "ETag", "Last-Modified"]
            }
            "200" | "206" => &[
                "Accept-Ranges",
                "Cache-Control",
                "Cinelog-Limit-Applied",
                "Cinelog-Position",
                "Link",
                "Preference-Applied",
            ],
            "304" => &["Cache-Control", "Cinelog-Position", "ETag"],
            "416" => &["Content-Range"],
            "503" => &["Retry-After"],
            _ => &[],
        };
        // The tag of a part would not be that of the list, so a part has none.
        let more = match status.as_str() {
            "200" if names.contains(&"Accept-Ranges") => Some("ETag"),
            "206" => Some("Content-Range"),
            _ => None,
        };
        let is_kept = matches!(status.as_str(), "200" | "206" | "304");
        let groups: &[&str] = match is_kept && is_public && reflects_events {
            true => &["Cache-Groups", "Surrogate-Key"],
            false => &[],
        };
        for name in names.iter().chain(groups).copied().chain(more) {
            response.headers.insert(name.to_owned(), header(name).into());
        }
    }
}

fn header(name: &str) -> Header {
    let number = |minimum: u32| {
        let integer = ObjectBuilder::new().schema_type(Type::Integer);
        integer.format(Some(SchemaFormat::Custom("int64".to_owned()))).minimum(Some(minimum))
    };
    let (schema, description) = match name {
        "Accept-Ranges" => (text(), "`items`: a `Range` of items may be asked for."),
        "Cache-Control" => (text(), "How long the answer may be kept, and by whom."),
        "Cache-Groups" => (text(), "By what names caches may forget the answer (RFC 9875)."),
        "Surrogate-Key" => (text(), "The same for CDNs, separated by spaces."),
        "Cinelog-Limit-Applied" => {
            (number(1), "How many items the page was limited to, where more were asked for.")
        }
        "Cinelog-Position" => (number(0), "The position in the log that the answer reflects."),
        "Content-Range" => (text(), "Which items these are, and of how many: `items 0-24/250`."),
        "ETag" => (text(), "Changes when the answer does."),
        "Last-Modified" => (text(), "When the film or its ratings last changed."),
        "Link" => (text(), "`self`, `first`, `prev` and `next` (RFC 8288)."),
        "Preference-Applied" => (text(), "The preferences that were followed (RFC 7240)."),
        _ => (number(0), "How many seconds to wait before asking again."),
    };
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    fn document() -> Value {
        serde_json::to_value(crate::openapi()).unwrap()
    }

    #[test]
    fn every_route_is_described() {
        let document = document();
        let paths: BTreeSet<_> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = BTreeSet::from([
            "/v1/movies".to_owned(),
            "/v1/movies/{id}".to_owned(),
            "/v1/movies/{id}/ratings".to_owned(),
            "/v1/movies/{id}/ratings/me".to_owned(),
            "/v1/schemas".to_owned(),
            "/v1/schemas/{type}/{version}".to_owned(),
        ]);
        for noun in ["genres", "tags", "platforms", "people"] {
            expected.extend([
                format!("/v1/{noun}"),
                format!("/v1/{noun}/{{slug}}"),
                format!("/v1/{noun}/{{slug}}/movies"),
                format!("/v1/movies/{{id}}/{noun}"),
            ]);
        }
        assert_eq!(paths, expected.iter().map(String::as_str).collect());
    }

    #[test]
    fn operations_have_names_of_their_own_and_no_blanks() {
        let document = document();
        let operations: Vec<_> =
            document["paths"].as_object().unwrap().values().map(|item| &item["get"]).collect();
        let names: BTreeSet<_> =
            operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(names.len(), operations.len());
        assert!(names.contains("list_movies_of_person") && names.contains("list_people"));
        for operation in operations {
            let text = format!("{}{}", operation["summary"], operation["description"]);
            assert!(!text.contains("{noun"), "{text}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(reference)) = members.get("$ref") {
                        let pointer = reference.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }

    #[test]
    fn protocol_headers_and_cursors_are_not_among_the_parameters() {
        let text = document().to_string();
        for name in ["\"cursor\"", "\"Range\"", "\"Prefer\"", "\"If-None-Match\""] {
            assert!(!text.contains(&format!("\"name\":{name}")), "{name}");
        }
    }
}
