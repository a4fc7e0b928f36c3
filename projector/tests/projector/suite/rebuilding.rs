//! Rebuilding: a new generation beside the live one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use event_log::EventLog;
use events::StreamName;
use futures::FutureExt;
use projector::{
    BuildError, OpenGeneration, PoisonPolicy, RebuildOptions, Rebuilt, Step,
    port::{Place, Work},
    rebuild, verify,
};
use read_model::Checkpoint;

use super::STORE;
use crate::{
    contents::folded,
    ground::{Ground, busy_history, change_file, eventually, options},
    history::{History, film},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;
const OPTIONS: RebuildOptions = RebuildOptions { poison: PARK, switch: true, shown_max: 20 };

async fn ground() -> (Ground, History) {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(7, PARK)).await;
    (ground, history)
}

async fn rebuilt(ground: &Ground, options: RebuildOptions) -> Rebuilt {
    try_rebuild(ground, options).await.unwrap()
}

async fn try_rebuild(ground: &Ground, options: RebuildOptions) -> Result<Rebuilt, BuildError> {
    rebuild(ground.log.as_ref(), ground.read_models.as_ref(), options, &|_| {}).await
}

/// Whether a build has left something.
async fn is_building(ground: &Ground, number: u64) -> bool {
    ground.read_models.peek(Place::Building(number)).await.is_ok()
}

async fn live(ground: &Ground) -> u64 {
    ground.read_models.live().await.unwrap()
}

#[tokio::test]
async fn a_rebuild_makes_the_next_generation_compares_it_and_switches_to_it() {
    let (ground, history) = ground().await;
    let rebuilt = rebuilt(&ground, OPTIONS).await;
    let position = ground.log.head().await.unwrap();
    assert_eq!(rebuilt.checkpoint, Checkpoint { generation: 2, position });
    let (at, comparison) = rebuilt.compared.unwrap();
    assert_eq!((at, comparison.differences()), (Checkpoint { generation: 1, position }, 0));
    assert!(comparison.rows() > 50);
    assert_eq!(live(&ground).await, 2);
    assert_eq!(ground.stored_in(2).await, folded(&history.events));
    assert_eq!(ground.stored_in(1).await, folded(&history.events));
}

#[tokio::test]
async fn what_is_wrong_in_the_live_one_is_told_and_right_in_the_new_one() {
    let (ground, history) = ground().await;
    ground.change("DELETE FROM rating").await;
    let options = RebuildOptions { shown_max: 3, ..OPTIONS };
    let (_, comparison) = rebuilt(&ground, options).await.compared.unwrap();
    assert!(comparison.differences() > 3);
    assert_eq!(comparison.shown.len(), 3);
    assert_eq!(ground.stored_in(2).await, folded(&history.events));
}

#[tokio::test]
async fn without_switching_the_live_one_stays_and_can_be_switched_from_and_back_to_later() {
    let (ground, _) = ground().await;
    let options = RebuildOptions { switch: false, ..OPTIONS };
    assert!(!rebuilt(&ground, options).await.switched);
    assert_eq!(live(&ground).await, 1);
    for number in [2, 1] {
        ground.read_models.switch(number).await.unwrap();
        assert_eq!(live(&ground).await, number);
    }
}

#[tokio::test]
async fn a_build_that_is_cut_off_half_way_is_never_live_and_the_next_one_starts_anew() {
    let (ground, history) = ground().await;
    // Cut off when the fold is done and the comparison has not begun.
    let reached = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&reached);
    let progress = move |step| {
        if step == Step::Comparing {
            told.store(true, Ordering::SeqCst);
        }
    };
    {
        let read_models = ground.read_models.as_ref();
        let building = rebuild(ground.log.as_ref(), read_models, OPTIONS, &progress);
        let mut building = std::pin::pin!(building);
        let cut = async {
            while !reached.load(Ordering::SeqCst) {
                assert!(building.as_mut().now_or_never().is_none(), "it was not cut off");
                tokio::task::yield_now().await;
            }
        };
        cut.await;
    }
    assert_eq!(live(&ground).await, 1);
    assert!(ground.read_models.switch(2).await.is_err(), "half a generation is none");
    assert!(is_building(&ground, 2).await);

    // A server hears that a connection is gone only when it looks.
    eventually(async || ground.read_models.lock(Work::Building).await.is_ok()).await;
    eventually(async || ground.read_models.lock(Work::Building).await.is_ok()).await;
    let rebuilt = rebuilt(&ground, OPTIONS).await;
    assert_eq!(rebuilt.checkpoint.generation, 3, "the number of the one that was cut off is gone");
    assert_eq!(ground.stored_in(3).await, folded(&history.events));
    assert!(!is_building(&ground, 2).await && !is_building(&ground, 3).await);
}

