//! One goes, the others wait: who asks for an answer that somebody is fetching already shares it.
//!
//! A flight ends with its leader, whatever becomes of it: a client that hangs up, a failure and a panic
//! all drop it, and those who wait then go on by themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{answer::Answer, question::Choice};

/// How long somebody waits for another's answer before going for their own.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// How many answers may be fetched for others at a time. Beyond it everybody goes by themselves.
const FLIGHTS_MAX: usize = 4_096;

/// What is being fetched.
type Key = (Box<str>, Choice);

type Landing = Option<Arc<Answer>>;

/// Everything that is being fetched.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Key, watch::Receiver<Landing>>>);

/// Where somebody sits who needs an answer that is not there.
pub(super) enum Seat {
    /// In front: they fetch it.
    Leader(Leader),
    /// Behind a leader.
    Follower(Follower),
    /// In no flight: too many are under way.
    Alone,
}

/// Fetches an answer for all who wait for it.
pub(super) struct Leader {
    flights: Arc<Flights>,
    key: Key,
    landing: watch::Sender<Landing>,
}

/// Waits for a leader.
pub(super) struct Follower(watch::Receiver<Landing>);

impl Flights {
    /// A seat in the flight to this answer.
    pub(super) fn board(self: &Arc<Self>, target: &str, choice: Choice) -> Seat {
        let key: Key = (target.into(), choice);
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = flights.get(&key) {
            return Seat::Follower(Follower(landing.clone()));
        }
        if flights.len() >= FLIGHTS_MAX {
            return Seat::Alone;
        }
        let (landing, followed) = watch::channel(None);
        flights.insert(key.clone(), followed);
        Seat::Leader(Leader { flights: Arc::clone(self), key, landing })
    }
}

impl Leader {
    /// Brings the answer to all who wait.
    pub(super) fn land(self, answer: &Arc<Answer>) {
        self.landing.send_replace(Some(Arc::clone(answer)));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Those who wait see the sender go, after this.
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Follower {
    /// The leader's answer; `None` where it brings none, or not in time.
    pub(super) async fn landing(mut self) -> Option<Arc<Answer>> {
        let landed = tokio::time::timeout(WAIT_MAX, self.0.wait_for(Option::is_some)).await;
        landed.ok()?.ok()?.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::answer::tests::answer;

    fn leader(flights: &Arc<Flights>) -> Leader {
        let Seat::Leader(leader) = flights.board("/a", Choice::default()) else { panic!("leader") };
        leader
    }

    fn follower(flights: &Arc<Flights>) -> Follower {
        let seat = flights.board("/a", Choice::default());
        let Seat::Follower(follower) = seat else { panic!("follower") };
        follower
    }

    #[tokio::test]
    async fn all_who_wait_get_what_the_leader_brings() {
        let flights = Arc::default();
        let leader = leader(&flights);
        let (one, other) = (follower(&flights), follower(&flights));
        leader.land(&Arc::new(answer("a")));
        assert!(one.landing().await.is_some() && other.landing().await.is_some());
        assert!(flights.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_leader_that_is_dropped_keeps_nobody_waiting() {
        let flights = Arc::default();
        let leader = leader(&flights);
        let waiting = tokio::spawn(follower(&flights).landing());
        tokio::task::yield_now().await;
        drop(leader);
        assert!(waiting.await.unwrap().is_none());
        assert!(matches!(flights.board("/a", Choice::default()), Seat::Leader(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_takes_long_is_waited_for_up_to_a_bound() {
        let flights = Arc::default();
        let _leader = leader(&flights);
        assert!(follower(&flights).landing().await.is_none());
    }

    #[tokio::test]
    async fn beyond_a_number_of_flights_everybody_goes_alone() {
        let flights: Arc<Flights> = Arc::default();
        let seats: Vec<_> =
            (0..FLIGHTS_MAX).map(|n| flights.board(&n.to_string(), Choice::default())).collect();
        assert!(matches!(flights.board("/a", Choice::default()), Seat::Alone));
        drop(seats);
        assert!(matches!(flights.board("/a", Choice::default()), Seat::Leader(_)));
    }
}
