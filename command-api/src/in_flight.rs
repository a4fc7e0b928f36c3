//! One request with a key is worked on at a time: who comes with the same key is refused meanwhile, or waits.
//!
//! It knows the requests of this process only. Of two processes, the log lets one succeed.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::problem::CommandError;

/// The most requests with a key that are worked on at a time in this process.
const IN_FLIGHT_MAX: usize = 10_000;

/// How often a key that is being worked on is asked for by one that waits.
const CLAIMS_MAX: u32 = 100;

/// How long one waits in between.
const CLAIM_PAUSE: Duration = Duration::from_millis(50);

/// The keys of the requests that are being worked on in this process.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<String>>>);

/// A key that is being worked on, until this is dropped.
pub(crate) struct Claim {
    in_flight: InFlight,
    key: String,
}

impl InFlight {
    /// Claims a key.
    ///
    /// # Errors
    /// Where it is being worked on, or too many are.
    pub(crate) fn claim(&self, key: &str) -> Result<Claim, CommandError> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains(key) {
            return Err(CommandError::KeyInFlight);
        }
        if keys.len() >= IN_FLIGHT_MAX {
            return Err(CommandError::Overloaded);
        }
        keys.insert(key.to_owned());
        Ok(Claim { in_flight: self.clone(), key: key.to_owned() })
    }

    /// Claims a key when it is free.
    ///
    /// # Errors
    /// Where it is being worked on for long, or too many are.
    pub(crate) async fn claim_when_free(&self, key: &str) -> Result<Claim, CommandError> {
        for _ in 1..CLAIMS_MAX {
            match self.claim(key) {
                Err(CommandError::KeyInFlight) => tokio::time::sleep(CLAIM_PAUSE).await,
                known => return known,
            }
        }
        self.claim(key)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut keys = self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_claimed_once_at_a_time() {
        let in_flight = InFlight::default();
        let claim = in_flight.claim("a").unwrap();
        assert!(matches!(in_flight.claim("a"), Err(CommandError::KeyInFlight)));
        assert!(in_flight.claim("b").is_ok());
        drop(claim);
        assert!(in_flight.claim("a").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_key_gets_it_when_it_is_free() {
        let in_flight = InFlight::default();
        let claim = in_flight.claim("a").unwrap();
        let waiting = tokio::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.claim_when_free("a").await.map(drop) }
        });
        tokio::time::sleep(CLAIM_PAUSE * 3).await;
        drop(claim);
        waiting.await.unwrap().unwrap();
        let _claim = in_flight.claim("a").unwrap();
        let waited = in_flight.claim_when_free("a").await;
        assert!(matches!(waited, Err(CommandError::KeyInFlight)), "not for ever");
    }

    #[test]
    fn only_so_many_keys_are_claimed_at_a_time() {
        let in_flight = InFlight::default();
        let claims: Vec<_> =
            (0..IN_FLIGHT_MAX).map(|n| in_flight.claim(&n.to_string()).unwrap()).collect();
        assert!(matches!(in_flight.claim("one more"), Err(CommandError::Overloaded)));
        drop(claims);
        assert!(in_flight.claim("one more").is_ok());
    }
}
