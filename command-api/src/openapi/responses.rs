//! Responses: every status that a command can be answered with.

use std::{collections::BTreeMap, marker::PhantomData};

use http_kit::ProblemDocument;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{
        Content, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
        schema::{AnyOfBuilder, Object, ObjectBuilder, Type},
    },
};

use super::{BulkResults, MovieReceipt};
use crate::{bulk::MEDIA_TYPE, jobs::JobDocument, receipt::DryRun};

type Responses = BTreeMap<String, RefOr<Response>>;

fn responses<const N: usize>(list: [(&str, ResponseBuilder); N]) -> Responses {
    list.into_iter().map(|(status, response)| (status.to_owned(), response.into())).collect()
}

fn json<T: ToSchema>(description: &str) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(Ref::from_schema_name(T::name()))))
}

/// A line for each line.
fn lines(description: &str) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(description)
        .content(MEDIA_TYPE, Content::new(Some(Ref::from_schema_name(BulkResults::name()))))
}

/// Adds the headers of a job that has been made.
fn located_job(response: ResponseBuilder) -> ResponseBuilder {
    let text = || Object::builder().schema_type(Type::String);
    response
        .header("Location", header(text(), "Where the job is."))
        .header("Preference-Applied", header(text(), "`respond-async`."))
        .header(
            "Idempotency-Replayed",
            header(text(), "`true` where an earlier request with the same key made the job."),
        )
}

/// A receipt, or what would be done.
fn receipt_or_dry_run<R: ToSchema>(description: &str) -> ResponseBuilder {
    let either = AnyOfBuilder::new()
        .item(Ref::from_schema_name(R::name()))
        .item(Ref::from_schema_name(DryRun::name()));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(either)))
}

fn problem(description: &str) -> ResponseBuilder {
    let body = Content::new(Some(Ref::from_schema_name(ProblemDocument::name())));
    ResponseBuilder::new().description(description).content(ProblemDocument::MEDIA_TYPE, body)
}

fn header(schema: ObjectBuilder, description: &str) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// Adds the headers that say where what was done stands.
fn placed(response: ResponseBuilder) -> ResponseBuilder {
    let text = || Object::builder().schema_type(Type::String);
    let number = || Object::builder().schema_type(Type::Integer).minimum(Some(0));
    response
        .header("ETag", header(text(), "The revision, such as `\"r3\"`."))
        .header("Cinelog-Position", header(number(), "Where it stands in the log."))
        .header(
            "Cache-Group-Invalidation",
            header(text(), "What a cache on the way may forget (RFC 9875)."),
        )
        .header(
            "Idempotency-Replayed",
            header(text(), "`true` where this repeats the answer to an earlier request."),
        )
}

/// Adds the header that says where what was made is.
fn located(response: ResponseBuilder) -> ResponseBuilder {
    let text = Object::builder().schema_type(Type::String);
    placed(response).header("Location", header(text, "Where it is."))
}

/// Adds the header that says which formats are understood.
fn accepting(response: ResponseBuilder) -> ResponseBuilder {
    let text = Object::builder().schema_type(Type::String);
    response.header("Accept", header(text, "The media types that are understood."))
}

macro_rules! into_responses {
    ($(
        $(#[$doc:meta])*
        $name:ident $(<$receipt:ident>)? { $($status:literal => $response:expr),+ $(,)? }
    )+) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name $(<$receipt>(PhantomData<$receipt>))?;

            impl $(<$receipt: ToSchema>)? IntoResponses for $name $(<$receipt>)? {
                fn responses() -> Responses {
                    responses([$(($status, $response)),+])
                }
            }
        )+
    };
}

into_responses! {
    /// Something new is there.
    Created<R> {
        "200" => json::<DryRun>("What would be done (`dry_run=true`)."),
        "201" => located(json::<R>("It has been created.")),
    }
    /// Something is there as it was asked for.
    Put<R> {
        "200" => placed(receipt_or_dry_run::<R>(
            "It has been changed, or was so already; or what would be done (`dry_run=true`)."
        )),
        "201" => located(json::<R>("It has been created.")),
    }
    /// Something was done.
    Receipted {
        "200" => placed(receipt_or_dry_run::<MovieReceipt>(
            "It has been done, or was so already; or what would be done (`dry_run=true`)."
        )),
    }
    /// Something is there no more.
    Deleted {
        "200" => json::<DryRun>("What would be done (`dry_run=true`)."),
        "204" => placed(ResponseBuilder::new().description("It is gone, or was gone already.")),
    }
    /// Lines were answered, or a job was made of them.
    BulkAnswered {
        "200" => lines("A line for each line, while they are carried out."),
        "202" => located_job(json::<JobDocument>(
            "A job has been made of the lines (`Prefer: respond-async`)."
        )),
    }
    /// A job.
    JobAnswered {
        "200" => json::<JobDocument>("The job as it is now."),
    }
    /// What came of a job.
    JobResults {
        "200" => lines("A line for each line that has been carried out."),
    }
    /// What a request about a job can be refused with.
    JobRefused {
        "400" => problem("The request cannot be read, or a parameter is not valid."),
        "404" => problem("There is no such job, or it belongs to another account."),
        "406" => problem("`Accept` rules out all that there is."),
        "414" => problem("The address is too long."),
        "500" => problem("Something went wrong here."),
        "503" => problem("Not available at the moment."),
    }
    /// What any command can be refused with.
    Refused {
        "400" => problem("The request cannot be read, or a parameter is not valid."),
        "406" => problem("`Accept` rules out JSON."),
        "408" => problem("The request took too long to arrive."),
        "409" => problem(
            "It contradicts what is, or a request with the same `Idempotency-Key` is being worked on."
        ),
        "412" => problem(
            "A precondition does not hold; `current_revision` and `events` say what has happened since."
        ),
        "413" => problem("The body is too large."),
        "414" => problem("The address is too long."),
        "422" => problem(
            "The content is not valid, or the `Idempotency-Key` belongs to another request."
        ),
        "500" => problem("Something went wrong here."),
        "503" => problem("Not available at the moment."),
    }
    /// What a command with a body can be refused with besides.
    BodyRefused {
        "415" => accepting(problem("The body's format is not understood.")),
    }
    /// What a command about something that must be there can be refused with besides.
    NotThere {
        "404" => problem("There is no such thing, or there is none any more."),
    }
    /// What a command without a body can be refused with besides where the server wants to know the version.
    Guarded {
        "428" => problem(
            "The server is set to demand a guard here: `If-Match` or `If-Unmodified-Since`."
        ),
    }
    /// The same of one with a body.
    Conditional {
        "428" => problem(
            "The server is set to demand a guard here: `If-Match`, `If-Unmodified-Since` or \
             `expected_version`."
        ),
    }
}
