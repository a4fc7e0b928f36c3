//! Ratings: one person's of a film, and all of a film's.

use events::{AccountId, MovieId, Revision};
use jiff::Timestamp;
use read_model::RatingDocument;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    Snapshot,
    listing::{Listing, column},
};
use crate::{
    page::{Page, Window},
    sort::{Order, RatingSort},
    store::StoreError,
};

impl Snapshot {
    /// One person's rating of a film.
    pub(crate) async fn rating(
        &mut self,
        movie: MovieId,
        account: AccountId,
    ) -> Result<Option<RatingDocument>, StoreError> {
        sqlx::query(
            "SELECT account_id, value, rated_at, revision FROM rating
             WHERE movie_id = ? AND account_id = ?",
        )
        .bind(movie.0)
        .bind(account.0)
        .fetch_optional(&mut *self.transaction)
        .await?
        .map(|row| read_rating(movie, &row, 0))
        .transpose()
    }

    /// A part of the list of a film's ratings.
    pub(crate) async fn ratings(
        &mut self,
        movie: MovieId,
        order: &Order<RatingSort>,
        window: &Window,
    ) -> Result<Page<RatingDocument>, StoreError> {
        let read = |row: &SqliteRow, at| read_rating(movie, row, at);
        listing(movie, order).page(&mut self.transaction, window, read).await
    }

    /// How many ratings a film has, counted to `most` and no further.
    pub(crate) async fn count_ratings(
        &mut self,
        movie: MovieId,
        order: &Order<RatingSort>,
        most: Option<u32>,
    ) -> Result<u64, StoreError> {
        listing(movie, order).count(&mut self.transaction, most).await
    }
}

fn listing(movie: MovieId, order: &Order<RatingSort>) -> Listing<'static> {
    let keys = order.keys().iter().map(|(key, direction)| {
        let name = match key {
            RatingSort::RatedAt => "r.rated_at",
        };
        (column(name), *direction)
    });
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
    use crate::{page::Place, sort::Direction, testing::ReadModel, testing::film, value::Value};

    #[tokio::test]
    async fn an_index_serves_the_list_on_every_page() {
        let model = ReadModel::new().await;
        let mut snapshot = model.store().snapshot().await.unwrap();
        let order = Order::of([(RatingSort::RatedAt, Direction::Descending)]);
        let place = vec![Value::Integer(7), Value::Bytes(vec![0; 16])];
        for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
            let window = Window { limit: 25, at };
            let listing = listing(film("Ran").id, &order);
            let plan = listing.plan(&mut snapshot.transaction, &window).await;
            assert!(plan.len() == 1 && plan[0].contains("INDEX rating_rated_at"), "{plan:?}");
        }
    }
}
