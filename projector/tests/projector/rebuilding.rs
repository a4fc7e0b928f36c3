//! Rebuilding: a new generation beside the live one.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use event_log::EventLog;
use events::StreamName;
use futures::FutureExt;
use projector::{
    BuildError, Generations, PoisonPolicy, RebuildOptions, Rebuilt, Step, rebuild,
    sqlite::{SqliteReadModel, SqliteReadModelOptions, peek},
    verify,
};
use read_model::Checkpoint;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    contents::{folded, stored},
    ground::{Ground, options},
    history::{History, film},
    running::busy_history,
};

const PARK: PoisonPolicy = PoisonPolicy::Park;
const OPTIONS: RebuildOptions = RebuildOptions { poison: PARK, switch: true, shown_max: 20 };

async fn ground() -> (Ground, Generations, History) {
    let history = busy_history();
    let ground = Ground::with(&history.events).await;
    ground.catch_up(options(7, PARK)).await;
    let generations = Generations::new(ground.path());
    (ground, generations, history)
}

async fn rebuilt(ground: &Ground, generations: &Generations, options: RebuildOptions) -> Rebuilt {
    rebuild(ground.log.as_ref(), generations, options, &|_| {}).await.unwrap()
}

fn files(ground: &Ground) -> Vec<String> {
    let folder = ground.path().parent().map(PathBuf::from).unwrap();
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("read-model.") && name.contains(".db")).collect()
}

#[tokio::test]
async fn a_rebuild_makes_the_next_generation_compares_it_and_switches_to_it() {
    let (ground, generations, history) = ground().await;
    let rebuilt = rebuilt(&ground, &generations, OPTIONS).await;
    let position = ground.log.head().await.unwrap();
    assert_eq!(rebuilt.checkpoint, Checkpoint { generation: 2, position });
    let (at, comparison) = rebuilt.compared.unwrap();
    assert_eq!((at, comparison.differences()), (Checkpoint { generation: 1, position }, 0));
    assert!(comparison.rows() > 50);
    assert_eq!(generations.live().unwrap(), 2);
    assert_eq!(stored(&generations.path(2)).await, folded(&history.events));
    assert_eq!(stored(&generations.path(1)).await, folded(&history.events));
}

#[tokio::test]
async fn what_is_wrong_in_the_live_one_is_told_and_right_in_the_new_one() {
    let (ground, generations, history) = ground().await;
    let file = SqliteConnectOptions::new().filename(ground.path());
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("DELETE FROM rating").execute(&mut db).await.unwrap();
    let options = RebuildOptions { shown_max: 3, ..OPTIONS };
    let (_, comparison) = rebuilt(&ground, &generations, options).await.compared.unwrap();
    assert!(comparison.differences() > 3);
    assert_eq!(comparison.shown.len(), 3);
    assert_eq!(stored(&generations.path(2)).await, folded(&history.events));
}

#[tokio::test]
async fn without_switching_the_live_one_stays_and_can_be_switched_from_and_back_to_later() {
    let (ground, generations, _) = ground().await;
    let options = RebuildOptions { switch: false, ..OPTIONS };
    assert!(!rebuilt(&ground, &generations, options).await.switched);
    assert_eq!(generations.live().unwrap(), 1);
    for number in [2, 1] {
        generations.switch(number).unwrap();
        assert_eq!(generations.live().unwrap(), number);
    }
}

#[tokio::test]
async fn a_build_that_is_cut_off_half_way_is_never_live_and_the_next_one_starts_anew() {
    let (ground, generations, history) = ground().await;
    // Cut off when the fold is done and the comparison has not begun.
    let reached = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&reached);
    let progress = move |step| {
        if step == Step::Comparing {
            told.store(true, Ordering::SeqCst);
        }
    };
    {
        let building = rebuild(ground.log.as_ref(), &generations, OPTIONS, &progress);
        let mut building = std::pin::pin!(building);
        let cut = async {
            while !reached.load(Ordering::SeqCst) {
                assert!(building.as_mut().now_or_never().is_none(), "it was not cut off");
                tokio::task::yield_now().await;
            }
        };
        cut.await;
    }
    assert_eq!(generations.live().unwrap(), 1);
    assert!(generations.switch(2).is_err(), "half a generation is none");
    assert!(files(&ground).iter().any(|name| name.ends_with(".building")), "{:?}", files(&ground));

    let rebuilt = rebuilt(&ground, &generations, OPTIONS).await;
    assert_eq!(rebuilt.checkpoint.generation, 3, "the number of the one that was cut off is gone");
    assert_eq!(stored(&generations.path(3)).await, folded(&history.events));
    assert!(files(&ground).iter().all(|name| !name.contains("building")), "{:?}", files(&ground));
}

