//! Group commit: appends that wait together share a transaction, and nothing else.

use events::Revision;
use futures::future::join_all;
use metrics::set_default_local_recorder;

use super::{
    Fixture,
    facts::{NOON, add, append, conflict, event, events, everything, stream},
    recorder::Counts,
};
use crate::{Append, Expected, IdempotencyEntry, MAX_APPEND_EVENTS};

const COMMITS: &str = "cinelog_log_commit_duration_seconds";

pub async fn appends_that_wait_together_share_commits(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let counts = Counts::default();
    let _installed = set_default_local_recorder(&counts);
    let appends = (0..200).map(|n| {
        let name = format!("movie-{n}");
        let log = &log;
        async move { append(&**log, &name, Expected::NoStream, vec![event()]).await }
    });
    for result in join_all(appends).await {
        result.unwrap();
    }
    assert_eq!(everything(&*log).await.len(), 200);
    assert_eq!(counts.of("cinelog_log_appends_total{outcome=appended}"), 200);
    assert!(counts.of(COMMITS) < 100, "{} commits for 200 appends", counts.of(COMMITS));
    assert_eq!(counts.of("cinelog_log_batch_appends"), counts.of(COMMITS));
}

pub async fn an_append_that_waits_alone_is_committed_alone(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let counts = Counts::default();
    let _installed = set_default_local_recorder(&counts);
    for _ in 0..3 {
        add(&*log, "movie-1", 1).await;
    }
    assert_eq!(counts.of(COMMITS), 3);
}

pub async fn every_append_is_counted_by_its_outcome(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let counts = Counts::default();
    let _installed = set_default_local_recorder(&counts);
    let first = event();
    let entry = IdempotencyEntry {
        key: "key".to_owned(),
        fingerprint: String::new(),
        answer: serde_json::Value::Null,
        recorded_at: NOON,
    };
    let with_key = |events| Append {
        idempotency: Some(entry.clone()),
        ..Append::new(stream("movie-1"), Expected::Any, events)
    };
    log.append(with_key(vec![first.clone()])).await.unwrap();
    log.append(with_key(vec![first.clone()])).await.unwrap();
    log.append(with_key(vec![event()])).await.unwrap_err();
    append(&*log, "movie-1", Expected::NoStream, vec![event()]).await.unwrap_err();
    append(&*log, "movie-2", Expected::Any, vec![first]).await.unwrap_err();
    let too_many = events(MAX_APPEND_EVENTS + 1);
    append(&*log, "movie-2", Expected::Any, too_many).await.unwrap_err();
    for outcome in ["appended", "repeated", "key_taken", "conflict", "duplicate_event", "too_large"]
    {
        let metric = format!("cinelog_log_appends_total{{outcome={outcome}}}");
        assert_eq!(counts.of(&metric), 1, "{outcome}");
    }
}

pub async fn of_appends_that_race_for_one_revision_exactly_one_wins(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let appends = (0..50).map(|_| append(&*log, "movie-1", Expected::NoStream, vec![event()]));
    let (won, lost): (Vec<_>, Vec<_>) =
        join_all(appends).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for result in lost {
        assert_eq!(conflict(result), Revision(1));
    }
    assert_eq!(everything(&*log).await.len(), 1);
}

pub async fn appends_that_wait_together_each_succeed_or_conflict_on_their_own(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    // Odd ones expect what is not.
    let appends = (0..40).map(|n| {
        let expected = if n % 2 == 0 { Expected::NoStream } else { Expected::Exact(Revision(7)) };
        let name = format!("own-{n}");
        let log = &log;
        async move { append(&**log, &name, expected, vec![event()]).await }
    });
    for (n, result) in join_all(appends).await.into_iter().enumerate() {
        assert_eq!(result.is_ok(), n % 2 == 0, "append {n}");
    }
    assert_eq!(everything(&*log).await.len(), 21);
}
