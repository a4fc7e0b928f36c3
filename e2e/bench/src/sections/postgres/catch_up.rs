//! How fast a new read model on Postgres catches up with the log, against `COPY` of its rows.

use crate::{
    figure::{Figure, number},
    measure::{Duel, median},
    postgres::{READ_MODEL, copied::Rows, on},
    sections::Bench,
    server::Server,
};

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.large_on_postgres().await;
    let rows = Rows::of(postgres, &catalogue.whole, READ_MODEL).await;
    let events = catalogue.data.contents.events;
    let mut duel = Duel::default();
    for round in 0..bench.runs.rounds.min(3) {
        let name = format!("catch_up_{round}");
        let url = postgres.create_like(&catalogue.log, &name).await;
        postgres.settle().await;
        let folder = bench.scratch().join(&name);
        let server = Server::start_unready(&bench.binary, &folder, &on(&url)).await;
        let took = server.reached(events).await;
        server.stop().await;
        duel.ours.push(events as f64 / took.as_secs_f64());
        // Nobody is connected any more, so this one has the tables as the server has left them.
        let copy = format!("{name}_copied");
        postgres.create_like(&name, &copy).await;
        rows.make_room(postgres, &copy).await;
        postgres.settle().await;
        let took = rows.copy_into(postgres, &copy).await;
        duel.theirs.push(events as f64 / took.as_secs_f64());
        postgres.delete(&name).await;
        postgres.delete(&copy).await;
    }
    let films = number(catalogue.data.contents.films as f64);
    let what = format!(
        "a new read model on Postgres catches up with {} events of {films} films",
        number(events as f64)
    );
    let measured = format!("{} events/s", number(median(&duel.ours)));
    let theirs = number(median(&duel.theirs));
    let baseline = format!("{theirs} events/s: `COPY` of the resulting rows");
    vec![Figure::said(what, measured).against(baseline, duel.ratio())]
}
