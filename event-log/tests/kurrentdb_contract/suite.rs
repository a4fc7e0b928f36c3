//! The behaviour suite, over the published protocol: that the adapter itself keeps what it promises, as
//! far as a small server can tell.

use std::sync::atomic::{AtomicU64, Ordering};

use event_log::suite::Behaviour;

use crate::{
    fixture::{KurrentFixture, options},
    run,
    server::KurrentServer,
    store::Store,
};

/// Behaviours at the same time.
const AT_ONCE: usize = 4;

thread_local! {
    /// One server for all behaviours of a thread, which run one after another.
    static SERVER: KurrentServer = KurrentServer::start();
}

async fn fresh() -> KurrentFixture {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    // What the behaviours before have left is of no use, and is looked through by every read.
    let url = SERVER.with(|server| {
        server.state.lock().unwrap().store = Store::default();
        server.state.lock().unwrap().calls.clear();
        server.url()
    });
    KurrentFixture::open(options(&url, format!("suite-{number}"))).await
}

/// All that are asked of a log, and of one that can be copied.
fn behaviours() -> Vec<Behaviour> {
    let mut behaviours = event_log::behaviour_suite!(listed fresh);
    behaviours.extend(event_log::behaviour_suite!(listed copying fresh));
    behaviours
}

#[test]
fn the_log_behaves_as_the_port_promises() {
    let behaviours = behaviours();
    let tally = run::all(&behaviours, &[], AT_ONCE, &mut std::io::stderr());
    assert!(tally.failed.is_empty(), "failed: {:#?}", tally.failed);
    assert_eq!(tally.passed + tally.not_promised, behaviours.len());
}

#[test]
fn what_is_not_promised_is_a_behaviour_of_the_suite() {
    let behaviours = behaviours();
    for (name, _) in crate::promises::NOT_PROMISED {
        assert!(behaviours.iter().any(|behaviour| behaviour.name == name), "{name}");
    }
}
