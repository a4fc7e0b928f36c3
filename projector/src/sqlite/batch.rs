//! One transaction on the connection that writes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::{Changes, Checkpoint, FacetDocument, FacetKey, Keys, Loaded};
use sqlx::{Sqlite, pool::PoolConnection};

use super::{checkpoint, failure::store_error, load, parked, write};
use crate::{StoreError, port::Batch};

/// A transaction. If it is not committed its connection is closed too: SQLite may have ended the transaction by
/// itself, as it does when the disk is full, and a connection that has failed is not used again.
pub(super) struct SqliteBatch {
    connection: PoolConnection<Sqlite>,
    from: Checkpoint,
    digest: Digest,
    is_done: bool,
}

impl SqliteBatch {
    /// Begins, if the checkpoint is `from`.
    pub(super) async fn begin(
        connection: PoolConnection<Sqlite>,
        from: Checkpoint,
    ) -> Result<Self, StoreError> {
        let mut batch = Self { connection, from, digest: Digest::EMPTY, is_done: false };
        // Immediate: nobody may change what is loaded before it is written.
        batch.run("BEGIN IMMEDIATE").await?;
        match checkpoint::expect(&mut batch.connection, from).await {
            Ok(digest) => batch.digest = digest,
            Err(error) => {
                batch.close().await;
                return Err(error);
            }
        }
        Ok(batch)
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let done = sqlx::query(statement).execute(&mut *self.connection).await;
        done.map(drop).map_err(store_error)
    }

    /// Rolls back and closes the connection. Errors do not matter then.
    async fn close(mut self) {
        // Dropping the connection closes it.
        self.connection.close_on_drop();
        let rolled_back = self.run("ROLLBACK").await;
        drop(rolled_back);
    }
}

impl Drop for SqliteBatch {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}

#[async_trait]
impl Batch for SqliteBatch {
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
        checkpoint::advance(&mut self.connection, self.from, to, digest).await
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
        self.close().await;
    }
}
