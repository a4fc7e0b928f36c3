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

/// The most words that one statement forgets: each is looked for in the index, which takes a twentieth of a
/// millisecond. One that stands in no title or name any more and in many texts takes a microsecond or two for
/// each of those: so few that all of them may be such words, within the time of a statement.
pub(super) const FORGOTTEN_TOGETHER_MAX: usize = 512;

/// Driven by the words, each looked for by its key: of a list, Postgres would look for each among trigrams.
const FORGET: &str = "DELETE FROM search_word AS w USING unnest($1::text[]) AS gone(word) \
    WHERE w.word = gone.word COLLATE \"C\" AND NOT EXISTS (\
    SELECT FROM movie_search AS s WHERE s.words @@ (quote_literal(gone.word) || ':ab')::tsquery)";

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
    let query = sqlx::query(INDEX).bind(keys(texts.iter().map(|(key, _)| key))?).bind(words);
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
    let query =
        sqlx::query_scalar(WITHOUT).bind(words).bind(keys(texts.iter().map(|(key, _)| key))?);
    query.fetch_all(db).await.map_err(store_error)
}

/// Forgets those of some words that stand in no title or name any more.
pub(super) async fn forget(db: &mut PgConnection, words: &[String]) -> Result<(), StoreError> {
    sqlx::query(FORGET).bind(words).execute(db).await.map(drop).map_err(store_error)
}

fn keys<'a>(movies: impl IntoIterator<Item = &'a Position>) -> Result<Vec<i64>, StoreError> {
    movies.into_iter().map(|key| integer(key.0)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proving_ground::Database;
    use sqlx::{AssertSqlSafe, Executor};

    use super::*;
    use crate::{
        port::{Place, ReadModels},
        postgres::{
            PostgresReadModels, PostgresReadModelsOptions,
            options::{Commits, Session, Waits},
        },
    };

    /// Far more than is needed, and far less than comparing each word with each takes.
    const STATEMENT_MAX: Duration = Duration::from_secs(120);

    /// With 100,000 words.
    const FILMS: &str = "INSERT INTO movie_search (movie_key, words) \
        SELECT n, format('''title%s'':1A ''name%s'':2B', n, n)::tsvector \
        FROM generate_series(1, 50000) AS n; \
        SELECT gin_clean_pending_list('movie_search_words')";

    /// What an earlier version has left.
    const EARLIER: &str = "INSERT INTO search_word SELECT 'stray' || n FROM generate_series(1, 20000) AS n; \
        DELETE FROM _sqlx_migrations WHERE version = 3; ANALYZE search_word";

    #[tokio::test]
    async fn words_of_many_films_are_forgotten_without_comparing_each_with_each() {
        let database = Database::new().await;
        let options = PostgresReadModelsOptions {
            statement_timeout: STATEMENT_MAX,
            ..PostgresReadModelsOptions::at(database.url())
        };
        let read_models = PostgresReadModels::at(options.clone()).unwrap();
        let place = Place::Generation(1);
        read_models.open(place).await.unwrap().close().await;
        let (waits, commits) = (Waits::Bounded, Commits::Durable);
        let schema = Some("cinelog_read_model_1".to_owned());
        let mut db = options.connect(&Session { schema, waits, commits }).await.unwrap();
        db.execute(FILMS).await.unwrap();
        db.execute(EARLIER).await.unwrap();
        read_models.open(place).await.unwrap().close().await;
        assert_eq!(known(&mut db).await, 100_000);

        let films: Vec<_> = (1..=1000).map(Position).collect();
        let gone = unindex(&mut db, &films).await.unwrap();
        let plan = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {FORGET}"))).bind(&gone);
        let plan: Vec<String> = plan.fetch_all(&mut db).await.unwrap();
        for index in ["movie_search_words", "search_word_pkey"] {
            assert!(plan.iter().any(|step| step.contains(index)), "{plan:#?}");
        }
        forget(&mut db, &gone).await.unwrap();
        assert_eq!(known(&mut db).await, 98_000);
    }

    async fn known(db: &mut PgConnection) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM search_word").fetch_one(db).await.unwrap()
    }
}
