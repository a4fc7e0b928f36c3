//! A term of office: from the election on, until the lead or the patience of Kafka is lost.

use std::{sync::Arc, time::Duration};

use events::{Digest, Position, RecordedEvent};
use futures::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;
use trace_kit::{Span, SpanKind};

use super::{
    RelayError, RelayStatus,
    candidate::Candidate,
    checkpoint::{Checkpoint, Reader},
    transaction::{Batch, Transactions},
    undecided::Forgotten,
};
use crate::{
    Direction, EventLog, LogError,
    kafka::{KafkaOptions, blocking},
};

/// How often is looked whether the log is still the one whose events were published: one that was restored
/// or that failed over may be another.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a batch that is being published may go on once the relay was told to stop.
const FINISH_MAX: Duration = Duration::from_secs(3);

/// How many hexadecimal digits name a log: enough that no two have the same.
const NAME_DIGITS: usize = 32;

/// Why a term ended in good order.
pub(super) enum End {
    /// The relay was told to stop.
    Stopped,
    /// Another leads.
    Deposed,
}

/// Publishes what the log has, and what it gets, as long as `candidate` leads.
pub(super) async fn publish(
    log: &Arc<dyn EventLog>,
    options: &KafkaOptions,
    status: &RelayStatus,
    candidate: &Candidate,
    stop: &CancellationToken,
) -> Result<End, RelayError> {
    let is_wanted = || candidate.leads() && !stop.is_cancelled();
    let Some(transactions) = Transactions::claim(options, is_wanted).await? else {
        return Ok(if stop.is_cancelled() { End::Stopped } else { End::Deposed });
    };
    let mut term = Term { log, status, candidate, stop, transactions: &transactions, source: None };
    let outcome = term.run(options).await;
    transactions.release().await;
    outcome
}

struct Term<'a> {
    log: &'a Arc<dyn EventLog>,
    status: &'a RelayStatus,
    candidate: &'a Candidate,
    stop: &'a CancellationToken,
    transactions: &'a Transactions,
    /// The log's name, once it has a first event to be named after.
    source: Option<String>,
}

