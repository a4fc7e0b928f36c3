//! The facets, and which films belong to them.

use events::Position;
use read_model::{FacetDocument, FacetKey};
use sqlx::PgConnection;

use super::{
    failure::{expect_rows, store_error},
    movies::storable,
};
use crate::{StoreError, stored::integer};

/// The values of memberships, column by column.
struct Memberships<'a> {
    kinds: Vec<&'a str>,
    slugs: Vec<&'a str>,
    movies: Vec<i64>,
}

impl<'a> Memberships<'a> {
    fn of(rows: &[(&'a FacetKey, Position)]) -> Result<Self, StoreError> {
        let movies = rows.iter().map(|(_, movie)| integer(movie.0)).collect::<Result<_, _>>()?;
        let (kinds, slugs) = keys(rows.iter().map(|(key, _)| *key));
        Ok(Self { kinds, slugs, movies })
    }
}

fn keys<'a>(keys: impl Iterator<Item = &'a FacetKey>) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.map(|(kind, slug)| (kind.as_str(), slug.as_str())).unzip()
}

/// Takes films out of facets.
pub(super) async fn leave(
    db: &mut PgConnection,
    rows: &[(&FacetKey, Position)],
) -> Result<(), StoreError> {
    const LEAVE: &str = "DELETE FROM movie_facet AS m \
        USING unnest($1::text[], $2::text[], $3::bigint[]) AS v(kind, slug, movie_key) \
        WHERE m.kind = v.kind COLLATE \"C\" AND m.slug = v.slug COLLATE \"C\" \
        AND m.movie_key = v.movie_key";
    if rows.is_empty() {
        return Ok(());
    }
    let Memberships { kinds, slugs, movies } = Memberships::of(rows)?;
    let query = sqlx::query(LEAVE).bind(kinds).bind(slugs).bind(movies);
    expect_rows("leaving facets", &query.execute(db).await.map_err(store_error)?, rows.len())
}

/// Puts films into facets.
pub(super) async fn join(
    db: &mut PgConnection,
    rows: &[(&FacetKey, Position)],
) -> Result<(), StoreError> {
    const JOIN: &str = "INSERT INTO movie_facet (kind, slug, movie_key) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])";
    if rows.is_empty() {
        return Ok(());
    }
    let Memberships { kinds, slugs, movies } = Memberships::of(rows)?;
    let query = sqlx::query(JOIN).bind(kinds).bind(slugs).bind(movies);
    expect_rows("joining facets", &query.execute(db).await.map_err(store_error)?, rows.len())
}

/// Stores facets, new or not.
pub(super) async fn store(
    db: &mut PgConnection,
    facets: &[&FacetDocument],
) -> Result<(), StoreError> {
    const STORE: &str = "INSERT INTO facet (kind, slug, name, movie_count, document) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) \
        ON CONFLICT (kind, slug) DO UPDATE SET name = excluded.name, \
        movie_count = excluded.movie_count, document = excluded.document";
    if facets.is_empty() {
        return Ok(());
    }
    let kinds: Vec<_> = facets.iter().map(|facet| facet.kind.as_str()).collect();
    let slugs: Vec<_> = facets.iter().map(|facet| facet.slug.as_str()).collect();
    let names: Vec<_> = facets.iter().map(|facet| storable(&facet.name)).collect();
    let counts: Vec<i64> =
        facets.iter().map(|facet| integer(facet.movie_count)).collect::<Result<_, _>>()?;
    let documents: Vec<String> = facets
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Damaged(format!("a document: {error}")))?;
    let query = sqlx::query(STORE).bind(kinds).bind(slugs).bind(names).bind(counts).bind(documents);
    expect_rows("storing facets", &query.execute(db).await.map_err(store_error)?, facets.len())
}

/// Removes facets that no film has any more.
pub(super) async fn remove(db: &mut PgConnection, removed: &[&FacetKey]) -> Result<(), StoreError> {
    const REMOVE: &str = "DELETE FROM facet AS f USING unnest($1::text[], $2::text[]) AS v(kind, slug) \
        WHERE f.kind = v.kind COLLATE \"C\" AND f.slug = v.slug COLLATE \"C\"";
    if removed.is_empty() {
        return Ok(());
    }
    let (kinds, slugs) = keys(removed.iter().copied());
    let query = sqlx::query(REMOVE).bind(kinds).bind(slugs);
    expect_rows("removing facets", &query.execute(db).await.map_err(store_error)?, removed.len())
}
