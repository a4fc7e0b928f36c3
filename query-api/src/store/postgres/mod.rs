//! The read model in one schema of a Postgres database: connections that only read.
//!
//! The projector makes the schema and is the only one to write to it. Every answer comes from one
//! statement, which is a snapshot by itself: it needs no transaction, and so a read of one row costs one
//! trip to the server. Requests for films that come at once share a trip. A list with conditions takes one
//! more, to count how many films fit each condition: that decides how the list is fetched, and nothing
//! else.

mod facets;
mod failure;
mod films;
mod life;
mod listing;
mod movies;
mod opening;
mod options;
#[cfg(test)]
mod plans;
mod ratings;
mod reach;
#[cfg(test)]
mod refusals;
mod session;
mod similar;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use events::{AccountId, MovieId, Position, Slug};
use read_model::{
    Checkpoint, FacetDocument, FacetKind, MovieDocument, RatingDocument, search::Words,
};
use serde::de::DeserializeOwned;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};

use self::{
    films::Films,
    listing::storable,
    movies::{Plan, Search},
    session::{Session, Use},
    similar::Similar,
};
use super::{FacetList, Listed, MovieList, Part, RatingList, Seen, Store, StoreError};
use crate::page::{Matching, Window};

pub(super) use failure::meaning;
pub use options::PostgresStoreOptions;

/// One generation of the read model in a Postgres database. Clones share their connections.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    /// For reads of one row.
    rows: Session,
    /// Single films, over the same connections.
    films: Films,
    /// For lists.
    lists: Session,
    generation: u64,
    /// The schema that the extension pg_trgm is in. `None`: it is missing, and misspelled words find nothing.
    trigrams: Option<String>,
}

impl PostgresStore {
    /// Connects, and looks whether the generation is there. If pg_trgm is missing, misspelled queries find
    /// nothing: a warning says so.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such generation, or it is being made.
    /// [`StoreError::Foreign`] if it is of a newer version, or its schema holds something else.
    /// [`StoreError::Unavailable`] if the server cannot be reached.
    pub async fn open(options: PostgresStoreOptions) -> Result<Self, StoreError> {
        let connections = options.connections.max(2);
        let of_rows = (connections / 4).max(1);
        let rows = Session::new(&options, of_rows, Use::Rows)?;
        let lists = Session::new(&options, connections - of_rows, Use::Lists)?;
        let trigrams = opening::look(&rows, &options).await?;
        if trigrams.is_none() {
            tracing::warn!(
                place = options.place(),
                "pg_trgm was not there when this generation was built, so misspelled \
                 searches find nothing; CREATE EXTENSION pg_trgm and rebuild"
            );
        }
        let films = Films::new(&options, &rows);
        Ok(Self { rows, films, lists, generation: options.generation, trigrams })
    }

