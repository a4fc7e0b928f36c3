//! What is written to the tables of either store by the same SQL.

/// Writes a film and what it belongs to within a transaction, and gives its key. `$facet` is the SQL that
/// counts one more film of a facet, of which kind, slug, name and first document are bound.
macro_rules! write_film {
    ($transaction:expr, $film:expr, $facet:expr) => {{
        let (film, details): (&read_model::MovieDocument, _) = ($film, &$film.details);
        let key: i64 = sqlx::query_scalar(
            "INSERT INTO movie (key, id, document, deleted, title, year, release_date,
                    runtime_minutes, rating, rating_count, language, country, imdb, created_at,
                    updated_at)
                 VALUES ((SELECT COALESCE(MAX(key), 0) + 1 FROM movie),
                    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                 ON CONFLICT (id) DO UPDATE SET document = excluded.document,
                    deleted = excluded.deleted, title = excluded.title, year = excluded.year,
                    rating = excluded.rating, rating_count = excluded.rating_count
                 RETURNING key",
        )
        .bind(film.id.0)
        .bind(serde_json::to_string(film).unwrap())
        .bind(film.deleted)
        .bind(events::text::plain(&details.title))
        .bind(i64::from(details.year.unwrap_or(0)))
        .bind(details.release_date.map(|date| date.to_string()).unwrap_or_default())
        .bind(i64::from(details.runtime_minutes.unwrap_or(0)))
        .bind(film.rating.average().unwrap_or(0.0))
        .bind(i64::try_from(film.rating.count).unwrap())
        .bind(details.language.clone().unwrap_or_default())
        .bind(details.country.clone().unwrap_or_default())
        .bind(details.external_ids.imdb.clone().unwrap_or_default())
        .bind(film.created_at.as_microsecond())
        .bind(film.updated_at.as_microsecond())
        .fetch_one(&mut *$transaction)
        .await
        .unwrap();
        let sql = "DELETE FROM movie_facet WHERE movie_key = $1";
        sqlx::query(sql).bind(key).execute(&mut *$transaction).await.unwrap();
        for ((kind, slug), name) in film.facets() {
            let sql = "INSERT INTO movie_facet (kind, slug, movie_key) VALUES ($1, $2, $3)";
            let insert = sqlx::query(sql).bind(kind.as_str()).bind(slug.as_str()).bind(key);
            insert.execute(&mut *$transaction).await.unwrap();
            let document = serde_json::json!({
                "kind": kind, "slug": slug, "name": name, "description": null,
                "movie_count": 1, "revision": 0,
            });
            let count = sqlx::query($facet).bind(kind.as_str()).bind(slug.as_str()).bind(name);
            count.bind(document.to_string()).execute(&mut *$transaction).await.unwrap();
        }
        key
    }};
}
pub(super) use write_film;

/// Lets the read model say within a transaction that it has reached a position.
macro_rules! reach {
    ($transaction:expr, $position:expr) => {{
        let query = sqlx::query("UPDATE checkpoint SET position = $1");
        let query = query.bind(i64::try_from($position).unwrap());
        query.execute(&mut *$transaction).await.unwrap();
    }};
}
pub(super) use reach;
