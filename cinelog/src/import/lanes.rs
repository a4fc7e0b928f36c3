//! The order of lines about the same film: each waits for the one before, while others go on.

use std::collections::HashMap;

use events::MovieId;
use tokio::sync::oneshot;

/// Which line about each film came last. Bounded by the number of lanes, which films share: far more
/// than lines are under way, so that strangers hardly ever wait for each other.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    last: HashMap<u16, oneshot::Receiver<()>>,
}

/// A line's place in its lane. The next line's turn comes when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    previous: Option<oneshot::Receiver<()>>,
    _done: oneshot::Sender<()>,
}

impl Lanes {
    /// The next place in the film's lane.
    pub(super) fn line_up(&mut self, movie: MovieId) -> Turn {
        let (done, last) = oneshot::channel();
        // The last bytes of an id are as good as random.
        let [.., high, low] = *movie.0.as_bytes();
        let lane = u16::from_be_bytes([high, low]);
        Turn { previous: self.last.insert(lane, last), _done: done }
    }
}

impl Turn {
    /// Waits until the line before has been dealt with.
    pub(super) async fn come(&mut self) {
        if let Some(previous) = self.previous.take() {
            // Only ever ends by the sender's being dropped.
            previous.await.ok();
        }
    }
}
