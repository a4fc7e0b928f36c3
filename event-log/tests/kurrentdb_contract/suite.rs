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
    store::Store,
};

/// One server for all behaviours, which run one after another.
static SERVER: LazyLock<KurrentServer> = LazyLock::new(KurrentServer::start);

async fn fresh() -> KurrentFixture {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    // What the behaviours before have left is of no use, and is looked through by every read.
    SERVER.state.lock().unwrap().store = Store::default();
    KurrentFixture::open(options(&SERVER.url(), format!("suite-{number}"))).await
}

#[test]
fn the_log_behaves_as_the_port_promises() {
    let behaviours = event_log::behaviour_suite!(listed fresh);
    let tally = run::all(&behaviours, &[], &mut std::io::stderr());
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
