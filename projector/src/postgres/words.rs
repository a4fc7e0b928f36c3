//! The texts of films as search reads them, and the words that misspelled ones are looked for among.
//!
//! `movie_search` has a row for each film that is there. `search_word` has each word of 4 to 40 characters
//! that stands in a title or a name of those rows: a trigger adds them, and what no film has any more is
//! forgotten here.

use events::Position;
use read_model::search::SearchText;
use sqlx::PgConnection;

use super::failure::{expect_rows, store_error};
use crate::{StoreError, stored::integer};

/// The most words that one statement forgets: each is looked for in the index, which takes a tenth of a
/// millisecond, and more for a word that many films have.
pub(super) const FORGOTTEN_TOGETHER_MAX: usize = 4096;

/// Takes texts out of the index. How many of the films had one does not matter. Gives the words that may
/// be in none any more.
pub(super) async fn unindex(
    db: &mut PgConnection,
    movies: &[Position],
) -> Result<Vec<String>, StoreError> {
    const UNINDEX: &str = "WITH gone AS (\
            DELETE FROM movie_search WHERE movie_key = ANY($1) RETURNING words) \
        SELECT DISTINCT word \
        FROM gone, unnest(tsvector_to_array(ts_filter(words, '{a,b}'))) AS word \
        WHERE char_length(word) BETWEEN 4 AND 40";
    if movies.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(UNINDEX).bind(keys(movies)?).fetch_all(db).await.map_err(store_error)
}

/// Puts texts into the index.
pub(super) async fn index(
    db: &mut PgConnection,
    texts: &[(Position, &SearchText)],
) -> Result<(), StoreError> {
    const INDEX: &str = "INSERT INTO movie_search (movie_key, words) \
        SELECT v.key, v.words::tsvector FROM unnest($1::bigint[], $2::text[]) AS v(key, words)";
    if texts.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = texts.iter().map(|(_, text)| text.tsvector()).collect();
    let query = sqlx::query(INDEX).bind(keys_of(texts)?).bind(words);
    let done = query.execute(db).await.map_err(store_error)?;
    expect_rows("indexing texts", &done, texts.len())
}

/// Those of some words that none of these texts, which are in the index, has. Most texts are written again
/// with the words that they had.
pub(super) async fn without_those_of(
    db: &mut PgConnection,
    words: Vec<String>,
    texts: &[(Position, &SearchText)],
) -> Result<Vec<String>, StoreError> {
    const WITHOUT: &str = "SELECT unnest($1::text[]) EXCEPT SELECT word \
        FROM movie_search, unnest(tsvector_to_array(ts_filter(words, '{a,b}'))) AS word \
        WHERE movie_key = ANY($2)";
    if words.is_empty() || texts.is_empty() {
        return Ok(words);
    }
    let query = sqlx::query_scalar(WITHOUT).bind(words).bind(keys_of(texts)?);
    query.fetch_all(db).await.map_err(store_error)
}

/// Forgets those of some words that stand in no title or name any more.
pub(super) async fn forget(db: &mut PgConnection, words: &[String]) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM search_word AS w WHERE w.word = ANY($1) AND NOT EXISTS (\
        SELECT FROM movie_search AS s WHERE s.words @@ (quote_literal(w.word) || ':ab')::tsquery)";
    sqlx::query(FORGET).bind(words).execute(db).await.map(drop).map_err(store_error)
}

fn keys_of(texts: &[(Position, &SearchText)]) -> Result<Vec<i64>, StoreError> {
    texts.iter().map(|(key, _)| integer(key.0)).collect()
}

fn keys(movies: &[Position]) -> Result<Vec<i64>, StoreError> {
    movies.iter().map(|key| integer(key.0)).collect()
}
