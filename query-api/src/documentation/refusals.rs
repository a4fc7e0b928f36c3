//! What OpenAPI says that a route may answer besides what was asked for: problems, and 304.

use std::collections::BTreeMap;

use http_kit::{
    ProblemDocument,
    ProblemType::{
        self, Internal, InvalidParameter, NotAcceptable, NotCaughtUp, NotFound,
        RangeNotSatisfiable, UriTooLong,
    },
};
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

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
