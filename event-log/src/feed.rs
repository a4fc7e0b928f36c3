//! The seam by which a projector is fed: whatever gives the events of the log in the log's order. The log
//! itself does, and so does what has come from it by another way, such as Kafka.

use std::sync::Arc;

use events::Position;

use crate::{EventBatches, EventLog};

/// Gives the events of a log in its order.
///
/// **Order.** Exactly the events of the log after the position that was asked for, each once, in the order
/// of their positions, nothing between two of them left out. Whoever cannot promise that of what it has
/// takes it from the log.
///
/// **Errors.** They end the subscription; whoever goes on subscribes anew, from what it has stored.
///
/// **Bounds.** A subscription holds a bounded number of events in memory. A slow subscriber holds nobody up.
pub trait Feed: Send + Sync + 'static {
    /// Every event after `from`: first those that there are, then new ones as they come.
    fn subscribe(&self, from: Position) -> EventBatches;
}

impl Feed for Arc<dyn EventLog> {
    fn subscribe(&self, from: Position) -> EventBatches {
        self.subscribe_all(from)
    }
}
