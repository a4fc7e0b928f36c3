//! Lists of genres, tags, platforms and people.

use read_model::FacetDocument;
use sqlx::{Postgres, QueryBuilder, Row};

use super::{
    document_at,
    listing::{Columns, Listing, column},
    push_counted,
    ratings::push_has_movie,
    session::Session,
};
use crate::store::{FacetList, Listed, Part, Seen, StoreError, planning::MANY_FILMS};

/// Facets with a word that begins as asked are fetched and sorted if there are fewer than this. If there are
/// more, the list is gone through in its order.
const FETCHED_MAX: i64 = MANY_FILMS;

/// A part of a list of facets.
pub(super) async fn part(
    lists: &Session,
    list: &FacetList,
    part: &Part,
) -> Result<Seen<Option<Listed<FacetDocument>>>, StoreError> {
    let listing = listing(list, are_few(lists, list).await?);
    let rows = lists.rows(&|| listing.statement(part)).await?;
    listing.read(rows, part, document_at)
}

/// Whether few facets have a word that begins as the list asks.
pub(super) async fn are_few(lists: &Session, list: &FacetList) -> Result<bool, StoreError> {
    if list.begins.is_none() || list.movie.is_some() {
        return Ok(false);
    }
    let statement = || {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM (SELECT 1 FROM facet AS f WHERE ");
        push_begins_indexed(&mut query, list);
        query.push(" LIMIT ").push_bind(FETCHED_MAX).push(") AS few");
        query
    };
    let found: i64 = lists.row(&statement).await?.try_get(0)?;
    Ok(found < FETCHED_MAX)
}

/// The list. If `are_few`, facets with a word that begins as asked are fetched by an index of words.
pub(super) fn listing(list: &FacetList, are_few: bool) -> Listing<'_> {
    let keys = list.order.columns().into_iter().map(|(name, direction)| (column(name), direction));
    let source = move |query: &mut QueryBuilder<Postgres>| push_source(query, list, are_few);
    Listing {
        columns: Columns::Document("f.document"),
        keys: keys.collect(),
        source: Box::new(source),
        walk: None,
        is_there: Box::new(|query| match list.movie {
            Some(movie) => push_has_movie(query, movie),
            None => _ = query.push("true"),
        }),
        count: Box::new(move |query, most| push_counted(query, most, source)),
    }
}

fn push_source(query: &mut QueryBuilder<Postgres>, list: &FacetList, are_few: bool) {
    // OFFSET 0 makes Postgres fetch the few first, instead of going through the list in its order.
    match list.movie {
        Some(movie) => {
            query.push(
                "FROM (SELECT f.* FROM movie_facet AS mf \
                 JOIN facet AS f ON f.kind = mf.kind AND f.slug = mf.slug \
                 WHERE mf.movie_key = (SELECT key FROM movie WHERE id = ",
            );
            query.push_bind(movie.0).push(") AND mf.kind = ").push_bind(list.kind.as_str());
            query.push(" OFFSET 0) AS f WHERE true");
        }
        None if are_few => {
            query.push("FROM (SELECT f.* FROM facet AS f WHERE ");
            push_begins_indexed(query, list);
            query.push(" OFFSET 0) AS f WHERE f.kind = ").push_bind(list.kind.as_str());
        }
        None => {
            query.push("FROM facet AS f WHERE f.kind = ").push_bind(list.kind.as_str());
        }
    }
    if let Some(begins) = &list.begins {
        query.push(" AND strpos('-' || f.slug, ").push_bind(format!("-{begins}")).push(") > 0");
    }
}

/// Pushes the condition that the slug has all words that are asked for, the last one perhaps unfinished. This is
/// as much as the index can tell.
fn push_begins_indexed(query: &mut QueryBuilder<Postgres>, list: &FacetList) {
    let begins = list.begins.as_ref().map(|begins| begins.as_str()).unwrap_or_default();
    let words: Vec<_> = begins.split('-').filter(|word| !word.is_empty()).collect();
    let last = words.len().saturating_sub(1);
    // A slug has letters and digits only, besides what words are split at.
    let words = words.iter().enumerate().map(|(at, word)| match at == last {
        true => format!("'{word}':*"),
        false => format!("'{word}'"),
    });
    query.push("slug_words(f.slug) @@ ").push_bind(words.collect::<Vec<_>>().join(" & "));
    query.push("::tsquery");
}
