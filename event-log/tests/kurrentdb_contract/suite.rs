//! The behaviour suite, over the published protocol: that the adapter itself keeps what it promises, as
//! far as a small server can tell.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    fixture::{KurrentFixture, options},
    run,
    server::KurrentServer,
};

/// One server for all behaviours, as in life.
static SERVER: LazyLock<KurrentServer> = LazyLock::new(KurrentServer::start);

async fn fresh() -> KurrentFixture {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    KurrentFixture::open(options(&SERVER.url(), format!("suite-{number}"))).await
}

#[test]
fn the_log_behaves_as_the_port_promises() {
    let behaviours = event_log::behaviour_suite!(listed fresh);
    let filters: Vec<String> = std::env::var("ONLY").into_iter().collect();
    let tally = run::all(&behaviours, &filters, &mut std::io::stderr());
    assert!(tally.failed.is_empty(), "failed: {:#?}", tally.failed);
    assert_eq!(tally.passed + tally.not_promised, behaviours.len());
}

#[test]
fn what_is_not_promised_is_a_behaviour_of_the_suite() {
    let behaviours = event_log::behaviour_suite!(listed fresh);
    for (name, _) in crate::promises::NOT_PROMISED {
        assert!(behaviours.iter().any(|behaviour| behaviour.name == name), "{name}");
    }
}

#[test]
fn zz_measure() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use event_log::EventLog;
        let log = event_log::kurrentdb::KurrentLog::open(options(&SERVER.url(), "zz".into()))
            .await
            .unwrap();
        let t = std::time::Instant::now();
        for _ in 0..50 {
            log.head().await.unwrap();
        }
        eprintln!("head {:?}", t.elapsed() / 50);
        let name = events::StreamName::new("movie-1").unwrap();
        let t = std::time::Instant::now();
        for _ in 0..50 {
            log.read_stream(&name, events::Revision(1), 1).await.unwrap();
        }
        eprintln!("read_stream {:?}", t.elapsed() / 50);
        let t = std::time::Instant::now();
        for n in 0..50u64 {
            let event = events::NewEvent {
                id: events::EventId(uuid::Uuid::from_u128(n.into())),
                event_type: "A".into(),
                schema_version: 1,
                metadata: events::Metadata::at(jiff::Timestamp::UNIX_EPOCH),
                data: serde_json::value::RawValue::from_string("{}".into()).unwrap(),
            };
            log.append(event_log::Append::new(
                name.clone(),
                event_log::Expected::Exact(events::Revision(n)),
                vec![event],
            ))
            .await
            .unwrap();
        }
        eprintln!("append {:?}", t.elapsed() / 50);
    });
}
