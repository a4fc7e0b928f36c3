//! How fast a new read model catches up with the log, against a plain loop that inserts its rows.

use std::{fs, path::Path};

use crate::{
    baseline::bulk::Rows,
    dataset::{Dataset, LOG, READ_MODEL},
    figure::{Aim, Figure, number},
    measure::{Duel, median},
    sections::Bench,
    server::{QUIET, Server},
};

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.middle().await;
    let rows = Rows::of(&data.folder.join(READ_MODEL)).await;
    let events = data.contents.events as f64;
    let mut duel = Duel::default();
    for round in 0..bench.runs.rounds.min(3) {
        let name = format!("catch-up-{round}");
        let folder = data.copy_log(bench.scratch(), &name);
        duel.ours.push(events / caught_up(bench, &data, &folder).await);
        let file = folder.join("plain.db");
        duel.theirs.push(events / rows.insert_into(&file).await.as_secs_f64());
        fs::remove_dir_all(&folder).expect("it is ours");
    }
    let films = number(data.contents.films as f64);
    let what =
        format!("a new read model catches up with {} events of {films} films", number(events));
    let measured = format!("{} events/s", number(median(&duel.ours)));
    let theirs = number(median(&duel.theirs));
    let baseline = format!("{theirs} events/s: a plain loop inserts the resulting rows");
    vec![Figure::said(what, measured).against(baseline, duel.ratio()).aim(Aim::AtLeast(0.5))]
}

/// Seconds from the start of the process until a read reflects all of the log.
async fn caught_up(bench: &Bench<'_>, data: &Dataset, folder: &Path) -> f64 {
    assert!(folder.join(LOG).exists() && !folder.join(READ_MODEL).exists());
    let server = Server::start_unready(&bench.binary, folder, &[QUIET]).await;
    let took = server.reached(data.contents.events).await;
    server.stop().await;
    took.as_secs_f64()
}
