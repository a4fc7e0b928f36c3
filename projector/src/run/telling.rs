//! Reporting how the projector is doing: status, metrics and log lines.

use std::{mem, time::Duration};

use read_model::Checkpoint;
use tokio::time::Instant;

use super::Projector;
use crate::{ProjectorError, measure};

/// How many reasons for failing are logged until something succeeds. This bounds messages of a server that
/// differ only in numbers.
const REASONS_TOLD_MAX: usize = 8;

impl Projector {
    /// Reports whether this projector leads. Gives whether that is news.
    pub(super) fn tell_leads(&mut self, leads: Option<bool>) -> bool {
        self.show_leads(leads == Some(true));
        mem::replace(&mut self.leads, leads) != leads
    }

    fn show_leads(&self, leads: bool) {
        measure::leading(leads);
        self.status.update(|report| report.leads = leads);
    }

    /// Reports a failure. Whether this projector still leads is not known from then on, since the lead may run out
    /// meanwhile.
    pub(super) fn failed(&mut self, error: &ProjectorError) {
        measure::failing(true);
        self.status.failed(Instant::now().into_std(), error.to_string());
        self.show_leads(false);
    }

    /// Logs a reason as a warning once, however often it comes again.
    pub(super) fn tell_of(&mut self, error: &ProjectorError, delay: Duration) {
        let (reason, retry) = (error.to_string(), self.failures);
        if self.told.len() >= REASONS_TOLD_MAX || self.told.contains(&reason) {
            tracing::debug!(reason, retry, ?delay, "projector fails still, trying again");
            return;
        }
        if error.is_about_another() {
            tracing::warn!(reason, retry, ?delay, "another projector is at work");
        } else {
            tracing::warn!(reason, retry, ?delay, "projector fails, trying again");
        }
        self.told.push(reason);
    }

    /// Reports how far the read model is behind, which grows while nothing succeeds.
    pub(super) async fn tell_lag(&mut self) {
        let shutdown = self.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = self.find_head() => {}
        }
        if let Some(reached) = self.status.report().checkpoint {
            self.tell_progress(reached);
        }
    }

    pub(super) fn succeeded(&mut self) {
        if !mem::take(&mut self.told).is_empty() {
            tracing::info!(failures = self.failures, "projector goes on");
        }
        measure::failing(false);
        self.failures = 0;
        self.status.update(|report| {
            report.failing = None;
            report.progressed = Some(Instant::now().into_std());
        });
    }

    pub(super) fn tell_progress(&self, reached: Checkpoint) {
        let head = self.head.max(reached.position);
        measure::progress(reached.position, head);
        self.status.update(|report| {
            report.checkpoint = Some(reached);
            report.head = head;
        });
    }

    /// Asks the log for its head. If that fails, the old value stays: the log has at least that.
    pub(super) async fn find_head(&mut self) {
        if let Ok(head) = self.log.head().await {
            self.head = head;
        }
    }

    /// Counts the parked streams for metrics and status. If that fails, they keep their old value.
    pub(super) async fn count_parked_streams(&self) {
        if let Ok(streams) = self.read_model.parked_streams().await {
            measure::parked_streams(streams);
            self.status.update(|report| report.parked_streams = streams);
        }
    }
}
