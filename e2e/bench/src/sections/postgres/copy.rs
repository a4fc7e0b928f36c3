//! How fast `cinelog log copy` brings a log to Postgres, against `COPY` of its rows.

use std::time::Instant;

use crate::{
    dataset::LOG,
    figure::{Figure, number},
    measure::{Duel, median},
    postgres::copied::Rows,
    sections::Bench,
    server::run,
};

/// Where the log's tables are.
const SCHEMA: &str = "cinelog_log";

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.large_on_postgres().await;
    let rows = Rows::of(postgres, &catalogue.log, SCHEMA).await;
    let source = format!("sqlite:{}", catalogue.data.folder.join(LOG).display());
    let events = catalogue.data.contents.events as f64;
    let mut duel = Duel::default();
    for round in 0..bench.runs.rounds.min(3) {
        let name = format!("copy_{round}");
        let url = postgres.create(&name).await;
        postgres.settle().await;
        let begun = Instant::now();
        let folder = bench.scratch().join(&name);
        run(&bench.binary, &folder, &["log", "copy", "--from", &source, "--to", &url]);
        duel.ours.push(events / begun.elapsed().as_secs_f64());
        rows.make_room(postgres, &name).await;
        postgres.settle().await;
        duel.theirs.push(events / rows.copy_into(postgres, &name).await.as_secs_f64());
        postgres.delete(&name).await;
    }
    let what = format!("`cinelog log copy` of {} events to Postgres, read back", number(events));
    let measured = format!("{} events/s", number(median(&duel.ours)));
    let baseline = format!("{} events/s: `COPY` of the same rows", number(median(&duel.theirs)));
    vec![Figure::said(what, measured).against(baseline, duel.ratio())]
}
