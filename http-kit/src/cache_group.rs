//! Cache groups: names by which caches in front of the server forget many answers at once.
//!
//! An answer says to which groups it belongs, twice: as `Surrogate-Key`, which CDNs and Varnish know, and
//! as `Cache-Groups` (RFC 9875). What a group stands for is for others to say: nothing here knows of films.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// On answers: the groups that they belong to, separated by spaces. On a `PURGE`: what is to be forgotten.
pub const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// On answers: the groups that they belong to, as RFC 9875 has it.
const CACHE_GROUPS: HeaderName = HeaderName::from_static("cache-groups");

/// On answers to what changes something: the groups that a cache on the way may forget.
const CACHE_GROUP_INVALIDATION: HeaderName = HeaderName::from_static("cache-group-invalidation");

/// How many groups caches must be able to remember of one answer (RFC 9875 section 2).
const GROUPS_MAX: usize = 32;

/// What names of things that have no id are hashed with.
const NAMESPACE: Uuid = Uuid::from_u128(0x3f2c_61c4_5f0e_4b6b_9a51_6d6f_7669_6573);

/// A cache group: 1 to 32 letters, digits and hyphens, as much as caches must be able to remember.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheGroup(Name);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    /// A word.
    All(&'static str),
    /// 32 hexadecimal digits.
    One(Uuid),
}

impl CacheGroup {
    /// The group of all things of a kind, such as `movies`: at most 31 letters, digits and hyphens, so
    /// that it cannot be the group of a single thing.
    #[must_use]
    pub const fn all(kind: &'static str) -> Self {
        Self(Name::All(kind))
    }

    /// The group of the thing with this id, which is the id without hyphens.
    #[must_use]
    pub const fn one(id: Uuid) -> Self {
        Self(Name::One(id))
    }

    /// The group of the thing of a kind that has this name in any script, such as the `genre` `drama`.
    #[must_use]
    pub fn named(kind: &str, name: &str) -> Self {
        Self(Name::One(Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes())))
    }
}

impl fmt::Display for CacheGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Name::All(kind) => f.write_str(kind),
            Name::One(id) => id.simple().fmt(f),
        }
    }
}

/// Says on an answer to which groups it belongs. Of more than 32 the rest is not said.
pub fn belongs_to(headers: &mut HeaderMap, groups: &[CacheGroup]) {
    let groups = &groups[..groups.len().min(GROUPS_MAX)];
    put(headers, SURROGATE_KEY, &joined(groups, " "));
    put(headers, CACHE_GROUPS, &quoted(groups));
}

/// Says on the answer to what changed something which groups a cache on the way may forget.
pub fn invalidates(headers: &mut HeaderMap, groups: &[CacheGroup]) {
    let groups = &groups[..groups.len().min(GROUPS_MAX)];
    put(headers, CACHE_GROUP_INVALIDATION, &quoted(groups));
}

/// A list of strings (RFC 9651 section 3.1). Names of groups have nothing that would need to be escaped.
fn quoted(groups: &[CacheGroup]) -> String {
    groups.iter().map(|group| format!("\"{group}\"")).collect::<Vec<_>>().join(", ")
}

fn joined(groups: &[CacheGroup], between: &str) -> String {
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x018b_cfe5_6acd_751f_a3c9_6813_17f6_1485);

    #[test]
    fn an_answer_names_its_groups_for_both_kinds_of_cache() {
        let mut headers = HeaderMap::new();
        belongs_to(&mut headers, &[CacheGroup::all("movies"), CacheGroup::one(ID)]);
        assert_eq!(headers[SURROGATE_KEY], "movies 018bcfe56acd751fa3c9681317f61485");
        assert_eq!(headers[CACHE_GROUPS], "\"movies\", \"018bcfe56acd751fa3c9681317f61485\"");
    }

    #[test]
    fn what_was_changed_is_a_list_of_strings() {
        let mut headers = HeaderMap::new();
        invalidates(&mut headers, &[CacheGroup::all("genres"), CacheGroup::all("tags")]);
        assert_eq!(headers[CACHE_GROUP_INVALIDATION], "\"genres\", \"tags\"");
        assert!(!headers.contains_key(SURROGATE_KEY));
    }

    #[test]
    fn no_groups_are_no_header() {
        let mut headers = HeaderMap::new();
        belongs_to(&mut headers, &[]);
        invalidates(&mut headers, &[]);
        assert!(headers.is_empty());
    }

    #[test]
    fn names_of_any_length_and_script_are_as_long_as_caches_must_remember() {
        let long = CacheGroup::named("platform", &"映".repeat(100)).to_string();
        assert_eq!(long.len(), 32);
        assert!(long.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(CacheGroup::named("genre", "drama"), CacheGroup::named("tag", "drama"));
        // Nodes of different versions name the same.
        let drama = CacheGroup::named("genre", "drama").to_string();
        assert_eq!(drama, "ebcec722fe0c56df850dbd1fddbe9192");
    }

    #[test]
    fn of_more_groups_than_a_cache_must_remember_the_first_are_named() {
        let groups: Vec<_> = (0..40).map(|n| CacheGroup::one(Uuid::from_u128(n))).collect();
        let mut headers = HeaderMap::new();
        belongs_to(&mut headers, &groups);
        assert_eq!(headers[SURROGATE_KEY].to_str().unwrap().split(' ').count(), GROUPS_MAX);
    }
}
