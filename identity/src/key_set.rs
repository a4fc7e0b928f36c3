//! The keys of a file as a text, and how one takes over from another. Pure.
//!
//! A key is a PEM block. Lines before it say its times; RFC 7468 section 5.2 allows such lines, and passes
//! over any others:
//!
//! ```text
//! Key-Id: 2F1p…
//! Signs-From: 2026-11-22T08:05:00Z
//! Believed-Until: 2026-12-22T09:05:00Z
//! -----BEGIN PRIVATE KEY-----
//! …
//! -----END PRIVATE KEY-----
//! ```

use std::{fmt::Write, time::Duration};

use jiff::Timestamp;

use crate::{DatedKey, InvalidKey, KeyPair, signing};

/// How many keys a file holds at most.
pub const KEYS_MAX: usize = 16;

/// How long a key that is believed no more stays in the file, so that its tokens are told why they are refused.
const RETIRED_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const SIGNS_FROM: &str = "Signs-From:";
const BELIEVED_UNTIL: &str = "Believed-Until:";

/// Why keys cannot be changed like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(String),
    /// Without it nothing would sign, now or once the keys that were replaced before are over.
    #[error(
        "{0} is the only key that signs and has no end: rotate first (cinelog key rotate --after 0s)"
    )]
    LastOne(String),
    /// There are too many.
    #[error("there are {KEYS_MAX} keys already, the most there may be: wait until some are over")]
    TooMany,
}

/// The keys that a text holds, in their order.
///
/// # Errors
/// [`InvalidKey`] where it holds none, too many, the same one twice, or something that is none.
pub fn read_keys(text: &str) -> Result<Vec<DatedKey>, InvalidKey> {
    let (mut keys, mut block) = (Vec::<DatedKey>::new(), String::new());
    let (mut signs_from, mut believed_until) = (None, None);
    for line in text.lines() {
        let is_within = !block.is_empty();
        if is_within || line.starts_with(BEGIN) {
            block.push_str(line);
            block.push('\n');
            if line.starts_with(END) {
                let pair = KeyPair::from_pem(std::mem::take(&mut block))?;
                let signs_from = signs_from.take();
                keys.push(DatedKey { pair, signs_from, believed_until: believed_until.take() });
            }
        } else if let Some(time) = line.strip_prefix(SIGNS_FROM) {
            signs_from = Some(time.trim().parse().map_err(|_| InvalidKey)?);
        } else if let Some(time) = line.strip_prefix(BELIEVED_UNTIL) {
            believed_until = Some(time.trim().parse().map_err(|_| InvalidKey)?);
        }
    }
    let id = |key: &DatedKey| key.pair.public().id().to_owned();
    let is_twice = |at: usize| keys[..at].iter().any(|other| id(other) == id(&keys[at]));
    let is_whole = block.is_empty() && signs_from.is_none() && believed_until.is_none();
    if !is_whole || !(1..=KEYS_MAX).contains(&keys.len()) || (0..keys.len()).any(is_twice) {
        return Err(InvalidKey);
    }
    Ok(keys)
}

/// The text that holds these keys.
#[must_use]
pub fn write_keys(keys: &[DatedKey]) -> String {
    let mut text = String::new();
    for key in keys {
        // Writing to a string does not fail.
        let _ = writeln!(text, "Key-Id: {}", key.pair.public().id());
        if let Some(time) = key.signs_from {
            let _ = writeln!(text, "{SIGNS_FROM} {time}");
        }
        if let Some(time) = key.believed_until {
            let _ = writeln!(text, "{BELIEVED_UNTIL} {time}");
        }
        text.push_str(key.pair.pem.trim_end());
        text.push('\n');
    }
    text
}

