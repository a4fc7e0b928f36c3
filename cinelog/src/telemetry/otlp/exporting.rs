//! Sends spans, many at once, and gives up those that are not taken in time: who waits behind them may be
//! luckier, and the process has other things to remember.

use std::time::Duration;

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::measure::{self, Dropped};

/// The most spans that are sent in one request.
const SENT_TOGETHER_MAX: usize = 512;

/// How long a span waits for others to be sent with.
const WAIT_FOR_OTHERS: Duration = Duration::from_millis(200);

/// The task that sends.
pub(super) struct Exporting {
    exporter: SpanExporter,
    ended: mpsc::Receiver<SpanData>,
    timeout: Duration,
    fails: bool,
}

impl Exporting {
    pub(super) fn new(
        mut exporter: SpanExporter,
        resource: &Resource,
        ended: mpsc::Receiver<SpanData>,
        timeout: Duration,
    ) -> Self {
        exporter.set_resource(resource);
        Self { exporter, ended, timeout, fails: false }
    }

    /// Sends until `stop`, and then what is left.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut spans = Vec::with_capacity(SENT_TOGETHER_MAX);
        let mut goes_on = true;
        while goes_on {
            tokio::select! {
                biased;
                () = stop.cancelled() => goes_on = false,
                more = gather(&mut self.ended, &mut spans) => goes_on = more,
            }
            self.send(&mut spans).await;
        }
        self.ended.close();
        while self.ended.recv_many(&mut spans, SENT_TOGETHER_MAX).await > 0 {
            self.send(&mut spans).await;
        }
    }

    async fn send(&mut self, spans: &mut Vec<SpanData>) {
        if spans.is_empty() {
            return;
        }
        let count = spans.len() as u64;
        let batch = std::mem::replace(spans, Vec::with_capacity(SENT_TOGETHER_MAX));
        let sent = match timeout(self.timeout, self.exporter.export(batch)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("there was no answer within {:?}", self.timeout)),
        };
        match sent {
            Ok(()) => {
                measure::exported(count);
                if self.fails {
                    tracing::info!("spans are taken again");
                }
                self.fails = false;
            }
            Err(reason) => {
                measure::dropped(Dropped::NotTaken, count);
                // Once, and not for every batch.
                if !self.fails {
                    tracing::warn!(reason, "spans are not taken, and are lost until they are");
                }
                self.fails = true;
            }
        }
        measure::failing(self.fails);
    }
}

/// Takes what has ended: waits for a first span, and a little for more. Gives whether there can be more.
/// What it has taken stays in `spans` where nobody waits for it any more.
async fn gather(ended: &mut mpsc::Receiver<SpanData>, spans: &mut Vec<SpanData>) -> bool {
    if ended.recv_many(spans, SENT_TOGETHER_MAX).await == 0 {
        return false;
    }
    let until = Instant::now() + WAIT_FOR_OTHERS;
    while spans.len() < SENT_TOGETHER_MAX {
        let room = SENT_TOGETHER_MAX - spans.len();
        match timeout_at(until, ended.recv_many(spans, room)).await {
            Ok(0) => return false,
            Ok(_) => {}
            Err(_) => return true,
        }
    }
    true
}
