//! What answers tell of commands.

use serde_json::Value;

use super::command::Command;
use crate::{Answer, history::Outcome};

/// How much of an answer that no server may give is kept, in characters.
const SAID_MAX: usize = 600;

/// What an answer tells of one command.
#[derive(Debug)]
pub(super) enum Told {
    /// How it ended.
    Ended(Outcome),
    /// It is to be asked again.
    Again {
        /// Since the server cannot do it now.
        is_refused_for_now: bool,
    },
}

/// A film that an answer tells of.
pub(super) struct FilmTold {
    pub(super) address: String,
    pub(super) revision: u64,
}

/// What `answer` tells of each command in the request, and of films.
pub(super) fn read(command: &Command, answer: &Answer) -> (Vec<Told>, Vec<FilmTold>) {
    if command.is_bulk && answer.status == 200 {
        return lines(command, answer);
    }
    let told = |_| single(answer);
    (command.parts.iter().map(told).collect(), film(command, answer).into_iter().collect())
}

fn single(answer: &Answer) -> Told {
    const AGAIN: Told = Told::Again { is_refused_for_now: false };
    match answer.status {
        200 | 201 => {
            let receipt = answer.json();
            let events = receipt["events"].as_array().expect("a receipt has events");
            let id =
                |event: &Value| event["id"].as_str().expect("an event has an id").replace('-', "");
            let position = receipt["position"].as_u64().expect("a receipt has a position");
            let events = Some(events.iter().map(id).collect());
            Told::Ended(Outcome::Acknowledged { events, position })
        }
        204 => {
            let position = answer.header("Cinelog-Position").parse().expect("it has a position");
            Told::Ended(Outcome::Acknowledged { events: None, position })
        }
        503 => {
            let is_problem = answer.header("Content-Type") == "application/problem+json";
            match is_problem && !answer.header("Retry-After").is_empty() {
                true => Told::Again { is_refused_for_now: true },
                false => wrong(answer),
            }
        }
        408 => AGAIN,
        409 if answer.text.contains("/problems/request-in-flight") => AGAIN,
        400..500 => Told::Ended(Outcome::Refused),
        _ => wrong(answer),
    }
}

fn wrong(answer: &Answer) -> Told {
    let said = format!("{} {:?} {}", answer.status, answer.headers, answer.text);
    Told::Ended(Outcome::Wrong(said.chars().take(SAID_MAX).collect()))
}

/// Of a bulk request: a line for each command, as far as it came.
fn lines(command: &Command, answer: &Answer) -> (Vec<Told>, Vec<FilmTold>) {
    let mut films = Vec::new();
    let mut results = answer.text.lines();
    let told = command.parts.iter().zip(1..).map(|(_, number)| {
        let line = results.next().and_then(|line| serde_json::from_str::<Value>(line).ok());
        // A server that stops or dies answers fewer lines.
        let Some(line) = line.filter(|line| line["line"] == number) else {
            return Told::Again { is_refused_for_now: false };
        };
        let (status, position) = (line["status"].as_u64().unwrap_or(0), line["position"].as_u64());
        match (status, position) {
            (200 | 201, Some(position)) => {
                let (id, revision) = (line["id"].as_str(), line["revision"].as_u64());
                if let (Some(id), Some(revision)) = (id, revision) {
                    films.push(FilmTold { address: format!("/v1/movies/{id}"), revision });
                }
                Told::Ended(Outcome::Acknowledged { events: None, position })
            }
            (503, _) => Told::Again { is_refused_for_now: true },
            (408, _) => Told::Again { is_refused_for_now: false },
            (409, _) if line.to_string().contains("/problems/request-in-flight") => {
                Told::Again { is_refused_for_now: false }
            }
            (400..500, _) => Told::Ended(Outcome::Refused),
            _ => {
                let said = line.to_string().chars().take(SAID_MAX).collect();
                Told::Ended(Outcome::Wrong(said))
            }
        }
    });
    (told.collect(), films)
}

/// The film that a command made or changed; none where it was about a rating.
fn film(command: &Command, answer: &Answer) -> Option<FilmTold> {
    if command.path.ends_with("/ratings/me") || !matches!(answer.status, 200 | 201 | 204) {
        return None;
    }
    let address = match answer.status {
        201 => answer.header("Location"),
        _ => &command.path,
    };
    let tag = answer.header("ETag").trim_matches('"');
    let revision = tag.strip_prefix('r')?.parse().ok()?;
    // Without what comes behind a film's own address.
    let address: Vec<&str> = address.split('/').take(4).collect();
    Some(FilmTold { address: address.join("/"), revision })
}
