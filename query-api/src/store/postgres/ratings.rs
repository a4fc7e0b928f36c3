//! Ratings: one person's of a film, and all of a film's.

use events::{AccountId, MovieId, Revision};
use jiff::Timestamp;
use read_model::RatingDocument;
use sqlx::{Postgres, QueryBuilder, Row, ValueRef, postgres::PgRow};

use super::{
    checkpoint_of,
    listing::{Columns, Listing, column},
    push_counted,
    session::Session,
};
use crate::store::{Listed, Part, RatingList, Seen, StoreError};

/// One person's rating of a film that is there.
pub(super) async fn of_account(
    rows: &Session,
    movie: MovieId,
    account: AccountId,
) -> Result<Seen<Option<RatingDocument>>, StoreError> {
    let statement = || {
        let mut query = QueryBuilder::new(
            "SELECT c.generation, c.position, r.account_id, r.value, r.rated_at, r.revision \
             FROM checkpoint AS c \
             LEFT JOIN (movie AS m JOIN rating AS r ON r.movie_id = m.id) \
             ON NOT m.deleted AND r.account_id = ",
        );
        query.push_bind(account.0).push(" AND m.id = ").push_bind(movie.0);
        query.push(" WHERE c.one = 1");
        query
    };
    let row = rows.row(&statement).await?;
    let is_there = !row.try_get_raw(2)?.is_null();
    let rating = is_there.then(|| read_rating(movie, &row, 2)).transpose()?;
    Ok((checkpoint_of(&row)?, rating))
}

/// A part of the list of a film's ratings.
pub(super) async fn part(
    lists: &Session,
    list: &RatingList,
    part: &Part,
) -> Result<Seen<Option<Listed<RatingDocument>>>, StoreError> {
    let listing = listing(list);
    let rows = lists.rows(&|| listing.statement(part)).await?;
    listing.read(rows, part, |row, at| read_rating(list.movie, row, at))
}

pub(super) fn listing(list: &RatingList) -> Listing<'_> {
    let movie = list.movie;
    let keys = list.order.keys().iter();
    let keys = keys.map(|(key, direction)| (column(key.column()), *direction));
    let source = move |query: &mut QueryBuilder<Postgres>| {
        query.push("FROM rating AS r WHERE r.movie_id = ").push_bind(movie.0);
    };
    Listing {
        columns: Columns::Small("r", &["account_id", "value", "rated_at", "revision"]),
        keys: keys.collect(),
        source: Box::new(source),
        walk: None,
        is_there: Box::new(move |query| push_has_movie(query, movie)),
        count: Box::new(move |query, most| push_counted(query, most, source)),
    }
    .and_then("r.account_id")
}

/// Pushes whether there is such a film, not deleted.
pub(super) fn push_has_movie(query: &mut QueryBuilder<Postgres>, movie: MovieId) {
    query.push("EXISTS (SELECT 1 FROM movie WHERE id = ").push_bind(movie.0);
    query.push(" AND NOT deleted)");
}

fn read_rating(movie_id: MovieId, row: &PgRow, at: usize) -> Result<RatingDocument, StoreError> {
    let value: i16 = row.try_get(at + 1)?;
    let rated_at: i64 = row.try_get(at + 2)?;
    let revision: i64 = row.try_get(at + 3)?;
    Ok(RatingDocument {
        movie_id,
        account_id: AccountId(row.try_get(at)?),
        value: u8::try_from(value).map_err(StoreError::damaged)?,
        rated_at: Timestamp::from_microsecond(rated_at).map_err(StoreError::damaged)?,
        revision: Revision(u64::try_from(revision).map_err(StoreError::damaged)?),
    })
}
