//! One process with everything in it, on files.

use std::sync::Arc;

use e2e::{
    Random, Server, facts,
    history::{History, Violation},
    run,
};

use super::{
    Storm,
    clients::Clients,
    nodes::Node,
    report::{Report, Suffered},
    schedule::track,
    settling::{deadline, is_ready, shown_by},
};

const NAME: &str = "server";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a storm takes its time: ./test chaos"]
async fn an_embedded_server_keeps_its_promises_in_a_storm() {
    let Storm { seed, length } = Storm::wanted();
    // One process comes round to everything sooner.
    let length = length / 3;
    let mut random = Random::new(seed);
    let faults = track(&mut random, &[NAME], length);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let on = data.clone();
    let start = Arc::new(move || Server::start_on(&on, &[]));
    let mut node = Node::start(NAME, "", start, Vec::new()).await;
    let clients = Clients::start(&node.server().caller("editor"), &mut random);
    clients.moved(NAME, "", node.urls());
    let mut suffered = Suffered::new();
    let begun = tokio::time::Instant::now();
    for fault in faults {
        tokio::time::sleep_until(begun + fault.at).await;
        println!("{:7.2?} {} is {:?} for {:.2?}", begun.elapsed(), NAME, fault.harm, fault.lasts);
        node.suffer(fault.harm, fault.lasts, &mut random, &clients).await;
        *suffered.entry((NAME, fault.harm)).or_default() += 1;
    }
    clients.acknowledge(super::AFTERWARDS).await;
    let lasted = begun.elapsed();
    let (operations, mut findings) = clients.finish().await;
    let until = deadline();
    let mut found: Vec<Violation> =
        is_ready(NAME, node.server(), until).await.into_iter().collect();
    let log = facts(&data).await;
    let mut shown = Vec::new();
    match shown_by(NAME, node.server(), log.len() as u64, until).await {
        Ok(node) => shown.push(node),
        Err(violation) => found.push(violation),
    }
    let verified = run(["verify".as_ref(), "--data".as_ref(), data.as_os_str()]);
    if !verified.success {
        found.push(Violation::NotVerified { said: verified.stdout + &verified.stderr });
    }
    let reads = std::mem::take(&mut findings.reads);
    let history = History { operations, reads, log, published: None, shown };
    found.extend(history.check_alone());
    let report = Report { what: "embedded".to_owned(), seed, lasted, suffered };
    report.conclude(&history, &findings, &found);
}
