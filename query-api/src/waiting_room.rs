//! Where reads wait for a position: a bounded number at once, and of each client at most a share of that.
//!
//! Anybody can ask for a position that is never reached, and a request that waits is one of those that the server
//! works on. So waiting requests may never take up all of the server, and those of one client never all
//! places to wait.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One in so many of the requests that are worked on may be waiting.
const PART: usize = 4;

/// How many requests may wait at most, however many are worked on.
const WAITING_MAX: usize = 1_000;

/// One in so many of the requests that wait may be of the same client.
const SHARE: usize = 2;

/// The room.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    waiting_max: usize,
    share_max: usize,
    /// How many requests of each client wait. Clients without any have no entry.
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

/// A place, given up when dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    room: &'a WaitingRoom,
    client: IpAddr,
}

impl WaitingRoom {
    /// A room for a server that works on `requests_max` requests at once. At least one may wait.
    pub(crate) fn new(requests_max: usize) -> Self {
        let waiting_max = (requests_max / PART).clamp(1, WAITING_MAX);
        let share_max = (waiting_max / SHARE).max(1);
        Self { waiting_max, share_max, waiting: Mutex::default() }
    }

    /// A place for a request of `client`. `None`: there is no room.
    pub(crate) fn enter(&self, client: IpAddr) -> Option<Waiting<'_>> {
        let mut waiting = self.waiting();
        let own = waiting.get(&client).copied().unwrap_or_default();
        if own >= self.share_max || waiting.values().sum::<usize>() >= self.waiting_max {
            return None;
        }
        waiting.insert(client, own + 1);
        Some(Waiting { room: self, client })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.waiting().values().sum()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.room.waiting();
        if let Some(own) = waiting.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                waiting.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    /// How many places `client` gets, which it then has.
    fn take_all(room: &WaitingRoom, client: IpAddr) -> Vec<Waiting<'_>> {
        std::iter::from_fn(|| room.enter(client)).take(10_000).collect()
    }

    #[test]
    fn those_who_wait_are_a_quarter_of_all_and_one_client_is_half_of_them() {
        for (requests_max, each, all) in
            [(1, 1, 1), (20, 2, 5), (2_048, 256, 512), (1_000_000, 500, 1_000)]
        {
            let room = WaitingRoom::new(requests_max);
            let first = take_all(&room, client(1));
            assert_eq!(first.len(), each, "{requests_max}");
            let others: Vec<_> = (2..9).map(|number| take_all(&room, client(number))).collect();
            assert_eq!(room.len(), all, "{requests_max}");
            drop((first, others));
            assert_eq!(room.len(), 0);
        }
    }

    #[test]
    fn a_place_that_is_given_up_is_somebody_elses_and_nothing_is_kept_of_who_left() {
        let room = WaitingRoom::new(16);
        let mut first = take_all(&room, client(1));
        let second = take_all(&room, client(2));
        assert_eq!((first.len(), second.len()), (2, 2));
        assert!(room.enter(client(3)).is_none());
        first.pop();
        let third = room.enter(client(3)).unwrap();
        assert!(room.enter(client(1)).is_none());
        drop((first, second, third));
        assert!(room.waiting().is_empty());
    }
}