#[tokio::test]
async fn what_is_appended_meanwhile_is_in_the_new_generation_or_folded_in_after() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(old).await;
    ground.catch_up(options(7, PARK)).await;
    let generations = Generations::new(ground.path());
    let (rebuilt, ()) = tokio::join!(rebuilt(&ground, &generations, OPTIONS), ground.append(new));
    assert_eq!(rebuilt.compared.unwrap().1.differences(), 0);
    let options = SqliteReadModelOptions {
        generation: Some(2),
        ..SqliteReadModelOptions::at(generations.path(2))
    };
    let model = SqliteReadModel::open_with(options).await.unwrap();
    let from = model.checkpoint().await.unwrap();
    let rest = &history.events[usize::try_from(from.position.0).unwrap()..];
    model.apply(from, rest, PARK).await.unwrap();
    assert_eq!(stored(&generations.path(2)).await, folded(&history.events));
}

#[tokio::test]
async fn where_there_is_no_live_one_there_is_nothing_to_compare_with() {
    let history = busy_history();
    let ground = Ground::with(&history.events).await;
    let generations = Generations::new(ground.path());
    assert_eq!(rebuilt(&ground, &generations, OPTIONS).await.compared, None);
    assert_eq!(stored(&generations.path(2)).await, folded(&history.events));
}

#[tokio::test]
async fn a_rebuild_follows_the_policy_of_the_live_projector() {
    let mut history = busy_history();
    history.record_poison(StreamName::movie(film(1))).delete(1);
    let ground = Ground::with(&history.events).await;
    ground.catch_up(options(7, PARK)).await;
    let generations = Generations::new(ground.path());
    let (_, comparison) = rebuilt(&ground, &generations, OPTIONS).await.compared.unwrap();
    assert_eq!(comparison.differences(), 0, "what is parked here is parked there");

    let halting = RebuildOptions { poison: PoisonPolicy::Halt, ..OPTIONS };
    let halted = rebuild(ground.log.as_ref(), &generations, halting, &|_| {}).await;
    assert!(matches!(halted, Err(BuildError::Poison(_))), "{halted:?}");
    assert_eq!(generations.live().unwrap(), 2, "what was live stays so");
}

async fn change(path: &std::path::Path, statements: &'static str) {
    let file = SqliteConnectOptions::new().filename(path);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_read_model_that_is_ahead_of_the_log_is_replaced_and_not_compared() {
    let (ground, generations, history) = ground().await;
    change(&ground.path(), "UPDATE checkpoint SET position = position + 2").await;
    let position = ground.log.head().await.unwrap();
    let rebuilt = rebuilt(&ground, &generations, OPTIONS).await;
    assert_eq!(rebuilt.checkpoint, Checkpoint { generation: 2, position });
    assert_eq!((rebuilt.compared, rebuilt.ahead.unwrap().position.0), (None, position.0 + 2));
    assert_eq!(generations.live().unwrap(), 2);
    assert_eq!(stored(&generations.path(2)).await, folded(&history.events));
}

#[tokio::test]
async fn a_log_that_was_altered_is_told_from_a_read_model_that_was() {
    let (ground, generations, _) = ground().await;
    let alter = "DROP TRIGGER event_is_never_changed; \
        UPDATE event SET recorded_at = recorded_at + 1 WHERE position = 3";
    change(&ground.path().with_file_name("log.db"), alter).await;
    let scratch = ground.path().with_file_name("verify");
    let verified = verify(ground.log.as_ref(), &ground.path(), &scratch, 10, &|_| {}).await;
    let verified = verified.unwrap();
    assert!(!verified.log_is_sound() && verified.log == verified.read_model);
    let refused = rebuild(ground.log.as_ref(), &generations, OPTIONS, &|_| {}).await.unwrap_err();
    assert!(matches!(refused, BuildError::LogAltered { .. }), "{refused:?}");
    assert!(refused.to_string().contains("restore a backup"), "{refused}");
    assert_eq!(generations.live().unwrap(), 1);
    assert!(files(&ground).iter().all(|name| !name.contains("building")), "{:?}", files(&ground));
}

#[tokio::test]
async fn a_file_of_one_generation_is_not_taken_for_another() {
    let (ground, generations, _) = ground().await;
    rebuilt(&ground, &generations, OPTIONS).await;
    assert_eq!(peek(&generations.path(2)).await.unwrap().0.generation, 2);
    let options = SqliteReadModelOptions {
        generation: Some(3),
        ..SqliteReadModelOptions::at(generations.path(2))
    };
    let error = SqliteReadModel::open_with(options).await.unwrap_err().to_string();
    assert!(error.contains("it is generation 2, not 3"), "{error}");
}
