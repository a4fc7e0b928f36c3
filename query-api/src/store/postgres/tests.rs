//! What only a server can do to a store: be gone, be slow, cut connections, hold something else.

use std::time::Duration;

use proving_ground::CuttingProxy;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::*;
use crate::testing::{Kind, PostgresTables, ReadModel, film, texts};

async fn with(films: &[MovieDocument]) -> ReadModel {
    ReadModel::of(Kind::Postgres, films).await
}

#[tokio::test]
async fn without_the_schema_there_is_no_store() {
    let tables = PostgresTables::new().await;
    let options = PostgresStoreOptions { generation: 7, ..tables.options().await };
    let opened = PostgresStore::open(options).await;
    assert!(matches!(opened, Err(StoreError::Missing(_))), "{opened:?}");
}

#[tokio::test]
async fn a_schema_that_is_being_made_is_not_there_until_it_is_whole() {
    let tables = PostgresTables::without_any().await;
    for step in PostgresTables::steps("") {
        let opened = PostgresStore::open(tables.options_of(1)).await;
        assert!(matches!(opened, Err(StoreError::Missing(_))), "{opened:?} before {step}");
        tables.run(&step).await;
    }
    // Whoever waited for all of it finds misspelled words from the first on.
    let store = PostgresStore::open(tables.options_of(1)).await.unwrap();
    assert!(store.trigrams.is_some());
    // It is told last which generation it is.
    tables.run("ALTER SCHEMA cinelog_read_model_1 RENAME TO cinelog_read_model_2").await;
    let opened = PostgresStore::open(tables.options_of(2)).await;
    assert!(matches!(opened, Err(StoreError::Missing(_))), "{opened:?}");
    tables.run("UPDATE checkpoint SET generation = 2").await;
    PostgresStore::open(tables.options_of(2)).await.unwrap();
    tables.run("DELETE FROM checkpoint").await;
    let opened = PostgresStore::open(tables.options_of(2)).await;
    assert!(matches!(opened, Err(StoreError::Missing(_))), "{opened:?}");
}

#[tokio::test]
async fn tables_of_a_newer_version_or_of_another_generation_are_no_read_model() {
    let tables = PostgresTables::new().await;
    tables.run("UPDATE checkpoint SET generation = 3, position = 5").await;
    let opened = PostgresStore::open(tables.options_of(1)).await;
    assert!(matches!(opened, Err(StoreError::Foreign { .. })), "{opened:?}");
    tables.run("UPDATE checkpoint SET generation = 1").await;
    tables.store().await;
    tables
        .run("INSERT INTO _sqlx_migrations SELECT max(version) + 1, true FROM _sqlx_migrations")
        .await;
    let newer = PostgresStore::open(tables.options_of(1)).await.unwrap_err();
    assert!(matches!(newer, StoreError::Foreign { .. }), "{newer:?}");
    assert!(newer.to_string().contains("newer version"), "{newer}");
}

