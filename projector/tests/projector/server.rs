//! What happens to a read model when its server does.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use futures::StreamExt;
use projector::{
    PoisonPolicy, ReadModels, StoreError,
    port::{Place, Work},
};
use proving_ground::{CuttingProxy, PrivatePostgres};
use read_model::{ChangeFeed, FeedItem};

use crate::{
    contents::{folded, stored},
    ground::{
        Ground, Store, busy_history, eventually, on_postgres, on_postgres_impatiently, options,
        reached,
    },
};

const PARK: PoisonPolicy = PoisonPolicy::Park;
const LEASE: Duration = Duration::from_millis(100);

async fn contents(read_models: &dyn ReadModels) -> crate::contents::Contents {
    let mut snapshot = read_models.snapshot(Place::Generation(1)).await.unwrap();
    stored(snapshot.as_mut()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_again_and_again_is_waited_for_and_nothing_is_lost_or_repeated() {
    let history = busy_history();
    let mut server = PrivatePostgres::start().await;
    let ground = Ground::with(Store::Sqlite, &history.events[..10]).await;
    let read_models = on_postgres(server.url(), LEASE);
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let mut items = ground.feed.subscribe();
    let running =
        ground.start_with(std::sync::Arc::clone(&ground.log) as _, model, options(3, PARK));
    let mut reaches = 10;
    for events in history.events[10..].chunks(25) {
        reached(&mut items, events::Position(reaches)).await;
        server.stop_immediately().await;
        ground.append(events).await;
        server.start_again().await;
        reaches = events.last().unwrap().position.0;
        // What was committed and told of is there: the positions that were seen do not go back.
        let at = read_models.peek(Place::Generation(1)).await.unwrap().0.position.0;
        assert!(at >= events[0].position.0 - 1, "{at} after {}", events[0].position);
    }
    eventually(async || running.status.position().0 == reaches).await;
    running.stop().await.unwrap();
    assert_eq!(contents(read_models.as_ref()).await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_answer_is_lost_is_not_folded_in_twice_and_caches_hear_of_it() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres(&proxy.url_for(&url), LEASE);
    let mut items = ground.feed.subscribe();
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let running =
        ground.start_with(std::sync::Arc::clone(&ground.log) as _, model, options(1000, PARK));
    reached(&mut items, old.last().unwrap().position).await;
    proxy.swallow_answer_to("COMMIT");
    ground.append(&new[..1]).await;
    proxy.has_swallowed(1).await;
    // It finds that the batch is in, and says that something was missed.
    let missed = async { while !matches!(items.next().await, Some(FeedItem::Missed) | None) {} };
    let told = async {
        tokio::select! {
            () = missed => {}
            () = eventually(async || running.status.position() == new[0].position) => {}
        }
    };
    told.await;
    ground.append(&new[1..]).await;
    let head = ground.log.head().await.unwrap();
    eventually(async || running.status.position() == head).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_at_any_moment_lose_and_repeat_nothing() {
    let history = busy_history();
    let ground = Ground::with(Store::Postgres, &history.events).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres(&proxy.url_for(&url), LEASE);
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let running =
        ground.start_with(std::sync::Arc::clone(&ground.log) as _, model, options(3, PARK));
    let head = ground.log.head().await.unwrap();
    let mut cuts = 0;
    let cutting = async {
        loop {
            // Each time somewhere else.
            proxy.cut_after_client_bytes(500 + 777 * (cuts % 13));
            cuts += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = eventually(async || running.status.position() == head) => {}
        () = cutting => {}
    }
    running.stop().await.unwrap();
    assert!(cuts > 3, "{cuts}");
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// A network that goes silent and closes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_whose_network_goes_silent_says_so_and_another_one_goes_on() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres_impatiently(&proxy.url_for(&url), LEASE);
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let silent = ground.start_with(log, model, options(7, PARK));
    eventually(async || silent.status.position() == old.last().unwrap().position).await;
    proxy.pause(true);
    ground.append(new).await;
    let other = ground.start(options(7, PARK)).await;
    let head = ground.log.head().await.unwrap();
    eventually(async || other.status.position() == head).await;
    eventually(async || silent.status.report().failing.is_some()).await;
    // It can be stopped, and does not wait for a goodbye.
    silent.stop().await.unwrap();
    assert!(read_models.live().await.is_err());
    other.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_whose_network_was_silent_goes_on_over_a_new_connection() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres_impatiently(&proxy.url_for(&url), LEASE);
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let running = ground.start_with(log, model, options(7, PARK));
    eventually(async || running.status.position() == old.last().unwrap().position).await;
    let connections = proxy.connections();
    proxy.pause(true);
    ground.append(new).await;
    eventually(async || running.status.report().failing.is_some()).await;
    proxy.pause(false);
    let head = ground.log.head().await.unwrap();
    eventually(async || running.status.position() == head).await;
    assert!(proxy.connections() > connections);
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn what_is_held_over_a_network_that_goes_silent_counts_as_lost() {
    let ground = Ground::new(Store::Postgres).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    ground.read_models.open(Place::Generation(1)).await.unwrap().close().await;
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres_impatiently(&proxy.url_for(&url), LEASE);
    let work = read_models.lock(Work::Building).await.unwrap();
    let generation = read_models.hold(1).await.unwrap();
    work.still_held().await.unwrap();
    generation.still_held().await.unwrap();
    proxy.pause(true);
    assert!(work.still_held().await.is_err());
    eventually(async || generation.still_held().await.is_err()).await;
}

#[tokio::test]
async fn what_others_have_set_for_the_database_or_put_into_public_changes_nothing() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let database = ground.database.as_ref().unwrap();
    let traps = format!(
        "CREATE FUNCTION public.trap(bigint, interval) RETURNS interval LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'a trap'; END $$; \
         CREATE OPERATOR public.* (LEFTARG = bigint, RIGHTARG = interval, FUNCTION = public.trap); \
         ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'; \
         ALTER DATABASE \"{name}\" SET search_path = public, pg_catalog",
        name = database.name()
    );
    let mut db = database.connect().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(traps)).execute(&mut db).await.unwrap();
    let model = ground.leading().await;
    let from = read_model::Checkpoint { generation: 1, position: events::Position::START };
    model.apply(from, &history.events, PARK).await.unwrap();
    model.close().await;
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_server_that_is_set_to_read_only_is_a_failure_that_passes() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let model = ground.leading().await;
    let set = async |value: &str| {
        let name = ground.database.as_ref().unwrap().name().to_owned();
        let alter =
            format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = {value}");
        let mut db = ground.database.as_ref().unwrap().connect().await;
        let writable = "SET default_transaction_read_only = off";
        sqlx::query(writable).execute(&mut db).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(alter)).execute(&mut db).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(end).execute(&mut db).await.unwrap();
    };
    set("on").await;
    let from = read_model::Checkpoint { generation: 1, position: events::Position::START };
    for _ in 0..2 {
        let failed = model.apply(from, &history.events, PARK).await.unwrap_err();
        assert!(failed.is_transient(), "{failed}");
    }
    set("off").await;
    eventually(async || match model.apply(from, &history.events, PARK).await {
        Ok(_) => true,
        Err(error) => {
            assert!(error.is_transient(), "{error}");
            false
        }
    })
    .await;
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_lock_whose_connection_is_cut_says_that_it_is_lost() {
    let ground = Ground::new(Store::Postgres).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    let proxy = CuttingProxy::to(&url).await;
    let read_models = on_postgres(&proxy.url_for(&url), LEASE);
    let lock = read_models.lock(Work::Building).await.unwrap();
    lock.still_held().await.unwrap();
    proxy.cut();
    assert!(lock.still_held().await.is_err());
    eventually(async || ground.read_models.lock(Work::Building).await.is_ok()).await;
}

#[tokio::test]
async fn a_generation_that_is_held_is_held_again_when_the_connection_was_cut() {
    let ground = Ground::new(Store::Postgres).await;
    let url = ground.database.as_ref().unwrap().url().to_owned();
    for number in [1, 2] {
        let place = Place::Generation(number);
        ground.read_models.open(place).await.unwrap().close().await;
    }
    let proxy = CuttingProxy::to(&url).await;
    let held = on_postgres(&proxy.url_for(&url), LEASE).hold(2).await.unwrap();
    proxy.cut();
    let mut db = ground.database.as_ref().unwrap().connect().await;
    let holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let db = tokio::sync::Mutex::new(&mut db);
    eventually(async || {
        let holders = sqlx::query_scalar(holders).fetch_one(&mut **db.lock().await).await;
        held.still_held().await.is_err() && holders.is_ok_and(|holders: i64| holders == 1)
    })
    .await;
    assert!(ground.read_models.remove(2).await.is_err());
    assert!(ground.read_models.exists(2).await.unwrap());
}

#[tokio::test]
async fn an_address_where_nobody_is_says_so_and_no_password() {
    let url = "postgres://somebody:s3cr3t@127.0.0.1:1/nowhere";
    let read_models = on_postgres(url, LEASE);
    let refused = read_models.open(Place::Generation(1)).await.err().unwrap();
    // It may come: whoever starts waits for it.
    assert!(
        matches!(&refused, projector::GenerationError::Store(error) if error.is_transient()),
        "{refused:?}"
    );
    let text = format!("{refused} {refused:?} {read_models:?}", read_models = url.len());
    assert!(!text.contains("s3cr3t"), "{text}");
    let live = read_models.live().await.unwrap_err();
    assert!(
        matches!(&live, projector::GenerationError::Store(StoreError::Unavailable(_))),
        "{live:?}"
    );
}

/// It was read-only when the session began, and the session does not hear that it is no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_goes_on_after_a_read_only_spell_though_nobody_ends_its_session() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(Store::Postgres, old).await;
    let database = ground.database.as_ref().unwrap();
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(7, PARK)).await;
    reached(&mut items, old.last().unwrap().position).await;
    let mut db = database.connect().await;
    let spell = format!(
        "ALTER DATABASE \"{}\" SET default_transaction_read_only = on; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
        database.name()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(spell)).execute(&mut db).await.unwrap();
    ground.append(new).await;
    eventually(async || {
        let failing = running.status.report().failing;
        failing.is_some_and(|failing| failing.reason.contains("read-only"))
    })
    .await;
    let over =
        format!("ALTER DATABASE \"{}\" RESET default_transaction_read_only", database.name());
    sqlx::raw_sql(sqlx::AssertSqlSafe(over)).execute(&mut db).await.unwrap();
    reached(&mut items, new.last().unwrap().position).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}
