//! How long the log is kept to where what comes by Kafka is no good.

use std::{sync::Arc, time::Duration};

use event_log::{EventLog, Feed};
use events::Position;
use futures::StreamExt;
use projector::{
    FedBy, Status,
    postgres::inbox::{InboxFeed, InboxFeedOptions},
};
use tokio::time::timeout;

use super::{impatient, inbox_of};
use crate::ground::{Ground, PATIENCE, Said, Store, busy_history, eventually};

#[tokio::test]
async fn the_log_is_kept_to_for_longer_each_time_also_by_who_subscribes_anew() {
    let (said, _logged) = Said::listen();
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    ground.read_model().await.close().await;
    let options = InboxFeedOptions { log_longest: Duration::from_secs(600), ..impatient() };
    let status = Status::default();
    let log = Arc::clone(&ground.log) as Arc<dyn EventLog>;
    let feed = InboxFeed::new(inbox_of(&ground), log, options, status.clone());
    let mut at = Position::START;
    for event in &history.events[..3] {
        let mut batches = feed.subscribe(at);
        // Nothing comes by Kafka.
        tokio::select! {
            batch = batches.next() => panic!("the log has no more: {batch:?}"),
            () = eventually(async || status.report().fed_by == FedBy::Kafka) => {}
        }
        ground.append(std::slice::from_ref(event)).await;
        let came = timeout(PATIENCE, batches.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(came.last().unwrap().position, event.position);
        at = event.position;
    }
    let warnings = said.lines("WARN", "projector::postgres::inbox");
    let kept: Vec<_> = warnings.iter().map(|line| line["fields"]["log_for"].clone()).collect();
    assert_eq!(kept, ["50ms", "100ms", "200ms"]);
}
