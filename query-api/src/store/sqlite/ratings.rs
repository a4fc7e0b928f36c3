//! Ratings: one person's of a film, and all of a film's.

use events::{AccountId, MovieId, Revision};
use jiff::Timestamp;
use read_model::RatingDocument;
use sqlx::{Row, SqlitePool, ValueRef, sqlite::SqliteRow};

use super::{
    listing::{Listing, column},
    row::checkpoint_of,
    snapshot::Snapshot,
};
use crate::{
    sort::{Order, RatingSort},
    store::{Listed, Part, RatingList, Seen, StoreError},
};

/// One person's rating of a film that is there.
pub(super) async fn of_account(
    rows: &SqlitePool,
    movie: MovieId,
    account: AccountId,
) -> Result<Seen<Option<RatingDocument>>, StoreError> {
    let sql = "SELECT c.generation, c.position, r.account_id, r.value, r.rated_at, r.revision
               FROM checkpoint AS c
               LEFT JOIN (movie AS m JOIN rating AS r ON r.movie_id = m.id AND r.account_id = ?)
                   ON m.id = ? AND m.deleted = 0
               WHERE c.one = 1";
    let row = sqlx::query(sql).bind(account.0).bind(movie.0).fetch_one(rows).await?;
    let is_there = !row.try_get_raw(2)?.is_null();
    let rating = is_there.then(|| read_rating(movie, &row, 2)).transpose()?;
    Ok((checkpoint_of(&row)?, rating))
}

impl Snapshot {
    /// A part of the list of a film's ratings; `None` where the film is not there.
    pub(super) async fn ratings(
        &mut self,
        list: &RatingList,
        part: &Part,
    ) -> Result<Option<Listed<RatingDocument>>, StoreError> {
        if !self.has_movie(list.movie).await? {
            return Ok(None);
        }
        let read = |row: &SqliteRow, at| read_rating(list.movie, row, at);
        let listing = listing(list.movie, &list.order);
        listing.part(&mut self.transaction, part, read).await.map(Some)
    }
}

fn listing(movie: MovieId, order: &Order<RatingSort>) -> Listing<'static> {
    let keys = order.keys().iter().map(|(key, direction)| (column(key.column()), *direction));
    Listing {
        columns: "r.account_id, r.value, r.rated_at, r.revision",
        keys: keys.collect(),
        source: Box::new(move |query| {
            query.push("FROM rating AS r WHERE r.movie_id = ").push_bind(movie.0);
        }),
    }
    .and_then("r.account_id")
}

fn read_rating(
    movie_id: MovieId,
    row: &SqliteRow,
    at: usize,
) -> Result<RatingDocument, StoreError> {
    let rated_at: i64 = row.try_get(at + 2)?;
    let revision: i64 = row.try_get(at + 3)?;
    Ok(RatingDocument {
        movie_id,
        account_id: AccountId(row.try_get(at)?),
        value: row.try_get(at + 1)?,
        rated_at: Timestamp::from_microsecond(rated_at).map_err(StoreError::damaged)?,
        revision: Revision(u64::try_from(revision).map_err(StoreError::damaged)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page::{Matching, Place, Window},
        sort::Direction,
        testing::{ReadModel, film},
        value::Value,
    };

    #[tokio::test]
    async fn an_index_serves_the_list_on_every_page() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let order = Order::of([(RatingSort::RatedAt, Direction::Descending)]);
        let place = vec![Value::Integer(7), Value::Bytes(vec![0; 16])];
        for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
            let window = Window { limit: 25, at, matching: Matching::Any };
            let listing = listing(film("Ran").id, &order);
            let plan = listing.plan(&mut snapshot.transaction, &window).await;
            assert!(plan.len() == 1 && plan[0].contains("INDEX rating_rated_at"), "{plan:?}");
        }
    }
}
