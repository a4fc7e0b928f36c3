//! The keys that tokens are signed and checked with, each with the time when it takes over and the time
//! when it is believed no more; and the ring that holds the ones in use, which can be changed while a
//! server runs.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use crate::{Jwk, KeyPair, PublicKey, TokenError};

/// A key and its times.
#[derive(Debug, Clone)]
pub struct DatedKey {
    /// The key.
    pub pair: KeyPair,
    /// From when it signs. `None`: from ever.
    pub signs_from: Option<Timestamp>,
    /// Until when it is believed, not included. `None`: until it is retired.
    pub believed_until: Option<Timestamp>,
}

impl From<KeyPair> for DatedKey {
    fn from(pair: KeyPair) -> Self {
        Self { pair, signs_from: None, believed_until: None }
    }
}

impl DatedKey {
    /// Whether tokens that it signed are believed at `now`, as far as the key is concerned. One that
    /// does not sign yet is believed all the same: the clock of another node may be ahead.
    #[must_use]
    pub fn is_believed(&self, now: Timestamp) -> bool {
        self.believed_until.is_none_or(|until| now < until)
    }

    /// Whether it could sign at `now`.
    fn may_sign(&self, now: Timestamp) -> bool {
        self.is_believed(now) && self.signs_from.is_none_or(|from| from <= now)
    }
}

/// The keys of a realm. Clones are the same ring.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(Arc<RwLock<Arc<Vec<DatedKey>>>>);

impl From<KeyPair> for KeyRing {
    fn from(pair: KeyPair) -> Self {
        Self::of([pair])
    }
}

impl KeyRing {
    /// A ring of these, which are believed for ever; the last one signs.
    pub fn of(keys: impl IntoIterator<Item = KeyPair>) -> Self {
        let ring = Self::default();
        ring.replace(keys.into_iter().map(DatedKey::from).collect());
        ring
    }

    /// Puts other keys in place of all that there are. Tokens of a key that is gone are refused from now
    /// on, also those that were believed before.
    pub fn replace(&self, keys: Vec<DatedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The keys as they are now.
    #[must_use]
    pub fn keys(&self) -> Arc<Vec<DatedKey>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that signs at `now`: of those that may, the one whose time began last.
    #[must_use]
    pub fn signing(&self, now: Timestamp) -> Option<KeyPair> {
        signing(&self.keys(), now).map(|key| key.pair.clone())
    }

    /// The public halves that others need to check tokens at `now`, those among them that do not sign yet.
    #[must_use]
    pub fn published(&self, now: Timestamp) -> Vec<Jwk> {
        let keys = self.keys();
        keys.iter().filter(|key| key.is_believed(now)).map(|key| key.pair.public().jwk()).collect()
    }

    /// The public half of the key with this id, if it is believed at `now`.
    pub(crate) fn trusted(&self, id: &str, now: Timestamp) -> Result<PublicKey, TokenError> {
        let keys = self.keys();
        let key = keys.iter().find(|key| key.pair.public().id() == id).ok_or(TokenError::Key)?;
        if !key.is_believed(now) {
            return Err(TokenError::KeyRetired);
        }
        Ok(key.pair.public().clone())
    }
}

/// Of these keys, the one that signs at `now`.
#[must_use]
pub fn signing(keys: &[DatedKey], now: Timestamp) -> Option<&DatedKey> {
    // Of equal times the last one counts.
    keys.iter().filter(|key| key.may_sign(now)).max_by_key(|key| key.signs_from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(number: u8, from: Option<i64>, until: Option<i64>) -> DatedKey {
        let pair = KeyPair::from_seed(&[number; 32]).unwrap();
        DatedKey { pair, signs_from: from.map(at), believed_until: until.map(at) }
    }

    fn signs(ring: &KeyRing, second: i64) -> Option<String> {
        ring.signing(at(second)).map(|pair| pair.public().id().to_owned())
    }

    fn id(number: u8) -> String {
        KeyPair::from_seed(&[number; 32]).unwrap().public().id().to_owned()
    }

    #[test]
    fn a_new_key_signs_once_its_time_has_come() {
        let ring = KeyRing::default();
        ring.replace(vec![key(1, None, Some(100)), key(2, Some(50), None)]);
        assert_eq!(signs(&ring, 49), Some(id(1)));
        assert_eq!(signs(&ring, 50), Some(id(2)));
    }

    #[test]
    fn a_key_is_believed_before_it_signs_and_until_its_time_is_over() {
        let ring = KeyRing::default();
        ring.replace(vec![key(1, None, Some(100)), key(2, Some(50), None)]);
        assert!(ring.trusted(&id(2), at(0)).is_ok());
        assert!(ring.trusted(&id(1), at(99)).is_ok());
        assert_eq!(ring.trusted(&id(1), at(100)).unwrap_err(), TokenError::KeyRetired);
        assert_eq!(ring.trusted(&id(3), at(0)).unwrap_err(), TokenError::Key);
    }

    #[test]
    fn a_ring_without_keys_signs_nothing() {
        assert_eq!(signs(&KeyRing::default(), 0), None);
        let ring = KeyRing::default();
        ring.replace(vec![key(1, None, Some(10))]);
        assert_eq!(signs(&ring, 10), None);
    }
}
