//! The checker can fail: each kind of violation is found in a history that has it, and in no other.

mod at_rest;
mod published;
mod reads;
mod writes;

use super::{Fact, Operation, Outcome};

fn fact(position: u64, stream: &str, revision: u64, key: &str) -> Fact {
    Fact {
        position,
        stream: stream.to_owned(),
        revision,
        id: format!("event-{position}"),
        event_type: "MovieCreated".to_owned(),
        key: (!key.is_empty()).then(|| key.to_owned()),
        data: "{}".to_owned(),
    }
}

/// A command that was sent at `sent` and answered a moment later.
fn operation(key: &str, sent: u64, outcome: Outcome) -> Operation {
    let key = key.to_owned();
    Operation { key, events: 0..=2, meant_for: None, sent, answered: sent + 5, outcome }
}

fn acknowledged(positions: &[u64]) -> Outcome {
    let events = positions.iter().map(|position| format!("event-{position}")).collect();
    Outcome::Acknowledged { events: Some(events), position: positions.last().copied().unwrap_or(0) }
}

/// A film's id, and so its stream and its address.
const FILM: &str = "0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";

fn film_stream() -> String {
    format!("movie-{FILM}")
}

/// A film that is made, changed, rated by two, deleted, restored and rated no more by one; the eighth event
/// is another film.
fn life_of_a_film() -> Vec<Fact> {
    let (film, one, two) =
        (film_stream(), format!("rating-{FILM}-one"), format!("rating-{FILM}-two"));
    let events = [
        (film.as_str(), 1, "MovieCreated"),
        (&film, 2, "MovieDetailsChanged"),
        (&one, 1, "MovieRated"),
        (&two, 1, "MovieRated"),
        (&film, 3, "MovieDeleted"),
        (&film, 4, "MovieRestored"),
        (&one, 2, "RatingWithdrawn"),
        ("movie-another", 1, "MovieCreated"),
    ];
    let facts = events.into_iter().zip(1..).map(|((stream, revision, event_type), position)| {
        Fact { event_type: event_type.to_owned(), ..fact(position, stream, revision, "") }
    });
    facts.collect()
}
