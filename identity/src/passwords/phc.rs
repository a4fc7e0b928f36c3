//! Hashes of passwords, as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// What a hash costs whoever computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

/// What OWASP's Password Storage Cheat Sheet asks for at least.
pub(super) const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };

/// The most that a stored hash may ask for: a damaged row must not take the machine's memory.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 8 };

pub(super) const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A text that is no hash of ours, or asks for what is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of a password cannot be read")]
pub(super) struct Unreadable;

/// A stored hash, taken apart.
struct Parts {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// The hash of a password.
pub(super) fn hash(
    password: &str,
    salt: [u8; SALT_BYTES],
    cost: Cost,
) -> Result<String, Unreadable> {
    let hash = compute(password, &salt, cost)?;
    let Cost { memory_kib, passes, lanes } = cost;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
}

/// Whether `password` is the one that was hashed.
pub(super) fn is_right(password: &str, stored: &str) -> Result<bool, Unreadable> {
    let Parts { cost, salt, hash } = read(stored)?;
    let computed = compute(password, &salt, cost)?;
    // All bytes are looked at, however many are right.
    let difference = computed.iter().zip(&hash).fold(0, |sum, (a, b)| sum | (a ^ b));
    Ok(difference == 0 && hash.len() == HASH_BYTES)
}

/// Whether it was hashed with less work than today's.
pub(super) fn is_outdated(stored: &str) -> bool {
    read(stored).map_or(true, |parts| parts.cost != COST)
}

fn compute(password: &str, salt: &[u8], cost: Cost) -> Result<[u8; HASH_BYTES], Unreadable> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES));
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| Unreadable)?);
    let mut hash = [0; HASH_BYTES];
    argon2.hash_password_into(password.as_bytes(), salt, &mut hash).map_err(|_| Unreadable)?;
    Ok(hash)
}

fn read(stored: &str) -> Result<Parts, Unreadable> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$").ok_or(Unreadable)?.split('$');
    let (Some(cost), Some(salt), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Unreadable);
    };
    let decode = |text| STANDARD_NO_PAD.decode(text).map_err(|_| Unreadable);
    Ok(Parts { cost: read_cost(cost).ok_or(Unreadable)?, salt: decode(salt)?, hash: decode(hash)? })
}

fn read_cost(text: &str) -> Option<Cost> {
    let mut parts = text.split(',');
    let mut number = |name: &str| parts.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
    let is_bounded = cost.memory_kib <= COST_MAX.memory_kib
        && cost.passes <= COST_MAX.passes
        && cost.lanes <= COST_MAX.lanes;
    (is_bounded && parts.next().is_none()).then_some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn a_password_is_known_again_and_no_other() {
        let stored = hash("correct horse", [7; SALT_BYTES], CHEAP).unwrap();
        assert_eq!(is_right("correct horse", &stored), Ok(true));
        assert_eq!(is_right("correct horsf", &stored), Ok(false));
        assert_eq!(is_right("", &stored), Ok(false));
    }

    #[test]
    fn it_is_written_as_others_write_it() {
        let stored = hash("password", *b"somesaltsomesalt", CHEAP).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"),
            "{stored}"
        );
        assert_eq!(stored.rsplit('$').next().unwrap().len(), 43);
    }

    #[test]
    fn less_work_than_todays_is_outdated() {
        let cheap = hash("p", [1; SALT_BYTES], CHEAP).unwrap();
        assert!(is_outdated(&cheap));
        assert!(is_outdated("rubbish"));
        let today = cheap.replace("m=64,t=1,p=1", "m=19456,t=2,p=1");
        assert!(!is_outdated(&today));
    }

    #[test]
    fn what_is_damaged_or_asks_for_too_much_is_refused() {
        let good = hash("p", [1; SALT_BYTES], CHEAP).unwrap();
        for damaged in [
            String::new(),
            "password".to_owned(),
            good.replace("argon2id", "argon2i"),
            good.replace("m=64", "m=4000000000"),
            good.replace("t=1", "t=1000"),
            good.replace("p=1", "p=1,x=1"),
            format!("{good}$"),
        ] {
            assert_eq!(is_right("p", &damaged), Err(Unreadable), "{damaged}");
        }
        assert_ne!(is_right("p", &good[..good.len() - 4]), Ok(true));
    }
}
