//! Whole switches, as readers, the feed and those who remove generations see them.

use projector::GenerationError;
use read_model::FeedItem;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_no_error_and_no_position_that_goes_back_through_two_switches_and_one_back() {
    let ground = Arc::new(Ground::new().await);
    for number in 0..50 {
        ground.append(number).await;
    }
    let done = CancellationToken::new();
    let reader = tokio::spawn({
        let (ground, done) = (Arc::clone(&ground), done.clone());
        async move {
            let (mut seen, mut generations) = (Position::START, Vec::new());
            loop {
                // Once more at the end: what all have seen by then, this one sees too.
                let is_last = done.is_cancelled();
                let at = ground.store.current().checkpoint().await.expect("no error is seen");
                assert!(at.position >= seen, "{} after {seen}", at.position);
                seen = at.position;
                if generations.last() != Some(&at.generation) {
                    generations.push(at.generation);
                }
                if is_last {
                    return (seen, generations);
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let writer = tokio::spawn({
        let (ground, done) = (Arc::clone(&ground), done.clone());
        async move {
            let mut number = 50;
            while !done.is_cancelled() {
                ground.append(number).await;
                number += 1;
            }
        }
    });
    for generation in [2, 3] {
        ground.rebuild().await;
        ground.answers_from(generation).await;
    }
    ground.generations().switch(1).unwrap();
    ground.answers_from(1).await;
    done.cancel();
    writer.await.unwrap();
    let head = ground.log.head().await.unwrap();
    let caught_up = async {
        while ground.at().await.position < head {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, caught_up).await.expect("it goes on after the switch");
    let (seen, generations) = reader.await.unwrap();
    assert_eq!(generations, [1, 2, 3, 1]);
    assert!(seen > Position(50));
    Arc::into_inner(ground).unwrap().stop().await;
}

#[tokio::test]
async fn the_feed_tells_of_the_new_generation_once_it_answers() {
    let ground = Ground::new().await;
    ground.append(1).await;
    let mut items = ground.feed.subscribe();
    ground.rebuild().await;
    let told = async {
        loop {
            let item = futures::StreamExt::next(&mut items).await.unwrap();
            if let FeedItem::Changed(change) = item
                && change.checkpoint.generation == 2
            {
                return change;
            }
        }
    };
    let change = timeout(PATIENCE, told).await.unwrap();
    assert_eq!(change.checkpoint, ground.at().await);
    ground.append(2).await;
    let next = async {
        loop {
            let next = futures::StreamExt::next(&mut items).await;
            let Some(FeedItem::Changed(next)) = next else {
                panic!("nothing was missed: {next:?}")
            };
            assert_eq!(next.previous, change.checkpoint);
            // Its projector may tell where it begins after the hand-over has.
            if next.checkpoint != change.checkpoint {
                return next;
            }
        }
    };
    let next = timeout(PATIENCE, next).await.unwrap();
    assert_eq!(next.checkpoint.position, Position(2));
    // It is told before it is reported.
    eventually(|| async { ground.status.report().checkpoint == Some(next.checkpoint) }).await;
    ground.stop().await;
}

#[tokio::test]
async fn a_generation_that_cannot_be_opened_leaves_the_old_one_at_work() {
    let ground = Ground::new().await;
    std::fs::write(ground.generations().path(2), b"no database, only some words").unwrap();
    ground.generations().switch(2).unwrap();
    ground.refused(1).await;
    // An append after that is read all the same.
    ground.append(1).await;
    eventually(|| async { ground.at().await.position == Position(1) }).await;
    assert_eq!(ground.at().await.generation, 1);
    assert!(!ground.task.is_finished());
    // And what can be opened takes over at once.
    ground.generations().switch(1).unwrap();
    ground.rebuild().await;
    ground.answers_from(3).await;
    ground.stop().await;
}

#[tokio::test]
async fn what_a_server_answers_from_is_not_removed_before_it_has_left() {
    let ground = Ground::new().await;
    ground.append(1).await;
    ground.rebuild().await;
    ground.answers_from(2).await;
    let generations = ground.generations();
    generations.switch(1).unwrap();
    // Nothing was waited for in between: the server has not had its turn.
    assert!(matches!(generations.remove(2), Err(GenerationError::InUse(2))));
    ground.answers_from(1).await;
    eventually(|| async { generations.remove(2).is_ok() }).await;
    // Its number is gone for good.
    ground.rebuild().await;
    ground.answers_from(3).await;
    ground.stop().await;
}

#[tokio::test]
async fn a_live_generation_that_is_gone_at_the_start_is_made_again_under_another_number() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, live) = idle(&folder).await;
    assert_eq!(live.number, 1);
    live.read_model.close().await;
    drop((projection, live));
    let generations = Generations::new(folder.path().join("read-model.db"));
    std::fs::remove_file(generations.path(1)).unwrap();
    for _ in 0..2 {
        let (_projection, live) = idle(&folder).await;
        assert_eq!((live.number, generations.live().unwrap()), (2, 2));
    }
}
