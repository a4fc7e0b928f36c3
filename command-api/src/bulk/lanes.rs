//! The order of lines about the same film: each waits for the one before, while others go on. Imports
//! keep it too.

use std::collections::HashMap;

use events::MovieId;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// How many films are remembered before those are forgotten of which no line is under way.
const FILMS_MIN: usize = 1024;

/// Which line about each film came last. It holds no more than twice as many films as ever had lines
/// under way at a time.
#[derive(Debug)]
pub struct Lanes {
    last: HashMap<MovieId, oneshot::Receiver<()>>,
    /// When to forget films next.
    films_max: usize,
}

/// A line's place in its film's lane. The next line's turn comes when it is dropped.
#[derive(Debug)]
pub struct Turn {
    previous: Option<oneshot::Receiver<()>>,
    _done: oneshot::Sender<()>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { last: HashMap::new(), films_max: FILMS_MIN }
    }
}

impl Lanes {
    /// The place of a line behind those about the same film.
    pub fn line_up(&mut self, movie: MovieId) -> Turn {
        if self.last.len() >= self.films_max {
            self.last.retain(|_, done| done.try_recv() == Err(TryRecvError::Empty));
            self.films_max = FILMS_MIN.max(2 * self.last.len());
        }
        let (done, last) = oneshot::channel();
        Turn { previous: self.last.insert(movie, last), _done: done }
    }
}

impl Turn {
    /// Waits until the line before is done.
    pub async fn come(&mut self) {
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
        let first = lanes.line_up(one);
        let mut second = lanes.line_up(one);
        assert!(lanes.line_up(other).come().now_or_never().is_some());
        assert!(second.come().now_or_never().is_none());
        drop(first);
        assert!(second.come().now_or_never().is_some());
    }

    #[tokio::test]
    async fn films_are_forgotten_of_which_no_line_is_under_way_and_no_others() {
        let film = |n: usize| MovieId(Uuid::from_u128(n as u128));
        let mut lanes = Lanes::default();
        let first = lanes.line_up(film(0));
        for n in 1..10 * FILMS_MIN {
            lanes.line_up(film(n));
        }
        assert!(lanes.last.len() <= FILMS_MIN);
        let mut second = lanes.line_up(film(0));
        assert!(second.come().now_or_never().is_none());
        drop(first);
        assert!(second.come().now_or_never().is_some());
    }
}
