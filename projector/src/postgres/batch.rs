//! One transaction, of whoever leads.

use std::collections::BTreeSet;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::{Changes, Checkpoint, FacetDocument, FacetKey, Keys, Loaded};
use sqlx::{Postgres, pool::PoolConnection};

use super::{
    checkpoint::{self, CheckpointRow},
    failure::store_error,
    load, parked, write,
};
use crate::{StoreError, port::Batch};

/// A transaction that has the rows of leader and checkpoint locked. One that is not committed takes its
/// connection with it: how far that one had come is not looked into.
pub(super) struct PostgresBatch {
    connection: PoolConnection<Postgres>,
    from: Checkpoint,
    digest: Digest,
    lease_ms: i64,
    is_done: bool,
}

impl PostgresBatch {
    /// Begins where the lead was taken with `epoch` and the checkpoint is `from`.
    pub(super) async fn begin(
        connection: PoolConnection<Postgres>,
        from: Checkpoint,
        epoch: i64,
        lease_ms: i64,
    ) -> Result<Self, StoreError> {
        let mut batch = Self { connection, from, digest: Digest::EMPTY, lease_ms, is_done: false };
        batch.run("BEGIN").await?;
        match batch.expect(epoch).await {
            Ok(digest) => batch.digest = digest,
            Err(error) => {
                batch.end().await;
                return Err(error);
            }
        }
        Ok(batch)
    }

    /// Makes sure that nobody else leads or has moved the checkpoint, and that nobody will before this
    /// ends; gives the digest.
    async fn expect(&mut self, epoch: i64) -> Result<Digest, StoreError> {
        const LOCK: &str = "SELECT l.epoch, c.generation, c.position, c.digest_count, c.digest_hash \
            FROM leader AS l, checkpoint AS c WHERE l.one = 1 AND c.one = 1 FOR UPDATE";
        let query = sqlx::query_as(LOCK);
        let row: (i64, i64, i64, i64, Vec<u8>) =
            query.fetch_one(&mut *self.connection).await.map_err(store_error)?;
        let (found, generation, position, count, hash) = row;
        if found != epoch {
            return Err(StoreError::Deposed);
        }
        let row: CheckpointRow = (generation, position, count, hash);
        let (stored, digest) = checkpoint::parse(row)?;
        let expected = self.from;
        if stored == expected { Ok(digest) } else { Err(StoreError::Fenced { expected, stored }) }
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let done = sqlx::query(statement).execute(&mut *self.connection).await;
        done.map(drop).map_err(store_error)
    }

    /// Rolls back. Whether the server hears that changes nothing.
    async fn end(mut self) {
        if self.run("ROLLBACK").await.is_ok() {
            self.is_done = true;
        }
    }
}

impl Drop for PostgresBatch {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}

#[async_trait]
impl Batch for PostgresBatch {
    fn digest(&self) -> Digest {
        self.digest
    }

    async fn documents(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        load::documents(&mut self.connection, keys).await
    }

    async fn facets(
        &mut self,
        keys: &BTreeSet<FacetKey>,
    ) -> Result<Vec<FacetDocument>, StoreError> {
        load::facets(&mut self.connection, keys).await
    }

    async fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        write::changes(&mut self.connection, changes).await
    }

    async fn advance(&mut self, to: Checkpoint, digest: Digest) -> Result<(), StoreError> {
        checkpoint::advance(&mut self.connection, self.from, to, digest, self.lease_ms).await
    }

    async fn poison_position(
        &mut self,
        stream: &StreamName,
    ) -> Result<Option<Position>, StoreError> {
        parked::poison_position(&mut self.connection, stream).await
    }

    async fn refuse(&mut self, stream: &StreamName, reason: &str) -> Result<(), StoreError> {
        parked::refuse(&mut self.connection, stream, reason).await
    }

    async fn forget(&mut self, stream: &StreamName) -> Result<(), StoreError> {
        parked::forget(&mut self.connection, stream).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.run("COMMIT").await?;
        self.is_done = true;
        Ok(())
    }

    async fn abandon(self: Box<Self>) {
        self.end().await;
    }
}
