//! What came by another way than the log itself: events with what stands before each of them, in parts that
//! are read on their own. Knows neither who brought it nor where it is kept.

use events::{Position, RecordedEvent};

/// An event, and where the one before it stands.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The event.
    pub event: RecordedEvent,
    /// The position of the event before it in the log; [`Position::START`] where there is none. By it a
    /// reader knows that nothing is missing, also where positions have gaps.
    pub previous: Position,
    /// Where it is in its partition.
    pub offset: i64,
}

/// A record that is no event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it is in its partition.
    pub offset: i64,
    /// What is wrong with it, never what is in it.
    pub reason: String,
}

/// What came of one partition, in its order.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Which partition.
    pub partition: i32,
    /// Up to which offset, excluded, it had been read before.
    pub from: i64,
    /// Up to which offset, excluded, it has been read now.
    pub next: i64,
    /// The events.
    pub arrivals: Vec<Arrival>,
    /// The records that are none.
    pub refused: Vec<Refused>,
}
