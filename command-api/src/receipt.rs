//! What the client is told when a command has been carried out.

use axum::response::{IntoResponse, Response};
use event_log::Appended;
use events::{
    CloudEvent, EventId, MovieId, NewEvent, Position, RecordedEvent, Revision, Slug, StreamName,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_kit::{ETag, Json, invalidates};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{changed, problem::CommandError};

pub(crate) const CINELOG_POSITION: HeaderName = HeaderName::from_static("cinelog-position");
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What was done, and where it stands in the log.
#[derive(Debug, Serialize)]
pub(crate) struct Receipt {
    #[serde(flatten)]
    subject: SubjectId,
    revision: Revision,
    position: Position,
    events: Vec<ReceiptEvent>,
    links: ReceiptLinks,
}

/// What a receipt is about. A field of its own for each kind, so that none is taken for another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectId {
    /// A film, or a rating of it.
    Id(MovieId),
    /// A genre.
    Slug(Slug),
}

/// An event that was appended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptEvent {
    #[schema(value_type = Uuid)]
    id: EventId,
    /// What kind of event it is.
    #[serde(rename = "type")]
    #[schema(example = "MovieCreated")]
    event_type: String,
}

/// Where to go from here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptLinks {
    /// What was changed.
    #[serde(rename = "self")]
    #[schema(
        format = "uri-reference",
        example = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b"
    )]
    this: String,
}

/// What would be done, where nothing was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRun {
    /// The events that would be appended, as CloudEvents. Their ids and times would be others.
    #[schema(value_type = Vec<Object>)]
    pub(crate) events: Vec<Value>,
    /// The revision that they would lead to.
    #[schema(minimum = 0, example = 2)]
    pub(crate) revision: u64,
}

/// What is changed, as the client knows it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) id: SubjectId,
    pub(crate) address: String,
}

/// How success is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    /// 201 where it was not there before, 200 where it was.
    Put,
    /// 200.
    Changed,
    /// 204.
    Gone,
}

/// How a command is answered, save for where its events stand. The log keeps it under the idempotency
/// key, so fields are only ever added, and with a default.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    subject: SubjectId,
    address: String,
    events: Vec<ReceiptEvent>,
}

/// A command that has been carried out.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Answer,
    pub(crate) appended: Appended,
    /// Whether it had been carried out before, and this is the answer it got then.
    pub(crate) repeated: bool,
}

/// What came of a command that was not refused.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Done),
    /// It was a dry run.
    Rehearsed(DryRun),
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK)
    }

    pub(crate) fn subject(&self) -> &SubjectId {
        &self.subject
    }

    pub(crate) fn new(
        success: Success,
        existed: bool,
        subject: &Subject,
        events: &[NewEvent],
    ) -> Self {
        let status = match success {
            Success::Put if !existed => StatusCode::CREATED,
            Success::Put | Success::Changed => StatusCode::OK,
            Success::Gone => StatusCode::NO_CONTENT,
        };
        let events = events
            .iter()
            .map(|event| ReceiptEvent { id: event.id, event_type: event.event_type.clone() });
        Self {
            status: status.as_u16(),
            subject: subject.id.clone(),
            address: subject.address.clone(),
            events: events.collect(),
        }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let Self { answer, appended: Appended { revision, position }, repeated } = self;
        let status = answer.status();
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CINELOG_POSITION, HeaderValue::from(position.0));
        if revision > Revision::NONE {
            headers.insert(header::ETAG, ETag::strong(format!("r{revision}")).header_value());
        }
        if status == StatusCode::CREATED
            && let Ok(address) = HeaderValue::from_str(&answer.address)
        {
            headers.insert(header::LOCATION, address);
        }
        let event_types = answer.events.iter().map(|event| event.event_type.as_str());
        invalidates(&mut headers, &changed::groups(&answer.subject, event_types));
        if repeated {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::NO_CONTENT {
            return (status, headers).into_response();
        }
        let Answer { subject, address, events, .. } = answer;
        let links = ReceiptLinks { this: address };
        let receipt = Receipt { subject, revision, position, events, links };
        (status, headers, Json(receipt)).into_response()
    }
}

impl DryRun {
    /// What would be appended to `stream` after `revision`.
    pub(crate) fn of(
        stream: &StreamName,
        mut revision: Revision,
        events: Vec<NewEvent>,
    ) -> Result<Self, CommandError> {
        let mut shown = Vec::new();
        for event in events {
            revision = revision.next();
            let recorded = RecordedEvent {
                position: Position::START,
                stream: stream.clone(),
                revision,
                id: event.id,
                event_type: event.event_type,
                schema_version: event.schema_version,
                metadata: event.metadata,
                data: event.data,
            };
            let mut json = serde_json::to_value(CloudEvent::from(&recorded))?;
            // It has no place in the log.
            if let Some(attributes) = json.as_object_mut() {
                attributes.remove("position");
            }
            shown.push(json);
        }
        Ok(Self { events: shown, revision: revision.0 })
    }
}

impl IntoResponse for DryRun {
    fn into_response(self) -> Response {
        let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (no_store, Json(self)).into_response()
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::Done(done) => done.into_response(),
            Self::Rehearsed(trial) => trial.into_response(),
        }
    }
}
