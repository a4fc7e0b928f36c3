//! The order of lines about the same film: each waits for the one before, while others go on.

use std::collections::HashMap;

use events::MovieId;
use tokio::sync::oneshot;

/// Which line about each film came last. It holds the films of lines under way, and no others.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    last: HashMap<MovieId, (u64, oneshot::Receiver<()>)>,
}

/// A line's place in its film's lane. The next line's turn comes when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    previous: Option<oneshot::Receiver<()>>,
    _done: oneshot::Sender<()>,
}

impl Lanes {
    /// The place of a line behind those about the same film.
    pub(super) fn line_up(&mut self, movie: MovieId, line: u64) -> Turn {
        let (done, last) = oneshot::channel();
        let previous = self.last.insert(movie, (line, last));
        Turn { previous: previous.map(|(_, done)| done), _done: done }
    }

    /// Forgets a line that is done.
    pub(super) fn leave(&mut self, movie: MovieId, line: u64) {
        if self.last.get(&movie).is_some_and(|(last, _)| *last == line) {
            self.last.remove(&movie);
        }
    }
}

impl Turn {
    /// Waits until the line before is done.
    pub(super) async fn come(&mut self) {
        if let Some(previous) = &mut self.previous {
            // It only ever ends by its sender's being dropped.
            previous.await.ok();
            self.previous = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_line_waits_for_the_one_before_about_the_same_film_only() {
        let (one, other) = (MovieId(Uuid::from_u128(1)), MovieId(Uuid::from_u128(2)));
        let mut lanes = Lanes::default();
        let first = lanes.line_up(one, 1);
        let mut second = lanes.line_up(one, 2);
        assert!(lanes.line_up(other, 3).come().now_or_never().is_some());
        assert!(second.come().now_or_never().is_none());
        drop(first);
        lanes.leave(one, 1);
        assert_eq!(lanes.last.len(), 2, "a later line about the film is under way");
        assert!(second.come().now_or_never().is_some());
        lanes.leave(one, 2);
        lanes.leave(other, 3);
        assert!(lanes.last.is_empty());
    }
}