    /// How a list is fetched, and what it searches for: similar words if the exact ones find nothing, or if the
    /// page before was found by similar ones.
    async fn plan<'f>(
        &self,
        list: &'f MovieList,
        window: &Window,
    ) -> Result<(Plan<'f>, Option<Search>), StoreError> {
        let search = Search::of(&list.filter);
        if window.matching != Matching::Similar {
            let plan = Plan::of(&self.lists, list, search.as_ref()).await?;
            if !plan.finds_nothing || window.matching == Matching::Exact {
                return Ok((plan, search));
            }
        }
        let similar = self.similar(list, search.clone()).await?;
        let search = similar.or(search);
        let plan = Plan::of(&self.lists, list, search.as_ref()).await?;
        Ok((plan, search))
    }

    async fn carry_out(
        &self,
        list: &MovieList,
        part: &Part,
        plan: &Plan<'_>,
        search: &Option<Search>,
    ) -> Result<Seen<Option<Listed<MovieDocument>>>, StoreError> {
        let listing = movies::listing(list, plan, search.as_ref());
        let rows = self.lists.rows(&|| listing.statement(part)).await?;
        listing.read(rows, part, document_at)
    }

    /// The same search, by words that are similar to those of the query. `None`: there are no such words.
    async fn similar(
        &self,
        list: &MovieList,
        search: Option<Search>,
    ) -> Result<Option<Search>, StoreError> {
        let words = list.filter.query.as_deref().and_then(Words::of);
        let (Some(search), Some(words), Some(trigrams)) = (search, words, &self.trigrams) else {
            return Ok(None);
        };
        let near = Similar::to(&words, &self.lists, trigrams).await?;
        Ok((!near.is_empty()).then(|| Search {
            films: Some(words.tsquery_or(|word| near.of(word))),
            similar: Some(trigrams.clone()),
            ..search
        }))
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn generation(&self) -> u64 {
        self.generation
    }

    async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let sql = "SELECT generation, position FROM checkpoint WHERE one = 1";
        let row = self.rows.row(&|| QueryBuilder::new(sql)).await?;
        checkpoint_of(&row)
    }

    async fn life(&self) -> Result<Option<u64>, StoreError> {
        life::of(&self.rows).await.map(Some)
    }

    async fn movie(&self, id: MovieId) -> Result<Seen<Option<MovieDocument>>, StoreError> {
        self.films.get(id).await
    }

    async fn facet(
        &self,
        kind: FacetKind,
        slug: &Slug,
    ) -> Result<Seen<Option<FacetDocument>>, StoreError> {
        let statement = || {
            let mut query = QueryBuilder::new(
                "SELECT c.generation, c.position, f.document FROM checkpoint AS c \
                 LEFT JOIN facet AS f ON f.kind = ",
            );
            query
                .push_bind(kind.as_str())
                .push(" AND f.slug = ")
                .push_bind(storable(slug.as_str()));
            query.push(" WHERE c.one = 1");
            query
        };
        let row = self.rows.row(&statement).await?;
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
        let (plan, search) = self.plan(list, &part.window).await?;
        let (mut checkpoint, mut listed) = self.carry_out(list, part, &plan, &search).await?;
        if listed.as_ref().is_some_and(|listed| listed.ends(&part.window))
            // The page may only seem to be the last one, since the walk was given up.
            && let Some(plan) = plan.otherwise()
        {
            (checkpoint, listed) = self.carry_out(list, part, &plan, &search).await?;
        }
        let is_similar = search.as_ref().is_some_and(|search| search.similar.is_some());
        Ok((checkpoint, listed.map(|listed| Listed { is_similar, ..listed })))
    }

    async fn facets(
        &self,
        list: &FacetList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<FacetDocument>>>, StoreError> {
        facets::part(&self.lists, list, part).await
    }

    async fn ratings(
        &self,
        list: &RatingList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<RatingDocument>>>, StoreError> {
        ratings::part(&self.lists, list, part).await
    }

    async fn close(&self) {
        self.rows.close().await;
        self.lists.close().await;
    }
}

/// The checkpoint in a row that begins with it.
fn checkpoint_of(row: &PgRow) -> Result<Checkpoint, StoreError> {
    let unsigned = |index: usize| -> Result<u64, StoreError> {
        u64::try_from(row.try_get::<i64, _>(index)?).map_err(StoreError::damaged)
    };
    Ok(Checkpoint { generation: unsigned(0)?, position: Position(unsigned(1)?) })
}

/// The document behind the checkpoint in a row, where there is one.
fn document_of<T: DeserializeOwned>(row: &PgRow) -> Result<Option<T>, StoreError> {
    let json: Option<&str> = row.try_get(2)?;
    json.map(serde_json::from_str).transpose().map_err(StoreError::damaged)
}

/// The document in a column.
fn document_at<T: DeserializeOwned>(row: &PgRow, at: usize) -> Result<T, StoreError> {
    let json: &str = row.try_get(at)?;
    serde_json::from_str(json).map_err(StoreError::damaged)
}

/// Pushes how many rows a source has, counted to `most` and no further.
fn push_counted(
    query: &mut QueryBuilder<Postgres>,
    most: Option<u32>,
    push_source: impl Fn(&mut QueryBuilder<Postgres>),
) {
    query.push("(SELECT COUNT(*) FROM (SELECT 1 ");
    push_source(query);
    if let Some(most) = most {
        query.push(format_args!(" LIMIT {most}"));
    }
    query.push(") AS counted)");
}
