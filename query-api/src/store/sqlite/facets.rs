//! Genres, tags, platforms, people: one by slug, and lists of them.

use read_model::FacetDocument;
use sqlx::{QueryBuilder, Sqlite};

use super::{
    listing::{Listing, column},
    row::document_at,
    snapshot::Snapshot,
};
use crate::store::{FacetList, Listed, Part, StoreError};

impl Snapshot {
    /// A part of a list of facets; `None` where the film that it belongs to is not there.
    pub(super) async fn facets(
        &mut self,
        list: &FacetList,
        part: &Part,
    ) -> Result<Option<Listed<FacetDocument>>, StoreError> {
        if let Some(movie) = list.movie
            && !self.has_movie(movie).await?
        {
            return Ok(None);
        }
        listing(list).part(&mut self.transaction, part, document_at).await.map(Some)
    }
}

fn listing(list: &FacetList) -> Listing<'_> {
    let keys = list.order.columns().into_iter().map(|(name, direction)| (column(name), direction));
    Listing {
        columns: "f.document",
        keys: keys.collect(),
        source: Box::new(move |query| push_source(query, list)),
    }
}

fn push_source(query: &mut QueryBuilder<Sqlite>, list: &FacetList) {
    match list.movie {
        None => query.push("FROM facet AS f WHERE f.kind = ").push_bind(list.kind.as_str()),
        // A film has a few hundred facets at most, its kind a million: CROSS JOIN keeps SQLite from
        // going through those in the order of the list.
        Some(movie) => query
            .push(
                "FROM movie_facet AS mf CROSS JOIN facet AS f ON f.kind = mf.kind AND f.slug = mf.slug \
                 WHERE mf.movie_key = (SELECT key FROM movie WHERE id = ",
            )
            .push_bind(movie.0)
            .push(") AND mf.kind = ")
            .push_bind(list.kind.as_str()),
    };
    if let Some(begins) = &list.begins {
        query.push(" AND instr('-' || f.slug, ").push_bind(format!("-{begins}")).push(") > 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page::{Matching, Place, Window},
        sort::{Direction, FacetSort, Order},
        testing::ReadModel,
        value::Value,
    };
    use read_model::FacetKind;

    #[tokio::test]
    async fn the_list_of_a_film_begins_with_the_film() {
        let ran = crate::testing::film("Ran");
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let slug = || Value::Text("drama".to_owned());
        for (key, place) in [
            (FacetSort::Slug, vec![slug()]),
            (FacetSort::MovieCount, vec![Value::Integer(7), slug()]),
        ] {
            let order = Order::of([(key, Direction::Descending)]);
            let (kind, movie) = (FacetKind::Person, Some(ran.id));
            let list = FacetList { kind, movie, begins: None, order };
            for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
                let window = Window { limit: 25, at, matching: Matching::Any };
                let plan = listing(&list).plan(&mut snapshot.transaction, &window).await;
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
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let slug = || Value::Text("drama".to_owned());
        for (key, place) in [
            (FacetSort::Slug, vec![slug()]),
            (FacetSort::MovieCount, vec![Value::Integer(7), slug()]),
        ] {
            let order = Order::of([(key, Direction::Descending)]);
            let list = FacetList { kind: FacetKind::Genre, movie: None, begins: None, order };
            for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
                let window = Window { limit: 25, at, matching: Matching::Any };
                let plan = listing(&list).plan(&mut snapshot.transaction, &window).await;
                assert!(plan.len() == 1 && plan[0].contains("SEARCH f USING"), "{plan:?}");
            }
        }
    }
}
