//! One generation of a read model, open for the projector.

use std::collections::BTreeSet;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::{Changes, Checkpoint, FacetDocument, FacetKey, Keys, Loaded};

use crate::StoreError;

/// Whether this projector is the one that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership {
    /// It is, for some seconds from now on, or until it resigns.
    Leading,
    /// Another one is.
    Following,
}

/// A stream that a poison event has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// Its name.
    pub stream: String,
    /// Where the poison event is.
    pub position: Position,
    /// What is wrong with it: the end of a sentence about it.
    pub reason: String,
    /// Whether it is going to be tried again.
    pub retry: bool,
    /// How many events were set aside, the poison event included.
    pub events: u64,
}

/// One generation of a read model, open for the projector. What events mean is not known here: a store
/// loads documents and writes changes, in transactions.
///
/// **Leadership.** Of all who have a generation open, one writes: the one whose last
/// [`lead`](Self::lead) gave [`Leadership::Leading`]. A store that several can reach at once gives the
/// lead for some seconds, which every batch and every further call of `lead` make last longer. Who has
/// lost it writes nothing any more, however late it wakes up: its batches are refused with
/// [`StoreError::Deposed`].
///
/// **Atomicity.** Of a batch everything is there with its checkpoint and its digest, or nothing is. What
/// is committed may be lost by a crash of the machine, the last batches first and never a part of one;
/// they are folded in again. Where others have seen it, that is what a store must say about itself.
///
/// **Errors.** [`StoreError::is_transient`] says whether the same may succeed later. A commit whose
/// answer is lost is transient: whoever goes on reads the checkpoint first.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// Takes the lead where nobody has it, keeps it where this one has it.
    async fn lead(&self) -> Result<Leadership, StoreError>;

    /// Gives the lead up at once, if this one has it.
    async fn resign(&self) -> Result<(), StoreError>;

    /// How far the log has been folded in, with the digest of what was folded in or parked.
    async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError>;

    /// Begins a batch of about `events` events at the checkpoint `from`: nobody else writes until it
    /// ends.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] where another one leads, or this one never has;
    /// [`StoreError::Fenced`] where the checkpoint is not `from`.
    async fn begin(&self, from: Checkpoint, events: usize) -> Result<Box<dyn Batch>, StoreError>;

    /// How many streams a poison event has stopped.
    async fn parked_streams(&self) -> Result<u64, StoreError>;

    /// The parked streams after position `after`, in the order of their poison events, at most `limit`.
    async fn parked(&self, after: Position, limit: u32) -> Result<Vec<ParkedStream>, StoreError>;

    /// One parked stream. `None` where it is not parked.
    async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError>;

    /// Asks for a stream to be tried again; for all of them, where none is named. Whichever projector
    /// leads does it. Gives how many streams that are.
    async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError>;

    /// The streams that shall be tried again, in the order of their poison events: what a later one
    /// may depend on comes first. At most `limit`.
    async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError>;

    /// Takes the mark from a stream that cannot be tried again.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] where another one leads, or this one never has.
    async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError>;

    /// Resigns and lets go of the store, after what is under way has ended.
    async fn close(&self);
}

/// A batch under way: one transaction. Dropped without [`commit`](Self::commit) it has changed nothing.
#[async_trait]
pub trait Batch: Send {
    /// The digest up to where it began.
    fn digest(&self) -> Digest;

    /// What there is of the films, ratings and parked streams that `keys` name.
    async fn documents(&mut self, keys: &Keys) -> Result<Loaded, StoreError>;

    /// What there is of the facets that `keys` name.
    async fn facets(&mut self, keys: &BTreeSet<FacetKey>)
    -> Result<Vec<FacetDocument>, StoreError>;

    /// Writes what has changed. Every statement must touch the rows it is meant for, no more and no
    /// fewer: otherwise [`StoreError::Damaged`].
    async fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;

    /// Moves the checkpoint from where the batch began; or says, where it stays there, that something changed.
    async fn advance(&mut self, to: Checkpoint, digest: Digest) -> Result<(), StoreError>;

    /// Where the poison event of a stream is. `None` where the stream is not parked.
    async fn poison_position(
        &mut self,
        stream: &StreamName,
    ) -> Result<Option<Position>, StoreError>;

    /// Leaves a stream parked, takes the mark from it that it shall be tried again, and says what is
    /// wrong with it now.
    async fn refuse(&mut self, stream: &StreamName, reason: &str) -> Result<(), StoreError>;

    /// Takes a stream out of the parked ones, with all of its events.
    async fn forget(&mut self, stream: &StreamName) -> Result<(), StoreError>;

    /// Makes all of it happen.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Ends it with nothing changed.
    async fn abandon(self: Box<Self>);
}
