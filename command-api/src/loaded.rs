//! An aggregate as the log has it.

use domain::Aggregate;
use event_log::{Appended, EventLog, LogError};
use events::{DecodeError, Event, Position, Revision, StreamName, decode};
use jiff::Timestamp;

/// How many events are read at a time.
const PAGE_EVENTS: usize = 500;

/// An aggregate, and how far its stream has been read.
#[derive(Clone, Default)]
pub(crate) struct Loaded<A> {
    pub(crate) state: A,
    /// The stream's last revision that `state` knows of.
    pub(crate) revision: Revision,
    /// Where that event stands in the log.
    pub(crate) position: Position,
    /// When that event happened. None where there is none.
    pub(crate) changed_at: Option<Timestamp>,
}

impl<A: Aggregate> Loaded<A> {
    /// The same after `events`, which were appended at `changed_at` and came to stand at `appended`.
    #[must_use]
    pub(crate) fn after(self, events: &[Event], appended: Appended, changed_at: Timestamp) -> Self {
        // As the log keeps it.
        let changed_at = Timestamp::from_microsecond(changed_at.as_microsecond());
        Self {
            state: events.iter().fold(self.state, A::evolve),
            revision: appended.revision,
            position: appended.position,
            changed_at: changed_at.ok(),
        }
    }

    /// Reads what `stream` has beyond what is known: all of it at first, the news later.
    pub(crate) async fn catch_up<E: From<LogError> + From<DecodeError>>(
        &mut self,
        log: &dyn EventLog,
        stream: &StreamName,
    ) -> Result<(), E> {
        loop {
            let page = log.read_stream(stream, self.revision.next(), PAGE_EVENTS).await?;
            for recorded in &page {
                self.state = std::mem::take(&mut self.state).evolve(&decode(recorded)?);
                self.revision = recorded.revision;
                self.position = recorded.position;
                self.changed_at = Some(recorded.metadata.recorded_at);
            }
            if page.len() < PAGE_EVENTS {
                return Ok(());
            }
        }
    }
}
