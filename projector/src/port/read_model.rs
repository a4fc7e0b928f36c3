//! One generation of a read model, open for the projector.

use std::collections::BTreeSet;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::{Changes, Checkpoint, FacetDocument, FacetKey, Keys, Loaded};

use crate::StoreError;

/// Whether this projector is the one that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership {
    /// It is: for some seconds from now on, or until it resigns.
    Leading,
    /// Another projector is.
    Following,
}

/// A stream that a poison event has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// Its name.
    pub stream: String,
    /// Where the poison event is.
    pub position: Position,
    /// What is wrong with it, as the end of a sentence.
    pub reason: String,
    /// Whether somebody has asked for it to be tried again.
    pub retry: bool,
    /// How many events were set aside, the poison event included.
    pub events: u64,
}

/// One generation of a read model, open for the projector. A store loads documents and writes changes, in
/// transactions. It does not know what events mean.
///
/// **Leadership.** Of all projectors that have a generation open, one writes: the one whose last
/// [`lead`](Self::lead) gave [`Leadership::Leading`]. A store that several processes can reach gives the
/// lead for some seconds. Every batch, and every further call of `lead`, extends it. A projector that has lost
/// the lead can write nothing more, even if it was asleep meanwhile: its batches are refused with
/// [`StoreError::Deposed`].
///
/// **Atomicity.** A batch, its checkpoint and its digest are written together or not at all. A crash of the machine
/// may lose the last batches, but never a part of one; they are folded in again. Whether readers may have seen
/// such a batch before the crash, each store says itself.
///
/// **Errors.** [`StoreError::is_transient`] says whether trying again may help. A commit whose answer is
/// lost counts as transient: the checkpoint must be read again before going on.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// Takes the lead if nobody has it, or keeps it if this projector has it.
    async fn lead(&self) -> Result<Leadership, StoreError>;

    /// Gives up the lead at once, if this projector has it.
    async fn resign(&self) -> Result<(), StoreError>;

    /// How far the log has been folded in, with the digest of what was folded in or parked.
    async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError>;

    /// Begins a batch of about `events` events at the checkpoint `from`: nobody else writes until it
    /// ends.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if another projector leads, or this one never took the lead;
    /// [`StoreError::Fenced`] if the checkpoint is not `from`.
    async fn begin(&self, from: Checkpoint, events: usize) -> Result<Box<dyn Batch>, StoreError>;

    /// How many streams a poison event has stopped.
    async fn parked_streams(&self) -> Result<u64, StoreError>;

    /// The parked streams after position `after`, in the order of their poison events, at most `limit`.
    async fn parked(&self, after: Position, limit: u32) -> Result<Vec<ParkedStream>, StoreError>;

    /// One parked stream. `None`: it is not parked.
    async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError>;

    /// Asks for a parked stream to be tried again; `None`: for all of them. The projector that leads will do it.
    /// Gives how many streams that are.
    async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError>;

    /// The streams that shall be tried again, at most `limit`. They are in the order of their poison events, since a
    /// later one may depend on an earlier one.
    async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError>;

    /// Notes that a stream shall not be tried again.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if another projector leads, or this one never took the lead.
    async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError>;

    /// Resigns, and closes all connections after what is under way has ended.
    async fn close(&self);
}

/// A batch under way: one transaction. Dropped without [`commit`](Self::commit) it has changed nothing.
#[async_trait]
pub trait Batch: Send {
    /// The digest at the checkpoint where the batch began.
    fn digest(&self) -> Digest;

    /// Those of the films, ratings and parked streams in `keys` that exist.
    async fn documents(&mut self, keys: &Keys) -> Result<Loaded, StoreError>;

    /// Those of the facets in `keys` that exist.
    async fn facets(&mut self, keys: &BTreeSet<FacetKey>)
    -> Result<Vec<FacetDocument>, StoreError>;

    /// Writes what has changed. Every statement must touch the rows it is meant for, no more and no
    /// fewer: otherwise [`StoreError::Damaged`].
    async fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;

    /// Moves the checkpoint from where the batch began. If it stays there, the store notes that something changed all
    /// the same.
    async fn advance(&mut self, to: Checkpoint, digest: Digest) -> Result<(), StoreError>;

    /// The position of the poison event of a stream. `None`: the stream is not parked.
    async fn poison_position(
        &mut self,
        stream: &StreamName,
    ) -> Result<Option<Position>, StoreError>;

    /// Leaves a stream parked, notes what is wrong with it now, and that it shall not be tried again.
    async fn refuse(&mut self, stream: &StreamName, reason: &str) -> Result<(), StoreError>;

    /// Removes a stream and all of its events from what is parked.
    async fn forget(&mut self, stream: &StreamName) -> Result<(), StoreError>;

    /// Commits everything.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Ends the batch; nothing has changed.
    async fn abandon(self: Box<Self>);
}