#[tokio::test]
async fn where_the_server_is_down_a_read_is_told_so_soon_and_the_reason_is_known() {
    let model = with(&[]).await;
    let url = "postgres://reader:geheim@127.0.0.1:1/films".to_owned();
    let started = std::time::Instant::now();
    let connect_timeout = Duration::from_secs(60);
    let options = PostgresStoreOptions { url, connect_timeout, ..model.postgres().options().await };
    let error = PostgresStore::open(options).await.unwrap_err();
    assert!(started.elapsed() < connect_timeout / 2, "{:?}", started.elapsed());
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    for part in ["127.0.0.1:1/films", "refused"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(!format!("{error:?} {error}").contains("geheim"), "{error:?}");
}

#[tokio::test]
async fn while_all_connections_are_in_use_a_read_waits_for_one_as_long_as_it_may() {
    let model = with(&[]).await;
    let connect_timeout = Duration::from_secs(60);
    let options = PostgresStoreOptions { connect_timeout, ..model.postgres().options().await };
    let store = PostgresStore::open(options).await.unwrap();
    let hold = || store.rows.rows(&|| QueryBuilder::new("SELECT pg_sleep(0.8)"));
    let (first, second) = tokio::join!(hold(), hold());
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_may_be_reached_later_and_no_password_is_told() {
    let proxy = CuttingProxy::to("127.0.0.1:1").await;
    let url = format!("postgres://reader:geheim@{}/films", proxy.address());
    let connect_timeout = Duration::from_millis(50);
    let options = PostgresStoreOptions { connect_timeout, ..PostgresStoreOptions::at(url, 1) };
    let error = PostgresStore::open(options).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("geheim"));
}

#[tokio::test]
async fn the_store_cannot_write() {
    let model = with(&[]).await;
    let store = model.postgres().store().await;
    for session in [&store.rows, &store.lists] {
        let sql = "UPDATE checkpoint SET position = 9 RETURNING position";
        assert!(session.rows(&|| QueryBuilder::new(sql)).await.is_err());
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_given_up_and_its_connection_serves_others() {
    let model = with(&[]).await;
    // So long that what follows is in time on a busy machine too.
    let statement_timeout = Duration::from_secs(5);
    let options = PostgresStoreOptions { statement_timeout, ..model.postgres().options().await };
    let store = PostgresStore::open(options).await.unwrap();
    for session in [&store.rows, &store.lists] {
        let sql = "SELECT pg_sleep(60)";
        let given_up = session.rows(&|| QueryBuilder::new(sql)).await;
        assert!(matches!(given_up, Err(StoreError::TooSlow(_))), "{given_up:?}");
        session.rows(&|| QueryBuilder::new("SELECT 1")).await.unwrap();
    }
}

/// A store behind a proxy that can cut its connections.
async fn behind_a_proxy(model: &ReadModel) -> (CuttingProxy, PostgresStore) {
    let options = model.postgres().options().await;
    let address = options.url.rsplit('@').next().and_then(|rest| rest.split('/').next()).unwrap();
    let proxy = CuttingProxy::to(address).await;
    let url = proxy.url_for(&options.url);
    let connect_timeout = Duration::from_secs(20);
    let options = PostgresStoreOptions { url, connections: 8, connect_timeout, ..options };
    (proxy, PostgresStore::open(options).await.unwrap())
}

#[tokio::test]
async fn connections_that_were_cut_are_noticed_by_no_reader() {
    let ran = film("Ran");
    let model = with(std::slice::from_ref(&ran)).await;
    let (proxy, store) = behind_a_proxy(&model).await;
    for _ in 0..3 {
        let all: Vec<_> = (0..8).map(|_| store.movie(ran.id)).collect();
        for seen in futures::future::join_all(all).await {
            assert!(seen.unwrap().1.is_some());
        }
        proxy.cut();
    }
    assert!(store.movie(ran.id).await.unwrap().1.is_some());
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again() {
    let ran = film("Ran");
    let model = with(std::slice::from_ref(&ran)).await;
    let (proxy, store) = behind_a_proxy(&model).await;
    proxy.swallow_answer_to("LEFT JOIN movie");
    assert!(store.movie(ran.id).await.unwrap().1.is_some());
    assert_eq!(proxy.swallowed(), 1);
}

#[tokio::test]
async fn while_the_server_is_gone_reads_may_be_tried_again() {
    let ran = film("Ran");
    let model = with(std::slice::from_ref(&ran)).await;
    let (proxy, store) = behind_a_proxy(&model).await;
    proxy.refuse(true);
    proxy.cut();
    let seen = store.movie(ran.id).await;
    assert!(matches!(seen, Err(StoreError::Unavailable(_))), "{seen:?}");
    proxy.refuse(false);
    // That it was gone is known for a moment, and told to who has to wait for a connection.
    let again = async {
        loop {
            match store.movie(ran.id).await {
                Err(StoreError::Unavailable(_)) => {}
                seen => return seen.unwrap(),
            }
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(60), again).await.unwrap();
    assert!(seen.1.is_some());
}

#[tokio::test]
async fn connections_that_the_server_ended_are_noticed_by_no_reader() {
    let ran = film("Ran");
    let model = with(std::slice::from_ref(&ran)).await;
    let store = model.postgres().store().await;
    store.movie(ran.id).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE application_name = 'cinelog query' AND datname = current_database()";
    sqlx::query(AssertSqlSafe(sql)).fetch_all(model.postgres().writer()).await.unwrap();
    assert!(store.movie(ran.id).await.unwrap().1.is_some());
}

async fn japanese() -> ReadModel {
    let mut films = vec![film("Seven Samurai"), film("Rashomon"), film("Alien"), film("Amélie")];
    for film in &mut films[..2] {
        film.details.directors = texts(&["Akira Kurosawa"]);
    }
    with(&films).await
}

#[tokio::test]
async fn a_misspelled_search_finds_what_was_meant_and_says_so() {
    let model = japanese().await;
    for (query, titles) in [
        ("kurosowa", &["Rashomon", "Seven Samurai"][..]),
        ("kursawa", &["Rashomon", "Seven Samurai"]),
        ("seven+samurau", &["Seven Samurai"]),
        ("sevn+samurai", &["Seven Samurai"]),
        ("alein", &["Alien"]),
        ("amelei", &["Amélie"]),
        ("zzzzzz", &[]),
        ("samuxxx", &[]),
    ] {
        let answer = model.get(&format!("/v1/movies?q={query}&sort=title")).await;
        assert_eq!(answer.titles(), titles, "{query}");
        let is_similar = answer.json.get("matches_are_similar");
        assert_eq!(is_similar.is_some(), !titles.is_empty(), "{query}");
    }
    let exact = model.get("/v1/movies?q=kurosawa").await;
    assert_eq!(exact.json.get("matches_are_similar"), None);
}

#[tokio::test]
async fn pages_of_a_misspelled_search_go_on_as_they_began() {
    let model = japanese().await;
    let exact = [("prefer", "count=exact")];
    let first = model.ask("GET", "/v1/movies?q=kurosowa&limit=1", &exact).await;
    assert_eq!(first.json["total"], 2);
    // By now there is one whose title is the query.
    model.put_film(&film("Kurosowa")).await;
    let second = model.get(&first.link("next").unwrap()).await;
    assert_eq!(second.json["matches_are_similar"], true);
    assert_ne!(second.titles(), first.titles());
    assert_eq!(second.link("next"), None);
    let back = model.get(&second.link("prev").unwrap()).await;
    assert!(back.titles() == first.titles() || back.titles() == ["Kurosowa"]);
    assert_eq!(model.get("/v1/movies?q=kurosowa").await.titles(), ["Kurosowa"]);
}

#[tokio::test]
async fn without_pg_trgm_misspelled_searches_find_nothing() {
    let model = japanese().await;
    model.run("DROP INDEX search_word_similar").await;
    let store = model.postgres().store().await;
    assert_eq!(store.trigrams, None);
}

#[tokio::test]
async fn conditions_that_exclude_each_other_are_not_looked_for_through_all_films() {
    // Each is common, and no film fits both.
    let model = with(&[]).await;
    model
        .run(
            "INSERT INTO movie (key, id, document, deleted, title, year, release_date,
                 runtime_minutes, rating, rating_count, language, country, imdb, created_at, updated_at)
             SELECT n, gen_random_uuid(), '{}', false, 'film ' || n, 1950 + n % 2, '', 90, 0, 0,
                 CASE n % 2 WHEN 0 THEN 'en' ELSE 'fr' END, '', '', n, n
             FROM generate_series(1, 60000) AS n;
             ANALYZE movie",
        )
        .await;
    let pairs = [("language", "en"), ("year", "1951"), ("sort", "created_at")];
    let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let answer = model.get(&format!("/v1/movies?{}", query.join("&"))).await;
    assert_eq!(answer.titles(), [""; 0]);
}