/// The keys with a new one, which is published now and signs from `signs_from`. The others are believed for
/// `overlap` from then on, and not longer than they were to be.
///
/// # Errors
/// [`KeySetError::TooMany`].
pub fn rotate(
    keys: &[DatedKey],
    new: KeyPair,
    now: Timestamp,
    signs_from: Timestamp,
    overlap: Duration,
) -> Result<Vec<DatedKey>, KeySetError> {
    let over = now.saturating_sub(RETIRED_KEPT).unwrap_or(Timestamp::MIN);
    let until = signs_from.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let mut rotated: Vec<DatedKey> =
        keys.iter().filter(|key| key.is_believed(over)).cloned().collect();
    for key in &mut rotated {
        key.believed_until = Some(key.believed_until.map_or(until, |earlier| earlier.min(until)));
    }
    rotated.push(DatedKey { pair: new, signs_from: Some(signs_from), believed_until: None });
    if rotated.len() > KEYS_MAX { Err(KeySetError::TooMany) } else { Ok(rotated) }
}

/// The keys, of which the one with this id is not believed any more from `now` on. A key that was replaced
/// before does not come to sign again by it: whoever retires the newer one may have lost both.
///
/// # Errors
/// [`KeySetError::Unknown`], and [`KeySetError::LastOne`] where nothing that has no end would sign then.
pub fn retire(keys: &[DatedKey], id: &str, now: Timestamp) -> Result<Vec<DatedKey>, KeySetError> {
    let is_signing = signing(keys, now).is_some_and(|key| key.pair.public().id() == id);
    let mut retired = keys.to_vec();
    let key = retired.iter_mut().find(|key| key.pair.public().id() == id);
    let key = key.ok_or_else(|| KeySetError::Unknown(id.to_owned()))?;
    key.believed_until = Some(key.believed_until.map_or(now, |earlier| earlier.min(now)));
    let follows = |key: &DatedKey| key.believed_until.is_none();
    let goes_on = match signing(&retired, now) {
        Some(key) => !is_signing || follows(key),
        None => false,
    };
    if goes_on && retired.iter().any(follows) {
        Ok(retired)
    } else {
        Err(KeySetError::LastOne(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn pair(number: u8) -> KeyPair {
        KeyPair::from_seed(&[number; 32]).unwrap()
    }

    fn id(number: u8) -> String {
        pair(number).public().id().to_owned()
    }

    fn signs(keys: &[DatedKey], second: i64) -> String {
        signing(keys, at(second)).unwrap().pair.public().id().to_owned()
    }

    #[test]
    fn a_file_with_one_key_and_no_lines_goes_on_working() {
        let keys = read_keys(&pair(1).pem).unwrap();
        assert_eq!((keys[0].signs_from, keys[0].believed_until), (None, None));
        assert_eq!(signs(&keys, 0), id(1));
    }

    #[test]
    fn a_new_key_is_published_first_and_signs_later_and_the_old_one_is_believed_a_while() {
        let keys = read_keys(&pair(1).pem).unwrap();
        let overlap = Duration::from_secs(600);
        let keys = rotate(&keys, pair(2), at(100), at(200), overlap).unwrap();
        assert_eq!((signs(&keys, 199), signs(&keys, 200)), (id(1), id(2)));
        assert!(keys[0].is_believed(at(799)) && !keys[0].is_believed(at(800)));
        assert!(keys[1].is_believed(at(100)));
    }

    #[test]
    fn keys_that_are_long_over_are_forgotten() {
        let keys = read_keys(&pair(1).pem).unwrap();
        let keys = rotate(&keys, pair(2), at(0), at(0), Duration::ZERO).unwrap();
        let keys = rotate(&keys, pair(3), at(60), at(60), Duration::ZERO).unwrap();
        assert_eq!(keys.len(), 3);
        let month = 31 * 24 * 60 * 60;
        let keys = rotate(&keys, pair(4), at(month), at(month), Duration::ZERO).unwrap();
        assert_eq!(keys.len(), 1 + 1);
    }

    #[test]
    fn a_retired_key_is_believed_no_more_and_the_last_one_cannot_be_retired() {
        let keys = read_keys(&pair(1).pem).unwrap();
        assert_eq!(retire(&keys, &id(1), at(9)).unwrap_err(), KeySetError::LastOne(id(1)));
        assert_eq!(retire(&keys, "x", at(9)).unwrap_err(), KeySetError::Unknown("x".to_owned()));
        let keys = rotate(&keys, pair(2), at(9), at(9), Duration::from_secs(600)).unwrap();
        let keys = retire(&keys, &id(1), at(10)).unwrap();
        assert!(!keys[0].is_believed(at(10)) && keys[1].is_believed(at(10)));
    }

    #[test]
    fn a_key_that_was_replaced_does_not_sign_again_for_its_successor_is_retired() {
        let keys = read_keys(&pair(1).pem).unwrap();
        let keys = rotate(&keys, pair(2), at(9), at(9), Duration::from_secs(600)).unwrap();
        assert_eq!(retire(&keys, &id(2), at(10)).unwrap_err(), KeySetError::LastOne(id(2)));
        let keys = rotate(&keys, pair(3), at(10), at(10), Duration::from_secs(600)).unwrap();
        let keys = retire(&keys, &id(2), at(11)).unwrap();
        assert_eq!((signs(&keys, 11), signs(&keys, 10_000)), (id(3), id(3)));
    }

    #[test]
    fn a_key_that_is_to_follow_cannot_be_retired_where_nothing_else_would_go_on() {
        let keys = read_keys(&pair(1).pem).unwrap();
        let keys = rotate(&keys, pair(2), at(0), at(300), Duration::from_secs(600)).unwrap();
        assert_eq!(retire(&keys, &id(2), at(9)).unwrap_err(), KeySetError::LastOne(id(2)));
    }

    #[test]
    fn what_is_not_whole_is_no_file_of_keys() {
        let whole = pair(1).pem;
        let twice = format!("{whole}{whole}");
        let cut = whole.replace("-----END PRIVATE KEY-----\n", "");
        let lines_only = format!("{whole}Signs-From: 2026-01-01T00:00:00Z\n");
        let bad_time = format!("Believed-Until: tomorrow\n{whole}");
        let other = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
        for text in ["", "not a key", &twice, &cut, &lines_only, &bad_time, other] {
            assert!(read_keys(text).is_err(), "{text}");
        }
    }

    prop_compose! {
        fn dated()(
            seed: [u8; 32],
            from in prop::option::of(-377_705_023_201..253_402_207_200_i64),
            until in prop::option::of((0..253_402_207_200_i64, 0..1_000_000_000_i32)),
        ) -> DatedKey {
            DatedKey {
                pair: KeyPair::from_seed(&seed).unwrap(),
                signs_from: from.map(at),
                believed_until: until.map(|(second, nano)| Timestamp::new(second, nano).unwrap()),
            }
        }
    }

    proptest! {
        #[test]
        fn keys_are_read_back_with_their_times_and_whatever_else_stands_there_is_passed_over(
            keys in prop::collection::vec(dated(), 1..4), comment in "[ -,.-~é]{0,40}"
        ) {
            prop_assume!(!comment.starts_with("Signs-From") && !comment.starts_with("Believed-"));
            let text = format!("{comment}\n{}{comment}\n", write_keys(&keys));
            let facts = |keys: &[DatedKey]| -> Vec<_> {
                let fact = |key: &DatedKey| {
                    (key.pair.public().id().to_owned(), key.signs_from, key.believed_until)
                };
                keys.iter().map(fact).collect()
            };
            prop_assert_eq!(facts(&read_keys(&text).unwrap()), facts(&keys));
        }

        #[test]
        fn however_often_is_rotated_and_retired_something_signs_now_and_for_ever(
            steps in prop::collection::vec((any::<bool>(), 0..1000_i64, 0..900_u64), 1..40)
        ) {
            let (mut keys, mut now, mut number) = (read_keys(&pair(0).pem).unwrap(), 0, 0);
            for (is_rotation, wait, span) in steps {
                now += wait;
                let changed = if is_rotation {
                    number += 1;
                    rotate(&keys, pair(number), at(now), at(now), Duration::from_secs(span))
                } else {
                    let at_which = usize::try_from(span).unwrap() % keys.len();
                    retire(&keys, keys[at_which].pair.public().id(), at(now))
                };
                if let Ok(changed) = changed { keys = changed; }
                prop_assert!(signing(&keys, at(now)).is_some());
                prop_assert!(signing(&keys, Timestamp::MAX).is_some());
                prop_assert!(keys.len() <= KEYS_MAX);
            }
        }
    }
}
