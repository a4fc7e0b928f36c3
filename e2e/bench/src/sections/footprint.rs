//! What it takes: memory, time to start, time to import, and space on disk.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    arguments::Runs,
    dataset::Dataset,
    figure::{Aim, Figure, number},
    films,
    load::{closed_loop, get, write_json},
    measure::median,
    process::Memory,
    random::Random,
    sections::Bench,
    server::{QUIET, Server, run},
};

/// Connections of the load, half of them reading and half of them writing.
const CONNECTIONS: usize = 64;

/// How often a start is timed.
const STARTS: usize = 5;

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let large = bench.large().await;
    let mut figures = vec![idle(bench).await];
    figures.extend(starting(bench, &large).await);
    figures.push(under_load(bench, &large).await);
    figures.extend(importing(bench));
    figures.extend(on_disk(&large));
    figures
}

async fn idle(bench: &Bench<'_>) -> Figure {
    let server = Server::start(&bench.binary, &bench.scratch().join("empty"), &[QUIET]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = server.memory();
    server.stop().await;
    Figure::said("memory, idle, no films", mebibytes(memory))
}

async fn starting(bench: &Bench<'_>, data: &Dataset) -> Vec<Figure> {
    let mut seconds = Vec::new();
    let mut memory = Memory::default();
    for _ in 0..STARTS {
        let server = Server::start_unready(&bench.binary, &data.folder, &[QUIET]).await;
        seconds.push(server.ready().await.as_secs_f64());
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory = server.memory();
        server.stop().await;
    }
    let events = number(data.contents.events as f64);
    let films = number(data.contents.films as f64);
    let aim = Aim::Below { actual: median(&seconds), limit: 1.0, unit: "s" };
    vec![
        Figure::said(format!("memory, idle, {films} films"), mebibytes(memory)),
        Figure::said(
            format!(
                "from the start of the process to `/readyz`, {events} events, current read model"
            ),
            format!("{} s", number(median(&seconds))),
        )
        .aim(aim),
    ]
}

/// The most that was held while films were read and rated all over the catalogue.
async fn under_load(bench: &Bench<'_>, data: &Dataset) -> Figure {
    let folder = data.copy(bench.scratch(), "load");
    let server = Server::start(&bench.binary, &folder, &[QUIET]).await;
    let tokens: Vec<_> = (0..CONNECTIONS / 2).map(|_| server.token("member")).collect();
    let tokens = Arc::new(tokens);
    let films = data.contents.films;
    let runs = Runs { duration: bench.runs.duration * 8, ..bench.runs };
    let load = |writes: bool| {
        let tokens = Arc::clone(&tokens);
        closed_loop(server.address, CONNECTIONS / 2, runs, &[200, 201], move |connection| {
            let (tokens, mut random) = (Arc::clone(&tokens), Random::of(connection as u64));
            move |into: &mut Vec<u8>| {
                let film = films::movie_id(random.below(films));
                if writes {
                    let body = format!("{{\"value\":{}}}", 1 + random.below(10));
                    let target = format!("/v1/movies/{film}/ratings/me");
                    write_json(into, "PUT", &target, &tokens[connection], &body);
                } else {
                    into.extend(get(&format!("/v1/movies/{film}"), &[]));
                }
            }
        })
    };
    let mut most = Memory::default();
    let watch = async {
        loop {
            let now = server.memory();
            most.resident = most.resident.max(now.resident);
            most.proportional = most.proportional.max(now.proportional);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (reads, writes) = tokio::select! {
        done = async { tokio::join!(load(false), load(true)) } => done,
        () = watch => unreachable!("it watches until the load is over"),
    };
    server.stop().await;
    fs::remove_dir_all(folder).expect("it is ours");
    let what = format!(
        "memory, the most under {CONNECTIONS} connections ({} reads/s and {} commands/s), {} films",
        number(reads.per_second),
        number(writes.per_second),
        number(films as f64)
    );
    Figure::said(what, mebibytes(most))
}

fn importing(bench: &Bench<'_>) -> Vec<Figure> {
    let films = if bench.is_quick() { 2_000 } else { 50_000 };
    let file = bench.scratch().join("films.ndjson");
    let bytes = write_films(&file, films);
    let folder = bench.scratch().join("imported");
    let path = file.to_str().expect("a path of ours is text");
    let mut rates = [0.0; 2];
    for rate in &mut rates {
        let begun = Instant::now();
        run(&bench.binary, &folder, &["import", path]);
        *rate = films as f64 / begun.elapsed().as_secs_f64();
    }
    let (count, size) = (number(films as f64), number(bytes as f64 / f64::from(1 << 20)));
    vec![
        Figure::said(
            format!("`cinelog import` of {count} new films, {size} MiB of NDJSON"),
            format!("{} films/s", number(rates[0])),
        ),
        Figure::said(
            "the same file again: nothing changes",
            format!("{} films/s", number(rates[1])),
        ),
    ]
}

fn write_films(path: &Path, films: u64) -> u64 {
    let mut file = BufWriter::new(File::create(path).expect("the folder can be written"));
    for number in 0..films {
        let film = films::json(&films::film(number));
        writeln!(file, "{film}").expect("there is space");
    }
    file.flush().expect("there is space");
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn on_disk(data: &Dataset) -> [Figure; 2] {
    let (log, read_model) = (data.bytes("log"), data.bytes("read-model"));
    let (events, films) = (data.contents.events, data.contents.films);
    let said = |what: &str, bytes: u64, each: &str, count: u64| {
        let (size, share) = (bytes as f64 / f64::from(1 << 20), bytes as f64 / count as f64);
        let what = format!("{what}, {} {each}s", number(count as f64));
        Figure::said(what, format!("{} MiB, {} bytes each", number(size), number(share)))
    };
    [
        said("the log on disk", log, "event", events),
        said("the read model on disk", read_model, "film", films),
    ]
}

fn mebibytes(memory: Memory) -> String {
    let [resident, proportional] = [memory.resident, memory.proportional]
        .map(|bytes| number(bytes as f64 / f64::from(1 << 20)));
    format!("RSS {resident} MiB, PSS {proportional} MiB")
}
