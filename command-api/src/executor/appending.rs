//! What was decided goes into the log, at the revision that was decided on; and where nobody hears whether it did,
//! it is asked for again until that is known.

use std::time::Duration;

use event_log::{Append, AppendError, Appended, Expected, IdempotencyEntry, LogError};
use events::{NewEvent, Revision, StreamName};
use trace_kit::{Span, SpanKind};

use super::Executor;
use crate::loaded::Loaded;

/// How often an append whose outcome is unknown is tried, with the same event ids.
const APPENDS_MAX: u32 = 4;

/// How long to wait before the second of these; twice as long before each further one.
const APPEND_PAUSE: Duration = Duration::from_millis(50);

impl Executor {
    /// Appends what was decided on `loaded`. Without events there is nothing to append, unless
    /// something is to be remembered.
    pub(super) async fn append<A>(
        &self,
        stream: &StreamName,
        loaded: &Loaded<A>,
        given: Option<(StreamName, Revision)>,
        events: Vec<NewEvent>,
        idempotency: Option<IdempotencyEntry>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() && idempotency.is_none() {
            return Ok(Appended { revision: loaded.revision, position: loaded.position });
        }
        let expected = match loaded.revision {
            Revision::NONE => Expected::NoStream,
            revision => Expected::Exact(revision),
        };
        let traceparent = events.first().and_then(|event| event.metadata.traceparent.as_deref());
        let mut span = Span::child("append", SpanKind::Client, traceparent);
        span.set_text("cinelog.stream", stream.as_str());
        span.count("cinelog.events", events.len() as u64);
        let append = Append { stream: stream.clone(), expected, given, events, idempotency };
        let appended = self.append_until_known(append).await;
        match &appended {
            Ok(appended) => span.count("cinelog.position", appended.position.0),
            Err(error) => span.fail(error.to_string()),
        }
        appended
    }

    /// Appends, and where the outcome is unknown tries again with the same ids: the log gives the
    /// first result if there was one.
    async fn append_until_known(&self, append: Append) -> Result<Appended, AppendError> {
        let mut pause = APPEND_PAUSE;
        for attempt in 1..APPENDS_MAX {
            match self.log.append(append.clone()).await {
                Err(AppendError::Log(LogError::Unavailable(reason))) => {
                    tracing::warn!(stream = %append.stream, attempt, reason, "append outcome unknown");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                known => return known,
            }
        }
        self.log.append(append).await
    }
}
