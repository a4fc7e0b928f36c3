//! How long after a write a read shows it, where three processes share the work.

use crate::{
    figure::Figure,
    postgres::on,
    sections::{Bench, lag},
    server::Server,
};

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.small_on_postgres().await;
    let url = postgres.create_like(&catalogue.whole, "lag").await;
    let mut nodes = Vec::new();
    for role in ["projector", "query", "command"] {
        let folder = bench.scratch().join(format!("lag-{role}"));
        let [quiet, log, read_model] = on(&url);
        let settings = [quiet, log, read_model, ("CINELOG__SERVER__ROLES", role)];
        nodes.push(Server::start(&bench.binary, &folder, &settings).await);
    }
    let what = format!(
        "on Postgres, processes for commands, projector and queries: visible in the third after, at {} \
         commands/s",
        lag::PER_SECOND
    );
    let films = catalogue.data.contents.films;
    let figures = lag::figures(bench, &nodes[2], &nodes[1], films, &what).await;
    for node in nodes {
        node.stop().await;
    }
    postgres.delete("lag").await;
    figures
}
