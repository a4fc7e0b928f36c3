//! The ratings, given and withdrawn.

use read_model::{RatingDocument, RatingState, WithdrawnRating};
use sqlx::PgConnection;
use uuid::Uuid;

use super::failure::{expect_rows, store_error};
use crate::{StoreError, stored::integer};

/// The values of ratings, column by column.
#[derive(Default)]
struct Columns {
    movie: Vec<Uuid>,
    account: Vec<Uuid>,
    rated_at: Vec<i64>,
    revision: Vec<i64>,
    value: Vec<i16>,
}

impl Columns {
    fn of(ratings: &[&RatingDocument]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for rating in ratings {
            columns.movie.push(rating.movie_id.0);
            columns.account.push(rating.account_id.0);
            columns.rated_at.push(rating.rated_at.as_microsecond());
            columns.revision.push(integer(rating.revision.0)?);
            columns.value.push(i16::from(rating.value));
        }
        Ok(columns)
    }
}

macro_rules! values {
    () => {
        "unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::smallint[])"
    };
}

/// Stores ratings that are new.
pub(super) async fn insert(
    db: &mut PgConnection,
    ratings: &[&RatingDocument],
) -> Result<(), StoreError> {
    const INSERT: &str = concat!(
        "INSERT INTO rating (movie_id, account_id, rated_at, revision, value) SELECT * FROM ",
        values!()
    );
    run(db, "storing new ratings", INSERT, ratings).await
}

/// Stores ratings in the place of earlier ones.
pub(super) async fn update(
    db: &mut PgConnection,
    ratings: &[&RatingDocument],
) -> Result<(), StoreError> {
    const UPDATE: &str = concat!(
        "UPDATE rating SET rated_at = v.rated_at, revision = v.revision, value = v.value FROM ",
        values!(),
        " AS v(movie_id, account_id, rated_at, revision, value) \
         WHERE rating.movie_id = v.movie_id AND rating.account_id = v.account_id"
    );
    run(db, "storing ratings", UPDATE, ratings).await
}

async fn run(
    db: &mut PgConnection,
    what: &'static str,
    statement: &'static str,
    ratings: &[&RatingDocument],
) -> Result<(), StoreError> {
    if ratings.is_empty() {
        return Ok(());
    }
    let Columns { movie, account, rated_at, revision, value } = Columns::of(ratings)?;
    let query =
        sqlx::query(statement).bind(movie).bind(account).bind(rated_at).bind(revision).bind(value);
    expect_rows(what, &query.execute(db).await.map_err(store_error)?, ratings.len())
}

/// Stores that ratings were withdrawn, now or again.
pub(super) async fn store_withdrawn(
    db: &mut PgConnection,
    ratings: &[&WithdrawnRating],
) -> Result<(), StoreError> {
    const STORE: &str = "INSERT INTO withdrawn_rating (movie_id, account_id, revision) \
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) \
        ON CONFLICT (movie_id, account_id) DO UPDATE SET revision = excluded.revision";
    if ratings.is_empty() {
        return Ok(());
    }
    let (movies, accounts): (Vec<_>, Vec<_>) =
        ratings.iter().map(|rating| (rating.movie_id.0, rating.account_id.0)).unzip();
    let revisions: Vec<i64> =
        ratings.iter().map(|rating| integer(rating.revision.0)).collect::<Result<_, _>>()?;
    let query = sqlx::query(STORE).bind(movies).bind(accounts).bind(revisions);
    let done = query.execute(db).await.map_err(store_error)?;
    expect_rows("storing withdrawals", &done, ratings.len())
}

/// Removes ratings that were withdrawn.
pub(super) async fn remove(
    db: &mut PgConnection,
    ratings: &[&RatingState],
) -> Result<(), StoreError> {
    const REMOVE: &str = "DELETE FROM rating AS r \
        USING unnest($1::uuid[], $2::uuid[]) AS v(movie_id, account_id) \
        WHERE r.movie_id = v.movie_id AND r.account_id = v.account_id";
    run_keys(db, "removing ratings", REMOVE, ratings).await
}

/// Removes withdrawals of ratings that were given again.
pub(super) async fn remove_withdrawn(
    db: &mut PgConnection,
    ratings: &[&RatingState],
) -> Result<(), StoreError> {
    const REMOVE: &str = "DELETE FROM withdrawn_rating AS r \
        USING unnest($1::uuid[], $2::uuid[]) AS v(movie_id, account_id) \
        WHERE r.movie_id = v.movie_id AND r.account_id = v.account_id";
    run_keys(db, "removing withdrawals", REMOVE, ratings).await
}

async fn run_keys(
    db: &mut PgConnection,
    what: &'static str,
    statement: &'static str,
    ratings: &[&RatingState],
) -> Result<(), StoreError> {
    if ratings.is_empty() {
        return Ok(());
    }
    let keys = ratings.iter().map(|rating| rating.key());
    let (movies, accounts): (Vec<_>, Vec<_>) =
        keys.map(|(movie, account)| (movie.0, account.0)).unzip();
    let done = sqlx::query(statement).bind(movies).bind(accounts).execute(db).await;
    expect_rows(what, &done.map_err(store_error)?, ratings.len())
}
