//! `POST /v1/movies/bulk`: many commands about films, a line each; answered as they are carried out, or
//! made a job of (`Prefer: respond-async`, RFC 7240 section 4.1).

use axum::{
    BoxError,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_kit::{Json, JsonLines, Preferences, Problem, access::Standing};

use crate::{
    bulk::{Input, LineResult, Lines, MEDIA_TYPE, Sender, Work},
    circumstances::{CommandFrom, DryRunParameter},
    jobs::Accepted,
    openapi::{BodyRefused, BulkAnswered, BulkLines, Refused},
    receipt::IDEMPOTENCY_REPLAYED,
    state::CommandState,
};

/// How many bytes of results are sent at a time at most, where more are there.
const CHUNK_BYTES: usize = 16 << 10;

/// Create and change many films
///
/// A line is a film, as `POST /v1/movies` takes it, or an operation on one. Each is accepted or refused
/// on its own, and answered with one line, in order; lines about the same film are carried out in order,
/// others at the same time. Answers begin while lines are still being sent; who does not read them is
/// not read from. A blank line is passed over, and counted.
///
/// With an `Idempotency-Key` the request can be repeated after it has been cut off: what has been done is
/// not done again, and is answered as it was. With `Prefer: respond-async` all lines are taken in first,
/// and a job is made of them.
#[utoipa::path(
    post, path = "/v1/movies/bulk", operation_id = "bulk_movies", tag = "movies",
    params(DryRunParameter),
    request_body(
        description = "JSON documents, one a line",
        content(
            (BulkLines = "application/x-ndjson"),
            (BulkLines = "application/ndjson"),
            (BulkLines = "application/jsonl"),
            (BulkLines = "text/plain")
        )
    ),
    responses(BulkAnswered, Refused, BodyRefused),
)]
pub(crate) async fn bulk_movies(
    State(state): State<CommandState>,
    from: CommandFrom,
    preferences: Preferences,
    standing: Option<Standing>,
    JsonLines(body): JsonLines,
) -> Result<Response, Problem> {
    let sender = Sender::of(from.circumstances)?;
    let input = body.into_data_stream().map_err(BoxError::from).boxed();
    if preferences.respond_async {
        return accept(&state, sender, standing, input).await;
    }
    let (lines, stop) = (Lines::received(input, &state.bulk), state.stopping.clone());
    let results = results(Work::new(state, sender, standing, lines, stop));
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
    Ok((no_store(), content_type, Body::from_stream(results)).into_response())
}

fn no_store() -> [(HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

/// Makes a job of the lines, and says where it is.
async fn accept(
    state: &CommandState,
    sender: Sender,
    standing: Option<Standing>,
    input: Input,
) -> Result<Response, Problem> {
    let accepted = state.jobs.accept(sender, standing, input, &state.bulk).await?;
    let Accepted { job, repeated } = accepted;
    let mut headers = http::HeaderMap::new();
    let location = HeaderValue::try_from(format!("/v1/jobs/{}", job.id));
    headers.insert(header::LOCATION, location.map_err(Problem::internal)?);
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    if repeated {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    let applied = Preferences { respond_async: true, ..Preferences::default() }.applied();
    headers.extend(applied);
    let document = Json(job.record().document(state.bulk.jobs_keep));
    Ok((StatusCode::ACCEPTED, no_store(), headers, document).into_response())
}

/// What is still to be sent.
enum Phase {
    Results(Work),
    /// All has been said; the client is still sending.
    Said(Work),
}

/// The results as they come, those that are there at the same time in one piece.
fn results(work: Work) -> impl Stream<Item = Result<Bytes, serde_json::Error>> {
    stream::try_unfold(Phase::Results(work), |phase| async move {
        let mut work = match phase {
            Phase::Results(work) => work,
            Phase::Said(mut work) => {
                // A connection that is closed on somebody who is sending loses what was said last.
                work.let_finish_sending().await;
                return Ok(None);
            }
        };
        let mut piece = BytesMut::new();
        let mut next = work.next().await;
        if next.is_none() {
            let Some(last) = work.last_word() else { return Ok(None) };
            last.write_to(&mut piece)?;
            return Ok(Some((piece.freeze(), Phase::Said(work))));
        }
        while let Some(result) = next {
            LineResult::write_to(&result, &mut piece)?;
            let has_room = piece.len() < CHUNK_BYTES;
            next = if has_room { work.next().now_or_never().flatten() } else { None };
        }
        Ok(Some((piece.freeze(), Phase::Results(work))))
    })
}
