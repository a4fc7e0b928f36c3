//! One line of the trail.
//!
//! It is made of ids, names of ours and an address, and of nothing that somebody typed: there is no
//! field into which an e-mail address, a password or a token would fit.

use std::{borrow::Cow, net::IpAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Kind, Outcome};
use crate::Role;

/// Where a request came from, and which one it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    address: Option<IpAddr>,
    request_id: Option<String>,
}

impl Origin {
    /// The longest id of a request that is kept.
    const REQUEST_ID_CHARS_MAX: usize = 64;

    /// The address of the client and the id of the request. A client may choose that id: it is kept where
    /// it looks like one (letters, digits, `-` and `_`), so that nobody brings text in by it.
    #[must_use]
    pub fn new(address: Option<IpAddr>, request_id: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_kept = (1..=Self::REQUEST_ID_CHARS_MAX).contains(&request_id.len())
            && request_id.bytes().all(is_plain);
        Self { address, request_id: is_kept.then(|| request_id.to_owned()) }
    }
}

/// What is known besides. Each part only where the kind has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Details {
    /// The role before a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_before: Option<Cow<'static, str>>,
    /// The role of the account from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Cow<'static, str>>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// The key for a machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Uuid>,
    /// The provider, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Cow<'static, str>>,
    /// The method of a refused request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Cow<'static, str>>,
    /// Its route, such as `/v1/movies/{id}`: never the address itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Cow<'static, str>>,
    /// The status of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why, in a word or two of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    pub(super) times: u32,
    pub(super) what: What,
    pub(super) request_id: Option<String>,
}

/// All that two entries have in common that tell of the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct What {
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) account: Option<Uuid>,
    pub(super) actor: Option<Uuid>,
    pub(super) address: Option<IpAddr>,
    pub(super) details: Details,
}

impl Entry {
    /// An entry that says no more than what was done. `id` is new; written twice, the same entry is there
    /// once.
    #[must_use]
    pub fn new(id: Uuid, at: Timestamp, kind: Kind) -> Self {
        let what = What {
            kind,
            outcome: kind.usual_outcome(),
            account: None,
            actor: None,
            address: None,
            details: Details::default(),
        };
        Self { id, at, times: 1, what, request_id: None }
    }

    /// Whose account it is about.
    #[must_use]
    pub fn about(mut self, account: Uuid) -> Self {
        self.what.account = Some(account);
        self
    }

    /// Who did it, or tried. Left out where that is not known, and where it was done on the command line.
    #[must_use]
    pub fn by(mut self, actor: Uuid) -> Self {
        self.what.actor = Some(actor);
        self
    }

    /// Where the request came from.
    #[must_use]
    pub fn from(mut self, origin: &Origin) -> Self {
        self.what.address = origin.address;
        self.request_id.clone_from(&origin.request_id);
        self
    }

    /// It was not done.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.what.outcome = Outcome::Refused;
        self
    }

    /// Why, in a word or two.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.what.details.reason = Some(Cow::Borrowed(reason));
        self
    }

    /// The role of the account from now on, and before where it had one.
    #[must_use]
    pub fn role(mut self, before: Option<Role>, role: Role) -> Self {
        self.what.details.role_before = before.map(|role| Cow::Borrowed(role.as_str()));
        self.what.details.role = Some(Cow::Borrowed(role.as_str()));
        self
    }

    /// The session.
    #[must_use]
    pub fn session(mut self, id: Uuid) -> Self {
        self.what.details.session = Some(id);
        self
    }

    /// The key for a machine.
    #[must_use]
    pub fn key(mut self, id: Uuid) -> Self {
        self.what.details.key = Some(id);
        self
    }

    /// The provider, by its name in the configuration.
    #[must_use]
    pub fn provider(mut self, name: &str) -> Self {
        self.what.details.provider = Some(Cow::Owned(name.to_owned()));
        self
    }

    /// Which request was refused: its method, its route (the pattern, never the address itself) and the
    /// status of the answer.
    #[must_use]
    pub fn request(mut self, method: &'static str, route: &str, status: u16) -> Self {
        self.what.details.method = Some(Cow::Borrowed(method));
        self.what.details.route = Some(Cow::Owned(route.to_owned()));
        self.what.details.status = Some(status);
        self
    }

    /// What was done.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.what.kind
    }
}

/// An entry, as it stands in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: Uuid,
    /// When it was done; of several times, the first.
    pub at: Timestamp,
    /// What was done: a [`Kind`], or one that a newer Cinelog has written.
    pub kind: String,
    /// How it ended: an [`Outcome`].
    pub outcome: String,
    /// Whose account it is about.
    pub account: Option<Uuid>,
    /// Who did it.
    pub actor: Option<Uuid>,
    /// The address of the client. Not there any more once the account, or the actor, was erased.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// How often the very same was done within seconds.
    pub times: u32,
    /// What is known besides.
    pub details: Details,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_be_text_is_not_kept() {
        let kept = |id: &str| Origin::new(None, id).request_id;
        assert_eq!(kept("0198c2a1-7b1e_X"), Some("0198c2a1-7b1e_X".to_owned()));
        let long = "x".repeat(65);
        for id in ["", "ann@example.org", "eyJhbGciOi.eyJzdWIi.c2ln", "a b", "é", &long] {
            assert_eq!(kept(id), None, "{id}");
        }
    }

    #[test]
    fn details_that_are_not_there_are_not_written() {
        assert_eq!(serde_json::to_string(&Details::default()).unwrap(), "{}");
        let details = Details { status: Some(403), ..Details::default() };
        assert_eq!(serde_json::to_string(&details).unwrap(), r#"{"status":403}"#);
    }

    #[test]
    fn details_that_a_newer_cinelog_has_written_are_passed_over() {
        let read: Details = serde_json::from_str(r#"{"status":403,"planet":"Mars"}"#).unwrap();
        assert_eq!(read, Details { status: Some(403), ..Details::default() });
    }
}
