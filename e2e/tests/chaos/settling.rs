//! After the storm: everything becomes well by itself, and what nodes show then.

use std::time::Duration;

use e2e::{
    Answer, Client, Server,
    history::{Shown, ShownFilm, Violation},
};
use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

/// How long all of it may take to become well, together.
const WELL_WITHIN: Duration = Duration::from_secs(180);

/// By when all must be well that is looked at from now on.
pub(super) fn deadline() -> Instant {
    Instant::now() + WELL_WITHIN
}

/// How soon is looked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

const FILMS: &str = "/v1/movies?sort=created_at&limit=100";

/// What every node is asked beside all films.
const OTHERS: [&str; 5] = [
    "/v1/movies?sort=title&limit=100",
    "/v1/movies?genre=drama&limit=100",
    "/v1/movies?q=film&limit=20",
    "/v1/genres",
    "/v1/tags?limit=100",
];

/// Waits until a process says that it is ready.
pub(super) async fn is_ready(name: &str, server: &Server, until: Instant) -> Option<Violation> {
    let ready = async {
        while !server.is_ready().await {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    if timeout_at(until, ready).await.is_ok() {
        return None;
    }
    let said = server.anyone().at(&server.admin_url).get("/readyz").await.text;
    Some(Violation::NotWell { what: format!("{name} is not ready: {said}") })
}

/// What a node shows once it has come to `position`.
pub(super) async fn shown_by(
    name: &str,
    server: &Server,
    position: u64,
    until: Instant,
) -> Result<Shown, Violation> {
    let reader = server.anyone();
    if !reaches(&reader, position, until).await {
        let what = format!("{name} does not show position {position}");
        return Err(Violation::NotWell { what });
    }
    let mut films = Vec::new();
    let mut next = Some(FILMS.to_owned());
    while let Some(target) = next {
        let page = reader.get(&target).await.expect(200).json();
        let items = page["items"].as_array().expect("a list has items");
        films.extend(items.iter().map(film));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    let mut answers = Vec::new();
    for target in OTHERS {
        let answer = reader.get(target).await.expect(200);
        let text = format!("{} {}", answer.header("ETag"), answer.text);
        answers.push((target.to_owned(), text));
    }
    Ok(Shown { node: name.to_owned(), films, answers })
}

async fn reaches(reader: &Client, position: u64, until: Instant) -> bool {
    let reaches = async {
        loop {
            let request = reader.request(Method::GET, FILMS).header("Prefer", "wait=2");
            let request = request.header("Cinelog-Min-Position", position);
            if Answer::to(request).await.status == 200 {
                return;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    timeout_at(until, reaches).await.is_ok()
}

fn film(item: &Value) -> ShownFilm {
    let number = |value: &Value| value.as_u64().expect("a number");
    ShownFilm {
        stream: format!("movie-{}", item["id"].as_str().expect("a film has an id")),
        revision: number(&item["revision"]),
        ratings: number(&item["rating"]["count"]),
    }
}
