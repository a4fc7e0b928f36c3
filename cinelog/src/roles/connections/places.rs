//! How many connections there are, in all and for each client. Where there is no place for one more, the
//! connection is closed whose client has kept the server waiting for longest: who opens connections and says
//! nothing, or speaks or listens too slowly, loses them to others, and who asks and reads never does.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use http::HeaderMap;
use http_kit::{ClientAddress, Peer, TrustedProxies};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use tokio::sync::Notify;

use super::state::{State, Wait};

/// Connections that are open.
const OPEN: &str = "cinelog_connections";

/// Connections that were closed for want of places.
const CLOSED: &str = "cinelog_connections_closed_total";

/// A client that has kept the server waiting for so long may lose its place to another client. Nearly at once: of
/// all who wait the oldest goes, and a request that is under way is among the newest.
const STALLED_MIN: Duration = Duration::from_millis(10);

/// And for so long, to itself: it may still be about to use the one that it has.
const STALLED_MIN_OF_ITS_OWN: Duration = Duration::from_secs(1);

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    connections_max: usize,
    per_client_max: usize,
    handshakes_max: usize,
    /// They speak for many clients.
    proxies: TrustedProxies,
    open: Mutex<Open>,
    /// Wakes who waits for a place.
    pub(super) freed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<u64, (IpAddr, Arc<State>)>,
    by_client: HashMap<IpAddr, usize>,
    shaking_hands: usize,
    next: u64,
}

/// What became of a connection that wants a place.
#[derive(Debug)]
pub(super) enum Entry {
    /// It has one.
    Placed(Place),
    /// There is none at the moment.
    Full,
    /// This client has as many as one may have, and uses all of them.
    TooMany,
}

/// A place. Given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    client: IpAddr,
    pub(super) state: Arc<State>,
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new(
        connections_max: usize,
        per_client_max: usize,
        proxies: TrustedProxies,
    ) -> Self {
        describe_gauge!(OPEN, "Connections that are open, at both addresses.");
        describe_counter!(CLOSED, "Connections that were closed for want of places, by reason.");
        Self {
            connections_max,
            per_client_max,
            // Half: those who have shaken hands have places too.
            handshakes_max: (connections_max / 2).max(1),
            proxies,
            open: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A place for a connection from there.
    pub(super) fn enter(self: &Arc<Self>, peer: Peer) -> Entry {
        let address = ClientAddress::of(Some(peer), &HeaderMap::new(), &TrustedProxies::none());
        let (client, is_proxy) = (address.subscriber(), self.proxies.contains(address.ip()));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = open.by_client.get(&client).copied().unwrap_or(0);
        let is_over = !is_proxy && of_client >= self.per_client_max;
        if is_over && !open.close_one("client", STALLED_MIN_OF_ITS_OWN, |of, _| of == client) {
            counter!(CLOSED, "reason" => "client refused").increment(1);
            return Entry::TooMany;
        }
        if open.connections.len() >= self.connections_max
            && !open.close_one("all", STALLED_MIN, |_, _| true)
        {
            return Entry::Full;
        }
        let (number, state) = open.add(client);
        Entry::Placed(Place { number, client, state, places: Arc::clone(self) })
    }

    fn leave(&self, number: u64, client: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(number, client);
        drop(open);
        self.freed.notify_one();
    }
}

impl Place {
    /// TLS is made from now on. Where too many do that, the one that takes longest is closed.
    pub(super) fn shakes_hands(&self) {
        let places = &self.places;
        let mut open = places.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.shaking_hands >= places.handshakes_max {
            open.close_one("handshake", STALLED_MIN, |_, state| {
                state.is_shaking_hands.load(Ordering::Relaxed)
            });
        }
        open.shaking_hands += 1;
        self.state.is_shaking_hands.store(true, Ordering::Relaxed);
        self.state.waits(Wait::Sending);
    }

    /// TLS is there, or will not be.
    pub(super) fn has_shaken_hands(&self) {
        let mut open = self.places.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.is_shaking_hands.swap(false, Ordering::Relaxed) {
            open.shaking_hands = open.shaking_hands.saturating_sub(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.has_shaken_hands();
        self.places.leave(self.number, self.client);
    }
}

impl Open {
    fn add(&mut self, client: IpAddr) -> (u64, Arc<State>) {
        let (number, state) = (self.next, Arc::new(State::default()));
        self.next += 1;
        self.connections.insert(number, (client, Arc::clone(&state)));
        *self.by_client.entry(client).or_default() += 1;
        gauge!(OPEN).increment(1);
        (number, state)
    }

    /// Takes it out, where it was not taken out before.
    fn remove(&mut self, number: u64, client: IpAddr) {
        if self.connections.remove(&number).is_none() {
            return;
        }
        gauge!(OPEN).decrement(1);
        if let Some(count) = self.by_client.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.by_client.remove(&client);
            }
        }
    }

    /// Closes the connection, of those that `may` be, whose client has kept the server waiting for longest.
    /// Its place is free at once. Whether there was one.
    fn close_one(
        &mut self,
        reason: &'static str,
        at_least: Duration,
        may: impl Fn(IpAddr, &State) -> bool,
    ) -> bool {
        let stalled = self.connections.iter().filter(|(_, (client, state))| may(*client, state));
        let stalled = stalled.filter_map(|(number, (client, state))| {
            let since = state.stalled().filter(|since| *since >= at_least)?;
            Some((since, *number, *client))
        });
        let Some((_, number, client)) = stalled.max() else { return false };
        if let Some((_, state)) = self.connections.get(&number) {
            state.closed.cancel();
        }
        self.remove(number, client);
        counter!(CLOSED, "reason" => reason).increment(1);
        true
    }
}
