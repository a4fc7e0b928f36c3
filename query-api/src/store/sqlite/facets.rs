//! Genres, tags, platforms, people: one by slug, and lists of them.

use events::{MovieId, Slug};
use read_model::{FacetDocument, FacetKind};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{
    Snapshot,
    listing::{Listing, column},
};
use crate::{
    page::{Page, Window},
    sort::{FacetSort, Order},
    store::StoreError,
};

/// Which facets a list has.
#[derive(Debug, Clone)]
pub(crate) struct FacetFilter {
    /// Of this kind.
    pub(crate) kind: FacetKind,
    /// Only those of this film.
    pub(crate) movie: Option<MovieId>,
    /// Only those in whose slug a word begins like this. Words stand anywhere in a slug, so this goes
    /// through the facets of the kind in the order of the list until a page is full.
    pub(crate) begins: Option<Slug>,
}

impl Snapshot {
    /// A facet.
    pub(crate) async fn facet(
        &mut self,
        kind: FacetKind,
        slug: &Slug,
    ) -> Result<Option<FacetDocument>, StoreError> {
        sqlx::query("SELECT document FROM facet WHERE kind = ? AND slug = ?")
            .bind(kind.as_str())
            .bind(slug.as_str())
            .fetch_optional(&mut *self.transaction)
            .await?
            .map(|row| read_document(&row, 0))
            .transpose()
    }

    /// A part of a list of facets.
    pub(crate) async fn facets(
        &mut self,
        filter: &FacetFilter,
        order: &Order<FacetSort>,
        window: &Window,
    ) -> Result<Page<FacetDocument>, StoreError> {
        listing(filter, order).page(&mut self.transaction, window, read_document).await
    }

    /// How many facets a filter leaves, counted to `most` and no further.
    pub(crate) async fn count_facets(
        &mut self,
        filter: &FacetFilter,
        order: &Order<FacetSort>,
        most: Option<u32>,
    ) -> Result<u64, StoreError> {
        listing(filter, order).count(&mut self.transaction, most).await
    }
}

fn read_document(row: &SqliteRow, at: usize) -> Result<FacetDocument, StoreError> {
    let json: &str = row.try_get(at)?;
    serde_json::from_str(json).map_err(StoreError::damaged)
}

fn listing<'q>(filter: &'q FacetFilter, order: &Order<FacetSort>) -> Listing<'q> {
    let by_slug = order.keys().iter().position(|(key, _)| *key == FacetSort::Slug);
    // A slug is unique: what would come after it decides nothing.
    let deciding = by_slug.map_or(order.keys().len(), |at| at + 1);
    let keys = order.keys().iter().take(deciding).map(|(key, direction)| {
        let name = match key {
            FacetSort::Slug => "f.slug",
            FacetSort::MovieCount => "f.movie_count",
        };
        (column(name), *direction)
    });
    let listing = Listing {
        columns: "f.document",
        keys: keys.collect(),
        source: Box::new(move |query| push_source(query, filter)),
    };
    if by_slug.is_some() { listing } else { listing.and_then("f.slug") }
}

fn push_source(query: &mut QueryBuilder<Sqlite>, filter: &FacetFilter) {
    match filter.movie {
        None => query.push("FROM facet AS f WHERE f.kind = ").push_bind(filter.kind.as_str()),
        // A film has a few hundred facets at most, its kind a million: CROSS JOIN keeps SQLite from
        // going through those in the order of the list.
        Some(movie) => query
            .push(
                "FROM movie_facet AS mf CROSS JOIN facet AS f ON f.kind = mf.kind AND f.slug = mf.slug \
                 WHERE mf.movie_key = (SELECT key FROM movie WHERE id = ",
            )
            .push_bind(movie.0)
            .push(") AND mf.kind = ")
            .push_bind(filter.kind.as_str()),
    };
    if let Some(begins) = &filter.begins {
        query.push(" AND instr('-' || f.slug, ").push_bind(format!("-{begins}")).push(") > 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{page::Place, sort::Direction, testing::ReadModel, value::Value};

    #[tokio::test]
    async fn the_list_of_a_film_begins_with_the_film() {
        let ran = crate::testing::film("Ran");
        let model = ReadModel::new().await;
        let mut snapshot = model.store().snapshot().await.unwrap();
        let filter = FacetFilter { kind: FacetKind::Person, movie: Some(ran.id), begins: None };
        let slug = || Value::Text("drama".to_owned());
        for (key, place) in [
            (FacetSort::Slug, vec![slug()]),
            (FacetSort::MovieCount, vec![Value::Integer(7), slug()]),
        ] {
            let order = Order::of([(key, Direction::Descending)]);
            for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
                let window = Window { limit: 25, at };
                let plan = listing(&filter, &order).plan(&mut snapshot.transaction, &window).await;
                assert!(plan[0].starts_with("SEARCH mf USING"), "{plan:?}");
                assert!(plan[0].contains("movie_key=? AND kind=?"), "{plan:?}");
                let one = "SEARCH f USING PRIMARY KEY (kind=? AND slug=?)";
                assert!(plan.iter().any(|step| step.starts_with(one)), "{plan:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_index_serves_the_lists_in_either_order_on_every_page() {
        let model = ReadModel::new().await;
        let mut snapshot = model.store().snapshot().await.unwrap();
        let filter = FacetFilter { kind: FacetKind::Genre, movie: None, begins: None };
        let slug = || Value::Text("drama".to_owned());
        for (key, place) in [
            (FacetSort::Slug, vec![slug()]),
            (FacetSort::MovieCount, vec![Value::Integer(7), slug()]),
        ] {
            let order = Order::of([(key, Direction::Descending)]);
            for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
                let window = Window { limit: 25, at };
                let plan = listing(&filter, &order).plan(&mut snapshot.transaction, &window).await;
                assert!(plan.len() == 1 && plan[0].contains("SEARCH f USING"), "{plan:?}");
            }
        }
    }
}
