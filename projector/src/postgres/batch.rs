//! One transaction of the projector that leads.

use std::collections::BTreeSet;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::{Changes, Checkpoint, FacetDocument, FacetKey, Keys, Loaded};

use super::{
    BatchWaits, checkpoint,
    failure::store_error,
    line::{Taken, within},
    load, parked, write,
};
use crate::{
    StoreError,
    port::Batch,
    stored::{self, CheckpointRow},
};

/// A transaction that has the rows of leader and checkpoint locked. If it is not committed, its connection is dropped
/// with it, since it is not known how far that one had come.
pub(super) struct PostgresBatch {
    db: Taken,
    waits: BatchWaits,
    from: Checkpoint,
    digest: Digest,
    lease_ms: i64,
    /// Whether the server failed to answer. Then it is asked nothing more.
    is_broken: bool,
}

impl PostgresBatch {
    /// Begins, if the lead was taken with `epoch` and the checkpoint is `from`.
    pub(super) async fn begin(
        db: Taken,
        from: Checkpoint,
        epoch: i64,
        lease_ms: i64,
        waits: BatchWaits,
    ) -> Result<Self, StoreError> {
        let digest = Digest::EMPTY;
        let mut batch = Self { db, waits, from, digest, lease_ms, is_broken: false };
        batch.run("BEGIN").await?;
        let found = within(waits.short, batch.expect(epoch)).await;
        match batch.hear(found) {
            Ok(digest) => batch.digest = digest,
            Err(error) => {
                batch.end().await;
                return Err(error);
            }
        }
        Ok(batch)
    }

    /// Makes sure that nobody else leads or has moved the checkpoint, and that nobody can before this transaction
    /// ends. Gives the digest.
    async fn expect(&mut self, epoch: i64) -> Result<Digest, StoreError> {
        const LOCK: &str = "SELECT l.epoch, c.generation, c.position, c.digest_count, c.digest_hash \
            FROM leader AS l, checkpoint AS c WHERE l.one = 1 AND c.one = 1 FOR UPDATE";
        let query = sqlx::query_as(LOCK);
        let row: (i64, i64, i64, i64, Vec<u8>) =
            query.fetch_one(&mut self.db.connection).await.map_err(store_error)?;
        let (found, generation, position, count, hash) = row;
        if found != epoch {
            return Err(StoreError::Deposed);
        }
        let row: CheckpointRow = (generation, position, count, hash);
        let (stored, digest) = stored::checkpoint(row)?;
        let expected = self.from;
        if stored == expected { Ok(digest) } else { Err(StoreError::Fenced { expected, stored }) }
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let asked = async {
            let done = sqlx::query(statement).execute(&mut self.db.connection).await;
            done.map(drop).map_err(store_error)
        };
        let done = within(self.waits.short, asked).await;
        self.hear(done)
    }

    /// Remembers if the server failed to answer.
    fn hear<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.is_broken |= answer.as_ref().is_err_and(StoreError::is_transient);
        answer
    }

    /// Rolls back. If the server does not hear that, it rolls back when the connection ends.
    async fn end(mut self) {
        if !self.is_broken && self.run("ROLLBACK").await.is_ok() {
            self.db.give_back();
        }
    }
}

#[async_trait]
impl Batch for PostgresBatch {
    fn digest(&self) -> Digest {
        self.digest
    }

    async fn documents(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let answer = within(self.waits.long, load::documents(&mut self.db.connection, keys)).await;
        self.hear(answer)
    }

    async fn facets(
        &mut self,
        keys: &BTreeSet<FacetKey>,
    ) -> Result<Vec<FacetDocument>, StoreError> {
        let answer = within(self.waits.long, load::facets(&mut self.db.connection, keys)).await;
        self.hear(answer)
    }

    async fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let written = write::changes(&mut self.db.connection, changes, self.waits.long).await;
        self.hear(written)
    }

    async fn advance(&mut self, to: Checkpoint, digest: Digest) -> Result<(), StoreError> {
        let db = &mut self.db.connection;
        let advanced = checkpoint::advance(db, self.from, to, digest, self.lease_ms);
        let answer = within(self.waits.short, advanced).await;
        self.hear(answer)
    }

    async fn poison_position(
        &mut self,
        stream: &StreamName,
    ) -> Result<Option<Position>, StoreError> {
        let asked = parked::poison_position(&mut self.db.connection, stream);
        let answer = within(self.waits.short, asked).await;
        self.hear(answer)
    }

    async fn refuse(&mut self, stream: &StreamName, reason: &str) -> Result<(), StoreError> {
        let asked = parked::refuse(&mut self.db.connection, stream, reason);
        let answer = within(self.waits.short, asked).await;
        self.hear(answer)
    }

    async fn forget(&mut self, stream: &StreamName) -> Result<(), StoreError> {
        let asked = parked::forget(&mut self.db.connection, stream);
        let answer = within(self.waits.short, asked).await;
        self.hear(answer)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.run("COMMIT").await?;
        self.db.give_back();
        Ok(())
    }

    async fn abandon(self: Box<Self>) {
        self.end().await;
    }
}
