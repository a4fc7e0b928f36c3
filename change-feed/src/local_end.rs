//! What a feed has in this process, however it reaches others: its subscribers, a queue of what is to be sent, and
//! its tasks.

use std::sync::Arc;

use futures::stream::BoxStream;
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed, ReadModelChanged};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};

use crate::{measure, payload};

/// Notified when a change was not sent: then the others must be told that they missed something.
pub(crate) type Owed = Arc<Notify>;

/// The end of a feed that this process holds. Its tasks end when it is dropped, and what is still queued is lost.
#[derive(Debug)]
pub(crate) struct LocalEnd {
    pub(crate) here: Arc<InProcessChangeFeed>,
    queue: mpsc::Sender<String>,
    owed: Owed,
    bytes_max: usize,
    tasks: JoinSet<()>,
}

/// What the task that sends takes from.
pub(crate) struct Outgoing {
    pub(crate) waiting: mpsc::Receiver<String>,
    pub(crate) owed: Owed,
}

impl LocalEnd {
    /// An end that holds `capacity` changes for a slow subscriber, and `queue_length` messages of at most
    /// `bytes_max` bytes that wait to be sent.
    pub(crate) fn new(capacity: usize, queue_length: usize, bytes_max: usize) -> (Self, Outgoing) {
        let here = Arc::new(InProcessChangeFeed::new(capacity));
        let (queue, waiting) = mpsc::channel(queue_length.max(1));
        let owed = Owed::default();
        let outgoing = Outgoing { waiting, owed: Arc::clone(&owed) };
        (Self { here, queue, owed, bytes_max, tasks: JoinSet::new() }, outgoing)
    }

    /// Runs a task for as long as this end lives.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Queues a change, without waiting. If the queue is full, the others are told later that they missed one.
    pub(crate) fn publish(&self, change: &ReadModelChanged) {
        if self.queue.try_send(payload::encode(change, self.bytes_max)).is_err() {
            measure::unsent(1);
            self.owed.notify_one();
        }
    }

    /// What is heard from now on.
    pub(crate) fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        self.here.subscribe()
    }
}
