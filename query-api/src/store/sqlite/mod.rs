//! The read model in one SQLite file: a pool of connections that only read.
//!
//! The projector makes the file and is the only one to write to it. A read of one row is a snapshot by
//! itself; a list is read within one [`Snapshot`](snapshot::Snapshot), so that what it shows and the
//! position it names belong together.

mod facets;
mod failure;
mod listing;
mod movies;
mod opening;
mod ratings;
mod row;
mod snapshot;

use std::sync::Arc;

use async_trait::async_trait;
use events::{AccountId, MovieId, Slug};
use read_model::{Checkpoint, FacetDocument, FacetKind, MovieDocument, RatingDocument};
use sqlx::SqlitePool;

use self::row::{checkpoint_of, document_of, read_checkpoint};
use super::{
    FacetList, Listed, MovieList, Part, RatingList, Seen, Store, StoreError, planning::Total,
};

pub(super) use failure::meaning;

/// The read model in a SQLite file. Clones share their connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// For snapshots, which have a deadline.
    pool: SqlitePool,
    /// How many films there are, for the planning of lists.
    total: Arc<Total>,
    /// For reads of one row. They need no deadline, and are spared what it costs.
    rows: SqlitePool,
    /// Which generation the file is.
    generation: u64,
}

#[async_trait]
impl Store for SqliteStore {
    fn generation(&self) -> u64 {
        self.generation
    }

    async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let mut connection = self.rows.acquire().await?;
        Ok(read_checkpoint(&mut connection).await?)
    }

    async fn life(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    async fn movie(&self, id: MovieId) -> Result<Seen<Option<MovieDocument>>, StoreError> {
        let sql = "SELECT c.generation, c.position, m.document FROM checkpoint AS c
                   LEFT JOIN movie AS m ON m.id = ? AND m.deleted = 0 WHERE c.one = 1";
        let row = sqlx::query(sql).bind(id.0).fetch_one(&self.rows).await?;
        Ok((checkpoint_of(&row)?, document_of(&row)?))
    }

    async fn facet(
        &self,
        kind: FacetKind,
        slug: &Slug,
    ) -> Result<Seen<Option<FacetDocument>>, StoreError> {
        let sql = "SELECT c.generation, c.position, f.document FROM checkpoint AS c
                   LEFT JOIN facet AS f ON f.kind = ? AND f.slug = ? WHERE c.one = 1";
        let query = sqlx::query(sql).bind(kind.as_str()).bind(slug.as_str());
        let row = query.fetch_one(&self.rows).await?;
        Ok((checkpoint_of(&row)?, document_of(&row)?))
    }

    async fn rating(
        &self,
        movie: MovieId,
        account: AccountId,
    ) -> Result<Seen<Option<RatingDocument>>, StoreError> {
        ratings::of_account(&self.rows, movie, account).await
    }

    async fn movies(
        &self,
        list: &MovieList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<MovieDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.movies(list, part).await?))
    }

    async fn facets(
        &self,
        list: &FacetList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<FacetDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.facets(list, part).await?))
    }

    async fn ratings(
        &self,
        list: &RatingList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<RatingDocument>>>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        Ok((snapshot.checkpoint, snapshot.ratings(list, part).await?))
    }

    async fn close(&self) {
        self.pool.close().await;
        self.rows.close().await;
    }
}
