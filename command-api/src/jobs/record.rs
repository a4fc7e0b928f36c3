//! What is known of a job: as it is kept, and as its maker sees it.

use std::time::Duration;

use http_kit::access::Recollection;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bulk::Sender;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// It waits for its turn.
    Queued,
    /// It is being carried out.
    Running,
    /// Each of its lines has a result.
    Done,
    /// It cannot be carried out to its end.
    Failed,
    /// It was cancelled before its end.
    Cancelled,
}

impl JobState {
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A job as it is kept. Fields are only ever added, and with a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) sender: Sender,
    /// What there is to ask about whoever made it, or asked for it again. `None`: of one that was made before this
    /// was kept.
    #[serde(default)]
    pub(crate) maker: Option<Recollection>,
    /// The `Idempotency-Key` of the request that made it.
    pub(crate) client_key: Option<String>,
    /// A hash of that request.
    pub(crate) fingerprint: String,
    pub(crate) input_bytes: u64,
    pub(crate) state: JobState,
    /// Whether it is to be cancelled.
    pub(crate) cancelling: bool,
    pub(crate) progress: Progress,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    /// Why it failed.
    pub(crate) failure: Option<String>,
}

/// What has been done of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Lines that are not blank.
    pub(crate) total: u64,
    pub(crate) succeeded: u64,
    pub(crate) refused: u64,
    pub(crate) results_bytes: u64,
}

impl Record {
    /// The same after a restart: what was being carried out waits to be gone on with.
    pub(super) fn at_start(self) -> Self {
        let state = if self.state == JobState::Running { JobState::Queued } else { self.state };
        Self { state, ..self }
    }

    /// Notes the end.
    pub(super) fn finish(&mut self, state: JobState, failure: Option<String>, now: Timestamp) {
        (self.state, self.failure, self.finished_at) = (state, failure, Some(now));
        if state == JobState::Done {
            self.progress.total = self.progress.succeeded + self.progress.refused;
        }
    }

    /// As its maker sees it, where jobs that are finished are kept for `keep`.
    pub(crate) fn document(&self, keep: Duration) -> JobDocument {
        let Progress { total, succeeded, refused, .. } = self.progress;
        JobDocument {
            id: self.id,
            state: self.state,
            dry_run: self.sender.dry_run,
            lines: JobLines { total, answered: succeeded + refused, succeeded, refused },
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            expires_at: self.finished_at.and_then(|at| at.checked_add(keep).ok()),
            detail: self.failure.clone(),
            links: JobLinks {
                this: format!("/v1/jobs/{}", self.id),
                results: format!("/v1/jobs/{}/results", self.id),
            },
        }
    }
}

/// A bulk request that is carried out after it has been answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobDocument {
    id: Uuid,
    state: JobState,
    /// Whether it says what would happen rather than do it.
    dry_run: bool,
    lines: JobLines,
    created_at: Timestamp,
    /// When the first line was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<Timestamp>,
    /// Until when it is kept, with its results.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    links: JobLinks,
}

/// How many lines of a job there are, and what came of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobLines {
    /// Lines that are not blank.
    #[schema(minimum = 0)]
    total: u64,
    /// Lines that have a result.
    #[schema(minimum = 0)]
    answered: u64,
    #[schema(minimum = 0)]
    succeeded: u64,
    #[schema(minimum = 0)]
    refused: u64,
}

/// Where to go from a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobLinks {
    #[serde(rename = "self")]
    #[schema(format = "uri-reference")]
    this: String,
    /// What came of its lines, so far.
    #[schema(format = "uri-reference")]
    results: String,
}
