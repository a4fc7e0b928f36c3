//! Several relays: one leads, the others take over, and no two publish at once.

use std::time::{Duration, Instant};

use event_log::kafka::{KafkaOptions, relay::RelayReport};
use events::Position;
use proving_ground::{PrivateKafka, Topic};

use crate::fixture::{Log, Reader, Relaying, log_and_topic, options};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_relays_one_leads_and_the_other_takes_over_at_once_when_it_stops() {
    let (log, topic) = log_and_topic().await;
    // A machine that stands still for a while is not taken for a leader's end, and nobody waits for the end of
    // a session below.
    let options = || KafkaOptions {
        session_timeout: Duration::from_secs(30),
        transaction_timeout: Duration::from_secs(60),
        ..options(topic.server(), topic.name())
    };
    let first = Relaying::start(&log, options());
    first.leads().await;
    let second = Relaying::start(&log, options());
    log.append(1..100).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(99).await;
    // Who follows sees what is published by the other.
    second.is("it sees it", |report| report.lag_events == Some(0) && !report.leads).await;
    assert!(first.status.report().leads);
    let stopping = Instant::now();
    first.stop().await;
    second.leads().await;
    assert!(stopping.elapsed() < Duration::from_secs(60), "{:?}", stopping.elapsed());
    log.append(100..200).await;
    reader.reads(199).await;
    reader.has_exactly(&log.all().await);
    second.stop().await;
}

/// From the cluster's side, a leader that is cut off is one that is paused: it thinks that it leads, has a
/// batch in its hands, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_cut_off_and_comes_back_publishes_nothing_out_of_order() {
    let kafka = PrivateKafka::start().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
    let first = Relaying::start(&log, options(&kafka.proxied(), topic.name()));
    first.leads().await;
    let second = Relaying::start(&log, options(&kafka.server(), topic.name()));
    log.append(1..100).await;
    let mut reader = Reader::of(&kafka.server(), topic.name(), "read_committed");
    reader.reads(99).await;
    kafka.proxy().pause(true);
    // What it is at now never gets through in its time.
    log.append(100..200).await;
    second.leads().await;
    log.append(200..300).await;
    reader.reads(299).await;
    kafka.proxy().pause(false);
    log.append(300..400).await;
    reader.reads(399).await;
    // It knows of what was published without it. Should it lead again by now, then not beside the other.
    let is_well = |report: &RelayReport| {
        let knows = report.position == Some(Position(399)) && report.trouble.is_none();
        knows && !(report.leads && second.status.report().leads)
    };
    first.is("it is well again", is_well).await;
    reader.reads_for(Duration::from_millis(500)).await;
    reader.has_exactly(&log.all().await);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_relays_that_come_and_go_publish_everything_once() {
    let (log, topic) = log_and_topic().await;
    let start = || Relaying::start(&log, options(topic.server(), topic.name()));
    let mut relays = vec![start(), start()];
    let mut reader: Option<Reader> = None;
    for round in 0..6_u128 {
        log.append(round * 100 + 1..round * 100 + 101).await;
        relays.push(start());
        // The oldest of them, which may or may not lead, in the middle of its work.
        relays.remove(0).stop().await;
    }
    for relay in &relays {
        relay.is("all is published", |report| report.lag_events == Some(0)).await;
    }
    let reader =
        reader.get_or_insert_with(|| Reader::of(topic.server(), topic.name(), "read_committed"));
    reader.reads(600).await;
    reader.reads_for(Duration::from_millis(300)).await;
    reader.has_exactly(&log.all().await);
    for relay in relays {
        relay.stop().await;
    }
}
