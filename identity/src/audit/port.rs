//! The port: writing the trail, and reading it.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Entry, Kind, Outcome, Recorded};
use crate::store::StoreError;

/// Who did what, when: an account of sign-ins, changes of rights and refusals, for whoever runs the
/// place.
///
/// **Durability.** What [`record`](Self::record) has returned from is on the disk. Adapters of other ports
/// write entries within their own transactions, so that a change and its entry are there together or not
/// at all.
///
/// **Order.** Entries are read newest first, by time and id. While they are read, newer ones come in before
/// the first page and move nothing. Clocks of several nodes may differ, and a node may write late: an entry
/// that comes in behind a place that was read is found by reading again.
///
/// **Privacy.** An entry holds ids and an address. When an account is erased, the address and the request's
/// id go from every entry about it and by it; what is left are ids that lead nowhere. An entry that is recorded
/// later, having waited or come from a node that did not know yet, has neither from the beginning.
#[async_trait]
pub trait AuditTrail: Debug + Send + Sync + 'static {
    /// Writes entries, all or none. An entry that is there already is left as it is.
    async fn record(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// Reads at most `limit` entries that pass `filter`, the newest first: those older than `after`, or
    /// from the beginning.
    async fn page(
        &self,
        filter: &Filter,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// Forgets entries from before `before`, the oldest first and at most `limit` of them; gives how many.
    async fn forget_before(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Forgets refusals but for the newest `kept` of commands and of sign-ins each, at most `limit` of either
    /// in a transaction and in so many transactions; gives how many. Strangers make refusals: there must be an end to them. What was done is not counted
    /// and not touched.
    async fn forget_refusals(
        &self,
        kept: u64,
        limit: u32,
        transactions: u32,
    ) -> Result<u64, StoreError>;
}

/// Which kinds strangers can bring about, as often as they like.
pub(super) const BY_STRANGERS: [Kind; 2] = [Kind::Refused, Kind::SignInRefused];

/// Which entries are wanted. What is not said is not asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// That ended like this.
    pub outcome: Option<Outcome>,
    /// About this account.
    pub account: Option<Uuid>,
    /// By this one.
    pub actor: Option<Uuid>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// A place in the trail: an entry's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When it was.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl Recorded {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.at, id: self.id }
    }
}
