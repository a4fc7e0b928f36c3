//! Kill -9 at random moments: what was acknowledged is in the log once, what was not is not there twice,
//! and the next start needs no repair. Also while the log is backed up, imported into, and the read model
//! rebuilt.
//!
//! `CINELOG_CRASH_SEED=n` repeats a run, `CINELOG_CRASH_ROUNDS=50` makes it longer.

use std::{path::Path, time::Duration};

use e2e::{
    Output, Process, Random, Server, Stopped, Writers,
    history::{Fact, Violation, assert_none, check, check_grown},
    run,
    writers::is_of_others,
};

mod companion;
mod distributed;

use companion::Companion;

const WRITERS: usize = 32;

/// Rounds where nobody asks for more: each kind of companion once.
const ROUNDS: usize = Companion::ALL.len();

/// Commands that are acknowledged in a round before anything happens.
const WARM_UP: usize = 50;

/// A server is killed at a moment before this, counted from when it has warmed up.
const LIFE_MAX: Duration = Duration::from_millis(600);

/// A server that is killed while it starts is killed before this.
const STARTING_MAX: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed_at_random_moments() {
    let rounds = std::env::var("CINELOG_CRASH_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.parse().expect("CINELOG_CRASH_ROUNDS is a number"));
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut server = Server::start();
    let editor = server.caller("editor");
    let writers = Writers::start(WRITERS, &editor, &mut random);
    let offset = random.below(ROUNDS as u64) as usize;
    let mut log: Vec<Fact> = Vec::new();
    for round in 0..rounds {
        writers.go_on(&server.url);
        writers.acknowledge(WARM_UP).await;
        let kind = Companion::ALL[(offset + round) % ROUNDS];
        let mut companion = kind.start(round, &server, &editor).await;
        // The moment itself is what is random: there is nothing to wait for.
        tokio::time::sleep(random.shorter_than(LIFE_MAX)).await;
        let stopped = server.kill();
        companion.server_died(&mut random);
        writers.pause().await;
        if random.percent(25) {
            kill_while_starting(&stopped, &mut random).await;
        }
        server = stopped.start_again();
        server.becomes_ready(true).await;
        verify(server.data());
        let now = e2e::facts(server.data()).await;
        assert_none(&check_grown(&log, &now));
        assert_none(&check(&writers.operations(), &now, is_of_others));
        companion.is_well(&server, &editor.at(&server.url)).await;
        println!(
            "round {round}: killed with {kind:?} beside it, {} events, {} of them new",
            now.len(),
            now.len() - log.len()
        );
        log = now;
    }
    writers.go_on(&server.url);
    let operations = writers.finish().await;
    let all = e2e::facts(server.data()).await;
    assert_none(&check_grown(&log, &all));
    assert_none(&check(&operations, &all, is_of_others));
    verify(server.data());
}

/// The other way round: that these rounds would notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_has_lost_its_last_commits_is_found_out() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let server = Server::start();
    let writers = Writers::start(WRITERS, &server.caller("editor"), &mut random);
    writers.acknowledge(WARM_UP).await;
    let stopped = server.kill();
    writers.pause().await;
    // As a disk would that had only pretended to write.
    std::fs::remove_file(stopped.data().join("log.db-wal")).expect("it has been written to");
    let server = stopped.start_again();
    let log = e2e::facts(server.data()).await;
    let found = check(&writers.operations(), &log, is_of_others);
    let lost = found.iter().filter(|found| matches!(found, Violation::Lost { .. })).count();
    assert!(lost > 0, "{found:?}");
}

/// Starts it, and kills it before it can say that it is ready; or just after.
async fn kill_while_starting(stopped: &Stopped, random: &mut Random) {
    let starting =
        Process::start(["serve", "--listen", "127.0.0.1:0", "--data", text(stopped.data())]);
    tokio::time::sleep(random.shorter_than(STARTING_MAX)).await;
    starting.kill();
}

fn verify(data: &Path) -> Output {
    run(["verify", "--data", text(data)]).expect_success()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