impl Term<'_> {
    async fn run(&mut self, options: &KafkaOptions) -> Result<End, RelayError> {
        let (stop, candidate) = (self.stop, self.candidate);
        let begun = tokio::select! {
            begun = self.begin(options) => Ok(begun?),
            () = stop.cancelled() => Err(End::Stopped),
            () = candidate.loses() => Err(End::Deposed),
        };
        let mut at = match begun {
            Ok(at) => at,
            Err(end) => {
                // What is being done for this term need not be waited for.
                self.transactions.abandon();
                return Ok(end);
            }
        };
        self.status.leads(&at);
        let mut batches = self.log.subscribe_all(at.position);
        let mut looks = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(End::Stopped),
                () = self.candidate.loses() => return Ok(End::Deposed),
                _ = looks.tick() => {
                    self.is_of_this_log(&at).await?;
                    continue;
                }
                batch = batches.next() => batch,
            };
            let ended = || LogError::Unavailable("the log is closed".to_owned());
            let events = batch.ok_or_else(ended)??;
            if let Some(end) = self.publish_one(&mut at, events).await? {
                return Ok(end);
            }
        }
    }

    /// Where to go on: where the last relay stopped, or before what Kafka has forgotten of what it committed.
    async fn begin(&mut self, options: &KafkaOptions) -> Result<Checkpoint, RelayError> {
        let forgotten = self.transactions.forgotten().await?;
        let at = self.last_checkpoint(options).await?;
        let earliest = forgotten.iter().filter_map(Forgotten::previous_position).min();
        let at = match (earliest, &self.source) {
            // Other partitions were told, and that of the checkpoint is one of them.
            (Some(earliest), Some(source)) if earliest < at.position => {
                let earlier = self.checkpoint_at(earliest).await?;
                self.transactions.set_back(earlier.to_json(source)?).await?;
                earlier
            }
            _ => at,
        };
        if !forgotten.is_empty() {
            self.transactions.give_up(forgotten).await?;
        }
        Ok(at)
    }

    /// Where the last relay stopped. Read after the right to write was claimed: nobody moves it any more.
    async fn last_checkpoint(&mut self, options: &KafkaOptions) -> Result<Checkpoint, RelayError> {
        let for_thread = options.clone();
        let read = move || {
            let reader = Reader::open(&for_thread)?;
            Ok((reader.last()?, reader.is_without_events()?))
        };
        let (last, is_without_events) = blocking(read).await?;
        let first = self.log.read_all(Position::START, Direction::Forwards, 1).await?;
        self.source = first.first().map(name_of_log);
        match (last, is_without_events) {
            (None | Some(Checkpoint::START), true) => Ok(Checkpoint::START),
            (Some(checkpoint), true) => self.publish_again(&checkpoint, options).await,
            (Some(checkpoint), false) => {
                self.is_of_this_log(&checkpoint).await?;
                Ok(checkpoint)
            }
            (None, false) => Err(RelayError::Refused(format!(
                "the topic {} holds events, but {} does not say how far they go: delete both topics to \
                 publish everything anew",
                options.topic,
                options.relay_topic()
            ))),
        }
    }

    /// The topic was made anew. That is written down before anything is published to it: else the checkpoint
    /// would hold again as soon as there is an event.
    async fn publish_again(
        &self,
        published: &Checkpoint,
        options: &KafkaOptions,
    ) -> Result<Checkpoint, RelayError> {
        tracing::warn!(
            topic = options.topic,
            published = published.digest.count,
            "the topic was made anew: everything is published to it again"
        );
        if let Some(source) = &self.source {
            self.transactions.set_back(Checkpoint::START.to_json(source)?).await?;
        }
        Ok(Checkpoint::START)
    }

    /// What a checkpoint of this log says there.
    async fn checkpoint_at(&self, position: Position) -> Result<Checkpoint, RelayError> {
        let digest = match position {
            Position::START => Digest::EMPTY,
            position => self.log.digest(position).await?,
        };
        Ok(Checkpoint { position, digest })
    }

    /// Whether what was published is what the log holds up to there.
    async fn is_of_this_log(&self, at: &Checkpoint) -> Result<(), RelayError> {
        let held = self.checkpoint_at(at.position).await?.digest;
        match held == at.digest {
            true => Ok(()),
            false => Err(RelayError::Refused(format!(
                "what was published is not what the log holds: {} events up to position {} were, of which \
                 the log has {} or others. It is another log, or one that was set back: take another topic, \
                 or delete the topics to publish everything anew",
                at.digest.count, at.position, held.count
            ))),
        }
    }

    async fn publish_one(
        &mut self,
        at: &mut Checkpoint,
        events: Vec<RecordedEvent>,
    ) -> Result<Option<End>, RelayError> {
        let Some(first) = events.first() else { return Ok(None) };
        let source = match &self.source {
            Some(source) => source.clone(),
            // Nothing was published before: this is the first event of all.
            None => self.source.insert(name_of_log(first)).clone(),
        };
        let requests = events.iter().filter_map(|event| event.metadata.traceparent.as_deref());
        let mut span = Span::linked("relay", SpanKind::Producer, requests);
        span.count("cinelog.events", events.len() as u64);
        let (count, started) = (events.len(), Instant::now());
        let next = events.iter().fold(at.clone(), |at, event| at.after(event));
        let checkpoint = next.to_json(&source)?;
        let batch = Batch { events, previous: at.position, source, checkpoint };
        let publishing = self.transactions.publish(batch);
        tokio::pin!(publishing);
        let end = tokio::select! {
            published = &mut publishing => {
                published.inspect_err(|error| span.fail(error.to_string()))?;
                *at = next;
                span.count("cinelog.position", at.position.0);
                self.status.published(at, count, started.elapsed());
                return Ok(None);
            }
            () = self.candidate.loses() => End::Deposed,
            () = self.has_had_time_to_finish() => End::Stopped,
        };
        // What becomes of the batch, whoever leads next finds out.
        span.fail("given up");
        self.transactions.abandon();
        let _ = publishing.await;
        Ok(Some(end))
    }

    async fn has_had_time_to_finish(&self) {
        self.stop.cancelled().await;
        sleep(FINISH_MAX).await;
    }
}

/// The name of the log that begins with this event, wherever it is kept: a copy has the same.
fn name_of_log(first: &RecordedEvent) -> String {
    let digest = Digest::EMPTY.extend(first).to_string();
    let digits = digest.split_once(':').map_or("", |(_, digits)| digits);
    format!("urn:cinelog:log:{}", digits.get(..NAME_DIGITS).unwrap_or(digits))
}
