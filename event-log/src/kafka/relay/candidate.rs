//! Who leads: a group of Kafka's whose members share one partition, so that one of them has it. It says
//! only who should publish; that nobody else does is up to the transactions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol},
    error::KafkaError,
    types::RDKafkaRespErr,
};
use tokio::sync::watch;

use super::RelayError;
use crate::kafka::{KafkaOptions, context::Complaints};

/// How long the client is polled at once: as long as to withdraw may take.
const POLL_MAX: Duration = Duration::from_millis(100);

/// How often a member says that it is there, in a session.
const HEARTBEATS: u32 = 5;

/// How long a member may go without being polled: much longer than it ever does.
const UNPOLLED_MAX: Duration = Duration::from_secs(300);

/// A member of the group. It leaves when dropped, in its own time.
pub(super) struct Candidate {
    leads: watch::Receiver<Standing>,
    withdraws: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How a candidate stands.
#[derive(Debug, Clone)]
enum Standing {
    Follows,
    Leads,
    /// It is a member no more.
    Failed(String),
}

impl Candidate {
    /// Joins the group.
    ///
    /// # Errors
    /// Where a client cannot be made from such options.
    pub(super) fn stand(options: &KafkaOptions) -> Result<Self, RelayError> {
        let (sender, leads) = watch::channel(Standing::Follows);
        let session = options.session_timeout;
        let context = Context { standing: sender, complaints: Complaints::default() };
        let consumer: BaseConsumer<Context> = options
            .client()
            .set("group.id", options.relay_topic())
            .set("session.timeout.ms", session.as_millis().to_string())
            .set("heartbeat.interval.ms", (session / HEARTBEATS).as_millis().to_string())
            .set("max.poll.interval.ms", UNPOLLED_MAX.as_millis().to_string())
            // With another strategy, who joins may take the lead from who has it.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false")
            .create_with_context(context)
            .map_err(|error| RelayError::Unavailable(error.to_string()))?;
        consumer
            .subscribe(&[&options.relay_topic()])
            .map_err(|error| RelayError::Unavailable(error.to_string()))?;
        let withdraws = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&withdraws);
        let thread = std::thread::Builder::new()
            .name("relay-candidate".to_owned())
            .spawn(move || poll_until(&consumer, &told))
            .map_err(|error| RelayError::Unavailable(error.to_string()))?;
        Ok(Self { leads, withdraws, thread: Some(thread) })
    }

    /// Waits until it leads.
    pub(super) async fn wins(&mut self) -> Result<(), RelayError> {
        let known = self.leads.wait_for(|standing| !matches!(standing, Standing::Follows)).await;
        match known.as_deref() {
            Ok(Standing::Failed(reason)) => Err(RelayError::Unavailable(reason.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(RelayError::Unavailable("the candidate's thread ended".to_owned())),
        }
    }

    /// Whether it leads, as far as it knows.
    pub(super) fn leads(&self) -> bool {
        matches!(*self.leads.borrow(), Standing::Leads)
    }

    /// Waits until it leads no more.
    pub(super) async fn loses(&self) {
        let mut leads = self.leads.clone();
        // A candidate whose thread ended leads no more either.
        let _ = leads.wait_for(|standing| !matches!(standing, Standing::Leads)).await;
    }

    /// Leaves the group: another can lead at once.
    pub(super) async fn withdraw(mut self) {
        self.withdraws.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("the thread of the relay's candidate ended by a panic");
            }
        }
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        self.withdraws.store(true, Ordering::SeqCst);
    }
}

fn poll_until(consumer: &BaseConsumer<Context>, told: &AtomicBool) {
    while !told.load(Ordering::SeqCst) {
        // Records do not come: what is assigned is paused.
        if let Some(Err(error)) = consumer.poll(POLL_MAX) {
            let reason = consumer.context().complaints.explain(&error);
            tracing::debug!(reason, "the relay's candidate cannot go on");
            if is_final(&error) {
                consumer.context().standing.send_replace(Standing::Failed(reason));
                return;
            }
        }
    }
}

/// Whether the client does not get over it by itself.
fn is_final(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;

    let code = error.rdkafka_error_code();
    code.is_some_and(|code| {
        matches!(
            code,
            Code::Fatal
                | Code::InvalidSessionTimeout
                | Code::InconsistentGroupProtocol
                | Code::GroupAuthorizationFailed
                | Code::TopicAuthorizationFailed
                | Code::UnknownTopicOrPartition
        )
    })
}

struct Context {
    standing: watch::Sender<Standing>,
    complaints: Complaints,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.complaints.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.complaints.error(error, reason);
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let is_cooperative =
            matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let done = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // Nothing is read: what matters is who has the partition.
            let begins = list.set_all_offsets(Offset::End);
            let assigned = begins.and_then(|()| match is_cooperative {
                true => consumer.incremental_assign(list),
                false => consumer.assign(list),
            });
            let paused = assigned.and_then(|()| match list.count() {
                0 => Ok(()),
                _ => consumer.pause(list),
            });
            if list.count() > 0 {
                self.standing.send_replace(Standing::Leads);
            }
            paused
        } else {
            if list.count() > 0 {
                self.standing.send_replace(Standing::Follows);
            }
            if is_cooperative { consumer.incremental_unassign(list) } else { consumer.unassign() }
        };
        if let Err(error) = done {
            self.standing.send_replace(Standing::Failed(self.complaints.explain(&error)));
        }
    }
}
