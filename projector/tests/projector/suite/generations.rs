//! Which generations there are, and which one is live.

use std::sync::Arc;

use projector::{
    GenerationError, OpenGeneration, ReadModels,
    port::{Place, Work},
};

use super::STORE;
use crate::ground::{Ground, eventually};

async fn make(read_models: &dyn ReadModels, number: u64) {
    read_models.open(Place::Generation(number)).await.unwrap().close().await;
}

async fn live(read_models: &dyn ReadModels) -> u64 {
    read_models.live().await.unwrap()
}

#[tokio::test]
async fn the_first_generation_is_live_until_somebody_switches() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    assert!(models.is_new().await.unwrap());
    assert_eq!(live(models).await, 1);
    assert!(!models.exists(1).await.unwrap());
    for number in [1, 3] {
        make(models, number).await;
        assert!(models.exists(number).await.unwrap());
    }
    models.switch(3).await.unwrap();
    assert_eq!((live(models).await, models.is_new().await.unwrap()), (3, false));
    let listed = models.list().await.unwrap();
    let numbers: Vec<_> = listed.iter().map(|generation| generation.number).collect();
    assert_eq!(numbers, [1, 3]);
    assert!(listed.iter().all(|generation| generation.bytes > 0));
}

#[tokio::test]
async fn what_is_not_there_cannot_be_switched_to_nor_removed_nor_looked_at() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    assert!(matches!(models.switch(2).await, Err(GenerationError::Missing(2))));
    assert!(matches!(models.remove(2).await, Err(GenerationError::Missing(2))));
    assert!(models.peek(Place::Generation(2)).await.is_err());
    assert!(models.snapshot(Place::Generation(2)).await.is_err());
    assert_eq!(live(models).await, 1);
}

#[tokio::test]
async fn a_number_is_never_given_out_twice() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    make(models, 1).await;
    assert_eq!(models.reserve().await.unwrap(), 2);
    assert_eq!(models.reserve().await.unwrap(), 3, "whatever became of 2");
    make(models, 3).await;
    models.switch(3).await.unwrap();
    models.switch(1).await.unwrap();
    models.remove(3).await.unwrap();
    assert_eq!((models.reserve().await.unwrap(), live(models).await), (4, 1));
}

#[tokio::test]
async fn the_live_generation_is_not_removed() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    make(models, 1).await;
    make(models, 2).await;
    assert!(matches!(models.remove(1).await, Err(GenerationError::Live(1))));
    models.switch(2).await.unwrap();
    models.remove(1).await.unwrap();
    assert!(!models.exists(1).await.unwrap());
}

#[tokio::test]
async fn what_somebody_holds_is_not_removed_until_the_last_one_lets_go() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    make(models, 1).await;
    make(models, 2).await;
    let (one, other) = (models.hold(2).await.unwrap(), models.hold(2).await.unwrap());
    drop(one);
    other.still_held().await.unwrap();
    assert!(matches!(models.remove(2).await, Err(GenerationError::InUse(2))));
    assert!(models.exists(2).await.unwrap());
    drop(other);
    eventually(async || models.remove(2).await.is_ok()).await;
    assert!(!models.exists(2).await.unwrap());
}

#[tokio::test]
async fn no_work_is_done_twice_at_the_same_time_and_no_work_keeps_from_another() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    let all = [Work::Opening, Work::Building, Work::Verifying];
    let mut held = Vec::new();
    for work in all {
        held.push(models.lock(work).await.unwrap());
    }
    for (work, lock) in all.into_iter().zip(held) {
        lock.still_held().await.unwrap();
        assert!(matches!(models.lock(work).await, Err(GenerationError::Busy(_))));
        drop(lock);
        eventually(async || models.lock(work).await.is_ok()).await;
    }
}

#[tokio::test]
async fn what_an_interrupted_build_left_is_no_generation_and_is_removed() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    make(models, 1).await;
    models.open(Place::Building(2)).await.unwrap().close().await;
    assert!(matches!(models.switch(2).await, Err(GenerationError::Missing(2))));
    assert_eq!(models.list().await.unwrap().len(), 1);
    models.remove_unfinished().await.unwrap();
    assert!(models.peek(Place::Building(2)).await.is_err());
    assert!(models.exists(1).await.unwrap());
}

#[tokio::test]
async fn of_what_builds_have_left_one_can_be_removed_and_the_others_stay() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    for number in [2, 3] {
        models.open(Place::Building(number)).await.unwrap().close().await;
    }
    for _ in 0..2 {
        models.discard(2).await.unwrap();
        assert!(models.peek(Place::Building(2)).await.is_err());
        models.peek(Place::Building(3)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_is_removed_while_it_is_opened_is_held_or_missing_and_never_made_anew() {
    let ground = Ground::new(STORE).await;
    let models = &ground.read_models;
    make(models.as_ref(), 1).await;
    for number in 2..14 {
        make(models.as_ref(), number).await;
        let (opener, remover) = (Arc::clone(models), Arc::clone(models));
        let open = async move { OpenGeneration::existing(opener.as_ref(), number).await };
        let remove = async move { remover.remove(number).await };
        let (opened, removed) = tokio::join!(tokio::spawn(open), tokio::spawn(remove));
        match (opened.unwrap(), removed.unwrap()) {
            (Ok(open), Err(GenerationError::InUse(_))) => {
                assert!(models.exists(number).await.unwrap());
                open.read_model.close().await;
            }
            (Err(GenerationError::Missing(_)), Ok(())) => {
                assert!(!models.exists(number).await.unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_live_generation_that_is_gone_is_made_again_under_another_number() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    make(models, 1).await;
    make(models, 2).await;
    models.switch(2).await.unwrap();
    ground.lose_generation(2).await;
    for _ in 0..2 {
        let open = OpenGeneration::live(models).await.unwrap();
        assert_eq!((open.number, live(models).await), (3, 3));
        open.read_model.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_start_together_one_makes_what_is_missing() {
    let ground = Ground::new(STORE).await;
    let models = ground.read_models.as_ref();
    let open = || OpenGeneration::live(models);
    let opened = tokio::join!(open(), open(), open(), open());
    let opened = [opened.0, opened.1, opened.2, opened.3].map(Result::unwrap);
    assert!(opened.iter().all(|open| open.number == 1));
    assert_eq!(models.list().await.unwrap().len(), 1);
}
