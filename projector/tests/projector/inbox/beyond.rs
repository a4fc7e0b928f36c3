//! What comes and claims positions beyond the end of the log.

use std::time::Duration;

use event_log::Arrival;
use events::{EventId, Position, RecordedEvent};
use projector::{FedBy, PoisonPolicy, postgres::inbox::InboxFeedOptions};
use uuid::Uuid;

use super::{TOPIC, arrivals, delivery, inbox_of, patient, put_in, put_in_first, start_fed};
use crate::{
    contents::folded,
    ground::{Ground, Store, busy_history, eventually, options},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

/// Nothing is ever late: what is not folded in by the inbox never is.
fn clearing_every(beyond_max: Duration) -> InboxFeedOptions {
    InboxFeedOptions { beyond_max, ..patient() }
}

/// Events that follow on each other from a position that no log comes to.
pub(super) fn far_events(like: &RecordedEvent, count: u64) -> Vec<Arrival> {
    let far = |number| {
        let mut event = like.clone();
        event.position = Position(1_000_000_000_000_000 + number);
        event.id = EventId(Uuid::from_u128(u128::from(number)));
        let previous = Position(event.position.0 - 1);
        Arrival { event, previous, offset: 0 }
    };
    (0..count).map(far).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_beyond_the_end_of_the_log_goes_and_nothing_counts_as_having_come_so_far() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running =
        start_fed(&ground, clearing_every(Duration::from_millis(20)), options(7, PARK)).await;
    eventually(async || running.status.report().fed_by == FedBy::Kafka).await;
    let inbox = inbox_of(&ground);
    put_in_first(&inbox, 0, far_events(&history.events[0], 40)).await;
    eventually(async || {
        let reached = inbox.reached(TOPIC, &[0]).await.unwrap();
        assert_eq!(reached[0].next, 40, "they are not read again");
        reached[0].position == Position::START && inbox.held().await.unwrap().is_empty()
    })
    .await;
    ground.append(&history.events).await;
    put_in(&inbox, 0, 40, arrivals(&history.events)).await;
    let head = history.events.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// It is looked for without a pause, and each event comes as soon as the log has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_that_came_after_the_log_had_it_however_soon() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let fed = InboxFeedOptions { look_every: Duration::ZERO, ..clearing_every(Duration::ZERO) };
    let running = start_fed(&ground, fed, options(7, PARK)).await;
    eventually(async || running.status.report().fed_by == FedBy::Kafka).await;
    let inbox = inbox_of(&ground);
    assert!(inbox.place(TOPIC, 0, None, 0).await.unwrap());
    for (from, arrival) in (0..).zip(arrivals(&history.events)) {
        ground.append(std::slice::from_ref(&arrival.event)).await;
        inbox.put_in(TOPIC, vec![delivery(0, from, vec![arrival])]).await.unwrap();
    }
    let head = history.events.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

/// As where the log is read from a standby that lags.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_before_the_log_shows_it_is_waited_for() {
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    let running =
        start_fed(&ground, clearing_every(Duration::from_secs(600)), options(7, PARK)).await;
    eventually(async || running.status.report().fed_by == FedBy::Kafka).await;
    let (inbox, all) = (inbox_of(&ground), arrivals(&history.events));
    put_in_first(&inbox, 0, all[..2].to_vec()).await;
    put_in(&inbox, 0, 2, all[2..].to_vec()).await;
    ground.append(&history.events).await;
    let head = history.events.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}
