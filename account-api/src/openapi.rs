//! What the OpenAPI document says of all of these routes.

use http_kit::ProblemDocument;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
        Type,
        path::{Operation, PathItem},
        schema::Components,
    },
};

/// What every request can be refused with.
const REFUSED: [(&str, &str); 5] = [
    ("400", "The request cannot be read, or a parameter is not valid."),
    ("406", "`Accept` rules out JSON."),
    ("414", "The address is too long."),
    ("500", "Something went wrong here."),
    ("503", "Not available at the moment."),
];

/// What a request that changes something can be refused with besides: also one without a body, which has to end.
const CHANGE_REFUSED: [(&str, &str); 2] =
    [("408", "The request took too long to arrive."), ("412", "A precondition does not hold.")];

/// What a request with a body can be refused with besides.
const BODY_REFUSED: [(&str, &str); 3] = [
    ("413", "The body is too large."),
    ("415", "The body's format is not understood."),
    ("422", "The content is not valid."),
];

/// The document that the routes are added to.
pub(crate) fn document() -> OpenApi {
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    let mut components = Components::new();
    components.schemas.extend(schemas);
    OpenApiBuilder::new().components(Some(components)).build()
}

/// Adds what can be answered to any request of its kind, where an operation says nothing of it; and says of
/// `limit` that no number is too large: a page has fewer items then, and tells so.
pub(crate) fn complete(document: &mut OpenApi) {
    for (operation, is_change) in document.paths.paths.values_mut().flat_map(operations) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && parameter.name == "limit"
            {
                let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
                parameter.schema = Some(number.into());
            }
        }
        let with_body: &[_] = if operation.request_body.is_some() { &BODY_REFUSED } else { &[] };
        let changing: &[_] = if is_change { &CHANGE_REFUSED } else { &[] };
        for (status, description) in REFUSED.iter().chain(changing).chain(with_body) {
            let responses = &mut operation.responses.responses;
            responses.entry((*status).to_owned()).or_insert_with(|| problem(description));
        }
    }
}

/// The operations of a path, and whether each changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let changes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
    let changes = changes.into_iter().flatten().map(|operation| (operation, true));
    item.get.iter_mut().map(|operation| (operation, false)).chain(changes)
}

fn problem(description: &str) -> RefOr<Response> {
    let body = Content::new(Some(Ref::from_schema_name(ProblemDocument::name())));
    ResponseBuilder::new()
        .description(description)
        .content(ProblemDocument::MEDIA_TYPE, body)
        .build()
        .into()
}
