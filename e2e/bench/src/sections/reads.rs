//! One film: hot and not modified against the same bytes, cold against a read of its row.

use crate::{
    arguments::Runs,
    bare::Bare,
    dataset::READ_MODEL,
    figure::{Aim, Figure, number},
    films,
    load::{closed_loop, get},
    measure::{Cost, Duel, Times, median},
    random::Random,
    sections::Bench,
    server::{QUIET, Server, UNCACHED},
};

/// Connections that read at once.
const CONNECTIONS: usize = 64;

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.small().await;
    let folder = data.copy(bench.scratch(), "reads");
    let target = format!("/v1/movies/{}", films::movie_id(0));

    let server = Server::start(&bench.binary, &folder, &[QUIET]).await;
    let mut connection = server.connect().await;
    let answer = connection.ask(&get(&target, &[])).await.expect("the server answers");
    answer.expect(&[200]);
    let tag = answer.header("etag").expect("a film has a tag").to_owned();
    let bytes = answer.body.len();
    let bare = Bare::bytes(bench.scratch(), &answer);

    let hot = Turns::of(bench.runs, &server, &bare, &[200], |_| get(&target, &[])).await;
    let conditional = get(&target, &[("If-None-Match", &tag)]);
    let unmodified = Turns::of(bench.runs, &server, &bare, &[304], |_| conditional.clone()).await;
    server.stop().await;
    drop(bare);

    let server = Server::start(&bench.binary, &folder, &[QUIET, UNCACHED]).await;
    let bare = Bare::rows(&folder.join(READ_MODEL));
    let films = data.contents.films;
    let cold = Turns::of(bench.runs, &server, &bare, &[200], |random| {
        get(&format!("/v1/movies/{}", films::movie_id(random.below(films))), &[])
    });
    let cold = cold.await;
    server.stop().await;

    let same = "axum with the same bytes";
    vec![
        hot.figure(&format!("`GET /v1/movies/{{id}}`, hot, {bytes} bytes"), same)
            .aim(Aim::AtLeast(0.8)),
        unmodified.figure("the same, 304", same).aim(Aim::AtLeast(0.9)),
        cold.figure("the same, uncached, all films in turn", "axum and one sqlx read of the row"),
    ]
}

struct Turns {
    duel: Duel,
    /// Processor time of the two servers, a request.
    costs: [Cost; 2],
    times: Times,
}

impl Turns {
    async fn of(
        runs: Runs,
        server: &Server,
        bare: &Bare,
        statuses: &'static [u16],
        request: impl Fn(&mut Random) -> Vec<u8> + Clone + Send,
    ) -> Self {
        // Made beforehand: making them is no part of the load.
        let mut random = Random::of(1);
        let ready: Vec<_> = (0..1024).map(|_| request(&mut random)).collect();
        let requests = |number| {
            let (ready, mut at) = (ready.clone(), number * 17);
            move |into: &mut Vec<u8>| {
                at += 1;
                let request: &Vec<u8> = &ready[at % ready.len()];
                into.extend_from_slice(request);
            }
        };
        let (mut duel, mut times) = (Duel::default(), Times::default());
        let mut costs = [Cost::default(); 2];
        for _ in 0..runs.rounds {
            let before = [server.processor_time(), bare.processor_time()];
            let ours = closed_loop(server.address, CONNECTIONS, runs, statuses, requests).await;
            let theirs = closed_loop(bare.address, CONNECTIONS, runs, statuses, requests).await;
            duel.ours.push(ours.per_second);
            duel.theirs.push(theirs.per_second);
            costs[0].add(server.processor_time() - before[0], ours.answers);
            costs[1].add(bare.processor_time() - before[1], theirs.answers);
            times.extend(ours.times);
        }
        Self { duel, costs, times }
    }

    fn figure(&self, what: &str, baseline: &str) -> Figure {
        let measured = format!(
            "{}/s, {} µs of processor each, p50 {} ms, p99 {} ms",
            number(median(&self.duel.ours)),
            number(self.costs[0].each_us()),
            number(self.times.quantile_ms(0.5)),
            number(self.times.quantile_ms(0.99)),
        );
        let theirs = format!(
            "{}/s, {} µs each: {baseline}",
            number(median(&self.duel.theirs)),
            number(self.costs[1].each_us()),
        );
        Figure::said(format!("{what}, {CONNECTIONS} connections"), measured)
            .against(theirs, self.duel.ratio())
    }
}