#[tokio::test]
async fn what_is_appended_meanwhile_is_in_the_new_generation_or_folded_in_after() {
    let history = busy_history();
    let (old, new) = history.events.split_at(30);
    let ground = Ground::with(STORE, old).await;
    ground.catch_up(options(7, PARK)).await;
    let (rebuilt, ()) = tokio::join!(rebuilt(&ground, OPTIONS), ground.append(new));
    assert_eq!(rebuilt.compared.unwrap().1.differences(), 0);
    let model = ground.leading_in(2).await;
    let from = model.checkpoint().await.unwrap();
    let rest = &history.events[usize::try_from(from.position.0).unwrap()..];
    model.apply(from, rest, PARK).await.unwrap();
    assert_eq!(ground.stored_in(2).await, folded(&history.events));
}

#[tokio::test]
async fn where_there_is_no_live_one_there_is_nothing_to_compare_with() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    assert_eq!(rebuilt(&ground, OPTIONS).await.compared, None);
    assert_eq!(ground.stored_in(2).await, folded(&history.events));
}

#[tokio::test]
async fn a_rebuild_follows_the_policy_of_the_live_projector() {
    let mut history = busy_history();
    history.record_poison(StreamName::movie(film(1))).delete(1);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(7, PARK)).await;
    let (_, comparison) = rebuilt(&ground, OPTIONS).await.compared.unwrap();
    assert_eq!(comparison.differences(), 0, "what is parked here is parked there");

    let halting = RebuildOptions { poison: PoisonPolicy::Halt, ..OPTIONS };
    let halted = try_rebuild(&ground, halting).await;
    assert!(matches!(halted, Err(BuildError::Poison(_))), "{halted:?}");
    assert_eq!(live(&ground).await, 2, "what was live stays so");
}

#[tokio::test]
async fn a_read_model_that_is_ahead_of_the_log_is_replaced_and_not_compared() {
    let (ground, history) = ground().await;
    ground.change("UPDATE checkpoint SET position = position + 2").await;
    let position = ground.log.head().await.unwrap();
    let rebuilt = rebuilt(&ground, OPTIONS).await;
    assert_eq!(rebuilt.checkpoint, Checkpoint { generation: 2, position });
    assert_eq!((rebuilt.compared, rebuilt.ahead.unwrap().position.0), (None, position.0 + 2));
    assert_eq!(live(&ground).await, 2);
    assert_eq!(ground.stored_in(2).await, folded(&history.events));
}

#[tokio::test]
async fn a_log_that_was_altered_is_told_from_a_read_model_that_was() {
    let (ground, _) = ground().await;
    let alter = "DROP TRIGGER event_is_never_changed; \
        UPDATE event SET recorded_at = recorded_at + 1 WHERE position = 3";
    change_file(&ground.log_file(), alter).await;
    let verified = verify(ground.log.as_ref(), ground.read_models.as_ref(), 10, &|_| {}).await;
    let verified = verified.unwrap();
    assert!(!verified.log_is_sound() && verified.log == verified.read_model);
    let refused = try_rebuild(&ground, OPTIONS).await.unwrap_err();
    assert!(matches!(refused, BuildError::LogAltered { .. }), "{refused:?}");
    assert!(refused.to_string().contains("restore a backup"), "{refused}");
    assert_eq!(live(&ground).await, 1);
    assert!(!is_building(&ground, 2).await && !is_building(&ground, 3).await);
}

#[tokio::test]
async fn a_new_generation_is_led_by_whoever_comes_first_once_it_is_built() {
    let (ground, history) = ground().await;
    rebuilt(&ground, OPTIONS).await;
    // At once: who built it has given the lead up.
    let model = ground.leading_in(2).await;
    let head = history.events.last().unwrap().position;
    assert_eq!(model.checkpoint().await.unwrap().position, head);
}

#[tokio::test]
async fn what_is_there_is_opened_under_its_own_number_only() {
    let (ground, _) = ground().await;
    ground.change("UPDATE checkpoint SET generation = 3").await;
    let error = ground.read_models.open(Place::Generation(1)).await.err().unwrap().to_string();
    assert!(error.contains("it is generation 3, not 1"), "{error}");
    let missing = OpenGeneration::existing(ground.read_models.as_ref(), 7).await.unwrap_err();
    assert!(missing.to_string().contains("no generation 7"), "{missing}");
}
